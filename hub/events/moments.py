"""Moments as the log holds them: microseconds since 1970 (UTC), exactly; a float would lose the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Inverse of `micros`, in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def text_of(moment: datetime, timespec: str = "microseconds") -> str:
    """ISO 8601 in UTC. With microseconds always: so texts sort as the times do."""
    if moment.tzinfo is not UTC:  # most are: what Avro holds is decoded so
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec=timespec)[:-6]}Z"
