"""Settings of the Acme connector."""

from __future__ import annotations

from pydantic import Field, SecretStr

from hub.connect import ConnectorConfig


class AcmeConfig(ConnectorConfig):
    """How to reach one Acme."""

    base_url: str = Field(pattern=r"^https?://", description="Address of Acme.")
    api_token: SecretStr = Field(description="Token that Acme gave to the municipality.")
    page_size: int = Field(default=100, ge=1, le=500, description="Changes asked for at once.")
    timeout_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest time that one request takes.")
