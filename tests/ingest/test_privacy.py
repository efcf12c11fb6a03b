"""Planted persons are looked for everywhere an event leaves a trace beside its own body."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.wire import Unreadable
from hub.errors import RejectReason, SourceUnavailable
from hub.events.topics import DEAD_LETTERS, SOURCES
from hub.ops import metrics
from hub.ops.logging import configure
from tests.ingest.drafts import (
    ADDRESS,
    BSN,
    FAMILY_NAME,
    IDENTITY,
    RING,
    STREET,
    FakeClock,
    ScriptedFeed,
    batch,
    dossier,
    goal,
)

pytestmark = pytest.mark.core
MARKS = (BSN, FAMILY_NAME, STREET, "3011AB", "3011 ab", ADDRESS.one_line(), "111111111")
RAW = f'{{"bsn": "{BSN}", "achternaam": "{FAMILY_NAME}", "straat": "{STREET}"'.encode()


@pytest.fixture
def publisher(tmp_path: Path) -> MemoryPublisher:
    """A run with all that leaves traces: publications, a move, a deletion, dead letters, a source that is down."""
    publisher, index = MemoryPublisher(), Index(tmp_path / "zcd.sqlite")
    bad = Unreadable("9", RejectReason.MALFORMED, "", RAW)
    moved = goal(dossier_id="Z-2", version=2)
    feed = ScriptedFeed(
        batch(1, dossier(bsns=(BSN, None, "111111111")), goal(), bad),
        SourceUnavailable(1.0, detail="503"),
        batch(2, moved, dossier(version=2).model_copy(update={"body": None})),
    )
    configure("connector zcd", level=logging.DEBUG)
    ingest = Ingest(feed, publisher, index, ring=RING, identity=IDENTITY, clock=FakeClock())
    for _ in range(5):
        ingest.step()
    index.close()
    return publisher


def assert_clean(data: bytes, where: str) -> None:
    for mark in MARKS:
        for form in (mark.encode(), mark.encode("utf-16-le"), mark.encode().hex().encode()):
            assert form not in data, f"{mark} stands in {where}"


@pytest.mark.parametrize("stated", [BSN, f"{BSN[:4]}.{BSN[4:6]}.{BSN[6:]}", "012345672", "12345672", "111111111"])
def test_no_dossier_is_called_by_a_number_of_its_members(stated: str) -> None:
    """It would be the key of its messages. Right or wrong: whoever mistyped it there mistyped it here."""
    digits = stated.replace(".", "").zfill(9)
    for called in (digits, f"D-{digits}/2026"):
        with pytest.raises(ValidationError) as refused:
            dossier(called, bsns=(None, stated))
        assert "a number of a person" in refused.value.errors()[0]["msg"]
    with pytest.raises(ValidationError):
        dossier(f"Z-{BSN}", bsns=(None,))  # its subject
    assert dossier("Z-00000012", bsns=(None, "12", "00000013", "geen")).dossier_id == "Z-00000012"


@pytest.mark.usefixtures("log_restored")
def test_a_person_is_in_no_key_header_or_topic_name(publisher: MemoryPublisher) -> None:
    messages = [message for partition in publisher.partitions.values() for message in partition]
    assert len(messages) >= 7
    for message in messages:
        assert_clean(message.key + message.topic.encode(), "a key")
        assert_clean(repr(message.headers).encode(), "a header")


@pytest.mark.usefixtures("log_restored")
def test_a_bsn_and_an_address_are_in_no_message_at_all(publisher: MemoryPublisher) -> None:
    everything = b"".join(m.value for partition in publisher.partitions.values() for m in partition)
    assert FAMILY_NAME.encode() in everything  # a name is content of the composition; so the search works
    assert_clean(everything.replace(FAMILY_NAME.encode(), b""), "a message")


@pytest.mark.usefixtures("log_restored")
def test_a_dead_letter_and_a_status_hold_nothing_in_clear(publisher: MemoryPublisher) -> None:
    messages = [*publisher.topic(DEAD_LETTERS), *publisher.topic(SOURCES)]
    assert len(messages) >= 3
    for message in messages:
        assert_clean(message.value, message.topic)


@pytest.mark.usefixtures("log_restored")
def test_a_person_is_in_no_log_line_or_metric(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("publisher")
    log = capsys.readouterr().err
    assert "record_rejected" in log
    assert "source_unavailable" in log
    assert_clean(log.encode(), "the log")
    assert_clean(metrics.exposition(), "a metric")


@pytest.mark.usefixtures("log_restored", "publisher")
def test_a_person_is_not_in_the_index(tmp_path: Path) -> None:
    for file in tmp_path.iterdir():
        assert_clean(file.read_bytes(), file.name)
