"""Who came in, who was refused and who left: a line each in the log of looks, before the answer."""

from __future__ import annotations

from datetime import UTC

from hub.desk.access import Action, Actor
from hub.desk.activities import activity_of
from hub.desk.admission import Request
from hub.desk.looks import Look
from hub.desk.reading import Reading
from hub.events.moments import text_of


def came_in(reading: Reading, request: Request, actor: Actor) -> None:
    """Somebody logged in. Raises LooksUnavailable: then there is no session."""
    _write(reading, request, "logged_in", allowed=True, actor=actor)


def left(reading: Reading, request: Request) -> None:
    """Somebody logged out. Raises LooksUnavailable."""
    _write(reading, request, "logged_out", allowed=True, actor=request.actor)


def refused(reading: Reading, request: Request, reason: str, user: str = "") -> None:
    """A login, a token or a form was not believed. `user`: who, where the provider said it. Raises LooksUnavailable."""
    _write(reading, request, reason, allowed=False, actor=request.actor, user=user)


def _write(
    reading: Reading, request: Request, reason: str, *, allowed: bool, actor: Actor | None, user: str = ""
) -> None:
    reading.looks.write(
        Look(
            at=text_of(reading.now().astimezone(UTC)),
            user=actor.user if actor else user,
            role=actor.role.value if actor else "",
            organisation=actor.organisation if actor else "",
            action=Action.ENTER.value,
            activity=activity_of(Action.ENTER),
            ground="",
            allowed=allowed,
            reason=reason,
            household_id=None,
            dossiers=[],
            subjects={},
            trace_id=request.request_id,
            parent_span_id=request.caller_span_id,
        )
    )
