"""What is known of a person to compare by; a BSN is no part of it."""

from __future__ import annotations

from typing import NamedTuple


class Name(NamedTuple):
    """A name in parts, as a source writes it. `prefix`: *van der*, *el*; sources may also write it in `family`."""

    given: str | None = None
    prefix: str | None = None
    family: str | None = None


class Address(NamedTuple):
    """An address. `key`: a hash, equal if and only if postcode, number and suffix are; the rest may be unknown."""

    key: str | None = None
    street: str | None = None
    number: str | None = None
    suffix: str | None = None
    postcode: str | None = None
    city: str | None = None


class Record(NamedTuple):
    """Everything that sources state of one person: of each field every distinct value, in any order.

    Birth dates: YYYY-MM-DD, YYYY-MM or YYYY. Genders: the codes of a member line. Dossiers: those that name him."""

    names: tuple[Name, ...] = ()
    birth_dates: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    dossiers: tuple[str, ...] = ()
