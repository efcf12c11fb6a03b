"""Keyed hashes instead of persons and addresses, and sealed bytes that only the desk opens. Pure; no files, no clock.

The linking key never rotates in place: every person key would change, and no person would match themselves. The sealing
key may. Neither ever stands in an environment variable, a log line, or the memory of a connector's process.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from stdnum.nl import bsn as bsn_rules

from hub.events.ids import DossierRef
from hub.events.sensitive import Address, Sensitive

LINKING_BYTES: Final = 32
SEALING_BYTES: Final = 64
ADDRESS_CONTEXT: Final = b"address"
DEAD_LETTER_CONTEXT: Final = b"dead-letter"
_SEAL_FORMAT: Final = b"\x01"
_HASH_BYTES: Final = 16  # 128 bits: no collision in any municipality, and short enough for an index
_FINGERPRINT_BYTES: Final = 8


class SealBrokenError(Exception):
    """Sealed bytes do not open: another key, another context, or they were changed."""


class PersonKey(NamedTuple):
    """The key of one member line's person, and whether it stands on a valid BSN."""

    key: str
    unconfirmed_reason: str | None

    @property
    def confirmed(self) -> bool:
        """False: the machine never links this person."""
        return self.unconfirmed_reason is None


@dataclass(frozen=True)
class KeyRing:
    """The municipality's two secrets. `generation` goes with every event; `resolve` refuses to mix generations."""

    linking: bytes = field(repr=False)
    sealing: bytes = field(repr=False)
    generation: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError for a key of the wrong length."""
        if len(self.linking) != LINKING_BYTES or len(self.sealing) != SEALING_BYTES:
            raise ValueError(f"the linking key has {LINKING_BYTES} bytes and the sealing key {SEALING_BYTES}")

    @property
    def fingerprint(self) -> str:
        """By which the linking key is recognised: 16 hex digits that tell nothing of it."""
        return hmac.digest(self.linking, b"fingerprint", "sha256")[:_FINGERPRINT_BYTES].hex()

    def person(self, bsn: str) -> str:
        """Key of a person. `bsn`: nine digits that pass the 11-test."""
        return "p" + self._hash(f"person\0{bsn}")

    def unconfirmed(self, dossier: DossierRef, line: str) -> str:
        """Key of a person without a valid BSN: of this member line alone, never of a name."""
        return "u" + self._hash(f"unconfirmed\0{dossier.source}\0{dossier.dossier_id}\0{line}")

    def member(self, bsn: Sensitive | None, dossier: DossierRef, line: str) -> PersonKey:
        """Key of a member line's person."""
        stated = bsn.get_secret_value().strip() if bsn is not None else ""
        if not stated:
            return PersonKey(self.unconfirmed(dossier, line), "bsn_missing")
        valid = valid_bsn(stated)
        if valid is None:
            return PersonKey(self.unconfirmed(dossier, line), "bsn_invalid")
        return PersonKey(self.person(valid), None)

    def address_key(self, address: Address) -> str:
        """Key of an address: equal if and only if postcode, number and suffix are."""
        return "a" + self._hash(f"address\0{address.key_material()}")

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt so that the same bytes give the same result (AES-SIV): a re-read must not look like a change."""
        return _SEAL_FORMAT + AESSIV(self.sealing).encrypt(_SEAL_FORMAT + data, [context])

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Inverse of `seal`. Raises SealBrokenError."""
        if sealed[:1] != _SEAL_FORMAT:
            raise SealBrokenError("unknown format")
        try:
            return AESSIV(self.sealing).decrypt(sealed[1:], [context])[1:]
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("sealed with another key or context") from error

    def _hash(self, message: str) -> str:
        return hmac.digest(self.linking, message.encode(), "sha256")[:_HASH_BYTES].hex()


def valid_bsn(stated: str) -> str | None:
    """Nine digits that pass the 11-test, or None. Eight digits are a number whose leading zero got lost.

    Blanks, dots and hyphens are only how it is written. Fewer digits would pass the test by chance ("12").
    """
    digits = re.sub(r"[ .-]", "", stated)
    if re.fullmatch(r"[0-9]{8,9}", digits) is None:
        return None
    padded = digits.zfill(9)
    return padded if bsn_rules.is_valid(padded) else None
