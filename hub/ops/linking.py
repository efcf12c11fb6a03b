"""What was made with the linking key remembers which key that was: by another one everybody is somebody else. Pure.

The key is lost, or replaced by mistake, more easily than what was made with it. Nothing else would notice: every person
would be linked by the new key to nobody, and the households would fall apart one by one.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.errors import ConfigError

_REMEDY = (
    "Put the copy of the keys back; if it is lost, begin a new incarnation"
    ' (hub/docs/operations.md, "The linking key is lost").'
)


class Linking(NamedTuple):
    """The life of the topics, and the fingerprint of the linking key that holds in it."""

    incarnation: int
    fingerprint: str


def begins_anew(kept: Linking | None, now: Linking, place: str) -> bool:
    """Whether what is kept is of an earlier incarnation, so that it says nothing of this one. `kept` None: it does not
    say yet. Raises ConfigError when it was made with another key, or in a later incarnation."""
    if kept is None:
        return False
    if kept.incarnation > now.incarnation:
        problem = f"is {now.incarnation}, and what is kept is of incarnation {kept.incarnation}"
        raise ConfigError("REGIEHUB_INCARNATION", [place], problem=problem)
    if kept.incarnation == now.incarnation and kept.fingerprint != now.fingerprint:
        problem = f"holds another linking key than the one that was used so far, and nothing was read. {_REMEDY}"
        raise ConfigError("REGIEHUB_SECRETS_FILE", [place], problem=problem)
    return kept.incarnation < now.incarnation
