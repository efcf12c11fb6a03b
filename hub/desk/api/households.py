"""Households in the API: lists, the search, one of them, and who may be the same person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import attention, digest, models, threads
from hub.desk.api.replies import PageSize, as_json, paged, tagged
from hub.desk.api.searches import search_of
from hub.desk.candidates import Candidate, Side
from hub.desk.openapi import HOUSEHOLD_PROBLEMS, PROBLEMS, answers
from hub.desk.paging import PageNumber
from hub.desk.reading import SEARCH_LIMIT, Page, Seen
from hub.desk.site import API, Site, asking
from hub.desk.translations import LANGUAGES
from hub.desk.words import Words
from hub.events.records import RecordType
from hub.household import direction
from hub.household.document_shape import Document

HOUSEHOLDS: Final = f"{API}/huishoudens"


def add_households(router: APIRouter, site: Site) -> None:
    """Routes of households."""
    _add_lists(router, site)
    _add_household(router, site)


def _add_lists(router: APIRouter, site: Site) -> None:
    @router.get(
        HOUSEHOLDS,
        operation_id="listHouseholds",
        tags=["huishoudens"],
        responses=answers(models.HouseholdPage, PROBLEMS),
    )
    def households(
        request: Request,
        pagina: PageNumber = 1,
        paginaGrootte: PageSize = 25,
    ) -> Response:
        """All live households, in the order of their names."""
        found = site.reading.households(asking(request), page=pagina, page_size=paginaGrootte)
        return tagged(request, _page(site, found, pagina, paginaGrootte))

    @router.post(
        f"{HOUSEHOLDS}/zoekopdrachten",
        operation_id="searchHouseholds",
        tags=["huishoudens"],
        responses=answers(models.SearchResult, PROBLEMS),
    )
    def search(request: Request, wanted: models.HouseholdSearch) -> Response:
        """Find households by a member or a dossier number. `hidden`: so many more that you may not see,
        at most 10."""
        found = site.reading.search(asking(request), search_of(site, wanted))
        rows = _rows(site, found)
        complete = found.total < SEARCH_LIMIT
        return as_json({"count": found.total, "complete": complete, "hidden": found.hidden, "households": rows})


def _add_household(router: APIRouter, site: Site) -> None:
    def offer(part: str, name: str, model: type, answer: Callable[[Seen], object]) -> None:
        def read(household_id: str, request: Request) -> Response:
            found = site.reading.seen(asking(request), household_id, addresses=not part)
            return tagged(request, answer(found))

        read.__doc__ = model.__doc__
        router.get(
            f"{HOUSEHOLDS}/{{household_id}}{part}",
            operation_id=name,
            tags=["huishoudens"],
            responses=answers(model, HOUSEHOLD_PROBLEMS, moves=True),
        )(read)

    offer("", "readHousehold", models.Household, lambda seen: _household(seen, site))
    offer("/tijdlijn", "readTimeline", models.Timeline, lambda seen: _timeline(seen.document))
    offer("/besluiten", "readDecisions", models.Decisions, lambda seen: _decisions(seen.document))
    offer("/betrokkenen", "readInvolved", models.Involved, lambda seen: _involved(seen.document, site))

    @router.get(
        f"{HOUSEHOLDS}/{{household_id}}/kandidaten",
        operation_id="readCandidates",
        tags=["huishoudens"],
        responses=answers(models.Candidates, HOUSEHOLD_PROBLEMS, moves=True),
    )
    def candidates(household_id: str, request: Request) -> Response:
        """Who may be the same person as somebody of this household, with what speaks for it and against."""
        found = site.reading.candidates(asking(request), household_id, site.open_address)
        rows = [_candidate(item, site) for item in found.pairs]
        return tagged(request, {"household_id": household_id, "candidates": rows, "withheld": found.withheld})

    @router.get(
        f"{HOUSEHOLDS}/{{household_id}}/inzagen",
        operation_id="readLooks",
        tags=["huishoudens"],
        responses=answers(models.Looks, HOUSEHOLD_PROBLEMS, moves=True),
    )
    def looks(
        household_id: str,
        request: Request,
        pagina: PageNumber = 1,
        paginaGrootte: PageSize = 50,
    ) -> Response:
        """Who looked at this household's dossiers or members, newest first."""
        found = site.reading.looks_at(asking(request), household_id, page=pagina, page_size=paginaGrootte)
        path = f"{HOUSEHOLDS}/{household_id}/inzagen"
        place = paged(path, found.total, pagina, paginaGrootte)
        return tagged(request, {"household_id": household_id, **place, "looks": found.looks})


