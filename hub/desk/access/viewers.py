"""Who can see what is known in a dossier, and why: what stands beside each block of a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from hub.desk.access import consent
from hub.desk.access.decide import stood_in
from hub.desk.access.facts import Known
from hub.desk.access.grounds import OF_KIND, Ground, Relation
from hub.events.ids import ref_of
from hub.events.moments import text_of
from hub.household.document_shape import Document


class Viewer(TypedDict):
    """Somebody who can see the content of a dossier. `why`: a `Relation`, or `consent`; `who`: the team, the name of a
    worker, the unit, or the user; `ground`: the legal ground; `until`: when it ends, empty if it does not by itself."""

    source: str
    dossier_id: str
    why: str
    who: str
    ground: str
    until: str


def viewers(document: Document, known: Known) -> list[Viewer]:
    """For each dossier of a household who sees its content today, sorted."""
    found = [*_by_team(document), *_by_name(document, known), *_by_decision(known), *_by_deputy(known)]
    unique = {tuple(item.values()): item for item in found}
    return [unique[key] for key in sorted(unique, key=lambda key: tuple(map(str, key)))]


def _by_team(document: Document) -> Iterator[Viewer]:
    for item in document["dossiers"]:
        if item["team"] and item["kind"] in OF_KIND:
            yield _viewer(item["source"], item["dossier_id"], Relation.TEAM, item["team"], OF_KIND[item["kind"]])


def _by_name(document: Document, known: Known) -> Iterator[Viewer]:
    """Whoever is named by personnel number. That he is of the dossier's own unit too is seen when he asks."""
    facts = {item.ref: item for item in known.dossiers}
    for record in document["records"]:
        body = record["body"]
        dossier = facts.get(ref_of(record))
        if dossier is None or dossier.kind not in OF_KIND or not body.get("staff"):
            continue
        staff, ground = str(body["staff"]), OF_KIND[dossier.kind]
        place = record["source"], record["dossier_id"]
        if staff in dossier.directed_by and body.get("director"):
            yield _viewer(*place, Relation.DIRECTS, str(body["director"]), ground)
        elif staff in dossier.named and body.get("name"):
            yield _viewer(*place, Relation.NAMED, str(body["name"]), ground)


def _by_deputy(known: Known) -> Iterator[Viewer]:
    """Whoever stands in; that he is of the dossier's own unit is seen when he asks."""
    for dossier in known.dossiers:
        for item in known.deputies:
            if dossier.kind in OF_KIND and any(stood_in(item.team, item.replaced, dossier, known)):
                yield _viewer(*dossier.ref, Relation.DEPUTY, item.name, OF_KIND[dossier.kind], item.until)


def _by_decision(known: Known) -> Iterator[Viewer]:
    for dossier in known.dossiers:
        if known.director and dossier.kind == known.director.unit and dossier.kind in OF_KIND:
            who = known.director.name or known.director.user
            yield _viewer(*dossier.ref, Relation.DIRECTS, who, OF_KIND[dossier.kind])
        if dossier.child_safety and dossier.kind in OF_KIND:
            yield _viewer(*dossier.ref, Relation.SAFETY, "", OF_KIND[dossier.kind])
    for item in known.consents:
        if consent.holds(item, known.today):
            yield _viewer(*item.dossier, "consent", item.unit, Ground.TOESTEMMING, item.until.isoformat())
    for access in known.emergencies:
        if known.at < access.until:
            until = text_of(access.until, "seconds")
            yield _viewer(*access.dossier, Relation.EMERGENCY, access.user, Ground.VITAAL_BELANG, until)


def _viewer(source: str, dossier_id: str, why: str, who: str, ground: Ground, until: str = "") -> Viewer:
    return Viewer(source=source, dossier_id=dossier_id, why=str(why), who=who, ground=ground.value, until=until)
