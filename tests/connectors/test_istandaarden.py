"""The iStandaarden connector: messages, what they become, and the drop folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.istandaarden.codes import BERICHT_CODES, END_REASONS
from connectors.istandaarden.config import IStandaardenConfig
from connectors.istandaarden.connector import IStandaardenConnector
from connectors.istandaarden.samples import Request
from connectors.istandaarden.simulator import IStandaardenSimulator
from connectors.istandaarden.translate import translate
from connectors.istandaarden.xml import MAX_BYTES
from hub.connect import Cursor, RejectReason, SourceRejected, SourceUnavailable, TranslationError
from hub.events.records import Composition, Draft, RequestMessage
from tests.connectors.sources import FIXTURES
from tests.machine import reference_dir

pytestmark = pytest.mark.core
FOLDER = FIXTURES / "istandaarden" / "fixtures"
VALID = sorted((FOLDER / "valid").glob("*.xml"))
HOSTILE = [line.split(" ") for line in (FOLDER / "hostile.expected").read_text().splitlines()]
XSDS = reference_dir() / "istandaarden"
NEEDS_XSDS = pytest.mark.skipif(not XSDS.is_dir(), reason="no XSDs of iJw and iWmo: set REGIEHUB_REFERENCE_DIR")
BSN = "123456782"
YOUTH = Request("jw", BSN, "V0001", "700123", "45A04", "2026-05-01", "2026-10-30")
ADULT = Request("wmo", BSN, "V0001", "700123", "02A03", "2026-05-01", "2026-10-30")


def messages(drafts: list[Draft]) -> list[RequestMessage]:
    return [draft.body for draft in drafts if isinstance(draft.body, RequestMessage)]


def said(text: str) -> RequestMessage:
    (found,) = messages(translate(text.encode()))
    return found


# what a message becomes


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_every_valid_message_says_something_of_a_request(path: Path) -> None:
    drafts = translate(path.read_bytes())
    assert [body.message for body in messages(drafts)] == [path.stem[-3:]]
    assert drafts == translate(path.read_bytes())


def test_there_is_a_valid_message_of_every_kind() -> None:
    kinds = {(path.stem.partition("-")[0], path.stem[-3:]) for path in VALID}
    assert kinds == {(kind.law, kind.number) for kind in BERICHT_CODES.values() if kind.number != "320"}


@pytest.mark.parametrize(
    ("name", "expected"), [(line[0], line[1:]) for line in HOSTILE], ids=[line[0] for line in HOSTILE]
)
def test_every_hostile_message_is_refused_with_its_reason_and_element(name: str, expected: list[str]) -> None:
    with pytest.raises(TranslationError) as caught:
        translate((FOLDER / "hostile" / name).read_bytes())
    assert [caught.value.reason.value, caught.value.field] == [*expected, ""][:2]
    assert BSN not in str(caught.value)


def test_every_hostile_message_has_its_expectation() -> None:
    assert sorted(line[0] for line in HOSTILE) == sorted(path.name for path in (FOLDER / "hostile").iterdir())


def test_its_dossier_is_no_team_s_and_names_the_client_alone() -> None:
    found = [
        draft for draft in translate(YOUTH.asked("A1", "2026-04-01").encode()) if draft.record_type == "composition"
    ]
    assert len({draft.dossier_id for draft in found}) == 2
    for draft in found:
        body = draft.body
        assert isinstance(body, Composition)
        (member,) = body.members
        assert (body.kind, body.status, body.opened_on, body.address) == ("request", "closed", date.max, None)
        assert member.bsn is not None and member.bsn.get_secret_value() == BSN
        assert (member.family_name, member.birth_date, member.address, member.gender) == (None,) * 4


def test_an_answer_that_names_nobody_lies_where_its_request_put_the_client() -> None:
    asked = translate(YOUTH.asked("A1", "2026-04-01").encode())
    (answer,) = translate(YOUTH.answered("G1", "2026-04-07").encode())
    assert answer.dossier_id in {draft.dossier_id for draft in asked if draft.record_type == "composition"}
    assert answer.subject is None


def test_a_retour_lies_with_the_message_that_it_answers_also_if_it_names_nothing() -> None:
    asked = translate(YOUTH.asked("A1", "2026-04-01").encode())
    for text in (
        YOUTH.confirmed("A1", "2026-04-01", "2026-04-02", ("S329",)),
        YOUTH.unreadable("316", "A1", "2026-04-01", "2026-04-02"),
    ):
        (retour,) = translate(text.encode())
        assert retour.dossier_id == asked[-1].dossier_id
    assert said(YOUTH.confirmed("A1", "2026-04-01", "2026-04-02", ("S329",))).return_codes == ("0200", "S329")


def test_the_end_code_31_means_two_things() -> None:
    youth, adult = (said(one.stopped("A1", "2026-06-02", "2026-05-01", "2026-06-01", "31")) for one in (YOUTH, ADULT))
    assert (youth.end_reason, adult.end_reason) == ("as_planned", "moved_away")
    assert (youth.end_reason_code, adult.end_reason_code, youth.law, adult.law) == ("31", "31", "jw", "wmo")


def test_the_same_numbers_under_two_laws_are_two_messages() -> None:
    ids = [{draft.record_id for draft in translate(one.asked("A1", "2026-04-01").encode())} for one in (YOUTH, ADULT)]
    assert not ids[0] & ids[1]


def test_the_moment_of_a_decision_is_dutch_time() -> None:
    decided = said(YOUTH.granted("G2", "2026-07-20", at="00:30:00")).decided_at
    assert decided is not None and decided.isoformat() == "2026-07-19T22:30:00+00:00"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_garbage_is_refused_and_nothing_else_happens(payload: bytes) -> None:
    with pytest.raises(TranslationError):
        translate(payload)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(VALID), st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_message_becomes_events_or_is_refused(path: Path, at: int, cut: int, put: bytes) -> None:
    whole = path.read_bytes()
    try:
        drafts = translate(whole[:at] + put + whole[at + cut :])
    except TranslationError as error:
        assert BSN not in str(error)
    else:
        assert drafts


def test_a_bomb_a_flood_and_a_pit_are_refused() -> None:
    bomb = (
        b"<!DOCTYPE b ["
        + b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><b>&e11;</b>"
    )
    pit = b"<Bericht>" * 5000 + b"</Bericht>" * 5000
    flood = YOUTH.asked("A1", "2026-04-01").encode().replace(b"Voorbeeld", b"x" * MAX_BYTES)
    reasons = []
    for payload in (bomb, pit, flood):
        with pytest.raises(TranslationError) as caught:
            translate(payload)
        reasons.append(caught.value.reason)
    assert reasons == [RejectReason.MALFORMED, RejectReason.MALFORMED, RejectReason.TOO_LARGE]


# against the standard itself


@NEEDS_XSDS
@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_our_messages_keep_to_the_xsds(path: Path) -> None:
    connector = IStandaardenConnector(IStandaardenConfig(folder=path.parent, xsd_folder=XSDS))
    connector._read_schemas()
    assert connector._schemas is not None
    assert translate(path.read_bytes(), connector._schemas)


@NEEDS_XSDS
def test_with_xsds_a_message_that_breaks_its_own_is_refused_by_the_path_of_the_element(tmp_path: Path) -> None:
    connector = IStandaardenConnector(IStandaardenConfig(folder=tmp_path, xsd_folder=XSDS))
    text = YOUTH.asked("A1", "2026-04-01").replace("<b:Geslacht>0</b:Geslacht>", "<b:Geslacht>9</b:Geslacht>")
    (tmp_path / "m.xml").write_text(text)
    connector._read_schemas()
    with pytest.raises(TranslationError) as caught:
        translate(text.encode(), connector._schemas)
    assert (caught.value.reason, caught.value.field) == (RejectReason.INVALID_VALUE, "Bericht.Client.Geslacht")
    assert translate(text.encode())


@NEEDS_XSDS
def test_the_code_lists_are_those_of_the_standard() -> None:
    lists = json.loads((XSDS / "codelijsten_ijw_iwmo_3.2.json").read_text())
    for law, name in (("jw", "JZ588"), ("wmo", "WMO588@wmo")):
        assert set(END_REASONS[law]) == {item["code"] for item in lists[name]["codes"]}  # type: ignore[index]  # a law


def test_xsds_that_are_not_there_or_broken_stop_the_connector(tmp_path: Path) -> None:
    (tmp_path / "JW315.xsd").write_text("<geen/>")
    connector = IStandaardenConnector(IStandaardenConfig(folder=tmp_path, xsd_folder=tmp_path))
    with pytest.raises(SourceRejected):
        connector.check()


# the drop folder


@pytest.fixture
def drop(tmp_path: Path) -> IStandaardenSimulator:
    return IStandaardenSimulator(tmp_path)


@pytest.fixture
def connector(drop: IStandaardenSimulator) -> Iterator[IStandaardenConnector]:
    found = IStandaardenConnector(IStandaardenConfig(folder=drop.folder, settle_seconds=0.1, page_size=2))
    yield found
    found.close()


def age(drop: IStandaardenSimulator, connector: IStandaardenConnector) -> None:
    """Let all that was dropped so far come to rest, without waiting for it."""
    connector._source._settle_seconds = -1000


def read(connector: IStandaardenConnector, cursor: Cursor | None = None) -> tuple[list[str], Cursor]:
    names: list[str] = []
    while True:
        batch = connector.poll(cursor)
        names += [record.position for record in batch.records]
        cursor = Cursor.model_validate_json(batch.cursor.model_dump_json())
        if not batch.more:
            return names, cursor


def test_files_are_read_once_in_the_order_in_which_they_came(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    drop.apply_many(YOUTH.asked(f"A{number}", "2026-04-01") for number in range(5))
    names, cursor = read(connector)
    assert names == [f"bericht-{number:07}.xml" for number in range(1, 6)]
    assert read(connector, cursor)[0] == []
    drop.repeat(1)
    assert read(connector, cursor)[0] == ["bericht-0000006.xml"]


def test_a_file_that_is_still_changing_is_left_alone(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    connector._source._settle_seconds = 3600
    drop.apply(YOUTH.asked("A1", "2026-04-01"))
    assert read(connector)[0] == []
    age(drop, connector)
    assert read(connector)[0] == ["bericht-0000001.xml"]


def test_what_is_moved_in_late_or_with_an_old_time_is_read_all_the_same(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    held = drop.apply_late([YOUTH.asked("A1", "2026-04-01")])
    drop.apply(YOUTH.asked("A2", "2026-04-01"))
    names, cursor = read(connector)
    assert names == ["bericht-0000002.xml"]
    held.release()
    os.utime(drop.folder / "bericht-0000001.xml", (0, 0))
    assert read(connector, cursor)[0] == ["bericht-0000001.xml"]


def test_a_message_that_comes_while_a_long_folder_is_listed_is_read_in_its_turn(
    drop: IStandaardenSimulator, connector: IStandaardenConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: the listing missed it, found one that came after it, and the cursor passed it for good."""
    now, scandir = [time.time_ns()], os.scandir

    @contextmanager
    def slow(folder: bytes) -> Iterator[Iterator[os.DirEntry[bytes]]]:
        drop.apply(YOUTH.asked("A1", "2026-04-01"))
        drop.apply(YOUTH.asked("A2", "2026-04-01"))
        now[0] += 3600 * 10**9
        with scandir(folder) as entries:
            yield (entry for entry in entries if entry.name != b"bericht-0000001.xml")

    monkeypatch.setattr("hub.connect.folder._now_ns", lambda: now[0])
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", slow)
        names, cursor = read(connector)
    assert names == []
    assert read(connector, cursor)[0] == ["bericht-0000001.xml", "bericht-0000002.xml"]


