"""Looking after a running hub: sources that lose, edit silently and are restored from a backup are found out and
repaired; dead letters are dealt with; a source is paused; and `status` says what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.zcd.simulator import ZcdSimulator
from hub.connect.simulator import Simulator
from hub.demo import once
from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.demo.brokers.ports import free_port
from hub.demo.delivery import Deliverer
from hub.demo.lag import Gauge
from hub.demo.stack import SOURCES, Stack
from hub.demo.users import OPERATOR
from hub.desk.login.sessions import form_token
from hub.desk.pages import FORM_TOKEN_HEADER
from hub.desk.site import SESSION_COOKIE
from tests.connectors.sources import mens_contact, mens_removal, zcd_contact, zcd_removal
from tests.stream.demos import eventually
from tests.stream.operated import back_up, regiehub, regiehub_apart, restore

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way"),
    pytest.mark.timeout(400),
]
HOUSEHOLDS = 8
SECONDS = 60.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One hub for all tests of this file: each leaves it in sync."""
    try:
        with Stack(EmbeddedBroker(), port=free_port()) as running:
            Deliverer(running.simulators).deliver_all(once.new_town(HOUSEHOLDS, 3).fill())
            at_rest(running)
            yield running
    except BrokerNotInstalled as missing:
        pytest.skip(missing.user_message)


def at_rest(stack: Stack) -> None:
    gauge = Gauge(stack)
    try:
        gauge.await_zero()
    finally:
        gauge.close()


def zcd(stack: Stack) -> ZcdSimulator:
    simulator: Simulator = stack.simulators["zcd"]
    assert isinstance(simulator, ZcdSimulator)
    return simulator


def menscentraal(stack: Stack) -> MensCentraalSimulator:
    simulator: Simulator = stack.simulators["menscentraal"]
    assert isinstance(simulator, MensCentraalSimulator)
    return simulator


def dossier_of(stack: Stack, source: str) -> str:
    """A dossier that the source holds."""
    name, kind = ("dossiernummer", "soort") if source == "zcd" else ("dossier_nr", "tabel")
    records = stack.simulators[source].final_records()
    return next(
        str(r[name]) for r in records if r[kind] == "dossier" and r.get("actie") != "verwijderd" and r.get("payload", 1)
    )


def counts(report: dict[str, Any]) -> dict[str, int]:
    return {kind: number for kind, number in report["counts"].items() if number}


def test_a_hub_in_sync_is_healthy_and_complete(stack: Stack) -> None:
    reports = regiehub(stack, "reconcile", "--json").value
    assert {report["source"]: counts(report) for report in reports} == {name: {} for name in SOURCES}
    assert {report["source"] for report in reports if report["records"] > 10} >= {"zcd", "menscentraal"}
    assert eventually(lambda: all(s["completeness"] for s in status(stack)["sources"]), SECONDS)
    found = status(stack)
    assert found["healthy"]
    assert found["workers"] == 1
    assert {source["completeness"]["missing"] for source in found["sources"]} == {0}
    assert regiehub(stack, "status").out.splitlines()[-1].startswith(("healthy", "next: regiehub dead-letter list"))


def status(stack: Stack) -> dict[str, Any]:
    value: dict[str, Any] = regiehub(stack, "status", "--json", code=None).value
    return value


@pytest.mark.parametrize("source", ["zcd", "menscentraal"])
def test_what_a_source_lost_on_the_way_is_found_and_lands(stack: Stack, source: str) -> None:
    simulator = zcd(stack) if source == "zcd" else menscentraal(stack)
    contact, removal = (zcd_contact, zcd_removal) if source == "zcd" else (mens_contact, mens_removal)
    dossier = dossier_of(stack, source)
    simulator.apply_many([contact(f"{source}-{n}", 1, dossier=dossier) for n in range(3)])
    at_rest(stack)
    simulator.apply_silently([contact(f"{source}-0", 2, dossier=dossier), contact(f"{source}-9", 1, dossier=dossier)])
    simulator.apply_silently([removal(f"{source}-1", 2) | {_dossier(source): dossier}])
    (found,) = regiehub(stack, "reconcile", source, "--json", code=1).value
    assert counts(found) == {"missing": 1, "stale": 1, "extra": 1}
    assert sum(team["differing"] for team in found["teams"]) == 3
    assert eventually(lambda: not status(stack)["healthy"], SECONDS)
    said = regiehub(stack, "status", code=1).out
    assert said.splitlines()[-1] == f"next: regiehub reconcile {source} --repair"
    (repaired,) = regiehub(stack, "reconcile", source, "--repair", "--json").value
    assert (repaired["landed"], repaired["differing"], len(repaired["repaired"])) == (True, 0, 3)
    assert eventually(lambda: bool(status(stack)["healthy"]), SECONDS)


