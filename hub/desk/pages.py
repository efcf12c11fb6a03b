"""The pages for case direction and operations: server-rendered, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, HTTPException, Query
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.desk import attention, attention_words, digest, threads
from hub.desk.access import Action, may
from hub.desk.api import InvalidBsn, search_of
from hub.desk.login import entrances
from hub.desk.login.sessions import form_token, is_form_token
from hub.desk.models import HouseholdSearch
from hub.desk.reading import HIDDEN_LIMIT, SEARCH_LIMIT
from hub.desk.reasons import Reasons
from hub.desk.site import Site, asking, session_of
from hub.desk.translations import LANGUAGES, Language
from hub.desk.words import Words
from hub.events.records import RecordType
from hub.household import direction
from hub.household.document_shape import Document, Person

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
        self._templates = Environment(
            loader=PackageLoader("hub.desk", "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
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
            "sees_sources": may(actor, Action.READ_SOURCES).allowed,
            "not_ready": actor is not None and self.site.why_not_ready() is not None,
            "digest": digest,
        }
        html = self._templates.get_template(template).render(shared | context)
        page = HTMLResponse(_with_form_token(html, session_of(self.site, request)), status)
        if chosen:
            page.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
        return page

    def words(self, request: Request) -> Words:
        """How things are said to this reader."""
        return Words(_language(request)[0], self.site.today())

    def error(self, request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """The page of an error; nobody logged in is shown the way to log in."""
        if status == 401 and request.method == "GET":
            return RedirectResponse(f"/inloggen?naar={quote(request.url.path)}", 303)
        known = status if status in {400, 401, 403, 404, 405, 429, 503} else 500
        page = self.show(request, "error.html", status, error=known)
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
    _add_overview(router, pages)
    _add_household(router, pages)
    _add_sources(router, pages)
    return router


def _add_overview(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/")
    def home(request: Request) -> Response:
        """Where each role begins."""
        sees_households = may(asking(request).actor, Action.LIST_HOUSEHOLDS).allowed
        return RedirectResponse("/huishoudens" if sees_households else "/bronnen", 303)

    @router.get("/huishoudens")
    def overview(request: Request, pagina: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> Response:
        """All households, a page at a time."""
        found = site.reading.households(asking(request), page=pagina, page_size=PAGE_SIZE)
        last = max(1, -(-found.total // PAGE_SIZE))
        summaries = attention.summaries(site, found.households)
        return pages.show(request, "overview.html", found=found, page=pagina, last=last, summaries=summaries)

    @router.get("/zoeken")
    def ask(request: Request) -> Response:
        """An empty search; the terms never stand in an address."""
        return pages.show(request, "search.html", found=None, invalid=False, limit=SEARCH_LIMIT)

    @router.post("/zoeken")
    def search(request: Request, form: Form) -> Response:
        """What was found."""
        try:
            wanted = search_of(site, HouseholdSearch.model_validate(form))
        except (ValidationError, InvalidBsn):
            return pages.show(request, "search.html", 400, found=None, invalid=True, limit=SEARCH_LIMIT)
        found = site.reading.search(asking(request), wanted)
        summaries = attention.summaries(site, found.households)
        limits = {"limit": SEARCH_LIMIT, "hidden_limit": HIDDEN_LIMIT}
        return pages.show(request, "search.html", found=found, invalid=False, summaries=summaries, **limits)


def _add_household(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/huishoudens/{household_id}")
    def household(household_id: str, request: Request, vastgelegd: bool = False) -> Response:
        """Everything about one household. `vastgelegd`: a decision of the reader has just been recorded."""
        return show_household(pages, request, household_id, accepted=vastgelegd)

    @router.get("/huishoudens/{household_id}/kandidaten")
    def candidates(household_id: str, request: Request) -> Response:
        """Who may be the same person as somebody here: a look at other families, so only for whoever asks for it."""
        found = site.reading.candidates(asking(request), household_id, site.open_address)
        household = site.reading.household(asking(request), household_id)
        decides = may(asking(request).actor, Action.DECIDE, site.reading.facts(household_id, household)).allowed
        reasons = Reasons(pages.words(request), household)
        return pages.show(
            request, "candidates.html", candidates=found, household=household, decides=decides, reasons=reasons
        )

    @router.get("/huishoudens/{household_id}/inzagen")
    def looks(household_id: str, request: Request, pagina: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> Response:
        """Who has looked, a page at a time."""
        found = site.reading.looks_at(asking(request), household_id, page=pagina, page_size=PAGE_SIZE)
        last = max(1, -(-found.total // PAGE_SIZE))
        return pages.show(request, "looks.html", found=found, household_id=household_id, page=pagina, last=last)


def show_household(
    pages: Pages, request: Request, household_id: str, *, status: int = 200, problem: str = "", **context: object
) -> Response:
    """The page of a household. `problem`: key of the text that says why a decision was not recorded; `given`: what the
    form held, `accepted`: that it was recorded."""
    found = pages.site.reading.household(asking(request), household_id, addresses=True)
    shared = {"problem": problem, "given": {}, "accepted": False, "reasons": Reasons(pages.words(request), found)}
    shared["path"] = f"/huishoudens/{household_id}"
    shared["tell"] = threads.ThreadWords(pages.words(request), pages.site.today(), pages.site.prices)
    about = pages.site.reading.facts(household_id, found)
    shared["decides"] = may(asking(request).actor, Action.DECIDE, about).allowed
    shared["compares"] = may(asking(request).actor, Action.READ_CANDIDATES, about).allowed
    return pages.show(request, "household.html", status, **_household(pages.site, found) | shared | context)


def _household(site: Site, document: Document) -> dict[str, Any]:
    shown = cast(Document, digest.opened(document, site.open_address))
    today = site.today()

    def of_type(record_type: RecordType, newest_by: str | None = None) -> list[Any]:
        found = digest.records(shown, record_type)
        return _newest_first(found, newest_by) if newest_by else found

    return {
        "household": shown,
        "attention": attention.of_household(site, document),
        "tomorrow": (today + timedelta(days=1)).isoformat(),
        "say": attention_words,
        "members": sorted(shown["members"], key=_oldest_first),
        "directors": direction.directors(shown, today),
        "directions": direction.directions(shown, today),
        "involved": of_type(RecordType.INVOLVEMENT),
        "goals": digest.goals_by_domain(shown),
        "requests": of_type(RecordType.SUPPORT_REQUEST, "submitted_on"),
        "threads": threads.of_household(site, document),
        "assessments": of_type(RecordType.ASSESSMENT, "taken_on"),
        "events": digest.timeline(shown),
        "sources": digest.sources(shown),
    }


def _newest_first(records: list[Any], field: str) -> list[Any]:
    key: Callable[[Any], str] = lambda record: str(record["body"][field] or "")  # noqa: E731  # one use
    return sorted(records, key=key, reverse=True)


def _oldest_first(person: Person) -> tuple[bool, str, str]:
    born = person["fields"]["birth_date"]["values"]
    return not born, str(born[0]["value"]) if born else "", person["person_key"]


def _add_sources(router: APIRouter, pages: Pages) -> None:
    @router.get("/bronnen")
    def sources(request: Request) -> Response:
        """State and freshness of every source; what could not be read for those who may see it."""
        reading = pages.site.reading
        found = reading.sources(asking(request))
        sees_letters = may(asking(request).actor, Action.READ_DEAD_LETTERS).allowed
        letters = reading.dead_letters(asking(request)) if sees_letters else None
        return pages.show(request, "sources.html", sources=found, letters=letters)
