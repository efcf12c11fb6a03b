"""The page of a team: what each worker has in hand, who waits for a first contact, whose help is past its term."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.pages import Pages
from hub.desk.site import asking
from hub.desk.teams import teams


def team_page_router(pages: Pages) -> APIRouter:
    """The route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/team")
    def team(request: Request) -> Response:
        """The reader's own teams, one after the other."""
        found = teams(pages.site, asking(request))
        return pages.show(request, "team.html", teams=found, year=pages.site.today().year)

    return router
