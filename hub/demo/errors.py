"""What can go wrong with a demo, in one line for the person who started it."""

from __future__ import annotations

from hub.errors import RegiehubError


class DemoError(RegiehubError):
    """The demo cannot start or go on; everything is stopped when it is raised."""
