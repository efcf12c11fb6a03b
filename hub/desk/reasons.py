"""How the pages say why a household is one, and what was decided. Pure; all words stand in translations."""

from __future__ import annotations

from typing import Final, NamedTuple

import orjson

from hub.desk import digest
from hub.desk.words import Words
from hub.household.document_shape import DecidedLine, DecisionEntry, Document, MemberLine, Person, Reason
from hub.household.rulings import Effect

OVERTAKEN: Final = "overtaken"
"""Of a decision on persons that is applied and decides nothing now: another one, or the rule of size, goes first."""


class Choice(NamedTuple):
    """A member line to choose in a form. `value`: what the form sends, with whom it showed."""

    value: str
    label: str


class Told(NamedTuple):
    """A decision in words. `by`: who, when, why; `effect_why`: why it does nothing, empty if it does. `effect`: an
    `Effect`, or OVERTAKEN."""

    entry: DecisionEntry
    what: str
    by: str
    effect: str
    effect_why: str
    in_force: bool
    withdrawn: bool


class Reasons:
    """The words of one household's page about why it is one."""

    def __init__(self, words: Words, document: Document) -> None:
        self._w = words
        self._document = document
        self._persons = {person["person_key"]: person for person in digest.persons(document)}
        self._decisions = {item["decision_id"]: item for item in document["decisions"]}
        reasons = [*document["links"], *document["apart"]]
        self._telling = {item["decision_id"] for item in reasons}
        self._keys = {
            (line["source"], line["dossier_id"], line["stated_key"]): line["person_key"] for line in document["lines"]
        }

    def linked(self) -> list[str]:
        """Why it is one household, a sentence each."""
        return [self._sentence(item) for item in self._document["links"]]

    def apart(self) -> list[str]:
        """Why others are kept apart."""
        return [self._sentence(item) for item in self._document["apart"]]

    def decisions(self) -> list[Told]:
        """All decisions, the newest first."""
        return [self._told(item) for item in reversed(self._document["decisions"])]

    def told(self, entry: DecisionEntry) -> Told:
        """One decision."""
        return self._told(entry)

    def choices(self) -> list[Choice]:
        """All member lines, by name."""
        found = [self._choice(line) for line in self._document["lines"]]
        return sorted(found, key=lambda choice: (choice.label.casefold(), choice.value))

    def named(self, person_key: str) -> str:
        """Somebody's name."""
        return self._name(person_key)

    def aged(self, person_key: str) -> str:
        """How old somebody is, empty if that is not known."""
        person = self._persons.get(person_key)
        born = person["fields"]["birth_date"]["values"] if person else []
        return self._w.age(str(born[0]["value"])) if born else ""

    def value_of(self, person: Person) -> str:
        """What a form sends to name somebody, of this household or another: the first line that names him."""
        ref = person["source_refs"][0]
        return _value(ref["source"], ref["dossier_id"], ref["line"], person["person_key"])

    def _sentence(self, reason: Reason) -> str:
        decision = self._decisions.get(reason["decision_id"] or "")
        if decision is not None and reason["kind"] == decision["kind"]:
            return f"{self._what(decision)} {self._by(decision)}"
        names = self._w.listed(self._name(person) for person in reason["persons"])
        dossiers = self._w.listed(ref["dossier_id"] for ref in reason["dossiers"])
        return self._w.t(f"reason.{reason['kind']}", persons=names, dossiers=dossiers)

    def _told(self, entry: DecisionEntry) -> Told:
        overtaken = entry["effect"] == Effect.APPLIED and entry["lines"] and entry["decision_id"] not in self._telling
        effect = OVERTAKEN if overtaken else entry["effect"]
        why_not = effect in (Effect.CONTRADICTED, Effect.IDLE, OVERTAKEN)
        return Told(
            entry,
            self._what(entry),
            self._by(entry),
            effect,
            self._w.t(f"effect.{effect}") if why_not else "",
            effect == Effect.APPLIED,
            effect == Effect.WITHDRAWN,
        )

    def _what(self, entry: DecisionEntry) -> str:
        if (point := entry["snooze"]) is not None:
            rule, until = self._w.code("rule", point["rule"]), self._w.date(point["until"])
            return self._w.t("decided.snooze", rule=rule, dossier=point["dossier_id"], until=until)
        if (said := entry["direction"]) is not None:
            return self._w.t("decided.direction", name=said["name"], since=self._w.date(said["from_on"]))
        if not entry["lines"]:
            return self._opens(entry)
        named = [self._line(line) for line in entry["lines"]]
        doubted = next((name for name, line in zip(named, entry["lines"], strict=True) if line["doubted"]), "")
        return self._w.t(f"decided.{entry['kind']}", one=named[0], other=named[-1], doubted=doubted)

    def _opens(self, entry: DecisionEntry) -> str:
        """What opens a dossier to others, or was found of it."""
        if (given := entry["consent"]) is not None:
            who = self._keys.get((given["source"], given["dossier_id"], given["person"]), "")
            unit, until = self._w.code("kind", given["unit"]), self._w.date(given["until"])
            domains = self._w.listed(self._w.code("domain", item) for item in given["domains"] or ())
            scope = domains or self._w.t("consent_all")
            values = {"name": self._name(who), "dossier": given["dossier_id"], "scope": scope}
            return self._w.t("decided.consent", unit=unit, until=until, **values)
        if (taken := entry["emergency"]) is not None:
            until = self._w.time(taken["until"])
            return self._w.t("decided.emergency", user=taken["user"], dossier=taken["dossier_id"], until=until)
        review = entry["review"]
        return self._w.t("decided.justified" if review and review["justified"] else "decided.unjustified")

    def _by(self, entry: DecisionEntry) -> str:
        key = "taken_back_by" if entry["effect"] == Effect.WITHDRAWN else "decided_by"
        if not entry["why"]:
            return self._w.t(f"{key}_unsaid", who=entry["decided_by"], time=self._w.time(entry["decided_at"]))
        return self._w.t(key, who=entry["decided_by"], time=self._w.time(entry["decided_at"]), why=entry["why"])

    def _line(self, line: DecidedLine) -> str:
        if not line["dossier_id"]:
            return self._w.t("line_of_others")
        if line["person_key"] is None:
            return self._w.t("line_unseen", dossier=line["dossier_id"], line=line["line"])
        return self._w.t("line_of", name=self._name(line["person_key"]), dossier=line["dossier_id"])

    def _choice(self, line: MemberLine) -> Choice:
        label = self._w.t(
            "line_choice",
            name=self._name(line["person_key"]),
            dossier=line["dossier_id"],
            line=line["line"],
            source=self._w.source(line["source"]),
        )
        return Choice(_value(line["source"], line["dossier_id"], line["line"], line["person_key"]), label)

    def _name(self, person_key: str) -> str:
        person = self._persons.get(person_key)
        return (digest.display_name(person) if person else None) or self._w.t("someone")


def _value(*asked: str) -> str:
    """See `decision_pages.wanted_of`."""
    return orjson.dumps(asked).decode()
