"""Household documents made by hand, and what asks for attention in them: for the tests of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from hub.events.ids import DossierRef
from hub.household.attention.point import AttentionPoint, Rule, SourceState, SourceTrouble
from hub.household.attention.points import attention_points
from hub.household.attention.terms import Terms
from hub.household.document_shape import (
    Document,
    Dossier,
    MemberLine,
    Person,
    RecordEntry,
    SourceRef,
    StatedField,
    StatedValue,
)

ZCD = DossierRef("zcd", "Z-1")
MC = DossierRef("menscentraal", "MC-1")
TODAY = date(2026, 3, 10)
RECORDED = "2026-03-01T09:00:00.000000Z"


def dossier(ref: DossierRef = ZCD, opened: str = "2026-03-01", closed: str | None = None, **changed: Any) -> Dossier:
    """A dossier, open unless it says when it was closed."""
    found: dict[str, Any] = {
        "source": ref.source,
        "dossier_id": ref.dossier_id,
        "kind": "youth" if ref.source == "zcd" else "adult",
        "client": "p-noor",
        "status": "closed" if closed else "open",
        "opened_on": opened,
        "closed_on": closed,
        "referred_by": None,
        "received_on": None,
        "first_contact_on": None,
        "team": None,
        "address": None,
        "version": 1,
        "recorded_at": RECORDED,
        "first_published_at": RECORDED,
    }
    made: Dossier = {**found, **changed}  # type: ignore[typeddict-item]  # the keys are those above
    return made


def record(
    record_type: str,
    ref: DossierRef = ZCD,
    record_id: str = "1",
    *,
    recorded: str = RECORDED,
    version: int = 1,
    **body: Any,
) -> RecordEntry:
    """A record with this content."""
    return RecordEntry(
        record_type=record_type,
        source=ref.source,
        dossier_id=ref.dossier_id,
        record_id=record_id,
        version=version,
        revision=0,
        recorded_at=recorded,
        first_published_at=recorded,
        body=body,
    )


def director(name: str = "Kim Bakker", start: str = "2026-03-01", end: str | None = None, **where: Any) -> RecordEntry:
    """Who directs."""
    return record("case_direction", director=name, from_on=start, to_on=end, **where)


def goal(domain: str = "finance", status: str = "open", evaluation: str | None = None, **where: Any) -> RecordEntry:
    """A goal of the plan."""
    return record("goal", life_domain=domain, wording="wens", status=status, evaluation_on=evaluation, **where)


def contact(kind: str, day: str, **where: Any) -> RecordEntry:
    """A contact."""
    return record("contact", kind=kind, held_on=day, **where)


def request(state: str, submitted: str | None, **where: Any) -> RecordEntry:
    """A request for specialist help."""
    return record("support_request", product="Begeleiding", state=state, submitted_on=submitted, **where)


def signal(day: str, *, child_safety: bool = True, **where: Any) -> RecordEntry:
    """A signal."""
    body: dict[str, Any] = {"kind": "zorgmelding", "raised_by": None, "severity": "high"}
    return record("signal", child_safety=child_safety, raised_on=day, **body, **where)


def snooze(
    point: AttentionPoint, until: str, *, decided: str = RECORDED, withdrawn: bool = False, **where: Any
) -> RecordEntry:
    """A decision of a person to put a point off, as it comes along in the document."""
    body: dict[str, Any] = {
        "kind": "snooze",
        "withdrawn": withdrawn,
        "decided_by": "dirk",
        "why": "wacht op het overleg",
    }
    where.setdefault("record_id", f"snooze-{point.point}")
    return record("decision", recorded=decided, rule=point.rule.value, point=point.point, until=until, **body, **where)


def person(key: str = "p-noor", *births: str, confirmed: bool = True, ref: DossierRef = ZCD) -> Person:
    """A member, with the birth dates that sources state."""
    empty = StatedField(values=[], differs=False)
    values = [StatedValue(value=born, source="zcd", dossier_id="Z-1", stated_at=RECORDED) for born in births]
    return Person(
        person_key=key,
        confirmed=confirmed,
        unconfirmed_reason=None if confirmed else "bsn_missing",
        address_secret=False,
        source_refs=[SourceRef(source=ref.source, dossier_id=ref.dossier_id, line="1")],
        roles=["child"],
        names=[],
        fields={
            "name": empty,
            "birth_date": StatedField(values=values, differs=len(values) > 1),
            "gender": empty,
            "address": empty,
        },
    )


def line(person_key: str, ref: DossierRef = ZCD) -> MemberLine:
    """A line of a dossier that names somebody."""
    return MemberLine(
        source=ref.source,
        dossier_id=ref.dossier_id,
        line=person_key,
        person_key=person_key,
        stated_key=person_key,
        confirmed=True,
    )


def household(
    dossiers: Sequence[Dossier] = (), records: Iterable[RecordEntry] = (), members: Iterable[Person] = ()
) -> Document:
    """A document; one open youth dossier if none is given."""
    return Document(
        household_id="H1",
        label=1,
        status="open",
        oversized=False,
        title="",
        dossiers=list(dossiers) or [dossier()],
        message_dossiers=[],
        members=list(members),
        references=[],
        history=[],
        contested=[],
        conflicts=[],
        lines=[],
        access=[],
        decisions=[],
        links=[],
        apart=[],
        records=list(records),
        freshness=[],
    )


def found(
    rule: Rule,
    document: Document,
    today: str | date = TODAY,
    *,
    terms: Terms | None = None,
    sources: Sequence[SourceState] = (),
) -> list[AttentionPoint]:
    """The points of one rule."""
    day = date.fromisoformat(today) if isinstance(today, str) else today
    return [item for item in attention_points(document, day, terms or Terms(), sources) if item.rule is rule]


def on_days(rule: Rule, document: Document, *days: str, terms: Terms | None = None) -> list[int]:
    """How many points the rule has on each of these days."""
    return [len(found(rule, document, day, terms=terms)) for day in days]


(_EVALUATION,) = found(Rule.EVALUATION_OVERDUE, household(records=[goal(evaluation="2026-03-01")]))
DOSSIERS = [
    dossier(DossierRef("zcd", "Z-0"), "2025-01-01", "2025-12-01"),
    dossier(ZCD, "2026-01-15"),
    dossier(MC, "2025-08-01", "2026-01-01"),
    dossier(DossierRef("menscentraal", "MC-2"), "2026-01-15"),
]
RECORDS = [
    *(contact("no_show", "2026-03-01", record_id=str(n)) for n in range(3)),
    *(
        goal(status="open", evaluation="2026-02-01", ref=item, record_id="a")
        for item in (ZCD, DossierRef("menscentraal", "MC-2"))
    ),
    goal("housing", "achieved", record_id="b"),
    goal("housing", record_id="c", ref=DossierRef("menscentraal", "MC-2")),
    request("submitted", "2026-01-20"),
    request("under_investigation", "2025-12-01", record_id="2"),
    signal("2026-02-01"),
    signal("2026-02-01", record_id="2"),
    director("Kim Bakker", "2026-02-01"),
    director("Omar Yilmaz", "2026-02-01", ref=DossierRef("menscentraal", "MC-2")),
    snooze(_EVALUATION, "2026-12-31"),
    snooze(_EVALUATION, "2026-12-30", ref=DossierRef("menscentraal", "MC-2")),
]
MEMBERS = [person("p-noor", "2008-06-15"), person("p-bas", "2008-06-15"), person("u-oma", confirmed=False)]
TROUBLE = [
    SourceState("zcd", SourceTrouble.STALE, "2026-03-01T09:00:00.000000Z"),
    SourceState("menscentraal", SourceTrouble.INCOMPLETE, "2026-03-01T09:00:00.000000Z"),
    SourceState("zcd", SourceTrouble.INCOMPLETE, "2026-03-01T09:00:00.000000Z"),
]


def full() -> Document:
    """A household in which nearly everything asks for attention."""
    return household(DOSSIERS, RECORDS, MEMBERS)


EVERYTHING = attention_points(full(), date(2026, 7, 1), Terms(no_show_days=365), TROUBLE)
"""All at once, but for the rules that exclude each other."""
