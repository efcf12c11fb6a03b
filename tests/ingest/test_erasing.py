"""Who must be forgotten: what was published is deleted, and nothing that comes later brings him back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.api import InventoryItem
from hub.connect.ingest.control import Errand, Pause, Repair
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.erasing import LOOK_SECONDS, Eraser, Withheld, read_order
from hub.connect.ingest.process import ConnectorProcess
from hub.connect.ingest.reconciling import Shown, SourceSides
from hub.connect.wire import TranslatedBatch
from hub.errors import ContractError, LogUnavailable
from hub.events.erasures import Erasure, LineRef, new_id
from hub.events.ids import DossierRef
from hub.events.records import Assessment, Composition, Draft, RecordType
from hub.events.topics import COMPOSITIONS
from tests.ingest.drafts import BSN, NOON, RING, batch, deleted_goal, dossier, goal
from tests.ingest.test_control import Run, steps

pytestmark = pytest.mark.core
MOTHER = "111222333"
SISTER = "100000009"
PERSON = RING.person(BSN)


def order(number: int = 1, *, own: str = "", line: tuple[str, str] | None = None) -> Erasure:
    return Erasure(
        erasure_id=new_id(PERSON, number),
        jurisdiction="0599",
        key_generation=1,
        person=PERSON,
        dossiers=(DossierRef("zcd", own),) if own else (),
        lines=(LineRef("zcd", *line),) if line else (),
        why="Jeugdwet 7.3.9",
        ordered_by="ine",
        ordered_at=NOON,
    )


OWN = order(own="Z-1")
NAMED = order(line=("Z-2", "2"))
GOAL = InventoryItem("Z-1", "goal", "D-1", 1, False)


def of_mother(version: int = 1) -> Draft:
    """His mother's dossier, which names him on line 2."""
    return dossier("Z-2", version=version, bsns=(MOTHER, BSN))


def assessment(line: str | None, dossier_id: str = "Z-2") -> Draft:
    body = Assessment(instrument="ZRM", instrument_version="2017", taken_on=NOON.date(), line=line, scores=())
    return Draft(
        record_type=RecordType.ASSESSMENT,
        dossier_id=dossier_id,
        record_id=f"A-{line}",
        version=1,
        recorded_at=NOON,
        body=body,
    )


class Orders:
    """The topic of orders: gives each once to whoever asks."""

    def __init__(self, *orders: Erasure) -> None:
        self.waiting = list(orders)
        self.fails = False

    def __call__(self) -> list[Erasure]:
        if self.fails:
            raise LogUnavailable
        given, self.waiting = self.waiting, []
        return given


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.close()


def ingest(run: Run, orders: Orders, *answers: TranslatedBatch) -> Ingest:
    made = run.ingest(*answers)
    made.erase_by(Eraser(orders, run.control, run.index, RING, "zcd"))
    return made


def lines(run: Run) -> list[list[str] | None]:
    """Of each composition that was published the member lines; None: deleted."""
    bodies = [value["body"] for value in run.values(COMPOSITIONS)]
    return [None if body is None else [member["line"] for member in body["members"]] for body in bodies]


def test_of_his_own_dossier_everything_is_deleted_without_asking_the_source(run: Run) -> None:
    steps(run.ingest(batch(1, dossier(), goal(), goal("D-2", dossier_id="Z-9"))))
    steps(ingest(run, Orders(OWN)))
    assert lines(run) == [["1"], None]
    assert sorted(run.orders()) == [("D-1", 1, 0, False), ("D-1", 1, 1, True), ("D-2", 1, 0, False)]
    assert [value["body"] for value in run.values() if value["deleted"]] == [None]


def test_an_order_that_comes_while_ingest_runs_is_obeyed_within_its_time(run: Run) -> None:
    orders = Orders()
    reading = ingest(run, orders, batch(1, dossier()))
    steps(reading)
    orders.waiting = [OWN]
    steps(reading)
    assert lines(run) == [["1"]]
    reading._clock.wait(LOOK_SECONDS)
    steps(reading)
    assert lines(run) == [["1"], None]


