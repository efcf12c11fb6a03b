"""Why one household: the machine's reasons and the humans', and what was decided."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.desk.words import Words
from hub.events.codec import Codec, SchemaRegistry, decode, encode, schemas_folder
from hub.events.decisions import Kind, Snooze
from hub.events.ids import DossierRef, household_id
from hub.events.records import RecordType
from hub.events.topics import COMPOSITIONS, HOUSEHOLD_COMPOSITIONS
from hub.household.document import build
from hub.household.document_shape import Document, Reason
from hub.household.rulings import TENTATIVE, Effect
from hub.stream.resolve import Resolve
from hub.stream.stage import Record
from tests.desk.decisions import id_of, named, packed, snooze_entry
from tests.desk.views import MENSCENTRAAL, ZCD, Line, address, at, composition, dossier, entry, member, view
from tests.stream.adversary.registrations import Registrations

HOME = household_id(ZCD)
ANNA_IN_ZCD, ANNA_IN_MC = Line(ZCD, "2", "p-anna"), Line(MENSCENTRAAL, "1", "p-anna")
NOOR = Line(ZCD, "1", "p-noor")


def document(
    packed_dossiers: list[tuple[DossierRef, bytes]], entries: list[Any] | None = None, **lists: Any
) -> Document:
    whole = composition(HOME, packed_dossiers, **lists)
    built = build(decode(view(HOME, whole, entries=entries or [])).value)
    assert built is not None
    return built


def zcd(anna: str = "p-anna", **changed: Any) -> tuple[DossierRef, bytes]:
    """Noor, and her mother Anna."""
    return dossier(ZCD, [member("1", "p-noor", role="client"), member("2", anna, role="mother", **changed)])


def menscentraal(anna: str = "p-anna", status: str = "open", **changed: Any) -> tuple[DossierRef, bytes]:
    """Anna's own dossier."""
    return dossier(MENSCENTRAAL, [member("1", anna, **changed)], status=status)


def said(reasons: list[Reason]) -> list[tuple[str, list[str], list[str]]]:
    return [(item["kind"], item["persons"], [ref["dossier_id"] for ref in item["dossiers"]]) for item in reasons]


def test_one_number_in_two_dossiers_and_living_together_are_the_machines_reasons() -> None:
    found = document([zcd(), menscentraal()], members=[NOOR, ANNA_IN_ZCD, ANNA_IN_MC])
    assert said(found["links"]) == [
        ("lives_together", ["p-anna", "p-noor"], ["Z-1"]),
        ("same_number", ["p-anna"], ["MC-1", "Z-1"]),
    ]
    assert found["apart"] == []
    assert all(item["decision_id"] is None for item in found["links"])


def test_a_closed_dossier_follows_its_client() -> None:
    found = document([zcd(), menscentraal(status="closed")], members=[NOOR, ANNA_IN_ZCD, ANNA_IN_MC])
    assert ("client", ["p-anna"], ["MC-1"]) in said(found["links"])


def test_who_lives_elsewhere_is_said_with_who_says_so() -> None:
    bas = member("3", "p-bas", role="father", lives_here=False, address=address("a-there"))
    packed_zcd = dossier(ZCD, [member("1", "p-noor"), bas, member("4", "p-tom", role="other")])
    found = document(
        [packed_zcd], members=[NOOR], references=[Line(ZCD, "3", "p-bas")], conflicts=[Line(ZCD, "4", "p-tom")]
    )
    assert said(found["apart"]) == [("later_address", ["p-tom"], ["Z-1"]), ("stated_elsewhere", ["p-bas"], ["Z-1"])]
    assert found["links"] == []


def test_what_a_human_says_of_residence_stands_in_for_what_was_stated() -> None:
    decision = packed(Kind.LIVES_ELSEWHERE, named(ZCD, "2", "p-anna"))
    found = document([zcd()], members=[NOOR], references=[ANNA_IN_ZCD], decisions=[(Effect.APPLIED, decision)])
    (reason,) = found["apart"]
    assert (reason["kind"], reason["persons"], reason["decision_id"]) == (
        "lives_elsewhere",
        ["p-anna"],
        id_of(decision),
    )


