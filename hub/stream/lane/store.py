"""The local state of one stage and partition: RocksDB, values and the changelog offset in one atomic batch (R4, R10).

A copy of the changelog, never the truth: any doubt about it is answered by wiping it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from rocksdict import BlockBasedOptions, Cache, DbClosedError, Options, Rdict, WriteBatch

from hub.stream.lane.options import LaneError

_log: Final = structlog.get_logger("regiehub.stream.lane")
_FORMAT: Final = 1
_MARKER: Final = b"\x00marker"
_OFFSET: Final = b"\x00offset/"
_VALUE: Final = b"\x01"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class TailKey(NamedTuple):
    """A partition of a topic that the owner of a state reads: its changelog, or a guarded output."""

    topic: str
    partition: int


class StateInUse(LaneError):
    """Another process has the folder open: two workers may not share a data folder."""


@dataclass(frozen=True)
class Marker:
    """What the state was made from. Any difference means that it is not ours to use."""

    topic_id: str
    incarnation: int
    format: int = _FORMAT


class PartitionStore:
    """One RocksDB folder. For one thread; calls block for microseconds, `open` and `close` for milliseconds."""

    def __init__(self, folder: Path, marker: Marker, cache: Cache) -> None:
        """Opens the folder; wipes it first when its marker differs, or when it was open while the machine went down.

        A killed process leaves a good state: RocksDB's log is in the kernel's hands by then.
        Raises StateInUse."""
        self._folder = folder
        self._marker = marker
        self._cache = cache
        self._db = self._open()
        if self._is_foreign():
            _log.warning("state_of_another_kind_wiped", folder=folder.name, format=_FORMAT)
            self.wipe()
        self._mark(_boot_id())

    def get(self, key: bytes) -> bytes | None:
        """Value of a key."""
        value: bytes | None = self._db.get(_VALUE + key)
        return value

    def write(self, values: Mapping[bytes, bytes], offsets: Mapping[TailKey, int]) -> None:
        """All of it or nothing. `offsets`: the next offset to read of each tail, at most what is in the values."""
        batch = WriteBatch(raw_mode=True)
        for key, value in values.items():
            batch.put(_VALUE + key, value)
        for tail, offset in offsets.items():
            batch.put(_offset_key(tail), str(offset).encode())
        self._db.write(batch)

    def offset(self, tail: TailKey) -> int | None:
        """Next offset to read of a tail; None if it was never read."""
        value = self._db.get(_offset_key(tail))
        return None if value is None else int(value)

    def wipe(self) -> None:
        """Forget everything; the changelog has it."""
        self._db.close()
        shutil.rmtree(self._folder)
        self._db = self._open()
        self._mark(_boot_id())

    def close(self) -> None:
        """Leave a state that may be trusted after a restart of the machine. Safe to call twice."""
        try:
            self._mark(None)
            self._db.close()
        except DbClosedError:
            return

    def items(self) -> dict[bytes, bytes]:
        """Every key and value, in memory: for tests and tools."""
        pairs = ((bytes(key), bytes(value)) for key, value in self._db.items())  # type: ignore[arg-type]  # raw mode
        return {key[1:]: value for key, value in pairs if key[:1] == _VALUE}

    def _open(self) -> Rdict:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            return Rdict(str(self._folder), options=_options(self._cache))
        except Exception as error:  # rocksdict raises nothing narrower
            if "lock" in str(error).lower():
                raise StateInUse(f"{self._folder} is in use by another worker") from error
        shutil.rmtree(self._folder)  # damaged
        self._folder.mkdir(parents=True)
        return Rdict(str(self._folder), options=_options(self._cache))

    def _is_foreign(self) -> bool:
        raw = self._db.get(_MARKER)
        if raw is None:
            return False
        found = json.loads(raw)
        open_since = found.pop("open_since")
        return found != asdict(self._marker) or open_since not in {None, _boot_id()}

    def _mark(self, open_since: str | None) -> None:
        marker = asdict(self._marker) | {"open_since": open_since}
        self._db.put(_MARKER, json.dumps(marker).encode())


class Overlay:
    """The state while a list is handled: its own puts over the store."""

    def __init__(self, store: PartitionStore) -> None:
        self._store = store
        self.puts: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        value = self.puts.get(key)
        return self._store.get(key) if value is None else value

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self.puts[key] = value


def shared_cache(size_bytes: int) -> Cache:
    """One block cache for all stores of a worker: RocksDB's own default is per partition and unbounded in sum."""
    return Cache(size_bytes)


def _offset_key(tail: TailKey) -> bytes:
    return _OFFSET + f"{tail.topic}/{tail.partition}".encode()


def _boot_id() -> str:
    """Changes when the machine restarts; where there is none, every state that was not closed is rebuilt."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown boot, never equal"


def _options(cache: Cache) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_size(8 << 20)
    options.set_max_write_buffer_number(2)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)
    return options
