"""An order to forget a person, as the desk gives it and every ingest obeys it: for ever, and also in replays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hub.events.codec import encode
from hub.events.decisions import DecisionMessage
from hub.events.ids import DossierRef
from hub.events.topics import ERASURES

SUBJECT: Final = "hub.erasure"


class LineRef(NamedTuple):
    """A member line of a dossier."""

    source: str
    dossier_id: str
    line: str


class Erasure(BaseModel):
    """Forget `person` (its key): of his own `dossiers` everything, of dossiers of others his `lines` and what is
    recorded about him. Only these: a dossier that is opened later has a ground of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    erasure_id: Annotated[str, Field(pattern="^W[0-9a-f]{20}$")]
    jurisdiction: str
    key_generation: int
    person: Annotated[str, Field(min_length=1)]
    dossiers: tuple[DossierRef, ...] = ()
    lines: tuple[LineRef, ...] = ()
    why: Annotated[str, Field(min_length=1, max_length=2000)]
    ordered_by: Annotated[str, Field(min_length=1, max_length=200)]
    ordered_at: datetime

    def concerns(self, source: str) -> bool:
        """Whether anything of it is of this source."""
        return source in {*(item.source for item in self.dossiers), *(item.source for item in self.lines)}

    def message(self) -> DecisionMessage:
        """Its event. It names the generation of the linking key in which `person` is keyed."""
        value = {
            **self.model_dump(),
            "dossiers": [item._asdict() for item in self.dossiers],
            "lines": [item._asdict() for item in self.lines],
            "ordered_at": self.ordered_at.astimezone(UTC),
        }
        return DecisionMessage(ERASURES, self.erasure_id.encode(), encode(SUBJECT, value))


def new_id(person: str, version: int) -> str:
    """Id of an order. `version`: one that no other order has."""
    return "W" + hashlib.sha256(f"{person}\0{version}".encode()).hexdigest()[:20]


def erasure_of(event: Mapping[str, Any]) -> Erasure:
    """What a decoded event orders. Raises pydantic's ValidationError for one that makes no sense."""
    places = {
        "dossiers": tuple(DossierRef(**item) for item in event["dossiers"]),
        "lines": tuple(LineRef(**item) for item in event["lines"]),
    }
    return Erasure.model_validate({**event, **places})
