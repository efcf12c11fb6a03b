"""A read model of a whole municipality, made cheaply: the households of a small synthetic town as the real projector
writes them, and copies of their rows under other ids, with other workers, and other teams for every few copies."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from mmap import PAGESIZE, PROT_READ, mmap
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Engine, Table, insert, select

from bench.stages import Memory, lists
from bench.whole_job.input import make_input
from hub.desk import readmodel
from hub.desk.access import Actor, Role, grantees_of
from hub.desk.projector import Consumed, apply_views
from hub.desk.tables import (
    BY_HOUSEHOLD,
    addresses,
    case_people,
    case_teams,
    cases,
    dossiers,
    households,
    member_words,
    members,
    reaches,
)
from hub.events.codec import decode, encode
from hub.events.topics import VIEWS
from hub.household import document
from hub.stream.assemble import Assemble
from hub.stream.resolve import Resolve
from hub.stream.route import Route
from hub.stream.stage import Output

_SEED: Final = 7
_COPIES_PER_TEAM: Final = 10
"""A neighbourhood team then has some hundreds of households."""
_AT_ONCE: Final = 500
TABLES: Final = (households, members, member_words, addresses, dossiers, reaches, *BY_HOUSEHOLD)
"""What is copied. Not `blocking_keys`: who may be the same person is asked by none of these reads."""
_PACKED: Final = (
    (households.name, households.c.keys().index("document")),
    (cases.name, cases.c.keys().index("worked_out")),
)
_DIGEST: Final = households.c.keys().index("digest")
_READ_ALL: Final = """
    SELECT pg_prewarm(oid::regclass) FROM pg_class
    WHERE relkind IN ('r', 'i', 't') AND relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)
"""
_ID: Final = re.compile(r"(H[0-9a-f]{20}|[pua][0-9a-f]{32})")


class Worker(NamedTuple):
    """Somebody who directs a household, and the id of one of his."""

    actor: Actor
    household_id: str


def published(homes: int) -> list[Consumed]:
    """The last view of every household of a town, as the stream publishes them."""
    written = [Output(*message[:3]) for message in make_input(homes, _SEED).messages]
    for stage in (Resolve(), Route()):
        states: dict[int, Memory] = {}
        for topic, partition, records in lists(written, stage.inputs):
            written += stage.handle(states.setdefault(partition, Memory()), topic, records)
    last, views = Assemble(), dict[int, Memory]()
    for topic, partition, records in lists(written, last.inputs):
        last.handle(views.setdefault(partition, Memory()), topic, records)
    found = [item for memory in views.values() for item in memory.items()]
    return [Consumed(VIEWS, 0, number, key, value) for number, (key, value) in enumerate(found)]


def changes(views: Sequence[Consumed], rng: random.Random) -> Iterator[Consumed]:
    """Without end: each household that is shown, in turn, with another one of its records left out than before; so
    each of them is a change of what somebody sees. Nothing if no view has a record."""
    decoded = ((item, decode(item.value)) for item in views)
    alive = [(item, found) for item, found in decoded if found.value["entries"] and document.build(found.value)]
    for left_out in count() if alive else ():
        for item, found in rng.sample(alive, len(alive)):
            entries = found.value["entries"]
            place = left_out % (len(entries) + 1)
            fewer = {**found.value, "entries": entries[:place] + entries[place + 1 :]}
            yield item._replace(value=encode(found.subject, fewer))


def fill(engine: Engine, views: Sequence[Consumed], wanted: int) -> None:
    """Write these households and copies of them until there are so many."""
    with engine.begin() as connection:
        apply_views(connection, [(item.key, item.value) for item in views])
    templates = list(_templates(engine))
    numbered = ((copy, template) for copy in range(1, wanted) for template in templates)
    left = islice(numbered, max(0, wanted - len(templates)))
    while part := [template.copy(number) for number, template in islice(left, _AT_ONCE)]:
        for table in TABLES:
            _insert(engine, table, [row for rows in part for row in rows[table.name]])
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")  # not meanwhile, of so much that came at once
            connection.exec_driver_sql("CHECKPOINT")


@contextmanager
def in_memory(engine: Engine) -> Iterator[None]:
    """All of it is in memory meanwhile, as on a machine that has memory for it and has run for a while: what was just
    written is not, where the system lets go of what nobody reads for a minute."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            connection.exec_driver_sql(_READ_ALL)
        yield
        return
    with Path(str(engine.url.database)).open("rb") as file, mmap(file.fileno(), 0, prot=PROT_READ) as mapped:
        sum(mapped[place] for place in range(0, len(mapped), PAGESIZE))
        yield


