"""The requests for help of many households together: a team leader's teams', or those of whom somebody directs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from hub.desk import readmodel
from hub.desk.access import Action, Actor, Household, Known, Rules, may
from hub.desk.access.decide import sees_whole
from hub.desk.access.facts import DossierFacts, team_key
from hub.desk.admission import Listing, Request
from hub.desk.caseload.asked import Asked, asked_of, measure_of
from hub.desk.caseload.query import mine, requests_of
from hub.desk.readmodel import Asker
from hub.desk.site import API, Site
from hub.events.ids import DossierRef
from hub.household.prices import Prices
from hub.household.requests.codes import FINISHED
from hub.household.requests.overview import Overview, overview

OWN_LIMIT: Final = 300
"""Households of somebody who directs, each of which is cut down to what he may see: some seconds at most."""
PAGE_SIZE: Final = 25


class WantedRequests(NamedTuple):
    """Which of the requests that somebody may see. `state` "": all that run; `party` "": whoever must act; `late`: only
    those past their day."""

    state: str = ""
    party: str = ""
    late: bool = False
    page: int = 1
    page_size: int = PAGE_SIZE


class RequestRow(NamedTuple):
    """One request in a list."""

    household_id: str
    asked: Asked


class Requests(NamedTuple):
    """`overview`: of all that somebody may see; `total`: how many fit what is wanted, of which `rows` is a page.
    `names`: of products, as far as the requests say. `withheld`: teams that have requests which he may not see.
    `complete`: False if he directs more households than are looked at."""

    overview: Overview
    total: int
    rows: list[RequestRow]
    names: dict[str, str]
    withheld: list[str]
    complete: bool


class _Seen(NamedTuple):
    rows: list[RequestRow]
    withheld: Sequence[str] = ()
    complete: bool = True


def requests(site: Site, request: Request, wanted: WantedRequests) -> Requests:
    """The requests as somebody may see them; what is shown one by one stands in the log of looks. Raises Refused."""
    actor = request.actor

    def find(connection: Connection, asker: Asker) -> Listing[Requests]:
        assert actor is not None  # nobody without a name gets past the decision
        leads = may(actor, Action.READ_TEAM).allowed
        seen = _of_teams(site, connection, actor) if leads else _of_own(site, connection, actor, asker)
        found = _page(seen, wanted)
        return found, [_concerned(row) for row in found.rows]

    return site.reading.listing(request, Action.READ_REQUESTS, find)


def sees_team(actor: Actor, team: str, unit: str, now: datetime, rules: Rules) -> bool:
    """Whether somebody may see what stands in dossiers of a team: the one decision, asked of such a dossier."""
    ref = DossierRef("", "")
    known = Known(now, (DossierFacts(ref, unit, team),), rules=rules)
    return sees_whole(may(actor, Action.READ_HOUSEHOLD, Household("", known=known)).openings, ref)


def _of_teams(site: Site, connection: Connection, actor: Actor) -> _Seen:
    names = {team_key(team): team for team in actor.teams}
    rows = requests_of(connection, names)
    parts = {(row.request.team, row.request.unit) for row in rows}
    now, rules = site.now(), site.reading.rules
    open_parts = {part for part in parts if sees_team(actor, *part, now, rules)}
    found = {
        (row.household_id, row.request.asked["key"]): RequestRow(row.household_id, row.request.asked)
        for row in rows
        if row.request[:2] in open_parts
    }
    return _Seen(list(found.values()), sorted({names.get(team, team) for team, _ in parts - open_parts}))


def _of_own(site: Site, connection: Connection, actor: Actor, asker: Asker) -> _Seen:
    ids = mine(connection, actor, asker, limit=OWN_LIMIT + 1)
    documents = readmodel.load_all(connection, ids[:OWN_LIMIT]).values()
    shown = (site.reading.cut_down(actor, document) for document in documents)
    rows = [
        RequestRow(document["household_id"], asked)
        for document in shown
        if document is not None
        for asked in asked_of(document, site.today(), site.terms, site.prices)
    ]
    return _Seen(rows, complete=len(ids) <= OWN_LIMIT)


def _page(seen: _Seen, wanted: WantedRequests) -> Requests:
    """The overview tells of all, the list of those that are wanted."""
    fitting = sorted((row for row in seen.rows if _fits(row.asked, wanted)), key=_order)
    first = (wanted.page - 1) * wanted.page_size
    return Requests(
        overview(measure_of(row.asked) for row in seen.rows),
        len(fitting),
        fitting[first : first + wanted.page_size],
        _names(row.asked for row in seen.rows),
        list(seen.withheld),
        seen.complete,
    )


def _fits(asked: Asked, wanted: WantedRequests) -> bool:
    return (
        (asked["state"] == wanted.state if wanted.state else asked["state"] not in FINISHED)
        and wanted.party in ("", asked["party"])
        and (asked["late"] or not wanted.late)
    )


def _order(row: RequestRow) -> tuple[bool, bool, str, str, str, str]:
    """Late ones first, then by the day that is due; without one the longest waiting first."""
    asked = row.asked
    return not asked["late"], not asked["due"], asked["due"], asked["since"], row.household_id, asked["key"]


def _names(rows: Iterable[Asked]) -> dict[str, str]:
    """What each product is called, as the first that names it says."""
    said = sorted((measure_of(asked).product, asked["product"]) for asked in rows if asked["product"])
    return dict(reversed(said))


def _concerned(row: RequestRow) -> Household:
    asked = row.asked
    dossiers = tuple(DossierRef(source, number) for source, number in asked["dossiers"])
    return Household(row.household_id, dossiers, tuple(asked["persons"]))


def name(key: str, said: str, prices: Prices, language: str) -> str:
    """A product in plain words: as the request says it, else as the price list does, else its code."""
    known = prices.products.get(key)
    return said or (getattr(known, language) if known else "") or key


def answer(found: Requests, site: Site) -> dict[str, object]:
    """What the API gives, but for the place of the page. `product`: in Dutch, as everything that sources say."""

    def named(key: str) -> str:
        return name(key, found.names.get(key, ""), site.prices, "nl")

    seen = found.overview
    return {
        "overview": {
            "running": seen.running,
            "late": seen.late,
            "states": [item._asdict() | {"so_far": item.so_far._asdict()} for item in seen.states],
            "products": [
                {"product_code": item.product, "product": named(item.product)}
                | {"running": item.running, "late": item.late, "to_decision": item.to_decision._asdict()}
                for item in seen.products
            ],
            "parties": [item._asdict() for item in seen.parties],
        },
        "withheld_teams": found.withheld,
        "complete": found.complete,
        "requests": [_row(row, site) for row in found.rows],
    }


def _row(row: RequestRow, site: Site) -> dict[str, object]:
    asked = row.asked
    return {
        "household_id": row.household_id,
        "link": f"{API}/huishoudens/{row.household_id}",
        **{name: asked[name] for name in ("title", "key", "product_code", "provider", "state", "since")},
        "product": name(asked["product_code"], asked["product"], site.prices, "nl"),
        "submitted_on": asked["submitted_on"],
        "next": {"party": asked["party"], "due": asked["due"] or None, "late": asked["late"]},
        "waited_workdays": asked["waited"],
        "decided_in_workdays": asked["taken"],
        "committed": {"year": site.today().year, "cents": asked["cents"], "unknown": asked["unknown"]},
    }