def _dossier(source: str) -> str:
    return "dossiernummer" if source == "zcd" else "dossier_nr"


def test_what_a_source_tells_late_twice_or_out_of_order_is_no_difference(stack: Stack) -> None:
    """Told by nobody yet: not there. Found, repaired, and only then told: what was repaired stays as it is."""
    dossier = dossier_of(stack, "zcd")
    zcd(stack).apply_many([zcd_contact("turned", version, dossier=dossier) for version in (1, 3, 2)])
    late = zcd(stack).apply_late([zcd_contact("delayed", 1, dossier=dossier)])
    at_rest(stack)
    assert differing(stack, "zcd") == {}
    zcd(stack).apply_silently([zcd_contact("turned", 4, dossier=dossier)])
    regiehub(stack, "reconcile", "zcd", "--repair")
    late.release()
    zcd(stack).apply_many([zcd_contact("turned", version, dossier=dossier) for version in (4, 2)])
    at_rest(stack)
    assert differing(stack, "zcd") == {}


def differing(stack: Stack, source: str) -> dict[str, int]:
    (found,) = regiehub(stack, "reconcile", source, "--json", code=None).value
    return counts(found)


def test_a_silent_edit_under_an_equal_version_is_found_by_reading_the_content(stack: Stack) -> None:
    dossier = dossier_of(stack, "zcd")
    zcd(stack).apply(zcd_contact("silent", 1, dossier=dossier))
    at_rest(stack)
    edited = zcd_contact("silent", 1, dossier=dossier) | {"gegevens": {"soort": "huisbezoek", "op": "2026-01-06"}}
    zcd(stack).apply_silently([edited])
    (found,) = regiehub(stack, "reconcile", "zcd", "--json").value
    assert counts(found) == {}
    (repaired,) = regiehub(stack, "reconcile", "zcd", "--repair", "--content", "--json").value
    assert (repaired["landed"], repaired["differing"], repaired["published"]) == (True, 0, 1)


def test_a_source_that_is_restored_from_a_backup_wins_after_a_reset(stack: Stack, tmp_path: Path) -> None:
    dossier = dossier_of(stack, "zcd")
    zcd(stack).apply_many([zcd_contact("kept", 1, dossier=dossier)])
    at_rest(stack)
    back_up(stack, "zcd", tmp_path / "backup")
    zcd(stack).apply_many([zcd_contact("kept", 2, dossier=dossier), zcd_contact("lost", 1, dossier=dossier)])
    at_rest(stack)
    restore(stack, "zcd", tmp_path / "backup")
    assert eventually(lambda: stack.children["connector zcd"].exit_code() is not None, SECONDS)
    (found,) = regiehub(stack, "reconcile", "zcd", "--json", code=1).value
    assert counts(found) == {"ahead": 1, "extra": 1}
    said = regiehub(stack, "status", code=1).out
    assert said.splitlines()[-1] == "next: regiehub connector reset zcd --new-epoch"
    asked = regiehub(stack, "connector", "reset", "zcd", "--new-epoch", answer="n\n", code=1).out
    assert "epoch    0 -> 1" in asked
    regiehub(stack, "connector", "reset", "zcd", "--new-epoch", "--yes")
    stack.start("connector zcd")
    assert eventually(lambda: epoch(stack) == 1, SECONDS)
    assert eventually(lambda: regiehub(stack, "reconcile", "zcd", "--repair", code=None).code == 0, 2 * SECONDS)
    (after,) = regiehub(stack, "reconcile", "zcd", "--json").value
    assert counts(after) == {}


def epoch(stack: Stack) -> int:
    return max(int(source["source_epoch"]) for source in status(stack)["sources"] if source["source"] == "zcd")


