"""What vendors build upon does not change unseen, and is light."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_type

import pytest

from hub.connect import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord
from hub.connect.files import FileConnector
from hub.connect.simulated_files import FileSimulator
from hub.events.records import Draft
from tests.vendor.promise import MODULES, promise

PROMISED = Path(__file__).with_name("promise.txt")
HEAVY = ("faust", "mode", "kafka", "aiokafka", "fastapi", "starlette", "uvicorn", "sqlalchemy", "prometheus_client")


def test_the_promise_is_kept() -> None:
    """After a change that is meant: `python -m tests.vendor.promise > tests/vendor/promise.txt`."""
    assert promise() == PROMISED.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [name for name in MODULES if not name.endswith(".testing")])
def test_what_a_vendor_imports_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(HEAVY) & set(done.stdout.split())


def types(connector: Connector, kind: type[Connector]) -> None:
    """Never called: mypy says when a type that vendors see is another one."""
    batch = assert_type(connector.poll(None), Batch)
    assert_type(batch.records, tuple[RawRecord, ...])
    assert_type(batch.cursor, Cursor)
    assert_type(connector.translate(batch.records[0]), Sequence[Draft])
    assert_type(connector.inventory(), Iterator[InventoryItem])
    assert_type(kind.Config, type[ConnectorConfig])


def types_of_files(connector: FileConnector, kind: type[FileSimulator]) -> None:
    """The same of a source that drops files."""
    assert_type(connector.translate_line(b""), Sequence[Draft])
    assert_type(connector.poll(None).requests, int)
    assert_type(kind(Path()).settings(), dict[str, str])
