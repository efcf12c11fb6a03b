"""What humans decided, laid over the compositions in one go: a second reading of the rules of `hub.household.rulings`
(nothing of it is used here).

Everything is worked out from all current compositions and all current decisions at once, with sets and loops.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

from hub.events.ids import DossierRef

LineRef = tuple[DossierRef, str]
Member = dict[str, Any]
Body = dict[str, Any]


class Named(NamedTuple):
    """A line as a decision names it."""

    dossier: DossierRef
    line: str
    person: str
    confirmed: bool


class Made(NamedTuple):
    """The version of one decision that counts."""

    key: str
    rank: tuple[Any, ...]
    kind: str
    withdrawn: bool
    one: Named
    other: Named | None
    doubted: str | None
    at: int


class Decided(NamedTuple):
    """Compositions as decided: `person`, `lives_here` and `decided_at` of each member; persons tied across households;
    and what each decision does."""

    bodies: dict[DossierRef, Body]
    ties: list[frozenset[str]]
    effects: dict[str, str]


def made(event: dict[str, Any], rank: tuple[Any, ...], at: int) -> Made:
    """A decoded registrations.decision."""
    body = event["body"]
    dossier = DossierRef(event["source"], event["dossier_id"])
    other = body["other"]
    second = (
        Named(DossierRef(other["source"], other["dossier_id"]), other["line"], other["person"], other["confirmed"])
        if other
        else None
    )
    one = Named(dossier, body["line"], body["person"], body["confirmed"])
    key = f"{dossier.source}/{dossier.dossier_id}#{event['record_id']}"
    return Made(key, rank, body["kind"], body["withdrawn"], one, second, body["doubted"], at)


def as_decided(bodies: dict[DossierRef, Body], decisions: Iterable[Made]) -> Decided:
    """All of it at once."""
    every = list(decisions)
    active = [item for item in every if not item.withdrawn]
    two = [(item, item.other) for item in active if item.other]
    keys = _detached(bodies, [(item, other) for item, other in two if item.kind == "different_person"])

    def meant(named: Named, across: bool) -> set[str]:
        found = {keys[ref] for ref in _lines(bodies, named, across)}
        return found or ({named.person} if named.confirmed else set())

    def pairs(item: Made, other: Named) -> list[tuple[str, str]]:
        across = item.one.dossier != other.dossier
        return list(product(meant(item.one, across), meant(other, across)))

    same = [pair for item, other in two if item.kind == "same_person" for pair in pairs(item, other)]
    apart = [pair for item, other in two if item.kind == "different_person" for pair in pairs(item, other)]
    sure = {m["person"] for body in bodies.values() for m in body["members"] if m["confirmed"]}
    sure |= {named.person for item in every for named in (item.one, item.other) if named and named.confirmed}
    persons = _persons(set(keys.values()) | {key for pair in same for key in pair}, same, apart, sure)

    def person(key: str) -> str:
        return persons.get(key, key)

    ties = []
    effects = {item.key: "withdrawn" for item in every if item.withdrawn}
    for item in active:
        if item.other is None:
            body = bodies.get(item.one.dossier)
            lines = _lines(bodies, item.one, True)
            stays = any(m["is_client"] for ref, m in _members(bodies) if ref in lines)
            moves = bool(body and body["status"] == "open" and lines and (item.kind == "lives_here" or not stays))
            effects[item.key] = "applied" if moves else "idle"
            continue
        both = [(person(one), person(other)) for one, other in pairs(item, item.other)]
        if item.kind == "same_household":
            is_open = all(
                ref in bodies and bodies[ref]["status"] == "open" for ref in (item.one.dossier, item.other.dossier)
            )
            effects[item.key] = "applied" if is_open and both else "idle"
            ties += [frozenset(pair) for pair in both if is_open]
        elif not both:
            effects[item.key] = "idle"
        else:
            alike = all(one == other for one, other in both)
            effects[item.key] = "applied" if alike == (item.kind == "same_person") else "contradicted"
    residence = [item for item in active if item.kind in ("lives_here", "lives_elsewhere")]
    changed = {
        ref: {
            **body,
            "members": [_member(bodies, ref, m, person(keys[ref, m["line"]]), residence) for m in body["members"]],
        }
        for ref, body in bodies.items()
    }
    return Decided(changed, ties, effects)


def _members(bodies: dict[DossierRef, Body]) -> list[tuple[LineRef, Member]]:
    return [((ref, member["line"]), member) for ref, body in bodies.items() for member in body["members"]]


def _lines(bodies: dict[DossierRef, Body], named: Named, across: bool) -> set[LineRef]:
    """By the person's number where there is one, else by the line's; two lines of one dossier always by the line's."""
    return {
        ref
        for ref, member in _members(bodies)
        if ref[0] == named.dossier
        and (member["person"] == named.person if named.confirmed and across else member["line"] == named.line)
    }


def _detached(bodies: dict[DossierRef, Body], different: list[tuple[Made, Named]]) -> dict[LineRef, str]:
    """The key of every line; a line whose number is doubted, where both state the same, gets one of its own."""
    stated = {ref: member["person"] for ref, member in _members(bodies)}
    keys = dict(stated)
    for item, other in different:
        across = item.one.dossier != other.dossier
        doubted, trusted = (item.one, other) if item.doubted == "line" else (other, item.one)
        trusted_keys = {trusted.person} | {stated[ref] for ref in _lines(bodies, trusted, across)}
        for ref in _lines(bodies, doubted, across):
            if stated[ref] in trusted_keys:
                keys[ref] = f"~{ref}"
    return keys


def _persons(
    keys: set[str], same: list[tuple[str, str]], apart: list[tuple[str, str]], sure: set[str]
) -> dict[str, str]:
    """Key to the one key of the person. A group with two numbers, or with two who are different, falls apart whole."""
    groups = [{key} for key in keys]
    for pair in same:
        touching = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if not group & set(pair)] + [set().union(*touching)]
    found = {}
    for group in groups:
        split = len(group & sure) > 1 or any(one in group and other in group for one, other in apart)
        for key in group if not split or len(group) == 1 else ():
            found[key] = min(group & sure or {"|".join(sorted(group))})
    return found


def _member(
    bodies: dict[DossierRef, Body], ref: DossierRef, member: Member, person: str, residence: list[Made]
) -> Member:
    about = [
        item
        for item in residence
        if item.one.dossier == ref and (ref, member["line"]) in _lines(bodies, item.one, True)
    ]
    latest = max(about, key=lambda item: (item.rank, item.key), default=None)
    if latest is None:
        return {**member, "person": person}
    if latest.kind == "lives_here":
        return {**member, "person": person, "lives_here": True, "decided_at": latest.at}
    return {**member, "person": person, "lives_here": False}
