"""Words of the lists of households and of the search."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "count": ("{n} huishoudens", "{n} households"),
    "count_one": ("1 huishouden", "1 household"),
    "household": ("Huishouden", "Household"),
    "search": ("Zoeken", "Search"),
    "search_heading": ("Zoek een huishouden", "Find a household"),
    "search_name": ("Naam", "Name"),
    "search_birth_date": ("Geboortedatum", "Date of birth"),
    "search_dossier": ("Dossiernummer", "Dossier number"),
    "search_bsn": ("BSN", "BSN (citizen number)"),
    "search_invalid": ("Vul ten minste één veld goed in. Een BSN heeft 9 cijfers; een naam ten minste 2 letters.",
                       "Fill in at least one field correctly. A BSN has 9 digits; a name at least 2 letters."),
    "search_result": ("Zoekresultaat", "Search result"),
    "search_none": ("Geen huishouden gevonden. Controleer de spelling, of zoek op minder velden.",
                    "No household found. Check the spelling, or search by fewer fields."),
    "search_more": ("Alleen de eerste {n} worden getoond. Zoek preciezer.",
                    "Only the first {n} are shown. Search more precisely."),
    "all_households": ("Alle huishoudens", "All households"),
    "empty": ("Er zijn nog geen huishoudens", "There are no households yet"),
    "empty_text": (
        "Zodra een bron gegevens aanlevert, verschijnen ze hier vanzelf. Bij Bronnen staat of elke bron werkt.",
        "As soon as a source delivers, households appear here. The Sources page tells whether each source works.",
    ),
    "members": ("Gezinsleden", "Members"),
    "dossiers": ("Dossiers", "Dossiers"),
    "status": ("Status", "Status"),
    "attention": ("Let op", "Attention"),
    "differences": ("{n} verschillen", "{n} differences"),
    "differences_one": ("1 verschil", "1 difference"),
    "points": ("{n} aandachtspunten", "{n} points of attention"),
    "points_one": ("1 aandachtspunt", "1 point of attention"),
    "paging": ("Bladeren", "Pages"),
    "page_of": ("Pagina {page} van {last}", "Page {page} of {last}"),
    "previous": ("Vorige", "Previous"),
    "next": ("Volgende", "Next"),
    "nameless": ("Naam onbekend", "Name unknown"),
}  # fmt: skip
