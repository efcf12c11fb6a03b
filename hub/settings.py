"""Settings of a process: `REGIEHUB_*` variables. Secrets never stand in them, only the paths of the files that hold
them."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import ConfigError

PREFIX: Final = "REGIEHUB_"


class Environment(StrEnum):
    """What this hub is for. DEMO: made-up people on one machine, so tokens and the demo's own provider will do."""

    PRODUCTION = "production"
    DEMO = "demo"


class Settings(BaseSettings):
    """What every process of the hub is told. Paths that are not given lie in the data folder."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    broker: str = Field(default="127.0.0.1:9092", description="Kafka's bootstrap address, host:port.")
    data_folder: Path = Field(
        description="Where processes keep their own files: one folder per machine, closed to connectors."
    )
    municipality: str = Field(default="0599", pattern=r"^[0-9]{4}$", description="Municipality code (CBS).")
    key_generation: int = Field(default=1, ge=1, description="Generation of the linking key; in every event.")
    incarnation: int = Field(default=0, ge=0, lt=2**20, description="Raised when the topics are made anew.")
    stream_id: str = Field(default="regiehub-stream", description="Name of the stream's consumer group.")
    stream_instance: str = Field(
        default="",
        description="Name of this worker in its group: a restart in time moves no partition. Each worker its own.",
    )
    session_timeout_seconds: float = Field(
        default=10.0, ge=1, le=300, description="Silence after which the partitions of a worker go to another."
    )
    secrets_file: Path = Field(default=Path(), description="The two keys, mode 0600; for ingest and desk only.")
    connectors_file: Path = Field(default=Path(), description="YAML: name of a source to its connector's settings.")
    poll_seconds: float = Field(default=0.5, gt=0, description="Pause between polls of a source that is up to date.")
    retry_seconds: float = Field(
        default=60.0, gt=0, description="Longest pause between tries of a source, or a log, that cannot be reached."
    )
    trace_seconds: float = Field(
        default=10.0, ge=0, description="Time between two changes of a source that are traced to the page; 0: none is."
    )
    heartbeat_seconds: float = Field(default=5.0, gt=0, description="Longest silence of a source's status.")
    dead_letter_percent: int = Field(default=20, ge=0, le=100, description="Above it a connector stops.")
    dead_letter_records: int = Field(default=200, ge=1, description="Records needed before that share counts.")
    reconcile_hours: float = Field(
        default=24.0,
        ge=0,
        le=24 * 31,
        description="How often each source is compared with the hub; 0: when asked only.",
    )
    environment: Environment = Field(
        default=Environment.PRODUCTION, description="production, or demo: only there demo tokens and http are taken."
    )
    desk_host: str = Field(
        default="127.0.0.1", description="Address on which the desk answers, in http: a TLS proxy stands before it."
    )
    desk_port: int = Field(default=8080, ge=0, le=65535, description="Port of the desk.")
    desk_address: str = Field(default="", description="At which people reach the desk: https://desk.example.org.")
    desk_proxies: str = Field(
        default="127.0.0.1",
        description="TLS proxies whose X-Forwarded-For is believed: addresses or networks, by comma. Behind another"
        " one all users count as one address.",
    )
    desk_tokens_file: Path = Field(default=Path(), description="JSON: token to user and role; in a demo only.")
    oidc_issuer: str = Field(
        default="", description="The OpenID provider, as it writes itself: https://id.example.org/realms/town."
    )
    oidc_client_id: str = Field(default="regiehub", min_length=1, description="The desk's name at the provider.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="The desk's secret at the provider, mode 0600; none: a public client."
    )
    oidc_audience: str = Field(
        default="regiehub-api", min_length=1, description="Audience (aud) of access tokens that open the API."
    )
    oidc_scope: str = Field(
        default="openid profile", pattern=r"^openid( |$)", description="What the desk asks of the provider."
    )
    oidc_user_claim: str = Field(
        default="preferred_username", min_length=1, description="Claim that names the user, for ever the same."
    )
    oidc_roles_claim: str = Field(
        default="realm_access.roles",
        min_length=1,
        description="Claim with the roles; dots lead into it. Exactly one must be a role of the desk.",
    )
    logins_per_minute: int = Field(default=30, ge=1, description="Of one user; ten times as many from one address.")
    requests_per_minute: int = Field(
        default=600, ge=1, description="To pages and API, of one user; ten times as many from one address."
    )
    desk_database: str = Field(default="", description="SQLAlchemy address of the read model.")
    looks_anchors_file: Path | None = Field(
        default=None, description="Where the head of the log of looks is anchored: outside the data folder; none: not."
    )
    looks_anchor_seconds: float = Field(default=300.0, ge=1, description="How often it is anchored.")
    prices_file: Path | None = Field(default=None, description="YAML: products with prices, and teams' budgets.")
    wams: bool = Field(default=False, description="Whether the act on manifold problems (Wams) is in force here.")
    emergency_hours: int = Field(default=4, ge=1, le=72, description="How long an emergency access lasts.")
    terms_file: Path | None = Field(default=None, description="YAML: terms of attention points; none: the defaults.")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Port of /metrics; 0: none.")
    metrics_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address of /metrics: elsewhere only in a closed network."
    )

    @model_validator(mode="before")
    @classmethod
    def _in_the_data_folder(cls, given: dict[str, Any]) -> dict[str, Any]:
        if "data_folder" not in given:
            return given
        folder = Path(given["data_folder"])
        defaults = {
            "secrets_file": folder / "secrets" / "keys.json",
            "connectors_file": folder / "secrets" / "connectors.yaml",
            "desk_tokens_file": folder / "secrets" / "tokens.json",
            "desk_database": f"sqlite:///{folder / 'desk' / 'desk.sqlite'}",
        }
        return defaults | given


def load_settings() -> Settings:
    """The settings out of the environment. Raises ConfigError that names the variable, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        if first["type"] == "missing":
            raise ConfigError(name, [f"environment variable {name}"]) from None
        problem = f"is not valid: {first['msg']}"
        raise ConfigError(name, [f"environment variable {name}"], problem=problem) from None


def read_private(path: Path, setting: str) -> bytes:
    """The content of a file that holds secrets. Raises ConfigError, in the name of the setting that points at the
    file, when it cannot be read or others may read it too."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except OSError as error:
        raise ConfigError(setting, [str(path)], problem=f"cannot be read ({error.strerror})") from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(setting, [str(path)], problem="may be read by its owner only: chmod 600")
    return data
