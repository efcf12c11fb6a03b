"""Settings of the iStandaarden connector."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from hub.connect import ConnectorConfig


class IStandaardenConfig(ConnectorConfig):
    """Where the messages of one municipality are dropped."""

    instance: str = Field(
        default="istandaarden",
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="Name of this source in the hub.",
    )
    folder: Path = Field(description="Folder in which the messages are dropped, a file each.")
    xsd_folder: Path | None = Field(
        default=None,
        description="Folder with the XSDs of release 3.2, as JW301.xsd, WMO301.xsd …, in it or in folders in it; "
        "a message that breaks its own is set aside. Messages whose XSD is not there are not checked against one.",
    )
    page_size: int = Field(default=100, ge=1, le=400, description="Files read at once.")
    settle_seconds: float = Field(
        default=2.0, ge=0.1, le=600, description="A file is read when it has not changed for so long."
    )
