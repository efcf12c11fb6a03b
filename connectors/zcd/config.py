"""Settings of the ZCD connector."""

from __future__ import annotations

from pydantic import Field, SecretStr

from hub.connect import ConnectorConfig


class ZcdConfig(ConnectorConfig):
    """How to reach one ZCD."""

    instance: str = Field(
        default="zcd", pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="Name of this source in the hub."
    )
    base_url: str = Field(pattern=r"^https?://", description="Address of ZCD, without /api.")
    client_id: str = Field(description="Client that ZCD gave to the municipality's hub.")
    client_secret: SecretStr = Field(description="Secret of that client.")
    page_size: int = Field(default=200, ge=1, le=500, description="Changes asked for at once.")
    timeout_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest time that one poll takes.")