def test_what_others_dossiers_say_of_him_goes_and_they_stay(run: Run) -> None:
    records = (of_mother(), assessment("1"), assessment("2"), assessment(None), goal(dossier_id="Z-2"))
    steps(run.ingest(batch(1, *records)))
    run.source.held = {f"{draft.record_type}/{draft.record_id}": draft for draft in records}
    steps(ingest(run, Orders(NAMED)))
    assert lines(run) == [["1", "2"], ["1"]]
    assert [value["record_id"] for value in run.values() if value["deleted"]] == ["A-2"]
    assert run.control.waiting(Errand.REPAIR) == 0


@pytest.mark.parametrize(
    "again", ["the feed from its beginning", "a backfill of everything", "a repair", "a new epoch"]
)
def test_nothing_that_is_read_again_brings_him_back(again: str, run: Run) -> None:
    everything = (dossier(), goal(), of_mother(), assessment("2"))
    run.source.held = {f"{draft.record_type}/{draft.record_id}": draft for draft in everything}
    steps(run.ingest(batch(1, *everything)))
    both = order(own="Z-1", line=("Z-2", "2"))
    steps(ingest(run, Orders(both)))
    run.publisher.partitions.clear()
    asked = {
        "the feed from its beginning": lambda: run.control.ask_reset(None, 0, "olga"),
        "a backfill of everything": lambda: run.control.ask_backfill(None, "olga", "2026-01-05", everything=True),
        "a repair": lambda: run.control.ask_repair([Repair(GOAL, held=True, forced=True)]),
        "a new epoch": lambda: run.control.ask_reset(None, 1, "olga"),
    }
    asked[again]()
    steps(ingest(run, Orders(both), batch(1, *everything)), 4)
    published = [*run.values(COMPOSITIONS), *run.values()]
    assert published or again == "the feed from its beginning"
    assert not [value for value in published if not value["deleted"] and value["record_id"] != "Z-2"]
    assert PERSON not in str(published)


def test_a_later_version_in_the_source_does_not_bring_him_back(run: Run) -> None:
    reading = ingest(run, Orders(order(own="Z-1", line=("Z-2", "2"))), batch(1, dossier(), of_mother()))
    steps(reading)
    steps(ingest(run, Orders(order(own="Z-1", line=("Z-2", "2"))), batch(2, dossier(version=2), of_mother(2))))
    assert lines(run) == [None, ["1"], None, ["1"]]


def test_a_dossier_that_is_opened_later_is_another_one(run: Run) -> None:
    steps(ingest(run, Orders(OWN), batch(1, dossier("Z-3"))))
    assert lines(run) == [["1"]]


def test_his_line_goes_also_under_another_number(run: Run) -> None:
    renumbered = dossier("Z-2", bsns=(MOTHER, None, BSN))
    steps(ingest(run, Orders(NAMED), batch(1, renumbered)))
    assert lines(run) == [["1"]]


def test_somebody_else_who_got_his_line_stays(run: Run) -> None:
    """Sources number lines anew."""
    steps(ingest(run, Orders(NAMED), batch(1, dossier("Z-2", bsns=(MOTHER, SISTER)))))
    assert lines(run) == [["1", "2"]]


def test_who_is_not_told_when_others_dossiers_are_read_again_is_not_deleted(run: Run) -> None:
    """One answer in which a record is missing is not the source's word that it is gone."""
    run.source.held = {}
    steps(run.ingest(batch(1, of_mother(), goal(dossier_id="Z-2"))))
    before = len(run.values())
    steps(ingest(run, Orders(NAMED)), 4)
    assert len(run.values()) == before


def test_a_dossier_that_became_his_goes_altogether(run: Run) -> None:
    steps(ingest(run, Orders(NAMED), batch(1, dossier("Z-2", bsns=(BSN, MOTHER)))))
    assert lines(run) == [None]


def test_nothing_is_published_before_the_orders_were_read(run: Run) -> None:
    orders = Orders(OWN)
    orders.fails = True
    reading = ingest(run, orders, batch(1, dossier()))
    steps(reading, 2)
    assert not run.publisher.partitions
    orders.fails = False
    steps(reading)
    assert lines(run) == [None]


