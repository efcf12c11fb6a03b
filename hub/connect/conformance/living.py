"""How a connector behaves towards a source that is there, gone, closed or slow: C03, C10, C11."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from hub.connect.api import Connector
from hub.connect.conformance.bench import Bench
from hub.connect.conformance.verdict import Nonconformity
from hub.connect.ingest.process import ConnectorDefectError, ConnectorProcess
from hub.connect.simulator import Faults
from hub.errors import RegiehubError, SourceRejected, SourceUnavailable

STOP_SECONDS: Final = 5.0
"""When the hub kills a connector that it has asked to stop."""
_HANG_SECONDS: Final = 60.0
_GONE: Final = "Raise SourceUnavailable when nothing answers: the hub then waits and tries again."
_REFUSED: Final = "Raise SourceRejected when the credentials are refused: the hub then stops, and calls somebody."


def check(bench: Bench) -> None:
    """C03."""
    with bench.connector(bench.filled.settings()) as good:
        _expect(good.check, None, "the source answers and the credentials are right", "Return.")
    with bench.connector(bench.refused) as closed:
        _expect(closed.check, SourceRejected, "the source refuses the credentials", _REFUSED)
    with bench.connector(bench.unreachable) as lost:
        _expect(lost.check, SourceUnavailable, "nothing answers at the source's address", _GONE)


def down(bench: Bench) -> None:
    """C10."""
    with bench.connector(bench.unreachable) as lost:
        _expect(lambda: lost.poll(None), SourceUnavailable, "`poll` is called while nothing answers", _GONE)
        _expect(lambda: _inventory(lost), SourceUnavailable, "`inventory` is read while nothing answers", _GONE)


def _inventory(connector: Connector) -> None:
    """A connector that offers none has said so; that is C16's affair."""
    try:
        list(connector.inventory())
    except NotImplementedError as error:
        raise SourceUnavailable from error


def _expect(call: Callable[[], object], wanted: type[RegiehubError] | None, when: str, do: str) -> None:
    try:
        call()
    except (SourceUnavailable, SourceRejected) as error:
        raised: type[RegiehubError] | None = type(error)
    except Exception as error:
        raise Nonconformity(f"It raised {type(error).__name__} when {when}.", do) from error
    else:
        raised = None
    if raised is not wanted:
        what = "nothing" if raised is None else raised.__name__
        raise Nonconformity(f"It raised {what} when {when}.", do)


def stopping(bench: Bench) -> None:
    """C11."""
    patience = bench.subject.patience_seconds
    with bench.source() as simulator:
        hurry = _Hurry()
        process = ConnectorProcess(
            bench.subject.reference, bench.settings(simulator.settings()), stopping=hurry.is_over
        )
        try:
            _answers(process)
            simulator.set_faults(Faults(delay_seconds=_HANG_SECONDS))
            hurry.until = time.monotonic() + patience
            answered = _answers(process)
        finally:
            began = time.monotonic()
            process.close(STOP_SECONDS)
        if not answered:
            raise Nonconformity(
                f"With a source that hangs, `poll` had not come back after {patience:g} seconds.",
                "Give each request a time limit, and raise SourceUnavailable when it is over.",
            )
        if time.monotonic() - began >= STOP_SECONDS:
            raise Nonconformity(
                f"Its process had not ended {STOP_SECONDS:g} seconds after it was asked to, and was killed.",
                "Let `close` return at once, and leave no thread running that is not a daemon.",
            )
    with bench.connector(bench.filled.settings()) as twice:
        twice.close()


class _Hurry:
    """When to wait no longer."""

    until: float = float("inf")

    def is_over(self) -> bool:
        return time.monotonic() > self.until


def _answers(process: ConnectorProcess) -> bool:
    """Whether a poll comes back, with whatever. Raises Nonconformity when the process breaks."""
    try:
        return process.poll(None) is not None
    except (SourceUnavailable, SourceRejected):
        return True
    except ConnectorDefectError as error:
        raise Nonconformity(f"In a process of its own, `poll` failed: {error.detail}.", "See there.") from error
