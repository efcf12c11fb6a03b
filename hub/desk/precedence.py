"""Who goes first where Python runs one thread at a time: a read by the API takes some milliseconds, a page ten times
that. So whoever makes something long gives way, where he can, to short answers that are under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from threading import Condition, Lock
from time import monotonic
from typing import Final

LONGEST_SECONDS: Final = 0.1
"""So long at most what is long gives way in all, but for how long it then waits for its lock: it is made, however many
ask meanwhile."""


class Precedence:
    """The answers under way in one application. Safe to use from several threads."""

    def __init__(self) -> None:
        self._short = 0
        self._changed = Condition()

    @contextmanager
    def short(self) -> Iterator[None]:
        """While a short answer is made."""
        with self._changed:
            self._short += 1
        try:
            yield
        finally:
            with self._changed:
                self._short -= 1
                if not self._short:
                    self._changed.notify_all()

    @contextmanager
    def long(self) -> Iterator[None]:
        """While a long one is made; in it, threads of this request included, `give_way` waits for short ones."""
        token = _PATIENCE.set(_Patience(self))
        try:
            yield
        finally:
            _PATIENCE.reset(token)

    @property
    def is_asked(self) -> bool:
        """Whether a short answer is under way."""
        return self._short > 0

    def wait(self, seconds: float) -> float:
        """Until no short answer is under way, or so many seconds; gives how many."""
        began = monotonic()
        with self._changed:
            self._changed.wait_for(lambda: not self._short, seconds)
        return monotonic() - began


class _Patience:
    """What is left of the time that one request gives way."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._left = LONGEST_SECONDS
        self.holding: Lock | None = None

    def give_way(self) -> None:
        if self._left > 0 and self._precedence.is_asked:
            with _let_go(self.holding) if self.holding else nullcontext():
                self._left -= self._precedence.wait(self._left)


@contextmanager
def _let_go(lock: Lock) -> Iterator[None]:
    lock.release()
    try:
        yield
    finally:
        lock.acquire()


_PATIENCE: Final[ContextVar[_Patience | None]] = ContextVar("patience", default=None)


@contextmanager
def alone(lock: Lock) -> Iterator[None]:
    """While something long is made of which only one is made at a time: the lock is let go where it gives way."""
    patience = _PATIENCE.get()
    with lock:
        if patience is None:
            yield
            return
        patience.holding = lock
        try:
            yield
        finally:
            patience.holding = None


def give_way() -> None:
    """Let short answers go first. To be called a few times in every millisecond of work: a short answer waits as long
    as it is not. Outside of what is long it does nothing. Blocking; no other lock than that of `alone`, and no
    transaction, should be held."""
    patience = _PATIENCE.get()
    if patience is not None:
        patience.give_way()
