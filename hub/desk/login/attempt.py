"""One attempt to log in, between the desk, the browser and the provider. Pure but for one random secret.

Everything about an attempt follows from a secret that only the browser holds, in a cookie: nothing is kept here, so
nobody can fill the desk with attempts, and any desk process can end what another one began.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final, Self

SECONDS: Final = 600
"""How long somebody may take at the provider: long enough for a second factor that must be fetched."""
_LONGEST_PATH: Final = 500
"""A cookie holds about 4,000 bytes."""
_HOME: Final = "/"


@dataclass(frozen=True)
class Attempt:
    """`wanted`: the path on this site that was asked for before the login."""

    secret: str
    wanted: str = _HOME

    @classmethod
    def new(cls, wanted: str) -> Self:
        """A fresh one. What is no path of this site becomes the start page."""
        return cls(secrets.token_urlsafe(32), inside(wanted) if len(wanted) <= _LONGEST_PATH else _HOME)

    @classmethod
    def from_cookie(cls, value: str) -> Self | None:
        """What `cookie` wrote; None for anything else."""
        secret, _, path = value.partition(".")
        try:
            wanted = urlsafe_b64decode(path + "=" * (-len(path) % 4)).decode()
        except ValueError:
            return None
        return cls(secret, inside(wanted)) if secret else None

    @property
    def cookie(self) -> str:
        """The value of the browser's cookie."""
        return f"{self.secret}.{_text(self.wanted.encode())}"

    @property
    def state(self) -> str:
        """Comes back with the answer: so it is this browser that was sent to the provider."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back in the id token: so it was made for this attempt."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Goes with the code to the provider (RFC 7636): a code alone is of no use to whoever got hold of it."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier's hash (S256), which goes ahead of it."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def is_answer(self, state: str) -> bool:
        """Whether an answer belongs to this attempt."""
        return hmac.compare_digest(self.state.encode(), state.encode())

    def _derived(self, purpose: str) -> str:
        return _text(hmac.digest(self.secret.encode(), purpose.encode(), "sha256"))


def inside(path: str) -> str:
    """A path on this site, never an address elsewhere."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else _HOME


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
