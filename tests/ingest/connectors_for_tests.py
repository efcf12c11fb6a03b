"""Connectors that the process tests run: one that behaves, one that looks for the secret, some that break the rules."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from hub.connect import (
    Batch,
    Connector,
    ConnectorConfig,
    Cursor,
    InventoryItem,
    RawRecord,
    RejectReason,
    SourceRejected,
    SourceUnavailable,
    TranslationError,
)
from hub.events.records import Contact, Draft
from tests.ingest.drafts import dossier, goal


class ObedientConfig(ConnectorConfig):
    """What the obedient connector is told."""

    behave: str = "well"
    look_at: str = ""
    tell: str = ""
    tries: int = Field(default=1)
    goals: int = 0


class Obedient(Connector):
    """Does what its setting says."""

    Config: ClassVar[type[ConnectorConfig]] = ObedientConfig
    version: ClassVar[str] = "7"

    def __init__(self, config: ObedientConfig) -> None:
        self._config = config

    def check(self) -> None:
        """Nothing to check."""

    def close(self) -> None:
        """Nothing to close."""

    def inventory(self) -> Iterator[InventoryItem]:
        """As many goals as the setting says."""
        return (InventoryItem("Z-1", "goal", f"D-{number}", number, False) for number in range(self._config.goals))

    def poll(self, cursor: Cursor | None) -> Batch:
        """Two records, the second unreadable; or what the setting says."""
        match self._config.behave:
            case "unavailable":
                raise SourceUnavailable(12.5, detail="503")
            case "rejected":
                raise SourceRejected("Wrong client.")
            case "broken":
                raise KeyError("the family Plantagenet-Teststeen")
            case "gone":
                os._exit(3)
            case "noisy":
                print("a line that must not reach the pipe", flush=True)  # noqa: T201 - that is the test
                os.write(1, b"nor this one\n")
        at = 0 if cursor is None else int(str(cursor.state["at"]))
        records = (RawRecord(position="1", payload=b"good"), RawRecord(position="2", payload=b"\xffbad"))
        return Batch(records=records, cursor=Cursor(state={"at": at + 2}), more=at == 0)

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """One dossier and one goal, or a TranslationError."""
        if record.payload != b"good":
            raise TranslationError(RejectReason.MALFORMED, "gegevens")
        return [dossier(), goal()]


class Spy(Obedient):
    """Writes down everything it can find, and reads every file and every process's memory it can."""

    def poll(self, cursor: Cursor | None) -> Batch:
        """Look around once."""
        report = Path(str(self._config.tell))
        report.write_text(json.dumps(_everything(Path(self._config.look_at))))
        return Batch(cursor=Cursor(state={"at": 1}))


def _everything(folder: Path) -> dict[str, object]:
    return {
        "environment": dict(os.environ),
        "modules": sorted(sys.modules),
        "objects": _strings_and_bytes(),
        "frames": _frames(),
        "arguments": sys.argv,
        "descriptors": _descriptors(),
        "folder": {str(path): _read(path) for path in sorted(folder.rglob("*")) if path.is_file()},
        "parent": {name: _read(Path(f"/proc/{os.getppid()}/{name}")) for name in ("environ", "cmdline", "maps")},
        "parent_memory": _memory(os.getppid()),
        "parent_descriptors": _listing(Path(f"/proc/{os.getppid()}/fd")),
    }


def _strings_and_bytes() -> list[str]:
    found: set[str] = set()
    for item in gc.get_objects():
        members = item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else ()
        found.update(repr(member) for member in list(members) if isinstance(member, str | bytes) and len(member) < 500)
    return sorted(found)


def _frames() -> list[str]:
    found: list[str] = []
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        found.extend(f"{name}={value!r}"[:2000] for name, value in frame.f_locals.items())
    return found


def _descriptors() -> dict[str, str]:
    return {name: _link(Path("/proc/self/fd") / name) for name in _listing(Path("/proc/self/fd"))}


def _listing(path: Path) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return [f"refused: {error.strerror}"]


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("latin-1")
    except OSError as error:
        return f"refused: {error.strerror}"


def _memory(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/mem", "rb"):
            return "opened"
    except OSError as error:
        return f"refused: {error.strerror}"


class Liar(Obedient):
    """Gives a draft that no schema knows."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """A contact in the clothes of a goal, past validation."""
        unknown: dict[str, Any] = {"kind": "sms", "held_on": None}
        return [goal().model_copy(update={"body": Contact.model_construct(**unknown)})]


class NoConnector:
    """Is none."""


class Rereading(Obedient):
    """Reads single records again: of each a good one."""

    def reread(self, items: Sequence[InventoryItem]) -> Iterator[RawRecord]:
        """One record for each."""
        return (RawRecord(position=f"again/{item.record_id}", payload=b"good") for item in items)
