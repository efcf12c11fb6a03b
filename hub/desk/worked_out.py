"""What was worked out of a whole household for its line in the lists, and is kept beside it for whoever reads the
household that day: a third of a read's work. Of another day, by other terms or by another version, it is worked out
anew."""

from __future__ import annotations

from typing import Final, NamedTuple

from pydantic import TypeAdapter

from hub.desk.rows import mark
from hub.household.attention.point import AttentionPoint
from hub.household.requests.threads import Thread


class WorkedOut(NamedTuple):
    """What a household itself asks attention for (`hub.household.attention.points.of_household`), and its requests."""

    points: list[AttentionPoint]
    threads: list[Thread]


class Kept(NamedTuple):
    """As it stands in the read model: on what it depends beside its household (`Attending.stamp_of` of
    `hub.desk.caseload.writing`), and its JSON. Both empty: there is none."""

    stamp: str = ""
    content: bytes = b""


def as_json(found: WorkedOut) -> bytes:
    """As it is kept."""
    return _FORM.dump_json(found)


def shape() -> str:
    """By which it is seen that what was kept has another shape, also between two builds of one version. It may change
    where nothing else does: that costs to work all out anew, once."""
    return mark(_FORM.json_schema())


def read(kept: Kept, stamp: str) -> WorkedOut | None:
    """What was kept, if it is of this stamp; None: it must be worked out."""
    return _FORM.validate_json(kept.content) if kept.content and kept.stamp == stamp else None


_FORM: Final = TypeAdapter(WorkedOut)
