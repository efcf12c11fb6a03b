"""Dead letters as the log tells them: each with its last attempt, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from hub.events.codec import UndecodableError, UnknownSchemaError, decode

OPEN: Final = "open"
REPLAYED: Final = "replayed"
DISCARDED: Final = "discarded"


class Letter(NamedTuple):
    """One record that could not be read. `sealed`: as it was read, sealed. `state`: open, replayed or discarded; the
    latter two `by` whom, and of a discarded one `why`."""

    source: str
    position: str
    reason: str
    field: str
    connector: str
    connector_version: str
    failed_at: datetime
    attempt: int
    source_epoch: int
    sealed: bytes
    state: str = OPEN
    by: str = ""
    why: str = ""
    at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Nobody has dealt with it."""
        return self.state == OPEN


class Wanted(NamedTuple):
    """Which letters; what is None does not matter. `since`: failed at or after."""

    source: str | None = None
    reason: str | None = None
    since: datetime | None = None
    positions: frozenset[str] | None = None
    all_states: bool = False

    def wants(self, letter: Letter) -> bool:
        """Whether it is one of them."""
        return (
            (self.all_states or letter.is_open)
            and self.source in (None, letter.source)
            and self.reason in (None, letter.reason)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.positions is None or letter.position in self.positions)
        )


def fold(messages: Iterable[bytes]) -> list[Letter]:
    """All letters, oldest failure first, from the topic's messages in their order. What cannot be read is left out."""
    found: dict[tuple[str, str], Letter] = {}
    for data in messages:
        try:
            decoded = decode(data)
        except (UndecodableError, UnknownSchemaError):
            continue
        value = decoded.value
        key = (value["source"], value["position"])
        known = found.get(key)
        if decoded.subject == "hub.dead_letter":
            found[key] = _newest(Letter(**value), known)
        elif decoded.subject == "hub.dead_letter_state" and known and value["attempt"] >= known.attempt:
            found[key] = known._replace(**{name: value[name] for name in ("state", "by", "why", "at")})
    return sorted(found.values(), key=lambda item: (item.failed_at, item.source, item.position))


def _newest(letter: Letter, known: Letter | None) -> Letter:
    """A later attempt, or one of a later epoch, is open again; another delivery of the same one changes nothing."""
    if known is None or (letter.source_epoch, letter.attempt) > (known.source_epoch, known.attempt):
        return letter
    return known
