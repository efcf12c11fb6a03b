"""Emergency accesses that await a judgement, in the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import emergencies, models
from hub.desk.api.households import HOUSEHOLDS
from hub.desk.api.replies import tagged
from hub.desk.emergencies import ToReview
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.site import API, Site, asking

EMERGENCIES: Final = f"{API}/noodtoegangen"


def add_emergencies(router: APIRouter, site: Site) -> None:
    """The route of emergency accesses."""

    @router.get(
        EMERGENCIES,
        operation_id="listEmergencies",
        tags=["noodtoegangen"],
        responses=answers(models.Emergencies, PROBLEMS),
    )
    def listed(request: Request) -> Response:
        """Emergency accesses that nobody has reviewed yet, the oldest first."""
        found = [_emergency(item) for item in emergencies.to_review(site.reading, asking(request))]
        return tagged(request, {"emergencies": found})


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
