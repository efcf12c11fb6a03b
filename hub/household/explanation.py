"""Why persons and dossiers are one household, and why others are kept apart: the machine's reasons and the humans'.

Pure. Everything is read off the composition: it says who is who and who lives where, after all decisions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from hub.events.codec import Value, decode
from hub.events.decisions import ON_DOSSIERS, Kind
from hub.events.ids import DossierRef, RecordRef, decision_id, ref_of
from hub.events.moments import text_of
from hub.household.document_shape import (
    DecidedLine,
    DecisionEntry,
    DossierLink,
    MemberLine,
    Reason,
    SnoozedPoint,
)
from hub.household.rulings import Effect

LineKey = tuple[DossierRef, str]
"""(dossier, line)."""
_LISTS: Final = ("members", "references", "history", "conflicts")
_LINKING: Final = frozenset({Kind.SAME_PERSON, Kind.SAME_HOUSEHOLD, Kind.LIVES_HERE})
_PARTING: Final = frozenset({Kind.DIFFERENT_PERSON, Kind.LIVES_ELSEWHERE})


class Explanation:
    """The reasons of one household. `composition`: decoded; `dossiers`: what each of its dossiers states."""

    def __init__(self, composition: Value, dossiers: Mapping[DossierRef, Value]) -> None:
        self._bodies = {ref: dossier["body"] for ref, dossier in dossiers.items()}
        self._oversized: bool = composition["oversized"]
        self._messages = [(item["effect"], decode(item["decision"]).value) for item in composition["decisions"]]
        named = {name: {_key(line): line["person"] for line in composition[name]} for name in _LISTS}
        self._persons: dict[LineKey, str] = {key: who for name in _LISTS for key, who in named[name].items()}
        self._elsewhere = named["references"]
        self._lost = named["conflicts"]
        self._members = named["members"]
        self._at_home = {key for key in self._members if self._is_open(key[0])} - {
            *self._elsewhere,
            *self._lost,
        }

    def lines(self) -> list[MemberLine]:
        """Every member line of its dossiers, sorted."""
        return [
            MemberLine(
                source=ref.source,
                dossier_id=ref.dossier_id,
                line=member["line"],
                person_key=self._persons[ref, member["line"]],
                stated_key=member["person"],
                confirmed=member["confirmed"],
            )
            for ref, member in self._stated()
            if (ref, member["line"]) in self._persons
        ]

    def decisions(self, on_dossiers: Iterable[Value]) -> list[DecisionEntry]:
        """All decisions about its dossiers, the oldest first. `on_dossiers`: the visible entries of decisions among
        the records of the view."""
        messages = [decode(entry["payload"]).value for entry in on_dossiers]
        found = [self._decision(effect, event) for effect, event in self._messages]
        found += [
            self._on_dossier(event) for event in messages if event["body"] and event["body"]["kind"] in ON_DOSSIERS
        ]
        return sorted(found, key=lambda item: (item["decided_at"], item["decision_id"]))

    def _on_dossier(self, event: Value) -> DecisionEntry:
        """Who directs a closed dossier: that says nothing any more."""
        body, ref = event["body"], ref_of(event)
        is_idle = body["kind"] == Kind.DIRECTION and not self._is_open(ref)
        effect = Effect.WITHDRAWN if body["withdrawn"] else Effect.IDLE if is_idle else Effect.APPLIED
        return _entry(event, effect, [])

    def links(self, decisions: Iterable[DecisionEntry]) -> list[Reason]:
        """Why it is one household, sorted."""
        by_humans = (_reason_of(item) for item in decisions if item["kind"] in _LINKING and self._holds(item))
        found = [*self._same_numbers(), *self._living_together(), *self._following_clients(), *by_humans]
        return _sorted([*found, *([] if self._oversized or self._is_whole(found) else [_reason("foreign_dossier")])])

    def apart(self, decisions: Sequence[DecisionEntry]) -> list[Reason]:
        """Why others, or parts of it, are kept apart, sorted."""
        by_humans = [_reason_of(item) for item in decisions if item["kind"] in _PARTING and self._holds(item)]
        refuted = [item for item in decisions if _is_refuted(item)]
        numbers = [_reason_of(item, "two_numbers" if _names_two_numbers(item) else "contradicted") for item in refuted]
        too_large = [_reason("too_large", (), self._bodies)] if self._oversized else []
        return _sorted([*by_humans, *numbers, *too_large, *self._living_elsewhere(decisions)])

    def _stated(self) -> Iterator[tuple[DossierRef, Value]]:
        for ref in sorted(self._bodies):
            for member in sorted(self._bodies[ref]["members"], key=lambda member: str(member["line"])):
                yield ref, member

    def _is_open(self, ref: DossierRef) -> bool:
        return ref in self._bodies and self._bodies[ref]["status"] == "open"

    def _same_numbers(self) -> Iterator[Reason]:
        """A number ties two dossiers where its person is the client or lives there."""
        stating: dict[str, set[DossierRef]] = defaultdict(set)
        for ref, member in self._stated():
            key = ref, member["line"]
            known = member["confirmed"] and self._members.get(key) == member["person"]
            if known and (member["is_client"] or key in self._at_home):
                stating[member["person"]].add(ref)
        return (_reason("same_number", [person], refs) for person, refs in stating.items() if len(refs) > 1)

    def _living_together(self) -> Iterator[Reason]:
        living: dict[DossierRef, set[str]] = defaultdict(set)
        for key in self._at_home:
            living[key[0]].add(self._members[key])
        return (_reason("lives_together", persons, [ref]) for ref, persons in living.items() if len(persons) > 1)

    def _following_clients(self) -> Iterator[Reason]:
        """Dossiers that nobody's residence explains; of the only one of a household there is nothing to explain."""
        for ref in self._bodies if len(self._bodies) > 1 else ():
            key = self._client(ref)
            if key in self._members and key not in self._at_home:
                yield _reason("client", [self._members[key]], [ref])

    def _is_whole(self, reasons: Iterable[Reason]) -> bool:
        """Whether these reasons, and that a dossier follows its client, tie all members and dossiers together.

        If not, some live together by a dossier that belongs to its client's household, not to this one."""
        ties: list[set[object]] = [{person} for person in self._members.values()]
        ties += [{ref, self._members[key]} for ref in self._bodies if (key := self._client(ref)) in self._members]
        ties += [{*item["persons"], *map(ref_of, item["dossiers"])} for item in reasons]
        while len(ties) > 1:
            first, rest = ties[0], ties[1:]
            touching = [tie for tie in rest if tie & first]
            if not touching:
                return False
            ties = [first.union(*touching), *(tie for tie in rest if not tie & first)]
        return True

    def _client(self, ref: DossierRef) -> LineKey:
        line = next((member["line"] for member in self._bodies[ref]["members"] if member["is_client"]), "")
        return ref, line

    def _living_elsewhere(self, decisions: Iterable[DecisionEntry]) -> Iterator[Reason]:
        """Lines of persons whom a source, or what goes before it, places elsewhere, and of those whom a dossier left
        behind; not those whom a human placed elsewhere."""
        moved = {
            key
            for item in decisions
            if item["kind"] == Kind.LIVES_ELSEWHERE and self._holds(item)
            for key in self._meant(item["lines"][0], both_in_one=False)
        }
        for key, person in self._elsewhere.items():
            if key not in moved:
                yield _reason("stated_elsewhere", [person], [key[0]])
        for key, person in self._lost.items():
            if key not in moved:
                yield _reason("left_behind" if self._is_left_behind(key) else "later_address", [person], [key[0]])

    def _is_left_behind(self, key: LineKey) -> bool:
        """Whether a line of somebody who is no member stands in a dossier that its client took along: where that person
        lives does not matter then, and is not told here."""
        client = self._members.get(self._client(key[0]))
        at_home = any(line[0] == key[0] and self._members[line] == client for line in self._at_home)
        return self._lost[key] not in self._members.values() and not at_home

    def _holds(self, item: DecisionEntry) -> bool:
        """Whether a decision explains what is so now: it is applied, and where it says who lives where, no other
        decision or rule comes before it."""
        if item["effect"] != Effect.APPLIED:
            return False
        if item["kind"] == Kind.SAME_HOUSEHOLD:
            return not self._oversized
        if item["kind"] not in (Kind.LIVES_HERE, Kind.LIVES_ELSEWHERE):
            return True
        at_home = [key in self._at_home for key in self._meant(item["lines"][0], both_in_one=False)]
        return any(at_home) if item["kind"] == Kind.LIVES_HERE else not all(at_home)

    def _meant(self, named: DecidedLine, *, both_in_one: bool) -> list[LineKey]:
        """The lines here that a decision means by a line it names: see `rulings.Ruled`."""
        ref = ref_of(named)
        by_person = named["confirmed"] and not both_in_one
        return [
            (ref, member["line"])
            for member in (self._bodies[ref]["members"] if ref in self._bodies else ())
            if (member["person"] == named["stated_key"] if by_person else member["line"] == named["line"])
        ]

    def _decision(self, effect: str, event: Value) -> DecisionEntry:
        body = event["body"]
        place = {"source": event["source"], "dossier_id": event["dossier_id"]}
        named = [place | {name: body[name] for name in ("line", "person", "confirmed")}]
        named += [body["other"]] if body["other"] else []
        both_in_one = len({(item["source"], item["dossier_id"]) for item in named}) < len(named)
        doubted = {"line": 0, "other": 1}.get(body["doubted"])
        lines = [self._named(item, number == doubted, both_in_one) for number, item in enumerate(named)]
        return _entry(event, effect, lines)

    def _named(self, named: Value, doubted: bool, both_in_one: bool) -> DecidedLine:
        line = DecidedLine(
            source=named["source"],
            dossier_id=named["dossier_id"],
            line=named["line"],
            stated_key=named["person"],
            confirmed=named["confirmed"],
            doubted=doubted,
            person_key=None,
        )
        meant: list[str] = [
            self._persons[key] for key in self._meant(line, both_in_one=both_in_one) if key in self._persons
        ]
        elsewhere = [named["person"]] if named["confirmed"] and named["person"] in self._persons.values() else []
        line["person_key"] = next(iter([*meant, *elsewhere]), None)
        return line


