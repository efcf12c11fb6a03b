"""Which requests for specialist help wait for somebody: for whom, since when, until when. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from hub.events.records import RecordType
from hub.household.attention.acting import Acting, Party
from hub.household.attention.deadlines import answer_due
from hub.household.attention.terms import Terms
from hub.household.days import local_day, parse_day
from hub.household.document_shape import Document, RecordEntry

_WAITS_FOR: Final = {
    "concept": Party.TEAM,
    "rejected_technically": Party.TEAM,
    "submitted": Party.MUNICIPALITY,
    "received": Party.MUNICIPALITY,
    "under_investigation": Party.MUNICIPALITY,
    "granted": Party.PROVIDER,
    "paused": Party.PROVIDER,
}
"""Whose move it is in a state; in the others nothing is waited for."""
_SINCE: Final = {"granted": "decided_on", "concept": None, "rejected_technically": None, "paused": None}


class Waiting(NamedTuple):
    """A request that waits. `due`: the last day for what the municipality owes; None where it owes nothing."""

    request: RecordEntry
    who: Acting
    since: date
    due: date | None


def waiting(request: RecordEntry, document: Document, terms: Terms) -> Waiting | None:
    """For whom a request waits; None if for nobody."""
    party = _WAITS_FOR.get(str(request["body"]["state"]))
    if party is None:
        return None
    provider = request["body"].get("provider")
    names = (str(provider),) if party is Party.PROVIDER and provider else ()
    here = (request["source"], request["dossier_id"])
    kinds = [item["kind"] for item in document["dossiers"] if (item["source"], item["dossier_id"]) == here]
    who = Acting(party, names, tuple(kinds) if party is Party.TEAM else ())
    return Waiting(request, who, _since(request), answer_due(request, terms))


def all_waiting(document: Document, terms: Terms) -> list[Waiting]:
    """Every request that waits, those with the nearest day first."""
    requests = [item for item in document["records"] if item["record_type"] == RecordType.SUPPORT_REQUEST]
    found = [item for item in (waiting(request, document, terms) for request in requests) if item]
    return sorted(found, key=lambda item: (item.due or date.max, item.since, item.request["record_id"]))


def _since(request: RecordEntry) -> date:
    """The day that the source states for it, else that on which it recorded the state."""
    field = _SINCE.get(str(request["body"]["state"]), "submitted_on")
    stated = parse_day(request["body"].get(field)) if field else None
    return stated or local_day(request["recorded_at"])
