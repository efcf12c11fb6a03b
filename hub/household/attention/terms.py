"""The terms of attention points: each municipality sets its own; the defaults stand here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Terms(BaseModel):
    """How long, how often, how soon. Raises pydantic's ValidationError for a term that is unknown or out of bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    adult_help_months: int = Field(
        default=6, ge=1, le=60, description="How long help to adults may last, from the opening of the dossier."
    )
    adult_help_notice_days: int = Field(
        default=30, ge=0, le=365, description="How long before that end it is announced."
    )
    coming_of_age_notice_months: int = Field(
        default=12, ge=0, le=72, description="How long before an 18th birthday it is announced."
    )
    aftercare_months: int = Field(
        default=3, ge=1, le=24, description="Within how long after the last closing somebody asks how it goes."
    )
    request_answer_workdays: int = Field(
        default=5, ge=1, le=60, description="Working days in which a request is answered (iJw OP274, OP346)."
    )
    request_decision_weeks: int = Field(
        default=8, ge=1, le=52, description="Weeks in which one that is investigated is decided (iJw OP274, OP346)."
    )
    request_retour_workdays: int = Field(
        default=3, ge=1, le=60, description="Working days in which a message is confirmed (iJw OP090)."
    )
    request_delivery_workdays: int = Field(
        default=5, ge=1, le=60, description="Working days in which a start or stop is reported (iJw OP271, OP272)."
    )
    request_residence_weeks: int = Field(
        default=2, ge=1, le=52, description="Weeks in which another municipality is pointed out (iJw OP359)."
    )
    no_shows: int = Field(default=3, ge=2, le=50, description="How many no-shows are repeated ones.")
    no_show_days: int = Field(default=90, ge=1, le=730, description="Within how many days they are counted.")
    reregistration_months: int = Field(
        default=12, ge=1, le=60, description="How long after closing a new dossier is a return."
    )
    child_safety_days: int = Field(
        default=365, ge=30, le=3650, description="How long a child-safety signal stays in sight."
    )
    source_stale_minutes: int = Field(
        default=15, ge=1, le=10_080, description="How long a source may go unread before the view may miss something."
    )
    source_incomplete_days: int = Field(
        default=7, ge=1, le=365, description="How long an unreadable record of a source counts as something missing."
    )
