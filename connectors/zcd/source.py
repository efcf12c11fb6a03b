"""HTTP with ZCD: tokens, ETags, time limits; every failure is one of two errors. No positions, no meaning."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final, NamedTuple

import httpx

from connectors.zcd.config import ZcdConfig
from hub.connect import SourceRejected, SourceUnavailable

_TOKEN_MARGIN_SECONDS: Final = 5.0
"""A token that ends sooner is not used: it could end on the way."""
_LARGEST_ANSWER_BYTES: Final = 64 * 2**20
"""500 changes of 100 kB; more is no page of this feed but something that would fill the memory."""
_LONGEST_WAIT_SECONDS: Final = 3600.0
_PAGES_KEPT: Final = 8
"""Of the last pages the ETag is kept: the newest and those of the holes in turn."""
JsonObject = dict[str, object]


class Page(NamedTuple):
    """One page of the change feed. `stable`: at or below this number nothing new will ever appear."""

    changes: list[tuple[int, JsonObject]]
    stable: int
    more: bool


class ZcdSource:
    """A client of one ZCD. Connects at the first request."""

    def __init__(self, config: ZcdConfig) -> None:
        self._config = config
        self._client: httpx.Client | None = None
        self._token: tuple[str, float] | None = None
        self._pages: OrderedDict[str, tuple[str, Page]] = OrderedDict()

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def deadline(self) -> float:
        """Until when (on the monotonic clock) one poll may take, from now."""
        return monotonic() + self._config.timeout_seconds

    def changes(self, after: int, *, until: float) -> Page:
        """The page after a number. Asked again with its ETag, a page that did not change comes from here."""
        path = f"/api/v2/wijzigingen?na={after}&limiet={self._config.page_size}"
        kept = self._pages.get(path)
        answer = self._get(path, until, etag=kept[0] if kept else None)
        if answer.status_code == httpx.codes.NOT_MODIFIED and kept:
            return kept[1]
        page = _page(_json_object(answer))
        if etag := answer.headers.get("ETag"):
            self._pages[path] = (etag, page)
            self._pages.move_to_end(path)
            if len(self._pages) > _PAGES_KEPT:
                self._pages.popitem(last=False)
        return page

    def stock(self, after: str, *, until: float) -> tuple[list[JsonObject], str | None]:
        """One page of the inventory, and what to ask the next one with; None: this was the last."""
        query = httpx.QueryParams(na=after, limiet=self._config.page_size)
        data = _json_object(self._get(f"/api/v2/voorraad?{query}", until))
        items, last, more = data.get("voorraad"), data.get("laatste"), data.get("meer")
        if not isinstance(items, list) or not isinstance(last, str) or not isinstance(more, bool):
            raise _protocol_error("voorraad")
        return [item for item in items if isinstance(item, dict)], last if more and last != after else None

    def record(self, kind: str, record: str, *, until: float) -> JsonObject | None:
        """The current version of a record as a change; None if ZCD does not know it."""
        query = httpx.QueryParams(soort=kind, id=record)
        change = _json_object(self._get(f"/api/v2/record?{query}", until)).get("wijziging")
        if change is not None and not isinstance(change, dict):
            raise _protocol_error("wijziging")
        return change

    def _get(self, path: str, until: float, *, etag: str | None = None) -> httpx.Response:
        condition = {"If-None-Match": etag} if etag else {}
        answer = self._ask(path, until, condition)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = None
            answer = self._ask(path, until, condition)
        _raise_for(answer)
        return answer

    def _ask(self, path: str, until: float, condition: Mapping[str, str]) -> httpx.Response:
        headers = {**condition, "Authorization": f"Bearer {self._bearer(until)}"}
        return self._send("GET", path, until, headers=headers)

    def _bearer(self, until: float) -> str:
        if self._token is not None and monotonic() < self._token[1]:
            return self._token[0]
        form = {
            "grant_type": "client_credentials",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.get_secret_value(),
        }
        answer = self._send("POST", "/oauth/token", until, form=form)
        _raise_for(answer)
        data = _json_object(answer)
        token, life = data.get("access_token"), data.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not isinstance(life, int | float):
            raise _protocol_error("oauth/token")
        self._token = (token, monotonic() + life - _TOKEN_MARGIN_SECONDS)
        return token

    def _send(
        self,
        method: str,
        path: str,
        until: float,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        timeout = max(0.05, until - monotonic())
        try:
            with self._http().stream(method, path, headers=headers, data=form, timeout=timeout) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER_BYTES:
                        raise SourceRejected("The answer of ZCD is larger than any page can be.")
                    if monotonic() > until:
                        raise SourceUnavailable(user_message="ZCD answers too slowly.")
                return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=bytes(body))
        except httpx.TransportError as error:
            raise SourceUnavailable(user_message="ZCD cannot be reached.", detail=type(error).__name__) from error
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            raise SourceRejected("ZCD does not speak HTTP as agreed.", type(error).__name__) from error

    def _http(self) -> httpx.Client:
        if self._client is None:
            local = httpx.URL(self._config.base_url).host in ("127.0.0.1", "::1", "localhost")
            self._client = httpx.Client(base_url=self._config.base_url, trust_env=not local)
        return self._client


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without what describes the transfer, which is over."""
    return {name: value for name, value in headers.items() if name in ("etag", "retry-after", "content-type")}


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise SourceUnavailable(_retry_after(answer), user_message="ZCD asks to wait.", detail="429")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise SourceUnavailable(_retry_after(answer), user_message="ZCD has a fault.", detail=str(status))
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise SourceRejected("ZCD does not let the hub in: check the client and its secret.", str(status))
    if status not in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
        raise SourceRejected("ZCD does not know the request.", str(status))


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3); None for anything else."""
    value = answer.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
        wait = (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, wait), _LONGEST_WAIT_SECONDS)


def _json_object(answer: httpx.Response) -> JsonObject:
    try:
        data = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise _protocol_error("JSON") from None
    if not isinstance(data, dict):
        raise _protocol_error("JSON")
    return data


def _page(data: JsonObject) -> Page:
    items, stable, more = data.get("wijzigingen"), data.get("stabielTot"), data.get("meer")
    if not isinstance(items, list) or not isinstance(stable, int) or not isinstance(more, bool):
        raise _protocol_error("wijzigingen")
    return Page([(_number(item), item) for item in items], stable, more)


def _number(item: object) -> int:
    number = item.get("volgnummer") if isinstance(item, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise _protocol_error("volgnummer")
    return number


def _protocol_error(what: str) -> SourceRejected:
    return SourceRejected("ZCD does not keep to the agreed format of its feed.", what)
