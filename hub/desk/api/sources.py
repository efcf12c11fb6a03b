"""The sources, in the API."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models, operations
from hub.desk.api.replies import tagged
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.site import API, Site, asking


def add_sources(router: APIRouter, site: Site) -> None:
    """The route of sources."""

    @router.get(
        f"{API}/bronnen",
        operation_id="listSources",
        tags=["bronnen"],
        responses=answers(models.Sources, PROBLEMS),
    )
    def sources(request: Request) -> Response:
        """State and freshness of every source, as seen now."""
        found = [
            item.status
            | {
                "silent": item.silent,
                "seconds_since_poll": item.seconds_since_poll,
                "dead_letters": item.dead_letters,
            }
            for item in operations.sources(site.reading, asking(request))
        ]
        return tagged(request, {"sources": found})
