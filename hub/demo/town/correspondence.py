"""The messages between municipality and provider that go with the requests of a town: the registrations hear little of
them, as in life.

A request whose provider and whose client's BSN are known is asked in a message when its registration says that it was
handed in. What comes of it was decided by its reference, and is said when its day has come. A message is described
here; the simulator of the exchange writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from hub.demo.town.changes import ZCD, Change, JsonObject

ISTANDAARDEN: Final = "istandaarden"
_SUBMITTED: Final = ("ingediend", "AANGEVRAAGD")
"""The state in both registrations."""
_PLANNED: Final = {"jw": "31", "wmo": "19"}
"""That help ended as planned, by law."""
_DIGITS: Final = 9
_WRONG: Final = ("S329", "9374")
_REASONS: Final = ("2", "3", "7")


class _Letter(NamedTuple):
    """A message that will be sent on a day. Sorts by day, then by number."""

    on: date
    number: int
    kind: str
    request: JsonObject
    arguments: JsonObject


class Correspondence:
    """Remembers which client a dossier has, what was asked, and what is still to be said."""

    def __init__(self) -> None:
        self._clients: dict[str, str] = {}
        self._asked: set[tuple[str, str]] = set()
        self._waiting: list[_Letter] = []
        self._number = 0

    def with_messages(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes, each followed by the messages whose day has come by then."""
        for change in changes:
            yield change
            payload = change.payload
            if isinstance(payload, dict) and (today := _day(payload.get("gewijzigdOp") or payload.get("gewijzigd"))):
                self._note(change.source, payload)
                yield from (Change(ISTANDAARDEN, message) for message in self._due(today))

    def _due(self, today: date) -> Iterator[JsonObject]:
        due = sorted((letter for letter in self._waiting if letter.on <= today), key=lambda letter: letter[:2])
        self._waiting = [letter for letter in self._waiting if letter.on > today]
        for letter in due:
            yield {"kind": letter.kind, "request": letter.request, "arguments": letter.arguments}

    def _note(self, source: str, payload: JsonObject) -> None:
        kind, content = payload.get("soort") or payload.get("tabel"), payload.get("gegevens") or payload.get("payload")
        dossier = str(payload.get("dossiernummer") or payload.get("dossier_nr"))
        if isinstance(content, dict) and kind == "dossier":
            self._remember(dossier, content)
        elif isinstance(content, dict) and kind in ("aanvraag", "voorziening"):
            self._ask("jw" if source == ZCD else "wmo", self._clients.get(dossier, ""), content)

    def _remember(self, dossier: str, content: JsonObject) -> None:
        lines: Any = content.get("gezinsleden") or content.get("personen")
        for line in lines if isinstance(lines, list) else ():
            if isinstance(line, dict) and (line.get("client") is True or line.get("relatie") == "client"):
                self._clients[dossier] = str(line.get("bsn") or "")

    def _ask(self, law: str, number: str, content: JsonObject) -> None:
        """Plan what will be said of a request that was handed in and that nothing was planned of yet."""
        asked_on = _day(content.get("ingediendOp") or content.get("aangevraagd"))
        state, provider = content.get("toestand") or content.get("status"), content.get("agbcode") or content.get("agb")
        key = str(content.get("referentie")), str(asked_on)
        starts_on = _day(content.get("vanaf") or content.get("ingang"))
        if state not in _SUBMITTED or not provider or len(number) != _DIGITS or key in self._asked:
            return
        if asked_on is None or starts_on is None:
            return
        self._asked.add(key)
        random = Random(" ".join(key))
        request: JsonObject = {
            "law": law,
            "bsn": number,
            "reference": key[0],
            "allocation_number": f"{random.randrange(10**7)}",
            "product_code": content.get("productcode") or content.get("code"),
            "starts_on": starts_on.isoformat(),
            "ends_on": content.get("tot") or content.get("einde"),
            "provider_code": provider,
        }
        self._plan(random, law, request, asked_on, starts_on)

    def _plan(self, random: Random, law: str, request: JsonObject, asked_on: date, starts_on: date) -> None:
        asked = self._send("asked", request, asked_on, {})
        course = random.choice(("granted", "granted", "granted", "rejected", "refused", "silent"))
        if course == "silent":
            return
        codes: Any = [random.choice(_WRONG)] if course == "refused" else ["0200"]
        confirmed = asked_on + timedelta(days=random.randint(1, 4))
        about: JsonObject = {"identification": asked, "sent_on": asked_on.isoformat()}
        self._later("confirmed", request, confirmed, about | {"retour_on": confirmed.isoformat(), "codes": codes})
        if course == "refused":
            return
        if random.random() < 0.5 or course == "rejected":
            self._send("answered", request, confirmed + timedelta(days=2), {})
        decided = confirmed + timedelta(days=random.randint(3, 50))
        if course == "rejected":
            self._send("answered", request, decided, {"rejection": random.choice(_REASONS)})
            return
        granted: JsonObject = {"decided_on": decided.isoformat()}
        self._send("granted", request, decided, granted, day="")
        begin = max(starts_on, decided)
        self._send("started", request, begin + timedelta(days=random.randint(0, 9)), {"begin": begin.isoformat()})
        if random.random() < 0.5:
            end = begin + timedelta(days=random.randint(20, 90))
            reason = random.choice(("20", _PLANNED[law]))
            stop: JsonObject = {"begin": begin.isoformat(), "end": end.isoformat(), "reason": reason}
            self._send("stopped", request, end + timedelta(days=2), stop)

    def _send(self, kind: str, request: JsonObject, on: date, arguments: JsonObject, *, day: str = "sent_on") -> str:
        """Plan a message with a number of its own, which is given back."""
        identification = f"B{self._number + 1}"
        dated: JsonObject = {day: on.isoformat()} if day else {}
        self._later(kind, request, on, {"identification": identification} | dated | arguments)
        return identification

    def _later(self, kind: str, request: JsonObject, on: date, arguments: JsonObject) -> None:
        self._number += 1
        self._waiting.append(_Letter(on, self._number, kind, request, arguments))


def _day(value: object) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and len(value) >= 10 else None
