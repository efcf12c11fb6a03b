"""What opens a dossier to somebody else, as a person decides it in the hub: consent, an emergency, and its review."""

from __future__ import annotations

from datetime import UTC, date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from hub.events.ids import DossierRef
from hub.events.records import AwareTime, LifeDomain

_Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^\\x00]*$")]
Giver = Literal["self", "custodians"]


class _OnDossier(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: _Text
    dossier_id: _Text

    @property
    def dossier(self) -> DossierRef:
        """The dossier that it is said on."""
        return DossierRef(self.source, self.dossier_id)


class Consent(_OnDossier):
    """That a person lets a unit see what the dossier knows of him: in these life `domains`, None: all. `person`: his
    key as the dossier states it; `given_by`: sorted, at least one; `until`: the last day on which it holds."""

    person: _Text
    unit: Literal["youth", "adult"]
    domains: tuple[LifeDomain, ...] | None = Field(default=None, min_length=1)
    given_by: tuple[Giver, ...] = Field(min_length=1)
    until: date

    @field_validator("domains", "given_by")
    @classmethod
    def _in_order(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if given is None else tuple(sorted(set(given)))

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the consent it is, within its dossier: whose, and for which unit. A later one replaces it."""
        return self.person, self.unit


class Emergency(_OnDossier):
    """That `user` sees the dossier in an emergency, until a moment."""

    user: _Text
    until: AwareTime

    @property
    def key(self) -> tuple[str, ...]:
        """Each is a record of its own: what happened is not replaced by what happens later."""
        return self.user, self.until.astimezone(UTC).isoformat()


class Review(_OnDossier):
    """What was found of an emergency access: `emergency` is the id of its decision."""

    emergency: Annotated[str, Field(pattern="^B[0-9a-f]{20}$")]
    justified: bool

    @property
    def key(self) -> tuple[str, ...]:
        """One per emergency access; a later one replaces it."""
        return (self.emergency,)
