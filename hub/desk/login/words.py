"""Words of logging in, beside those of the login page itself; part of `hub.desk.translations`."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "login_help": ("U logt in met uw account van de gemeente.", "You log in with your account of the municipality."),
    "login_by_token": ("Inloggen met een token", "Log in with a token"),
    "login_failed": ("Het inloggen is niet gelukt. Probeer het opnieuw.", "Logging in did not succeed. Try again."),
    "login_no_role": (
        "U bent bekend, maar hebt geen rol in Regiehub. Vraag uw beheerder om een rol. Deze poging is vastgelegd.",
        "You are known, but have no role in Regiehub. Ask your administrator for one. This attempt was logged.",
    ),
    "login_several_roles": (
        "U hebt meer dan één rol in Regiehub. Vraag uw beheerder om er één over te laten. Deze poging is vastgelegd.",
        "You have more than one role in Regiehub. Ask your administrator to leave one. This attempt was logged.",
    ),
    "login_no_user": (
        "Uw account heeft geen bruikbare gebruikersnaam. Vraag uw beheerder om hulp. Deze poging is vastgelegd.",
        "Your account has no user name of use. Ask your administrator for help. This attempt was logged.",
    ),
    "error.429": ("Te veel verzoeken", "Too many requests"),
    "error.429.text": ("Wacht even en probeer het dan opnieuw.", "Wait a moment and try again."),
    "code.refusal.wrong_token": ("onjuist token", "wrong token"),
    "code.refusal.wrong_form": ("formulier niet van deze sessie", "form not of this session"),
    "code.refusal.wrong_state": ("antwoord hoort niet bij deze aanmelding", "answer does not belong to this login"),
    "code.refusal.wrong_issuer": ("antwoord van een andere inlogdienst", "answer of another login provider"),
    "code.refusal.wrong_code": ("code niet aangenomen", "code not accepted"),
    "code.refusal.wrong_id_token": ("bewijs van inloggen klopt niet", "id token not valid"),
    "code.refusal.provider_refused": ("inlogdienst weigert", "login provider refuses"),
    "code.refusal.no_user": ("geen bruikbare gebruikersnaam", "no user name of use"),
    "code.refusal.no_role": ("geen rol in Regiehub", "no role in Regiehub"),
    "code.refusal.several_roles": ("meer dan één rol", "more than one role"),
}  # fmt: skip
