"""Named mistakes in the code, each of which the oracle must find: a comparison that finds nothing proves nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from hub.connect.ingest.keys import KeyRing, PersonKey
from hub.demo.oracle import Mismatch, compare
from hub.demo.reference import Answer, answer
from hub.demo.town.town import Town
from hub.events.ids import DossierRef
from hub.events.sensitive import Sensitive
from hub.household import clustering, document, dossier, residence, view
from hub.household.dossier import Dossier, Line
from hub.stream import resolve, route
from hub.stream.stage import Record
from tests.stream.adversary.lane import Rules
from tests.stream.inline import documents, translated

HOUSEHOLDS = 12
SEED = 3
MOST_RUNS = 6
Patch = Callable[[pytest.MonkeyPatch], None]


@cache
def town() -> tuple[list[tuple[str, object]], Answer]:
    """The changes of a small town and what the reference makes of them."""
    changes = list(Town(HOUSEHOLDS, SEED, start=datetime(2025, 11, 1, tzinfo=UTC)).fill())
    lines: dict[str, list[str]] = {"zcd": [], "menscentraal": []}
    for change in changes:
        lines[change.source].append(change.payload if isinstance(change.payload, str) else json.dumps(change.payload))
    return [(change.source, change.payload) for change in changes], answer(lines["zcd"], lines["menscentraal"])


def mismatches(seed: int, rules: Rules) -> list[Mismatch]:
    """One run of the town through everything."""
    changes, reference = town()
    messages, unreadable = translated(changes)
    assert unreadable == sum(reference.summary["dead_letters"].values())
    rng = random.Random(seed)
    return compare(documents(messages, rng, rules), reference)


def ignore_the_version(patch: pytest.MonkeyPatch) -> None:
    def registered(known: route.Dossier, event: Mapping[str, Any], record: Record) -> route.Dossier:
        key = known.ref, event["record_type"], event["record_id"]
        entry = view.Entry(0, dossier.order_of(event), event["deleted"], record.value)
        return replace(known, registers={**known.registers, key: entry})

    patch.setattr(route, "_registered", registered)
    patch.setattr(view.Entry, "rank", property(lambda entry: (entry.since, ())))


def drop_deletes(patch: pytest.MonkeyPatch) -> None:
    keep = route._registered
    patch.setattr(
        route, "_registered", lambda known, event, record: known if event["deleted"] else keep(known, event, record)
    )


def keep_deleted_dossiers(patch: pytest.MonkeyPatch) -> None:
    step = resolve._register_composition
    patch.setattr(
        resolve,
        "_register_composition",
        lambda book, clock, event, message: None if event["deleted"] else step(book, clock, event, message),
    )


def link_by_address(patch: pytest.MonkeyPatch) -> None:
    parse = dossier.parse_dossier

    def parsed(event: Mapping[str, Any]) -> Dossier:
        found = parse(event)
        home = next((line.address for line in found.lines if line.is_client), None)
        house = Line("house", f"house {home}", False, True, 0, None)
        return replace(found, lines=(*found.lines, house)) if home else found

    patch.setattr("hub.stream.resolve.parse_dossier", parsed)


def skip_the_move_back(patch: pytest.MonkeyPatch) -> None:
    assign = resolve.Book.assign
    first: dict[tuple[DossierRef, str | None], int] = {}

    def again(book: resolve.Book, clock: int, ref: DossierRef, household: str | None) -> None:
        moved = book.assignment(ref) != household
        assign(book, first.setdefault((ref, household), clock) if moved else clock, ref, household)

    patch.setattr(resolve.Book, "assign", again)


def throw_parked_records_away(patch: pytest.MonkeyPatch) -> None:
    def purged(known: view.View) -> view.View:
        return replace(known, entries={key: entry for key, entry in known.entries.items() if key[0] in known.dossiers})

    patch.setattr(view, "_purged", purged)


def first_statement_wins(patch: pytest.MonkeyPatch) -> None:
    def winner(person: str, dossiers: list[Dossier]) -> str | None:
        stated = [
            (line.stated_at, found.ref, line.address)
            for found in dossiers
            if found.is_open
            for line in residence.statements(person, found)
            if line.address
        ]
        return min(stated)[2] if stated else None

    patch.setattr(clustering, "winning_address", winner)


def every_statement_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clustering, "winning_address", lambda person, dossiers: None)


def link_whoever_is_named(patch: pytest.MonkeyPatch) -> None:
    parse = dossier._parse_line
    patch.setattr(dossier, "_parse_line", lambda member, home: replace(parse(member, home), lives_here=True))


def forget_closed_dossiers(patch: pytest.MonkeyPatch) -> None:
    parse = dossier.parse_dossier

    def parsed(event: Mapping[str, Any]) -> Dossier:
        found = parse(event)
        return found if found.is_open else replace(found, deleted=True, lines=(), client="")

    patch.setattr("hub.stream.resolve.parse_dossier", parsed)


def no_limit_to_a_household(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clustering, "MAX_PERSONS", 10**6)


def link_unconfirmed_persons(patch: pytest.MonkeyPatch) -> None:
    keyed = KeyRing.member

    def member(ring: KeyRing, bsn: Sensitive | None, ref: DossierRef, line: str) -> PersonKey:
        return keyed(ring, bsn, DossierRef("", ""), "")

    patch.setattr(KeyRing, "member", member)


def send_only_what_is_not_deleted_after_a_move(patch: pytest.MonkeyPatch) -> None:
    send = route._to_send

    def living(before: route.Dossier, after: route.Dossier) -> set[view.EntryKey]:
        return {key for key in send(before, after) if not after.registers[key].deleted}

    patch.setattr(route, "_to_send", living)


def show_what_belongs_elsewhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(view, "_purged", lambda known: known)
    patch.setattr(document, "_is_visible", lambda entry, dossiers: not entry["deleted"])


def put_everybody_at_the_dossiers_address(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(document, "_stated_address", lambda line: document._sealed(line.dossier["body"]["address"]))


@pytest.mark.parametrize("seed", range(3))
def test_the_code_as_it_is_has_no_mismatch(seed: int) -> None:
    assert mismatches(seed, Rules()) == []


@pytest.mark.parametrize(
    "mutation",
    [
        ignore_the_version,
        drop_deletes,
        keep_deleted_dossiers,
        link_by_address,
        skip_the_move_back,
        throw_parked_records_away,
        first_statement_wins,
        every_statement_counts,
        link_whoever_is_named,
        forget_closed_dossiers,
        no_limit_to_a_household,
        link_unconfirmed_persons,
        send_only_what_is_not_deleted_after_a_move,
        show_what_belongs_elsewhere,
        put_everybody_at_the_dossiers_address,
    ],
    ids=lambda mutation: mutation.__name__,
)
def test_the_oracle_finds_the_mistake(mutation: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve._dossier.cache_clear()
    mutation(monkeypatch)
    found = next((seed for seed in range(MOST_RUNS) if mismatches(seed, Rules())), None)
    resolve._dossier.cache_clear()
    assert found is not None


@pytest.mark.parametrize(
    "rules",
    [Rules(changelog_first=True, crash=0.6), Rules(torn_changelog=True, crash=0.6)],
    ids=["changelog before outputs", "changelog of a list torn"],
)
def test_the_oracle_finds_a_lane_that_breaks_a_rule(rules: Rules) -> None:
    assert any(mismatches(seed, rules) for seed in range(MOST_RUNS))
