"""Writes the lines of the list: of households that changed, at once or a little later, and of all when the day has
changed. One writer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Final

import orjson
from sqlalchemy import Connection, Engine, Table, or_, select, update

from hub.desk import readmodel, worked_out
from hub.desk.caseload.asked import of_teams
from hub.desk.caseload.case import Case, Urgency, people_of, said_rules, teams_of
from hub.desk.caseload.told import to_anybody, told_of
from hub.desk.insight import Whole
from hub.desk.rows import Row, mark, replace_rows
from hub.desk.tables import BY_HOUSEHOLD, TEAM_SIGNS, cases
from hub.household.attention.terms import Terms
from hub.household.days import TIME_ZONE
from hub.household.document_shape import Document
from hub.household.prices import Prices

REFRESHED: Final = 100
"""Lines per transaction: a quarter of a second or so, in which nothing else is written."""


@dataclass(frozen=True)
class Attending:
    """On what lines depend beside their household: the day, the municipality's terms and prices, and the version."""

    terms: Terms = field(default_factory=Terms)
    prices: Prices = field(default_factory=Prices)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def today(self) -> date:
        """Today in the Netherlands."""
        return self.now().astimezone(TIME_ZONE).date()

    def stamp_of(self, day: date) -> str:
        """What a line of a day is stamped with: the very day that it was worked out for."""
        return f"{day.isoformat()} {self._version_and_settings}"

    @cached_property
    def _version_and_settings(self) -> str:
        """A version may have other rules, or keep something in another shape."""
        settings = self.terms.model_dump_json(), self.prices.model_dump_json()
        return mark([version("regiehub"), worked_out.shape(), *settings])


_OWED: Final = ""
"""The stamp of a line whose household has changed since."""
Lines = Mapping[str, Mapping[str, Sequence[Row]]]
"""Of each household its rows, by the name of the table; none of one that is not shown."""


def lines_of(documents: Mapping[str, Document | None], attending: Attending) -> Lines:
    """What must stand in the list of these households; None: it is not shown. Takes longer than to write it."""
    today = attending.today
    return {
        home: _by_table(document, attending, today) if document is not None else {}
        for home, document in documents.items()
    }


def postpone(connection: Connection, homes: Collection[str]) -> None:
    """Have `refresh` write the lines of these households again, which stand as they were until then."""
    if homes:
        connection.execute(update(cases).where(cases.c.household_id.in_(homes)).values(stamp=_OWED))


def write(connection: Connection, lines: Lines) -> None:
    """Write the lines of these households, whatever stood there."""
    known = select(cases.c.household_id, cases.c.written).where(cases.c.household_id.in_(lines))
    stood = {str(home): str(marks).split() for home, marks in connection.execute(known)}
    marks = {home: [mark(rows.get(table.name, ())) for table in _BESIDE] for home, rows in lines.items()}
    for number, table in enumerate(_BESIDE):
        others = [home for home in lines if home not in stood or stood[home][number] != marks[home][number]]
        _write(connection, table, {home: lines[home].get(table.name, ()) for home in others})
    marked = {home: " ".join(each) for home, each in marks.items()}
    rows = {home: [{**row, "written": marked[home]} for row in of.get("cases", ())] for home, of in lines.items()}
    _write(connection, cases, rows)


_BESIDE: Final = tuple(table for table in BY_HOUSEHOLD if table is not cases)
"""What is made of a household beside its line, which keeps the marks of it: one each, in this order."""


def _write(connection: Connection, table: Table, rows: Mapping[str, Sequence[Row]]) -> None:
    placed = [{"household_id": home, **row} for home, of_home in rows.items() for row in of_home]
    replace_rows(connection, table, rows.keys(), placed)


def _by_table(document: Document, attending: Attending, today: date) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for name, row in _rows(document, attending, today):
        rows.setdefault(name, []).append(row)
    return rows


def _rows(document: Document, attending: Attending, today: date) -> Iterator[tuple[str, Row]]:
    """Of one household, each with its table."""
    whole = Whole(document, today, attending.terms)
    anybody = to_anybody(whole)
    kept = {"stamp": attending.stamp_of(today), "worked_out": readmodel.packed(worked_out.as_json(whole.worked_out))}
    yield "cases", {**_row(anybody, _changed_at(whole.seen_by_anybody)), **kept}
    yield from (("case_people", {"who": who[:220]}) for who in people_of(whole.directions))
    yield from (("case_teams", part._asdict()) for part in teams_of(document, whole.points))
    yield from (("case_requests", row) for row in _request_rows(whole, attending.prices))
    for told in told_of(whole):
        if told.urgency != anybody.urgency:
            to = {"grantee": told.grantee, "unit": told.unit, "dossiers": told.dossiers}
            yield "case_sights", {**to, **_pressing(told.urgency)}


def _pressing(urgency: Urgency) -> dict[str, object]:
    """By what lists are sorted and narrowed. A day that is not known comes last."""
    days = {"due": urgency.due or "9999-12-31", "since": urgency.since or "9999-12-31"}
    return {"rank": urgency.rank, "points": urgency.points, **days, "rules": said_rules(urgency.rules)}


def _request_rows(whole: Whole, prices: Prices) -> Iterator[dict[str, object]]:
    found = of_teams(whole, prices)
    for number, (team, unit, asked) in enumerate(found):
        said = orjson.dumps(asked).decode()
        yield {"number": number, "team": team[:TEAM_SIGNS], "unit": unit, "asked": said}


def refresh(engine: Engine, attending: Attending, *, limit: int = REFRESHED) -> int:
    """Write lines again that are of another day, other terms or another version, or were postponed. Returns how many;
    fewer than `limit`: no more."""
    stamp = attending.stamp_of(attending.today)
    with engine.begin() as connection:
        other = or_(cases.c.stamp < stamp, cases.c.stamp > stamp)  # not `!=`, for which no index is used
        query = select(cases.c.household_id).where(other).order_by(cases.c.stamp).limit(limit)
        stale = [str(home) for home in connection.scalars(query)]
        if stale:
            found = readmodel.load_all(connection, stale)
            write(connection, lines_of({home: found.get(home) for home in stale}, attending))
    return len(stale)


def _changed_at(document: Document) -> str:
    """When the newest of it came: of what sources state, and of what people decided, such as an emergency access.
    `document`: as everybody sees it who has to do with the household; what is hidden from some is no news."""
    stated = (item["newest_published_at"] for item in document["freshness"])
    decided = (item["decided_at"] for item in document["decisions"])
    return max((*stated, *decided), default="")


def _row(case: Case, changed_at: str) -> dict[str, object]:
    return {
        **_pressing(case.urgency),
        "sort_key": readmodel.sort_key(case.line["title"]),
        "changed_at": changed_at,
        "line": orjson.dumps({**case.line, "matters": case.line["matters"][:1]}).decode(),
    }
