"""The pages of emergency access: to judge it, and to take it on a dossier with which somebody has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk.agreeing import OwnEmergency
from hub.desk.deciding import NoDecision, NotAsSeen, ReasonHoldsBsn
from hub.desk.decision_models import DecisionToMake
from hub.desk.decision_pages import is_reason
from hub.desk.pages import Form, Pages
from hub.desk.reviewing import during
from hub.desk.site import asking
from hub.errors import LogRefused, LogUnavailable
from hub.events.decisions import Kind

PAGE_SIZE: Final = 20
"""Accesses on one page: of each the log of looks is read."""
JUDGEMENTS: Final = {"ja": True, "nee": False}


def emergency_router(pages: Pages) -> APIRouter:
    """Routes of the pages of emergency access."""
    router = APIRouter(include_in_schema=False)
    _add_reviews(router, pages)
    return router


def _add_reviews(router: APIRouter, pages: Pages) -> None:
    deciding = pages.site.deciding

    @router.get("/noodtoegangen")
    def reviews(request: Request, vastgelegd: bool = False) -> Response:
        """Every emergency access that nobody has judged, the oldest first."""
        return _show_reviews(pages, request, accepted=vastgelegd)

    @router.post("/noodtoegangen/{decision_id}/oordeel")
    def judge(decision_id: str, request: Request, form: Form) -> Response:
        """Record a judgement; or the list again with what is wrong."""

        def again(status: int, problem: str = "", **errors: str) -> Response:
            given = form | {"decision_id": decision_id}
            return _show_reviews(pages, request, status, problem=problem, given=given, errors=errors)

        if errors := errors_of(form):
            return again(400, **errors)
        try:
            deciding.decide(asking(request), _judgement(decision_id, form))
        except ReasonHoldsBsn:
            return again(400, why="consent_error.bsn")
        except OwnEmergency:
            return again(409, "review_error.own")
        except (ValidationError, NoDecision, NotAsSeen):
            return again(404, "review_error.gone")
        except (LogUnavailable, LogRefused):
            return again(503, "decision_unavailable")
        return RedirectResponse("/noodtoegangen?vastgelegd=true", 303)


def errors_of(form: Mapping[str, str]) -> dict[str, str]:
    """What is missing in a judgement, by field: the key of the words that say so."""
    found = {
        "justified": "" if form.get("justified") in JUDGEMENTS else "review_error.justified",
        "why": "" if is_reason(form.get("why", "")) else "why_invalid",
    }
    return {field: key for field, key in found.items() if key}


def _judgement(decision_id: str, form: Mapping[str, str]) -> DecisionToMake:
    place = {name: form.get(name, "") for name in ("source", "dossier_id")}
    said = place | {"emergency": decision_id, "justified": JUDGEMENTS[form["justified"]]}
    return DecisionToMake.model_validate({"kind": Kind.EMERGENCY_REVIEW, "why": form["why"], "review": said})


def _show_reviews(pages: Pages, request: Request, status: int = 200, **context: Any) -> Response:
    reading = pages.site.reading
    waiting = reading.emergencies(asking(request))
    shown = [(item, during(reading.looks, item)) for item in waiting[:PAGE_SIZE]]
    shared = {"problem": "", "given": {}, "errors": {}, "accepted": False, "path": "/noodtoegangen"}
    return pages.show(request, "reviews.html", status, **shared | context, reviews=shown, total=len(waiting))
