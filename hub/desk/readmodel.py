"""The read model in SQL: SQLite by default, PostgreSQL alike. Thrown away and rebuilt from the log at will.

Only `hub.desk.projector` writes it. Nothing durable lives here but what the log can give again.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, cast

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)

from hub.desk.digest import Secrets
from hub.desk.tables import (
    addresses,
    cases,
    decisions,
    dossiers,
    households,
    linked,
    meta,
    metadata,
    offsets,
    reaches,
    sources,
)
from hub.desk.worked_out import Kept
from hub.events.ids import DossierRef
from hub.household.document_shape import Document
from hub.ops.linking import Linking, begins_anew

PART: Final = 500
"""Values in one statement: within every database's limit of parameters."""


def link(engine: Engine, linking: Linking) -> None:
    """Remember with which key the persons here were keyed, or see that it is the same. Raises ConfigError as
    `begins_anew`. Of a new incarnation: what is here goes when the feed sees that the topics are other ones."""
    with engine.begin() as connection:
        row = connection.execute(select(linked.c.incarnation, linked.c.fingerprint)).one_or_none()
        begins_anew(None if row is None else Linking(*row), linking, "the read model")
        replace_row(connection, linked, {"id": 1}, linking._asdict())


def parked(connection: Connection) -> int:
    """Entries of all views that wait for a composition which names their dossier (protocol.md R6)."""
    return int(connection.scalar(select(func.coalesce(func.sum(households.c.parked), 0))) or 0)


def wipe(connection: Connection) -> None:
    """Empty everything, offsets too: the log is another one than before, or was cut."""
    for table in metadata.tables.values():
        if table is not meta:
            connection.execute(table.delete())


def load(connection: Connection, household_id: str) -> Document | None:
    """The document of a live household; None if it is unknown, gone, or not complete yet."""
    content = connection.scalar(_DOCUMENT, {"home": household_id})
    return None if content is None else _document(content)


_HOME: Final[BindParameter[str]] = bindparam("home")
_LIVE: Final = (households.c.household_id == _HOME, households.c.live)
_DOCUMENT: Final = select(households.c.document).where(*_LIVE)
"""What every read of a household asks is put together once: that takes SQLAlchemy longer than the database answers."""


def load_all(connection: Connection, household_ids: Iterable[str]) -> dict[str, Document]:
    """The documents of those of these households that are live, by id."""
    found: dict[str, Document] = {}
    wanted = iter(household_ids)
    while part := list(islice(wanted, PART)):
        query = select(households.c.household_id, households.c.document)
        rows = connection.execute(query.where(households.c.household_id.in_(part), households.c.live))
        found |= {home: _document(content) for home, content in rows}
    return found


def digests(connection: Connection, household_ids: Collection[str]) -> dict[str, str]:
    """The digests of those of these households that are live, by id."""
    rows = connection.execute(_DIGESTS, {"homes": list(household_ids)})
    return {str(home): str(digest) for home, digest in rows}


def load_digested(connection: Connection, household_ids: Collection[str]) -> Iterator[tuple[str, Document]]:
    """The documents of those of these households that are live, each with its own digest, unpacked one by one."""
    rows = connection.execute(_DIGESTED, {"homes": list(household_ids)}).all() if household_ids else ()
    return ((str(digest), _document(content)) for digest, content in rows)


_AMONG: Final = (households.c.household_id.in_(bindparam("homes", expanding=True)), households.c.live)
_DIGESTS: Final = select(households.c.household_id, households.c.digest).where(*_AMONG)
_DIGESTED: Final = select(households.c.digest, households.c.document).where(*_AMONG)


def forward(connection: Connection, household_id: str) -> str | None:
    """The live household in which an id's anchor dossier lives now; None if that is deleted or unknown.

    An id is the hash of its anchor dossier, so each dossier's own hash is kept, and looked up when asked.
    """
    found = connection.scalar(
        select(dossiers.c.household_id)
        .join(households, and_(households.c.household_id == dossiers.c.household_id, households.c.live))
        .where(dossiers.c.own_id == household_id, dossiers.c.household_id != household_id)
    )
    return None if found is None else str(found)