def _said(event: Value, name: str) -> Any:
    """What a decision on a dossier says, with its dossier; None if it says nothing of this name."""
    said = event["body"][name]
    place = {"source": event["source"], "dossier_id": event["dossier_id"]}
    return None if said is None else {**place, **{key: _text(value) for key, value in said.items()}}


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return text_of(value)
    return value.isoformat() if isinstance(value, date) else value


def _snooze(event: Value) -> SnoozedPoint | None:
    body = event["body"]
    if body["rule"] is None:
        return None
    return SnoozedPoint(
        source=event["source"],
        dossier_id=event["dossier_id"],
        rule=body["rule"],
        point=body["point"] or "",
        until=body["until"].isoformat() if body["until"] else "",
    )


def _entry(event: Value, effect: str, lines: list[DecidedLine]) -> DecisionEntry:
    body = event["body"]
    moment: datetime = event["recorded_at"]
    return DecisionEntry(
        decision_id=decision_id(RecordRef(*(event[name] for name in RecordRef._fields))),
        version=event["version"],
        kind=body["kind"],
        effect=str(effect),
        decided_by=body["decided_by"],
        decided_at=str(_text(moment)),
        why=body["why"],
        lines=lines,
        snooze=_snooze(event),
        direction=_said(event, "direction"),
        consent=_said(event, "consent"),
        emergency=_said(event, "emergency"),
        review=_said(event, "review"),
        withheld=False,
    )


