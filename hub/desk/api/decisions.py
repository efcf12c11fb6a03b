"""What people decide, in the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models
from hub.desk.api.replies import as_json, tagged
from hub.desk.deciding import Accepted
from hub.desk.decision_models import DecisionAccepted, DecisionToMake, DecisionToTakeBack
from hub.desk.openapi import HOUSEHOLD_PROBLEMS, answers
from hub.desk.site import API, Site, asking

DECISIONS: Final = f"{API}/besluiten"


def add_decisions(router: APIRouter, site: Site) -> None:
    """Routes of decisions."""

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
        return tagged(request, site.deciding.decision(asking(request), decision_id))

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


def _accepted(accepted: Accepted) -> Response:
    link = f"{DECISIONS}/{accepted.decision_id}"
    return as_json({**accepted._asdict(), "link": link}, status=202, headers={"Location": link})
