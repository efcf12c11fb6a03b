"""What keeps a reader waiting that nobody asked for: Python looks for garbage in rings of objects, and gives the next
thread its turn, when it sees fit. Both are of the whole process, so only a process's start sets them."""

from __future__ import annotations

import gc
import sys
from typing import Final

_YOUNG: Final = 10_000
"""So many new objects are looked through together, some milliseconds. By default 700: a seventh of what the projector
did was to look for garbage in documents that no ring holds together."""
_FULL: Final = (1, 1_000)
"""What a look left over is looked through with the third: with the twentieth it had become so much that a desk
stood still for 50 ms. Everything is looked through after 3,000 of these, if it has grown by a quarter since: a desk
that remembers 20,000 lines stands still for half a second then, which by default it did several times a minute."""
_TURN_SECONDS: Final = 0.0002
"""By default 25 times as long: an answer of 5 ms, which waits for its turn after every query, came after 30 when a page
was made beside it."""


def collect_seldom() -> None:
    """Look for garbage less often, and never again in what is there now. When a process has been put together."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *_FULL)


def take_short_turns() -> None:
    """For a process in which somebody waits for an answer that is short beside one that is long."""
    sys.setswitchinterval(_TURN_SECONDS)
