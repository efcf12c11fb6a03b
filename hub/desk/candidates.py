"""Who may be the same person, found by index: of a household's persons, all pairs of which one is unconfirmed.

Two persons who each have a valid BSN are never a pair: with one number they are one person already, with two they are
two. Nothing is linked here; who may see a pair is decided in `hub.desk.reading`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, product
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from hub.desk import digest, readmodel
from hub.desk.digest import OpenAddress
from hub.desk.matching import blocking
from hub.desk.matching.blocking import LARGEST
from hub.desk.matching.prepared import Prepared, prepare
from hub.desk.matching.record import Address, Name, Record
from hub.desk.matching.score import SHOWN, Score, score
from hub.desk.tables import blocking_keys
from hub.events.decisions import Kind
from hub.household.document_shape import DecidedLine, DecisionEntry, Document, Person, SourceRef, StatedValue
from hub.household.rulings import Effect

PER_PERSON: Final = 5
"""Most candidates of one person: who sees more is no longer choosing, but searching."""
_ONE_LINE: Final = re.compile(
    r"(?P<street>.*?) ?\b(?P<number>\d+)(?: (?P<suffix>[^1-9,][^,]*))?,"
    r" (?P<postcode>\d{4} ?[A-Za-z]{2})\b ?(?P<city>.*)"
)
"""An address as `hub.events.sensitive.Address.one_line` writes it. A suffix of digits begins with 0 (12 02), so that
in *Plein 1940 7* the 7 is the number."""


class Side(NamedTuple):
    """One person of a pair, in the household that names him. `place`: members, references, history or contested."""

    household: Document
    place: str
    person: Person


class Candidate(NamedTuple):
    """A pair that may be one person: `one` of the household that was asked about, `other` from anywhere."""

    one: Side
    other: Side
    score: Score


LineKey = tuple[str, str, str]
"""(source, dossier, line)."""


class _Place(NamedTuple):
    """Somebody by where he stands: the number in his household's list of all persons."""

    household_id: str
    number: int


def keys(person: Person) -> set[int]:
    """What the read model finds this person by. The address takes part as its hash alone: here no seal is opened."""
    return {_hashed(key) for key in blocking.keys(prepare(record(person)))}


