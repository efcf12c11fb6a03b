"""The HTTP API under /api/v1 (NL API Design Rules 2.2), and the state of the desk itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import attention, digest, models, requests, teams, threads
from hub.desk.candidates import Candidate, Side
from hub.desk.deciding import Accepted
from hub.desk.decision_models import DecisionAccepted, DecisionToMake, DecisionToTakeBack
from hub.desk.deputising import DeputyToName, DeputyToTakeBack
from hub.desk.erasing import Erased, Kept
from hub.desk.etags import is_known, tag_of
from hub.desk.openapi import HOUSEHOLD_PROBLEMS, PROBLEMS, answers
from hub.desk.problems import problem
from hub.desk.reading import SEARCH_LIMIT, Page, Seen, ToReview
from hub.desk.searching import Search
from hub.desk.site import API, DESCRIPTION, Site, asking
from hub.desk.translations import LANGUAGES
from hub.desk.words import Words
from hub.events.records import RecordType
from hub.household import direction
from hub.household.document_shape import Document
from hub.household.requests.codes import FURTHER, Party

HOUSEHOLDS: Final = f"{API}/huishoudens"
INSPECTIONS: Final = f"{API}/inzageverzoeken"
ERASURES: Final = f"{API}/wisverzoeken"
REQUESTS: Final = f"{API}/aanvragen"
TEAMS: Final = f"{API}/teams"
DEPUTIES: Final = f"{API}/vervangingen"
_ONE_OF_STATES: Final = f"^({'|'.join(FURTHER)})?$"
_ONE_OF_PARTIES: Final = f"^({'|'.join(Party)})?$"
LARGEST_PAGE: Final = 100
DECISIONS: Final = f"{API}/besluiten"
EMERGENCIES: Final = f"{API}/noodtoegangen"


class InvalidBsn(Exception):
    """The BSN of a search fails its check."""


def api_router(site: Site) -> APIRouter:
    """All routes of the API, and those of the desk's own state."""
    router, state = APIRouter(dependencies=[Depends(_known_parameters)]), APIRouter()
    _add_lists(router, site)
    _add_household(router, site)
    _add_inspection(router, site)
    _add_erasure(router, site)
    _add_decisions(router, site)
    _add_emergencies(router, site)
    _add_requests(router, site)
    _add_sources(router, site)
    _add_state(state, site)
    state.include_router(router)
    return state


def _known_parameters(request: Request) -> None:
    """Whoever misspells a parameter must not get an answer to another question. Raises RequestValidationError, which
    does not repeat the name: somebody may have put anything there."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    if not known.issuperset(request.query_params):
        raise RequestValidationError([{"loc": ("query",), "msg": "a parameter that does not exist", "type": "extra"}])


def _add_lists(router: APIRouter, site: Site) -> None:
    @router.get(
        HOUSEHOLDS,
        operation_id="listHouseholds",
        tags=["huishoudens"],
        responses=answers(models.HouseholdPage, PROBLEMS),
    )
    def households(
        request: Request,
        pagina: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        paginaGrootte: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 25,
    ) -> Response:
        """All live households, in the order of their names."""
        found = site.reading.households(asking(request), page=pagina, page_size=paginaGrootte)
        return _read(request, _page(site, found, pagina, paginaGrootte))

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
        return _json({"count": found.total, "complete": complete, "hidden": found.hidden, "households": rows})


def search_of(site: Site, wanted: models.HouseholdSearch) -> Search:
    """What the read model is asked. Raises InvalidBsn."""
    person_key = site.person_key(wanted.bsn.get_secret_value()) if wanted.bsn else None
    if wanted.bsn and person_key is None:
        raise InvalidBsn
    return Search(
        name=wanted.name,
        birth_date=wanted.birth_date.isoformat() if wanted.birth_date else None,
        dossier_id=wanted.dossier_number,
        person_key=person_key,
        address_key=site.address_key(address) if (address := wanted.address) else None,
    )


def _add_household(router: APIRouter, site: Site) -> None:
    def offer(part: str, name: str, model: type, answer: Callable[[Seen], object]) -> None:
        def read(household_id: str, request: Request) -> Response:
            found = site.reading.seen(asking(request), household_id, addresses=not part)
            return _read(request, answer(found))

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
        return _read(request, {"household_id": household_id, "candidates": rows, "withheld": found.withheld})

    @router.get(
        f"{HOUSEHOLDS}/{{household_id}}/inzagen",
        operation_id="readLooks",
        tags=["huishoudens"],
        responses=answers(models.Looks, HOUSEHOLD_PROBLEMS, moves=True),
    )
    def looks(
        household_id: str,
        request: Request,
        pagina: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        paginaGrootte: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    ) -> Response:
        """Who looked at this household's dossiers or members, newest first."""
        found = site.reading.looks_at(asking(request), household_id, page=pagina, page_size=paginaGrootte)
        path = f"{HOUSEHOLDS}/{household_id}/inzagen"
        place = _place(path, found.total, pagina, paginaGrootte)
        return _read(request, {"household_id": household_id, **place, "looks": found.looks})


