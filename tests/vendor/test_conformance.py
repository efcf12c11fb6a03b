"""The connectors that the hub ships pass every check of the kit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from connectors.zcd.simulator import ZcdSimulator
from hub.connect.conformance import Bench, Outcome, Subject, report, run, subject_of
from hub.connect.conformance.testing import conformance
from tests.vendor.acme import acme

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
SMALL_PAGES = {"page_size": 4}
"""So that the fixtures are many pages."""


def zcd() -> Subject:
    served_here = partial(ZcdSimulator, in_process=True)  # a child process per source takes a second each
    return replace(subject_of("zcd"), simulator=served_here, settings=SMALL_PAGES)


test_zcd = conformance(zcd())
test_menscentraal = conformance(replace(subject_of("menscentraal"), settings=SMALL_PAGES))
test_acme = conformance(acme())


def test_openzaak() -> None:
    """A zaak never moves to another one."""
    with Bench(replace(subject_of("openzaak"), settings={"timeout_seconds": 1})) as bench:
        results = list(run(bench))
    assert [report.line(result) for result in results if result.outcome is Outcome.FAILED] == []
    assert {result.number for result in results if result.outcome is Outcome.SKIPPED} == {"C17"}


def test_istandaarden() -> None:
    """Its fixtures tell of no correction, deletion or move by story; and its cursor holds the time of a file itself, so
    that one of a release fits no other folder."""
    with Bench(subject_of("istandaarden")) as bench:
        results = list(run(bench))
    assert [report.line(result) for result in results if result.outcome is Outcome.FAILED] == []
    skipped = {result.number for result in results if result.outcome is Outcome.SKIPPED}
    assert skipped == {"C08", "C15", "C17"}