def holding(connection: Connection, dossier: DossierRef) -> Document | None:
    """The live household to which a dossier belongs; None if it is unknown or deleted."""
    query = select(dossiers.c.household_id).where(
        *(dossiers.c[name] == part for name, part in dossier._asdict().items())
    )
    home = connection.scalar(query)
    return None if home is None else load(connection, home)


def carrying(connection: Connection, decision_id: str) -> list[Document]:
    """The live households that carry a decision, by id; the newest version of it stands in at least one of them."""
    query = select(decisions.c.household_id).where(decisions.c.decision_id == decision_id)
    found = (load(connection, home) for home in connection.scalars(query.order_by(decisions.c.household_id)).all())
    return [document for document in found if document is not None]


def decision_version(connection: Connection, decision_id: str) -> int:
    """Newest known version of a decision; 0 if there is none."""
    query = select(func.max(decisions.c.version)).where(decisions.c.decision_id == decision_id)
    return int(connection.scalar(query) or 0)


def count_to_review(connection: Connection) -> int:
    """Emergency accesses that nobody has judged, in all live households."""
    return int(connection.scalar(select(func.count()).where(decisions.c.awaits_review)) or 0)


class Asker(NamedTuple):
    """By what names somebody finds his households (`hub.desk.access.grantees_of`), and when he asks: what statements
    with `HAS_TO_DO` are executed with (`_asdict`)."""

    grantees: Sequence[str]
    at: str


_AT: Final[BindParameter[str]] = bindparam("at")
HAS_TO_DO: Final = (
    reaches.c.grantee.in_(bindparam("grantees", expanding=True)),
    reaches.c.since <= _AT,
    reaches.c.until > _AT,
)
"""What must hold of the rows of who has to do with what."""
REACHED: Final = select(reaches.c.household_id).where(*HAS_TO_DO).distinct()
"""Ids of the households that somebody has to do with."""
_NUMBER_REACHED: Final = select(func.count()).select_from(REACHED.subquery())
_PAGE: Final = (
    select(reaches.c.sort_key, reaches.c.household_id)
    .where(*HAS_TO_DO)
    .distinct()
    .order_by(reaches.c.sort_key, reaches.c.household_id)
    .offset(bindparam("skip"))
    .limit(bindparam("most"))
)


def reached(connection: Connection, asker: Asker, *, limit: int) -> list[str]:
    """Ids of at most so many households that somebody has to do with, sorted."""
    ordered = REACHED.order_by(reaches.c.household_id).limit(limit)
    return list(connection.scalars(ordered, asker._asdict()))


def count(connection: Connection, asker: Asker) -> int:
    """Number of live households that somebody has to do with."""
    return int(connection.scalar(_NUMBER_REACHED, asker._asdict()) or 0)


def page(connection: Connection, asker: Asker, *, skip: int, limit: int) -> list[Document]:
    """Live households that somebody has to do with, in the order of their title."""
    rows = connection.execute(_PAGE, asker._asdict() | {"skip": skip, "most": limit})
    ids = [str(home) for _, home in rows]
    found = load_all(connection, ids)
    return [found[home] for home in ids if home in found]


def every(connection: Connection) -> Iterator[Document]:
    """All live households by id, whoever asks: for checks and proofs, never for an answer to somebody."""
    query = select(households.c.household_id).where(households.c.live).order_by(households.c.household_id)
    ids = list(connection.scalars(query))
    for start in range(0, len(ids), PART):
        yield from load_all(connection, ids[start : start + PART]).values()


def naming(connection: Connection, person_key: str) -> list[Document]:
    """All live households whose document names a person, as a member or otherwise."""
    homes = select(addresses.c.household_id).where(addresses.c.person_key == person_key)
    query = select(households.c.document).where(households.c.household_id.in_(homes), households.c.live)
    return [_document(content) for content in connection.scalars(query.order_by(households.c.household_id))]


def secrets_in(connection: Connection, persons: Collection[str], address_keys: Collection[str]) -> Secrets:
    """Which of these persons have a secret address by any dossier of any household, and which of these addresses any
    dossier states of such a person."""
    rows = connection.execute(_SECRETS, {"persons": list(persons), "keys": list(address_keys)})
    return _secrets_of((kind, key) for kind, key in rows)