def _add_inspection(router: APIRouter, site: Site) -> None:
    @router.post(
        INSPECTIONS,
        operation_id="inspectPerson",
        tags=["inzageverzoeken"],
        responses=answers(models.Inspection, PROBLEMS),
    )
    def inspect(request: Request, wanted: models.InspectionRequest) -> Response:
        """Everything held of a citizen who asks for it, and every look at him."""
        person_key = site.person_key(wanted.bsn.get_secret_value())
        if person_key is None:
            raise InvalidBsn
        return _json(site.reading.inspect(asking(request), person_key, site.open_address))


def _add_erasure(router: APIRouter, site: Site) -> None:
    @router.post(
        ERASURES,
        operation_id="erasePerson",
        tags=["wisverzoeken"],
        responses=answers(models.Erasure, PROBLEMS),
    )
    def erase(request: Request, wanted: models.ErasureRequest) -> Response:
        """What goes and what stays if a person is erased; ordered, the hub forgets him within a minute or so."""
        person_key = site.person_key(wanted.bsn.get_secret_value())
        if person_key is None:
            raise InvalidBsn
        return _json(_erasure(site.erasing.erase(asking(request), person_key, wanted.why, order=wanted.order)))


def _erasure(erased: Erased) -> dict[str, object]:
    going = erased.plan
    return {
        "held": not going.is_empty,
        "erasure_id": erased.erasure_id,
        "dossiers": [item._asdict() for item in going.dossiers],
        "lines": [item._asdict() for item in going.lines],
        "records": going.records,
        "decisions": len(going.decisions),
        "others_unknown": going.alone,
        "kept": list(Kept),
    }


def _add_decisions(router: APIRouter, site: Site) -> None:
    @router.post(
        DECISIONS,
        status_code=202,
        operation_id="makeDecision",
        tags=["besluiten"],
        responses=answers(DecisionAccepted, (400, 401, 403, 404, 409, 503), status=202),
    )
    def decide(request: Request, wanted: DecisionToMake) -> Response:
        """Say who is who, who lives where, who directs, who may see what, that there is an emergency; or hide an
        attention point for a while. One on the same is replaced."""
        return _accepted(site.deciding.decide(asking(request), wanted))

    @router.get(
        f"{DECISIONS}/{{decision_id}}",
        operation_id="readDecision",
        tags=["besluiten"],
        responses=answers(models.DecisionBody, HOUSEHOLD_PROBLEMS),
    )
    def decision(decision_id: str, request: Request) -> Response:
        """One decision, as it has come through so far."""
        return _read(request, site.deciding.decision(asking(request), decision_id))

    @router.post(
        f"{DECISIONS}/{{decision_id}}/intrekking",
        status_code=202,
        operation_id="takeBackDecision",
        tags=["besluiten"],
        responses=answers(DecisionAccepted, (400, 401, 403, 404, 409, 503), status=202),
    )
    def withdraw(decision_id: str, request: Request, wanted: DecisionToTakeBack) -> Response:
        """Take a decision back: what it did is undone, and it stays to be seen."""
        return _accepted(site.deciding.withdraw(asking(request), decision_id, wanted))


def _add_emergencies(router: APIRouter, site: Site) -> None:
    @router.get(
        EMERGENCIES,
        operation_id="listEmergencies",
        tags=["noodtoegangen"],
        responses=answers(models.Emergencies, PROBLEMS),
    )
    def emergencies(request: Request) -> Response:
        """Emergency accesses that nobody has reviewed yet, the oldest first."""
        found = [_emergency(item) for item in site.reading.emergencies(asking(request))]
        return _read(request, {"emergencies": found})


def _emergency(found: ToReview) -> dict[str, object]:
    decision, said = found.decision, found.decision["emergency"]
    assert said is not None
    return {
        **{name: decision[name] for name in ("decision_id", "decided_at", "why")},
        **{name: said[name] for name in ("source", "dossier_id", "user")},
        "household_id": found.household_id,
        "link": f"{HOUSEHOLDS}/{found.household_id}",
        "until": found.until.isoformat().replace("+00:00", "Z"),
        "over": found.over,
    }


def _accepted(accepted: Accepted) -> Response:
    link = f"{DECISIONS}/{accepted.decision_id}"
    return _json({**accepted._asdict(), "link": link}, status=202, headers={"Location": link})