def _is_refuted(item: DecisionEntry) -> bool:
    """Whether it says of two lines that they are one person, and something that goes first says the opposite."""
    return item["kind"] == Kind.SAME_PERSON and item["effect"] == Effect.CONTRADICTED


def _names_two_numbers(item: DecisionEntry) -> bool:
    """Whether it names two different valid numbers."""
    return len({line["stated_key"] for line in item["lines"] if line["confirmed"]}) == 2


def _reason_of(item: DecisionEntry, kind: str = "") -> Reason:
    persons = {line["person_key"] for line in item["lines"] if line["person_key"]}
    refs = set(map(ref_of, item["lines"]))
    return _reason(kind or item["kind"], persons, refs, item["decision_id"])


def _reason(
    kind: str, persons: Iterable[str] = (), refs: Iterable[DossierRef] = (), decision: str | None = None
) -> Reason:
    dossiers = [DossierLink(source=ref.source, dossier_id=ref.dossier_id) for ref in sorted(refs)]
    return Reason(kind=kind, persons=sorted(persons), dossiers=dossiers, decision_id=decision)


def _sorted(reasons: Iterable[Reason]) -> list[Reason]:
    return sorted(
        reasons,
        key=lambda item: (
            item["kind"],
            [tuple(ref.values()) for ref in item["dossiers"]],
            item["persons"],
            item["decision_id"] or "",
        ),
    )


def _key(line: Value) -> LineKey:
    return ref_of(line), line["line"]
