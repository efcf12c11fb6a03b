"""The topics, from `schemas/topics/*.yaml`: key, partitions, clean-up, owner, who writes and reads, personal data."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from hub.events.codec import schemas_folder

COMPOSITIONS: Final = "registrations.compositions.v1"
RECORDS: Final = "registrations.records.v1"
ASSIGNMENTS: Final = "households.assignments.v1"
HOUSEHOLD_COMPOSITIONS: Final = "households.compositions.v1"
HOUSEHOLD_RECORDS: Final = "households.records.v1"
VIEWS: Final = "households.views.v1"
RESOLVE_STATE: Final = "internal.resolve.v1"
ROUTE_STATE: Final = "internal.route.v1"
SOURCES: Final = "hub.sources.v1"
DEPUTIES: Final = "hub.deputies.v1"
ERASURES: Final = "hub.erasures.v1"
DEAD_LETTERS: Final = "dead-letters.v1"


class TopicSpec(BaseModel):
    """One topic as it must exist on the broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    key: str
    partitions: int
    copartitioned_with: str | None = None
    cleanup: Literal["delete", "compact"]
    retention: Literal["for ever"]
    max_message_bytes: int
    subjects: tuple[str, ...]
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    personal: Literal["none", "identity", "content"]
    why: str

    def broker_config(self) -> dict[str, str]:
        """Topic settings for the broker. A short compaction lag would let a stale write of a paused former owner remove
        the newer record before the present owner has seen it (protocol.md R9)."""
        config = {"cleanup.policy": self.cleanup, "max.message.bytes": str(self.max_message_bytes)}
        if self.cleanup == "compact":
            return config | {"min.compaction.lag.ms": "3600000"}
        return config | {"retention.ms": "-1"}


@cache
def topics() -> dict[str, TopicSpec]:
    """All topics by name. Raises pydantic's ValidationError for a topic file that breaks the contract."""
    folder = schemas_folder() / "topics"
    specs = (
        TopicSpec.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    )
    return {spec.topic: spec for spec in specs}
