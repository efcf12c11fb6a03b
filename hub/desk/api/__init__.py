"""The HTTP API under /api/v1 (NL API Design Rules 2.2), a file per noun, and the state of the desk itself."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from hub.desk.api.decisions import decisions_router
from hub.desk.api.emergencies import emergencies_router
from hub.desk.api.erasures import erasures_router
from hub.desk.api.households import households_router
from hub.desk.api.inspections import inspections_router
from hub.desk.api.requests import requests_router
from hub.desk.api.sources import sources_router
from hub.desk.api.state import state_router
from hub.desk.api.teams import teams_router
from hub.desk.site import Site

__all__ = ["api_router"]

_NOUNS = (
    households_router,
    inspections_router,
    erasures_router,
    decisions_router,
    emergencies_router,
    requests_router,
    teams_router,
    sources_router,
)


def api_router(site: Site) -> APIRouter:
    """All routes of the API, and those of the desk's own state."""
    router, known = state_router(site), [Depends(_known_parameters)]
    for noun in _NOUNS:
        router.include_router(noun(site), dependencies=known)
    return router


async def _known_parameters(request: Request) -> None:
    """Whoever misspells a parameter must not get an answer to another question. Raises RequestValidationError, which
    does not repeat the name: somebody may have put anything there."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    if not known.issuperset(request.query_params):
        raise RequestValidationError([{"loc": ("query",), "msg": "a parameter that does not exist", "type": "extra"}])
