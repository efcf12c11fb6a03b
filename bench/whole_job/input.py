"""The input of the whole job: a synthetic town, through both connectors and ingest's own event building. Encoded once;
every contestant gets the same bytes in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple
from zlib import crc32

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
from hub.events.codec import decode
from hub.events.ids import ref_of
from hub.events.topics import COMPOSITIONS

_MUNICIPALITY: Final = "0599"
_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_RING: Final = KeyRing(linking=b"l" * 32, sealing=b"s" * 64, generation=1)
_WARM_UP_SHARE: Final = 20
"""One in so many messages is sent before the clock starts: whoever has shown its views is up, in all its stages."""
_LATE_SHARE: Final = 10
"""One in so many dossiers has its last composition among the records."""


class Input(NamedTuple):
    """What is written to the two input topics, in this order: `warm_up` before the clock starts, then each of `waves`
    in one go, when what follows from the one before is in the views.

    Compositions come before records because of who takes one record at a time: to him a dossier that moves with its
    records is a view for each of them, to whoever works in lists one view."""

    warm_up: list[Message]
    waves: tuple[list[Message], ...]

    @property
    def main(self) -> list[Message]:
        """All that is measured."""
        return [*chain(*self.waves)]

    @property
    def messages(self) -> list[Message]:
        """All of it."""
        return self.warm_up + self.main


def make_input(households: int, seed: int) -> Input:
    """About 25 messages per household, always the same ones for a seed. The households settle, then their records come,
    and with them the last composition of a tenth of the dossiers: what has records moves as well."""
    published = list(_published(Town(households, seed, start=_START).fill()))
    compositions = spread([message for message in published if message.topic == COMPOSITIONS], _dossier)
    records = spread([message for message in published if message.topic != COMPOSITIONS], _key)
    warm = [part[: len(part) // _WARM_UP_SHARE] for part in (compositions, records)]
    settling, living = [part[len(part) // _WARM_UP_SHARE :] for part in (compositions, records)]
    late = _last_of_some(settling)
    kept = [message for number, message in enumerate(settling) if number not in late]
    return Input([*chain(*warm)], (kept, living + [settling[number] for number in sorted(late)]))


def spread(messages: Sequence[Message], name: Callable[[Message], bytes]) -> list[Message]:
    """The first of every name, then the second of every name, and so on, names in an order that says nothing: what one
    name has stays in its order.

    A source that is read from the start would send a dossier's records in one go, and the dossiers of a household one
    after the other. Whoever works in lists would then write one view where others write ten, and another job would be
    compared."""
    names = [name(message) for message in messages]
    turns: Counter[bytes] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for number, found in enumerate(names):
        ranked.append((turns[found], crc32(found), number))
        turns[found] += 1
    return [messages[number] for _, _, number in sorted(ranked)]


def _last_of_some(compositions: Sequence[Message]) -> set[int]:
    """Places of the last composition of every tenth dossier."""
    last = {_dossier(message): number for number, message in enumerate(compositions)}
    return {last[dossier] for dossier in sorted(last)[::_LATE_SHARE]}


def _key(message: Message) -> bytes:
    return message.key


def _dossier(message: Message) -> bytes:
    """Whose composition: the key of its message is the municipality's."""
    return ref_of(decode(message.value).value).key


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
