"""Named mistakes in what is made of decisions, each of which a worked case must find."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from hub.demo.oracle import canonical
from hub.events.ids import DossierRef, household_id
from hub.household import clustering
from hub.household.dossier import Dossier, Line
from hub.household.residence import winning_address
from hub.household.rulings import Ruled, Ruling, parse_ruling
from hub.stream import resolve, resolve_book
from tests.core.case_format import Case, load_cases
from tests.core.case_sources import source_lines
from tests.stream.adversary.lane import Rules
from tests.stream.inline import documents, translated
from tests.stream.test_cases import decided_in

DECIDED = [case for case in load_cases() if case.decisions]
Patch = Callable[[pytest.MonkeyPatch], None]


def take_nothing_back(patch: pytest.MonkeyPatch) -> None:
    for module in (resolve, resolve_book):
        patch.setattr(module, "parse_ruling", lambda event: replace(parse_ruling(event), withdrawn=False))


def join_two_numbers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruled, "_is_one_person", lambda ruled, keys: True)


def forget_who_is_different(patch: pytest.MonkeyPatch) -> None:
    def is_one(ruled: Ruled, keys: set[str]) -> bool:
        return sum(ruled._is_confirmed(key) for key in keys) < 2

    patch.setattr(Ruled, "_is_one_person", is_one)


def believe_a_doubted_number(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruled, "_doubts", lambda ruled, ruling, ref, line: False)


def go_by_the_number_of_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruling, "names_lines_of_one_dossier", property(lambda ruling: True))


def let_a_later_statement_win(patch: pytest.MonkeyPatch) -> None:
    def winner(person: str, dossiers: Iterable[Dossier]) -> str | None:
        def undecided(line: Line) -> Line:
            return replace(line, decided_at=-1)

        return winning_address(person, [replace(found, lines=tuple(map(undecided, found.lines))) for found in dossiers])

    patch.setattr(clustering, "winning_address", winner)


def tie_closed_dossiers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruled, "_in_force", lambda ruled, ruling: not ruling.withdrawn)


def ignore_ties(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruled, "joined", lambda ruled, person: set())


def move_a_client_out(patch: pytest.MonkeyPatch) -> None:
    line = Ruled._line

    def moved(ruled: Ruled, ref: DossierRef, stated: Line) -> Line:
        decided = line(ruled, ref, stated)
        out = any(item.kind == "lives_elsewhere" for item in ruled._statements.rulings_about(ref))
        return replace(decided, lives_here=False) if out and stated.is_client else decided

    patch.setattr(Ruled, "_line", moved)


def differs(case: Case) -> bool:
    changes = [(source, json.loads(line)) for source in ("zcd", "menscentraal") for line in source_lines(case, source)]
    messages = [*translated(changes)[0], *decided_in(case)]
    found = {
        item["household_id"]: item for item in map(canonical, documents(messages, random.Random(1), Rules(crash=0)))
    }
    wanted = {household_id(DossierRef(*expected.anchor)): expected for expected in case.households}
    return found.keys() != wanted.keys() or any(
        found[name]["members"] != [[list(ref) for ref in member] for member in expected.members]
        or found[name]["references"] != [list(ref) for ref in expected.references]
        for name, expected in wanted.items()
    )


def test_without_a_mistake_no_case_differs() -> None:
    assert [case.name for case in DECIDED if differs(case)] == []


@pytest.mark.parametrize(
    "mistake",
    [
        take_nothing_back,
        join_two_numbers,
        forget_who_is_different,
        believe_a_doubted_number,
        go_by_the_number_of_the_line,
        let_a_later_statement_win,
        tie_closed_dossiers,
        ignore_ties,
        move_a_client_out,
    ],
    ids=lambda mistake: mistake.__name__,
)
def test_a_mistake_is_found_by_a_worked_case(mistake: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_book._ruling.cache_clear()
    mistake(monkeypatch)
    assert any(differs(case) for case in DECIDED)
    resolve_book._ruling.cache_clear()