def _add_requests(router: APIRouter, site: Site) -> None:
    @router.get(
        REQUESTS,
        operation_id="listRequests",
        tags=["aanvragen"],
        responses=answers(models.RequestPage, PROBLEMS),
    )
    def listed(
        request: Request,
        toestand: Annotated[str, Query(pattern=_ONE_OF_STATES)] = "",
        aanZet: Annotated[str, Query(pattern=_ONE_OF_PARTIES)] = "",
        teLaat: bool = False,
        pagina: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        paginaGrootte: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 25,
    ) -> Response:
        """Requests for specialist help: of a team leader those of his teams, of a case director those of the
        households that he directs. Those that came to an end are listed only when their state is asked for."""
        wanted = requests.WantedRequests(toestand, aanZet, teLaat, pagina, paginaGrootte)
        found = requests.requests(site, asking(request), wanted)
        chosen = {"toestand": toestand, "aanZet": aanZet, "teLaat": "true" if teLaat else ""}
        place = _place(REQUESTS, found.total, pagina, paginaGrootte, {name: it for name, it in chosen.items() if it})
        return _read(request, {**place, **requests.answer(found, site)})

    @router.get(TEAMS, operation_id="listTeams", tags=["teams"], responses=answers(models.Teams, PROBLEMS))
    def listed_teams(request: Request) -> Response:
        """What your teams have in hand: each worker's households, who waits for a first contact, whose help is past
        its term, and what is committed beside the budget."""
        return _read(request, {"teams": teams.answer(teams.teams(site, asking(request)), site.today().year)})

    @router.post(
        DEPUTIES,
        status_code=202,
        operation_id="nameDeputy",
        tags=["teams"],
        responses=answers(models.DeputyAccepted, (400, 401, 403, 503), status=202),
    )
    def name_deputy(request: Request, wanted: DeputyToName) -> Response:
        """Let somebody stand in for a worker of your team, from the first to the last day. Of the same two and first
        day the earlier is replaced."""
        return _json({"deputyship_id": site.deputising.name(asking(request), wanted)}, status=202)

    @router.post(
        f"{DEPUTIES}/{{deputyship_id}}/intrekking",
        status_code=202,
        operation_id="takeBackDeputy",
        tags=["teams"],
        responses=answers(models.DeputyAccepted, (400, 401, 403, 404, 409, 503), status=202),
    )
    def take_back_deputy(deputyship_id: str, request: Request, wanted: DeputyToTakeBack) -> Response:
        """Take it back: from now on he stands in no more."""
        site.deputising.take_back(asking(request), deputyship_id, wanted.why)
        return _json({"deputyship_id": deputyship_id}, status=202)


def _add_sources(router: APIRouter, site: Site) -> None:
    @router.get(
        f"{API}/bronnen",
        operation_id="listSources",
        tags=["bronnen"],
        responses=answers(models.Sources, PROBLEMS),
    )
    def sources(request: Request) -> Response:
        """State and freshness of every source, as seen now."""
        found = [
            item.status
            | {
                "silent": item.silent,
                "seconds_since_poll": item.seconds_since_poll,
                "dead_letters": item.dead_letters,
            }
            for item in site.reading.sources(asking(request))
        ]
        return _read(request, {"sources": found})


def _add_state(router: APIRouter, site: Site) -> None:
    @router.get(DESCRIPTION, include_in_schema=False)
    def description(request: Request) -> Response:
        """This API, described in OpenAPI 3, for whoever asks, from any page."""
        return _read(request, request.app.openapi(), {"Access-Control-Allow-Origin": "*"})

    @router.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        """Whether the process runs."""
        return _json({"status": "ok"})

    @router.get("/readyz", include_in_schema=False)
    def readyz(request: Request) -> Response:
        """Whether what is shown is what the log holds."""
        reason = site.why_not_ready()
        return _json({"status": "ready"}) if reason is None else problem(request, 503, f"Not ready: {reason}.")

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Counters and histograms in Prometheus' text format; no personal data."""
        return Response(site.render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _household(seen: Seen, site: Site) -> dict[str, object]:
    found = attention.of_household(site, seen)
    return digest.opened(seen.document, site.open_address) | {
        "attention": attention.answer(found.points),
        "threads": threads.answer(found.threads, found.whole.today, site.prices),
        "viewers": site.reading.viewers(seen),
    }


def _page(site: Site, found: Page, page: int, page_size: int) -> dict[str, object]:
    place = _place(HOUSEHOLDS, found.total, page, page_size)
    return {**place, "households": _rows(site, found)}


def _place(
    path: str, total: int, page: int, page_size: int, chosen: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Which page of a list this is, and where the others are. `chosen`: what else stands in the address."""
    last = max(1, -(-total // page_size))

    def address(number: int) -> str:
        return f"{path}?{urlencode({**(chosen or {}), 'pagina': number, 'paginaGrootte': page_size})}"

    def link(number: int) -> str | None:
        return address(number) if 1 <= number <= last else None

    return {
        "count": total,
        "page": page,
        "page_size": page_size,
        "links": {
            "self": address(page),
            "first": link(1),
            "prev": link(page - 1),
            "next": link(page + 1),
            "last": link(last),
        },
    }


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


def _read(request: Request, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a read; without a body for whoever has it already."""
    content = orjson.dumps(body)
    tag = tag_of(content)
    shared = {**(headers or {}), "ETag": tag}
    if is_known(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=shared)
    return Response(content, headers=shared, media_type="application/json")


def _json(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), media_type="application/json")
