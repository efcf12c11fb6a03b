"""The page of one household: everything that its blocks need, put together for one reader."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.desk import attention, attention_words, digest, threads
from hub.desk.access import Action, Actor, Household, may
from hub.desk.blocks.changes import changed_blocks
from hub.desk.blocks.cost import cost
from hub.desk.blocks.glance import agreed, contacts, living, not_seen, stuck, unknown_units
from hub.desk.blocks.openings import OPENING_KINDS, agreements, broken, own_lines, withheld
from hub.desk.blocks.plan import plan
from hub.desk.blocks.scores import scores
from hub.desk.blocks.sight import sights
from hub.desk.completeness import Completeness, completeness
from hub.desk.live import MEDIA_TYPE, Since
from hub.desk.pages import Pages
from hub.desk.paging import PageNumber, last_page, with_query
from hub.desk.precedence import give_way
from hub.desk.reading import Seen
from hub.desk.reasons import Reasons
from hub.desk.site import Site, asking
from hub.desk.taking_back import action_to_withdraw, judges_own
from hub.events.ids import RecordRef, decision_id
from hub.events.records import RecordType
from hub.household import direction
from hub.household.document_shape import Document, Person, RecordEntry
from hub.household.rulings import Effect

PAGE_SIZE = 25


def household_router(pages: Pages) -> APIRouter:
    """Routes of the pages about one household."""
    router = APIRouter(include_in_schema=False)
    _add_household(router, pages)
    return router


def _add_household(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/huishoudens/{household_id}")
    def household(household_id: str, request: Request, vastgelegd: bool = False) -> Response:
        """Everything about one household. `vastgelegd`: a decision of the reader has just been recorded."""
        return show_household(pages, request, household_id, accepted=vastgelegd)

    @router.get("/huishoudens/{household_id}/kandidaten")
    def candidates(household_id: str, request: Request) -> Response:
        """Who may be the same person as somebody here: a look at other families, so only for whoever asks for it."""
        found = site.reading.candidates(asking(request), household_id, site.open_address)
        household = site.reading.household(asking(request), household_id)
        decides = may(asking(request).actor, Action.DECIDE, site.reading.facts(household_id, household)).allowed
        reasons = Reasons(pages.words(request), household)
        return pages.show(
            request, "candidates.html", candidates=found, household=household, decides=decides, reasons=reasons
        )

    @router.get("/huishoudens/{household_id}/inzagen")
    def looks(household_id: str, request: Request, pagina: PageNumber = 1) -> Response:
        """Who has looked, a page at a time."""
        found = site.reading.looks_at(asking(request), household_id, page=pagina, page_size=PAGE_SIZE)
        return pages.show(
            request,
            "looks.html",
            found=found,
            household_id=household_id,
            page=pagina,
            last=last_page(found.total, PAGE_SIZE),
            link=lambda page: with_query(f"/huishoudens/{household_id}/inzagen", {"pagina": page}),
        )

    @router.get("/huishoudens/{household_id}/wijzigingen")
    def changes(household_id: str, request: Request, since: Since) -> Response:
        """A stream that says when the page is not what it was any more."""
        site.reading.household(asking(request), household_id, Action.FOLLOW_HOUSEHOLD)
        return StreamingResponse(site.live.changes(household_id, since), media_type=MEDIA_TYPE)


def show_household(
    pages: Pages, request: Request, household_id: str, *, status: int = 200, problem: str = "", **context: object
) -> Response:
    """The page of a household. `problem`: key of the text that says why a decision was not recorded; `given`: what the
    form held, `accepted`: that it was recorded."""
    site, asked = pages.site, asking(request)
    mark = site.live.mark(household_id)
    found = site.reading.seen(asked, household_id, addresses=True)
    give_way()
    shown, about = found.document, found.about
    seen = site.visits.visit(asked.actor, about.dossiers) if asked.actor else None
    give_way()
    shared: dict[str, Any] = {"problem": problem, "given": {}, "accepted": False}
    shared |= {"why_problem": problem if problem in ("why_invalid", "decision_bsn") else ""}
    shared |= {
        "reasons": Reasons(pages.words(request), shown),
        "path": f"/huishoudens/{household_id}",
        "mark": mark,
        "decides": may(asked.actor, Action.DECIDE, about).allowed,
        "compares": may(asked.actor, Action.READ_CANDIDATES, about).allowed,
        "sights": sights(site.reading.viewers(found)),
        "tell": threads.ThreadWords(pages.words(request), site.today(), site.prices),
        "seen": seen,
        "changed": changed_blocks(shown, seen) if seen else frozenset(),
        "me": asked.actor,
    }
    give_way()
    blocks = blocks_of(site, found)
    give_way()
    shared |= _openings(site, shown, about, asked.actor, blocks["involved_now"])
    return pages.show(request, "household.html", status, **blocks | shared | context)


def _openings(
    site: Site, document: Document, about: Household, actor: Actor | None, involved: dict[str, Any]
) -> dict[str, Any]:
    """What is withheld from this reader, what opens it to others, and which decisions he may take back."""
    taken = broken(document, site.now().astimezone(UTC))
    over = {item.entry["decision_id"] for item in taken if not item.minutes_left}
    standing = [item for item in document["decisions"] if item["effect"] != Effect.WITHDRAWN]
    user = actor.user if actor else ""
    return {
        "withheld": withheld(document, actor, involved) if actor else [],
        "breaks_glass": may(actor, Action.BREAK_GLASS, about).allowed,
        "emergency_hours": site.reading.rules.emergency_hours,
        "agreements": agreements(document, site.today()),
        "broken": taken,
        "records_consent": may(actor, Action.RECORD_CONSENT, about).allowed and bool(own_lines(document, site.today())),
        "judges": may(actor, Action.JUDGE_EMERGENCY, about).allowed,
        "taking_back": {
            item["decision_id"]
            for item in standing
            if may(actor, action_to_withdraw(item, user), about).allowed
            and item["decision_id"] not in over
            and not judges_own(item, [document], user)
        },
        "opening_kinds": OPENING_KINDS,
        "snoozes": {
            (said["rule"], said["point"]): item["decision_id"]
            for item in standing
            if (said := item["snooze"]) is not None
        },
    }


def _id_of(record: RecordEntry) -> str:
    """Id of the decision of a record that is one."""
    return decision_id(RecordRef(record["source"], record["dossier_id"], record["record_type"], record["record_id"]))


def blocks_of(site: Site, seen: Seen) -> dict[str, Any]:
    """What stands in the blocks, whoever reads."""
    shown = cast(Document, digest.opened(seen.document, site.open_address))
    insight = attention.of_household(site, seen)
    today, points = insight.whole.today, insight.points
    give_way()
    directors = direction.directors(shown, today)
    requests = sorted(digest.records(shown, RecordType.SUPPORT_REQUEST), key=_submitted, reverse=True)
    involved = contacts(shown, today)
    members = sorted(shown["members"], key=_oldest_first)
    return {
        "household": shown,
        "attention": points,
        "tomorrow": (today + timedelta(days=1)).isoformat(),
        "today": today.isoformat(),
        "say": attention_words,
        "members": members,
        "living": living(members),
        "agreed": agreed(shown),
        "directors": directors,
        "directions": direction.directions(shown, today),
        "decision_of": _id_of,
        "stuck": stuck(shown, points, directors, insight.threads),
        "not_seen": not_seen(points),
        "unknown_units": unknown_units(shown),
        "involved": involved,
        "involved_now": {group: [item for item in people if item.current] for group, people in involved.items()},
        "plan": plan(shown, points),
        "requests": requests,
        "threads": insight.threads,
        "cost": cost(shown),
        "scores": scores(shown),
        "events": digest.timeline(shown),
        "sources": digest.sources(shown),
        "completeness": _completeness(site, seen.document),
        "open_dossiers": [item for item in shown["dossiers"] if item["status"] == "open"],
    }


def _completeness(site: Site, document: Document) -> Completeness:
    return completeness(site.reading.around.statuses, {item["source"] for item in document["dossiers"]})


def _submitted(request: RecordEntry) -> str:
    return str(request["body"]["submitted_on"] or "")


def _oldest_first(person: Person) -> tuple[bool, str, str]:
    born = person["fields"]["birth_date"]["values"]
    return not born, str(born[0]["value"]) if born else "", person["person_key"]
