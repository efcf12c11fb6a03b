"""The whole way in one process: a source's own records, through its connector, keyed, the stages on hostile lanes,
the read model."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import SecretStr
from sqlalchemy import Engine, select

from connectors.istandaarden.config import IStandaardenConfig
from connectors.istandaarden.connector import IStandaardenConnector
from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.connector import MensCentraalConnector
from connectors.zcd.config import ZcdConfig
from connectors.zcd.connector import ZcdConnector
from hub.connect.api import Connector, RawRecord
from hub.connect.ingest.events import events, state
from hub.connect.ingest.index import RecordKey
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.plan import Known, Verdict, plan
from hub.desk import database, projector, readmodel, tables
from hub.errors import TranslationError
from hub.events.topics import VIEWS
from tests.stream.adversary.lane import Log, Message, Rules, Worker
from tests.stream.adversary.run import TOPICS, drive, real_stages

RING: Final = KeyRing(linking=b"l" * 32, sealing=b"s" * 64, generation=1)
_EXTERNAL: Final = 0


def connectors() -> dict[str, Connector]:
    """The connectors, for translation only: nothing is contacted."""
    zcd = ZcdConfig(base_url="http://127.0.0.1:1", client_id="c", client_secret=SecretStr("s"))
    menscentraal = MensCentraalConfig(url=SecretStr("sqlite://"))
    messages = IStandaardenConnector(IStandaardenConfig(folder=Path("nowhere")))
    return {
        "zcd": ZcdConnector(zcd),
        "menscentraal": MensCentraalConnector(menscentraal),
        "istandaarden": messages,
    }


def translated(changes: Iterable[tuple[str, object]]) -> tuple[list[tuple[str, bytes, bytes]], int]:
    """(topic, key, message) of every readable change; the number unreadable.

    What ingest would hold back because it is late or double is sent all the same: the stages alone must cope with it.
    """
    speakers = connectors()
    index: dict[RecordKey, list[Known]] = {}
    messages: list[tuple[str, bytes, bytes]] = []
    unreadable = 0
    for position, (source, payload) in enumerate(changes, start=1):
        raw = payload.encode() if isinstance(payload, str) else orjson.dumps(_numbered(source, payload, position))
        try:
            drafts = speakers[source].translate(RawRecord(position=str(position), payload=raw))
        except TranslationError:
            unreadable += 1
            continue
        for draft in drafts:
            stated = state(draft, RING, Identity(source, "0599", source), 0)
            known = index.setdefault(stated.record, [])
            decided = plan(stated.incoming, known, now=position)
            if decided.verdict is not Verdict.PUBLISH:
                decided = plan(stated.incoming, (), now=position)
            for entry, message in events(stated, decided):
                known.append(entry.known)
                messages.append((message.topic, message.key, message.value))
    return messages, unreadable


def _numbered(source: str, payload: object, position: int) -> object:
    if not isinstance(payload, dict):
        return payload
    numbers = {"volgnummer": position} if source == "zcd" else {"seq": position, "tx": position}
    return numbers | payload


def documents(
    messages: Sequence[tuple[str, bytes, bytes]], rng: random.Random, rules: Rules | None = None
) -> list[dict[str, Any]]:
    """Every household of `read_model`."""
    engine = read_model(messages, rng, rules)
    try:
        return documents_in(engine)
    finally:
        engine.dispose()


def documents_in(engine: Engine) -> list[dict[str, Any]]:
    """Every household of a read model, as it is stored."""
    with engine.connect() as connection:
        table = tables.households
        found = connection.execute(select(table.c.document).where(table.c.document.is_not(None))).scalars().all()
    return [json.loads(readmodel.unpacked(content)) for content in found]


def read_model(
    messages: Sequence[tuple[str, bytes, bytes]],
    rng: random.Random,
    rules: Rules | None = None,
    engine: Engine | None = None,
) -> Engine:
    """Send messages through the three stages on hostile lanes; the views that come out, in a read model in memory.
    `engine`: one that holds the views of fewer of these messages."""
    logs = {topic: Log() for topic in TOPICS}
    workers = [Worker(stage, logs, rules or Rules(), rng) for stage in real_stages()]
    feed = [(topic, Message(key, value, _EXTERNAL)) for topic, key, value in messages]
    drive(rng, rules or Rules(), feed, logs, workers)
    engine = engine or database.open_engine("sqlite://")
    with engine.begin() as connection:
        for _, message in logs[VIEWS].read(0):
            projector.apply_view(connection, message.key, message.value)
    return engine
