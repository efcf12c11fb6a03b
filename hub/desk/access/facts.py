"""What an access decision depends on: read out of a household's document and its decisions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from hub.desk.access.consent import Consent
from hub.events.decisions import DECISION
from hub.events.ids import DossierRef, RecordRef, decision_id, ref_of
from hub.events.records import RecordType
from hub.household import direction
from hub.household.days import TIME_ZONE, parse_day
from hub.household.document_shape import Document, RecordEntry
from hub.household.requests.codes import LAW_OF_KIND

EMERGENCY_HOURS: Final = 4
"""Long enough for an evening's crisis, short enough that nobody keeps it by him."""


class Rules(NamedTuple):
    """What a municipality decides. `wams`: the act on manifold problems is in force. `emergency_hours`: how long an
    emergency access lasts."""

    wams: bool = False
    emergency_hours: int = EMERGENCY_HOURS


DEFAULT_RULES: Final = Rules()


class DossierFacts(NamedTuple):
    """One dossier. `named`: personnel numbers of whoever is involved today; `directed_by`: of its directors today.
    `child_safety`: it is open and holds a signal about a child's safety."""

    ref: DossierRef
    kind: str
    team: str = ""
    named: frozenset[str] = frozenset()
    directed_by: frozenset[str] = frozenset()
    child_safety: bool = False


class Messages(NamedTuple):
    """A dossier of national messages about one person. `beside`: the dossiers of the same law that name him: whoever
    sees one of those sees what these messages say."""

    ref: DossierRef
    beside: frozenset[DossierRef]


class Director(NamedTuple):
    """Who directs today by a decision in the hub. What is not known is empty."""

    user: str = ""
    staff: str = ""
    name: str = ""
    unit: str = ""


class Emergency(NamedTuple):
    """That somebody broke the glass on a dossier. `until`: when it ends, or was ended (UTC). `reviewed`: by whom, empty
    if by nobody yet."""

    decision_id: str
    dossier: DossierRef
    user: str
    until: datetime
    reviewed: str = ""


class Deputy(NamedTuple):
    """Who (a name) stands in for a worker (`replaced`: his personnel number) in a team's dossiers, and until when."""

    team: str
    replaced: str
    name: str
    until: str


class Known(NamedTuple):
    """What is known of a household at a moment (UTC). The consents are all, also those that hold no more. `deputies`:
    who stands in for its workers, for whoever asks who sees it; that somebody stands in himself, he brings along."""

    at: datetime
    dossiers: tuple[DossierFacts, ...] = ()
    messages: tuple[Messages, ...] = ()
    director: Director | None = None
    consents: tuple[Consent, ...] = ()
    emergencies: tuple[Emergency, ...] = ()
    deputies: tuple[Deputy, ...] = ()
    rules: Rules = Rules()

    @property
    def today(self) -> date:
        """The day in the Netherlands."""
        return self.at.astimezone(TIME_ZONE).date()


class Household(NamedTuple):
    """What a decision may depend on. The id is an address: grants hang on dossiers and persons. `known` None: there is
    no such household, or it is asked about without being read."""

    household_id: str
    dossiers: tuple[DossierRef, ...] = ()
    persons: tuple[str, ...] = ()
    known: Known | None = None


def known_of(document: Document, at: datetime, rules: Rules = DEFAULT_RULES) -> Known:
    """What is known of a household now. `document`: the whole one, not what somebody may see of it."""
    now = at.astimezone(UTC)
    today = now.astimezone(TIME_ZONE).date()
    decisions = [item for item in document["records"] if item["record_type"] == DECISION]
    return Known(
        at=now,
        dossiers=tuple(_dossiers(document, today)),
        messages=tuple(_messages(document)),
        director=_director(document, today),
        consents=tuple(_consents(document, decisions)),
        emergencies=tuple(emergencies(decisions)),
        rules=rules,
    )


def dossiers_of(document: Document) -> tuple[DossierRef, ...]:
    """The dossiers of a household."""
    return tuple(ref_of(item) for item in document["dossiers"])


def team_key(team: str) -> str:
    """Equal for one team, however a source writes it."""
    return " ".join(team.split()).casefold()


def _dossiers(document: Document, today: date) -> Iterator[DossierFacts]:
    """A closed dossier names nobody any more: only its team stays tied to it."""
    by_dossier: dict[DossierRef, list[RecordEntry]] = {}
    for record in document["records"]:
        if record["record_type"] in _TELLING:
            by_dossier.setdefault(ref_of(record), []).append(record)
    for dossier in document["dossiers"]:
        ref, is_open = ref_of(dossier), dossier["status"] == "open"
        records = by_dossier.get(ref, []) if is_open else []
        yield DossierFacts(
            ref=ref,
            kind=dossier["kind"],
            team=team_key(dossier["team"] or ""),
            named=_staff(records, RecordType.INVOLVEMENT, today),
            directed_by=_staff(records, RecordType.CASE_DIRECTION, today),
            child_safety=any(is_alarm(item) for item in records),
        )


