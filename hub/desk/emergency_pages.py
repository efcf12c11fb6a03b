"""The pages of emergency access: to judge it, and to take it on a dossier with which somebody has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk import readmodel
from hub.desk.access import Action, Household
from hub.desk.access.roles import ALLOWED
from hub.desk.admission import Refused
from hub.desk.agreeing import OwnEmergency
from hub.desk.deciding import NoDecision, NotAsSeen, ReasonHoldsBsn
from hub.desk.decision_models import DecisionToMake
from hub.desk.decision_pages import is_reason
from hub.desk.emergencies import to_review
from hub.desk.pages import Form, Pages
from hub.desk.reviewing import during
from hub.desk.site import asking
from hub.errors import LogRefused, LogUnavailable
from hub.events.decisions import Kind

PAGE_SIZE: Final = 20
"""Accesses on one page: of each the log of looks is read."""
NO_FORM: Final[Mapping[str, str]] = MappingProxyType({})
JUDGEMENTS: Final = {"ja": True, "nee": False}


def emergency_router(pages: Pages) -> APIRouter:
    """Routes of the pages of emergency access."""
    router = APIRouter(include_in_schema=False)
    _add_reviews(router, pages)
    _add_taking(router, pages)
    return router


def _add_reviews(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/noodtoegangen")
    def reviews(request: Request, vastgelegd: bool = False) -> Response:
        """Every emergency access that nobody has judged, the oldest first."""
        return _show_reviews(pages, request, accepted=vastgelegd)

    @router.post("/noodtoegangen/{decision_id}/oordeel")
    def judge(decision_id: str, request: Request, form: Form) -> Response:
        """Record a judgement; or the list again with what is wrong."""

        def again(status: int, problem: str = "consent_error", **errors: str) -> Response:
            given = form | {"decision_id": decision_id}
            return _show_reviews(pages, request, status, problem=problem, given=given, errors=errors)

        if errors := errors_of(form):
            return again(400, **errors)
        try:
            site.deciding.decide(asking(request), _judgement(decision_id, form))
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
    waiting = to_review(reading, asking(request))
    shown = [(item, during(reading.looks, item, reading.rules.emergency_hours)) for item in waiting[:PAGE_SIZE]]
    shared = {"problem": "", "given": {}, "errors": {}, "accepted": False, "path": "/noodtoegangen"}
    return pages.show(request, "reviews.html", status, **shared | context, reviews=shown, total=len(waiting))


def _add_taking(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/noodtoegang")
    def ask(request: Request) -> Response:
        """The form for a dossier with which the reader has nothing to do."""
        return _show_taking(pages, request)

    @router.post("/noodtoegang")
    def take(request: Request, form: Form) -> Response:
        """Take it, and the way to the household; or the form again with what is wrong."""
        place = {name: form.get(name, "") for name in ("source", "dossier_id")}
        wrong = {name: f"emergency_error.{name}" for name, value in place.items() if not value}
        wrong |= {} if is_reason(form.get("why", "")) else {"why": "why_invalid"}
        if wrong:
            return _show_taking(pages, request, 400, form, wrong)
        wanted = {"kind": Kind.EMERGENCY, "why": form["why"], "emergency": place}
        try:
            accepted = site.deciding.decide(asking(request), DecisionToMake.model_validate(wanted))
        except ReasonHoldsBsn:
            return _show_taking(pages, request, 400, form, {"why": "consent_error.bsn"})
        except (ValidationError, Refused):
            return _show_taking(pages, request, 400, form, {"dossier_id": "emergency_error.unknown"})
        except (LogUnavailable, LogRefused):
            return _show_taking(pages, request, 503, form, {"why": "decision_unavailable"})
        return _show_taking(pages, request, taken=accepted.households[0])


def _show_taking(
    pages: Pages,
    request: Request,
    status: int = 200,
    given: Mapping[str, str] = NO_FORM,
    errors: Mapping[str, str] = NO_FORM,
    taken: str = "",
) -> Response:
    """Raises Refused for a role that takes no emergency access."""
    reading, asked = pages.site.reading, asking(request)
    if asked.actor is None or Action.BREAK_GLASS not in ALLOWED[asked.actor.role]:
        reading.allow(asked, Action.BREAK_GLASS, [Household("")])
    with reading.connect() as connection:
        sources = sorted(str(item["source"]) for item in readmodel.source_statuses(connection))
    shared = {"given": given, "errors": errors, "taken": taken, "sources": sources, "path": "/noodtoegang"}
    return pages.show(request, "emergency.html", status, **shared, emergency_hours=reading.rules.emergency_hours)
