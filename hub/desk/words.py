"""How the pages say things: texts, codes, dates, times, ages and money in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from hub.desk import digest
from hub.desk.blocks.sight import Seer
from hub.desk.digest import TimelineEvent
from hub.desk.matching.compare import Finding as Evidence
from hub.desk.precedence import give_way
from hub.desk.translations import MONTHS, Language, code, sentence, text
from hub.household.days import TIME_ZONE
from hub.household.document_shape import Document, StatedField, StatedValue
from hub.ops.status import Finding, say

_LENGTHS: Final = ((86_400, "for_days"), (3_600, "for_hours"), (60, "for_minutes"), (1, "for_seconds"))
_STEPS: Final = ((86_400, "ago_days"), (3_600, "ago_hours"), (60, "ago_minutes"), (1, "ago_seconds"))


@dataclass(frozen=True)
class Words:
    """The helper of one page: `w` in every template. `today`: in the Netherlands."""

    language: Language
    today: date

    def t(self, key: str, **values: object) -> str:
        """A text. A page asks for one all along, so here it gives way."""
        give_way()
        return text(self.language, key, **values)

    def code(self, group: str, value: object) -> str:
        """A code in words; nothing for a value that is not there."""
        give_way()
        return "" if value is None else code(self.language, group, str(value))

    def listed(self, parts: Iterable[str]) -> str:
        """One, two and three."""
        words = list(parts)
        return f" {self.t('and')} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

    def source(self, source: str) -> str:
        """Name of a source."""
        return code(self.language, "source", source)

    def sources(self, sources: Iterable[str]) -> str:
        """Names of sources."""
        return self.listed(map(self.source, sources))

    def field(self, name: str) -> str:
        """Name of a field of a record; the field's own name where no word is known."""
        return self.code("field", name)

    def seer(self, seer: Seer) -> str:
        """Who sees the content of a dossier, why, on what ground, and until when."""
        who = self.code("unit", seer.who) if seer.why == "consent" else seer.who
        until = self.t("seen_until", until=self.time(seer.until) if "T" in seer.until else self.date(seer.until))
        parts = (who, self.code("relation", seer.why), self.grounds(seer.ground), until if seer.until else "")
        said = ", ".join(part for part in parts if part)
        return self.t("seen_of", who=said, dossiers=self.listed(seer.dossiers))

    def grounds(self, ground: str) -> str:
        """The legal grounds of a look, in words."""
        return ", ".join(self.code("ground", one) for one in ground.split())

    def date(self, iso: str | None) -> str:
        """A date, of which parts may be unknown: 5 jan 2026, jan 2026, 2026."""
        if not iso:
            return ""
        parts = [int(part) for part in iso.split("-")]
        month = [MONTHS[self.language][parts[1] - 1]] if len(parts) > 1 else []
        return " ".join([*map(str, parts[2:]), *month, str(parts[0])])

    def time(self, iso: str | None) -> str:
        """A moment in Dutch local time: 5 jan 2026 10:00."""
        if not iso:
            return ""
        moment = datetime.fromisoformat(iso).astimezone(TIME_ZONE)
        return f"{self.date(moment.date().isoformat())} {moment:%H:%M}"

    def clock(self, iso: str) -> str:
        """A moment of today as its time alone: 10:00; of another day as `time` has it."""
        moment = datetime.fromisoformat(iso).astimezone(TIME_ZONE)
        return f"{moment:%H:%M}" if moment.date() == self.today else self.time(iso)

    def between(self, first: str, last: str) -> str:
        """From one moment to another: 5 jan 2026 10:00 – 10:30; once if they look the same."""
        start, end = self.time(first), self.time(last)
        day, _, clock = end.rpartition(" ")
        return start if start == end else f"{start} – {clock if start.startswith(day) else end}"

    def lasting(self, minutes: int) -> str:
        """How long something still lasts."""
        hours, rest = divmod(minutes, 60)
        parts = ((hours, "lasting_hours"), (rest, "lasting_minutes"))
        return self.listed(self.t(key, n=n) for n, key in parts if n)

    def codes(self, group: str, values: Iterable[object]) -> str:
        """Codes in words, listed."""
        return self.listed(self.code(group, value) for value in values)

    def ago(self, seconds: float) -> str:
        """How long ago, in the largest unit that fits."""
        size, key = next(((size, key) for size, key in _STEPS if seconds >= size), _STEPS[-1])
        return self.t(key, n=int(seconds // size))

    def duration(self, seconds: float) -> str:
        """How long, in the largest unit that fits."""
        size, key = next(((size, key) for size, key in _LENGTHS if seconds >= size), _LENGTHS[-1])
        return self.t(key, n=int(seconds // size))

    def finding(self, finding: Finding) -> str:
        """What is not as it should be, as a sentence."""
        told = sentence(self.language, f"finding.{finding.kind}")
        values = dict(finding.values)
        if "source" in values:
            values["source"] = self.source(str(values["source"]))
        return say(told, values, self.duration, lambda kind: self.code("difference", kind))

    def age(self, birth_date: str) -> str:
        """Age in words; says so when parts of the birth date are unknown."""
        years, exact = digest.age(birth_date, self.today)
        return self.t("years" if exact else "years_about", n=years)

    def years(self, birth_date: str) -> str:
        """Age as a number: 35, or ±35 when parts of the birth date are unknown."""
        years, exact = digest.age(birth_date, self.today)
        return f"{years}" if exact else f"±{years}"

    def money(self, cents: int | None) -> str:
        """Euros, written as the language does."""
        if cents is None:
            return ""
        written = f"{cents / 100:,.2f}"
        return f"€ {written.translate(str.maketrans(',.', '.,'))}" if self.language == "nl" else f"€{written}"

    def value(self, name: str, stated: StatedValue) -> str:
        """One stated value as it is shown: an opened address as its text."""
        found = stated["value"]
        if isinstance(found, dict):
            return self.address(found)
        if name == "birth_date":
            return f"{self.date(found)} ({self.age(found)})"
        return self.code("gender", found) if name == "gender" else found

    def address(self, address: Mapping[str, object] | None) -> str:
        """An opened address as it is shown: its text, or why there is none."""
        if address and address.get("withheld"):
            return self.t("address_secret")
        return str((address and address.get("text")) or self.t("unknown"))

    def stated(self, stated: StatedValue) -> str:
        """Who stated a value, and when."""
        return self.t("stated", source=self.source(stated["source"]), time=self.time(stated["stated_at"]))

    def what(self, event: TimelineEvent) -> str:
        """What happened, in one line."""
        return self.t(f"event.{event['kind']}", dossier=event["dossier_id"], what=self._detail(event))

    def _detail(self, event: TimelineEvent) -> str:
        detail = event["detail"]
        if event["kind"] == "contact":
            return self.code("contact", detail["kind"])
        if event["kind"] == "signal":
            return self._signal(detail)
        if event["kind"] == "assessment":
            return f"{detail['instrument']} {detail['instrument_version']}"
        if event["kind"] == "request_decided":
            return ", ".join(str(part) for part in (detail["product"], detail["decision"]) if part)
        return str(detail.get("product") or detail.get("director") or "")

    def _signal(self, detail: dict[str, object]) -> str:
        parts = [str(detail["kind"])]
        if detail["raised_by"]:
            parts.append(self.t("raised_by", who=detail["raised_by"]))
        parts.append(self.t("severity", severity=self.code("severity", detail["severity"])))
        return ", ".join([*parts, *([self.t("child_safety")] if detail["child_safety"] else [])])

    def conflicts(self, document: Document) -> list[str]:
        """Every conflict as a sentence."""
        persons = {person["person_key"]: person for person in digest.persons(document)}
        left = _left_behind(document)
        sentences = []
        for conflict in document["conflicts"]:
            person = persons.get(conflict["person_key"])
            name = (digest.display_name(person) if person else None) or self.t("someone")
            if conflict["kind"] == "field" and person:
                values = self._values(conflict["field"], person["fields"][conflict["field"]])
                field = self.t(f"field.{conflict['field']}")
                sentences.append(self.t("conflict_field", name=name, field=field, values=values))
            elif conflict["kind"] == "residence":
                source, dossier = self.source(conflict["source"]), conflict["dossier_id"]
                is_left = (conflict["source"], dossier, conflict["person_key"]) in left
                key = "conflict_left_behind" if is_left else "conflict_residence"
                sentences.append(self.t(key, name=name, dossier=dossier, source=source))
        return sentences

    def evidence(self, finding: Evidence) -> str:
        """What speaks for two persons being one, or against, in words."""
        group = finding.level.code.partition("_")[0]
        said = [self.date(text) if group == "birth" else text for text in (finding.one, finding.other)]
        return self.t(f"match.{finding.level.code}", values=" / ".join(dict.fromkeys(part for part in said if part)))

    def _values(self, name: str, field: StatedField) -> str:
        shown = (
            self.t(
                "conflict_value",
                value=self.value(name, stated),
                source=self.source(stated["source"]),
                time=self.time(stated["stated_at"]),
            )
            for stated in field["values"]
        )
        return "; ".join(shown)


def _left_behind(document: Document) -> set[tuple[str, str, str]]:
    """(source, dossier, person) of all whom a dossier names that went with its client."""
    return {
        (ref["source"], ref["dossier_id"], person)
        for reason in document["apart"]
        if reason["kind"] == "left_behind"
        for ref in reason["dossiers"]
        for person in reason["persons"]
    }
