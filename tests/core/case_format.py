"""Loads the worked cases of tests/core/cases; the format is described in the README there.

The cases are the reading of the household rules that every program that derives households must pass;
this module therefore imports nothing of the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Ref = tuple[str, str, str]
"""One member line: (source, dossier, line)."""
Bsn = Literal["ok", "missing", "invalid"]

CASES = Path(__file__).parent / "cases"
UNKNOWN: Literal["unknown"] = "unknown"
_FIRST_ARRIVAL = datetime(2026, 1, 1, 9, tzinfo=UTC)
_RANGE = re.compile(r"(?P<stem>.+?)-(?P<low>\d+)\.\.(?P<high>\d+)")


@dataclass(frozen=True)
class CaseMember:
    """One line of a dossier. `person` is a token: equal tokens with `bsn` ok share one valid BSN."""

    person: str
    line: str
    bsn: Bsn
    client: bool
    lives_here: bool
    address: str | None
    """A token, "unknown", or None: no address stated, so at the dossier's address."""
    stated_at: datetime | None
    """None: not stated, so the moment at which the dossier's version was recorded."""


@dataclass(frozen=True)
class CaseDossier:
    """One version of a dossier, as it arrives. `deleted`: the source removed the dossier."""

    source: str
    dossier: str
    version: int
    recorded_at: datetime
    deleted: bool
    status: Literal["open", "closed"]
    opened_on: date
    closed_on: date | None
    address: str | None
    """A token, or None: unknown."""
    members: tuple[CaseMember, ...]

    @property
    def kind(self) -> Literal["youth", "adult"]:
        """ZCD holds the youth dossiers, MensCentraal those of the adults."""
        return "youth" if self.source == "zcd" else "adult"


@dataclass(frozen=True)
class CaseLine:
    """A member line as a decision names it. `person`: the token of a person who was known by a valid BSN then."""

    ref: Ref
    person: str | None


@dataclass(frozen=True)
class CaseDecision:
    """One version of a decision, as it arrives. A greater `version` of the same `about` replaces it."""

    kind: str
    version: int
    decided_at: datetime
    withdrawn: bool
    line: CaseLine
    other: CaseLine | None
    doubted: Literal["line", "other"] | None


