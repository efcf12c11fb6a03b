"""What to publish for one version of one record, given what was published before. Pure.

`Known` comes from the index: what is *published* (acknowledged, and saved with the cursor), and what was *intended*
(written down before it was sent; a crash in between leaves it open whether the log has it).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from hub.events.ids import Order


class Known(NamedTuple):
    """One version of a record, in one dossier, that the log holds or may hold. Times in microseconds since 1970."""

    dossier_id: str
    order: Order
    content_hash: str
    deleted: bool
    first_published_at: int
    published: bool

    @property
    def base(self) -> tuple[int, int, int]:
        """Its order without the revision."""
        return self.order[:3]


class Incoming(NamedTuple):
    """The version that the source states now."""

    dossier_id: str
    source_epoch: int
    version: int
    recorded_at: int
    content_hash: str
    deleted: bool


class Verdict(StrEnum):
    """What becomes of it."""

    PUBLISH = "publish"
    DUPLICATE = "duplicate"
    """Published before, word for word."""
    LATE = "late"
    """A greater version is known: consumers would drop this one."""


class Plan(NamedTuple):
    """`order` and `first_published_at` of the event; `leaves`: the dossiers in which the record must be deleted
    first."""

    verdict: Verdict
    order: Order
    first_published_at: int
    leaves: tuple[str, ...] = ()


def plan(incoming: Incoming, known: Sequence[Known], now: int, *, forced: bool = False) -> Plan:
    """Decide. Replaying what was only intended gives the same event again, byte for byte.

    `forced`: what was published word for word is published again, under the next revision, so that it wins once more.
    """
    base = (incoming.source_epoch, incoming.version, incoming.recorded_at)
    latest = max(known, key=lambda item: item.order, default=None)
    if latest is None:
        return Plan(Verdict.PUBLISH, Order(*base, revision=0), now)
    if base < latest.base:
        return Plan(Verdict.LATE, latest.order, now)
    leaves = _leaves(incoming.dossier_id, known)
    if base == latest.base and incoming.content_hash == latest.content_hash:
        if all(item.published for item in known) and not forced:
            return Plan(Verdict.DUPLICATE, latest.order, now)
        if forced and all(item.published for item in known):
            again = Order(*base, revision=latest.order.revision + 1)
            return Plan(Verdict.PUBLISH, again, now, leaves)
        return Plan(Verdict.PUBLISH, latest.order, latest.first_published_at, leaves)
    # The same version with another content is a silent edit, or a mapping that was corrected: it must win.
    revision = latest.order.revision + 1 if base[:2] == latest.base[:2] else 0
    return Plan(Verdict.PUBLISH, Order(*base, revision=revision), now, leaves)


def _leaves(dossier_id: str, known: Sequence[Known]) -> tuple[str, ...]:
    """Dossiers in which the record may stand still, besides the one it is in now."""
    others = {k.dossier_id for k in known if k.dossier_id != dossier_id and not (k.published and k.deleted)}
    return tuple(sorted(others))
