"""A vendor's secrets are marked where settings are described, and are never printed, whatever goes wrong."""

from __future__ import annotations

import pytest

from hub.connect import Batch, ConnectorConfig, Cursor
from hub.connect.conformance import CHECKS, Outcome
from hub.connect.host import configured
from hub.connect.push import PushConfig
from hub.connect.template.regiehub_acme.config import AcmeConfig
from hub.connect.template.regiehub_acme.connector import AcmeConnector
from hub.errors import ConfigError
from tests.vendor.acme import acme
from tests.vendor.test_broken import failed_by
from tests.vendor.test_commands import REFERENCE

SECRET = "GEHEIM-van-de-bron-0123"
WEB = {"instance": "acme", "base_url": "http://127.0.0.1:9", "api_token": SECRET}
PUSH = {"instance": "acme", "inbox_folder": "/nowhere", "listen_port": 1, "receiver_token": SECRET}


@pytest.mark.parametrize(
    ("kind", "given", "name"), [(AcmeConfig, WEB, "api_token"), (PushConfig, PUSH, "receiver_token")]
)
def test_a_secret_is_marked_and_masks_itself(kind: type[ConnectorConfig], given: dict[str, object], name: str) -> None:
    properties = kind.model_json_schema()["properties"]
    assert [item for item, schema in properties.items() if schema.get("writeOnly")] == [name]
    config = kind.model_validate(given)
    assert SECRET not in f"{config!r}{config}{config.model_dump()}{config.model_dump_json()}"


@pytest.mark.parametrize("wrong", [{"api_token": [SECRET]}, {"base_url": SECRET}, {"api_tokn": SECRET}])
def test_what_is_wrong_with_settings_names_the_setting_and_never_its_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(REFERENCE, WEB | wrong)
    error = refused.value
    assert SECRET not in f"{error}{error.user_message}{error.detail}{error.__cause__}"
    assert next(iter(wrong)) in str(error)


class Chatty(AcmeConnector):
    """Prints its token."""

    def __init__(self, config: AcmeConfig) -> None:
        super().__init__(config)
        self._token = config.api_token.get_secret_value()

    def poll(self, cursor: Cursor | None) -> Batch:
        """One page."""
        print("asking with", self._token)  # noqa: T201 - its defect
        return super().poll(cursor)


class Open(AcmeConnector):
    """Shows its token."""

    def __init__(self, config: AcmeConfig) -> None:
        super().__init__(config)
        self._token = config.api_token.get_secret_value()

    def __repr__(self) -> str:
        return f"Open({self._token})"


@pytest.mark.parametrize("kind", [Chatty, Open])
def test_the_kit_finds_a_connector_that_says_its_secret(kind: type[AcmeConnector]) -> None:
    (result,) = failed_by(acme(kind), [check for check in CHECKS if check.number == "C12"]).values()
    assert result.outcome is Outcome.FAILED
    assert "a secret" in result.seen
