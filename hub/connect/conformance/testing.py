"""The kit in a vendor's own tests. Imports pytest; nothing else of the kit does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.connect.conformance.bench import Bench
from hub.connect.conformance.checks import CHECKS, Check
from hub.connect.conformance.report import line
from hub.connect.conformance.running import examine
from hub.connect.conformance.subject import Subject, subject_of
from hub.connect.conformance.verdict import Outcome

ConformanceTest = Callable[[Check, pytest.FixtureRequest], None]


def conformance(subject: str | Subject, *, strict: bool = False) -> ConformanceTest:
    """A test per check: `test_conformance = conformance("acme")`. One that could not run is skipped, with its reason;
    if `strict`, it fails.

    All checks of a module share one bench, opened by the first and closed with the module.
    """
    opened: list[Bench] = []

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test(check: Check, request: pytest.FixtureRequest) -> None:
        if not opened:
            found = subject_of(subject) if isinstance(subject, str) else subject
            opened.append(_shared(Bench(found), request))
        result = examine(check, opened[0])
        result = result.strictly() if strict else result
        if result.outcome is Outcome.SKIPPED:
            pytest.skip(result.seen)
        assert result.outcome is Outcome.PASSED, line(result)

    return test


def _shared(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    module = request.node.getparent(pytest.Module)
    module.addfinalizer(lambda: bench.__exit__(None, None, None))
    return bench