@dataclass(frozen=True)
class ExpectedHousehold:
    """What every program must derive. All sequences are sorted.

    `members` holds, per member, all lines that name that person in the dossiers of this household. `decisions`: what
    each decision on its dossiers does.
    """

    dossiers: tuple[tuple[str, str], ...]
    anchor: tuple[str, str]
    status: str
    oversized: bool
    members: tuple[tuple[Ref, ...], ...]
    conflicts: tuple[Ref, ...]
    references: tuple[Ref, ...]
    history: tuple[Ref, ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """Dossiers and decisions in (in order of arrival), households out (sorted by dossiers), and why."""

    name: str
    why: str
    arrivals: tuple[CaseDossier, ...]
    decisions: tuple[CaseDecision, ...]
    households: tuple[ExpectedHousehold, ...]

    def current(self) -> tuple[CaseDossier, ...]:
        """The winning version of each dossier: the greatest (version, recorded_at), deleted ones included."""
        latest: dict[tuple[str, str], CaseDossier] = {}
        for arrival in self.arrivals:
            key = (arrival.source, arrival.dossier)
            known = latest.get(key)
            if known is None or (arrival.version, arrival.recorded_at) >= (known.version, known.recorded_at):
                latest[key] = arrival
        return tuple(latest[key] for key in sorted(latest))


@cache
def load_cases() -> tuple[Case, ...]:
    """All worked cases, by file name. Read once: three files of tests ask for them while they are collected."""
    return tuple(load_case(path) for path in sorted(CASES.glob("*.yaml")))


def load_case(path: Path) -> Case:
    """One case. Raises KeyError, TypeError or ValueError for a file that does not follow the format."""
    document = _mapping(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    _only(document, {"why", "arrives", "expect"})
    arrivals: list[CaseDossier] = []
    decisions: list[CaseDecision] = []
    for item in map(_mapping, _items(document["arrives"])):
        if "decision" in item:
            decisions.append(_decision(item, arrivals, len(arrivals) + len(decisions)))
        else:
            arrivals.append(_arrival(item, arrivals, len(arrivals) + len(decisions)))
    refs = _refs_by_token(arrivals)
    expected = [_household(_mapping(item), refs) for item in _items(document["expect"])]
    households = tuple(sorted(expected, key=lambda household: household.dossiers))
    return Case(path.stem, _text(document["why"]), tuple(arrivals), tuple(decisions), households)


def _decision(item: Mapping[str, object], earlier: list[CaseDossier], place: int) -> CaseDecision:
    """The lines are named as the dossiers stand at this place in the file."""
    _only(item, {"decision", "line", "other", "doubted", "withdrawn", "at"})
    doubted = {"line": "line", "other": "other"}.get(str(item.get("doubted")))
    return CaseDecision(
        kind=_text(item["decision"]),
        version=place + 1,
        decided_at=_moment(item.get("at")) or _FIRST_ARRIVAL + timedelta(days=place),
        withdrawn=bool(item.get("withdrawn", False)),
        line=_case_line(item["line"], earlier),
        other=_case_line(item["other"], earlier) if "other" in item else None,
        doubted="line" if doubted == "line" else "other" if doubted else None,
    )


def _case_line(value: object, earlier: list[CaseDossier]) -> CaseLine:
    ref = _ref(_text(value))
    current = [dossier for dossier in earlier if (dossier.source, dossier.dossier) == ref[:2]][-1]
    member = next(member for member in current.members if member.line == ref[2])
    return CaseLine(ref, member.person if member.bsn == "ok" else None)


def _arrival(item: Mapping[str, object], earlier: list[CaseDossier], place: int) -> CaseDossier:
    _only(
        item,
        {"dossier", "version", "recorded_at", "deleted", "status", "opened", "closed", "address", "members"},
    )
    source, dossier = _dossier_id(item["dossier"])
    versions = [known for known in earlier if (known.source, known.dossier) == (source, dossier)]
    version = item.get("version", len(versions) + 1)
    if not isinstance(version, int):
        raise TypeError(f"version: {version!r}")
    deleted = bool(item.get("deleted", False))
    return CaseDossier(
        source=source,
        dossier=dossier,
        version=version,
        recorded_at=_moment(item.get("recorded_at")) or _FIRST_ARRIVAL + timedelta(days=place),
        deleted=deleted,
        status="closed" if item.get("status", "open") == "closed" else "open",
        opened_on=_day(item.get("opened")) or date(2026, 1, 1),
        closed_on=_day(item.get("closed")),
        address=_address(item.get("address")),
        members=() if deleted else tuple(_members(_items(item["members"]))),
    )


def _members(items: list[object]) -> Iterator[CaseMember]:
    line = 0
    for item in items:
        fields = _mapping({"person": item} if isinstance(item, str) else item)
        _only(fields, {"person", "line", "bsn", "client", "lives_here", "address", "stated_at"})
        for token in _spread(_text(fields["person"])):
            line += 1
            yield CaseMember(
                person=token,
                line=str(fields.get("line", line)),
                bsn=_bsn(fields.get("bsn", "ok")),
                client=bool(fields.get("client", False)),
                lives_here=bool(fields.get("lives_here", True)),
                address=_optional_text(fields.get("address")),
                stated_at=_moment(fields.get("stated_at")),
            )


def _household(item: Mapping[str, object], refs: Mapping[str, set[Ref]]) -> ExpectedHousehold:
    _only(
        item,
        {"dossiers", "anchor", "status", "oversized", "members", "conflicts", "references", "history", "decisions"},
    )
    dossiers = tuple(sorted(_dossier_id(entry) for entry in _items(item["dossiers"])))
    tokens = [token for entry in _items(item["members"]) for token in _spread(_text(entry))]
    members = [tuple(sorted(ref for ref in _token_refs(token, refs) if ref[:2] in dossiers)) for token in tokens]
    return ExpectedHousehold(
        dossiers=dossiers,
        anchor=_dossier_id(item["anchor"]),
        status=_text(item.get("status", "open")),
        oversized=bool(item.get("oversized", False)),
        members=tuple(sorted(member for member in members if member)),
        conflicts=_refs(item.get("conflicts", [])),
        references=_refs(item.get("references", [])),
        history=_refs(item.get("history", [])),
        decisions=tuple(sorted(_text(entry) for entry in _items(item.get("decisions", [])))),
    )


def _refs_by_token(arrivals: list[CaseDossier]) -> dict[str, set[Ref]]:
    """Lines per confirmed person in the winning versions; an unconfirmed line is found by its ref only."""
    refs: dict[str, set[Ref]] = {}
    for dossier in Case("", "", tuple(arrivals), (), ()).current():
        for member in dossier.members:
            if member.bsn == "ok":
                refs.setdefault(member.person, set()).add((dossier.source, dossier.dossier, member.line))
    return refs


def _token_refs(token: str, refs: Mapping[str, set[Ref]]) -> set[Ref]:
    if "+" in token:
        return {ref for part in token.split("+") for ref in _token_refs(part.strip(), refs)}
    return {_ref(token)} if "/" in token else refs[token]


def _spread(token: str) -> list[str]:
    """ "adult-1..3" stands for adult-1, adult-2, adult-3."""
    match = _RANGE.fullmatch(token)
    if match is None:
        return [token]
    return [f"{match['stem']}-{number}" for number in range(int(match["low"]), int(match["high"]) + 1)]


def _refs(value: object) -> tuple[Ref, ...]:
    return tuple(sorted(_ref(_text(entry)) for entry in _items(value)))


def _ref(text: str) -> Ref:
    source, dossier, line = text.split("/")
    return source, dossier, line


def _dossier_id(value: object) -> tuple[str, str]:
    source, dossier = _text(value).split("/")
    if source not in {"zcd", "menscentraal"}:
        raise ValueError(f"unknown source: {source}")
    return source, dossier


def _bsn(value: object) -> Bsn:
    known: dict[object, Bsn] = {"ok": "ok", "missing": "missing", "invalid": "invalid"}
    return known[value]


def _address(value: object) -> str | None:
    text = _optional_text(value)
    return None if text == UNKNOWN else text


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _only(item: Mapping[str, object], allowed: set[str]) -> None:
    if unknown := set(item) - allowed:
        raise KeyError(f"not in the case format: {sorted(unknown)}")


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"a mapping is expected: {value!r}")
    return value


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"a list is expected: {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is expected: {value!r}")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)
