"""Short answers go before what is long; nothing waits for ever."""

from __future__ import annotations

from contextvars import copy_context
from threading import Event, Thread

import pytest

from hub.desk import precedence
from hub.desk.precedence import Precedence, give_way

DEADLINE_SECONDS = 30


def test_what_is_long_waits_until_the_short_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LONGEST_SECONDS", DEADLINE_SECONDS)
    turns, begun, gone_on = Precedence(), Event(), Event()

    def make() -> None:
        begun.set()
        give_way()
        gone_on.set()

    with turns.long():
        maker = Thread(target=copy_context().run, args=(make,))
        with turns.short():
            maker.start()
            assert begun.wait(DEADLINE_SECONDS)
            assert not gone_on.wait(0.05)
        assert gone_on.wait(DEADLINE_SECONDS)
    maker.join()


def test_what_is_long_waits_so_long_in_all_and_no_longer() -> None:
    turns = Precedence()
    with turns.short():
        assert turns.wait(0.001) >= 0.001
        with turns.long():
            for _ in range(1_000):
                give_way()  # the first takes all that there is
    assert turns.wait(DEADLINE_SECONDS) == 0.0


def test_outside_of_what_is_long_nobody_waits() -> None:
    with Precedence().short():
        give_way()
