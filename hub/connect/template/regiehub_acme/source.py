"""HTTP with Acme: the only module that does IO. Every failure is SourceUnavailable (later) or SourceRejected (look)."""

from __future__ import annotations

import httpx

from hub.connect import SourceRejected, SourceUnavailable

from .config import AcmeConfig

Json = dict[str, object]


class AcmeSource:
    """A client of one Acme. Connects at the first request."""

    def __init__(self, config: AcmeConfig) -> None:
        self._config = config
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def changes(self, after: int) -> Json:
        """One page of the feed: `changes`, each with its `number` and `record`; `last`; `more`."""
        return self._get("/changes", {"after": after, "limit": self._config.page_size})

    def stock(self) -> Json:
        """What Acme holds now: `records`, each with kind, file, id, version and removed."""
        return self._get("/stock", {})

    def _get(self, path: str, query: dict[str, int]) -> Json:
        try:
            answer = self._http().get(path, params=query)
        except httpx.TransportError as error:
            raise SourceUnavailable(user_message="Acme cannot be reached.", detail=type(error).__name__) from error
        _raise_for(answer)
        try:
            data = answer.json()
        except ValueError:
            raise SourceRejected("Acme does not answer in JSON.", path) from None
        if not isinstance(data, dict):
            raise SourceRejected("Acme does not keep to the agreed format.", path)
        return data

    def _http(self) -> httpx.Client:
        if self._client is None:
            token = self._config.api_token.get_secret_value()
            self._client = httpx.Client(
                base_url=self._config.base_url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=self._config.timeout_seconds,
            )
        return self._client


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        wait = answer.headers.get("Retry-After", "")
        raise SourceUnavailable(float(wait) if wait.isdigit() else None, user_message="Acme asks to wait.")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise SourceRejected("Acme does not let the hub in: check the token.", str(status))
    if status != httpx.codes.OK:
        raise SourceRejected("Acme does not know the request.", str(status))
