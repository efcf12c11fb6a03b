"""What the provider publishes about itself: its description and its keys, kept for a while."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import httpx
from starlette.exceptions import HTTPException

KEEP_SECONDS: Final = 3600.0
"""After so long a key that the provider has withdrawn is not believed any more."""
AGAIN_SECONDS: Final = 10.0
"""Whoever sends nonsense, or a provider that is down, makes us ask no more often than this."""
_ANSWER_SECONDS: Final = 5.0
_LARGEST_BYTES: Final = 1_000_000

T = TypeVar("T")


class ProviderUnavailable(HTTPException):
    """The provider does not answer, or not as OpenID Connect says; answered with 503. `why` is for the log only."""

    def __init__(self, why: str) -> None:
        super().__init__(503, "The login provider cannot be reached now.")
        self.why = why


class Kept(Generic[T]):
    """One document. Safe to use from several threads: one of them fetches, the others wait for it."""

    def __init__(self, fetch: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        """`fetch` raises ProviderUnavailable; `clock`: seconds that only rise."""
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._found: T | None = None
        self._found_at = 0.0
        self._asked_at: float | None = None

    def get(self, *, newer: bool = False) -> T:
        """The document; `newer`: fetched again, unless that was a moment ago. Raises ProviderUnavailable."""
        with self._lock:
            now = self._clock()
            is_fit = self._found is not None and now < self._found_at + KEEP_SECONDS
            just_asked = self._asked_at is not None and now < self._asked_at + AGAIN_SECONDS
            if not just_asked and (newer or not is_fit):
                self._asked_at = now
                self._found, self._found_at = self._fetch(), now
                is_fit = True
            if self._found is None or not is_fit:
                raise ProviderUnavailable("it did not answer a moment ago")
            return self._found


def client() -> httpx.Client:
    """For all requests to the provider. Its certificate is checked against this machine's own authorities
    (SSL_CERT_FILE names others); it is never followed elsewhere."""
    return httpx.Client(
        timeout=_ANSWER_SECONDS, follow_redirects=False, trust_env=False, verify=ssl.create_default_context()
    )


def answer_of(send: Callable[[], httpx.Response]) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON object of an answer. Raises ProviderUnavailable when there is none."""
    try:
        answer = send()
        found = answer.json() if len(answer.content) <= _LARGEST_BYTES else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ProviderUnavailable(type(error).__name__) from error
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"no JSON object, status {answer.status_code}")
    return answer.status_code, found
