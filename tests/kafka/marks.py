"""What identifies the people of a town, planted and made up, and whether it stands in data where it must not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stdnum.nl import bsn as eleven_test

from hub.connect.simulator import Simulator
from hub.demo.town.changes import MENSCENTRAAL, ZCD

BSN = "123456782"
INVALID_BSN = "111111111"
GIVEN_NAME = "Kwibertha"
FAMILY_NAME = "Quispelwater"
STREET = "Kwikstaartpad"
POSTCODE = "1234QX"
_MOMENT = "2026-01-05T10:00:00+01:00"
_ZCD_ADDRESS = {"straat": STREET, "huisnummer": 7, "toevoeging": None, "postcode": POSTCODE, "plaats": "Rotterdam"}
_MC_ADDRESS = {"straat": STREET, "huisnr": "7", "toev": None, "postcode": "1234 qx", "woonplaats": "Rotterdam"}
_NAME_KEYS = frozenset({"voornaam", "voornamen", "achternaam", "geslachtsnaam", "regisseur", "naam"})
_ADDRESS_KEYS = frozenset({"straat", "postcode"})
_NINE_DIGITS = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9}(?![0-9A-Za-z])")
"""Neither part of a longer number or of a hash, nor the decimals of a measurement."""

_DIGITS = re.compile(rb"[0-9]{9,}")
_HEX = re.compile(rb"[0-9a-f]{12,}")
"""Six letters of text in hex, or more."""


def planted() -> Iterator[tuple[str, dict[str, object] | str]]:
    """Changes with marked persons: readable ones, and unreadable ones that hold the same marks."""
    client = {"bsn": BSN, "voornaam": GIVEN_NAME, "achternaam": FAMILY_NAME, "rol": "moeder", "client": True}
    child = {"bsn": INVALID_BSN, "voornaam": GIVEN_NAME, "achternaam": FAMILY_NAME, "rol": "kind", "client": False}
    lines = [
        {"regel": str(number), "geboortedatum": "1990-02-03", "geslacht": "v", "woontHier": True, "adres": None}
        | person
        for number, person in enumerate((client, child), start=1)
    ]
    content = {"status": "open", "openingsdatum": "2026-01-05", "adres": _ZCD_ADDRESS, "gezinsleden": lines}
    yield ZCD, _zcd("Z-900001", content)
    yield ZCD, _zcd("Z-900002", content | {"gezinsleden": [*lines, lines[0] | {"regel": "3"}]})  # two clients
    yield ZCD, f'{{"soort": "dossier", "bsn": "{BSN}", "achternaam": "{FAMILY_NAME}", "straat": "{STREET}", "{POSTCODE}'
    person = {"nr": 1, "bsn": BSN, "voornamen": GIVEN_NAME, "geslachtsnaam": FAMILY_NAME, "geboren": "19900203"}
    person |= {"geslacht": "V", "relatie": "client", "inwonend": "J", "adres": _MC_ADDRESS}
    content = {"fase": "lopend", "start": "2026-01-05", "adres": _MC_ADDRESS, "personen": [person]}
    yield MENSCENTRAAL, _menscentraal("MC-900001", content)
    yield MENSCENTRAAL, _menscentraal("MC-900002", content | {"fase": f"{BSN} {FAMILY_NAME}"})


def _zcd(number: str, content: Mapping[str, object]) -> dict[str, object]:
    head = {"soort": "dossier", "actie": "vastgelegd", "dossiernummer": number, "id": number, "versie": 1}
    return head | {"gewijzigdOp": _MOMENT, "gegevens": content}


def _menscentraal(number: str, content: Mapping[str, object]) -> dict[str, object]:
    head = {"tabel": "dossier", "bewerking": "I", "dossier_nr": number, "record_nr": number, "rowversion": 1}
    return head | {"gewijzigd": "2026-01-05T09:00:00Z", "payload": content}


@dataclass
class Marks:
    """Texts that identify: of everybody in the sources, from the lines that the sources hold."""

    bsns: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, simulators: Mapping[str, Simulator]) -> Marks:
        """All that any version of any record named, unreadable ones included."""
        marks = cls()
        for simulator in simulators.values():
            for _, line in simulator.all_changes():
                marks.bsns.update(elevens(line))
                try:
                    marks._add(json.loads(line))
                except ValueError:
                    continue
        return marks

    def _add(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._add(item)
        if not isinstance(value, dict) or value.get("tabel") == "voorziening":  # "naam" is a product's there
            return
        for key, item in value.items():
            if key in _NAME_KEYS and isinstance(item, str):
                self.names.add(item)
            elif key in _ADDRESS_KEYS and isinstance(item, str):
                self.addresses.update({item, "".join(item.split()).upper()})
            self._add(item)

    def in_values(self, data: bytes) -> set[str]:
        """BSNs and addresses in the bodies of messages, which may hold names."""
        plain = _plain(data)
        found = {mark for mark in self.addresses if mark.encode() in plain}
        return found | {mark for digits in set(_DIGITS.findall(plain)) for mark in self.bsns if mark.encode() in digits}

    def in_text(self, text: str) -> set[str]:
        """BSNs, addresses and names where nothing of a person may stand, and any number that could be a BSN."""
        found = {mark for mark in (*self.bsns, *self.addresses) if mark in text}
        found |= {name for name in self.names if re.search(rf"\b{re.escape(name)}\b", text)}
        return found | self.in_values(text.encode(errors="surrogateescape")) | set(elevens(text))


def elevens(text: str) -> Iterable[str]:
    """Numbers of nine digits that pass the 11-test."""
    return (number for number in _NINE_DIGITS.findall(text) if eleven_test.is_valid(number))


def _plain(data: bytes) -> bytes:
    """The data without the zeros of UTF-16, and after it what its hex stands for."""
    runs = [digits[start:] for digits in set(_HEX.findall(data)) for start in (0, 1)]
    decoded = [bytes.fromhex(run[: len(run) // 2 * 2].decode()) for run in runs]
    return b"\n".join([data.replace(b"\x00", b""), *decoded])
