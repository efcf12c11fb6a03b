"""Finds households by a member, an address or a dossier number, out of an index. Nobody finds anything by what he may
not see (`fits`).

The index holds what the documents say and no more: words of names folded, days of birth, keyed hashes of addresses. A
street is in no index: addresses are sealed, and here no seal is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, and_, func, select

from hub.desk import readmodel
from hub.desk.matching.names import PREFIXES, fold
from hub.desk.readmodel import Asker
from hub.desk.tables import WORD_LENGTH, addresses, dossiers, member_words, members, reaches
from hub.household.document_shape import Document, Person

_LAST: Final = "\U0010ffff"
"""After every word that begins with another, as texts compare by code point."""


class Search(NamedTuple):
    """What to look for; all that is given must hold of one member (the dossier number: of the household). `name`: words
    with which names begin, in any order; `birth_date`: ISO; `address_key`: the hash of where he lives."""

    name: str | None = None
    birth_date: str | None = None
    dossier_id: str | None = None
    person_key: str | None = None
    address_key: str | None = None


class Found(NamedTuple):
    """What a search found for somebody. `hidden`: how many more there are, which he may not see."""

    households: list[Document]
    hidden: int


class _Word(NamedTuple):
    """What must be among a member's words. `begins`: or begin one of them."""

    text: str
    begins: bool

    def holds(self, word: str) -> bool:
        """Whether a word is such."""
        return word.startswith(self.text) if self.begins else word == self.text

    def of(self, word: ColumnElement[str]) -> ColumnElement[bool]:
        """The same of a row of the index."""
        return and_(word >= self.text, word < self.text + _LAST) if self.begins else word == self.text


def words_of(person: Person) -> set[str]:
    """By what words somebody is found: of his names as any source writes them, and his days of birth."""
    names = {word for item in person["fields"]["name"]["values"] for word in fold(str(item["value"])).split()}
    return {word[:WORD_LENGTH] for word in names} | {
        _born(str(item["value"])) for item in person["fields"]["birth_date"]["values"]
    }


def _born(day: str) -> str:
    """A folded name never begins so."""
    return f"={day}"[:WORD_LENGTH]


def fits(document: Document, wanted: Search) -> bool:
    """Whether a household as somebody sees it shows a member such as he looks for."""
    return _says_anything(wanted) and any(_is_wanted(member, document, wanted) for member in document["members"])


def _says_anything(wanted: Search) -> bool:
    """A name of which no letter is left is nobody's."""
    return any(wanted) and (wanted.name is None or bool(fold(wanted.name)))


def _is_wanted(member: Person, document: Document, wanted: Search) -> bool:
    words = words_of(member)
    return (
        wanted.person_key in (None, member["person_key"])
        and wanted.address_key in (None, *_address_keys(member, document))
        and all(any(map(item.holds, words)) for item in _words(wanted))
    )


def _address_keys(member: Person, document: Document) -> Iterator[str]:
    """Of what he states and of the dossiers that name him, as in the table of addresses."""
    named_in = {(ref["source"], ref["dossier_id"]) for ref in member["source_refs"]}
    of_dossiers = [it["address"] for it in document["dossiers"] if (it["source"], it["dossier_id"]) in named_in]
    for address in (*(item["value"] for item in member["fields"]["address"]["values"]), *of_dossiers):
        if isinstance(address, dict) and address["key"]:
            yield address["key"]


def _words(wanted: Search) -> list[_Word]:
    """The one that few people have comes first: by it the index is read."""
    names = sorted(set(fold(wanted.name or "").split()), key=lambda word: (word in PREFIXES, -len(word), word))
    born = [_Word(_born(wanted.birth_date), begins=False)] if wanted.birth_date else []
    return born + [_Word(word[:WORD_LENGTH], begins=True) for word in names]


