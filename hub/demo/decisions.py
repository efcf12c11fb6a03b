"""What a director of the town decides: a few decisions of every kind, through the API, and one taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import httpx

from hub.demo.errors import DemoError
from hub.events.moments import moment

EACH: Final = 3
"""Decisions of each kind, as far as the town offers so many."""
_PATH: Final = "/api/v1/besluiten"
Json = dict[str, Any]


class Choice(NamedTuple):
    """Something to decide, on one line or on two."""

    kind: str
    lines: tuple[Json, ...]

    @property
    def doubted(self) -> str | None:
        """Whose number is taken to be wrong."""
        return "other" if self.kind == "different_person" else None


class Made(NamedTuple):
    """A decision that the desk accepted."""

    choice: Choice
    decision_id: str
    version: int
    withdrawn: bool = False

    def for_reference(self) -> Json:
        """As the reference reads it."""
        named = [_named(line) | {"confirmed": line["confirmed"]} for line in self.choice.lines]
        return {
            "id": self.decision_id,
            "version": self.version,
            "decided_at": moment(self.version).isoformat(),
            "kind": self.choice.kind,
            "withdrawn": self.withdrawn,
            "line": named[0],
            "other": named[1] if len(named) > 1 else None,
            "doubted": self.choice.doubted,
        }


def make(client: httpx.Client, documents: Sequence[Json]) -> list[Made]:
    """Decide. Raises DemoError when the desk refuses one."""
    return [_accepted(choice, _sent(client, _PATH, _wanted(choice))) for choice in choices(documents)]


def take_back(client: httpx.Client, made: Iterable[Made]) -> list[Made]:
    """Take the first decision of each kind back, once all have come through. Raises DemoError."""
    first = {item.choice.kind: item for item in reversed(list(made))}
    return [
        _accepted(
            item.choice,
            _sent(client, f"{_PATH}/{item.decision_id}/intrekking", {"why": "in de proef vergist"}),
            withdrawn=True,
        )
        for item in first.values()
    ]


def choices(documents: Sequence[Json]) -> Iterator[Choice]:
    """What there is to decide, the same for the same documents; one decision per household, so that none undoes
    another."""
    free = [document for document in documents if document["status"] == "open" and not document["oversized"]]
    offers = {
        "same_person": _unconfirmed_and_another(free),
        "different_person": _twice_stated(free),
        "same_household": _two_clients(free),
        "lives_elsewhere": _not_the_client(free),
        "lives_here": _lost_statements(free),
    }
    used: set[str] = set()
    for kind, found in offers.items():
        unused = ((homes, lines) for homes, lines in found if not used & homes)
        for homes, lines in islice(unused, EACH):
            used |= homes
            yield Choice(kind, lines)


_Offer = tuple[set[str], tuple[Json, ...]]
"""(households, lines)."""


def _unconfirmed_and_another(documents: Iterable[Json]) -> Iterator[_Offer]:
    """Somebody without a number in one household, and somebody with one in the next."""
    known = [(item, line) for item in documents for line in item["lines"] if line["confirmed"]]
    unknown = [(item, line) for item in documents for line in item["lines"] if not line["confirmed"]]
    for (home, line), (other_home, other) in zip(unknown, known[::-7], strict=False):
        if home is not other_home:
            yield {home["household_id"], other_home["household_id"]}, (line, other)


def _twice_stated(documents: Iterable[Json]) -> Iterator[_Offer]:
    """Two dossiers that state the same number."""
    for document in documents:
        seen: dict[str, Json] = {}
        for line in document["lines"]:
            first = seen.setdefault(line["stated_key"], line)
            if first["dossier_id"] != line["dossier_id"]:
                yield {document["household_id"]}, (first, line)


def _two_clients(documents: Sequence[Json]) -> Iterator[_Offer]:
    for one, other in zip(documents[::2], documents[1::2], strict=False):
        if one["lines"] and other["lines"]:
            yield {one["household_id"], other["household_id"]}, (one["lines"][0], other["lines"][0])


def _not_the_client(documents: Iterable[Json]) -> Iterator[_Offer]:
    for document in documents:
        if len(document["lines"]) > 1:
            yield {document["household_id"]}, (document["lines"][-1],)


def _lost_statements(documents: Iterable[Json]) -> Iterator[_Offer]:
    for document in documents:
        lost = [item for item in document["conflicts"] if item["kind"] == "residence"]
        for line in document["lines"]:
            if any(_place(line) == _place(item) for item in lost):
                yield {document["household_id"]}, (line,)


def _place(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return item["source"], item["dossier_id"], item["line"]


def _named(line: Mapping[str, Any]) -> Json:
    return dict(zip(("source", "dossier_id", "line"), _place(line), strict=True))


def _wanted(choice: Choice) -> Json:
    named = [_named(line) for line in choice.lines]
    wanted: Json = {"kind": choice.kind, "why": "in de proef besloten", "line": named[0]}
    wanted |= {"other": named[1]} if len(named) > 1 else {}
    return wanted | ({"doubted": choice.doubted} if choice.doubted else {})


def _accepted(choice: Choice, answer: Json, *, withdrawn: bool = False) -> Made:
    return Made(choice, answer["decision_id"], answer["version"], withdrawn)


def _sent(client: httpx.Client, path: str, body: Json) -> Json:
    answer = client.post(path, json=body)
    if not answer.is_success:
        raise DemoError(f"the desk answered {answer.status_code} to a decision")
    found: Json = answer.json()
    return found
