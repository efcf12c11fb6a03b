"""A synthetic municipality for the benchmark of resolve: compositions as ingest publishes them, of persons who do not
exist. A function of its seed alone; of one family at a time, so that a million persons take no memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from hub.events.codec import encode
from hub.events.ids import DossierRef, Order, RecordRef, event_id

JURISDICTION: Final = "0599"
_RESIDENTS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_RESIDENTS_WEIGHTS: Final = (6, 12, 18, 22, 17, 10, 7, 4, 2, 2)
"""Persons who live in a household that gets help; larger than the average household of the Netherlands (2.1)."""
_ELSEWHERE: Final = (1, 2, 3, 4, 5, 6, 8)
_ELSEWHERE_WEIGHTS: Final = (9, 17, 22, 22, 14, 10, 6)
"""Named in the dossier and living elsewhere: the other parent, grandparents, grown-up children."""
_TWO_DOSSIERS: Final = 0.2
"""Share of families in both registrations."""
_TIED: Final = 0.08
"""Share of families whose other parent is a resident of the family before."""
_DOSSIERS_PER_FAMILY: Final = 1 + _TWO_DOSSIERS
_INSTITUTIONS: Final = 15_000
"""One institution, over the cap of a household, per so many dossiers."""
_INSTITUTION_DOSSIERS: Final = 40
_START: Final = datetime(2024, 1, 1, tzinfo=UTC)
_GIVEN: Final = ("Sanne", "Mohamed", "Eva", "Daan", "Fatima", "Willem-Alexander", "Noor", "Jayden", "Oya", "Bram")
_FAMILY: Final = ("Jansen", "Vries", "Yilmaz", "Berg", "Bakker-Visser", "El Idrissi", "Dijk", "Pinas", "Wójcik", "Smit")
_ROLES: Final = ("client", "partner", "child", "child", "sibling", "child")


class Resident(NamedTuple):
    """A person named in a dossier."""

    line: str
    person: str
    lives_here: bool
    address: str | None
    """Key of an address of his own; None: the dossier's."""


@dataclass(frozen=True)
class Spec:
    """One dossier as it stands at first."""

    ref: DossierRef
    address: str
    members: tuple[Resident, ...]


@dataclass(frozen=True)
class Municipality:
    """So many dossiers (about), always the same ones for a seed."""

    dossiers: int
    seed: int

    def specs(self) -> Iterator[Spec]:
        """All dossiers, family by family."""
        count = 0
        for number in range(self.dossiers):
            for spec in self._family(number):
                if count == self.dossiers:
                    return
                count += 1
                yield spec

    def _family(self, number: int) -> Iterator[Spec]:
        if number % int(_INSTITUTIONS / _DOSSIERS_PER_FAMILY) == _INSTITUTION_DOSSIERS:
            yield from self._institution(number)
            return
        rng = self._rng(number)
        address = _key("a", rng)
        residents = rng.choices(_RESIDENTS, _RESIDENTS_WEIGHTS)[0]
        elsewhere = rng.choices(_ELSEWHERE, _ELSEWHERE_WEIGHTS)[0]
        living = [Resident(str(i + 1), self._person(number, i), True, None) for i in range(residents)]
        others = [
            Resident(str(residents + i + 1), self._person(number, residents + i), False, _key("a", rng))
            for i in range(elsewhere)
        ]
        if number and rng.random() < _TIED:
            others[0] = others[0]._replace(person=self._person(number - 1, 0))
        yield Spec(DossierRef("zcd", f"Z-{number:07d}"), address, tuple(living + others))
        if rng.random() < _TWO_DOSSIERS:
            named = living[-1:] + living[:-1] + others[:1]
            lines = tuple(member._replace(line=f"L{i + 1}") for i, member in enumerate(named))
            yield Spec(DossierRef("menscentraal", f"MC-{number:07d}"), address, lines)

    def _institution(self, number: int) -> Iterator[Spec]:
        mentor = Resident("2", self._person(number, 0), True, None)
        for i in range(_INSTITUTION_DOSSIERS):
            client = Resident("1", self._person(number, i + 1), True, None)
            yield Spec(DossierRef("zcd", f"Z-{number:07d}-{i}"), _key("a", self._rng(number)), (client, mentor))

    def _person(self, family: int, member: int) -> str:
        return _key("p", self._rng(family * 1000 + member + 1_000_000_000))

    def _rng(self, number: int) -> random.Random:
        return random.Random(self.seed << 40 | number)


