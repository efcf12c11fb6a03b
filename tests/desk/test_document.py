from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from hub.desk.access import cut
from hub.desk.access.grounds import Ground, Opening
from hub.desk.caseload.writing import Attending, lines_of
from hub.desk.digest import NO_SECRETS, withheld
from hub.events.codec import decode
from hub.events.ids import household_id
from hub.events.records import RecordType
from hub.household.document import build, forget
from hub.household.document_shape import Document
from tests.desk.family import family
from tests.desk.views import (
    MENSCENTRAAL,
    ZCD,
    Line,
    address,
    at,
    composition,
    dossier,
    entry,
    gone,
    member,
    one_dossier,
    view,
)

HOME = household_id(ZCD)
GOAL = {
    "life_domain": "finance",
    "wording": "schulden op een rij",
    "owner": None,
    "status": "open",
    "evaluation_on": date(2026, 6, 1),
}


def built(value: bytes) -> Document | None:
    return build(decode(value).value)


def of_two_sources(zcd: dict[str, Any], menscentraal: dict[str, Any]) -> Document:
    packed = [
        dossier(ZCD, [member("1", "p-anna", **zcd)]),
        dossier(MENSCENTRAAL, [member("1", "p-anna", **menscentraal)]),
    ]
    lines = [Line(ZCD, "1", "p-anna"), Line(MENSCENTRAAL, "1", "p-anna")]
    document = built(view(HOME, composition(HOME, packed, members=lines)))
    assert document is not None
    return document


def test_nothing_is_visible_before_the_composition_came() -> None:
    assert built(view(HOME, None, label=-1, entries=[entry(ZCD, RecordType.GOAL, "d", GOAL)])) is None


def test_a_household_that_is_gone_has_no_document() -> None:
    assert built(gone(HOME, label=3)) is None
    assert built(view(HOME, composition(HOME, [], gone=True))) is None


def test_records_of_other_dossiers_and_deleted_ones_are_invisible() -> None:
    entries = [
        entry(ZCD, RecordType.GOAL, "seen", GOAL),
        entry(ZCD, RecordType.GOAL, "deleted", None),
        entry(MENSCENTRAAL, RecordType.GOAL, "of another family", GOAL),
    ]
    document = built(one_dossier(entries=entries)[1])
    assert document is not None
    assert [record["record_id"] for record in document["records"]] == ["seen"]
    assert document["records"][0]["body"]["evaluation_on"] == "2026-06-01"


def test_both_values_are_shown_where_sources_differ_the_newest_first() -> None:
    document = of_two_sources({"stated_at": at(0)}, {"stated_at": at(5), "family_name": "Smit - de Vries"})
    name = document["members"][0]["fields"]["name"]
    assert name["differs"]
    assert [(item["value"], item["source"], item["stated_at"]) for item in name["values"]] == [
        ("Anna Smit - de Vries", "menscentraal", "2026-01-05T09:05:00.000000Z"),
        ("Anna Smit", "zcd", "2026-01-05T09:00:00.000000Z"),
    ]
    assert document["conflicts"] == [{"kind": "field", "field": "name", "person_key": "p-anna"}]


def test_equal_values_and_silence_are_no_difference() -> None:
    document = of_two_sources({"birth_date": None}, {"stated_at": at(5)})
    fields = document["members"][0]["fields"]
    assert not any(field["differs"] for field in fields.values())
    assert [item["source"] for item in fields["birth_date"]["values"]] == ["menscentraal"]
    assert document["conflicts"] == []


def test_addresses_are_compared_by_key_and_stand_for_those_who_live_there() -> None:
    document = of_two_sources({"address": address("a-there")}, {"stated_at": at(5)})
    keys = [
        item["value"]["key"]
        for item in document["members"][0]["fields"]["address"]["values"]
        if not isinstance(item["value"], str)
    ]
    assert keys == ["a-here", "a-there"]


def test_an_unknown_address_and_that_of_somebody_elsewhere_state_nothing() -> None:
    document = of_two_sources({"address_unknown": True}, {"role": "mother", "lives_here": False})
    assert document["members"][0]["fields"]["address"]["values"] == []


def test_lines_become_persons_with_roles_and_references() -> None:
    packed = dossier(ZCD, [member("1", "p-anna"), member("2", "p-bob", role="father", lives_here=False)])
    whole = composition(
        HOME,
        [packed],
        members=[Line(ZCD, "1", "p-anna"), Line(ZCD, "9", "p-unknown-line")],
        references=[Line(ZCD, "2", "p-bob")],
        conflicts=[Line(ZCD, "1", "p-anna")],
    )
    document = built(view(HOME, whole))
    assert document is not None
    assert [item["person_key"] for item in document["members"]] == ["p-anna"]
    assert document["references"][0]["roles"] == ["father"]
    assert document["conflicts"] == [
        {"kind": "residence", "person_key": "p-anna", "source": "zcd", "dossier_id": "Z-1", "line": "1"}
    ]


def test_unconfirmed_members_say_why() -> None:
    document = built(one_dossier(confirmed=False, unconfirmed_reason="bsn_missing")[1])
    assert document is not None
    assert not document["members"][0]["confirmed"]
    assert document["members"][0]["unconfirmed_reason"] == "bsn_missing"


def test_freshness_is_the_newest_of_compositions_and_records_per_source() -> None:
    document = built(one_dossier(entries=[entry(ZCD, RecordType.GOAL, "d", GOAL, published=9, recorded=7)])[1])
    assert document is not None
    assert document["freshness"] == [
        {
            "source": "zcd",
            "newest_recorded_at": "2026-01-05T09:07:00.000000Z",
            "newest_published_at": "2026-01-05T09:09:00.000000Z",
        }
    ]


def test_the_title_names_the_families_of_the_clients_once() -> None:
    document = of_two_sources({"prefix": "de", "family_name": "Vries"}, {"prefix": "de", "family_name": "Vries"})
    assert document["title"] == "de Vries"


def test_what_is_remembered_of_a_record_is_not_changed_by_whoever_uses_it() -> None:
    whole = decode(family()[1]).value
    first = orjson.dumps(build(whole))
    for openings in ({}, {ZCD: (Opening(Ground.JEUGDWET_7_4_0, "team"),)}):
        made = build(whole)
        assert made is not None
        withheld(cut(made, openings), NO_SECRETS)
        lines_of({HOME: made}, Attending())
    assert orjson.dumps(build(whole)) == first
    forget()
    assert orjson.dumps(build(whole)) == first
