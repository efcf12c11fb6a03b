"""Scores per life domain over time. What was not scored is missing, never 0."""

from __future__ import annotations

from typing import NamedTuple

from hub.desk import digest
from hub.events.records import RecordType
from hub.household.document_shape import Document, Person, RecordEntry


class ScoreRow(NamedTuple):
    """One life domain: a score per measurement, None where it was not scored."""

    domain: str
    scores: list[int | None]

    @property
    def first_and_last(self) -> tuple[int, int] | None:
        """From where to where, if it was scored more than once."""
        known = [score for score in self.scores if score is not None]
        return (known[0], known[-1]) if len(known) > 1 else None


class Scores(NamedTuple):
    """The measurements of one person, or of the household, with one instrument, oldest first."""

    instrument: str
    person: Person | None
    taken: list[RecordEntry]
    rows: list[ScoreRow]


def scores(document: Document) -> list[Scores]:
    """A table per instrument and person. Versions of one instrument stand beside each other: their domains differ."""
    by_line = {
        (ref["source"], ref["dossier_id"], ref["line"]): person
        for person in digest.persons(document)
        for ref in person["source_refs"]
    }
    found: dict[tuple[str, str], list[RecordEntry]] = {}
    persons: dict[str, Person] = {}
    for record in digest.records(document, RecordType.ASSESSMENT):
        person = by_line.get((record["source"], record["dossier_id"], str(record["body"]["line"])))
        key = person["person_key"] if person else ""
        persons |= {key: person} if person else {}
        found.setdefault((str(record["body"]["instrument"]), key), []).append(record)
    return [_table(instrument, persons.get(key), taken) for (instrument, key), taken in sorted(found.items())]


def _table(instrument: str, person: Person | None, records: list[RecordEntry]) -> Scores:
    taken = sorted(records, key=lambda item: (str(item["body"]["taken_on"]), item["recorded_at"], item["record_id"]))
    each = [_by_domain(record) for record in taken]
    domains = sorted({domain for scored in each for domain in scored}, key=digest.domain_order)
    return Scores(instrument, person, taken, [ScoreRow(name, [it.get(name) for it in each]) for name in domains])


def _by_domain(record: RecordEntry) -> dict[str, int]:
    scored = record["body"]["scores"]
    assert isinstance(scored, list)
    return {str(item["domain"]): int(item["score"]) for item in scored}
