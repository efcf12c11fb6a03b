"""Who is logged in on the pages: in the read model's database, so that every desk process on it knows, and a restart
logs nobody out. Of a session's secret only the hash is kept; the cookie has the secret.

The table is none of the read model's: a release that rebuilds that leaves it alone.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import orjson
from sqlalchemy import Column, Engine, Float, LargeBinary, MetaData, Table, Text, delete, insert, or_, select, update

from hub.desk.access import Actor, Role
from hub.desk.database import for_reads
from hub.desk.tokens import digest

SESSION_SECONDS: Final = 8 * 3600.0
"""A working day: what the provider has changed in somebody's role by then counts from the next login."""
IDLE_SECONDS: Final = 30 * 60.0
"""NIST SP 800-63B section 4.2.3 (AAL2): a screen that was left alone is asked again."""
_SEEN_SECONDS: Final = 60.0
"""How exactly it is known when somebody was last here: writing it at every page would hold up the projector."""

_metadata = MetaData()
_table = Table(
    "login_sessions",
    _metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("actor", Text, nullable=False),
    Column("began_at", Float(53), nullable=False),
    Column("seen_at", Float(53), nullable=False),
    Column("id_token", Text, nullable=False),
)


class Sessions:
    """The sessions. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since 1970, for processes to agree on. Makes the table if it is not there."""
        self._engine = engine
        self._reads = for_reads(engine)
        self._clock = clock
        _metadata.create_all(engine)

    def begin(self, actor: Actor, id_token: str = "") -> str:
        """The secret of a new session, for the cookie. `id_token`: what the provider needs to end the session too."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        said = {name: value for name, value in asdict(actor).items() if name != "replaces"}  # known anew at every look
        row = {"digest": digest(secret), "actor": orjson.dumps(said).decode(), "id_token": id_token}
        ended = or_(_table.c.began_at <= now - SESSION_SECONDS, _table.c.seen_at <= now - IDLE_SECONDS)
        with self._engine.begin() as connection:
            connection.execute(delete(_table).where(ended))
            connection.execute(insert(_table).values(**row, began_at=now, seen_at=now))
        return secret

    def actor(self, secret: str, *, somebody_is_there: bool = True) -> Actor | None:
        """Who a session belongs to; None if it has ended. A page that fetches itself anew shows nobody to be there."""
        now, key = self._clock(), digest(secret)
        with self._reads.connect() as connection:
            found = connection.execute(select(_table).where(_table.c.digest == key)).one_or_none()
        if found is None or now >= found.began_at + SESSION_SECONDS or now >= found.seen_at + IDLE_SECONDS:
            return None
        if somebody_is_there and now >= found.seen_at + _SEEN_SECONDS:
            with self._engine.begin() as connection:
                connection.execute(update(_table).where(_table.c.digest == key).values(seen_at=now))
        return _actor(found.actor)

    def end(self, secret: str) -> str:
        """Log out, for good. Returns the id token, empty if there is none."""
        mine = _table.c.digest == digest(secret)
        with self._engine.begin() as connection:
            found = connection.scalar(select(_table.c.id_token).where(mine))
            connection.execute(delete(_table).where(mine))
        return str(found or "")


def form_token(secret: str) -> str:
    """What a form of this session carries, and no other site can know. The session's secret does not follow from it.

    The secret is the message, not the key: HMAC fills a key up with zero bytes, so some keys are as good as others."""
    return hmac.digest(b"form", secret.encode(), "sha256").hex()


def is_form_token(secret: str, given: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(form_token(secret).encode(), given.encode())


def _actor(text: str) -> Actor | None:
    """None for one of another release, who then logs in again."""
    try:
        found = orjson.loads(text)
        return Actor(**found | {"role": Role(found["role"]), "teams": tuple(found["teams"])})
    except (KeyError, TypeError, ValueError):
        return None
