from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.connect.ingest.process import ConnectorDefectError, ConnectorProcess, scrubbed
from hub.connect.ingest.secrets import create_secrets_file, load_key_ring
from hub.connect.wire import Translated, Unreadable
from hub.errors import ConfigError, RejectReason, SourceRejected, SourceUnavailable
from tests.ingest.drafts import dossier, goal

pytestmark = pytest.mark.vendor
HERE = "tests.ingest.connectors_for_tests"
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are confined on Linux only")


def start(kind: str = "Obedient", *, denied: tuple[Path, ...] = (), **config: str) -> ConnectorProcess:
    return ConnectorProcess(f"{HERE}:{kind}", {"instance": "zcd", **config}, denied=denied)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def test_a_batch_crosses_the_pipe_whole() -> None:
    process = start(requests_per_second="2.5")
    try:
        batch = process.poll(None)
        assert batch is not None
        assert (batch.requests, process.requests_per_second) == (1, 2.5)
        assert batch.records == (
            Translated("1", (dossier(), goal())),
            Unreadable("2", RejectReason.MALFORMED, "gegevens", b"\xffbad"),
        )
        assert (batch.cursor, batch.more, process.version) == (Cursor(state={"at": 2}), True, "7")
        again = process.poll(batch.cursor)
        assert again is not None
        assert (again.cursor, again.more) == (Cursor(state={"at": 4}), False)
    finally:
        process.close()


def test_an_inventory_crosses_the_pipe_page_by_page() -> None:
    process = start(goals="1234")
    try:
        for _ in range(2):
            pages = list(process.inventory())
            assert [len(page) for page in pages] == [500, 500, 234]
            assert [item.version for page in pages for item in page] == list(range(1234))
    finally:
        process.close()


def test_records_are_read_and_translated_again_on_request() -> None:
    process = start("Rereading")
    try:
        again = process.reread([InventoryItem("Z-1", "goal", "D-1", 1, False)])
        kept = process.translate(
            [RawRecord(position="9", payload=b"\xffbad"), RawRecord(position="8", payload=b"good")]
        )
        assert again is not None
        assert kept is not None
        assert again.records == (Translated("again/D-1", (dossier(), goal())),)
        assert kept.records[0] == Unreadable("9", RejectReason.MALFORMED, "gegevens", b"\xffbad")
        assert kept.records[1] == Translated("8", (dossier(), goal()))
    finally:
        process.close()


def test_what_a_connector_prints_does_not_disturb_the_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    process = start(behave="noisy")
    try:
        assert process.poll(None) is not None
    finally:
        process.close()
    assert "must not reach the pipe" in capfd.readouterr().err


def test_a_source_that_is_down_is_told_apart_from_one_that_refuses() -> None:
    process = start(behave="unavailable")
    with pytest.raises(SourceUnavailable) as caught:
        process.poll(None)
    process.close()
    assert (caught.value.retry_after_seconds, caught.value.detail) == (12.5, "503")
    process = start(behave="rejected")
    with pytest.raises(SourceRejected, match="Wrong client"):
        process.poll(None)
    process.close()


def test_a_defect_is_reported_by_place_and_never_with_its_values() -> None:
    process = start(behave="broken")
    with pytest.raises(ConnectorDefectError) as caught:
        process.poll(None)
    process.close()
    assert "KeyError at connectors_for_tests.py" in str(caught.value)
    assert "Plantagenet" not in str(caught.value)


def test_a_connector_whose_process_vanishes_is_a_defect() -> None:
    process = start(behave="gone")
    with pytest.raises(ConnectorDefectError, match="ended by itself"):
        process.poll(None)
    process.close()


def test_a_draft_that_no_schema_knows_is_a_defect() -> None:
    process = start("Liar")
    with pytest.raises(ConnectorDefectError, match="nonsense"):
        process.poll(None)
    process.close()


def test_wrong_settings_name_the_field_and_not_its_value() -> None:
    with pytest.raises(ConfigError) as caught:
        start(tries="geheim", extra="x")
    assert "tries: int_parsing" in str(caught.value)
    assert "extra: extra_forbidden" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("reference", ["nobody", f"{HERE}:NoConnector", f"{HERE}:Nobody", "no.such.module:X"])
