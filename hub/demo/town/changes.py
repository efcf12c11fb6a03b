"""What leaves the town: changes in the documented formats of the two sources, and how each is to be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, JsonValue]

ZCD = "zcd"
MENSCENTRAAL = "menscentraal"


class Delivery(StrEnum):
    """How the source shows a change to those who read it.

    LATE: it takes its number now, but becomes visible only after some later changes.
    DUPLICATE: the change was delivered before, in this same version.
    """

    NORMAL = "normal"
    LATE = "late"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Change:
    """One change in a source. Its number (volgnummer, or seq and tx) is left to the source.

    A payload of text is what a broken source delivers in the place of a JSON object.
    """

    source: str
    payload: JsonObject | str
    delivery: Delivery = Delivery.NORMAL


@dataclass
class Exercised:
    """How often each kind of difficulty occurred, counted when it was done.

    Merges, splits and moves back are the life events that cause them: a partner who moves in or returns, a
    separation or a child that leaves its parents' household, somebody who lives again where he lived before.
    """

    merges: int = 0
    splits: int = 0
    moves: int = 0
    moves_back: int = 0
    corrections: int = 0
    deletions: int = 0
    late: int = 0
    duplicates: int = 0
    conflicts: int = 0
    bad: int = 0
