"""The worked cases of who is one household, passed by the stream: by way of the sources' formats, in any order, with
crashes."""

from __future__ import annotations

import json
import random

import pytest
from sqlalchemy import Engine

from hub.demo.oracle import canonical
from hub.desk import readmodel
from hub.errors import ContractError
from hub.events.codec import decode, encode
from hub.events.decisions import DecisionMessage, Kind, NamedLine, decided, message_of
from hub.events.ids import DossierRef, household_id
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS
from hub.stream.resolve import Resolve
from hub.stream.stage import Record
from tests.core.case_format import Case, CaseDecision, CaseLine, load_cases
from tests.core.case_sources import bsns_of, source_lines
from tests.stream.adversary.lane import Overlay
from tests.stream.adversary.registrations import Registrations
from tests.stream.inline import RING, documents_in, read_model, translated


def decided_in(case: Case) -> list[DecisionMessage]:
    """What humans decided, as the desk publishes it."""
    bsns = bsns_of(case)

    def named(line: CaseLine) -> NamedLine:
        source, dossier, number = line.ref
        person = RING.person(bsns[line.person]) if line.person else RING.unconfirmed(DossierRef(*line.ref[:2]), number)
        sure = line.person is not None
        return NamedLine(source=source, dossier_id=dossier, line=number, person=person, confirmed=sure)

    def message(item: CaseDecision) -> DecisionMessage:
        line, other = named(item.line), named(item.other) if item.other else None
        doubted = {None: None, "line": line, "other": other}[item.doubted]
        decision = decided(
            Kind(item.kind), line, other, decided_by="u", why="w", withdrawn=item.withdrawn, doubted=doubted
        )
        return message_of(
            decision,
            version=item.version,
            decided_at=item.decided_at,
            jurisdiction="0599",
            key_generation=RING.generation,
        )

    return [message(item) for item in case.decisions]


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.name)
def test_the_stream_derives_the_expected_households(case: Case, rng: random.Random) -> None:
    changes = [(source, json.loads(line)) for source in ("zcd", "menscentraal") for line in source_lines(case, source)]
    messages, unreadable = translated(changes)
    assert unreadable == 0
    messages += decided_in(case)
    rng.shuffle(messages)
    engine = read_model(messages, rng)
    read = documents_in(engine)
    effects = {
        item["household_id"]: [f"{made['kind']} {made['effect']}" for made in item["decisions"]] for item in read
    }
    found = {household["household_id"]: household for household in map(canonical, read)}
    assert sorted(found) == sorted(household_id(DossierRef(*expected.anchor)) for expected in case.households)
    for expected in case.households:
        household = found[household_id(DossierRef(*expected.anchor))]
        assert household["dossiers"] == [list(dossier) for dossier in expected.dossiers], case.why
        assert household["status"] == expected.status, case.why
        assert household["oversized"] == expected.oversized, case.why
        assert household["members"] == [[list(ref) for ref in member] for member in expected.members], case.why
        for lines in ("conflicts", "references", "history"):
            assert household[lines] == [list(ref) for ref in getattr(expected, lines)], case.why
        assert tuple(sorted(effects[household["household_id"]])) == expected.decisions, case.why
    assert_old_ids_lead_on(engine, case)
    engine.dispose()


def assert_old_ids_lead_on(engine: Engine, case: Case) -> None:
    """The id that a dossier gives or gave leads to where that dossier lives now; that of a deleted one, nowhere."""
    living = {ref: expected.anchor for expected in case.households for ref in expected.dossiers}
    for ref in {(arrival.source, arrival.dossier) for arrival in case.arrivals}:
        own = household_id(DossierRef(*ref))
        home = household_id(DossierRef(*living[ref])) if ref in living else None
        with engine.connect() as connection:
            there = readmodel.load(connection, own) is not None
            assert (own if there else readmodel.forward(connection, own)) == home, case.why


def test_a_changed_linking_key_stops_resolve_and_links_nobody(rng: random.Random) -> None:
    """Everybody would become a stranger to himself: another key needs a new incarnation."""
    town = Registrations(rng)
    while len(town.compositions) < 2:
        town.happen()
    first, second = town.compositions[:2]
    rekeyed = encode(decode(second.message).subject, decode(second.message).value | {"key_generation": 2})
    state = Overlay({})
    outputs = Resolve().handle(state, COMPOSITIONS, [Record(0, b"0599", first.message)])
    assert outputs
    with pytest.raises(ContractError):
        Resolve().handle(Overlay(state.puts), COMPOSITIONS, [Record(1, b"0599", rekeyed)])


def test_a_decision_under_another_linking_key_is_set_aside_and_stops_nothing(rng: random.Random) -> None:
    """It names persons by keys that mean nobody here; a desk with a wrong setting must not stop the stream for good."""
    town = Registrations(rng)
    while not (town.compositions and town.decisions):
        town.happen()
    first, decision = town.compositions[0], town.decisions[0]
    rekeyed = encode(decode(decision.message).subject, decode(decision.message).value | {"key_generation": 2})
    state = Overlay({})
    Resolve().handle(state, COMPOSITIONS, [Record(0, b"0599", first.message)])
    after = Overlay(state.puts)
    (output,) = Resolve().handle(after, COMPOSITIONS, [Record(1, b"0599", rekeyed)])
    assert output.topic == DEAD_LETTERS
    assert set(after.puts) == {b"applied"}
