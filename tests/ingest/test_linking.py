"""The key with which a source is read is remembered; another one is refused, and a new incarnation begins anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.ingest.index import SCHEMA, Entry, Index, Progress, RecordKey
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.plan import Known
from hub.errors import ConfigError
from hub.events.ids import Order
from hub.ops.linking import Linking, begins_anew

pytestmark = pytest.mark.core
ONE, OTHER = (KeyRing(letter * 32, b"s" * 64).fingerprint for letter in (b"a", b"b"))
ENTRY = Entry(RecordKey("contact", "C-1"), Known("Z-1", Order(0, 1, 2, 0), "hash", False, 3, published=True))
linkings = st.builds(Linking, st.integers(0, 3), st.sampled_from([ONE, OTHER]))


@given(kept=st.none() | linkings, now=linkings)
def test_only_a_later_incarnation_has_another_key(kept: Linking | None, now: Linking) -> None:
    if kept is None or kept == now:
        assert not begins_anew(kept, now, "here")
    elif kept.incarnation < now.incarnation:
        assert begins_anew(kept, now, "here")
    else:
        with pytest.raises(ConfigError, match="here"):
            begins_anew(kept, now, "here")


def test_a_fingerprint_tells_keys_apart_and_nothing_of_the_sealing_key() -> None:
    assert ONE != OTHER
    assert KeyRing(b"a" * 32, b"t" * 64, 2).fingerprint == ONE
    assert len(bytes.fromhex(ONE)) == 8


def test_an_index_refuses_another_key_and_forgets_all_in_a_new_incarnation(tmp_path: Path) -> None:
    index = Index(tmp_path / "zcd.sqlite")
    assert not index.link(Linking(0, ONE))
    index.intend([ENTRY])
    index.commit([ENTRY], ["P-1"], Progress(published=1))
    assert not index.link(Linking(0, ONE))
    with pytest.raises(ConfigError, match="new incarnation"):
        index.link(Linking(0, OTHER))
    assert len(list(index.entries())) == 1
    assert index.link(Linking(1, OTHER))
    assert (list(index.entries()), index.progress(), index.rejected_count()) == ([], Progress(), 0)
    with pytest.raises(ConfigError, match="incarnation 1"):
        index.link(Linking(0, ONE))
    index.close()


def test_an_index_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "zcd.sqlite"
    Index(file).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
        connection.execute("DROP TABLE progress")
    with pytest.raises(ConfigError, match="newer release"):
        Index(file)
    with closing(sqlite3.connect(file)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "records" in names and "progress" not in names
