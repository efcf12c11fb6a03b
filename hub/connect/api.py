"""What a vendor implements: `Connector`, and the values that cross its border.

Layer: the vendor's side of `hub.connect`. Imports no kafka, faust, fastapi, sqlalchemy or prometheus_client,
and nothing that knows the municipality's secret.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from hub.errors import SourceRejected
from hub.events.records import Draft


class Cursor(BaseModel):
    """Where a connector is in its source. Opaque to the hub, which only stores it.

    Keep it under 64 KiB of JSON.
    `version` is that of the *form* of `state`: raise it when the form changes; go on reading the last one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = 1
    state: dict[str, JsonValue] = Field(default_factory=dict)


class RawRecord(BaseModel):
    """One record as the source gave it.

    `position`: its number in the source's feed, as shown to operations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    position: str
    payload: bytes = Field(repr=False)


class Batch(BaseModel):
    """Records read by one poll.

    `cursor` may be saved once *all* of them are published or dead-lettered, not before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    records: tuple[RawRecord, ...] = ()
    cursor: Cursor
    more: bool = False
    """Poll again at once: the source is known to hold more."""
    requests: int = Field(default=1, ge=0)
    """How many requests to the source this poll took: they count towards `requests_per_second`."""


class InventoryItem(NamedTuple):
    """What the source holds now of one record; `record_type` in the shared terms."""

    dossier_id: str
    record_type: str
    record_id: str
    version: int
    deleted: bool


class ConnectorConfig(BaseModel):
    """Settings of one instance of a connector. Subclass it; declare each secret as `pydantic.SecretStr`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    instance: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="Name of this source in the hub.")
    jurisdiction: str = Field(default="0599", pattern=r"^[0-9]{4}$", description="Municipality code (CBS).")
    requests_per_second: float | None = Field(
        default=None, ge=0.1, le=1000, description="Most requests a second to this source; none: as many as it answers."
    )


class Connector(ABC):
    """One source system, seen from the hub. Used by one thread of one process.

    The hub calls `poll` with the last *saved* cursor, publishes or dead-letters each record, then saves the
    batch's cursor: delivery is at-least-once, and the connector keeps no position of its own.
    """

    Config: ClassVar[type[ConnectorConfig]]
    version: ClassVar[str] = "0"
    """Version of the connector, stated in its dead letters."""
    inventory_is_complete: ClassVar[bool] = True
    """What `inventory` does not name is gone. False for a source that forgets what it once told, as a drop folder."""

    tells_every_change: ClassVar[bool] = True
    """False for a source that is asked how things stand now, as one whose events only point: what happened between two
    looks is not told. The newest always is."""

    records_change: ClassVar[bool] = True
    """False for a source of messages, each of which stands as it was sent: what corrects or takes back an earlier one
    is a message, and so a record, of its own. C15 and C17 see that it is so."""

    records_move: ClassVar[bool] = True
    """False where no record can ever go to another dossier. C17 sees that none does."""

    @classmethod
    def spec(cls) -> dict[str, JsonValue]:
        """The settings as a JSON schema, derived from `Config`; a secret is `writeOnly`."""
        return cls.Config.model_json_schema()

    @abstractmethod
    def __init__(self, config: ConnectorConfig) -> None:
        """Keep the settings. No IO: the hub builds connectors to list and describe them."""

    @abstractmethod
    def check(self) -> None:
        """See whether the source answers and lets us in.

        Raises SourceUnavailable or SourceRejected, and nothing else.
        """

    @abstractmethod
    def poll(self, cursor: Cursor | None) -> Batch:
        """Read what is new after the cursor; None: from the beginning. Blocks a few seconds at most.

        The same cursor may be given again (a crash, a failed publish): whatever was not saved comes again.
        Raises: SourceUnavailable (the hub backs off), SourceRejected (the hub stops this connector).
        """

    @abstractmethod
    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The shared events of one record. Pure: no IO, no clock, no state; equal records give equal events.

        Raises: TranslationError, and nothing else, whatever the bytes are.
        """

    @abstractmethod
    def inventory(self) -> Iterator[InventoryItem]:
        """Everything the source holds now, deleted records included where it still knows them; any order.

        Raises: SourceUnavailable, SourceRejected, at any step.
        """

    def reread(self, items: Sequence[InventoryItem]) -> Iterator[RawRecord]:
        """These records as the source holds them *now*, as `translate` reads them, whatever its feed says; any order.
        One that it does not know any more is left out. Asked for a few dozen at a time, when a reconciliation found a
        difference; without it such differences can only be mended by reading the feed again.

        Raises: SourceUnavailable, SourceRejected, at any step.
        """
        raise SourceRejected("This connector cannot read single records again.")

    @abstractmethod
    def close(self) -> None:
        """Let go of connections. May be called twice; nothing is called after it."""
