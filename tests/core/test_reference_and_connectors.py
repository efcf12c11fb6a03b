"""What can't be read is the same for the connectors and the reference, two programs that share nothing."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.menscentraal.translate import translate as translate_menscentraal
from connectors.zcd.translate import translate as translate_zcd
from hub.connect import TranslationError, host
from hub.connect.api import RawRecord
from hub.connect.host import MAX_RECORD_BYTES
from hub.connect.wire import Unreadable
from hub.demo.reference import answer
from hub.demo.reference.facts import Change, UnreadableError
from hub.demo.reference.report import READERS
from hub.demo.town import Town
from hub.errors import RejectReason
from hub.events.records import Draft
from tests.stream.inline import connectors

TRANSLATE: dict[str, Callable[[bytes], list[Draft]]] = {"zcd": translate_zcd, "menscentraal": translate_menscentraal}
JUNK: list[Any] = [
    None, True, False, 0, 1, -1, 5, 6, 13, 14, 3.0, 2**63, "", " ", "J", "j", "12", " 12 ", "12a", "1.5", "-1.50",
    "1.505", "2026-02-30", "2026-02-28", "20260228", "2026-W05-1", "2026-01", "2026", "19800500", "19800015",
    "00000000", "2026-01-05T09:00:00", "2026-01-05T09:00:00Z", "2026-01-05T09:00:00.123456+01:00",
    "0001-01-01T00:00:00+14:00", "onbekend", "client", "open", "\ud800", "a\0b", "2026-01-05\x0009:00:00Z",
    "é", "x" * 201, [], {}, [{}], ["x"], {"a": 1},
]  # fmt: skip


def payloads() -> list[tuple[str, dict[str, Any]]]:
    """One change of each type and source."""
    found: dict[tuple[str, object], dict[str, Any]] = {}
    for change in Town(20, 5, start=datetime(2025, 1, 1, tzinfo=UTC)).fill():
        if isinstance(change.payload, dict):
            key = (change.source, change.payload.get("soort", change.payload.get("tabel")))
            found.setdefault(key, change.payload)
    return [(source, payload) for (source, _), payload in found.items()]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *places(value[key]))]


def spoilt(payload: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    result = copy.deepcopy(payload)
    for _ in range(dice.choice((1, 1, 1, 2))):
        container, key = dice.choice(places(result))
        if dice.random() < 0.25:
            del container[key]
        else:
            container[key] = copy.deepcopy(dice.choice(JUNK))
    return result


def by_connector(source: str, line: str) -> Draft | None:
    try:
        (draft,) = TRANSLATE[source](line.encode())
    except TranslationError:
        return None
    return draft


def by_reference(source: str, line: str) -> Change | None:
    try:
        return READERS[source](json.loads(line))
    except UnreadableError:
        return None


def canonical(draft: Draft) -> object:
    """The body as the reference gives it; of a composition only what tells households apart."""
    if draft.body is None or draft.record_type == "composition":
        return None
    body = draft.body.model_dump(mode="json")
    if "scores" in body:
        body["scores"] = sorted(body["scores"], key=lambda score: score["domain"])
    return body


@pytest.mark.parametrize("seed", range(20))
def test_both_read_the_same_and_refuse_the_same(seed: int) -> None:
    dice = random.Random(seed)
    kinds = payloads()
    assert len(kinds) >= 16
    for _ in range(300):
        source, payload = dice.choice(kinds)
        line = json.dumps(spoilt(payload, dice))
        draft, change = by_connector(source, line), by_reference(source, line)
        assert (draft is None) == (change is None), (source, line)
        if draft is None or change is None:
            continue
        assert (change.dossier, change.type, change.id) == (draft.dossier_id, draft.record_type, draft.record_id)
        assert (change.version, change.recorded_at) == (draft.version, draft.recorded_at)
        assert change.body == canonical(draft)
        assert (change.composition is None and change.body is None) == draft.deleted


def test_a_record_that_is_too_large_is_unreadable_for_both() -> None:
    line = json.dumps({"soort": "contact", "onbekend": "x" * MAX_RECORD_BYTES})
    found = host._translate(connectors()["zcd"], RawRecord(position="1", payload=line.encode()))
    assert isinstance(found, Unreadable)
    assert found.reason is RejectReason.TOO_LARGE
    assert answer([line], []).summary["dead_letters"] == {"zcd": 1, "menscentraal": 0}