def test_a_connector_that_is_none_is_a_configuration_error(reference: str) -> None:
    with pytest.raises(ConfigError):
        ConnectorProcess(reference, {"instance": "zcd"})


def test_closing_ends_the_process() -> None:
    process = start()
    process.close()
    process.close()
    assert is_gone(process.pid)


@linux
def test_the_connector_dies_with_a_killed_parent() -> None:
    code = (
        "import sys; from hub.connect.ingest.process import ConnectorProcess;"
        f"p = ConnectorProcess('{HERE}:Obedient', {{'instance': 'zcd'}});"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    connector = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()
    until(lambda: is_gone(connector))


def test_a_connector_sees_locale_and_proxies_and_nothing_of_the_hub() -> None:
    environment = {"PATH": "/bin", "LC_ALL": "C", "https_proxy": "http://p", "REGIEHUB_BROKER": "b", "AWS_SECRET": "s"}
    assert scrubbed(environment) == {"PATH": "/bin", "LC_ALL": "C", "https_proxy": "http://p"}


def test_the_connectors_process_imports_nothing_of_ingest() -> None:
    code = "import hub.connect.host, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    strangers = ("hub.connect.ingest", "hub.settings", "hub.ops", "kafka", "sqlalchemy", "cryptography")
    assert not [name for name in modules if name.startswith(strangers)]


SPIED = """
import os, sys
from pathlib import Path
from hub.connect.ingest.process import ConnectorProcess, hide_memory
from hub.connect.ingest.runner import denied_to_connectors
from hub.connect.ingest.secrets import load_key_ring
from hub.settings import Settings
hide_memory()
folder = Path(sys.argv[1])
settings = Settings(data_folder=folder / "data", desk_tokens_file=folder / "elsewhere" / "tokens.json",
                    oidc_client_secret_file=folder / "elsewhere" / "login.txt")
ring = load_key_ring(settings.secrets_file, 1)
config = {"instance": "zcd", "look_at": str(folder), "tell": str(folder / "report" / "found.json")}
denied = denied_to_connectors(settings)
process = ConnectorProcess("tests.ingest.connectors_for_tests:Spy", config, denied=denied)
assert process.unconfined is None, process.unconfined
process.poll(None)
process.close()
"""


@linux
def test_a_hostile_connector_cannot_find_the_secret(tmp_path: Path) -> None:
    keys = tmp_path / "data" / "secrets" / "keys.json"
    create_secrets_file(keys)
    kept = [tmp_path / "data" / name for name in ("secrets/connectors.yaml", "ingest/other.sqlite", "desk/desk.sqlite")]
    tokens = tmp_path / "elsewhere" / "tokens.json"
    kept.append(tmp_path / "elsewhere" / "login.txt")
    for file in (*kept, tokens):
        file.parent.mkdir(exist_ok=True)
        file.write_text("of-another")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "readable.txt").write_text("an ordinary file")
    environment = os.environ | {"REGIEHUB_SECRETS_FILE": str(keys)}
    subprocess.run([sys.executable, "-c", SPIED, str(tmp_path)], env=environment, check=True, timeout=60)
    found = json.loads((tmp_path / "report" / "found.json").read_text())
    text = json.dumps(found)
    ring = load_key_ring(keys, 1)
    for secret in (ring.linking, ring.sealing):
        for form in (base64.b64encode(secret).decode(), secret.hex(), json.dumps(secret.decode("latin-1"))[1:-1]):
            assert form not in text
        assert repr(secret)[2:-1] not in text
    assert "of-another" not in text
    _assert_it_did_look(found, tmp_path)
    assert all(found["folder"][str(file)].startswith("refused") for file in (keys, tokens, *kept))
    assert found["parent"]["environ"].startswith("refused")
    assert found["parent"]["maps"].startswith("refused")
    assert found["parent_memory"].startswith("refused")
    assert not [name for name in found["environment"] if name.startswith("REGIEHUB")]
    assert not [target for target in found["descriptors"].values() if str(tmp_path) in target]


def _assert_it_did_look(found: dict[str, dict[str, str]], folder: Path) -> None:
    """The search itself works: it found what it may find."""
    assert found["folder"][str(folder / "report" / "readable.txt")] == "an ordinary file"
    assert len(found["objects"]) > 1000
    assert any(item.startswith("setup=") for item in found["frames"])
    assert len(found["descriptors"]) >= 4