def _household(seen: Seen, site: Site) -> dict[str, object]:
    found = attention.of_household(site, seen)
    return digest.opened(seen.document, site.open_address) | {
        "attention": attention.answer(found.points),
        "threads": threads.answer(found.threads, found.whole.today, site.prices),
        "viewers": site.reading.viewers(seen),
    }


def _page(site: Site, found: Page, page: int, page_size: int) -> dict[str, object]:
    place = paged(HOUSEHOLDS, found.total, page, page_size)
    return {**place, "households": _rows(site, found)}


def _rows(site: Site, found: Page) -> list[dict[str, object]]:
    summaries = attention.summaries(site, found.households)
    return [_row(item) | {"attention": summaries[item["household_id"]]._asdict()} for item in found.households]


def _row(document: Document) -> dict[str, object]:
    dossiers = document["dossiers"]
    return {
        "household_id": document["household_id"],
        "label": document["label"],
        "status": document["status"],
        "oversized": document["oversized"],
        "title": document["title"],
        "members": [digest.display_name(member) for member in document["members"]],
        "dossiers": [{name: item[name] for name in ("source", "dossier_id", "kind", "status")} for item in dossiers],
        "counts": {
            "members": len(document["members"]),
            "dossiers": len(dossiers),
            "open_dossiers": sum(item["status"] == "open" for item in dossiers),
            "goals": len(digest.records(document, RecordType.GOAL)),
            "conflicts": len(document["conflicts"]),
        },
        "link": f"{HOUSEHOLDS}/{document['household_id']}",
    }


def _timeline(document: Document) -> dict[str, object]:
    return {"household_id": document["household_id"], "events": digest.timeline(document)}


def _decisions(document: Document) -> dict[str, object]:
    return {"household_id": document["household_id"], "decisions": document["decisions"][::-1]}


def _involved(document: Document, site: Site) -> dict[str, object]:
    today = site.today()
    return {
        "household_id": document["household_id"],
        "directors": direction.directors(document, today),
        "directions": [
            {"current": entry.current, "decided": entry.decided, "record": entry.record}
            for entry in direction.directions(document, today)
        ],
        "involved": digest.records(document, RecordType.INVOLVEMENT),
    }


def _candidate(found: Candidate, site: Site) -> dict[str, object]:
    words = {language: Words(language, site.today()) for language in LANGUAGES}
    return {
        "score": round(found.score.bits, 2),
        "strength": found.score.strength,
        "one": _side(found.one),
        "other": _side(found.other),
        "evidence": [
            {
                "code": item.level.code,
                "weight": round(item.level.bits, 2),
                "text": {language: said.evidence(item) for language, said in words.items()},
            }
            for item in found.score.findings
        ],
    }


def _side(side: Side) -> dict[str, object]:
    person, household_id = side.person, side.household["household_id"]
    who = {"person_key": person["person_key"], "confirmed": person["confirmed"]}
    return {
        "household_id": household_id,
        "link": f"{HOUSEHOLDS}/{household_id}",
        "place": side.place,
        **who,
        "unconfirmed_reason": person["unconfirmed_reason"],
        "lines": [{**ref, **who} for ref in person["source_refs"]],
        "name": digest.display_name(person),
        "birth_date": digest.newest(person, "birth_date"),
    }
