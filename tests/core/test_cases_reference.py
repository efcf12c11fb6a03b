"""The worked cases, passed by the reference: by way of the two sources' own formats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from hub.demo.reference import Answer, answer
from tests.core.case_format import CASES, Case, ExpectedHousehold, Ref, load_cases
from tests.core.case_sources import decision_id, decision_lines, source_lines

ALL = load_cases()


def as_json(expected: ExpectedHousehold) -> dict[str, object]:
    digest = hashlib.sha256("\0".join(expected.anchor).encode()).hexdigest()

    def lists(refs: tuple[Ref, ...]) -> list[list[str]]:
        return [list(ref) for ref in refs]

    return {
        "household_id": f"H{digest[:20]}",
        "dossiers": [list(dossier) for dossier in expected.dossiers],
        "status": expected.status,
        "oversized": expected.oversized,
        "members": [lists(member) for member in expected.members],
        "conflicts": lists(expected.conflicts),
        "references": lists(expected.references),
        "history": lists(expected.history),
        "decisions": list(expected.decisions),
    }


def answered(case: Case) -> Answer:
    return answer(source_lines(case, "zcd"), source_lines(case, "menscentraal"), decision_lines(case))


def in_words(household: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Each decision as a case says it: its kind and what it does."""
    kinds = {decision_id(decision): decision.kind for decision in case.decisions}
    decisions = sorted(f"{kinds[name]} {effect}" for name, effect in household["decisions"])
    return {**household, "decisions": decisions}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_reference_derives_the_expected_households(case: Case) -> None:
    expected = sorted((as_json(household) for household in case.households), key=lambda h: str(h["household_id"]))
    answers = [in_words(household, case) for household in answered(case).households]
    found = [{key: household[key] for key in as_json(case.households[0])} for household in answers]
    assert found == expected, case.why


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_order_and_repetition_change_nothing(case: Case) -> None:
    every = [source_lines(case, "zcd"), source_lines(case, "menscentraal"), decision_lines(case)]
    shuffled = answer(*([*lines[::-1], *lines] for lines in every))
    assert shuffled == answered(case)


def test_every_unconfirmed_member_is_counted() -> None:
    case = next(case for case in ALL if case.name == "twins_with_one_bsn_mistyped")
    assert [household["unconfirmed"] for household in answered(case).households] == [1]


def test_there_are_enough_cases_and_each_says_why() -> None:
    assert len(ALL) == len(list(CASES.glob("*.yaml"))) >= 40
    assert all(case.why.strip().endswith(".") for case in ALL)
