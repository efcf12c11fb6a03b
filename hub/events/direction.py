"""Who directs a household across both systems, as a person decides it in the hub."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.events.ids import DossierRef

_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern="^[^\\x00]*$")]


class Direction(BaseModel):
    """That somebody directs from a day on, said on a dossier. What is not known of him is empty, but for
    his name.

    `user`: his name at the desk. `unit`: `youth`, `adult` or empty. `staff`: his personnel number at a source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, max_length=200)
    dossier_id: str = Field(min_length=1, max_length=200)
    name: Annotated[_Text, Field(min_length=1)]
    user: _Text = ""
    organisation: _Text = ""
    unit: _Text = ""
    team: _Text = ""
    phone: _Text = ""
    staff: _Text = ""
    from_on: date

    @property
    def dossier(self) -> DossierRef:
        """The dossier that it is said on."""
        return DossierRef(self.source, self.dossier_id)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the statement it is, within its dossier: who, from which day on.
        So each handover stays."""
        return self.from_on.isoformat(), self.user or self.staff or " ".join(self.name.casefold().split())