class Held(NamedTuple):
    """A live household: its document, what in that is secret (as `secrets_in`), and what was worked out of it."""

    document: Document
    secrets: Secrets
    kept: Kept


def held(connection: Connection, household_id: str) -> Held | None:
    """All that is held of a live household; None as `load`. In one statement, which sees one moment: what is secret is
    found by its id, and what was worked out is of this very document, or has no stamp."""
    rows = connection.execute(_HELD, {"home": household_id}).all()
    found = next((row for row in rows if row.document is not None), None)
    if found is None:
        return None
    kept = Kept(found.stamp, unpacked(found.worked_out)) if found.stamp else Kept()
    return Held(_document(found.document), _secrets_of((kind, key) for kind, key, *_ in rows), kept)


def _secrets_of(found: Iterable[tuple[str, str]]) -> Secrets:
    """Out of rows of their kind and their key."""
    rows = set(found)
    return Secrets(*(frozenset(key for kind, key in rows if kind == wanted) for wanted in (_PERSON, _ADDRESS)))


_PERSON, _ADDRESS = "person", "address"


def _secrets(named: ColumnElement[bool], stated: ColumnElement[bool]) -> tuple[Select[str, str], Select[str, str]]:
    """Of the persons that are named those with a secret address, and of the addresses that are stated those of any such
    person: by all households."""
    said = addresses.alias("said")
    whose = select(said.c.person_key).where(said.c.person_key == addresses.c.person_key, said.c.secret)
    of_persons = select(literal(_PERSON), addresses.c.person_key).where(named, addresses.c.secret)
    return of_persons, select(literal(_ADDRESS), addresses.c.address_key).where(stated, whose.exists())


def _held() -> CompoundSelect[Any]:
    own = addresses.alias("own")
    persons, keys = (
        select(column).where(own.c.household_id == _HOME, column != "")
        for column in (own.c.person_key, own.c.address_key)
    )
    secrets = _secrets(addresses.c.person_key.in_(persons), addresses.c.address_key.in_(keys))
    of_itself = (households.c.document, cases.c.stamp, cases.c.worked_out)
    beside = households.outerjoin(cases, cases.c.household_id == households.c.household_id)
    document = select(literal(""), literal(""), *of_itself).select_from(beside).where(*_LIVE)
    return union_all(document, *(of_kind.add_columns(null(), null(), null()) for of_kind in secrets))


_SECRETS: Final = union(
    *_secrets(
        addresses.c.person_key.in_(bindparam("persons", expanding=True)),
        addresses.c.address_key.in_(bindparam("keys", expanding=True)),
    )
)
_HELD: Final = _held()


def source_statuses(connection: Connection) -> list[dict[str, Any]]:
    """Last heartbeat of each source, sorted by source; keys as in hub.source_status, times ISO 8601."""
    return [orjson.loads(text) for text in connection.scalars(_STATUSES)]


_STATUSES: Final = select(sources.c.status).order_by(sources.c.source)


def next_offsets(connection: Connection) -> dict[tuple[str, int], tuple[str | None, int]]:
    """(topic, partition) -> (topic id, next offset to read)."""
    rows = connection.execute(select(offsets.c.topic, offsets.c.partition, offsets.c.topic_id, offsets.c.next_offset))
    return {(str(topic), int(partition)): (topic_id, int(offset)) for topic, partition, topic_id, offset in rows}


def replace_row(connection: Connection, table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> None:
    """Update the row with this key or insert it. There is only one writer: nothing comes in between."""
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(table.update().where(*where).values(**values)).rowcount == 0:
        connection.execute(table.insert().values(**key, **values))


def sort_key(title: str) -> str:
    """As Dutch lists sort: "de Vries" stands under V."""
    words = title.split()
    while len(words) > 1 and words[0].islower():
        words.pop(0)
    return " ".join(words).casefold()


def packed(content: bytes) -> bytes:
    """The JSON of a document as it stands in its row: a fifth of it, for a tenth of a millisecond."""
    return zlib.compress(content, 1)


def unpacked(content: bytes) -> bytes:
    """The JSON of a document as it was packed."""
    return zlib.decompress(content)


def _document(content: bytes) -> Document:
    return cast(Document, orjson.loads(unpacked(content)))
