"""The web application: gate, API, pages, and how every error is answered."""

from __future__ import annotations

from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from hub.desk.admission import Refused
from hub.desk.agreeing import ConsentRefused, OwnEmergency
from hub.desk.api import api_routes
from hub.desk.api.searches import InvalidBsn
from hub.desk.consent_page import consent_router
from hub.desk.console.pages import console_router
from hub.desk.deciding import DirectionRefused, NoDecision, NotAsSeen, ReasonHoldsBsn, SnoozeRefused
from hub.desk.decision_pages import decision_pages_router
from hub.desk.deputising import DeputyRefused
from hub.desk.emergency_pages import emergency_router
from hub.desk.gate import Gate
from hub.desk.household_page import household_router
from hub.desk.list_pages import list_pages_router
from hub.desk.login.documents import ProviderUnavailable
from hub.desk.login.routes import login_router
from hub.desk.looks import LooksUnavailable
from hub.desk.meeting import meeting_router
from hub.desk.openapi import describe
from hub.desk.pages import Pages, pages_router
from hub.desk.problems import problem
from hub.desk.reading import Moved, NotThere
from hub.desk.request_page import request_page_router
from hub.desk.site import Site, is_api
from hub.desk.team_page import team_page_router
from hub.desk.translations import text
from hub.errors import LogRefused, LogUnavailable

_log = structlog.get_logger()


class _Desk(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description by the API rules."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def create_app(site: Site) -> FastAPI:
    """The application. Pure of start-up: it opens nothing and starts nothing."""
    app = _Desk(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.site = site
    pages = Pages(site)
    errors = Errors(pages)
    app.router.routes.extend(api_routes(site))
    app.include_router(login_router(pages))
    for router in (
        pages_router,
        list_pages_router,
        request_page_router,
        team_page_router,
        household_router,
        meeting_router,
        decision_pages_router,
        consent_router,
        emergency_router,
        console_router,
    ):
        app.include_router(router(pages))
    app.mount("/static", StaticFiles(packages=[("hub.desk", "static")]))
    for known in (*(error for error, _, _ in _MEANINGS), NotAsSeen, HTTPException, Exception):
        app.add_exception_handler(known, errors.answer)
    app.add_exception_handler(Moved, _moved)
    app.add_middleware(Gate, site=site, refusal=errors.answer)
    return app


async def _moved(request: Request, error: Exception) -> Response:
    """The same address with the household's present id. Never cached (the gate says so): the old id may come back."""
    path = request.url.path
    old = str(request.path_params["household_id"])
    new = error.household_id if isinstance(error, Moved) else old
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path.replace(f"/{old}", f"/{new}", 1) + query, 308)


class Errors:
    """Answers errors: problem+json on the API, pages elsewhere. Never shows a value that was sent."""

    def __init__(self, pages: Pages) -> None:
        """`pages` renders errors of pages."""
        self._pages = pages

    def answer(self, request: Request, error: Exception) -> Response:
        """The answer to an error."""
        if isinstance(error, ProviderUnavailable):
            _log.warning("login_provider_unavailable", why=error.why)
        status, detail = _meaning(error)
        if not is_api(request.url.path):
            reason = error.reason if isinstance(error, Refused) else ""
            return self._pages.error(request, status, getattr(error, "headers", None), reason)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else dict(getattr(error, "headers", None) or {})
        return problem(request, status, detail, headers=headers, invalid=_invalid(error))


_MEANINGS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (Refused, 403, "The role of this token may not do this. The attempt was logged."),
    (NotThere, 404, "There is no such household (any more)."),
    (InvalidBsn, 400, "Some parameters are not valid."),
    (RequestValidationError, 400, "Some parameters are not valid."),
    (LooksUnavailable, 503, "The look cannot be logged, so nothing is shown or done."),
    (NoDecision, 404, "There is no such decision, or it has not come through yet."),
    (ReasonHoldsBsn, 400, "Some parameters are not valid."),
    (SnoozeRefused, 400, "Some parameters are not valid."),
    (DirectionRefused, 400, "Some parameters are not valid."),
    (ConsentRefused, 400, "Some parameters are not valid."),
    (DeputyRefused, 400, "Some parameters are not valid."),
    (OwnEmergency, 409, "Nobody judges his own emergency access."),
    (LogUnavailable, 503, "The log did not answer in time. Look whether it came through; deciding again does no harm."),
    (LogRefused, 503, "The log refuses decisions; nothing was decided."),
)


_NOT_YOURS: Final = {
    "no_relation": "You have nothing to do with this household, or it is not there.",
    "content_not_yours": "The content of this dossier is not part of your work.",
}


def _meaning(error: Exception) -> tuple[int, str]:
    if isinstance(error, Refused) and error.reason == "not_logged_in":
        return 401, "Send a valid token: Authorization: Bearer …"
    if isinstance(error, Refused) and error.reason in _NOT_YOURS:
        return 403, f"{_NOT_YOURS[error.reason]} The attempt was logged."
    if isinstance(error, NotAsSeen):
        return 409, text("en", f"not_as_seen.{error.reason}")
    for known, status, detail in _MEANINGS:
        if isinstance(error, known):
            return status, detail
    if isinstance(error, HTTPException):
        return error.status_code, "There is nothing here." if error.status_code == 404 else str(error.detail)
    return 500, "The fault is ours. Quote X-Request-Id when you report it."


_REASONS: Final[dict[type[Exception], tuple[str, dict[str, str]]]] = {
    SnoozeRefused: (
        "snooze",
        {"until": "from tomorrow on, and at most a year", "rule": "there is no such rule"},
    ),
    DirectionRefused: ("direction", {"from_on": "at most a year from today", "director": "holds a BSN"}),
    ConsentRefused: (
        "consent",
        {
            "unit": "is for the other unit: this dossier's own needs none",
            "until": "from today on, and at most a year",
            "given_by": "below 12 the custodians, from 12 to 15 they and the child, from 16 on the person himself",
        },
    ),
}
"""Per error with a field the part of the body in which it stands, and what is said of it."""


_DEPUTY_REASONS: Final = {
    "from_on": "at most a year ago",
    "to_on": "from today on, and at most a year",
    "deputy_name": "a name holds a BSN",
}


def _invalid(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, InvalidBsn):
        return [{"name": "body.bsn", "reason": "fails the 11-test"}]
    if isinstance(error, ReasonHoldsBsn):
        return [{"name": "body.why", "reason": "holds a BSN"}]
    if isinstance(error, DeputyRefused):
        return [{"name": f"body.{error.field}", "reason": _DEPUTY_REASONS[error.field]}]
    if isinstance(error, SnoozeRefused | DirectionRefused | ConsentRefused):
        part, reasons = _REASONS[type(error)]
        return [{"name": f"body.{part}.{error.field}", "reason": reasons[error.field]}]
    if not isinstance(error, RequestValidationError):
        return []
    return [
        {"name": ".".join(str(part) for part in item["loc"]), "reason": str(item["msg"])} for item in error.errors()
    ]
