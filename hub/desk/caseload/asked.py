"""The requests for specialist help of a household, as lists of many households show them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple, TypedDict

from hub.desk.access import Action, Actor, Household, Known, Role, may
from hub.desk.access.decide import Openings
from hub.desk.access.facts import team_key
from hub.desk.insight import Whole
from hub.events.ids import DossierRef, ref_of
from hub.household.attention.terms import Terms
from hub.household.costs import committed, year
from hub.household.days import add_days
from hub.household.document_shape import Document, Dossier
from hub.household.prices import Prices
from hub.household.requests.codes import FINISHED, LAW_OF_KIND
from hub.household.requests.overview import YEAR_DAYS, Measured, measured
from hub.household.requests.threads import MADE_OF, Thread, threads

_NOBODY: Final = "\0"
"""No user has this name: what a team sees is seen by its relation alone."""


class Asked(TypedDict):
    """One request of a household. Days ISO, "" for none. `waited`, `taken`: see `Measured`; `cents`, `unknown`: what is
    committed this calendar year, and how many allocations could not be added up. `persons`: keys; `dossiers`: those
    that it is known from."""

    key: str
    title: str
    product_code: str
    product: str
    provider: str
    state: str
    since: str
    submitted_on: str
    party: str
    due: str
    late: bool
    waited: int
    taken: int | None
    cents: int
    unknown: int
    persons: list[str]
    dossiers: list[list[str]]


class TeamRequest(NamedTuple):
    """A request that is a team's, as that team sees it. `team`: by its `team_key`; `unit`: the kind of the dossier."""

    team: str
    unit: str
    asked: Asked


def asked_of(document: Document, today: date, terms: Terms, prices: Prices) -> list[Asked]:
    """The requests that run or came to an end within a year, or cost something this year. `document`: as its reader
    sees it."""
    found = ((thread, _asked(document, thread, today, prices)) for thread in threads(document, today, terms))
    return [asked for thread, asked in found if _is_kept(thread, asked, today)]


def measure_of(asked: Asked) -> Measured:
    """What an overview counts of it."""
    product = asked["product_code"] or asked["product"]
    return Measured(product, asked["state"], asked["party"], asked["late"], asked["waited"], asked["taken"])


def of_teams(whole: Whole, prices: Prices) -> list[TeamRequest]:
    """The requests of each team that has a dossier here, closed ones too: that of the registration which asks. One that
    only messages tell of is of the team whose dossier names the client: of an open one, else of the newest."""
    document, today = whole.document, whole.today
    if not any(record["record_type"] in MADE_OF for record in document["records"]):
        return []
    groups = _groups(document)
    known = _known(whole, groups)
    owners, anchors = _owners(document, known), {thread.anchor for thread in whole.threads}
    found: list[TeamRequest] = []
    for (team, unit), own in sorted(groups.items()):
        is_all = len(own) == len(document["dossiers"]) and all(item.beside for item in known.messages)
        for thread in whole.threads if is_all else whole.threads_seen(_as_team_sees(document, known, team, unit)):
            place = DossierRef(*thread.anchor[:2])
            asked = _asked(document, thread, today, prices)
            is_own = place in own or (thread.anchor in anchors and owners.get(place) in own)
            if is_own and _is_kept(thread, asked, today):
                found.append(TeamRequest(team, unit, asked))
    return found


def _known(whole: Whole, groups: dict[tuple[str, str], list[DossierRef]]) -> Known:
    """Nothing has to be known of a household of one team without messages: that spares half of the work."""
    document = whole.document
    is_all = any(len(own) == len(document["dossiers"]) for own in groups.values())
    is_spared = is_all and not document["message_dossiers"]
    return Known(datetime.combine(whole.today, time(), UTC)) if is_spared else whole.known


def _groups(document: Document) -> dict[tuple[str, str], list[DossierRef]]:
    """The dossiers of each team and unit."""
    groups: dict[tuple[str, str], list[DossierRef]] = {}
    for item in document["dossiers"]:
        if item["team"] and item["kind"] in LAW_OF_KIND:
            groups.setdefault((team_key(item["team"]), item["kind"]), []).append(ref_of(item))
    return groups


def _as_team_sees(document: Document, known: Known, team: str, unit: str) -> Openings:
    reader = Actor(_NOBODY, Role.TEAM_LEADER, unit=unit, teams=(team,))
    return may(reader, Action.READ_HOUSEHOLD, Household(document["household_id"], known=known)).openings


def _owners(document: Document, known: Known) -> dict[DossierRef, DossierRef]:
    """Of each dossier of messages the one whose team hears of it."""
    dossiers = {ref_of(item): item for item in document["dossiers"]}
    return {
        item.ref: max(item.beside, key=lambda ref: (_newness(dossiers[ref]), ref))
        for item in known.messages
        if item.beside and item.beside <= dossiers.keys()
    }


def _newness(dossier: Dossier) -> tuple[bool, str]:
    return dossier["status"] == "open", dossier["opened_on"]


def _asked(document: Document, thread: Thread, today: date, prices: Prices) -> Asked:
    cost, measure = committed([thread], prices, year(today)), measured(thread, today)
    return Asked(
        key=thread.key,
        title=document["title"],
        product_code=thread.product_code,
        product=thread.product,
        provider=thread.provider,
        state=thread.state,
        since=thread.since.isoformat(),
        submitted_on=thread.submitted_on.isoformat(),
        party=thread.next_party.value,
        due=thread.next_due.isoformat() if thread.next_due else "",
        late=thread.late,
        waited=measure.waited,
        taken=measure.taken,
        cents=cost.cents,
        unknown=cost.unknown,
        persons=list(thread.persons),
        dossiers=[list(ref) for ref in sorted({record[:2] for record in thread.records})],
    )


def _is_kept(thread: Thread, asked: Asked, today: date) -> bool:
    is_recent = thread.state not in FINISHED or thread.since >= add_days(today, -YEAR_DAYS)
    return is_recent or asked["cents"] > 0 or asked["unknown"] > 0
