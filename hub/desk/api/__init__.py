"""The HTTP API under /api/v1 (NL API Design Rules 2.2), a file per noun, and the state of the desk itself."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.routing import BaseRoute

from hub.desk.api.decisions import add_decisions
from hub.desk.api.emergencies import add_emergencies
from hub.desk.api.erasures import add_erasures
from hub.desk.api.households import add_households
from hub.desk.api.inspections import add_inspections
from hub.desk.api.requests import add_requests
from hub.desk.api.sources import add_sources
from hub.desk.api.state import add_state
from hub.desk.api.teams import add_teams
from hub.desk.site import Site

__all__ = ["api_routes"]

_NOUNS = (
    add_households,
    add_inspections,
    add_erasures,
    add_decisions,
    add_emergencies,
    add_requests,
    add_teams,
    add_sources,
)


def api_routes(site: Site) -> list[BaseRoute]:
    """All routes of the API, those that are asked most first, and those of the desk's own state. The routes themselves,
    for an application to have in its own list: a read takes 0.2 ms less than through routers in routers."""
    nouns, state = APIRouter(dependencies=[Depends(_known_parameters)]), APIRouter()
    for add in _NOUNS:
        add(nouns, site)
    add_state(state, site)
    return [*nouns.routes, *state.routes]


async def _known_parameters(request: Request) -> None:
    """Whoever misspells a parameter must not get an answer to another question. Raises RequestValidationError, which
    does not repeat the name: somebody may have put anything there."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    if not known.issuperset(request.query_params):
        raise RequestValidationError([{"loc": ("query",), "msg": "a parameter that does not exist", "type": "extra"}])
