"""Settings of the Open Zaak connector."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr

from hub.connect.push import PushConfig
from hub.events.records import Law

Outcome = Literal["granted", "rejected"]


class CaseType(BaseModel):
    """What a zaaktype is about. `law` decides who may see it: workers who know the client by a dossier of that law."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    law: Law
    name: str = Field(min_length=1)


class OpenZaakConfig(PushConfig):
    """How to be told of zaken, and how to ask for them."""

    base_url: str = Field(pattern=r"^https?://", description="Root of the Zaken API, as https://…/zaken/api/v1.")
    client_id: str = Field(min_length=1, description="The hub's client ID in Open Zaak, with scope zaken.lezen only.")
    client_secret: SecretStr = Field(description="The secret that goes with the client ID.")
    case_types: dict[str, CaseType] | Json[dict[str, CaseType]] = Field(
        min_length=1,
        description="Zaaktypen that are requests for help: the zaaktype's URL to its law (jw, wmo) and name. "
        "Others are never asked for.",
    )
    results: dict[str, Outcome] | Json[dict[str, Outcome]] = Field(
        default={}, description="Resultaattypen that decide: the resultaattype's URL to granted or rejected."
    )
    client_role: Literal["initiator", "belanghebbende"] = Field(
        default="initiator", description="The generic role in which the person stands whom the help is for."
    )
    timeout_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest time that one request takes.")
