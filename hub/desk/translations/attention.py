"""What asks for attention, in words."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "attention_points": ("Wat aandacht vraagt", "What asks for attention"),
    "attention_none": ("Er is nu niets dat aandacht vraagt.", "Nothing asks for attention now."),
    "attention_put_off": ("Uitgesteld", "Put off"),
    "attention.put_off": ("Uitgesteld tot en met {until} door {by}: {why}", "Put off until {until} by {by}: {why}"),
    "attention.acknowledged": (
        "{by} schreef hierbij (geldig tot en met {until}): {why}. Kindveiligheid blijft altijd in beeld.",
        "{by} wrote about this (valid until {until}): {why}. Child safety always stays in sight.",
    ),
    "attention.child_safety": (
        "Signaal over de veiligheid van een kind, {since}: {kind} (ernst: {severity}).",
        "Signal about the safety of a child, {since}: {kind} (severity: {severity}).",
    ),
    "attention.no_director": ("Sinds {since} staat in geen lopend dossier wie de regie heeft.",
                              "Since {since} no open dossier says who directs."),
    "attention.two_directors": ("Sinds {since} staan er verschillende casusregisseurs: {directors}.",
                                "Since {since} different case directors are named: {directors}."),
    "attention.request_overdue.unanswered": (
        "Op de aanvraag van {submitted_on} voor {product} had uiterlijk {due} antwoord moeten komen.",
        "The request of {submitted_on} for {product} should have been answered by {due}.",
    ),
    "attention.request_overdue.undecided": (
        "Over de aanvraag van {submitted_on} voor {product} had uiterlijk {due} besloten moeten zijn.",
        "The request of {submitted_on} for {product} should have been decided by {due}.",
    ),
    "attention.evaluation_overdue": (
        "De evaluatie van het doel “{wording}” ({life_domain}) stond gepland op {due}.",
        "The evaluation of the goal “{wording}” ({life_domain}) was planned for {due}.",
    ),
    "attention.aftercare_overdue": (
        "Alle hulp stopte op {closed_on}; uiterlijk {due} had iemand moeten vragen hoe het gaat.",
        "All help ended on {closed_on}; by {due} somebody should have asked how it goes.",
    ),
    "attention.adult_term.near": ("De hulp aan de volwassene loopt tot en met {due}.",
                                  "The help to the adult runs until {due}."),
    "attention.adult_term.past": ("De hulp aan de volwassene had uiterlijk {due} moeten stoppen.",
                                  "The help to the adult should have ended by {due}."),
    "attention.coming_of_age.exact": ("{persons} wordt 18 op {due}.", "{persons} turns 18 on {due}."),
    "attention.coming_of_age.about": (
        "{persons} wordt 18, op zijn vroegst op {due}; de geboortedatum is niet zeker.",
        "{persons} turns 18, on {due} at the earliest; the date of birth is not certain.",
    ),
    "attention.no_shows": ("{number} keer niet verschenen sinds {since}.", "{number} no-shows since {since}."),
    "attention.plans_contradict": (
        "{life_domain}: {working} werkt nog aan doelen die voor {done} bereikt of gestopt zijn (sinds {since}).",
        "{life_domain}: {working} still works on goals that are reached or stopped for {done} (since {since}).",
    ),
    "attention.plans_double": (
        "{life_domain}: open doelen in {working} (sinds {since}). Stem af wie wat doet.",
        "{life_domain}: open goals in {working} (since {since}). Agree on who does what.",
    ),
    "attention.reregistration": ("Opnieuw aangemeld op {since}, nadat alle hulp was gestopt op {closed_on}.",
                                 "Came back on {since}, after all help had ended on {closed_on}."),
    "attention.ready_to_close": (
        "Alle doelen zijn bereikt of gestopt (sinds {since}): dit dossier kan dicht, of heeft nieuwe doelen nodig.",
        "All goals are reached or stopped (since {since}): this dossier can be closed, or needs new goals.",
    ),
    "still_open": ("Wat nog openstaat:", "What still stands open:"),
    "attention.still_open.request": ("Aanvraag {product}: {state}", "Request {product}: {state}"),
    "attention.still_open.goals": ("Open doelen in dossier {dossier_id} van {source}: {number}",
                                   "Open goals in dossier {dossier_id} of {source}: {number}"),
    "attention.still_open.child_safety": ("Signaal over de veiligheid van een kind, {on}",
                                          "Signal about the safety of a child, {on}"),
    "attention.unconfirmed_identity": (
        "{persons} is niet bevestigd: {reason} (sinds {since}). Een ander dossier van deze persoon kan hier ontbreken.",
        "{persons} is unconfirmed: {reason} (since {since}). Another dossier of this person may be missing here.",
    ),
    "attention.source.silent": ("{sources} meldt zich niet sinds {since}; hier kan iets ontbreken.",
                                "{sources} has not reported since {since}; something may be missing here."),
    "attention.source.stale": ("{sources} is sinds {since} niet gelezen; hier kan iets ontbreken.",
                               "{sources} has not been read since {since}; something may be missing here."),
    "attention.source.incomplete": (
        "Niet alles uit {sources} was leesbaar, het laatst op {since}; hier kan iets ontbreken.",
        "Not everything from {sources} could be read, last on {since}; something may be missing here.",
    ),
    "attention.source.never": ("{sources} is nog nooit gelezen; hier kan iets ontbreken.",
                               "{sources} has never been read; something may be missing here."),
    "code.urgency.high": ("dringend", "urgent"),
    "code.urgency.medium": ("actie nodig", "action needed"),
    "code.urgency.low": ("ter informatie", "for information"),
    "code.rule.child_safety": ("veiligheid van een kind", "safety of a child"),
    "code.rule.no_director": ("geen casusregisseur", "no case director"),
    "code.rule.two_directors": ("meer dan één casusregisseur", "more than one case director"),
    "code.rule.request_overdue": ("aanvraag over de termijn", "request past its term"),
    "code.rule.evaluation_overdue": ("evaluatie over de datum", "evaluation overdue"),
    "code.rule.aftercare_overdue": ("nazorg niet gedaan", "after-care overdue"),
    "code.rule.adult_term": ("termijn van hulp aan volwassenen", "term of adult help"),
    "code.rule.coming_of_age": ("wordt 18", "turns 18"),
    "code.rule.no_shows": ("herhaald niet verschenen", "repeated no-shows"),
    "code.rule.plans_contradict": ("plannen spreken elkaar tegen", "plans contradict each other"),
    "code.rule.plans_double": ("plannen doen dubbel", "plans double"),
    "code.rule.reregistration": ("opnieuw aangemeld", "registered again"),
    "code.rule.ready_to_close": ("klaar om af te sluiten", "ready to close"),
    "code.rule.unconfirmed_identity": ("identiteit niet bevestigd", "identity not confirmed"),
    "code.rule.source": ("bron loopt achter", "source behind"),
}  # fmt: skip