def _hashed(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def record(person: Person, open_address: OpenAddress = lambda _: None) -> Record:
    """What there is to compare by."""

    def stated(name: str) -> tuple[str, ...]:
        return tuple(str(item["value"]) for item in person["fields"][name]["values"])

    return Record(
        names=tuple(Name(item["given_name"], item["prefix"], item["family_name"]) for item in person["names"]),
        birth_dates=stated("birth_date"),
        genders=stated("gender"),
        addresses=tuple(_address(item, open_address) for item in person["fields"]["address"]["values"]),
        dossiers=tuple(f"{ref['source']}/{ref['dossier_id']}" for ref in person["source_refs"]),
    )


def _address(stated: StatedValue, open_address: OpenAddress) -> Address:
    sealed = stated["value"]
    if isinstance(sealed, str) or not sealed["key"]:  # withheld
        return Address()
    written = _ONE_LINE.fullmatch(open_address(sealed["sealed"]) or "")
    return Address(sealed["key"], **written.groupdict()) if written else Address(sealed["key"])


Withhold = Callable[[Sequence[Document]], list[Document]]
"""The same documents, in their order and with the same persons, without what may not even be compared."""


def find(
    connection: Connection, document: Document, open_address: OpenAddress, withheld: Withhold = list
) -> list[Candidate]:
    """The pairs of a household, the likeliest first; none below SHOWN, and at most PER_PERSON of one of its persons.

    Nobody is shown on whom somebody has decided already."""
    home = document["household_id"]
    people = digest.persons(document)
    meetings = {_Place(home, number): places for number, places in _meeting(connection, people).items()}
    elsewhere = {place.household_id for places in meetings.values() for place in places} - {home}
    households = readmodel.load_all(connection, sorted(elsewhere)) | {home: document}
    sides = {place: side for item in withheld(list(households.values())) for place, side in _sides(item)}
    decided, persons = _decided(document), _decided_persons(document)
    found = list(_scored(meetings, sides, open_address))
    settled = persons | {_pair(item) for item in found if decided & _lines(item)}
    return _chosen(item for item in found if _pair(item) not in settled)


def _about_persons(document: Document) -> Iterator[DecisionEntry]:
    """What somebody said of two lines: that they are one person, or that they are not."""
    standing = (item for item in document["decisions"] if item["effect"] != Effect.WITHDRAWN)
    return (item for item in standing if item["kind"] in (Kind.SAME_PERSON, Kind.DIFFERENT_PERSON))


def _decided(document: Document) -> set[frozenset[LineKey]]:
    """The pairs of lines that were decided on."""
    return {frozenset(_line(line) for line in item["lines"]) for item in _about_persons(document)}


def _decided_persons(document: Document) -> set[frozenset[str]]:
    """The pairs of persons who are meant by them: a line may have got another number since."""
    return {
        frozenset(line["person_key"] or line["stated_key"] for line in item["lines"])
        for item in _about_persons(document)
    }


def _lines(candidate: Candidate) -> set[frozenset[LineKey]]:
    both = (map(_line, side.person["source_refs"]) for side in (candidate.one, candidate.other))
    return {frozenset(pair) for pair in product(*both)}


def _line(item: SourceRef | DecidedLine) -> LineKey:
    return item["source"], item["dossier_id"], item["line"]


def _sides(document: Document) -> Iterator[tuple[_Place, Side]]:
    for number, (place, person) in enumerate(digest.places(document)):
        yield _Place(document["household_id"], number), Side(document, place, person)


def _meeting(connection: Connection, people: Sequence[Person]) -> dict[int, set[_Place]]:
    """By number of the own person: who shares a key with him, where one of both is unconfirmed."""
    owners: dict[int, list[int]] = defaultdict(list)
    for number, person in enumerate(people):
        for key in keys(person):
            owners[key].append(number)
    found: dict[int, set[_Place]] = defaultdict(set)
    for key, household_id, number, confirmed in _rows(connection, owners):
        for mine in owners[key]:
            if not (confirmed and people[mine]["confirmed"]):
                found[mine].add(_Place(household_id, number))
    return found


def _rows(connection: Connection, wanted: Iterable[int]) -> Iterator[tuple[int, str, int, bool]]:
    """Rows of the index with these keys, but for keys that fit too many."""
    table = blocking_keys.c
    left = iter(wanted)
    while part := list(islice(left, readmodel.PART)):
        few = select(table.key).where(table.key.in_(part)).group_by(table.key).having(func.count() <= LARGEST)
        query = select(table.key, table.household_id, table.person, table.confirmed).where(table.key.in_(few))
        yield from (tuple(row) for row in connection.execute(query))


def _scored(
    meetings: Mapping[_Place, Collection[_Place]], sides: Mapping[_Place, Side], open_address: OpenAddress
) -> Iterator[Candidate]:
    """Everything is decided by the documents: an index row may be older or newer than the document it leads to."""

    @cache
    def ready(place: _Place) -> Prepared:
        return prepare(record(sides[place].person, open_address))

    for mine, places in meetings.items():
        for theirs in places:
            seen_from_there = theirs < mine and mine in meetings.get(theirs, ())
            if theirs in sides and not seen_from_there and _may_be_one(sides[mine].person, sides[theirs].person):
                yield Candidate(sides[mine], sides[theirs], score(ready(mine), ready(theirs)))


def _may_be_one(one: Person, other: Person) -> bool:
    return one["person_key"] != other["person_key"] and not (one["confirmed"] and other["confirmed"])


def _chosen(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each pair of persons once, from where it is likeliest."""
    chosen: dict[frozenset[str], Candidate] = {}
    per_person: Counter[str] = Counter()
    for item in sorted(candidates, key=_rank):
        mine, pair = item.one.person["person_key"], _pair(item)
        if item.score.bits >= SHOWN and pair not in chosen and per_person[mine] < PER_PERSON:
            chosen[pair] = item
            per_person[mine] += 1
    return list(chosen.values())


def _pair(candidate: Candidate) -> frozenset[str]:
    return frozenset({candidate.one.person["person_key"], candidate.other.person["person_key"]})


def _rank(candidate: Candidate) -> tuple[float, list[bool], str, str, str]:
    """The likeliest first; of one person in two households the one where he lives."""
    one, other = candidate.one, candidate.other
    elsewhere = [side.place != "members" for side in (other, one)]
    keys = one.person["person_key"], other.person["person_key"]
    return -candidate.score.bits, elsewhere, *keys, other.household["household_id"]
