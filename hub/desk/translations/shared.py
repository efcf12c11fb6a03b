"""Words of every page."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "app": ("Regiehub", "Regiehub"),
    "tagline": ("1 huishouden, 1 plan, 1 regisseur", "1 household, 1 plan, 1 director"),
    "skip": ("Naar de inhoud", "Skip to content"),
    "menu": ("Hoofdmenu", "Main menu"),
    "households": ("Huishoudens", "Households"),
    "sources": ("Bronnen", "Sources"),
    "log_out": ("Uitloggen", "Log out"),
    "language": ("Taal", "Language"),
    "language.nl": ("Nederlands", "Nederlands"),
    "language.en": ("English", "English"),
    "logged_in_as": ("Ingelogd als {user}", "Logged in as {user}"),
    "unknown": ("onbekend", "unknown"),
    "none": ("geen", "none"),
    "never": ("nog nooit", "never yet"),
    "yes": ("ja", "yes"),
    "no": ("nee", "no"),
    "source": ("Bron", "Source"),
    "date": ("Datum", "Date"),
    "times_note": ("Tijden zijn in Nederlandse tijd.", "Times are in Dutch local time."),
    "looks_note": ("Elke inzage wordt vastgelegd.", "Every look is logged."),
    "not_ready": (
        "Deze pagina loopt mogelijk achter: de gegevens worden nog ingelezen.",
        "This page may be behind: data are still being read in.",
    ),
}  # fmt: skip