def search(connection: Connection, wanted: Search, asker: Asker, *, limit: int, hidden: int) -> Found:
    """At most `limit` live households that fit all that is given and that somebody has to do with, and how many others
    fit, counted up to `hidden`; none for an empty search, or a name of which no letter is left. A secret address is
    found by those alone who have to do with the household: whether they may is asked of what is found. Of an address
    together with anything else no others are counted: that would tell where somebody lives."""
    if not _says_anything(wanted):
        return Found([], 0)
    homes = _own(connection, wanted, asker, limit)
    documents = readmodel.load_all(connection, homes)
    return Found([documents[home] for home in homes if home in documents], _hidden(connection, wanted, asker, hidden))


def is_secret(connection: Connection, address_key: str | None) -> bool:
    """Whether an address is one that any dossier of any household states of somebody in hiding."""
    return address_key is not None and bool(readmodel.secrets_in(connection, (), (address_key,)).addresses)


def _own(connection: Connection, wanted: Search, asker: Asker, limit: int) -> list[str]:
    """Of the households that somebody has to do with, which are few, each is looked at."""
    own = select(reaches.c.sort_key, reaches.c.household_id).where(*readmodel.HAS_TO_DO).distinct()
    fitting = own.where(*_conditions(wanted, reaches.c.household_id))
    ordered = fitting.order_by(reaches.c.sort_key, reaches.c.household_id).limit(limit)
    return [str(home) for _, home in connection.execute(ordered, asker._asdict())]


def _hidden(connection: Connection, wanted: Search, asker: Asker, most: int) -> int:
    """Of all others the first few that the index gives: it is read from its rarest entry on, and no further."""
    if is_secret(connection, wanted.address_key) or _asks_where_somebody_lives(wanted):
        return 0
    table, rarest = _rarest(wanted)
    home = table.c.household_id
    own = select(reaches.c.household_id).where(reaches.c.household_id == home, *readmodel.HAS_TO_DO)
    # words are of members alone: of who was found by one, not of everybody in his household, is asked what else fits
    fitting = _of_member(wanted, table) if table is member_words else _conditions(wanted, home)
    query = select(home).where(rarest, *fitting, ~own.exists()).limit(most)
    found: set[str] = set()
    while len(found) < most:
        rows = set(connection.scalars(query.where(home.not_in(found)), asker._asdict()))
        found |= rows
        if len(rows) == 0:
            break
    return min(len(found), most)


def _asks_where_somebody_lives(wanted: Search) -> bool:
    """Whether a hidden household that fits would say of somebody that this is his address."""
    return wanted.address_key is not None and _says_anything(wanted._replace(address_key=None))


def _rarest(wanted: Search) -> tuple[Table, ColumnElement[bool]]:
    """The table in which to look first, and for what."""
    if wanted.person_key:
        return members, members.c.person_key == wanted.person_key
    if wanted.dossier_id:
        return dossiers, _is_number(dossiers.c.dossier_id, wanted.dossier_id)
    if wanted.address_key:
        return addresses, addresses.c.address_key == wanted.address_key
    return member_words, _words(wanted)[0].of(member_words.c.word)


def _is_number(column: ColumnElement[str], dossier_id: str) -> ColumnElement[bool]:
    return func.lower(column) == dossier_id.lower()


def _conditions(wanted: Search, home: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    """What must hold of a household."""
    member, numbered = members.alias(), dossiers.alias()
    if wanted.dossier_id:
        number = _is_number(numbered.c.dossier_id, wanted.dossier_id)
        yield select(numbered.c.household_id).where(numbered.c.household_id == home, number).exists()
    person = list(_of_member(wanted, member))
    if person:
        yield select(member.c.person_key).where(member.c.household_id == home, *person).exists()


def _of_member(wanted: Search, member: FromClause) -> Iterator[ColumnElement[bool]]:
    if wanted.person_key:
        yield member.c.person_key == wanted.person_key
    if wanted.address_key:
        lives = addresses.alias()
        yield _of_same(lives, member).where(lives.c.address_key == wanted.address_key).exists()
    for word in _words(wanted):
        known = member_words.alias()
        yield _of_same(known, member).where(word.of(known.c.word)).exists()


def _of_same(rows: FromClause, member: FromClause) -> Select[str]:
    """Rows of another table about the same member."""
    same = rows.c.household_id == member.c.household_id, rows.c.person_key == member.c.person_key
    return select(rows.c.person_key).where(*same)
