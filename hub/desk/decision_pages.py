"""The forms by which a director decides something on the page of a household, or takes it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk.agreeing import OwnEmergency
from hub.desk.deciding import Accepted, DirectionRefused, NotAsSeen, ReasonHoldsBsn, SnoozeRefused
from hub.desk.decision_models import MOST_WHY, DecisionToMake, DecisionToTakeBack
from hub.desk.household_page import show_household
from hub.desk.pages import Form, Pages
from hub.desk.site import asking
from hub.errors import LogRefused, LogUnavailable
from hub.events.decisions import Kind


def decision_pages_router(pages: Pages) -> APIRouter:
    """Where the forms about decisions go."""
    router = APIRouter(include_in_schema=False)
    site = pages.site

    @router.post("/huishoudens/{household_id}/besluiten")
    def decide(household_id: str, request: Request, form: Form) -> Response:
        """Record a decision, and back to the household; or that page again with what is wrong."""

        def act() -> Accepted:
            return site.deciding.decide(asking(request), wanted_of(form))

        return _decided(pages, request, household_id, form, act)

    @router.post("/huishoudens/{household_id}/besluiten/{decision_id}/intrekking")
    def withdraw(household_id: str, decision_id: str, request: Request, form: Form) -> Response:
        """Take a decision back, likewise."""

        def act() -> Accepted:
            wanted = DecisionToTakeBack.model_validate(
                {name: form[name] for name in ("why", "version") if name in form}
            )
            return site.deciding.withdraw(asking(request), decision_id, wanted)

        return _decided(pages, request, household_id, form | {"decision_id": decision_id}, act)

    return router


def _decided(
    pages: Pages, request: Request, household_id: str, form: dict[str, str], act: Callable[[], Accepted]
) -> Response:
    def again(status: int, problem: str) -> Response:
        return show_household(pages, request, household_id, status=status, problem=problem, given=form)

    try:
        act()
    except (ValidationError, SnoozeRefused, DirectionRefused):
        return again(400, "decision_invalid" if is_reason(form.get("why", "")) else "why_invalid")
    except ReasonHoldsBsn:
        return again(400, "decision_bsn")
    except NotAsSeen as error:
        return again(409, f"not_as_seen.{error.reason}")
    except OwnEmergency:
        return again(409, "review_error.own")
    except (LogUnavailable, LogRefused):
        return again(503, "decision_unavailable")
    return RedirectResponse(f"/huishoudens/{quote(household_id, safe='')}?vastgelegd=true", 303)


def is_reason(why: str) -> bool:
    """Whether a text can be the reason of a decision."""
    return 0 < len(why) <= MOST_WHY


def wanted_of(form: dict[str, str]) -> DecisionToMake:
    """The decision that a form holds: `kind`, `why`, and `line` and `other` as `Reasons.choices` gives them, or the
    fields of a snooze, a direction or an emergency. Raises ValidationError."""
    wanted: dict[str, Any] = {name: form.get(name, "") for name in ("kind", "why")}
    if wanted["kind"] == Kind.SNOOZE:
        wanted["snooze"] = {name: form.get(name, "") for name in ("source", "dossier_id", "rule", "point", "until")}
    elif wanted["kind"] == Kind.DIRECTION:
        wanted["direction"] = _direction_of(form)
    elif wanted["kind"] == Kind.EMERGENCY:
        wanted["emergency"] = {name: form.get(name, "") for name in ("source", "dossier_id")}
    else:
        wanted |= {name: _line_of(form[name]) for name in ("line", "other") if name in form}
    if wanted["kind"] == Kind.DIFFERENT_PERSON:
        wanted["doubted"] = form.get("doubted")
    return DecisionToMake.model_validate(wanted)


def _direction_of(form: dict[str, str]) -> dict[str, Any]:
    """With a name it is handed over, without one the decider takes it over."""
    said: dict[str, Any] = {name: form.get(name, "") for name in ("source", "dossier_id")}
    said |= {"from_on": form["from_on"]} if "from_on" in form else {}
    who = {name: form[name] for name in ("name", "phone", "unit", "organisation") if name in form}
    return said | ({"director": who} if who else {})


def _line_of(chosen: str) -> dict[str, Any] | str:
    """A line out of the value of a choice; what is none is left for validation to refuse."""
    try:
        return dict(zip(("source", "dossier_id", "line", "person_key"), orjson.loads(chosen), strict=True))
    except (ValueError, TypeError):
        return chosen
