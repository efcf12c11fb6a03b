from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.menscentraal import translate as menscentraal
from connectors.zcd import translate as zcd
from hub.connect import TranslationError
from hub.events.records import Assessment, Composition, Draft, Goal, RecordType, SupportRequest
from tests.connectors.sources import hostile, mutations, valid

pytestmark = pytest.mark.core

Translate = Callable[[bytes], list[Draft]]
BOTH: list[tuple[str, Translate]] = [("zcd", zcd.translate), ("menscentraal", menscentraal.translate)]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["J", "onbekend", "2026-01-05"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


REGISTERED = set(RecordType) - {RecordType.REQUEST_MESSAGE}
"""What registrations hold: messages are no registration."""


@pytest.mark.parametrize(("folder", "translate"), BOTH)
def test_every_readable_fixture_becomes_one_event_of_its_type(folder: str, translate: Translate) -> None:
    drafts = [draft for line in valid(folder) for draft in translate(line)]
    assert len(drafts) == len(valid(folder))
    assert {draft.record_type for draft in drafts} == REGISTERED
    assert any(draft.deleted for draft in drafts)
    assert all(draft.recorded_at.tzinfo is UTC for draft in drafts)


@pytest.mark.parametrize(
    ("translate", "line", "expected"),
    [(translate, line, expected) for folder, translate in BOTH for line, expected in hostile(folder)],
)
def test_every_hostile_line_is_refused_with_its_reason_and_field(
    translate: Translate, line: bytes, expected: str
) -> None:
    with pytest.raises(TranslationError) as refused:
        translate(line)
    reason, _, field = expected.partition(" ")
    assert (refused.value.reason, refused.value.field) == (reason, field)


@pytest.mark.parametrize(("folder", "translate"), BOTH)
@settings(max_examples=300)
@given(data=st.data())
def test_any_line_becomes_events_or_a_translation_error(folder: str, translate: Translate, data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(valid(folder)))
    change = data.draw(st.sampled_from(mutations(line)))
    payload = change(data.draw(JSON))
    try:
        drafts = translate(payload)
    except TranslationError as error:
        assert str(error) == f"{error.reason.value}: {error.field}" if error.field else error.reason.value
    else:
        assert drafts == translate(payload)


@pytest.mark.parametrize(("folder", "translate"), BOTH)
@given(payload=st.binary())
def test_any_bytes_are_refused_quietly(folder: str, translate: Translate, payload: bytes) -> None:
    with pytest.raises(TranslationError):
        translate(payload)


@pytest.mark.parametrize(("folder", "translate"), BOTH)
def test_no_value_of_a_person_is_in_an_error_or_a_repr(folder: str, translate: Translate) -> None:
    line = valid(folder)[0].replace(b"2026-01-05", b"MERKTEKEN").replace(b'"bsn": "111222333"', b'"bsn": "987654321"')
    with pytest.raises(TranslationError) as refused:
        translate(line)
    assert "MERKTEKEN" not in f"{refused.value!r}{refused.value.user_message}{refused.value.detail}"
    assert refused.value.__cause__ is None and refused.value.__suppress_context__
    shown = repr(translate(valid(folder)[0]))
    assert not any(secret in shown for secret in ("111222333", "123456782", "Beijerlandselaan", "3074"))


def test_a_zcd_dossier_field_by_field() -> None:
    (draft,) = zcd.translate(valid("zcd")[0])
    body = draft.body
    assert isinstance(body, Composition)
    assert (draft.dossier_id, draft.record_id, draft.version) == ("Z-000001", "Z-000001", 1)
    assert draft.recorded_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert (body.kind, body.status, body.opened_on, body.closed_on) == ("youth", "open", date(2026, 1, 5), None)
    assert (body.referred_by, body.received_on) == ("huisarts", date(2025, 12, 20))
    assert body.address is not None
    assert body.address.key_material() == "3074EJ|12|A"
    child, mother, father, grandmother = body.members
    assert (child.is_client, child.role, child.birth_date, child.stated_at) == (
        True,
        "youth",
        "2014-03",
        draft.recorded_at,
    )
    assert child.bsn is not None and child.bsn.get_secret_value() == "123456782"
    assert mother.stated_at == datetime(2026, 1, 4, 8, 30, tzinfo=UTC)
    assert (father.lives_here, father.address, father.address_unknown) == (False, None, True)
    assert (grandmother.bsn, grandmother.gender, grandmother.address_unknown) == (None, None, False)
    assert grandmother.address is not None and grandmother.address.key_material() == "3011AB|7|"
    assert [member.address_secret for member in body.members] == [False, True, None, None]


def test_a_menscentraal_dossier_says_the_same_in_the_same_words() -> None:
    (draft,) = menscentraal.translate(valid("menscentraal")[0])
    body = draft.body
    assert isinstance(body, Composition)
    assert (body.kind, body.status, body.opened_on) == ("adult", "open", date(2026, 1, 5))
    assert body.address is not None and body.address.key_material() == "3074EJ|12|A"
    client, child, partner, parent = body.members
    assert (client.line, client.is_client, client.role, client.birth_date) == ("1", True, "client", "1985-07-21")
    assert (child.birth_date, child.role, child.gender) == ("2014-03", "child", "female")
    assert (partner.birth_date, partner.address_unknown, partner.bsn) == ("1984", True, None)
    assert parent.address is not None and parent.address.key_material() == "3011AB|7|"
    assert [member.address_secret for member in body.members] == [True, False, None, None]


@pytest.mark.parametrize(("folder", "translate"), BOTH)
def test_the_client_always_lives_with_the_dossier(folder: str, translate: Translate) -> None:
    (draft,) = translate(valid(folder)[13])
    assert isinstance(draft.body, Composition)
    assert [member.lives_here for member in draft.body.members] == [True]


def test_a_domain_that_was_not_scored_has_no_score() -> None:
    for translate, line in ((zcd.translate, valid("zcd")[6]), (menscentraal.translate, valid("menscentraal")[6])):
        body = translate(line)[0].body
        assert isinstance(body, Assessment)
        assert len(body.scores) == 2
        assert body.scores[0].model_dump() == {"domain": "finance", "score": 2}


def test_both_name_a_life_domain_and_money_alike() -> None:
    goals = [zcd.translate(valid("zcd")[4])[0].body, menscentraal.translate(valid("menscentraal")[4])[0].body]
    assert [goal.life_domain for goal in goals if isinstance(goal, Goal)] == ["upbringing", "finance"]
    requests = [zcd.translate(valid("zcd")[8])[0].body, menscentraal.translate(valid("menscentraal")[8])[0].body]
    assert [(r.committed_cents, r.state) for r in requests if isinstance(r, SupportRequest)] == [
        (250000, "under_investigation"),
        (123450, "granted"),
    ]


@pytest.mark.parametrize(
    ("euros", "cents"),
    [("0", 0), ("0.1", 10), ("0.29", 29), ("1234.50", 123450), ("-5", -500), ("1.005", None), ("1e3", None)],
)
def test_euros_become_cents_exactly(euros: str, cents: int | None) -> None:
    row = json.loads(valid("menscentraal")[8])
    row["payload"]["bedrag"] = euros
    line = json.dumps(row).encode()
    if cents is None:
        with pytest.raises(TranslationError):
            menscentraal.translate(line)
    else:
        body = menscentraal.translate(line)[0].body
        assert isinstance(body, SupportRequest) and body.committed_cents == cents


def test_both_cover_every_code_of_the_shared_lists() -> None:
    """A shared code that neither source can give would be one that no test ever sees."""
    assert set(zcd.RECORD_TYPES.values()) == set(menscentraal.RECORD_TYPES.values()) == REGISTERED
