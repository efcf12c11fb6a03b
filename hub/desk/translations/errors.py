"""Words of the pages of errors."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "error.400": ("Dit klopt niet", "This is not right"),
    "error.400.text": ("Het adres of formulier bevat iets ongeldigs.", "The address or form holds something invalid."),
    "error.401": ("Log eerst in", "Log in first"),
    "error.401.text": ("U bent niet ingelogd, of te lang geleden.", "You are not logged in, or too long ago."),
    "error.403": ("Geen toegang", "No access"),
    "error.403.text": ("Met uw rol mag u dit niet zien. Deze poging is vastgelegd.",
                       "Your role may not see this. This attempt has been logged."),
    "error.403.no_relation": (
        "U hebt niets met dit huishouden te maken, of het is er niet. Deze poging is vastgelegd.",
        "You have nothing to do with this household, or it is not there. This attempt has been logged.",
    ),
    "error.403.content_not_yours": (
        "De inhoud van dit dossier is niet van uw werk. Deze poging is vastgelegd.",
        "The content of this dossier is not part of your work. This attempt has been logged.",
    ),
    "error.404": ("Niet gevonden", "Not found"),
    "error.404.text": ("Dit huishouden of deze pagina bestaat niet (meer).",
                       "This household or page does not exist (any more)."),
    "error.405": ("Dit kan hier niet", "Not possible here"),
    "error.405.text": ("Ga terug en probeer het opnieuw.", "Go back and try again."),
    "error.500": ("Er ging iets mis", "Something went wrong"),
    "error.500.text": ("De fout ligt bij ons en is gemeld.", "The fault is ours and has been reported."),
    "error.503": ("Nu niet beschikbaar", "Not available now"),
    "error.503.text": ("De inzage kan niet worden vastgelegd; daarom wordt niets getoond of gedaan.",
                       "The look cannot be logged, so nothing is shown or done."),
}  # fmt: skip
