"""A person whom the hub must forget, in the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models
from hub.desk.api.replies import as_json
from hub.desk.api.searches import person_key_of
from hub.desk.erasing import Erased, Kept
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.site import API, Site, asking

ERASURES: Final = f"{API}/wisverzoeken"


def add_erasures(router: APIRouter, site: Site) -> None:
    """The route of erasures."""

    @router.post(
        ERASURES,
        operation_id="erasePerson",
        tags=["wisverzoeken"],
        responses=answers(models.Erasure, PROBLEMS),
    )
    def erase(request: Request, wanted: models.ErasureRequest) -> Response:
        """What goes and what stays if a person is erased; ordered, the hub forgets him within a minute or so."""
        person_key = person_key_of(site, wanted.bsn)
        return as_json(_erasure(site.erasing.erase(asking(request), person_key, wanted.why, order=wanted.order)))


def _erasure(erased: Erased) -> dict[str, object]:
    going = erased.plan
    return {
        "held": not going.is_empty,
        "erasure_id": erased.erasure_id,
        "dossiers": [item._asdict() for item in going.dossiers],
        "lines": [item._asdict() for item in going.lines],
        "records": going.records,
        "decisions": len(going.decisions),
        "others_unknown": going.alone,
        "kept": list(Kept),
    }
