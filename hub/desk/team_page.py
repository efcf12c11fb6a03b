"""The page of a team: what each worker has in hand, who waits for a first contact, whose help is past its term, what is
committed, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk.deciding import NoDecision, NotAsSeen, ReasonHoldsBsn
from hub.desk.deputising import DeputyRefused, DeputyToName, DeputyToTakeBack
from hub.desk.pages import Form, Pages
from hub.desk.site import asking
from hub.desk.teams import teams
from hub.errors import LogRefused, LogUnavailable

PATH = "/team"


def team_page_router(pages: Pages) -> APIRouter:
    """The routes of the page."""
    router = APIRouter(include_in_schema=False)
    site = pages.site

    @router.get(PATH)
    def team(request: Request, vastgelegd: bool = False) -> Response:
        """The reader's own teams, one after the other."""
        return _show(pages, request, recorded=vastgelegd)

    @router.post(f"{PATH}/vervangingen")
    def name(request: Request, form: Form) -> Response:
        """Let somebody stand in, and back to the page; or that page again with what is wrong."""
        return _decided(pages, request, lambda: site.deputising.name(asking(request), _wanted(form)))

    @router.post(f"{PATH}/vervangingen/{{deputyship_id}}/intrekking")
    def take_back(deputyship_id: str, request: Request, form: Form) -> Response:
        """Take it back, likewise."""

        def act() -> None:
            wanted = DeputyToTakeBack.model_validate({"why": form.get("why", "")})
            site.deputising.take_back(asking(request), deputyship_id, wanted.why)

        return _decided(pages, request, act)

    return router


def _show(pages: Pages, request: Request, status: int = 200, *, problem: str = "", recorded: bool = False) -> Response:
    today = pages.site.today()
    found = teams(pages.site, asking(request))
    return pages.show(
        request,
        "team.html",
        status,
        teams=found,
        today=today.isoformat(),
        year=today.year,
        problem=problem,
        recorded=recorded,
        choice=lambda worker: orjson.dumps([worker.staff, worker.name]).decode(),
    )


def _decided(pages: Pages, request: Request, act: Callable[[], object]) -> Response:
    try:
        act()
    except (ValidationError, DeputyRefused):
        return _show(pages, request, 400, problem="deputy_invalid")
    except ReasonHoldsBsn:
        return _show(pages, request, 400, problem="decision_bsn")
    except (NotAsSeen, NoDecision):
        return _show(pages, request, 409, problem="not_as_seen.taken_back")
    except (LogUnavailable, LogRefused):
        return _show(pages, request, 503, problem="decision_unavailable")
    return RedirectResponse(f"{PATH}?vastgelegd=true", 303)


def _wanted(form: dict[str, str]) -> DeputyToName:
    """Who stands in is chosen of the team's workers, or written down. Raises ValidationError."""
    wanted: dict[str, object] = {name: form.get(name, "") for name in ("team", "from_on", "to_on", "why")}
    for who in ("replaced", "deputy"):
        written = form.get(f"{who}_staff", ""), form.get(f"{who}_name", "")
        wanted[f"{who}_staff"], wanted[f"{who}_name"] = _chosen(form.get(who, "")) or written
    return DeputyToName.model_validate(wanted)


def _chosen(value: str) -> tuple[object, object] | None:
    try:
        staff, name = orjson.loads(value)
    except (ValueError, TypeError):
        return None
    return staff, name
