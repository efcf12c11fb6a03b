"""A source is compared at its time, or when somebody asks; and how the desk asks."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.reconcile import reconcile
from hub.connect.ingest.asking import Asking
from hub.connect.ingest.checking import LONGEST_RETRY, RETRY, Checking, _words, retry_after, run_apart, wanted
from hub.connect.ingest.control import Check, Control, Errand, Orders, Pause
from hub.connect.ingest.publisher import Message
from hub.connect.ingest.reconciling import completeness, is_certain
from hub.connect.ingest.runner import control_file
from hub.events.codec import decode
from hub.ops import metrics
from hub.ops.orders import Backfill, Kept, Reset, Waiting
from hub.ops.reconcile import Difference, Kind, Outcome, Record
from hub.settings import Settings
from tests.ingest.drafts import NOON

pytestmark = pytest.mark.core
DAY = timedelta(days=1)
FOUND = {
    "checked_at": NOON, "records": 3, "missing": 1, "stale": 0, "ahead": 0, "extra": 0, "unshown": 0, "waiting": 0,
    "missing_dossiers": 0, "teams": [],
}  # fmt: skip
KEPT = Kept("zcd", "7", 2, 0, b"sealed")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path)


@pytest.fixture
def control(settings: Settings) -> Iterator[Control]:
    opened = Control(control_file(settings, "zcd"))
    yield opened
    opened.close()


@given(st.booleans(), st.integers(0, 72), st.none() | st.integers(0, 72), st.none() | st.integers(-60, 60))
def test_it_is_due_once_per_interval_after_the_source_was_read_to_its_end(
    caught_up: bool, every: int, checked: int | None, left: int | None
) -> None:
    completeness = None if checked is None else FOUND | {"checked_at": NOON - timedelta(hours=checked)}
    not_before = None if left is None else NOON + timedelta(minutes=left)
    orders = Orders(completeness=completeness)
    check = wanted(orders, caught_up, timedelta(hours=every), not_before, NOON)
    due = every > 0 and caught_up and (checked is None or checked >= every)
    assert (check is not None) == (due and (left is None or left <= 0))
    asked = orders._replace(check=Check("olga", True))
    assert wanted(asked, caught_up, timedelta(hours=every), not_before, NOON) == Check("olga", True)
    paused = orders._replace(pause=Pause("olga", "", ""))
    assert wanted(paused, caught_up, timedelta(hours=every), not_before, NOON) is None


def test_what_may_be_on_its_way_is_not_kept() -> None:
    record = Record("Z-1", "goal", "G-1")
    unshown = Outcome(9, 0, (Difference(Kind.UNSHOWN, record, (1, None)),), ())
    missing = Outcome(9, 0, (Difference(Kind.MISSING, record, (1, None)),), ())
    assert [is_certain(outcome, at_rest=False) for outcome in (unshown, missing)] == [False, True]
    assert is_certain(unshown, at_rest=True)


def test_a_dossier_of_which_nothing_is_shown_is_counted_once() -> None:
    dossiers = [Record(name, "composition", name) for name in ("Z-1", "Z-2", "Z-3")]
    found = [
        Difference(Kind.MISSING, dossiers[0], (1, None)),
        Difference(Kind.UNSHOWN, dossiers[0], (1, None)),
        Difference(Kind.UNSHOWN, dossiers[1], (1, 2)),
        Difference(Kind.EXTRA, dossiers[2], (None, 1)),
        Difference(Kind.MISSING, Record("Z-4", "goal", "G-1"), (1, None)),
    ]
    assert completeness(Outcome(9, 0, tuple(found), ()), NOON)["missing_dossiers"] == 1


def checking(control: Control, compare: Callable[[Check], str | None]) -> Checking:
    return Checking("zcd", lambda: control, compare, every=DAY, caught_up=lambda: True, now=lambda: NOON)


def test_what_was_found_is_kept_and_it_is_not_due_again(control: Control) -> None:
    asked: list[bool] = []

    def compare(check: Check) -> str:
        asked.append(check.repair)
        control.keep_completeness(FOUND)
        return ""

    found = checking(control, compare)
    found.step(control)
    found.step(control)
    assert asked == [False]
    control.ask_check(Check("olga", True))
    found.step(control)
    assert asked == [False, True], "nothing new was kept: the same result, at the same time"
    assert control.orders().check is None


def test_one_that_fails_says_why_and_is_tried_again_later(control: Control) -> None:
    control.ask_check(Check("olga", False))
    found = checking(control, lambda check: "there is no read model")
    before = metrics.REGISTRY.get_sample_value("regiehub_reconciliations_total", OUTCOME) or 0
    found.step(control)
    found.step(control)
    assert metrics.REGISTRY.get_sample_value("regiehub_reconciliations_total", OUTCOME) == before + 1
    orders = control.orders()
    assert (orders.check, orders.checked and orders.checked.problem) == (None, "there is no read model")


def test_one_that_fails_again_and_again_leaves_the_source_alone_for_longer(control: Control) -> None:
    assert [retry_after(number) for number in (1, 2, 3)] == [RETRY, 2 * RETRY, 4 * RETRY]
    assert retry_after(10_000) == LONGEST_RETRY
    now, tried = [NOON], [NOON]

    def fails(check: Check) -> str:
        tried.append(now[0])
        return "the flow did not come to rest"

    found = Checking("zcd", lambda: control, fails, every=DAY, caught_up=lambda: True, now=lambda: now[0])
    for _ in range(24 * 60):
        found.step(control)
        now[0] += timedelta(minutes=1)
    waits = [(later - earlier) / RETRY for earlier, later in pairwise(tried)]
    assert waits == [0, 1, 2, 4, 8, 16, 16, 16, 16, 16]


def test_only_what_somebody_asked_for_reads_the_source_while_the_flow_is_not_at_rest() -> None:
    assert "--at-rest" in _words("zcd", Check("", repair=False))
    assert "--at-rest" not in _words("zcd", Check("olga", repair=True))


def test_while_the_flow_is_not_at_rest_the_command_reads_no_source(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.settings.load_settings", lambda: settings)
    monkeypatch.setattr("hub.desk.shown.open_read_only", MagicMock())
    monkeypatch.setattr("hub.ops.broker.Broker", MagicMock())
    monkeypatch.setattr("hub.cli.reconcile._settle", lambda setup: False)
    read = MagicMock(side_effect=AssertionError("read"))
    monkeypatch.setattr("hub.cli.reconcile._one", read)
    with pytest.raises(typer.Exit):
        reconcile("zcd", at_rest=True)
    with pytest.raises(AssertionError, match="read"):
        reconcile("zcd")


OUTCOME = {"source": "zcd", "outcome": "failed"}


def test_one_that_is_stopped_halfway_stays_asked(control: Control) -> None:
    control.ask_check(Check("olga", False))
    checking(control, lambda check: None).step(control)
    assert control.orders().check == Check("olga", False)


def test_a_command_gives_its_last_word_and_ends_when_we_end() -> None:
    stopping = threading.Event()
    speaks = [sys.executable, "-c", "import sys; print('a', file=sys.stderr); sys.exit('regiehub: no such thing')"]
    assert run_apart(speaks, stopping) == "no such thing"
    threading.Timer(0.3, stopping.set).start()
    assert run_apart([sys.executable, "-c", "import time; time.sleep(60)"], stopping) is None


def test_what_another_process_asks_is_seen_by_each_connection_that_this_one_has(
    settings: Settings, control: Control
) -> None:
    file = control_file(settings, "zcd")
    assert control.orders().go_on == 0
    Control(file).close()
    told = f"from hub.connect.ingest.control import *; c = Control(Path({str(file)!r})); c.resume(); c.close()"
    subprocess.run([sys.executable, "-c", told], check=True)
    assert control.orders().go_on == 1


def test_the_desk_asks_by_the_file_of_each_source_that_it_reaches(settings: Settings, control: Control) -> None:
    sent: list[Message] = []

    def publish(messages: Sequence[Message]) -> None:
        sent.extend(messages)

    asking = Asking(settings, publish, lambda: NOON)
    assert (asking.reaches("zcd"), asking.reaches("menscentraal")) == (True, False)
    assert not control_file(settings, "menscentraal").exists()
    asking.pause("zcd", "olga", "onderhoud")
    asking.compare("zcd", "olga", repair=True)
    assert asking.replay([KEPT, KEPT._replace(source="menscentraal")], "olga") == 1
    asking.reset("zcd", 2, "olga", new_epoch=True)
    assert asking.waiting("zcd") == Waiting("olga", "onderhoud", 0, 1, True, True)
    assert control.orders().reset is not None
    assert asking.plan_reset("zcd", 2, new_epoch=False) == Reset("", 2, 2)
    assert [letter.position for letter in control.letters(9)] == ["7"]
    assert (asking.stop_replay("zcd"), control.waiting(Errand.REPLAY)) == (1, 0)
    asking.backfill("zcd", "olga")
    assert asking.waiting("zcd").backfill == Backfill("olga", "compositions", 0, 0, "", "")
    asking.stop_backfill("zcd")
    assert asking.waiting("zcd").backfill is None
    asking.resume("zcd")
    assert control.orders().pause is None
    asking.discard([KEPT], "olga", "proef")
    (value,) = [decode(message.value).value for message in sent]
    assert (value["state"], value["attempt"], value["by"], value["why"]) == ("discarded", 2, "olga", "proef")
