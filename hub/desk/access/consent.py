"""Whether somebody's consent holds today. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from hub.events.ids import DossierRef

SELF: Final = "self"
CUSTODIANS: Final = "custodians"
"""Whoever has parental authority, or the guardian."""
_CHILD: Final = 12
_OF_AGE: Final = 16


class Consent(NamedTuple):
    """That a person lets a unit see what a dossier knows of him. `births`: his birth date as each source states it, in
    full or in part. `domains`: life domains, None: all. `given_by`: SELF, CUSTODIANS or both. `until`: the last day."""

    dossier: DossierRef
    person: str
    unit: str
    domains: frozenset[str] | None
    given_by: frozenset[str]
    until: date
    births: tuple[str, ...]
    withdrawn: bool = False


def holds(consent: Consent, today: date) -> bool:
    """Whether it may be relied on today: not withdrawn, not ended, and given by whoever must give it at his age now.

    A child who has turned twelve must agree himself from then on, whatever was given before."""
    return not consent.withdrawn and today <= consent.until and required(consent.births, today) <= consent.given_by


def required(births: tuple[str, ...], today: date) -> frozenset[str]:
    """Who must give it: below twelve the custodians, from twelve to fifteen they and the child, from sixteen on he
    alone (Youth Act articles 7.3.4 and 7.3.5). Of a birth date that is not known in full, or stated differently,
    whoever must at any age that it may be: the stricter reading. Of one that is not known at all, both."""
    ages = [age for birth in births for age in _ages(birth, today)]
    if not ages:
        return frozenset({SELF, CUSTODIANS})
    return frozenset().union(*map(_at_age, ages))


def _at_age(age: int) -> frozenset[str]:
    if age < _CHILD:
        return frozenset({CUSTODIANS})
    return frozenset({SELF, CUSTODIANS}) if age < _OF_AGE else frozenset({SELF})


def _ages(birth: str, today: date) -> tuple[int, ...]:
    """The ages that he may have: one, or two where the day or month is not known. None for what is no date."""
    try:
        year, month, day = (*(int(part) for part in birth.split("-")), 0, 0)[:3]
    except ValueError:
        return ()
    oldest = _age(today, (year, month or 1, day or 1))
    youngest = _age(today, (year, month or 12, day or 31))
    return tuple(range(youngest, oldest + 1))


def _age(today: date, born: tuple[int, int, int]) -> int:
    return today.year - born[0] - ((today.month, today.day) < born[1:])
