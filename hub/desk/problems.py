"""Errors of the API as application/problem+json (RFC 9457). Never a value that was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final = {
    400: "The request is not valid",
    401: "A token is needed",
    403: "This is not allowed",
    404: "There is nothing here",
    409: "This does not fit what is known now",
    405: "This method is not offered here",
    429: "Too many requests",
    500: "Something went wrong at our side",
    503: "The desk cannot answer now",
}


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    invalid: Sequence[Mapping[str, str]] = (),
) -> Response:
    """The answer. `invalid`: name and reason of each parameter that is not valid."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    if invalid:
        body["invalid_params"] = list(invalid)
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
