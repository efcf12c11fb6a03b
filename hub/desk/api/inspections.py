"""A citizen who asks what is held of him, in the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models
from hub.desk.api.replies import as_json
from hub.desk.api.searches import person_key_of
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.site import API, Site, asking

INSPECTIONS: Final = f"{API}/inzageverzoeken"


def add_inspections(router: APIRouter, site: Site) -> None:
    """The route of inspections."""

    @router.post(
        INSPECTIONS,
        operation_id="inspectPerson",
        tags=["inzageverzoeken"],
        responses=answers(models.Inspection, PROBLEMS),
    )
    def inspect(request: Request, wanted: models.InspectionRequest) -> Response:
        """Everything held of a citizen who asks for it, and every look at him."""
        person_key = person_key_of(site, wanted.bsn)
        return as_json(site.reading.inspect(asking(request), person_key, site.open_address))
