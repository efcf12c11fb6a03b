"""The pages for case direction and operations: server-rendered, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, HTTPException
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.desk import attention_words, digest, emergencies, operations
from hub.desk.access import Action, may
from hub.desk.access.roles import ALLOWED
from hub.desk.login import entrances
from hub.desk.login.sessions import form_token, is_form_token
from hub.desk.precedence import alone, give_way
from hub.desk.site import Site, asking, session_of
from hub.desk.translations import LANGUAGES, TEXTS, Language
from hub.desk.words import Words

PAGE_SIZE: Final = 25
LANGUAGE_COOKIE: Final = "taal"
LARGEST_FORM_BYTES: Final = 30_000
"""A reason of 2,000 signs, each of which may take 12 bytes in a form."""
FORM_TOKEN: Final = "formulier"
"""Name of the field that says from which session's page a form comes."""
FORM_TOKEN_HEADER: Final = "X-Formulier"
_POST_FORM: Final = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')
_OWN_FORMS: Final = frozenset({"same-origin", "none"})
_YEAR_SECONDS: Final = 365 * 86_400


async def open_form(request: Request) -> dict[str, str]:
    """Fields of a form that are filled in; an oversized one is empty. For whoever is not logged in yet.

    A browser that tells from where a form comes is believed. Raises HTTPException for a form from elsewhere.
    """
    if request.headers.get("sec-fetch-site", "none") not in _OWN_FORMS:
        raise HTTPException(400)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM_BYTES:
            return {}
    fields = parse_qsl(body.decode("utf-8", "replace"), errors="replace")
    return {name: value.strip() for name, value in fields if value.strip()}


def _form(request: Request, fields: Annotated[dict[str, str], Depends(open_form)]) -> dict[str, str]:
    """The same, of whoever is logged in: only a page of his session knows its token, and `Pages.show` puts that into
    every form. A script may send it as a header instead. Raises HTTPException."""
    site: Site = request.app.state.site
    given = fields.pop(FORM_TOKEN, "") or request.headers.get(FORM_TOKEN_HEADER, "")
    if not is_form_token(session_of(site, request) or "", given):
        entrances.refused(site.reading, asking(request), "wrong_form")
        raise HTTPException(400)
    return fields


Form = Annotated[dict[str, str], Depends(_form)]


class Pages:
    """Renders templates for a request, in the reader's language."""

    def __init__(self, site: Site) -> None:
        """`site`: where pages get their data."""
        self.site = site
        self._rendering = Lock()
        self._templates = Environment(
            loader=PackageLoader("hub.desk", "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # it would ask a hundred times a page whether a file is another one
        )

    def show(self, request: Request, template: str, status: int = 200, **context: object) -> Response:
        """A page; it remembers the language that was chosen in its address."""
        actor = asking(request).actor
        _, chosen = _language(request)
        words = self.words(request)
        language = words.language
        shared = {
            "w": words,
            "actor": actor,
            "path": request.url.path if request.method == "GET" else "/zoeken",
            "sees_households": may(actor, Action.LIST_HOUSEHOLDS).allowed,
            "searches_households": may(actor, Action.SEARCH_HOUSEHOLDS).allowed,
            "sees_team": may(actor, Action.READ_TEAM).allowed,
            "sees_requests": may(actor, Action.READ_REQUESTS).allowed,
            "sees_sources": may(actor, Action.READ_SOURCES).allowed,
            "sees_console": may(actor, Action.READ_CONSOLE).allowed,
            "judges_emergencies": may(actor, Action.REVIEW_EMERGENCIES).allowed,
            "to_judge": emergencies.count_to_review(self.site.reading, actor),
            "not_ready": actor is not None and self.site.why_not_ready() is not None,
            "digest": digest,
            "say": attention_words,
        }
        with alone(self._rendering):  # nothing but computing: two pages at a time would both be ready later
            html = "".join(self._parts(template, shared | context))
        page = HTMLResponse(_with_form_token(html, session_of(self.site, request)), status)
        if chosen:
            page.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
        return page

    def _parts(self, template: str, context: Mapping[str, object]) -> Iterator[str]:
        """What a template says."""
        for part in self._templates.get_template(template).generate(context):
            yield part
            give_way()

    def part(self, template: str, macro: str, *arguments: object) -> str:
        """What one macro of a template says: markup, to be shown as it is."""
        said: str = getattr(self._templates.get_template(template).module, macro)(*arguments)
        return said

    def words(self, request: Request) -> Words:
        """How things are said to this reader."""
        return Words(_language(request)[0], self.site.today())

    def error(
        self, request: Request, status: int, headers: Mapping[str, str] | None = None, reason: str = ""
    ) -> Response:
        """The page of an error; nobody logged in is shown the way to log in. `reason`: of a refusal."""
        if status == 401 and request.method == "GET":
            return RedirectResponse(f"/inloggen?naar={quote(request.url.path)}", 303)
        known = status if status in {400, 401, 403, 404, 405, 429, 503} else 500
        actor = asking(request).actor
        breaks_glass = actor is not None and Action.BREAK_GLASS in ALLOWED[actor.role]
        key = f"error.{known}.{reason}"
        page = self.show(
            request,
            "error.html",
            status,
            error=known,
            text=key if key in TEXTS else f"error.{known}.text",
            breaks_glass=breaks_glass and reason == "no_relation",
        )
        page.headers.update(headers or {})
        return page


def _with_form_token(html: str, secret: str | None) -> str:
    """Every form that does something carries the token: here, so that no template can forget it. Text of sources is
    escaped, so it makes no form."""
    if secret is None:
        return html
    field = f'<input type="hidden" name="{FORM_TOKEN}" value="{form_token(secret)}">'
    return _POST_FORM.sub(lambda form: form[0] + field, html)


def _language(request: Request) -> tuple[Language, bool]:
    """The reader's language, and whether this address chooses it."""
    wanted = request.query_params.get("taal")
    if wanted in LANGUAGES:
        return wanted, True
    kept = request.cookies.get(LANGUAGE_COOKIE)
    return (kept if kept in LANGUAGES else LANGUAGES[0]), False


def pages_router(pages: Pages) -> APIRouter:
    """All routes of the pages."""
    router = APIRouter(include_in_schema=False)
    _add_sources(router, pages)
    return router


def _add_sources(router: APIRouter, pages: Pages) -> None:
    @router.get("/bronnen")
    def sources(request: Request) -> Response:
        """State and freshness of every source; what could not be read for those who may see it."""
        reading = pages.site.reading
        found = operations.sources(reading, asking(request))
        sees_letters = may(asking(request).actor, Action.READ_DEAD_LETTERS).allowed
        letters = operations.dead_letters(reading, asking(request)) if sees_letters else None
        return pages.show(request, "sources.html", sources=found, letters=letters)
