"""Parts of a household that can be asked for by themselves, and the emergency accesses of all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hub.desk.models.household import DecisionBody, RecordBody
from hub.desk.models.shared import Body


class TimelineEvent(Body):
    """Something that happened; `detail` as in its record."""

    on: date
    kind: str
    source: str
    dossier_id: str
    record_id: str | None
    detail: dict[str, Any]


class Timeline(Body):
    """Newest first."""

    household_id: str
    events: list[TimelineEvent]


class DirectionStated(Body):
    """Who directs according to one record. `decided`: by a person in the hub; the record then holds that decision."""

    current: bool
    decided: bool
    record: RecordBody


class Involved(Body):
    """Everybody involved. `directors`: names of those who direct today; it should be one."""

    household_id: str
    directors: list[str]
    directions: list[DirectionStated]
    involved: list[RecordBody]


class Decisions(Body):
    """All decisions on a household's dossiers, the newest first; those taken back too."""

    household_id: str
    decisions: list[DecisionBody]


class EmergencyRow(Body):
    """An emergency access that nobody has reviewed yet. `over`: it has ended."""

    decision_id: str
    household_id: str
    link: str
    source: str
    dossier_id: str
    user: str
    decided_at: datetime
    until: datetime
    over: bool
    why: str


class Emergencies(Body):
    """Emergency accesses that nobody has reviewed yet, the oldest first."""

    emergencies: list[EmergencyRow]
