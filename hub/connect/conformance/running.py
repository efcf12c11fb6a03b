"""Runs checks on a subject and says what came of each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from hub.connect.conformance.bench import Bench
from hub.connect.conformance.checks import CHECKS, Check
from hub.connect.conformance.verdict import Nonconformity, NotRun, Outcome, Result


def run(bench: Bench, checks: Iterable[Check] = CHECKS) -> Iterator[Result]:
    """One result per check, as it is known. Blocking: a check takes up to some seconds."""
    return (examine(check, bench) for check in checks)


def examine(check: Check, bench: Bench) -> Result:
    """What came of one check."""
    began = time.monotonic()
    outcome, seen, do = _examine(check, bench)
    return Result(check.number, check.demands, outcome, seen, do, round(time.monotonic() - began, 2))


def _examine(check: Check, bench: Bench) -> tuple[Outcome, str, str]:
    try:
        check.examine(bench)
    except Nonconformity as error:
        return Outcome.FAILED, error.seen, error.do
    except NotRun as reason:
        return Outcome.SKIPPED, str(reason), ""
    except Exception as error:  # noqa: BLE001 - a vendor's code may raise anything, and the next check goes on
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        return Outcome.FAILED, f"It stopped with {where}.", "Only the errors of hub.connect may leave a connector."
    return Outcome.PASSED, "", ""
