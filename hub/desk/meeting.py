"""The household on paper for a case meeting: it asks who attends, and leaves out what one of them may not see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.access import Action, Actor, Household, Role, may
from hub.desk.household_page import blocks_of
from hub.desk.pages import Form, Pages
from hub.desk.reading import facts
from hub.desk.site import asking

ATTENDING: Final[dict[str, Actor | None]] = {
    "youth": Actor("", Role.CASE_DIRECTOR, unit="youth"),
    "adult": Actor("", Role.CASE_DIRECTOR, unit="adult"),
    "family": None,
    "network": None,
    "provider": None,
    "other": None,
}
"""Who can attend, and as whom the access decision sees him; None: as nobody, who may see nothing of what is known."""


def meeting_router(pages: Pages) -> APIRouter:
    """Routes of the meeting's page."""
    router = APIRouter(include_in_schema=False)
    site = pages.site

    @router.get("/huishoudens/{household_id}/bespreking")
    def ask(household_id: str, request: Request) -> Response:
        """Ask who attends."""
        found = site.reading.household(asking(request), household_id)
        return pages.show(request, "meeting_ask.html", household=found, attending=ATTENDING, missing=False)

    @router.post("/huishoudens/{household_id}/bespreking")
    def show(household_id: str, request: Request, form: Form) -> Response:
        """The page to print. Secret addresses are on no paper."""
        present = [who for who in ATTENDING if form.get(who)]
        if not present:
            found = site.reading.household(asking(request), household_id)
            return pages.show(request, "meeting_ask.html", 400, household=found, attending=ATTENDING, missing=True)
        found = site.reading.household(asking(request), household_id, Action.PRINT_HOUSEHOLD)
        whole = may_all_see(present, facts(household_id, found))
        shared = {"present": present, "whole": whole, "path": f"/huishoudens/{household_id}/bespreking"}
        return pages.show(request, "meeting.html", **blocks_of(site, found) | shared)

    return router


def may_all_see(present: Iterable[str], about: Household) -> bool:
    """Whether everybody at the table may see what is known of the household, and not only that help is given."""
    return all(may(ATTENDING[who], Action.READ_HOUSEHOLD, about).allowed for who in present)
