"""Words of what a command prints: the letter to a citizen, a household on a sheet."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "sheet.partly": ("Wat u niet of niet helemaal ziet", "What you do not see, or not all of"),
    "sheet.none": ("u ziet dat het er is, niet wat erin staat", "you see that it is there, not what it says"),
    "sheet.part": ("u ziet een deel, met toestemming", "you see a part, by consent"),
    "letter.title": ("Wat er over u is vastgelegd, en wie daarnaar heeft gekeken",
                     "What is held about you, and who looked at it"),
    "letter.nothing": ("Over u is nu niets vastgelegd.", "Nothing is held about you now."),
    "letter.place.member": ("U bent lid van een huishouden", "You are a member of a household"),
    "letter.place.reference": ("U wordt genoemd en woont elders", "You are named and live elsewhere"),
    "letter.place.history": ("U wordt genoemd in een afgesloten dossier", "You are named in a closed dossier"),
    "letter.place.contested": ("U wordt genoemd, en waar u woont is onzeker",
                               "You are named, and it is uncertain where you live"),
    "letter.stands_in": ("Staat in dossier", "Stands in dossier"),
    "letter.others": ("Andere gezinsleden (alleen hun rol)", "Other members (their roles only)"),
    "letter.recorded": ("Vastgelegd op", "Recorded at"),
    "letter.cut_out": ("Gegevens over anderen zijn weggelaten. Dat is gebeurd in: {fields}.",
                       "Data about others were left out. That was done in: {fields}."),
}  # fmt: skip
