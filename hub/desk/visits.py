"""When somebody last looked at a dossier, so that a page can say what has changed since. Keyed by dossier and user.

In the desk's own database, beside the read model, but not part of it: a read model that is rebuilt leaves it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from sqlalchemy import BindParameter, Connection, Engine, Select, Subquery, and_, func, select

from hub.desk.access import Actor
from hub.desk.readmodel import replace_row
from hub.desk.tables import dossiers, visits
from hub.events.ids import DossierRef
from hub.events.moments import text_of

SAME_VISIT: Final = timedelta(minutes=30)
"""Whoever comes back within it still sees as new what was new: a page is loaded again while one works."""


@dataclass(frozen=True)
class Visits:
    """The visits in one database."""

    engine: Engine
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lock: Lock = field(default_factory=Lock)

    def visit(self, actor: Actor, dossiers: Sequence[DossierRef]) -> str | None:
        """Note a look at these dossiers. Returns the moment since when all is news: the earliest of the visits before
        (ISO, UTC); None if one of them was never seen, for then everything would be news."""
        with self._lock, self.engine.begin() as connection:
            before = [self._visit(connection, actor.user, ref) for ref in dossiers]
        return min(before, default="") or None

    def _visit(self, connection: Connection, user: str, ref: DossierRef) -> str:
        now = self.now().astimezone(UTC)
        key = {"user": user, **ref._asdict()}
        query = select(visits.c.seen_at, visits.c.before_at).where(*(visits.c[name] == it for name, it in key.items()))
        known = connection.execute(query).first()
        before = "" if known is None else str(known.before_at)
        if known is not None and known.seen_at < text_of(now - SAME_VISIT):
            before = str(known.seen_at)
        replace_row(connection, visits, key, {"seen_at": text_of(now), "before_at": before})
        return before


def last_seen(user: BindParameter[str], household_ids: Select[str]) -> Subquery:
    """Of these households when somebody last looked at the one of its dossiers that he has not seen longest, to join:
    `household_id`, `seen_at` ("": one was never seen)."""
    own = and_(
        visits.c.source == dossiers.c.source,
        visits.c.dossier_id == dossiers.c.dossier_id,
        visits.c.user == user,
    )
    seen = func.min(func.coalesce(visits.c.seen_at, ""))
    query = select(dossiers.c.household_id, seen.label("seen_at")).select_from(dossiers.outerjoin(visits, own))
    here = query.where(dossiers.c.household_id.in_(household_ids))
    return here.group_by(dossiers.c.household_id).subquery("last_seen")
