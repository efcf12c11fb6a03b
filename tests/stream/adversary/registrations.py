"""Random registrations and decisions as real messages, and who is one household by a program of its own (nothing of
hub.household)."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hub.demo.reference.decisions import Decided, Named, Statement, decide
from hub.demo.reference.decisions import Decision as Ruling
from hub.events.codec import decode, encode
from hub.events.decisions import ON_DOSSIERS, Decision, Kind, NamedLine, Snooze, decided, message_of
from hub.events.ids import DossierRef, Order, RecordRef, event_id, household_id

_START = datetime(2026, 1, 1, tzinfo=UTC)
DOSSIERS = [
    DossierRef("zcd", "Z-1"),
    DossierRef("zcd", "Z-2"),
    DossierRef("zcd", "Z-3"),
    DossierRef("mc", "1"),
    DossierRef("mc", "2"),
]
PERSONS = ["p1", "p2", "p3", "p4", "p5"]
ADDRESSES = ["ax", "ay", "az", None]


class Event(NamedTuple):
    """One register version: where it goes and what decides."""

    ref: RecordRef
    order: Order
    body: dict[str, Any] | None
    message: bytes


_BY_RESOLVE = [kind for kind in Kind if kind not in ON_DOSSIERS]


@dataclass
class Registrations:
    """A random history of five dossiers and of what humans decided on them; every version of every register once.

    `decisions`: those about persons; a snooze is among the records.
    """

    rng: random.Random
    compositions: list[Event] = field(default_factory=list)
    records: list[Event] = field(default_factory=list)
    decisions: list[Event] = field(default_factory=list)
    versions: dict[RecordRef, int] = field(default_factory=lambda: defaultdict(int))

    def happen(self) -> None:
        """One more change of something."""
        dossier = self.rng.choice(DOSSIERS)
        luck = self.rng.random()
        if luck < 0.2 and self.compositions:
            self._decide()
        elif luck < 0.6:
            ref = RecordRef(*dossier, "composition", dossier.dossier_id)
            self.compositions.append(self._event(ref, None if self.rng.random() < 0.12 else self._composition(dossier)))
        else:
            ref = RecordRef(*dossier, "contact", f"r{self.rng.randint(0, 2)}")
            body = {"kind": "home_visit", "held_on": date(2026, 1, self.rng.randint(1, 28))}
            self.records.append(self._event(ref, None if self.rng.random() < 0.25 else body))

    def _decide(self) -> None:
        """A decision on lines that some version of a dossier states or stated; or a snooze."""
        if self.rng.random() < 0.1:
            dossier = self.rng.choice(DOSSIERS)
            snooze = Snooze(**dossier._asdict(), rule="no_director", point="p", until=date(2026, 2, 1))
            self.records.append(self._decision(Decision(kind=Kind.SNOOZE, decided_by="u", why="w", snooze=snooze)))
            return
        kind = self.rng.choice(_BY_RESOLVE)
        one, other = self._named(), self._named()
        if (one.dossier, one.line) == (other.dossier, other.line):
            return
        two = {} if kind in (Kind.LIVES_HERE, Kind.LIVES_ELSEWHERE) else {"other": other}
        if kind is Kind.DIFFERENT_PERSON:
            two["doubted"] = self.rng.choice([one, other])
        withdrawn = self.rng.random() < 0.25
        self.decisions.append(self._decision(decided(kind, one, decided_by="u", why="w", withdrawn=withdrawn, **two)))

    def _named(self) -> NamedLine:
        event = self.rng.choice([event for event in self.compositions if event.body] or self.compositions)
        members = event.body["members"] if event.body else [self._member("0", "p1", event.ref.dossier)]
        member = self.rng.choice(members)
        about = {name: member[name] for name in ("line", "person", "confirmed")}
        return NamedLine(source=event.ref.source, dossier_id=event.ref.dossier_id, **about)

    def _decision(self, decision: Decision) -> Event:
        ref = decision.record
        self.versions[ref] += 1
        at = _START + timedelta(days=self.rng.randint(0, 9))
        sent = message_of(decision, version=self.versions[ref], decided_at=at, jurisdiction="0599", key_generation=1)
        value = decode(sent.value).value
        return Event(ref, Order(0, self.versions[ref], (at - _START).days, 0), value, sent.value)

    def _event(self, ref: RecordRef, body: dict[str, Any] | None) -> Event:
        """The next version; sometimes the same version again, silently edited, or a new epoch that starts from 1."""
        self.versions[ref] += 1
        serial = self.versions[ref]
        order = (
            Order(serial // 20, serial % 20, serial % 7, serial)
            if self.rng.random() < 0.9
            else Order(serial // 20, serial % 20, 9, serial)
        )
        return Event(ref, order, body, message(ref, order, body))

    def _composition(self, dossier: DossierRef) -> dict[str, Any]:
        named = self.rng.sample(PERSONS, self.rng.randint(1, 3))
        status = "open" if self.rng.random() < 0.8 else "closed"
        return {
            "kind": "youth",
            "status": status,
            "opened_on": date(2025, 1, self.rng.randint(1, 9)),
            "closed_on": None,
            "referred_by": None,
            "received_on": None,
            "first_contact_on": None,
            "team": None,
            "address": self._address(0.1),
            "members": [self._member(str(number), person, dossier) for number, person in enumerate(named)],
        }

    def _member(self, line: str, person: str, dossier: DossierRef) -> dict[str, Any]:
        confirmed = self.rng.random() < 0.75
        return {
            "line": line,
            "person": person if confirmed else f"{dossier.source}/{dossier.dossier_id}/{line}",
            "confirmed": confirmed,
            "unconfirmed_reason": None if confirmed else "missing",
            "role": "other",
            "is_client": line == "0",
            "lives_here": self.rng.random() < 0.85,
            "stated_at": _START + timedelta(days=self.rng.randint(0, 9)),
            "address": self._address(0.6),
            "address_unknown": self.rng.random() < 0.1,
            **dict.fromkeys(
                ["from_on", "to_on", "given_name", "prefix", "family_name", "birth_date", "gender", "address_secret"]
            ),
        }

    def _address(self, absent: float) -> dict[str, Any] | None:
        key = self.rng.choice(ADDRESSES)
        return None if key is None or self.rng.random() < absent else {"key": key, "sealed": b"s"}


def message(ref: RecordRef, order: Order, body: dict[str, Any] | None) -> bytes:
    """The registrations.* message of one version."""
    value = {
        **ref._asdict(),
        **order._asdict(),
        "recorded_at": datetime.fromtimestamp(order.recorded_at / 1_000_000, UTC),
        "event_id": event_id(ref, order),
        "key_generation": 1,
        "jurisdiction": "0599",
        "occurred_at": None,
        "first_published_at": _START,
        "deleted": body is None,
        "subject": None,
        "body": body,
    }
    return encode(f"registrations.{ref.record_type}", value)


class Expected(NamedTuple):
    """What a reader must see of one household, in any order of anything."""

    dossiers: frozenset[DossierRef]
    members: frozenset[frozenset[tuple[DossierRef, str]]]
    """Per person the lines."""
    references: frozenset[tuple[DossierRef, str]]
    history: frozenset[tuple[DossierRef, str]]
    conflicts: frozenset[tuple[DossierRef, str]]
    is_open: bool
    oversized: bool
    records: frozenset[bytes]
    decisions: frozenset[tuple[str, bytes]]
    """(effect, the decision as published)."""


def newest(events: list[Event]) -> dict[RecordRef, Event]:
    """The greatest version of each register."""
    best: dict[RecordRef, Event] = {}
    for event in events:
        if event.ref not in best or event.order > best[event.ref].order:
            best[event.ref] = event
    return best


def expected(compositions: list[Event], records: list[Event], decisions: list[Event], cap: int) -> dict[str, Expected]:
    """All households in one go: merge overlapping sets of persons until nothing overlaps."""
    current = {event.ref.dossier: event for event in newest(compositions).values() if event.body}
    stated = {ref: event.body for ref, event in current.items() if event.body}
    rulings = [(_ruling(event), event.message) for event in newest(decisions).values()]
    found_by_decision = _decided(stated, [ruling for ruling, _ in rulings])
    bodies = {ref: _as_decided(ref, body, found_by_decision) for ref, body in stated.items()}
    everybody = sorted({member["person"] for body in bodies.values() for member in body["members"]})
    versions = {ref: event.order.version for ref, event in current.items()}
    winners = {person: _winner(person, bodies, versions) for person in everybody}

    def here(member: dict[str, Any]) -> bool:
        return bool(member["is_client"] or member["lives_here"])

    def lives(ref: DossierRef, person: str) -> bool:
        return bodies[ref]["status"] == "open" and any(
            member["person"] == person
            and here(member)
            and (winners[person] is None or _stated(bodies[ref], member) in (None, winners[person]))
            for member in bodies[ref]["members"]
        )

    def at_home(ref: DossierRef, member: dict[str, Any]) -> bool:
        winner = winners[member["person"]]
        return winner is None or _stated(bodies[ref], member) in (None, winner)

    groups = [{person} for person in everybody]
    ties: list[set[str]] = [{person for person in everybody if lives(ref, person)} for ref in bodies]
    for together in [*ties, *({str(person) for person in tie} for tie in found_by_decision.ties)]:
        touching = [group for group in groups if group & together]
        groups = [group for group in groups if not group & together]
        groups += [set().union(*touching)] if touching else []
    found: dict[str, Expected] = {}
    contents = {event.ref: event.message for event in newest(records).values() if event.body}
    for group in groups:
        refs = sorted(ref for ref, body in bodies.items() if _client(body) in group)
        parts = [refs] if len(group) <= cap else [[ref] for ref in refs]
        for part in filter(None, parts):
            persons = (
                group if len(group) <= cap else {p for p in everybody if lives(part[0], p)} | {_client(bodies[part[0]])}
            )
            lines = [(ref, member) for ref in part for member in bodies[ref]["members"]]
            opened = {ref: bodies[ref]["status"] == "open" for ref in part}
            anchor = min((bodies[ref]["opened_on"], ref) for ref in part)[1]
            found[household_id(anchor)] = Expected(
                frozenset(part),
                frozenset(
                    frozenset((ref, m["line"]) for ref, m in lines if m["person"] == person) for person in persons
                )
                - {frozenset()},
                frozenset((ref, m["line"]) for ref, m in lines if opened[ref] and not here(m)),
                frozenset((ref, m["line"]) for ref, m in lines if not opened[ref] and m["person"] not in persons),
                frozenset(
                    (ref, m["line"])
                    for ref, m in lines
                    if opened[ref] and here(m) and not (m["person"] in persons and at_home(ref, m))
                ),
                any(opened.values()),
                len(group) > cap,
                frozenset(content for ref, content in contents.items() if ref.dossier in part),
                frozenset(
                    (found_by_decision.effects[ruling.key], message)
                    for ruling, message in rulings
                    if ruling.dossiers & set(part)
                ),
            )
    return found


def _ruling(event: Event) -> Ruling:
    body = event.body["body"] if event.body else {}
    one = Named((*event.ref.dossier, body["line"]), body["person"], body["confirmed"])
    found = body["other"]
    other = (
        Named((found["source"], found["dossier_id"], found["line"]), found["person"], found["confirmed"])
        if found
        else None
    )
    key = f"{event.ref.source}/{event.ref.dossier_id}#{event.ref.record_id}"
    return Ruling(
        key, event.order, body["kind"], body["withdrawn"], one, other, body["doubted"], event.order.recorded_at
    )


def _decided(bodies: dict[DossierRef, dict[str, Any]], rulings: list[Ruling]) -> Decided:
    statements = [
        Statement((*ref, m["line"]), m["person"], m["confirmed"], m["is_client"], m["lives_here"])
        for ref, body in bodies.items()
        for m in body["members"]
    ]
    return decide(
        statements, {(ref.source, ref.dossier_id) for ref, body in bodies.items() if body["status"] == "open"}, rulings
    )


def _as_decided(ref: DossierRef, body: dict[str, Any], decided: Decided) -> dict[str, Any]:
    def member(stated: dict[str, Any]) -> dict[str, Any]:
        line = (*ref, stated["line"])
        person = str(decided.person[line])
        return {
            **stated,
            "person": person,
            "lives_here": decided.lives_here[line],
            "decided_at": decided.decided_at[line],
        }

    return {**body, "members": [member(stated) for stated in body["members"]]}


def _client(body: dict[str, Any]) -> str:
    return str(next(member["person"] for member in body["members"] if member["is_client"]))


def _stated(body: dict[str, Any], member: dict[str, Any]) -> str | None:
    if member["address"]:
        return str(member["address"]["key"])
    if member["address_unknown"] or not body["address"]:
        return None
    return str(body["address"]["key"])


def _winner(person: str, bodies: dict[DossierRef, dict[str, Any]], versions: dict[DossierRef, int]) -> str | None:
    best: tuple[Any, ...] | None = None
    for ref, body in bodies.items():
        if body["status"] != "open":
            continue
        for member in body["members"]:
            address = _stated(body, member)
            if member["person"] == person and (member["is_client"] or member["lives_here"]) and address:
                rank = (member["decided_at"], member["stated_at"], ref, versions[ref], member["line"], address)
                best = rank if best is None or rank > best else best
    return str(best[-1]) if best else None
