"""The pages of login and logout, and the way to the provider and back."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk.access import Actor
from hub.desk.login import entrances
from hub.desk.login.attempt import SECONDS, Attempt, inside
from hub.desk.login.claims import NoActor, actor_of
from hub.desk.login.provider import NotBelieved
from hub.desk.pages import Form, Pages, open_form
from hub.desk.site import asking, cookie_of, session_of

BEGIN: Final = "/inloggen/begin"
BACK: Final = "/inloggen/terug"
ATTEMPT_COOKIE: Final = "regiehub_aanmelding"
_LONGEST_ANSWER: Final = 4_000
"""Characters of a code, a state or an issuer."""

OpenForm = Annotated[dict[str, str], Depends(open_form)]
_log = structlog.get_logger()


def login_router(pages: Pages) -> APIRouter:
    """All routes of login and logout."""
    router = APIRouter(include_in_schema=False)
    _add_page(router, pages)
    _add_provider(router, pages)
    _add_logout(router, pages)
    return router


def _add_page(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/inloggen")
    def ask(request: Request, naar: str = "/") -> Response:
        """The way to the provider, and in a demo the form that asks for a token."""
        return _page(pages, request, naar)

    @router.post("/inloggen")
    def log_in(request: Request, form: OpenForm) -> Response:
        """Begin a session with a token of the demo, or ask again."""
        actor = site.tokens.actor(form.get("token", ""))
        if actor is None:
            entrances.refused(site.reading, asking(request), "wrong_token")
            return _page(pages, request, form.get("naar", "/"), status=401, wrong="token_wrong")
        return _begin(pages, request, actor, form.get("naar", "/"))


def _page(pages: Pages, request: Request, wanted: str, *, status: int = 200, wrong: str = "") -> Response:
    """`wrong`: key of the text that says why nobody was logged in."""
    site = pages.site
    begin = f"{BEGIN}?naar={quote(inside(wanted))}" if site.login.provider else ""
    asks_token = bool(site.tokens)
    context = {"naar": inside(wanted), "begin": begin, "asks_token": asks_token, "path": "/inloggen"}
    return pages.show(request, "login.html", status, wrong=wrong, **context)


def _add_provider(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get(BEGIN)
    def begin(naar: str = "/") -> Response:
        """To the provider. A link and no form: a form may not lead to another site."""
        if site.login.provider is None:
            return RedirectResponse("/inloggen", 303)
        attempt = Attempt.new(naar)
        answer = RedirectResponse(site.login.provider.login_url(attempt, site.login.address + BACK), 303)
        name, flags = cookie_of(site, ATTEMPT_COOKIE)
        answer.set_cookie(name, attempt.cookie, max_age=SECONDS, **flags)
        return answer

    @router.get(BACK)
    def back(request: Request) -> Response:
        """From the provider, with a code or an error. Whatever it is, the attempt is over."""
        try:
            actor, attempt, id_token = _answered(pages, request)
            answer = _begin(pages, request, actor, attempt.wanted, id_token)
        except NoActor as error:
            entrances.refused(site.reading, asking(request), error.reason, error.user)
            answer = _page(pages, request, "/", status=403, wrong=f"login_{error.reason}")
        except NotBelieved as error:
            _log.warning("login_not_believed", reason=error.reason, detail=error.detail)
            entrances.refused(site.reading, asking(request), error.reason)
            answer = _page(pages, request, "/", status=401, wrong="login_failed")
        name, flags = cookie_of(site, ATTEMPT_COOKIE)
        answer.delete_cookie(name, **flags)
        return answer


def _answered(pages: Pages, request: Request) -> tuple[Actor, Attempt, str]:
    """Who came back. Raises NotBelieved, NoActor, ProviderUnavailable, TooMany."""
    site = pages.site
    said = {name: request.query_params.get(name, "")[:_LONGEST_ANSWER] for name in ("code", "state", "iss", "error")}
    attempt = Attempt.from_cookie(request.cookies.get(cookie_of(site, ATTEMPT_COOKIE)[0], ""))
    if site.login.provider is None or attempt is None or not attempt.is_answer(said["state"]):
        raise NotBelieved("wrong_state")
    if not said["code"]:
        raise NotBelieved("provider_refused", "access_denied" if said["error"] == "access_denied" else "no code")
    found = site.login.provider.redeem(said["code"], attempt, site.login.address + BACK, said["iss"])
    actor = actor_of(found.claims, site.login.provider.registration.names)
    site.login.limits.logins.take(actor.user)
    return actor, attempt, found.id_token


def _begin(pages: Pages, request: Request, actor: Actor, wanted: str, id_token: str = "") -> Response:
    """A session with a new secret, and an end to the one that the browser had."""
    site = pages.site
    entrances.came_in(site.reading, asking(request), actor)
    if former := session_of(site, request):
        site.sessions.end(former)
    answer = RedirectResponse(inside(wanted), 303)
    name, flags = cookie_of(site)
    answer.set_cookie(name, site.sessions.begin(actor, id_token), **flags)
    return answer


def _add_logout(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.post("/uitloggen")
    def log_out(request: Request, form: Form) -> Response:
        """End the session here, whatever else fails, and at the provider."""
        id_token = site.sessions.end(session_of(site, request) or "")
        entrances.left(site.reading, asking(request))
        provider = site.login.provider if id_token else None
        there = provider.logout_url(id_token, f"{site.login.address}/inloggen") if provider else None
        answer = RedirectResponse(there or "/inloggen", 303)
        name, flags = cookie_of(site)
        answer.delete_cookie(name, **flags)
        return answer
