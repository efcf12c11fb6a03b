"""The page on which whoever works on a dossier records that somebody lets the other unit see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import quote

import orjson
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk.access import Action, may
from hub.desk.agreeing import MOST_CONSENT_DAYS, ConsentRefused
from hub.desk.blocks.openings import own_lines
from hub.desk.deciding import NotAsSeen, ReasonHoldsBsn
from hub.desk.decision_models import DecisionToMake
from hub.desk.decision_pages import is_reason
from hub.desk.digest import LIFE_DOMAINS
from hub.desk.pages import Form, Pages
from hub.desk.reasons import Reasons
from hub.desk.site import Site, asking
from hub.errors import LogRefused, LogUnavailable
from hub.events.agreements import Giver
from hub.events.decisions import Kind

GIVERS: Final[tuple[str, ...]] = get_args(Giver)
_DOMAIN: Final = "domein."
_BY: Final = "door."


def consent_router(pages: Pages) -> APIRouter:
    """Routes of the form for consent."""
    router = APIRouter(include_in_schema=False)
    site = pages.site

    @router.get("/huishoudens/{household_id}/toestemming")
    def ask(household_id: str, request: Request) -> Response:
        """The empty form."""
        return _shown(pages, request, household_id, {})

    @router.post("/huishoudens/{household_id}/toestemming")
    def record(household_id: str, request: Request, form: Form) -> Response:
        """Record it, and back to the household; or the form again with what is wrong."""

        wrong = errors_of(form)
        found = _Wrong(400, fields=wrong) if wrong else _refused(site, request, form)
        if found is not None:
            return _shown(pages, request, household_id, form, found)
        return RedirectResponse(f"/huishoudens/{quote(household_id, safe='')}?vastgelegd=true#openings", 303)

    return router


class _Wrong(NamedTuple):
    """What is wrong with a form: with all of it, and with `fields`: keys of the words that say so."""

    status: int
    problem: str = "consent_error"
    fields: Mapping[str, str] = MappingProxyType({})


def _refused(site: Site, request: Request, form: Mapping[str, str]) -> _Wrong | None:
    """Record what a form without `errors_of` holds; why that could not be done, or None."""
    try:
        site.deciding.decide(asking(request), consent_of(form))
    except ValidationError as error:
        named = {str(part) for item in error.errors() for part in item["loc"]}
        field = next((name for name in ("until", "why") if name in named), "whose")
        return _Wrong(400, fields={field: f"consent_error.{field}"})
    except ConsentRefused as error:
        field = "whose" if error.field == "unit" else error.field
        return _Wrong(400, fields={field: f"consent_error.{field}"})
    except ReasonHoldsBsn:
        return _Wrong(400, fields={"why": "consent_error.bsn"})
    except NotAsSeen as error:
        return _Wrong(409, f"not_as_seen.{error.reason}")
    except (LogUnavailable, LogRefused):
        return _Wrong(503, "decision_unavailable")
    return None


_NOTHING: Final = _Wrong(200, "")


def _shown(
    pages: Pages, request: Request, household_id: str, given: Mapping[str, str], wrong: _Wrong = _NOTHING
) -> Response:
    """The form, for whoever may record consent for a dossier of this household. Raises Refused."""
    site, asked = pages.site, asking(request)
    found = site.reading.household(asked, household_id)
    about = site.reading.facts(household_id, found)
    if not may(asked.actor, Action.RECORD_CONSENT, about).allowed:
        site.reading.allow(asked, Action.RECORD_CONSENT, [about])
    today = site.today()
    shared: dict[str, Any] = {
        "household": found,
        "reasons": Reasons(pages.words(request), found),
        "lines": own_lines(found, today),
        "value_of": _value_of,
        "domains": LIFE_DOMAINS,
        "givers": GIVERS,
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=MOST_CONSENT_DAYS)).isoformat(),
        "given": given,
        "problem": wrong.problem,
        "errors": wrong.fields,
        "path": f"/huishoudens/{household_id}/toestemming",
    }
    return pages.show(request, "consent.html", wrong.status, **shared)


def _value_of(asked: Any) -> str:
    """What the form sends of an `Asked`."""
    line = asked.line
    return orjson.dumps([line["source"], line["dossier_id"], line["line"], asked.unit]).decode()


def errors_of(form: Mapping[str, str]) -> dict[str, str]:
    """What is missing in a form, by field: the key of the words that say so. The rest is found when it is recorded."""
    scope, domains = form.get("scope"), _chosen(form, _DOMAIN)
    found = {
        "whose": "" if form.get("whose") else "consent_error.whose",
        "scope": _scope_error(scope, domains),
        "given_by": "" if _chosen(form, _BY) else "consent_error.nobody",
        "until": "" if form.get("until") else "consent_error.until",
        "why": "" if is_reason(form.get("why", "")) else "consent_error.why",
    }
    return {field: key for field, key in found.items() if key}


def _scope_error(scope: str | None, domains: list[str]) -> str:
    if scope not in ("all", "some"):
        return "consent_error.scope"
    if scope == "all":
        return "consent_error.both" if domains else ""
    return "" if domains else "consent_error.domains"


def consent_of(form: Mapping[str, str]) -> DecisionToMake:
    """The consent that a form without `errors_of` holds. Raises ValidationError."""
    try:
        place = dict(zip(("source", "dossier_id", "line", "unit"), orjson.loads(form["whose"]), strict=True))
    except (ValueError, TypeError):
        place = {}
    said = place | {
        "domains": _chosen(form, _DOMAIN) or None,
        "given_by": _chosen(form, _BY),
        "until": form["until"],
    }
    return DecisionToMake.model_validate({"kind": Kind.CONSENT, "why": form["why"], "consent": said})


def _chosen(form: Mapping[str, str], prefix: str) -> list[str]:
    """The boxes that are ticked, of those that the page has."""
    known = (*LIFE_DOMAINS, *GIVERS)
    return [name for name in known if form.get(prefix + name)]
