"""The simulated ZCD's web server: tokens, the change feed, the inventory, and its moods."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import select
import socket
import sys
import time
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from threading import Thread
from typing import Annotated, Final
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from connectors.zcd.simulator_store import ZcdStore

STORE_NAME: Final = "zcd.sqlite"
FromHeader = Annotated[str, Header()]
Limit = Annotated[int, Query(ge=1, le=500)]


class _Refused(Exception):
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers or {}


class _Gate:
    """Lets requests in, or not."""

    def __init__(self, store: ZcdStore) -> None:
        self._store = store
        self._client = store.setting("client_id")
        self._secret = store.setting("client_secret")
        self._tokens: dict[str, float] = {}
        self._random = random.Random(store.faults().seed)

    async def pass_mood(self) -> None:
        """Answer late, with 429 or with 503, as often as the faults say."""
        faults = self._store.faults()
        await asyncio.sleep(faults.delay_seconds)
        if self._random.random() < faults.too_many_rate:
            raise _Refused(429, {"Retry-After": str(faults.retry_after_seconds)})
        if self._random.random() < faults.server_error_rate:
            raise _Refused(503)

    def token(self, client_id: str, client_secret: str) -> tuple[str, float]:
        """A new token and its life in seconds."""
        given, known = f"{client_id}\n{client_secret}", f"{self._client}\n{self._secret}"
        if not compare_digest(given.encode(), known.encode()):
            raise _Refused(401)
        token, life = token_urlsafe(24), self._store.faults().token_seconds
        now = time.monotonic()
        self._tokens = {old: until for old, until in self._tokens.items() if until > now}
        self._tokens[token] = now + life
        return token, life

    def demand(self, authorization: str) -> None:
        """Only a token that was given and has not ended passes."""
        if self._tokens.get(authorization.removeprefix("Bearer "), 0.0) <= time.monotonic():
            raise _Refused(401, {"WWW-Authenticate": "Bearer"})


def make_app(store: ZcdStore) -> FastAPI:
    """The web application over a store."""
    app = FastAPI(title="ZCD (simulated)", docs_url=None, redoc_url=None, openapi_url=None)
    gate = _Gate(store)

    @app.exception_handler(_Refused)
    async def refuse(_request: Request, refused: _Refused) -> Response:
        return JSONResponse({"fout": refused.status}, refused.status, refused.headers)

    @app.get("/gezond")
    async def healthy() -> dict[str, bool]:
        return {"gezond": True}

    @app.post("/oauth/token")
    async def token(request: Request) -> dict[str, object]:
        await gate.pass_mood()
        form = parse_qs((await request.body()).decode("ascii", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            raise _Refused(400)
        value, life = gate.token(form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
        return {"access_token": value, "token_type": "Bearer", "expires_in": life}

    @app.get("/api/v2/wijzigingen")
    async def changes(
        na: Annotated[int, Query(ge=0)] = 0,
        limiet: Limit = 100,
        authorization: FromHeader = "",
        if_none_match: FromHeader = "",
    ) -> Response:
        await gate.pass_mood()
        gate.demand(authorization)
        page = store.page(na, limiet)
        tail = json.dumps({"laatste": page.last, "meer": page.more, "stabielTot": page.stable})
        body = f'{{"wijzigingen":[{",".join(page.items)}],{tail[1:]}'.encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if etag == if_none_match:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(body, media_type="application/json", headers={"ETag": etag})

    @app.get("/api/v2/voorraad")
    async def stock(
        na: str = "",
        limiet: Limit = 100,
        authorization: FromHeader = "",
    ) -> Response:
        await gate.pass_mood()
        gate.demand(authorization)
        kind, _, record = na.partition("/")
        items = store.stock((kind, record), limiet)
        last = f"{items[-1]['soort']}/{items[-1]['id']}" if items else na
        return JSONResponse({"voorraad": items, "laatste": last, "meer": len(items) == limiet})

    @app.get("/api/v2/record")
    async def record(soort: str, id: str, authorization: FromHeader = "") -> Response:
        await gate.pass_mood()
        gate.demand(authorization)
        body = f'{{"wijziging":{store.record(soort, id) or "null"}}}'
        return Response(body.encode(), media_type="application/json")

    return app


def make_server(store: ZcdStore) -> uvicorn.Server:
    """The web server, to be run on a socket that listens already."""
    config = uvicorn.Config(
        make_app(store),
        log_config=None,
        log_level="critical",  # a request that is cut off when we stop is no news
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serve a folder on an inherited socket until standard input ends: the process that started us is
    gone."""
    folder, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    server = make_server(ZcdStore(folder / STORE_NAME))
    Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.run(sockets=[socket.socket(fileno=descriptor)])


def _end_with_parent(server: uvicorn.Server) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        if select.select([0], [], [], 1.0)[0] and not os.read(0, 1024):
            break
    server.should_exit = True
    time.sleep(2)
    os._exit(0)


if __name__ == "__main__":
    main()
