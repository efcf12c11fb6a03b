"""Why one household, and what people decided."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "why": ("Waarom één huishouden", "Why one household"),
    "linked_because": ("Bij elkaar omdat", "Linked because"),
    "linked_one": ("Er is één dossier, en wie daarin woont.", "There is one dossier, and whoever lives in it."),
    "apart_because": ("Uit elkaar gehouden omdat", "Kept apart because"),
    "reason.same_number": ("Hetzelfde geldige BSN staat bij {persons} in {dossiers}.",
                           "The same valid BSN stands with {persons} in {dossiers}."),
    "reason.lives_together": ("{persons} wonen samen volgens het lopende dossier {dossiers}.",
                              "{persons} live together by open dossier {dossiers}."),
    "reason.client": ("Dossier {dossiers} hoort bij zijn cliënt: {persons}.",
                      "Dossier {dossiers} belongs with its client: {persons}."),
    "reason.foreign_dossier": (
        "Een deel woont samen volgens een dossier dat zelf bij een ander huishouden hoort, dat van zijn cliënt.",
        "Some live together by a dossier that itself belongs to another household, that of its client.",
    ),
    "reason.later_address": (
        "{persons} woont op een ander adres dan in dossier {dossiers} staat: een latere opgave of een besluit"
        " gaat voor.",
        "{persons} lives at another address than dossier {dossiers} states: a later statement or a decision goes"
        " first.",
    ),
    "reason.left_behind": (
        "Dossier {dossiers} is met zijn cliënt meegegaan; {persons} staat er nog in, en hoort niet bij dit huishouden.",
        "Dossier {dossiers} went with its client; {persons} is still named in it, and does not belong"
        " to this household.",
    ),
    "reason.stated_elsewhere": ("{persons} woont elders volgens dossier {dossiers}.",
                                "{persons} lives elsewhere according to dossier {dossiers}."),
    "reason.two_numbers": ("Bij {persons} staan twee verschillende geldige BSN's ({dossiers}): dat zijn twee personen.",
                           "Two different valid BSNs stand with {persons} ({dossiers}): those are two persons."),
    "reason.contradicted": (
        "Het besluit dat twee personen in {dossiers} dezelfde zijn, doet niets: een geldig BSN of een ander besluit"
        " zegt het tegendeel.",
        "The decision that two persons in {dossiers} are the same does nothing: a valid BSN or another decision says"
        " the opposite.",
    ),
    "reason.too_large": ("Te groot om één gezin te zijn (meer dan 20 personen): elk dossier staat apart.",
                         "Too large to be one family (more than 20 persons): each dossier stands by itself."),
    "decisions": ("Besluiten", "Decisions"),
    "decisions_none": ("Er is niets besloten; alles volgt uit de bronnen.",
                       "Nothing was decided; everything follows from the sources."),
    "decided.same_person": ("{one} en {other} zijn dezelfde persoon.", "{one} and {other} are the same person."),
    "decided.different_person": (
        "{one} en {other} zijn niet dezelfde persoon; staat bij beide hetzelfde BSN, dan klopt dat van {doubted} niet.",
        "{one} and {other} are not the same person; where both state the same BSN, that of {doubted} is wrong.",
    ),
    "decided.same_household": ("{one} en {other} horen bij één huishouden.",
                               "{one} and {other} belong to one household."),
    "decided.lives_here": ("{one} woont hier.", "{one} lives here."),
    "decided.lives_elsewhere": ("{one} woont elders.", "{one} lives elsewhere."),
    "decided.snooze": ("Aandachtspunt “{rule}” bij dossier {dossier} is verborgen tot en met {until}.",
                       "Attention point “{rule}” of dossier {dossier} is hidden until and including {until}."),
    "decided.direction": ("{name} heeft de regie vanaf {since}.", "{name} directs from {since}."),
    "decided_by": ("Besluit van {who}, {time}: “{why}”", "Decided by {who}, {time}: “{why}”"),
    "taken_back_by": ("Teruggenomen door {who}, {time}: “{why}”", "Taken back by {who}, {time}: “{why}”"),
    "line_of": ("{name} (dossier {dossier})", "{name} (dossier {dossier})"),
    "line_unseen": ("iemand in dossier {dossier}, regel {line}", "somebody in dossier {dossier}, line {line}"),
    "line_choice": ("{name} – dossier {dossier}, regel {line}, {source}",
                    "{name} – dossier {dossier}, line {line}, {source}"),
    "effect.contradicted": (
        "Het zou twee geldige BSN's één persoon maken, of een ander besluit zegt het tegendeel.",
        "It would make two valid BSNs one person, or another decision says the opposite.",
    ),
    "effect.idle": (
        "Wat het noemt is er nu niet, het dossier is afgesloten, of het zou een cliënt uit zijn eigen dossier halen.",
        "What it names is not there now, the dossier is closed, or it would take a client out of his own dossier.",
    ),
    "effect.overtaken": (
        "Een later besluit gaat voor, of het huishouden zou te groot worden (meer dan 20 personen).",
        "A later decision goes first, or the household would become too large (more than 20 persons).",
    ),
    "decide": ("Leg een besluit vast", "Record a decision"),
    "decide_text": (
        "Een besluit gaat vóór wat de bronnen zeggen, tot u het terugneemt. De bronnen zelf veranderen niet.",
        "A decision goes before what the sources say, until you take it back. The sources themselves do not change.",
    ),
    "decide_two": ("Over twee personen", "About two persons"),
    "decide_residence": ("Over waar iemand woont", "About where somebody lives"),
    "decide_kind": ("Wat besluit u?", "What do you decide?"),
    "choice.same_person": ("Dit is dezelfde persoon", "This is the same person"),
    "choice.different_person": ("Dit is niet dezelfde persoon", "This is not the same person"),
    "choice.same_household": ("Deze twee horen bij één huishouden", "These two belong to one household"),
    "choice.lives_here": ("Woont hier", "Lives here"),
    "choice.lives_elsewhere": ("Woont elders", "Lives elsewhere"),
    "choose": ("Kies …", "Choose …"),
    "decide_one": ("Eerste", "First"),
    "decide_other": ("Tweede", "Second"),
    "decide_who": ("Wie", "Who"),
    "decide_doubted": ("Als niet dezelfde persoon: wiens BSN klopt niet, mocht bij beide hetzelfde staan?",
                       "If not the same person: whose BSN is wrong, should both state the same?"),
    "decide_why": ("Waarom", "Why"),
    "decide_why_help": ("Dit blijft voor altijd te zien. Zet hier geen BSN in.",
                        "This stays to be seen for ever. Do not write a BSN here."),
    "decide_pair": ("Is dit dezelfde persoon?", "Is this the same person?"),
    "put_off": ("Stel uit", "Put off"),
    "put_off_until": ("Tot en met", "Up to and including"),
    "decide_submit": ("Vastleggen", "Record"),
    "take_back": ("Terugnemen", "Take back"),
    "take_back_of": ("Neem dit besluit terug", "Take this decision back"),
    "decision_accepted": ("Vastgelegd. Het duurt even voordat het op deze pagina staat; ververs de pagina zo nodig.",
                          "Recorded. It takes a moment to appear on this page; reload it if needed."),
    "undo_at": ("Terugnemen kan bij", "It can be taken back under"),
    "decision_invalid": (
        "Er is niets vastgelegd. Kies wat u besluit en over wie (twee verschillende), en zeg waarom.",
        "Nothing was recorded. Choose what you decide and about whom (two different ones), and say why.",
    ),
    "decision_bsn": ("Er is niets vastgelegd: in de reden staat een BSN.",
                     "Nothing was recorded: the reason holds a BSN."),
    "decision_unavailable": (
        "Het is niet zeker of dit is vastgelegd. Kijk zo of het verschijnt; nogmaals besluiten kan geen kwaad.",
        "It is not certain that this was recorded. See whether it appears; deciding again does no harm.",
    ),
    "not_as_seen.unknown_dossier": (
        "Een dossier dat genoemd wordt is hier niet (meer) bekend. Er is niets vastgelegd.",
        "A dossier that is named is not known here (any more). Nothing was recorded.",
    ),
    "not_as_seen.unknown_line": (
        "Een regel die genoemd wordt staat niet (meer) in dat dossier. Er is niets vastgelegd.",
        "A line that is named does not stand in that dossier (any more). Nothing was recorded.",
    ),
    "not_as_seen.somebody_else": (
        "Een regel die genoemd wordt gaat nu over iemand anders. Kijk opnieuw; er is niets vastgelegd.",
        "A line that is named is about somebody else now. Look again; nothing was recorded.",
    ),
    "not_as_seen.newer": (
        "Er is inmiddels een nieuwer besluit over hetzelfde. Kijk daar eerst naar; er is niets vastgelegd.",
        "There is a newer decision on the same by now. Look at that first; nothing was recorded.",
    ),
    "not_as_seen.taken_back": ("Dit besluit was al teruggenomen.", "This decision had been taken back already."),
}  # fmt: skip
