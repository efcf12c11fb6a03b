"""HTTP with the Zaken API: the only module that does IO. Every failure is SourceUnavailable or SourceRejected."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Final

import httpx

from connectors.openzaak.config import OpenZaakConfig
from hub.connect import SourceRejected, SourceUnavailable

Json = dict[str, object]
PAGE: Final = 100
"""Zaken on a page: fixed by the standard."""
FORBIDDEN: Final = "403"
"""The detail of a SourceRejected: all is forbidden (Open Zaak says so of a wrong secret, too), or this alone."""


class ZakenApi:
    """A client of one Zaken API. Connects at the first request."""

    def __init__(self, config: OpenZaakConfig) -> None:
        self._config = config
        self._client: httpx.Client | None = None
        self.asked = 0
        """Requests so far: a zaak takes one to three."""

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def zaak(self, uuid: str) -> Json | None:
        """The zaak as it is now; None: there is none of that number (any more)."""
        return self._get(f"/zaken/{uuid}", {})

    def page(self, zaaktype: str, page: int) -> Json:
        """One page of the zaken of a type: `count` of all, `results`. Beyond the last one it is empty."""
        query = {"zaaktype": zaaktype, "page": str(page), "ordering": "identificatie"}
        return self._get("/zaken", query) or {"count": 0, "results": []}

    def roles(self, zaak_url: str) -> list[object]:
        """The roles of a zaak in which the client may stand."""
        query = {"zaak": zaak_url, "omschrijvingGeneriek": self._config.client_role}
        return listed(self._get("/rollen", query) or {})

    def result_type(self, result_url: str) -> object:
        """URL of the resultaattype of a zaak's result; None if the result is gone."""
        uuid = result_url.rstrip("/").rpartition("/")[2]
        return (self._get(f"/resultaten/{uuid}", {}) or {}).get("resultaattype")

    def _get(self, path: str, query: dict[str, str]) -> Json | None:
        headers = {"Authorization": f"Bearer {_token(self._config)}"}
        self.asked += 1
        try:
            answer = self._http().get(path, params=query, headers=headers)
        except httpx.TransportError as error:
            raise SourceUnavailable(user_message="Open Zaak cannot be reached.", detail=type(error).__name__) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        _raise_for(answer)
        try:
            data = answer.json()
        except ValueError:
            raise SourceRejected("Open Zaak does not answer in JSON.") from None
        if not isinstance(data, dict):
            raise SourceRejected("Open Zaak does not keep to its API.", "object")
        return data

    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(
                base_url=self._config.base_url.rstrip("/"),
                headers={"Accept-Crs": "EPSG:4326"},  # the standard asks for it wherever a zaak may have a place
                timeout=self._config.timeout_seconds,
                trust_env=False,
            )
        return self._client


def listed(page: Json) -> list[object]:
    """The `results` of a page. Raises SourceRejected."""
    results = page.get("results")
    if not isinstance(results, list):
        raise SourceRejected("Open Zaak does not keep to its API.", "results")
    return results


def _token(config: OpenZaakConfig) -> str:
    """A JWT (HS256) as the Zaken API asks for it: made anew for each request, for it is taken for an hour only."""
    who = {"iss": config.client_id, "client_id": config.client_id, "iat": int(time.time()),
           "user_id": "regiehub", "user_representation": "Regiehub"}  # fmt: skip
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256"}, who))
    digest = hmac.new(config.client_secret.get_secret_value().encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(digest)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        wait = answer.headers.get("Retry-After", "")
        raise SourceUnavailable(float(wait) if wait.isdigit() else None, user_message="Open Zaak asks to wait.")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise SourceRejected("Open Zaak does not let the hub in: check client ID, secret and scopes.", str(status))
    if status != httpx.codes.OK:
        raise SourceRejected("Open Zaak does not know the request.", str(status))
