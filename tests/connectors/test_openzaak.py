"""The Open Zaak connector: both published forms of a notification, and nothing asked for that does not concern it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from connectors.openzaak.config import OpenZaakConfig
from connectors.openzaak.connector import OpenZaakConnector
from connectors.openzaak.simulator import OpenZaakSimulator
from connectors.openzaak.source import FORBIDDEN, ZakenApi
from hub.connect import Batch, Cursor, RawRecord, SourceRejected, TranslationError
from hub.connect.inbox import Event
from hub.connect.ingest.receiver import Receiver
from hub.events.records import Composition, Draft, SupportRequest

pytestmark = pytest.mark.core
FIXTURES = files("connectors.openzaak") / "fixtures"
MESSAGE = ("kanaal", "hoofdObject", "resource", "resourceUrl", "actie", "aanmaakdatum")
CLOUD_EVENT = ("id", "source", "specversion", "type")
ZAAK = ("url", "uuid", "identificatie", "bronorganisatie", "startdatum", "verantwoordelijkeOrganisatie", "zaaktype")
"""What the published schemas require, or always give."""


def changes(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in FIXTURES.joinpath(f"{name}.jsonl").read_text().splitlines() if line[0] == "{"]


@pytest.fixture
def source(tmp_path: Path) -> Iterator[OpenZaakSimulator]:
    simulator = OpenZaakSimulator(tmp_path)
    simulator.start()
    yield simulator
    simulator.close()


@pytest.fixture
def config(source: OpenZaakSimulator) -> OpenZaakConfig:
    return OpenZaakConfig.model_validate({"instance": "openzaak", **source.settings()})


@pytest.fixture
def connector(config: OpenZaakConfig) -> Iterator[OpenZaakConnector]:
    receiver = Receiver(config, "openzaak")
    made = OpenZaakConnector(config)
    yield made
    made.close()
    receiver.stop()


def drafts(connector: OpenZaakConnector, batch: Batch) -> list[Draft]:
    return [draft for record in batch.records for draft in connector.translate(record)]


def event(content: object) -> Event:
    return Event(1, json.dumps({"type": "nl.regiehub.webhook", "data": content}).encode())


@pytest.mark.parametrize("name", ["valid", "corrected", "deleted", "recreated"])
def test_the_fixtures_have_the_published_shapes(name: str) -> None:
    for change in changes(name):
        notice, zaak = change["notificatie"], change["zaak"]
        required = CLOUD_EVENT if "specversion" in notice else MESSAGE
        assert not [field for field in required if not notice.get(field)]
        assert zaak is None or not [field for field in ZAAK if not zaak.get(field)]


def test_a_zaak_is_found_by_its_client_and_says_how_far_it_is(
    source: OpenZaakSimulator, connector: OpenZaakConnector
) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    batch = connector.poll(Cursor(state={"inbox": 0}))
    last = {(str(draft.record_type), draft.dossier_id[-1]): draft.body for draft in drafts(connector, batch)}
    composition, running, ended = (last[key] for key in [("composition", "1"), *(("support_request", n) for n in "12")])
    assert isinstance(composition, Composition) and isinstance(running, SupportRequest)
    assert (composition.kind, composition.status, len(composition.members)) == ("request", "closed", 1)
    assert (running.state, running.product, running.decided_on) == ("under_investigation", "Melding Wmo", None)
    assert isinstance(ended, SupportRequest) and (ended.state, str(ended.decided_on)) == ("granted", "2026-02-02")


@pytest.mark.parametrize("start", [None, Cursor(state={"inbox": 0})], ids=["stock", "events"])
def test_every_request_counts_towards_the_limit(
    source: OpenZaakSimulator, connector: OpenZaakConnector, start: Cursor | None
) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    with patch.object(httpx.Client, "get", autospec=True, side_effect=httpx.Client.get) as get:
        batch = connector.poll(start)
    assert batch.requests == get.call_count > len(batch.records) > 0


def test_nothing_but_the_number_of_the_person_is_kept(source: OpenZaakSimulator, connector: OpenZaakConnector) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    said = " ".join(draft.model_dump_json() for draft in drafts(connector, connector.poll(Cursor(state={"inbox": 0}))))
    assert "Bakker" not in said and "Jansen" not in said


def test_other_kinds_of_zaken_are_never_asked_for(config: OpenZaakConfig) -> None:
    notice = changes("valid")[0]["notificatie"]
    other = {**notice, "kenmerken": {**notice["kenmerken"], "zaaktype": "https://openzaak.example/other"}}
    with patch.object(ZakenApi, "_get", side_effect=AssertionError("asked")):
        connector = OpenZaakConnector(config)
        assert connector.fetch(event(other)) is None
        assert connector.fetch(event({**notice, "kanaal": "documenten"})) is None
        decision = {"type": "nl.overheid.besluiten.besluit-verwerkt", "subject": notice["hoofdObject"][-36:]}
        assert connector.fetch(Event(1, json.dumps(decision).encode())) is None
    connector.close()


@pytest.mark.parametrize("closed", ["/zaken/", "/rollen"])
def test_a_zaak_that_alone_is_closed_to_us_is_set_aside_and_stops_nothing(
    source: OpenZaakSimulator, config: OpenZaakConfig, closed: str
) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    asked = ZakenApi._get

    def get(api: ZakenApi, path: str, query: dict[str, str]) -> dict[str, object] | None:
        if path.startswith(closed):
            raise SourceRejected("closed", FORBIDDEN)
        return asked(api, path, query)

    connector = OpenZaakConnector(config)
    notice = changes("valid")[1]["notificatie"]
    with patch.object(ZakenApi, "_get", get):
        payload = connector.fetch(event(notice))
    assert payload is not None
    with pytest.raises(TranslationError, match="zaak"):
        connector.translate(RawRecord(position="1", payload=payload))
    connector.close()


def test_when_all_is_closed_the_source_rejects_us(source: OpenZaakSimulator) -> None:
    connector = OpenZaakConnector(OpenZaakConfig.model_validate({"instance": "openzaak", **source.refused()}))
    with pytest.raises(SourceRejected, match="403"):
        connector.fetch(event(changes("valid")[0]["notificatie"]))
    connector.close()


@pytest.mark.parametrize("strange", [["x"], {"x": 1}, 1, False])
def test_a_type_that_is_no_text_says_nothing_and_the_zaak_is_asked_for(
    source: OpenZaakSimulator, config: OpenZaakConfig, strange: object
) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    notice = changes("valid")[0]["notificatie"]
    connector = OpenZaakConnector(config)
    assert connector.fetch(event({**notice, "kenmerken": {"zaaktype": strange}})) is not None
    connector.close()


@pytest.mark.parametrize(
    "elsewhere", ["http://169.254.169.254/latest", "https://evil.example/zaken/..%2f..%2fadmin", ""]
)
def test_an_address_in_a_notification_is_not_followed(config: OpenZaakConfig, elsewhere: str) -> None:
    notice = {**changes("valid")[0]["notificatie"], "hoofdObject": elsewhere}
    with patch.object(ZakenApi, "_get", side_effect=AssertionError("asked")):
        connector = OpenZaakConnector(config)
        payload = connector.fetch(event(notice))
    assert payload is not None
    with pytest.raises(TranslationError):
        connector.translate(RawRecord(position="1", payload=payload))
    connector.close()


def test_an_address_of_another_host_is_asked_at_ours(config: OpenZaakConfig) -> None:
    notice = changes("valid")[0]["notificatie"]
    uuid = notice["hoofdObject"][-36:]
    asked: list[str] = []

    def get(_: ZakenApi, path: str, query: dict[str, str]) -> None:
        asked.append(path)

    with patch.object(ZakenApi, "_get", get):
        connector = OpenZaakConnector(config)
        assert connector.fetch(event({**notice, "hoofdObject": f"https://evil.example/{uuid}"})) is not None
    assert asked == [f"/zaken/{uuid}"]
    connector.close()


def test_the_stock_loses_no_zaak_to_one_that_is_deleted_meanwhile(
    source: OpenZaakSimulator, connector: OpenZaakConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("connectors.openzaak.connector.PAGE", "connectors.openzaak.simulator.PAGE"):
        monkeypatch.setattr(owner, 2)
    first = changes("valid")[1]
    source.apply_many(_numbered(first, number) for number in range(1, 8))
    cursor: Cursor | None = None
    seen: set[str] = set()
    for poll in range(4):
        batch = connector.poll(cursor)
        cursor = batch.cursor
        seen |= {draft.dossier_id for draft in drafts(connector, batch)}
        if poll == 1:  # numbers 7 and 6, 5 were read; 1 goes, so that the others move up
            source.apply({**_numbered(first, 1), "zaak": None})
    assert {dossier[-1] for dossier in seen} >= set("234567")
    assert cursor is not None and cursor.state == {"inbox": 0}


def _numbered(change: dict[str, Any], number: int) -> dict[str, Any]:
    """The same for another zaak."""
    text = json.dumps(change).replace("-b3fc-000000000001", f"-b3fc-{number:012}")
    return dict(json.loads(text.replace("ZAAK-2026-0000000001", f"ZAAK-2026-{number:010}")))


def test_single_zaken_can_be_read_again(source: OpenZaakSimulator, connector: OpenZaakConnector) -> None:
    source.load(Path(str(FIXTURES / "valid.jsonl")))
    items = list(connector.inventory())
    assert {item.deleted for item in items} == {False} and len(items) == 4
    again = [draft for record in connector.reread(items) for draft in connector.translate(record)]
    assert {(draft.record_type.value, draft.record_id, draft.version) for draft in again} == {
        (item.record_type, item.record_id, item.version) for item in items
    }


@pytest.mark.parametrize("unread", ["two clients", "no date"])
def test_a_zaak_that_became_unreadable_is_still_held(
    source: OpenZaakSimulator, connector: OpenZaakConnector, unread: str
) -> None:
    """Or else a repair would delete what was published of it."""
    change = changes("valid")[1]
    source.apply(change)
    before = {item[:3]: item.version for item in connector.inventory()}
    zaak = {**change["zaak"], "registratiedatum": "no date"}
    source.apply({**change, "rollen": change["rollen"] * 2} if unread == "two clients" else {**change, "zaak": zaak})
    after = {item[:3]: item.version for item in connector.inventory() if not item.deleted}
    assert after.keys() == before.keys() and len(after) == 2
    assert after == before if unread == "two clients" else set(after.values()) == {0}


def test_a_place_in_the_stock_of_somebody_else_is_refused(connector: OpenZaakConnector) -> None:
    for place in ([9, 1], [0, "x"], ["0", 1]):
        with pytest.raises(SourceRejected):
            connector.poll(Cursor.model_validate({"state": {"inbox": 0, "stock": place}}))
