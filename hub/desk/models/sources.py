"""The sources: state, freshness, completeness."""

from __future__ import annotations

from datetime import datetime

from hub.desk.models.shared import Body


class TeamCompleteness(Body):
    """Of one team, "" if not known: the records of its dossiers, and how many of them differ."""

    team: str
    records: int
    differing: int


class Completeness(Body):
    """What the last reconciliation of a source found. `records`: that the source holds. Of them are not published
    (`missing`), published older (`stale`) or newer (`ahead`) than the source holds; `extra` are published and not held
    any more, `unshown` are shown otherwise than published, `waiting` have no readable composition of their dossier.
    `missing_dossiers`: of which the source holds something and the hub shows nothing."""

    checked_at: datetime
    records: int
    missing: int
    stale: int
    ahead: int
    extra: int
    unshown: int
    waiting: int
    missing_dossiers: int
    teams: list[TeamCompleteness]


class Source(Body):
    """One source as its connector last reported it. `silent`: it no longer reports. `dead_letters`: null for those who
    may not see it. `completeness`: null if it was never reconciled. `caught_up_at`: all that the source had recorded by
    then was published. Who may see dead letters also sees what has some and never reported (`hub`: the stages of the
    stream): its `state` is `none`, and the rest null."""

    source: str
    connector: str | None
    state: str
    polled_at: datetime | None
    reported_at: datetime | None
    position: str | None
    newest_recorded_at: datetime | None
    published: int | None
    rejected: int | None
    message: str | None
    source_epoch: int | None
    completeness: Completeness | None
    caught_up_at: datetime | None
    silent: bool
    seconds_since_poll: float | None
    dead_letters: int | None


class Sources(Body):
    """All sources."""

    sources: list[Source]
