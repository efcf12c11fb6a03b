"""How often somebody may ask: a bucket of tokens per user and per address, in the memory of this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import Final

from starlette.exceptions import HTTPException

MOST_KEYS: Final = 20_000
"""Bounds memory (about 4 MB); whoever asked longest ago is forgotten first, and then has a full bucket again."""
_MINUTE_SECONDS: Final = 60.0
_ADDRESS_SHARE: Final = 10
"""A municipality's office comes from one address: so many users at their limit fit behind it."""


class TooMany(HTTPException):
    """Somebody asks too often; answered with 429 and when to try again (RFC 6585)."""

    def __init__(self, wait_seconds: float) -> None:
        """`wait_seconds`: until one more request fits."""
        headers = {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
        super().__init__(429, "Too many requests: try again after the seconds in Retry-After.", headers)


class Limit:
    """`per_minute` requests of each key, all at once or spread. Safe to use from several threads."""

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS
    ) -> None:
        """`clock`: seconds that only rise."""
        self._spacing = _MINUTE_SECONDS / per_minute
        self._clock = clock
        self._most = most_keys
        self._lock = Lock()
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one request. Raises TooMany, and then does not count it."""
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(key, now), now) + self._spacing
            if full_at - now > _MINUTE_SECONDS + self._spacing / 2:  # half: sums of fractions are not exact
                raise TooMany(full_at - now - _MINUTE_SECONDS)
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            while len(self._full_at) > self._most:
                self._full_at.popitem(last=False)


@dataclass(frozen=True)
class Limits:
    """All limits of a desk, for each of its processes apart: of one user, and `…_from` one address."""

    logins: Limit
    logins_from: Limit
    requests: Limit
    requests_from: Limit

    @classmethod
    def of(cls, logins: int = 30, requests: int = 600, clock: Callable[[], float] = time.monotonic) -> Limits:
        """What one user may do in a minute: log in, and ask for pages or of the API."""
        several = (Limit(logins * _ADDRESS_SHARE, clock), Limit(requests * _ADDRESS_SHARE, clock))
        return cls(Limit(logins, clock), several[0], Limit(requests, clock), several[1])


def key_of(address: str) -> str:
    """What counts as one address: of IPv6 the network that one customer gets (64 bits)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))