def test_dead_letters_are_seen_replayed_and_discarded(stack: Stack) -> None:
    already = {letter["position"] for letter in letters(stack)}
    menscentraal(stack).apply('{"tabel": "plandoel", "family": "Plantagenet-Teststeen"')
    assert eventually(lambda: len(letters(stack)) == len(already) + 1, SECONDS)
    (position,) = {letter["position"] for letter in letters(stack)} - already
    shown = regiehub(stack, "dead-letter", "show", "menscentraal", position).out
    assert "missing_field" in shown
    assert "Plantagenet" not in shown
    regiehub(stack, "dead-letter", "show", "menscentraal", position, "--content", code=2)
    words = ("dead-letter", "show", "menscentraal", position, "--content", "--why", "melding 12")
    opened = regiehub_apart(stack, *words)
    assert "Plantagenet" in opened.out
    assert "dead_letter_content_shown" in opened.err
    regiehub(stack, "dead-letter", "replay", code=2)
    regiehub(stack, "dead-letter", "replay", "--position", position, "--by", "olga")
    assert eventually(lambda: attempts(stack, position) == [2], SECONDS)
    regiehub(stack, "dead-letter", "discard", "--source", "menscentraal", "--why", "proefgegevens", "--by", "olga")
    assert not letters(stack)
    settled = {letter["position"]: letter for letter in letters(stack, "--settled")}
    assert (settled[position]["state"], settled[position]["why"]) == ("discarded", "proefgegevens")


def letters(stack: Stack, *options: str) -> list[dict[str, Any]]:
    words = ("dead-letter", "list", "--source", "menscentraal", "--json", *options)
    value: list[dict[str, Any]] = regiehub(stack, *words).value
    return value


def attempts(stack: Stack, position: str) -> list[int]:
    return [letter["attempt"] for letter in letters(stack) if letter["position"] == position]


def test_a_paused_source_stands_still_until_it_is_resumed(stack: Stack) -> None:
    regiehub(stack, "connector", "pause", "menscentraal", "--why", "onderhoud", "--by", "olga")
    assert eventually(lambda: state(stack) == "paused", SECONDS)
    menscentraal(stack).apply(mens_contact("during", 1, dossier=dossier_of(stack, "menscentraal")))
    (found,) = regiehub(stack, "reconcile", "menscentraal", "--json", code=1).value
    assert counts(found) == {"missing": 1}
    regiehub(stack, "connector", "resume", "menscentraal")
    assert eventually(lambda: state(stack) == "running", SECONDS)
    assert eventually(lambda: regiehub(stack, "reconcile", "menscentraal", code=None).code == 0, SECONDS)


def state(stack: Stack) -> str:
    (found,) = [source["state"] for source in status(stack)["sources"] if source["source"] == "menscentraal"]
    return str(found)


def test_the_console_of_a_town_names_nobody_and_compares_when_asked(stack: Stack) -> None:
    menscentraal(stack).apply('{"tabel": "plandoel", "family": "Plantagenet-Teststeen"')
    assert eventually(lambda: bool(letters(stack)), SECONDS)
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=30.0, follow_redirects=True) as client:
        client.post("/inloggen", data={"token": stack.tokens[OPERATOR]})
        client.headers[FORM_TOKEN_HEADER] = form_token(client.cookies[SESSION_COOKIE])
        assert eventually(lambda: "menscentraal" in client.get("/beheer").text, SECONDS)
        before = compared_at(stack)
        assert client.post("/beheer/bronnen/menscentraal", data={"doen": "compare"}).is_success
        assert eventually(lambda: compared_at(stack) != before, SECONDS)
        position = letters(stack)[0]["position"]
        paths = ["", "/bronnen/zcd", "/bronnen/menscentraal?terug=reset", "/onleesbaar"]
        paths.append(f"/onleesbaar/een?bron=menscentraal&plaats={position}")
        pages = {path: client.get(f"/beheer{path}") for path in paths}
        scraped = httpx.get(f"http://127.0.0.1:{stack.metrics_ports['desk']}/metrics", trust_env=False).text
        assert client.post("/beheer/onleesbaar", data={"doen": "discard", "welke": "all", "why": "proef"}).is_success
    assert eventually(lambda: not letters(stack), SECONDS)
    personal = set(named(stack)) | {"Plantagenet"}
    assert len(personal) > 50
    for path, page in pages.items():
        assert page.is_success, path
        assert not {text for text in personal if re.search(rf"\b{re.escape(text)}\b", page.text)}, path
    assert 'regiehub_source_fresh_timestamp_seconds{point="visible",source="menscentraal"}' in scraped


PERSONAL = {
    "bsn", "voornaam", "voornamen", "roepnaam", "achternaam", "geslachtsnaam", "straat", "postcode", "naam", "telefoon",
    "email", "tel", "mail",
}  # fmt: skip


