"""The gate before everything: who asks, nobody without a token, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.desk.looks import LooksUnavailable
from hub.desk.reading import Refused, Request
from hub.desk.site import (
    API_VERSION,
    STATIC,
    Site,
    actor_of,
    is_api,
    is_open,
    remember_asking,
    trace_of,
)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

Refusal = Callable[[HttpRequest, Exception], Response]
"""Makes the answer of a refusal: a problem or a page."""


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, site: Site, refusal: Refusal) -> None:
        """`refusal` answers Refused and LooksUnavailable."""
        self._app = app
        self._site = site
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HttpRequest(scope)
        asking = Request(actor_of(self._site, request), *trace_of(request))
        remember_asking(scope, asking)
        dressed = _with_headers(send, request.url.path, asking.request_id)
        if not is_open(request.url.path):
            try:
                await run_in_threadpool(self._site.reading.enter, asking)
            except (Refused, LooksUnavailable) as error:
                await self._refusal(request, error)(scope, receive, dressed)
                return
        await self._app(scope, receive, dressed)


def _with_headers(send: Send, path: str, request_id: str) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers["Cache-Control"] = "max-age=3600" if path.startswith(STATIC) else "no-store"
            headers["X-Request-Id"] = request_id
            if is_api(path):
                headers["API-Version"] = API_VERSION
        await send(message)

    return dressed
