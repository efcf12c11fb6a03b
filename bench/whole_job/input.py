"""The input of the whole job: a synthetic town, through both connectors and ingest's own event building. Encoded once;
every contestant gets the same bytes in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple

import orjson
from pydantic import SecretStr

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
from hub.connect.ingest.publisher import Message
from hub.demo.town.changes import ZCD, Change
from hub.demo.town.town import Town
from hub.errors import TranslationError
from hub.events.topics import COMPOSITIONS

_MUNICIPALITY: Final = "0599"
_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_RING: Final = KeyRing(linking=b"l" * 32, sealing=b"s" * 64, generation=1)
_WARM_UP_SHARE: Final = 20
"""One in so many messages is sent before the clock starts: whoever has shown its views is up, in all its stages."""


class Input(NamedTuple):
    """What is written to the two input topics, in this order: `warm_up` before the clock starts, then `main`."""

    warm_up: list[Message]
    main: list[Message]

    @property
    def messages(self) -> list[Message]:
        """All of it."""
        return self.warm_up + self.main


def make_input(households: int, seed: int) -> Input:
    """About 20 messages per household, always the same ones for a seed."""
    published = list(_published(Town(households, seed, start=_START).fill()))
    compositions = [message for message in published if message.topic == COMPOSITIONS]
    records = spread([message for message in published if message.topic != COMPOSITIONS])
    warm = [part[: len(part) // _WARM_UP_SHARE] for part in (compositions, records)]
    rest = [part[len(part) // _WARM_UP_SHARE :] for part in (compositions, records)]
    return Input([*chain(*warm)], [*chain(*rest)])


def spread(messages: Sequence[Message]) -> list[Message]:
    """The first of every key, then the second of every key, and so on: what one key has stays in its order.

    A source that is read from the start would send a dossier's records in one go. Whoever works in lists would then
    write one view where others write ten, and another job would be compared."""
    place: dict[bytes, int] = {}
    ranked: list[tuple[int, int, Message]] = []
    for number, message in enumerate(messages):
        rank = place[message.key] = place.get(message.key, -1) + 1
        ranked.append((rank, number, message))
    return [message for _, _, message in sorted(ranked, key=lambda item: item[:2])]


def _published(changes: Iterator[Change]) -> Iterator[Message]:
    """What ingest would publish of these changes: nothing twice, nothing late, nothing unreadable."""
    speakers = _connectors()
    index: dict[tuple[str, RecordKey], list[Known]] = {}
    for position, change in enumerate(changes, start=1):
        try:
            drafts = speakers[change.source].translate(
                RawRecord(position=str(position), payload=_raw(change, position))
            )
        except TranslationError:
            continue
        for draft in drafts:
            stated = state(draft, _RING, Identity(change.source, _MUNICIPALITY, change.source), 0)
            known = index.setdefault((change.source, stated.record), [])
            planned = plan(stated.incoming, known, now=position)
            if planned.verdict is Verdict.PUBLISH:
                for entry, message in events(stated, planned):
                    known.append(entry.known)
                    yield message


def _raw(change: Change, position: int) -> bytes:
    """A change with the number that its source gives it."""
    if isinstance(change.payload, str):
        return change.payload.encode()
    numbers = {"volgnummer": position} if change.source == ZCD else {"seq": position, "tx": position}
    return orjson.dumps(numbers | change.payload)


def _connectors() -> dict[str, Connector]:
    """For translation only: nothing is contacted."""
    zcd = ZcdConfig(base_url="http://127.0.0.1:1", client_id="c", client_secret=SecretStr("s"))
    return {
        "zcd": ZcdConnector(zcd),
        "menscentraal": MensCentraalConnector(MensCentraalConfig(url=SecretStr("sqlite://"))),
    }
