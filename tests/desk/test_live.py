"""An open page is told that its household has changed, and never what."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from hub.desk import database
from hub.desk.live import Live, mark_of
from hub.events.records import RecordType
from tests.desk.conftest import Desk
from tests.desk.family import HOME, family
from tests.desk.views import ZCD, entry


async def test_a_change_is_told_once_and_holds_nothing(tmp_path: Path) -> None:
    desk = Desk(database.open_engine(f"sqlite:///{tmp_path / 'd.sqlite'}"), tmp_path / "looks.jsonl")
    desk.show(family())
    live = Live(desk.engine, every_seconds=0.01)
    stream = live.changes(HOME)
    assert await anext(stream) == b"retry: 5000\n\n"
    told = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait([told], timeout=0.2)
    assert not done
    late = entry(ZCD, RecordType.CONTACT, "c", {"kind": "no_show", "held_on": date(2026, 2, 2)})  # nothing newer
    desk.show(family(extra=[late]))
    assert await asyncio.wait_for(told, 5) == f"id: {live.mark(HOME)}\nevent: changed\ndata: \n\n".encode()
    live.stop()
    assert [part async for part in stream] == []
    desk.engine.dispose()


async def test_what_changes_between_a_page_and_its_stream_is_told(tmp_path: Path) -> None:
    """Found by a machine so busy that the console changed before its page had begun to follow; a connection that breaks
    leaves the same gap."""
    desk = Desk(database.open_engine(f"sqlite:///{tmp_path / 'd.sqlite'}"), tmp_path / "looks.jsonl")
    desk.show(family())
    live = Live(desk.engine, every_seconds=0.01)
    before = live.mark(HOME)
    late = entry(ZCD, RecordType.CONTACT, "c", {"kind": "no_show", "held_on": date(2026, 2, 2)})
    desk.show(family(extra=[late]))
    stream = live.changes(HOME, before)
    await anext(stream)
    assert await asyncio.wait_for(anext(stream), 5) == f"id: {live.mark(HOME)}\nevent: changed\ndata: \n\n".encode()
    live.stop()
    assert [part async for part in stream] == []
    desk.engine.dispose()


async def test_a_household_that_is_not_there_is_no_change(tmp_path: Path) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'd.sqlite'}")
    live = Live(engine, every_seconds=0.01)
    stream = live.changes("H0")
    await anext(stream)
    live.stop()
    assert [part async for part in stream] == []
    engine.dispose()


def test_no_database_is_asked_for_what_can_be_no_id() -> None:
    """A page takes the mark before it reads, and PostgreSQL raises on this text."""
    unasked = cast(Engine, None)
    assert Live(unasked).mark("H\0") == mark_of(())
