"""Words of the login page."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "login": ("Inloggen", "Log in"),
    "token": ("Toegangstoken", "Access token"),
    "token_help": (
        "Het token staat in het scherm waarin Regiehub is gestart.",
        "The token is printed where Regiehub was started.",
    ),
    "token_wrong": ("Dit token is niet geldig. Controleer het en probeer opnieuw.",
                    "This token is not valid. Check it and try again."),
}  # fmt: skip
