"""The state of the desk itself, and the description of its API: for whoever asks."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.api.replies import as_json, tagged
from hub.desk.problems import problem
from hub.desk.site import DESCRIPTION, Site


def add_state(router: APIRouter, site: Site) -> None:
    """Routes of the desk's own state."""

    @router.get(DESCRIPTION, include_in_schema=False)
    def description(request: Request) -> Response:
        """This API, described in OpenAPI 3, for whoever asks, from any page."""
        return tagged(request, request.app.openapi(), {"Access-Control-Allow-Origin": "*"})

    @router.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        """Whether the process runs."""
        return as_json({"status": "ok"})

    @router.get("/readyz", include_in_schema=False)
    def readyz(request: Request) -> Response:
        """Whether what is shown is what the log holds."""
        reason = site.why_not_ready()
        return as_json({"status": "ready"}) if reason is None else problem(request, 503, f"Not ready: {reason}.")

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Counters and histograms in Prometheus' text format; no personal data."""
        return Response(site.render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