_TELLING: Final = frozenset({RecordType.INVOLVEMENT.value, RecordType.CASE_DIRECTION.value, RecordType.SIGNAL.value})
"""Records that say who works in a dossier, and what others may have to know."""


def _messages(document: Document) -> Iterator[Messages]:
    if not document["message_dossiers"]:
        return
    kinds = {ref_of(item): item["kind"] for item in document["dossiers"]}
    laws: dict[DossierRef, set[object]] = {}
    for record in document["records"]:
        if "law" in record["body"]:
            laws.setdefault(ref_of(record), set()).add(record["body"]["law"])
    for item in document["message_dossiers"]:
        named_in = {ref_of(line) for line in document["lines"] if line["person_key"] == item["client"]}
        of_law = laws.get(ref_of(item), set())
        beside = (ref for ref in named_in if LAW_OF_KIND.get(kinds.get(ref, "")) in of_law)
        yield Messages(ref_of(item), frozenset(beside))


def is_alarm(record: RecordEntry) -> bool:
    """Whether it is a signal about a child's safety."""
    return record["record_type"] == RecordType.SIGNAL and bool(record["body"]["child_safety"])


def _staff(records: Iterable[RecordEntry], kind: RecordType, today: date) -> frozenset[str]:
    bodies = [item["body"] for item in records if item["record_type"] == kind and holds_on(item["body"], today)]
    return frozenset(str(body["staff"]) for body in bodies if body.get("staff"))


def holds_on(body: Mapping[str, Any], today: date) -> bool:
    """Whether what is said from one day to another holds today. What has no first day has always held."""
    start, end = body.get("from_on"), body.get("to_on")
    return (not start or str(start) <= today.isoformat()) and (not end or str(end) >= today.isoformat())


def standing(records: Iterable[RecordEntry], kind: str) -> list[RecordEntry]:
    """The decisions of a kind that were not taken back."""
    return [item for item in records if item["body"]["kind"] == kind and not item["body"]["withdrawn"]]


def _director(document: Document, today: date) -> Director | None:
    """Whoever directs by a decision; of an open dossier alone, for a closed one has nobody to direct it."""
    decided = (item.record["body"] for item in direction.directions(document, today) if item.decided and item.current)
    said = next(decided, None)
    if said is None:
        return None
    user, staff, name, unit = (str(said.get(key) or "") for key in ("user", "staff", "director", "unit"))
    return Director(user, staff, name, unit)


def _consents(document: Document, decisions: Iterable[RecordEntry]) -> Iterator[Consent]:
    """A consent is of the person whom the dossier stated then; if it does not state him any more, of nobody."""
    persons = {(*ref_of(line), line["stated_key"]): line["person_key"] for line in document["lines"]}
    for record in decisions:
        body = record["body"]
        said = body.get("consent") if body["kind"] == "consent" else None
        if not isinstance(said, dict):
            continue
        person = persons.get((*ref_of(record), str(said["person"])))
        if person is None:
            continue
        domains = said["domains"]
        yield Consent(
            dossier=ref_of(record),
            person=person,
            unit=str(said["unit"]),
            domains=None if domains is None else frozenset(map(str, domains)),
            given_by=frozenset(map(str, said["given_by"])),
            until=parse_day(said["until"]) or date.min,
            births=births_of(document, person),
            withdrawn=bool(body["withdrawn"]),
        )


def births_of(document: Document, person_key: str) -> tuple[str, ...]:
    """Somebody's birth date, as each source states it."""
    lists = (document["members"], document["references"], document["history"], document["contested"])
    fields = (person["fields"] for people in lists for person in people if person["person_key"] == person_key)
    return tuple(dict.fromkeys(str(item["value"]) for field in fields for item in field["birth_date"]["values"]))


def unreviewed(document: Document) -> dict[str, Emergency]:
    """The emergency accesses that await a judgement, by their decision; also those that are over."""
    decisions = (item for item in document["records"] if item["record_type"] == DECISION)
    return {item.decision_id: item for item in emergencies(decisions) if not item.reviewed}


def emergencies(decisions: Iterable[RecordEntry]) -> Iterator[Emergency]:
    """Also those that are over: that it happened stays to be seen. One that was ended early ended then."""
    records = list(decisions)
    reviews: dict[str, str] = {}
    for record in standing(records, "emergency_review"):
        said = record["body"].get("review")
        if isinstance(said, dict):
            reviews[str(said["emergency"])] = str(record["body"]["decided_by"])
    for record in records:
        said = record["body"].get("emergency") if record["body"]["kind"] == "emergency" else None
        if isinstance(said, dict):
            identity = decision_id(RecordRef(*ref_of(record), DECISION, record["record_id"]))
            until = datetime.fromisoformat(str(said["until"]))
            ended = datetime.fromisoformat(record["recorded_at"])
            over = min(until, ended) if record["body"]["withdrawn"] else until
            yield Emergency(identity, ref_of(record), str(said["user"]), over, reviews.get(identity, ""))