class _Template(NamedTuple):
    """All rows of a household as one text, cut where something is another in every copy."""

    parts: list[str]
    changed: Mapping[str, Callable[[int], str]]

    def copy(self, number: int) -> dict[str, list[list[Any]]]:
        """The rows of a copy, by table."""
        text = "".join(self._of(part, number) if index % 2 else part for index, part in enumerate(self.parts))
        found: dict[str, list[list[Any]]] = orjson.loads(text)
        for table, place in _PACKED:
            for row in found[table]:
                row[place] = readmodel.packed(row[place].encode())
        return found

    def _of(self, part: str, number: int) -> str:
        change = self.changed.get(part)
        return change(number) if change else f"{part[0]}{number:06x}{part[7:]}"


def _templates(engine: Engine) -> Iterator[_Template]:
    rows: dict[str, dict[str, list[list[Any]]]] = {}
    with engine.connect() as connection:
        for table in TABLES:
            for row in connection.execute(select(table)):
                of_home = rows.setdefault(row.household_id, {str(item.name): [] for item in TABLES})
                plain = [readmodel.unpacked(value).decode() if isinstance(value, bytes) else value for value in row]
                of_home[str(table.name)].append(plain)
    for found in rows.values():
        if found["cases"]:
            yield _template(found)


def _template(rows: Mapping[str, list[list[Any]]]) -> _Template:
    text = orjson.dumps(rows).decode()
    changed: dict[str, Callable[[int], str]] = {}
    for dossier in {str(row[1]) for row in rows["dossiers"]}:
        changed[dossier] = partial("{}.{}".format, dossier)
    for team in {str(row[1]) for row in rows["case_teams"]}:
        changed |= _renamed(team, " ", _team)
    digest = str(rows["households"][0][_DIGEST])
    changed[digest] = lambda number: f"{number:06x}{digest[6:]}"  # by which lines are remembered: each has its own
    for staff in set(re.findall(r'\\"staff\\":\\"(\w+)\\"', text)):
        changed |= _renamed(staff, "0", _staff)
    known = "|".join(re.escape(item) for item in sorted(changed, key=len, reverse=True))
    return _Template(re.split(f"({known}|{_ID.pattern[1:-1]})" if known else _ID, text), changed)


def _renamed(name: str, mark: str, grantee: Callable[[str], str]) -> dict[str, Callable[[int], str]]:
    """A name of every few copies, and the hash under which its households are found."""

    def renamed(number: int) -> str:
        return f"{name}{mark}{number // _COPIES_PER_TEAM}"

    return {name: renamed, grantee(name): lambda number: grantee(renamed(number))}


def _team(name: str) -> str:
    return grantees_of(Actor("", Role.CASE_DIRECTOR, teams=(name,)))[-1]


def _staff(number: str) -> str:
    return grantees_of(Actor("", Role.CASE_DIRECTOR, staff=number))[-1]


def _insert(engine: Engine, table: Table, rows: list[list[Any]]) -> None:
    """By the driver's quickest way."""
    with engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        if engine.dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({', '.join(table.c.keys())}) FROM STDIN") as copying:
                for row in rows:
                    copying.write_row(row)
        else:
            cursor.executemany(str(insert(table).compile(dialect=engine.dialect)), rows)


def workers(engine: Engine, number: int) -> list[Worker]:
    """Directors of households all over the municipality, each with his team."""
    people, teams = case_people, case_teams
    query = (
        select(people.c.household_id, people.c.who, teams.c.team)
        .join(teams, teams.c.household_id == people.c.household_id)
        .where(people.c.who.startswith("staff:"))
        .order_by(people.c.household_id)
    )
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return [_worker(*row) for row in found[:: max(1, len(found) // number)]]


def _worker(household_id: str, who: str, team: str) -> Worker:
    unit, staff = ("youth" if "jeugd" in team else "adult"), who.removeprefix("staff:")
    return Worker(Actor(staff, Role.CASE_DIRECTOR, unit=unit, teams=(team,), staff=staff), household_id)