def test_a_decision_that_is_overtaken_explains_nothing() -> None:
    here = packed(Kind.LIVES_HERE, named(ZCD, "2", "p-anna"))
    found = document([zcd()], members=[NOOR], conflicts=[ANNA_IN_ZCD], decisions=[(Effect.APPLIED, here)])
    assert found["links"] == []
    assert said(found["apart"]) == [("later_address", ["p-anna"], ["Z-1"])]
    assert [item["effect"] for item in found["decisions"]] == ["applied"]


@pytest.mark.parametrize("effect", [item for item in Effect if item is not Effect.APPLIED])
def test_a_decision_without_effect_is_listed_and_joins_nobody(effect: Effect) -> None:
    one, other = named(ZCD, "2", "u-anna", confirmed=False), named(MENSCENTRAAL, "1", "p-anna")
    decision = packed(Kind.SAME_PERSON, one, other, withdrawn=effect is Effect.WITHDRAWN)
    found = document([menscentraal()], members=[ANNA_IN_MC], decisions=[(effect, decision)])
    assert [item["effect"] for item in found["decisions"]] == [effect.value]
    kept_apart = [("contradicted", ["p-anna"], ["MC-1", "Z-1"])] if effect is Effect.CONTRADICTED else []
    assert (found["links"], said(found["apart"])) == ([], kept_apart)


def test_one_person_by_decision_is_a_reason_with_its_decision() -> None:
    one, other = named(ZCD, "2", "u-anna", confirmed=False), named(MENSCENTRAAL, "1", "p-anna")
    decision = packed(Kind.SAME_PERSON, one, other)
    unknown = zcd("u-anna", confirmed=False, unconfirmed_reason="bsn_missing")
    found = document(
        [unknown, menscentraal()], members=[NOOR, ANNA_IN_ZCD, ANNA_IN_MC], decisions=[(Effect.APPLIED, decision)]
    )
    assert ("same_person", ["p-anna"], ["MC-1", "Z-1"]) in said(found["links"])
    (entry_,) = found["decisions"]
    assert (entry_["kind"], entry_["decided_by"], entry_["why"]) == ("same_person", "dirk", "paspoort gezien")
    assert entry_["decided_at"] == "2026-01-05T09:05:00.000000Z"
    assert [(line["dossier_id"], line["person_key"]) for line in entry_["lines"]] == [
        ("MC-1", "p-anna"),
        ("Z-1", "p-anna"),
    ]


def test_two_valid_numbers_are_never_one_person_and_it_says_so() -> None:
    decision = packed(Kind.SAME_PERSON, named(ZCD, "2", "p-anne"), named(MENSCENTRAAL, "1", "p-anna"))
    found = document(
        [zcd("p-anne"), menscentraal()],
        members=[NOOR, Line(ZCD, "2", "p-anne"), ANNA_IN_MC],
        decisions=[(Effect.CONTRADICTED, decision)],
    )
    assert ("two_numbers", ["p-anna", "p-anne"], ["MC-1", "Z-1"]) in said(found["apart"])


def test_a_doubted_number_makes_an_unconfirmed_person_and_says_why() -> None:
    doubted = named(ZCD, "2", "p-anna")
    decision = packed(Kind.DIFFERENT_PERSON, doubted, named(MENSCENTRAAL, "1", "p-anna"), doubted=doubted)
    own = TENTATIVE + "0" * 32
    found = document(
        [zcd(), menscentraal()],
        members=[NOOR, Line(ZCD, "2", own), ANNA_IN_MC],
        decisions=[(Effect.APPLIED, decision)],
    )
    persons = {item["person_key"]: (item["confirmed"], item["unconfirmed_reason"]) for item in found["members"]}
    assert persons == {own: (False, "doubted"), "p-anna": (True, None), "p-noor": (True, None)}
    assert ("different_person", ["p-anna", own], ["MC-1", "Z-1"]) in said(found["apart"])
    assert [line["doubted"] for line in found["decisions"][0]["lines"]] == [False, True]


def test_several_without_a_number_who_are_one_stay_unconfirmed() -> None:
    own = TENTATIVE + "1" * 32
    missing: dict[str, Any] = {"confirmed": False, "unconfirmed_reason": "bsn_missing"}
    found = document(
        [zcd("u-1", **missing), menscentraal("u-2", **missing)],
        members=[NOOR, Line(ZCD, "2", own), Line(MENSCENTRAAL, "1", own)],
    )
    (together,) = [item for item in found["members"] if item["person_key"] == own]
    assert (together["confirmed"], together["unconfirmed_reason"]) == (False, "bsn_missing")
    assert len(together["source_refs"]) == 2


