"""What stored bytes say, kept for the next list: a pure function's results, so a stage that has one stays stateless."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Read = TypeVar("Read")
_MAX_BYTES: Final = 8 << 20
"""Of stored bytes. What they are read as takes about five times that."""


class Memo(Generic[Read]):
    """The results that were asked for last. They are shared: nobody may change one."""

    def __init__(self, read: Callable[[bytes], Read], max_bytes: int = _MAX_BYTES) -> None:
        self._read = read
        self._max_bytes = max_bytes
        self._kept: OrderedDict[bytes, Read] = OrderedDict()
        self._bytes = 0

    def get(self, stored: bytes) -> Read:
        """What these bytes say. Raises what `read` raises."""
        found = self._kept.pop(stored, None)
        if found is None:
            found = self._read(stored)
        else:
            self._bytes -= len(stored)
        self.put(stored, found)
        return found

    def put(self, stored: bytes, found: Read) -> None:
        """Note what bytes that were just written say: the same as `read` would give of them."""
        if self._kept.pop(stored, None) is not None:
            self._bytes -= len(stored)
        self._kept[stored] = found
        self._bytes += len(stored)
        while self._bytes > self._max_bytes:
            oldest, _ = self._kept.popitem(last=False)
            self._bytes -= len(oldest)
