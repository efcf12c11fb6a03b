"""Values that identify a person, on their way from a source to the keyed hash that replaces them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Sensitive(SecretStr):
    """Text that must not be printed, logged or published as it is: a BSN.

    `repr` and `str` are masked. Ingest replaces it by a keyed hash between translate and encode; the codec refuses it.
    """


class Address(BaseModel):
    """An address as a source states it. Never published: ingest turns it into a keyed hash and a sealed text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    street: str | None = None
    number: int = Field(ge=-(2**63), lt=2**63)
    suffix: str | None = None
    postcode: str
    city: str | None = None

    def key_material(self) -> str:
        """What is hashed: two addresses are the same if and only if this text is equal."""
        return f"{''.join(self.postcode.split()).upper()}|{self.number}|{(self.suffix or '').strip().upper()}"

    def one_line(self) -> str:
        """As it is written on an envelope; what is sealed and shown."""
        house = f"{self.street or ''} {self.number}{(' ' + self.suffix) if self.suffix else ''}".strip()
        return ", ".join(part for part in (house, f"{self.postcode} {self.city or ''}".strip()) if part)

    def __repr__(self) -> str:
        """Masked: an address identifies a family."""
        return "Address(**********)"

    __str__ = __repr__
