"""The household on paper for a case meeting: it asks who attends, and leaves out what one of them may not see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.access import Action, Actor, Household, Role, cut, may
from hub.desk.access.decide import Openings, sees_whole
from hub.desk.household_page import blocks_of
from hub.desk.pages import Form, Pages
from hub.desk.site import asking
from hub.events.ids import ref_of
from hub.household.document_shape import Document

ATTENDING: Final = {"youth": "youth", "adult": "adult", "family": "", "network": "", "provider": "", "other": ""}
"""Who can attend, and of which unit the access decision takes him to be; of none: he may see nothing of what is
known."""


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
        seen = site.reading.seen(asking(request), household_id, Action.PRINT_HOUSEHOLD)
        shown = for_all(present, seen.document, site.reading.facts(household_id, seen.document))
        whole = all(item["content"] == "all" for item in shown["access"])
        colleagues = all(ATTENDING[who] for who in present)
        shared = {
            "present": present,
            "whole": whole,
            "colleagues": colleagues,
            "path": f"/huishoudens/{household_id}/bespreking",
        }
        return pages.show(request, "meeting.html", **blocks_of(site, seen._replace(document=shown)) | shared)

    return router


def for_all(present: Iterable[str], document: Document, about: Household) -> Document:
    """Of what the reader sees of a household that which everybody at the table may see: the content of a dossier if all
    of them may see all of it."""
    openings: Openings = {ref_of(item): () for item in document["access"] if item["content"] == "all"}
    for who in present:
        openings = _also_seen_by(ATTENDING[who], openings, document, about)
    return cut(document, openings)


def _also_seen_by(kind: str, openings: Openings, document: Document, about: Household) -> Openings:
    if not kind:
        return {}
    teams = tuple(item["team"] for item in document["dossiers"] if item["kind"] == kind and item["team"])
    decision = may(Actor("", Role.CASE_DIRECTOR, unit=kind, teams=teams), Action.READ_HOUSEHOLD, about)
    return {ref: decision.openings[ref] for ref in openings if sees_whole(decision.openings, ref)}
