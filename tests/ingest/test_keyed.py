from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from hub.connect.ingest.events import event_message
from hub.connect.ingest.keyed import content_hash, deletion, keyed, stamp
from hub.connect.ingest.keys import ADDRESS_CONTEXT
from hub.errors import ContractError
from hub.events.codec import decode
from hub.events.ids import Order
from hub.events.moments import micros, moment
from hub.events.topics import COMPOSITIONS, RECORDS
from tests.ingest.drafts import ADDRESS, BSN, IDENTITY, NOON, RING, dossier, goal

pytestmark = pytest.mark.core
ORDER = Order(0, 1, micros(NOON), 0)


def test_an_event_comes_back_as_the_draft_said_it() -> None:
    content = keyed(goal(), RING, IDENTITY)
    message = event_message(stamp(content, ORDER, micros(NOON)))
    value = decode(message.value).value
    assert (message.topic, message.key) == (RECORDS, b"zcd/Z-1")
    assert value["body"]["wording"] == "rust"
    assert value["recorded_at"] == value["first_published_at"] == NOON
    assert (value["source"], value["jurisdiction"], value["record_id"]) == ("zcd", "0599", "D-1")


def test_a_composition_goes_to_its_municipality_with_keys_instead_of_persons() -> None:
    draft = dossier(bsns=(BSN, None, "111111111"))
    message = event_message(stamp(keyed(draft, RING, IDENTITY), ORDER, micros(NOON)))
    value = decode(message.value).value
    body = value["body"]
    assert (message.topic, message.key) == (COMPOSITIONS, b"0599")
    assert value["subject"] == body["members"][0]["person"] == RING.person(BSN)
    assert [line["unconfirmed_reason"] for line in body["members"]] == [None, "bsn_missing", "bsn_invalid"]
    assert [line["confirmed"] for line in body["members"]] == [True, False, False]
    assert RING.open(body["address"]["sealed"], ADDRESS_CONTEXT).decode() == ADDRESS.one_line()


def test_the_same_statement_has_one_hash_whatever_its_time_zone() -> None:
    elsewhere = goal(recorded_at=NOON.astimezone(timezone(timedelta(hours=2))))
    assert content_hash(keyed(goal(), RING, IDENTITY)) == content_hash(keyed(elsewhere, RING, IDENTITY))


def test_another_statement_has_another_hash() -> None:
    contents = [
        keyed(draft, RING, IDENTITY)
        for draft in (
            goal(),
            goal(wording="onrust"),
            goal(version=2),
            goal(dossier_id="Z-2"),
            dossier(),
            dossier("Z-2"),
        )
    ]
    contents.append(deletion(contents[0], "Z-1"))
    assert len({content_hash(content) for content in contents}) == len(contents)


def test_a_field_that_is_null_is_as_good_as_absent_for_the_hash() -> None:
    content = keyed(goal(), RING, IDENTITY)
    assert content_hash(content) == content_hash(content | {"new_field": None})


def test_a_deletion_keeps_the_version_and_nothing_of_the_person() -> None:
    content = deletion(keyed(dossier(), RING, IDENTITY), "Z-0")
    assert (content["dossier_id"], content["version"], content["deleted"]) == ("Z-0", 1, True)
    assert content["body"] is content["subject"] is None


def test_an_event_that_breaks_its_schema_is_never_published() -> None:
    value = stamp(keyed(goal(), RING, IDENTITY), ORDER, micros(NOON))
    with pytest.raises(ContractError):
        event_message(value | {"version": "one"})


def test_times_survive_to_the_microsecond() -> None:
    odd = NOON + timedelta(microseconds=1)
    assert moment(micros(odd)) == odd
