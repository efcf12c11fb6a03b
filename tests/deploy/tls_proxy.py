"""A TLS proxy as deploy/README.md asks for one: https outside, http inside, and it says who came and how."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import serving

_METHODS: Final = ["GET", "POST", "PUT", "DELETE"]
_HOP_BY_HOP: Final = {"connection", "content-length", "content-encoding", "keep-alive", "transfer-encoding"}
_ANSWER_SECONDS: Final = 60.0


@contextmanager
def tls_proxy(listener: socket.socket, inside: str, key: Path, certificate: Path) -> Iterator[str]:
    """It answers for `inside`, an http address; gives its own, which begins with https."""
    host, port = listener.getsockname()
    own = {"server_header": False, "date_header": False}  # these are told by whoever is inside
    with serving(_app(inside, f"{host}:{port}"), listener, ssl_keyfile=key, ssl_certfile=certificate, **own) as address:
        yield address


def _app(inside: str, outside: str) -> Starlette:
    async def forward(request: Request) -> Response:
        told = {
            "host": outside,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "https",
            "x-forwarded-host": outside,
        }
        told["x-forwarded-port"] = outside.rpartition(":")[2]
        headers = [(name, value) for name, value in request.headers.items() if name not in {*told, *_HOP_BY_HOP}]
        query = f"?{request.url.query}" if request.url.query else ""
        async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_SECONDS) as client:
            asked = client.build_request(
                request.method,
                f"{inside}{request.scope['raw_path'].decode()}{query}",
                headers=[*headers, *told.items()],
                content=await request.body(),
            )
            found = await client.send(asked)
        answer = Response(found.content, found.status_code)
        kept = [(n, v) for n, v in found.headers.raw if n.decode().lower() not in _HOP_BY_HOP]
        answer.raw_headers += [(name.lower(), value) for name, value in kept]
        return answer

    return Starlette(routes=[Route("/{path:path}", forward, methods=_METHODS)])