def named(stack: Stack) -> Iterator[str]:
    """Names, numbers and addresses of everybody in the town, as the sources hold them."""
    waiting: list[object] = [
        record for source in ("zcd", "menscentraal") for record in stack.simulators[source].final_records()
    ]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and item.startswith("{"):
            waiting.append(json.loads(item))
        elif isinstance(item, Mapping):
            yield from (
                text for name in PERSONAL & item.keys() if isinstance(text := item[name], str) and len(text) > 3
            )
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def compared_at(stack: Stack) -> str | None:
    (found,) = [source["completeness"] for source in status(stack)["sources"] if source["source"] == "menscentraal"]
    return str(found["checked_at"]) if found else None


def test_a_backfill_of_a_running_source_publishes_all_of_it_again_and_changes_no_page(stack: Stack) -> None:
    asked = regiehub(stack, "connector", "backfill", "zcd", "--all", answer="n\n", code=1).out
    assert "live changes go on meanwhile" in asked and backfill(stack) is None
    regiehub(stack, "connector", "backfill", "zcd", "--all", "--yes", "--by", "olga")
    assert eventually(lambda: bool(backfill(stack)["done_at"]), SECONDS)
    assert backfill(stack)["published"] > 0
    at_rest(stack)
    (found,) = regiehub(stack, "reconcile", "zcd", "--json").value
    assert found["differing"] == 0


def backfill(stack: Stack) -> Any:
    """That of zcd, as the list of connectors says it."""
    listed = regiehub(stack, "connector", "list", "--json").value
    (source,) = next(item["sources"] for item in listed if item["name"] == "zcd")
    return source["backfill"]


def test_a_person_who_is_erased_stays_erased_and_nothing_differs(stack: Stack, tmp_path: Path) -> None:
    dossier = dossier_of(stack, "zcd")
    bsn = client_of(stack, dossier)
    before = inspected(stack, bsn, tmp_path)
    assert dossier in {item["dossier_id"] for item in before["dossiers"]}
    ordered = person(stack, bsn, tmp_path, "erase", "--why", "Jeugdwet 7.3.9", "--yes")
    assert dossier in {item["dossier_id"] for item in ordered["dossiers"]}
    assert eventually(lambda: not inspected(stack, bsn, tmp_path)["held"], SECONDS)
    zcd(stack).apply(zcd_contact("after", 1, dossier=dossier))
    for source in ("zcd", "menscentraal"):
        (found,) = regiehub(stack, "reconcile", source, "--json").value
        assert found["differing"] == 0, "what is withheld is no difference"
    regiehub(stack, "connector", "backfill", "zcd", "--all", "--yes")
    assert eventually(lambda: bool(backfill(stack)["done_at"]), SECONDS)
    at_rest(stack)
    assert not inspected(stack, bsn, tmp_path)["held"]


def client_of(stack: Stack, dossier: str) -> str:
    """The number that the source has of its client."""
    records = stack.simulators["zcd"].final_records()
    (content,) = [r["gegevens"] for r in records if r["soort"] == "dossier" and r["dossiernummer"] == dossier]
    assert isinstance(content, dict)
    return str(next(line["bsn"] for line in content["gezinsleden"] if line["client"]))


def inspected(stack: Stack, bsn: str, folder: Path) -> dict[str, Any]:
    return person(stack, bsn, folder, "inspect")


def person(stack: Stack, bsn: str, folder: Path, *words: str) -> dict[str, Any]:
    """What the command of that name says of somebody."""
    file = folder / "token"
    file.write_text(stack.tokens["inzage"])
    file.chmod(0o600)
    asked = ("person", "--desk", stack.url, "--token-file", str(file), *words, "--json")
    value: dict[str, Any] = regiehub(stack, *asked, answer=f"{bsn}\n").value
    return value


def test_a_worker_that_is_gone_is_the_cause_that_status_names(stack: Stack) -> None:
    stack.children["stream"].stop(20)
    assert eventually(lambda: status(stack)["workers"] == 0, SECONDS)
    said = regiehub(stack, "status", code=1).out
    assert "No stream worker runs" in said
    assert said.splitlines()[-1] == "next: regiehub run stream"
    zcd(stack).apply(zcd_contact("late", 1, dossier=dossier_of(stack, "zcd")))
    assert eventually(lambda: held_up(stack) > 1.0, SECONDS), "the freshness of what is seen stands still, and is told"
    stack.start("stream")
    assert eventually(lambda: status(stack)["workers"] == 1, SECONDS)
    assert eventually(lambda: held_up(stack) == 0.0, SECONDS)


def held_up(stack: Stack) -> float:
    """By how many seconds what is seen of zcd is older than what is published."""
    (found,) = [source["freshness_seconds"] for source in status(stack)["sources"] if source["source"] == "zcd"]
    return float(found["visible"] - found["published"])
