"""The gate before everything: who asks and how often, nobody who is not logged in, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.desk.admission import Refused, Request
from hub.desk.login.limits import key_of
from hub.desk.looks import LooksUnavailable
from hub.desk.precedence import Precedence
from hub.desk.site import (
    API_VERSION,
    LOGIN,
    STATIC,
    Site,
    actor_of,
    is_api,
    is_login,
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

_YEAR_SECONDS: Final = 365 * 86_400

Refusal = Callable[[HttpRequest, Exception], Response]
"""Makes the answer of a refusal: a problem or a page."""


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, site: Site, refusal: Refusal) -> None:
        """`refusal` answers Refused, LooksUnavailable, and what has a status itself."""
        self._app = app
        self._site = site
        self._refusal = refusal
        self._headers = headers_of(site)
        self.precedence = Precedence()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HttpRequest(scope)
        asking = Request(None, *trace_of(request))
        remember_asking(scope, asking)
        with ExitStack() as under_way:
            is_short = is_api(request.url.path) and request.method == "GET"
            under_way.enter_context(self.precedence.short() if is_short else self.precedence.long())
            told = _until_it_begins(send, under_way) if is_short else send
            await self._answer(request, asking, receive, told)

    async def _answer(self, request: HttpRequest, asking: Request, receive: Receive, send: Send) -> None:
        scope = request.scope
        dressed = _with_headers(send, self._headers, request.url.path, asking.request_id)
        try:
            self._count(request)
            if not is_open(request.url.path):
                await run_in_threadpool(self._admit, request, asking)
        except (Refused, LooksUnavailable, HTTPException) as error:
            answer = await run_in_threadpool(self._refusal, request, error)  # a page, which waits for others
            await answer(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)

    def _count(self, request: HttpRequest) -> None:
        """What one address may ask. To see the login page is no attempt. Raises TooMany."""
        path, limits = request.url.path, self._site.login.limits
        address = key_of(request.client.host if request.client else "")
        if is_login(path) and (path != LOGIN or request.method == "POST"):
            limits.logins_from.take(address)
        elif not is_open(path):
            limits.requests_from.take(address)

    def _admit(self, request: HttpRequest, asked: Request) -> None:
        """Find out who asks, and let him in or not. Blocking."""
        actor = self._site.with_deputyships(actor_of(self._site, request, asked))
        asking = asked._replace(actor=actor)
        remember_asking(request.scope, asking)
        if actor is not None:
            self._site.login.limits.requests.take(actor.user)
        self._site.reading.enter(asking)


def headers_of(site: Site) -> Mapping[str, str]:
    """The security headers of every answer. The form of the logout leads on to the provider, so that is allowed; behind
    https browsers are told never to come another way (RFC 6797)."""
    headers = dict(SECURITY_HEADERS)
    if site.login.provider is not None:
        own, policy = "form-action 'self'", headers["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy.replace(own, f"{own} {site.login.provider.origin}")
    if site.login.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
    return headers


def _until_it_begins(send: Send, under_way: ExitStack) -> Send:
    """An answer is made when it begins: how long its reader takes over it keeps nobody waiting."""

    async def sent(message: Message) -> None:
        under_way.close()
        await send(message)

    return sent


def _with_headers(send: Send, common: Mapping[str, str], path: str, request_id: str) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in common.items():
                headers[name] = value
            headers["Cache-Control"] = "max-age=3600" if path.startswith(STATIC) else "no-store"
            headers["X-Request-Id"] = request_id
            if is_api(path):
                headers["API-Version"] = API_VERSION
        await send(message)

    return dressed
