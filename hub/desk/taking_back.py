"""What taking a decision back comes to, and what it asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.desk.access import Action
from hub.desk.decision_models import MOST_WHY, on_dossier
from hub.events.agreements import Consent, Emergency, Review
from hub.events.decisions import ON_DOSSIER, ON_DOSSIERS, Decision, Kind, NamedLine, OnDossier, Snooze, decided
from hub.events.direction import Direction
from hub.household.document_shape import DecisionEntry, Document

ACTIONS: Final = {
    Kind.CONSENT: Action.RECORD_CONSENT,
    Kind.EMERGENCY: Action.BREAK_GLASS,
    Kind.EMERGENCY_REVIEW: Action.JUDGE_EMERGENCY,
}
"""What making a decision of a kind asks for; of all others it is DECIDE."""
_SAID: Final[dict[Kind, type[OnDossier]]] = {
    Kind.SNOOZE: Snooze,
    Kind.DIRECTION: Direction,
    Kind.CONSENT: Consent,
    Kind.EMERGENCY: Emergency,
    Kind.EMERGENCY_REVIEW: Review,
}


def action_to_withdraw(newest: DecisionEntry | None, user: str) -> Action:
    """What taking back asks for. Somebody else's emergency access is ended by whoever judges it."""
    if newest is None:
        return Action.DECIDE
    if newest["emergency"] is not None:
        return Action.END_EMERGENCY if newest["emergency"]["user"] == user else Action.JUDGE_EMERGENCY
    return ACTIONS.get(Kind(newest["kind"]), Action.DECIDE)


def judges_own(entry: DecisionEntry, documents: Iterable[Document], user: str) -> bool:
    """Whether a decision is the judgement of this user's own emergency access: that is not his to take back."""
    review = entry["review"]
    every = (item for document in documents for item in document["decisions"])
    own = {item["decision_id"] for item in every if item["emergency"] and item["emergency"]["user"] == user}
    return review is not None and review["emergency"] in own


def withdrawn(entry: DecisionEntry, decided_by: str, why: str) -> Decision:
    """The same decision, taken back: it names the lines as they were when it was made. Of an emergency that was ended
    the reason for which it was taken stays, for that is what is judged."""
    kind = Kind(entry["kind"])
    if kind is Kind.EMERGENCY:
        why = f"{entry['why']} / {why}"[:MOST_WHY]
    if kind in ON_DOSSIERS:
        said = _SAID[kind].model_validate(entry[ON_DOSSIER[kind]])  # type: ignore[literal-required]  # a key of the entry
        return on_dossier(kind, said, decided_by=decided_by, why=why, withdrawn=True)
    lines = [
        NamedLine(
            source=line["source"],
            dossier_id=line["dossier_id"],
            line=line["line"],
            person=line["stated_key"],
            confirmed=line["confirmed"],
        )
        for line in entry["lines"]
    ]
    doubted = next((line for line, item in zip(lines, entry["lines"], strict=True) if item["doubted"]), None)
    return decided(kind, *lines, decided_by=decided_by, why=why, withdrawn=True, doubted=doubted)
