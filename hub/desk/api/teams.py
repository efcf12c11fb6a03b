"""Teams and their deputies, in the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models, teams
from hub.desk.api.replies import as_json, tagged
from hub.desk.deputising import DeputyToName, DeputyToTakeBack
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.site import API, Site, asking

TEAMS: Final = f"{API}/teams"
DEPUTIES: Final = f"{API}/vervangingen"


def add_teams(router: APIRouter, site: Site) -> None:
    """Routes of teams, and of who stands in for whom in them."""

    @router.get(TEAMS, operation_id="listTeams", tags=["teams"], responses=answers(models.Teams, PROBLEMS))
    def listed_teams(request: Request) -> Response:
        """What your teams have in hand: each worker's households, who waits for a first contact, whose help is past
        its term, and what is committed beside the budget."""
        return tagged(request, {"teams": teams.answer(teams.teams(site, asking(request)), site.today().year)})

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
        return as_json({"deputyship_id": site.deputising.name(asking(request), wanted)}, status=202)

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
        return as_json({"deputyship_id": deputyship_id}, status=202)