def test_other_names_folders_and_links_are_no_messages(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    for name in (".verborgen.xml", "bericht.xml.part", "lees-mij.txt"):
        (drop.folder / name).write_text("<half")
    (drop.folder / "map.xml").mkdir()
    (drop.folder / "koppeling.xml").symlink_to("/etc/hostname")
    assert read(connector)[0] == []


def test_a_file_whose_name_may_be_a_person_is_told_by_a_hash(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    for name in (f"JW315-{BSN}.xml", "Noor de Vries.xml"):
        (drop.folder / name).write_text(YOUTH.asked("A1", "2026-04-01"))
    names, _ = read(connector)
    assert len(names) == 2
    assert all(name.startswith("sha256-") for name in names)


def test_the_same_message_twice_is_the_same_event(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    drop.apply(YOUTH.started("A3", "2026-05-04", "2026-05-01"))
    drop.repeat()
    one, other = (connector.translate(record) for record in connector.poll(None).records)
    assert one == other


def test_the_inventory_is_what_the_readable_messages_say(
    drop: IStandaardenSimulator, connector: IStandaardenConnector
) -> None:
    age(drop, connector)
    drop.apply_many([YOUTH.asked("A1", "2026-04-01"), "geen bericht", YOUTH.answered("G1", "2026-04-07")])
    drafts = translate(YOUTH.asked("A1", "2026-04-01").encode()) + translate(
        YOUTH.answered("G1", "2026-04-07").encode()
    )
    assert {(item.dossier_id, item.record_id, item.version) for item in connector.inventory()} == {
        (draft.dossier_id, draft.record_id, draft.version) for draft in drafts
    }


def test_a_folder_that_is_not_there_is_waited_for_and_a_file_in_its_place_is_not(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        IStandaardenConnector(IStandaardenConfig(folder=tmp_path / "weg")).check()
    (tmp_path / "bestand").write_text("")
    with pytest.raises(SourceRejected):
        IStandaardenConnector(IStandaardenConfig(folder=tmp_path / "bestand")).check()


@pytest.mark.parametrize("state", [{"changed_ns": "1", "name": "00"}, {"changed_ns": 1, "name": "xyz"}, {"seq": 4}])
def test_a_position_of_another_connector_is_refused(
    connector: IStandaardenConnector, state: dict[str, int | str]
) -> None:
    with pytest.raises(SourceRejected):
        connector.poll(Cursor(state={**state}))
