"""Each check of the kit bites: a connector with one defect fails exactly the check that is there for it."""

from __future__ import annotations

import pytest

from hub.connect import Connector
from hub.connect.conformance import CHECKS, Bench, Check, Outcome, Result, Subject, run
from tests.vendor import broken
from tests.vendor.acme import acme
from tests.vendor.broken_at_import import C02, LISTENING

_PATIENCE_SECONDS = 4.0
SLOW = {"C02", "C05", "C11"}
"""Start a process each."""
LISTENING.close()  # that of this process; the kit looks in one of its own

BROKEN: dict[str, tuple[str, Subject]] = {
    "a secret setting in clear": ("C01", acme(broken.C01)),
    "a socket at import": ("C02", acme(C02)),
    "bad credentials taken for absence": ("C03", acme(broken.C03)),
    "a draft past its validation": ("C04", acme(broken.C04)),
    "a time made up": ("C05", acme(broken.C05)),
    "a counter in translate": ("C06", acme(broken.C06)),
    "late commits lost": ("C07", acme(broken.C07, broken.Disorderly)),
    "a large cursor": ("C08", acme(broken.C08)),
    "a KeyError": ("C09", acme(broken.C09)),
    "absence taken for nothing new": ("C10", acme(broken.C10)),
    "no time limit": ("C11", acme(broken.C11, patience_seconds=_PATIENCE_SECONDS)),
    "a thread left behind": ("C11", acme(broken.C11Thread)),
    "records in the log": ("C12", acme(broken.C12)),
    "values in errors": ("C12", acme(broken.C12Error)),
    "local times": ("C13", acme(broken.C13)),
    "the newest first": ("C14", acme(broken.C14)),
    "deletions left out": ("C15", acme(broken.C15)),
    "an inventory with a gap": ("C16", acme(broken.C16)),
    "versions that fall": ("C17", acme(broken.C17)),
}


def failed_by(subject: Subject, checks: list[Check]) -> dict[str, Result]:
    """Everything that did not pass, by number."""
    with Bench(subject) as bench:
        return {result.number: result for result in run(bench, checks) if result.outcome is not Outcome.PASSED}


@pytest.mark.parametrize("defect", BROKEN)
def test_each_defect_fails_its_check(defect: str) -> None:
    expected, subject = BROKEN[defect]
    failed = failed_by(subject, [check for check in CHECKS if check.number == expected])
    assert failed[expected].outcome is Outcome.FAILED
    assert failed[expected].seen and failed[expected].do


@pytest.mark.drill
@pytest.mark.parametrize("defect", BROKEN)
def test_each_defect_fails_no_other_check(defect: str) -> None:
    """Of those that run in this process; the rest runs in the soak."""
    expected, subject = BROKEN[defect]
    assert failed_by(subject, [check for check in CHECKS if check.number not in SLOW | {expected}]) == {}


@pytest.mark.parametrize(
    ("kind", "fails"), [(broken.C15Messages, {"C15", "C17"}), (broken.C17Moves, {"C17"})], ids=["messages", "moves"]
)
def test_what_a_connector_says_of_its_records_is_looked_into(kind: type[Connector], fails: set[str]) -> None:
    """It changes what C15 and C17 demand, and is no way around them."""
    checks = [check for check in CHECKS if check.number in ("C15", "C17")]
    found = failed_by(acme(kind), checks)
    assert found.keys() == fails
    assert {result.outcome for result in found.values()} == {Outcome.FAILED}


@pytest.mark.soak
@pytest.mark.parametrize("defect", BROKEN)
def test_each_defect_fails_exactly_its_check(defect: str) -> None:
    expected, subject = BROKEN[defect]
    found = failed_by(subject, list(CHECKS)).values()
    assert {result.number for result in found if result.outcome is Outcome.FAILED} == {expected}, found


def test_every_check_has_a_defect_that_it_finds() -> None:
    assert {expected for expected, _ in BROKEN.values()} == {check.number for check in CHECKS}
