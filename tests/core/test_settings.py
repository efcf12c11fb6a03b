from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.errors import ConfigError
from hub.settings import PREFIX, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_files_that_are_not_given_lie_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGIEHUB_DATA_FOLDER", str(tmp_path))
    settings = load_settings()
    assert settings.secrets_file == tmp_path / "secrets" / "keys.json"
    assert settings.connectors_file == tmp_path / "secrets" / "connectors.yaml"
    assert settings.desk_tokens_file == tmp_path / "secrets" / "tokens.json"
    assert settings.desk_database == f"sqlite:///{tmp_path}/desk/desk.sqlite"


def test_a_file_that_is_given_lies_where_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGIEHUB_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("REGIEHUB_SECRETS_FILE", "/run/credentials/keys.json")
    assert load_settings().secrets_file == Path("/run/credentials/keys.json")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("REGIEHUB_DATA_FOLDER", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.setting == "REGIEHUB_DATA_FOLDER"
    assert caught.value.tried == ("environment variable REGIEHUB_DATA_FOLDER",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MUNICIPALITY", "Rotterdam"), ("METRICS_PORT", "70000"), ("KEY_GENERATION", "geheim"), ("POLL_SECONDS", "0")],
)
def test_a_wrong_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv("REGIEHUB_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv(f"REGIEHUB_{name}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.setting == f"REGIEHUB_{name}"
    assert value not in str(caught.value) or value == "0"


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path)
    with pytest.raises(ValidationError):
        settings.broker = "elsewhere:9092"  # type: ignore[misc]  # that is the test


def test_no_setting_holds_a_secret_itself() -> None:
    words = ("secret", "password", "token", "key")
    holders = {name for name in Settings.model_fields if any(word in name for word in words)}
    assert holders == {"secrets_file", "desk_tokens_file", "oidc_client_secret_file", "key_generation"}


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