@pytest.mark.parametrize("elsewhere", [True, False])
def test_who_is_linked_to_a_number_is_confirmed_wherever_that_stands(elsewhere: bool) -> None:
    unknown = zcd("u-anna", confirmed=False, unconfirmed_reason="bsn_missing")
    others = [] if elsewhere else [menscentraal()]
    lines = [NOOR, ANNA_IN_ZCD, *([] if elsewhere else [ANNA_IN_MC])]
    found = document([unknown, *others], members=lines)
    anna = next(item for item in found["members"] if item["person_key"] == "p-anna")
    assert (anna["confirmed"], anna["unconfirmed_reason"]) == (True, None)


def test_a_shelter_is_kept_apart_because_it_is_too_large() -> None:
    decision = packed(Kind.SAME_HOUSEHOLD, named(ZCD, "1", "p-noor"), named(MENSCENTRAAL, "1", "p-anna"))
    found = document([zcd()], members=[NOOR, ANNA_IN_ZCD], oversized=True, decisions=[(Effect.APPLIED, decision)])
    assert said(found["apart"]) == [("too_large", [], ["Z-1"])]
    assert [item["kind"] for item in found["links"]] == ["lives_together"]


def test_a_snooze_stands_among_decisions_and_makes_no_source_fresh() -> None:
    point = Snooze(**ZCD._asdict(), rule="no_director", point="no_director|zcd/Z-1", until=date(2026, 2, 1))
    contact = entry(ZCD, RecordType.CONTACT, "c", {"kind": "home_visit", "held_on": date(2026, 1, 6)})
    found = document([zcd()], [snooze_entry(point, minutes=500), contact], members=[NOOR])
    (decision,) = found["decisions"]
    assert (decision["kind"], decision["effect"], decision["lines"]) == ("snooze", "applied", [])
    assert decision["snooze"] == point.model_dump(mode="json")
    assert found["freshness"][0]["newest_recorded_at"] == "2026-01-05T09:00:00.000000Z"
    taken_back = document([zcd()], [snooze_entry(point, withdrawn=True)], members=[NOOR])
    assert taken_back["decisions"][0]["effect"] == "withdrawn"


def test_every_line_can_be_named_also_that_of_a_stranger() -> None:
    packed_zcd = dossier(ZCD, [member("1", "p-noor"), member("2", "p-anna", role="mother"), member("3", "p-x")])
    found = document(
        [packed_zcd], members=[NOOR], references=[Line(ZCD, "3", "p-x")], conflicts=[Line(ZCD, "2", "p-anna")]
    )
    assert [(item["line"], item["person_key"]) for item in found["lines"]] == [
        ("1", "p-noor"),
        ("2", "p-anna"),
        ("3", "p-x"),
    ]


def test_a_composition_of_the_first_version_still_reads() -> None:
    newest = decode(composition(HOME, [zcd()], members=[NOOR])).value
    older = Codec(SchemaRegistry(schemas_folder()), {"households.composition": 1})
    value = {name: item for name, item in newest.items() if name != "decisions"}
    built = build(decode(view(HOME, older.encode("households.composition", value))).value)
    assert built is not None
    assert (built["decisions"], built["links"]) == ([], [])


class _Memory(dict[bytes, bytes]):
    def put(self, key: bytes, value: bytes) -> None:
        self[key] = value


def compositions(seed: int) -> list[dict[str, Any]]:
    """The live households of a random town in which humans decide."""
    town = Registrations(random.Random(seed))
    for _ in range(40):
        town.happen()
    return resolved([event.message for event in (*town.compositions, *town.decisions)])


def resolved(messages: list[bytes]) -> list[dict[str, Any]]:
    """What resolve makes of messages."""
    records = [Record(offset, b"0599", message) for offset, message in enumerate(messages)]
    outputs = Resolve().handle(_Memory(), COMPOSITIONS, records)
    values = [decode(item.value).value for item in outputs if item.topic == HOUSEHOLD_COMPOSITIONS]
    return [value for value in values if not value["gone"]]


