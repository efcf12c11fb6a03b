"""The reference reads messages as the connector does: by other code."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.istandaarden.samples import rendered
from connectors.istandaarden.translate import translate
from hub.connect import TranslationError
from hub.demo.oracle import _content
from hub.demo.reference import istandaarden
from hub.demo.reference.facts import Change, UnreadableError
from hub.demo.town.correspondence import ISTANDAARDEN, Correspondence
from hub.demo.town.town import Town
from hub.events.records import Composition, Draft

pytestmark = pytest.mark.core
FIXTURES = Path(__file__).parents[2] / "connectors" / "istandaarden" / "fixtures"
VALID = sorted((FIXTURES / "valid").glob("*.xml"))
HOSTILE = sorted((FIXTURES / "hostile").glob("*.xml"))


def stated(draft: Draft) -> tuple[object, ...]:
    """What the connector makes of it, in the reference's words."""
    head = draft.record_type.value, draft.dossier_id, draft.record_id, draft.version, draft.recorded_at
    body = draft.body
    if isinstance(body, Composition):
        number = body.members[0].bsn
        return *head, number.get_secret_value() if number else None, body.opened_on.isoformat(), body.status
    assert body is not None
    said = json.loads(body.model_dump_json())
    if said["decided_at"]:
        moment = datetime.fromisoformat(said["decided_at"]).astimezone(UTC)
        said["decided_at"] = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return *head, _content(said)


def read(change: Change) -> tuple[object, ...]:
    head = change.type, change.dossier, change.id, change.version, change.recorded_at
    found = change.composition
    if found is not None:
        return *head, found.lines[0].bsn, found.opened_on, "open" if found.is_open else "closed"
    assert change.body is not None
    return *head, _content(change.body)


def agree(text: str) -> bool:
    """Whether both read the same, or neither can; True if they can."""
    try:
        drafts = translate(text.encode())
    except TranslationError:
        with pytest.raises(UnreadableError):
            istandaarden.read(text)
        return False
    assert [read(change) for change in istandaarden.read(text)] == [stated(draft) for draft in drafts]
    return True


@pytest.mark.parametrize("path", [*VALID, *HOSTILE], ids=lambda path: path.stem)
def test_both_read_the_same_of_every_fixture(path: Path) -> None:
    assert agree(path.read_text()) == (path in VALID)


VALUE = re.compile(r">([^<>\n]+)<")
SIGNS = st.text("0123456789-:.ABZ é", max_size=12) | st.sampled_from(["0", "31", "2026-02-30", "2026-02-28", "3", "  "])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(VALID), st.integers(0, 60), SIGNS)
def test_both_read_the_same_whatever_a_value_is(path: Path, place: int, put: str) -> None:
    whole = path.read_text()
    values = list(VALUE.finditer(whole))
    chosen = values[place % len(values)]
    agree(whole[: chosen.start(1)] + put + whole[chosen.end(1) :])


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_both_read_the_same_without_any_one_element(path: Path) -> None:
    whole = path.read_text()
    for found in re.finditer(r"<([a-z]:[A-Za-z]+)>[^<]*</\1>", whole):
        agree(whole[: found.start()] + whole[found.end() :])


def test_a_town_s_requests_go_with_messages_that_can_be_read() -> None:
    town = Town(40, 3, start=datetime(2025, 1, 6, tzinfo=UTC))
    found = [c.payload for c in Correspondence().with_messages(town.fill()) if c.source == ISTANDAARDEN]
    assert len(found) > 20
    kinds = {str(payload["kind"]) for payload in found if isinstance(payload, dict)}
    assert kinds == {"asked", "confirmed", "answered", "granted", "started", "stopped"}
    readable = [agree(rendered(payload)) for payload in found if isinstance(payload, dict)]
    assert sum(readable) > len(readable) * 0.9


def test_a_town_without_its_messages_is_the_same_town() -> None:
    def changes() -> list[object]:
        return [change.payload for change in Town(10, 3, start=datetime(2025, 1, 6, tzinfo=UTC)).fill()]

    town = Town(10, 3, start=datetime(2025, 1, 6, tzinfo=UTC))
    kept = [c.payload for c in Correspondence().with_messages(town.fill()) if c.source != ISTANDAARDEN]
    assert kept == changes()
