"""Settings of the MensCentraal connector."""

from __future__ import annotations

from pydantic import Field, SecretStr

from hub.connect import ConnectorConfig


class MensCentraalConfig(ConnectorConfig):
    """How to read one MensCentraal database."""

    instance: str = Field(
        default="menscentraal",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Name of this source in the hub.",
    )
    url: SecretStr = Field(description="SQLAlchemy address of the database; it may hold a password.")
    page_size: int = Field(default=200, ge=1, le=400, description="Rows read at once.")
    timeout_seconds: float = Field(default=5.0, ge=1, le=60, description="Longest time that one query takes.")
