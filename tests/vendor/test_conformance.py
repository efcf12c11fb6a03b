"""The connectors that the hub ships pass every check of the kit, and none of them could not run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from connectors.zcd.simulator import ZcdSimulator
from hub.connect.conformance import Subject, subject_of
from hub.connect.conformance.testing import conformance
from tests.vendor.acme import acme

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
SMALL_PAGES = {"page_size": 4}
"""So that the fixtures are many pages."""


def zcd() -> Subject:
    served_here = partial(ZcdSimulator, in_process=True)  # a child process per source takes a second each
    return replace(subject_of("zcd"), simulator=served_here, settings=SMALL_PAGES)


test_zcd = conformance(zcd(), strict=True)
test_menscentraal = conformance(replace(subject_of("menscentraal"), settings=SMALL_PAGES), strict=True)
test_openzaak = conformance(replace(subject_of("openzaak"), settings={"timeout_seconds": 1}), strict=True)
test_istandaarden = conformance("istandaarden", strict=True)
test_acme = conformance(acme(), strict=True)
