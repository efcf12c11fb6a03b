"""The pages that list households: a director's own, those of his team, all; and the search."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.desk import attention, attention_words
from hub.desk.access import Action, Actor, may
from hub.desk.admission import Listing
from hub.desk.api.searches import InvalidBsn, search_of
from hub.desk.caseload.lines import Kept
from hub.desk.caseload.query import SCOPES, SORTS, Listed, Scope, Sort, Wanted, concerned, find
from hub.desk.models import HouseholdSearch
from hub.desk.pages import Form, Pages
from hub.desk.paging import PageNumber, last_page, with_query
from hub.desk.reading import HIDDEN_LIMIT, SEARCH_LIMIT
from hub.desk.readmodel import Asker
from hub.desk.site import Site, asking
from hub.desk.words import Words
from hub.household.attention.point import Rule

PAGE_SIZE = 25


def list_pages_router(pages: Pages) -> APIRouter:
    """Routes of the lists."""
    router = APIRouter(include_in_schema=False)
    _add_home(router, pages)
    _add_caseload(router, pages)
    _add_search(router, pages)
    return router


def _add_home(router: APIRouter, pages: Pages) -> None:
    @router.get("/")
    def home(request: Request) -> Response:
        """Where each role begins."""
        actor = asking(request).actor
        begins = (
            (Action.READ_TEAM, "/team"),
            (Action.LIST_HOUSEHOLDS, "/huishoudens"),
            (Action.READ_CONSOLE, "/beheer"),
        )
        found = next((path for action, path in begins if may(actor, action).allowed), "/bronnen")
        return RedirectResponse(found, 303)


def _add_caseload(router: APIRouter, pages: Pages) -> None:
    @router.get("/huishoudens")
    def caseload(
        request: Request,
        wie: Scope = "mine",
        aandacht: bool = False,
        regel: Annotated[str, Query(max_length=40)] = "",
        orde: Sort = "urgency",
        pagina: PageNumber = 1,
    ) -> Response:
        """A line per household: what must happen, who must act, since when, until when."""
        rule = regel if regel in set(Rule) else ""
        wanted = Wanted(wie, aandacht, rule, orde, pagina, PAGE_SIZE)
        actor = asking(request).actor
        found = pages.site.reading.listing(
            asking(request), Action.LIST_HOUSEHOLDS, lambda *asked: _found(pages.site, actor, wanted, *asked)
        )
        return pages.show(
            request,
            "caseload.html",
            found=found,
            wanted=wanted,
            last=last_page(found.total, PAGE_SIZE),
            scopes=SCOPES,
            sorts=SORTS,
            rules=[rule.value for rule in Rule if rule is not Rule.SOURCE],
            link=lambda **changed: _link(wanted, **changed),
            row=partial(_said, pages),
            searches=may(actor, Action.SEARCH_HOUSEHOLDS).allowed,
        )


class _Row(NamedTuple):
    """A household in the list, with the line that the reader may see."""

    listed: Listed
    kept: Kept


class _Page(NamedTuple):
    """One page of the list, as `hub.desk.caseload.query.Found`, of what the reader may see."""

    total: int
    rows: list[_Row]
    changed: int


def _found(site: Site, actor: Actor | None, wanted: Wanted, connection: Connection, asker: Asker) -> Listing[_Page]:
    """Which households, by what this reader is told of them; of each the line that he may see."""
    assert actor is not None  # nobody without a name gets past the decision
    found = find(connection, actor, asker, wanted)
    lines = site.lines.of(connection, actor, [item.household_id for item in found.households])
    rows = [_Row(item, lines[item.household_id]) for item in found.households if item.household_id in lines]
    shown = [concerned(row.listed.household_id, row.kept.line) for row in rows]
    return _Page(found.total, rows, found.changed), shown


def _said(pages: Pages, w: Words, row: _Row) -> str:
    """A row of the page: put together once for as long as its line is remembered, for that takes most of the time."""
    (home, changed), kept = row
    said, place = kept.said, (w.language, changed)
    if place not in said:
        said[place] = pages.part("_line.html", "line", w, attention_words, home, kept.line, changed)
    return said[place]


def _link(wanted: Wanted, **changed: object) -> str:
    """The address of the list with something else chosen; page 1 unless that is what changed."""
    now = wanted._replace(page=1)._asdict() | changed
    names = {"scope": "wie", "attention": "aandacht", "rule": "regel", "sort": "orde", "page": "pagina"}
    standard = Wanted()._asdict()
    return with_query("/huishoudens", {names[name]: now[name] for name in names if now[name] != standard[name]})


def _add_search(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get("/zoeken")
    def ask(request: Request) -> Response:
        """An empty search; the terms never stand in an address."""
        return pages.show(request, "search.html", found=None, problem="", typed={}, limit=SEARCH_LIMIT)

    @router.post("/zoeken")
    def search(request: Request, form: Form) -> Response:
        """What was found."""
        try:
            wanted = search_of(site, HouseholdSearch.model_validate(form))
        except (ValidationError, InvalidBsn):
            problem = "search_street" if is_street(form.get("postcode", "")) else "search_invalid"
            return pages.show(request, "search.html", 400, found=None, problem=problem, typed=form, limit=SEARCH_LIMIT)
        found = site.reading.search(asking(request), wanted)
        summaries = attention.summaries(site, found.households)
        limits = {"limit": SEARCH_LIMIT, "hidden_limit": HIDDEN_LIMIT}
        return pages.show(request, "search.html", found=found, problem="", typed=form, summaries=summaries, **limits)


def is_street(typed: str) -> bool:
    """Whether somebody types a street where a postcode belongs: that has two letters, and four digits before them."""
    return len(re.findall(r"[^\W\d_]", typed)) > 2
