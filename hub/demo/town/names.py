"""Names of people, streets and organisations for the town. Own lists: light, and the same on every machine."""

from __future__ import annotations

from typing import Final

BOYS: Final = (
    "Daan", "Bram", "Sem", "Lucas", "Noah", "Finn", "Levi", "Milan", "Jesse", "Thijs", "Ruben", "Sven", "Gijs",
    "Stijn", "Tim", "Lars", "Mees", "Teun", "Joep", "Koen", "Mohamed", "Youssef", "Ibrahim", "Emre", "Deniz",
    "Anwar", "Ravi", "Jayden", "Kevin", "Andrzej", "Piotr", "Tiago", "Rui", "André", "Loïc", "Wei", "Dwight",
)  # fmt: skip
GIRLS: Final = (
    "Emma", "Julia", "Sophie", "Zoë", "Sara", "Anna", "Eva", "Lotte", "Fleur", "Noor", "Tess", "Maud", "Isa",
    "Roos", "Femke", "Sanne", "Iris", "Lieke", "Marieke", "Anouk", "Fatima", "Aïcha", "Samira", "Meryem",
    "Elif", "Zeynep", "Priya", "Chayenne", "Shanice", "Agnieszka", "Marta", "Inês", "Beatriz", "Ling", "Nadia",
    "Odette",
)  # fmt: skip
FAMILIES: Final[tuple[tuple[str | None, str], ...]] = (
    (None, "Jansen"), ("de", "Vries"), ("van", "Dijk"), (None, "Bakker"), (None, "Visser"), ("van den", "Berg"),
    ("van der", "Meer"), (None, "Smit"), (None, "Mulder"), ("de", "Groot"), (None, "Bos"), ("van", "Leeuwen"),
    (None, "Dekker"), ("de", "Wit"), (None, "Dijkstra"), (None, "Vermeulen"), ("van den", "Heuvel"), (None, "Kok"),
    ("van der", "Linden"), (None, "Schouten"), (None, "Hoekstra"), ("'t", "Hart"), (None, "Kuipers"), ("in 't", "Veld"),
    (None, "Yilmaz"), (None, "Kaya"), (None, "Demir"), ("el", "Amrani"), (None, "Bouzid"), (None, "Ouali"),
    (None, "Ramdin"), (None, "Pinas"), (None, "Martina"), (None, "Fernandes"), (None, "Lopes"), (None, "Nowak"),
    (None, "Wójcik"), (None, "Chen"), (None, "Nguyen"), (None, "Tesfaye"), (None, "Haddad"), (None, "Kowalska"),
)  # fmt: skip
STREETS: Final = (
    ("Beijerlandselaan", "3074EA"), ("Dordtselaan", "3073GC"), ("Putselaan", "3074JB"),
    ("Groene Hilledijk", "3074AD"), ("Strevelsweg", "3075BB"), ("Slaghekstraat", "3074LJ"),
    ("Hillevliet", "3074KB"), ("Oranjeboomstraat", "3071AX"), ("Rosestraat", "3071AK"),
    ("Afrikaanderplein", "3072EA"), ("Paul Krugerlaan", "3072GJ"), ("Brielselaan", "3081AC"),
    ("Wolphaertsbocht", "3081KD"), ("Mijnsherenlaan", "3081CH"), ("Zuidplein", "3083CW"),
    ("Pleinweg", "3083EB"), ("Slinge", "3085EJ"), ("Langenhorst", "3085HB"), ("Schere", "3085DV"),
    ("Asterlostraat", "3086BD"), ("Schiedamseweg", "3025AB"), ("Mathenesserweg", "3026GD"),
    ("Vierambachtsstraat", "3022AG"), ("Heemraadssingel", "3021DB"), ("Nieuwe Binnenweg", "3014GJ"),
    ("West-Kruiskade", "3014AP"), ("Zwart Janstraat", "3035AN"), ("Noordsingel", "3035EH"),
    ("Bergweg", "3036BB"), ("Rodenrijselaan", "3037XD"), ("Kleiweg", "3045PM"),
    ("Crooswijksesingel", "3034CH"), ("Goudse Rijweg", "3031CB"), ("Oudedijk", "3062AC"),
    ("Avenue Concordia", "3062LD"), ("Prins Alexanderlaan", "3067GB"), ("Hesseplaats", "3069EA"),
    ("Martin Luther Kingweg", "3069EW"), ("Keizerswaard", "3078AL"), ("Groeninx van Zoelenlaan", "3078GD"),
)  # fmt: skip
ORGANISATIONS: Final = (
    "Stichting De Brug", "Basisschool De Vlieger", "Huisartsenpraktijk Maashaven", "Jeugdzorg Maasland",
    "GGZ Nieuwe Maas", "Schuldhulp Zuid", "Woningcorporatie Havenzicht", "Thuisbegeleiding Rijnmond",
)  # fmt: skip
REFERRERS: Final = ("Vraagwijzer", "CJG", "huisarts", "school", "politie", "zelf", "woningcorporatie")