def test_a_paused_source_forgets_all_the_same(run: Run) -> None:
    steps(run.ingest(batch(1, dossier())))
    run.control.pause(Pause("olga", "onderhoud", "2026-01-05"))
    steps(ingest(run, Orders(OWN)))
    assert lines(run) == [["1"], None]


def test_an_order_is_obeyed_once_and_twice_is_once(run: Run) -> None:
    steps(run.ingest(batch(1, dossier(), goal())))
    for orders in (Orders(OWN, OWN), Orders(OWN), Orders(OWN, order(2, own="Z-1"))):
        steps(ingest(run, orders))
    assert lines(run) == [["1"], None]
    assert run.orders() == [("D-1", 1, 0, False), ("D-1", 1, 1, True)]


def test_a_crash_in_between_ends_the_same(run: Run) -> None:
    steps(run.ingest(batch(1, dossier(), goal())))
    run.publisher._fails = lambda call: "no ack" if call == run.publisher.calls and call < 4 else None
    steps(ingest(run, Orders(OWN)), 3)
    assert lines(run)[-1] is None
    assert run.values()[-1]["deleted"]
    assert {value["revision"] for value in run.values(COMPOSITIONS)} == {0, 1}


class Inventory:
    """A connector's process that says what its source holds."""

    inventory_is_complete = True

    def __init__(self, *held: Draft) -> None:
        self._items = [InventoryItem(d.dossier_id, d.record_type.value, d.record_id, d.version, False) for d in held]

    def inventory(self) -> Iterator[list[InventoryItem]]:
        yield self._items


def test_that_the_source_holds_what_was_erased_is_no_difference(run: Run) -> None:
    held = (dossier(), goal(), of_mother(), assessment("2"), goal("D-9", dossier_id="Z-2"))
    both = order(own="Z-1", line=("Z-2", "2"))
    steps(ingest(run, Orders(both), batch(1, *held[:-1])))
    sides = SourceSides(
        cast(ConnectorProcess, Inventory(*held)),
        run.index,
        Shown(list, dict),
        source_epoch=0,
        paced=lambda _: None,
        withheld=Withheld("zcd", [both]),
    )
    said = {(item.record.record_type, item.record.record_id) for item in sides.source()}
    assert said == {("composition", "Z-2"), ("goal", "D-9")}, "one more goal was not published: that stays a difference"
    assert {item.record.record_id for item in sides.published()} == {"Z-2"}


def test_other_sources_are_left_alone(run: Run) -> None:
    foreign = OWN.model_copy(update={"dossiers": (DossierRef("menscentraal", "Z-1"),)})
    steps(ingest(run, Orders(foreign), batch(1, dossier())))
    assert lines(run) == [["1"]]
    assert not run.control.erasures_done()


def test_an_order_that_cannot_be_read_stops_everything() -> None:
    assert read_order(OWN.message().value) == OWN
    for garbage in (b"", b"x", OWN.message().value[:20]):
        with pytest.raises(ContractError):
            read_order(garbage)


@given(st.lists(st.sampled_from([OWN, NAMED, order(2, line=("Z-2", "9"))]), min_size=1))
def test_orders_may_come_in_any_order_and_any_number_of_times(orders: list[Erasure]) -> None:
    once = Withheld("zcd", set_of(orders))
    often = Withheld("zcd", [*orders, *orders[::-1]])
    for draft in (dossier(), of_mother(), goal(), deleted_goal(dossier_id="Z-2"), assessment("2"), assessment("9")):
        kept = often.kept(draft, RING)
        assert kept == once.kept(draft, RING) == often.kept(kept, RING)
        assert (kept.dossier_id, kept.record_id, kept.version) == (draft.dossier_id, draft.record_id, draft.version)
        if isinstance(kept.body, Composition):
            Composition.model_validate(kept.body.model_dump())


def set_of(orders: list[Erasure]) -> list[Erasure]:
    return list({item.erasure_id + str(item.lines): item for item in orders}.values())