def chain(persons: int, name: str, seed: int) -> list[Spec]:
    """Dossiers whose component is exactly so many persons: three or four in each, one of whom is also in the next."""
    rng = random.Random(f"{seed} {name}")
    keys = [_key("p", rng) for _ in range(persons)]
    address = _key("a", rng)
    parts = [keys[start : start + 4] for start in range(0, max(1, persons - 1), 3)]
    return [
        Spec(
            DossierRef("zcd", f"C-{name}-{i}"),
            address,
            tuple(Resident(str(j + 1), person, True, None) for j, person in enumerate(part)),
        )
        for i, part in enumerate(parts)
    ]


def message(spec: Spec, version: int = 1) -> bytes:
    """The composition of a dossier. Each version differs from the one before: the name of the last person named; every
    fifth is a removal of the whole household to another address."""
    recorded_at = _START + timedelta(hours=version)
    order = Order(0, version, int(recorded_at.timestamp() * 1_000_000), 0)
    record = RecordRef(*spec.ref, "composition", spec.ref.dossier_id)
    rng = random.Random(spec.address)
    address = spec.address if version % 5 else _key("a", random.Random(f"{spec.address}{version}"))
    value = {
        **record._asdict(),
        **order._asdict(),
        "recorded_at": recorded_at,
        "event_id": event_id(record, order),
        "key_generation": 1,
        "jurisdiction": JURISDICTION,
        "occurred_at": None,
        "first_published_at": recorded_at,
        "deleted": False,
        "subject": spec.members[0].person,
        "body": _union(
            "CompositionBody",
            {
                "kind": "youth" if spec.ref.source == "zcd" else "adult",
                "status": "open",
                "opened_on": date(2020 + rng.randrange(4), 1 + rng.randrange(12), 1 + rng.randrange(28)),
                "closed_on": None,
                "referred_by": "huisarts",
                "received_on": date(2024, 1, 1),
                "first_contact_on": None,
                "team": None,
                "address": _address(address, rng),
                "members": [_member(resident, rng, recorded_at, version) for resident in spec.members],
            },
        ),
    }
    return encode("registrations.composition", value)


def _member(resident: Resident, rng: random.Random, at: datetime, version: int) -> dict[str, Any]:
    is_client = resident.line in ("1", "L1")
    return {
        "line": resident.line,
        "person": resident.person,
        "confirmed": True,
        "unconfirmed_reason": None,
        "role": "client" if is_client else rng.choice(_ROLES[1:]) if resident.lives_here else "parent",
        "is_client": is_client,
        "lives_here": resident.lives_here,
        "stated_at": at,
        "address": _address(resident.address, rng) if resident.address else None,
        "address_unknown": False,
        "address_secret": None,
        "from_on": None,
        "to_on": None,
        "given_name": rng.choice(_GIVEN) + (f" {version}" if version > 1 else ""),
        "prefix": "van der" if rng.random() < 0.2 else None,
        "family_name": rng.choice(_FAMILY),
        "birth_date": f"{1950 + rng.randrange(70)}-0{1 + rng.randrange(9)}-1{rng.randrange(9)}",
        "gender": rng.choice(("male", "female")),
    }


def _address(key: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
    return _union("Address", {"key": key, "sealed": rng.randbytes(56)})


def _union(name: str, value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Says which record of a union is meant: to find out takes fastavro most of its time."""
    return f"nl.regiehub.registrations.{name}", value


def _key(kind: str, rng: random.Random) -> str:
    return f"{kind}{rng.getrandbits(128):032x}"