def of_value(value: dict[str, Any]) -> Document:
    home = value["household"]
    built = build(decode(view(home, encode("households.composition", value), label=value["label"])).value)
    assert built is not None
    return built


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_reasons_explain_a_household_wholly_whatever_the_order_of_its_lists(seed: int, rng: random.Random) -> None:
    for value in compositions(seed):
        found = of_value(value)
        for name in ("dossiers", "members", "references", "history", "conflicts", "decisions"):
            rng.shuffle(value[name])
        assert of_value(value) == found
        assert_explained(found)


def assert_explained(found: Document) -> None:
    """All decisions are told with their effects; the reasons tie all dossiers together, and name whom is there."""
    places = [(item["source"], item["dossier_id"], item["line"]) for item in found["lines"]]
    assert len(set(places)) == len(places)
    known = {item["person_key"] for item in found["lines"]}
    ids = {item["decision_id"] for item in found["decisions"]}
    for reason in [*found["links"], *found["apart"]]:
        assert set(reason["persons"]) <= known
        assert reason["decision_id"] is None or reason["decision_id"] in ids
    for person in found["members"]:
        assert person["confirmed"] == (person["unconfirmed_reason"] is None)
    if not found["oversized"] and not any(item["kind"] == "foreign_dossier" for item in found["links"]):
        assert len(groups(found)) == 1


def groups(found: Document) -> list[set[object]]:
    """Members and dossiers, joined by the reasons and by that a dossier follows its client."""
    joined: list[set[object]] = []
    clients = {
        (item["source"], item["dossier_id"]): item["person_key"] for item in found["lines"] if item["line"] == "0"
    }
    ties: list[set[object]] = [{ref, person} for ref, person in clients.items()]
    ties += [{person["person_key"]} for person in found["members"]]
    for reason in found["links"]:
        refs = {(item["source"], item["dossier_id"]) for item in reason["dossiers"]}
        ties.append({*reason["persons"], *refs})
    for tie in ties:
        touching = [group for group in joined if group & tie]
        joined = [group for group in joined if not group & tie] + [tie.union(*touching)]
    return joined


def test_the_random_towns_hold_every_reason() -> None:
    kinds = Counter(
        item["kind"]
        for seed in range(40)
        for found in map(of_value, compositions(seed))
        for item in [*found["links"], *found["apart"]]
    )
    assert {*kinds} >= {
        "same_number", "lives_together", "client", "same_person", "same_household", "lives_here",
        "different_person", "lives_elsewhere", "later_address", "left_behind", "stated_elsewhere", "two_numbers",
        "contradicted",
    }  # fmt: skip


def test_a_tie_that_follows_its_client_elsewhere_is_said_to_be_elsewhere() -> None:
    """Piet's dossier names Anna and Noor at his old address; he has moved on, and it went with him."""
    old = DossierRef("zcd", "Z-0")
    new = DossierRef("menscentraal", "MC-0")
    anna, noor = member("2", "p-anna", role="other"), member("3", "p-noor", role="other")
    stated = [
        dossier(old, [member("1", "p-piet"), anna, noor]),
        dossier(new, [member("1", "p-piet", stated_at=at(9), address=address("a-new"))]),
        dossier(ZCD, [member("1", "p-noor")]),
        dossier(MENSCENTRAAL, [member("1", "p-anna")]),
    ]
    found = {ref for ref, _ in stated}
    homes = [of_value(value) for value in resolved([message for _, message in stated])]
    assert sum(len(home["dossiers"]) for home in homes) == len(found)
    (home,) = [item for item in homes if any(ref["dossier_id"] == "Z-1" for ref in item["dossiers"])]
    assert said(home["links"]) == [("foreign_dossier", [], [])]
    (other,) = [item for item in homes if item is not home]
    assert said(other["apart"]) == [
        ("later_address", ["p-piet"], ["Z-0"]),
        ("left_behind", ["p-anna"], ["Z-0"]),
        ("left_behind", ["p-noor"], ["Z-0"]),
    ], "nobody stated another address of Anna and Noor"
    told = Words("nl", date(2026, 1, 9)).conflicts(other)
    assert [text.rpartition(",")[2] for text in told if "Z-0" in text and "ander adres" not in text] == [
        " maar dat dossier is met zijn cliënt meegegaan."
    ] * 2
