"""Words of the page of requests for help."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "requests_of_all": ("Aanvragen", "Requests"),
    "requests_running": (
        "{n} aanvragen lopen, waarvan {late} over een termijn heen.",
        "{n} requests run, {late} of them past a term.",
    ),
    "requests_none_run": ("Er loopt geen aanvraag.", "No request runs."),
    "requests_whose.team": (
        "Van uw teams, voor zover u de dossiers mag inzien.",
        "Of your teams, as far as you may see the dossiers.",
    ),
    "requests_whose.mine": (
        "Van de huishoudens waarvan u de regie hebt, voor zover u de dossiers mag inzien.",
        "Of the households that you direct, as far as you may see the dossiers.",
    ),
    "requests_withheld": (
        "Niet meegeteld zijn de aanvragen van {teams} uit dossiers die u niet mag inzien.",
        "Not counted are the requests of {teams} from dossiers that you may not see.",
    ),
    "requests_incomplete": (
        "U hebt van zo veel huishoudens de regie dat niet alle zijn bekeken; de dringendste wel.",
        "You direct so many households that not all were looked at; the most pressing were.",
    ),
    "requests_empty": ("Er zijn geen aanvragen", "There are no requests"),
    "requests_empty_text.team": (
        "Zodra een dossier van uw team specialistische hulp aanvraagt, staat de aanvraag hier.",
        "As soon as a dossier of your team asks for specialist help, the request stands here.",
    ),
    "requests_empty_text.mine": (
        "Zodra voor een huishouden waarvan u de regie hebt specialistische hulp is gevraagd, staat de aanvraag hier.",
        "As soon as specialist help is asked for a household that you direct, the request stands here.",
    ),
    "requests_where": ("Waar liggen ze?", "Where do they lie?"),
    "requests_by_party": ("Per partij die aan zet is", "By who must act"),
    "requests_by_state": ("Hoe lang al, per stand, in werkdagen", "How long already, by state, in working days"),
    "requests_how_long": ("Hoe lang duurt een besluit?", "How long does a decision take?"),
    "requests_by_product": ("Per soort hulp, in werkdagen", "By kind of help, in working days"),
    "requests_how_long_help": (
        "Van aanvraag tot besluit, over de besluiten van het afgelopen jaar. Middelste: de helft duurde korter.",
        "From request to decision, over the decisions of the last year. Median: half of them took less.",
    ),
    "requests_number": ("Aantal", "Number"),
    "requests_decided": ("Besloten", "Decided"),
    "requests_median": ("Middelste", "Median"),
    "requests_longest": ("Langste", "Longest"),
    "requests_running_now": ("Lopend", "Running"),
    "requests_late": ("Te laat", "Late"),
    "requests_each": ("Stuk voor stuk", "One by one"),
    "requests_any_state": ("alle die lopen", "all that run"),
    "requests_any_party": ("iedereen", "anybody"),
    "requests_only_late": ("Alleen te late", "Only late ones"),
    "requests_none_fit": ("Geen aanvraag voldoet hieraan", "No request fits this"),
    "requests_clear": ("Toon alle die lopen", "Show all that run"),
    "requests_count": ("{n} aanvragen", "{n} requests"),
    "requests_count_one": ("1 aanvraag", "1 request"),
    "workdays": ("{n} werkdagen", "{n} working days"),
    "workday_one": ("1 werkdag", "1 working day"),
    "code.action.read_requests": ("gezien in een lijst van aanvragen", "seen in a list of requests"),
}
