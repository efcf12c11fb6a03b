"""A source that pushes: the hub receives and keeps its events, the vendor declares and translates.

Layer: the vendor's side of `hub.connect`. The hub listens (`hub.connect.ingest.receiver`), checks who sends, and
answers when the event is on disk, in the inbox. From there on all is as with a source that is polled:
`PushConnector.poll` reads the inbox, and its cursor, retries and guarantees are those of every connector.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from pydantic import Field, JsonValue, SecretStr

from hub.connect.api import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord
from hub.connect.inbox import Event, Inbox
from hub.errors import SourceRejected, SourceUnavailable, TranslationError
from hub.events.records import Draft

EVENTS_PATH: Final = "/events"
"""Where the receiver takes events."""
_PAGE: Final = 100
_POLL_SECONDS: Final = 2.0
"""After so long a poll gives what it has: `fetch` may ask the source for each event."""
_CHECK_SECONDS: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
"""What the hub takes of one record; the NL GOV profile has intermediaries pass 64 KB on."""


class PushConfig(ConnectorConfig):
    """Where the hub listens for one source, and keeps what it hears. Subclass it; these settings are the hub's own:
    don't declare them anew."""

    inbox_folder: Path = Field(
        description="Folder of this source alone in which events wait; not within the hub's data folder."
    )
    listen_port: int = Field(ge=1, le=65535, description="Port on which the hub takes events, under /events.")
    listen_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on; keep to loopback behind a proxy with TLS."
    )
    receiver_token: SecretStr = Field(
        min_length=16, description="What the source must send: Authorization: Bearer, and this token."
    )
    max_event_bytes: int = Field(
        default=_MOST_BYTES, ge=1024, le=_MOST_BYTES, description="The largest request that is taken."
    )
    keep_days: int = Field(default=14, ge=1, le=366, description="Days after which a published event leaves the inbox.")


class Stock(NamedTuple):
    """A page of what the source holds now. `place`: where the next page begins, None after the last."""

    records: tuple[RawRecord, ...] = ()
    place: JsonValue = None


class PushConnector(Connector):
    """One source that pushes. `Config` must be a `PushConfig`. Cursor: the number of the last event in the inbox.

    Implement `translate`. Where the source can tell what it holds, also `stock`; where its events only point, `fetch`.
    """

    inventory_is_complete: ClassVar[bool] = False

    def __init__(self, config: PushConfig) -> None:
        self._push = config
        self._opened: Inbox | None = None

    def check(self) -> None:
        """See whether the hub listens for this source and takes its token; a `fetch` needs a check of its own."""
        connection = http.client.HTTPConnection(self._push.listen_host, self._push.listen_port, timeout=_CHECK_SECONDS)
        token = self._push.receiver_token.get_secret_value()
        try:
            connection.request("OPTIONS", EVENTS_PATH, headers={"Authorization": f"Bearer {token}"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(
                user_message="Nothing listens for its events: start regiehub run connector.",
                detail=type(error).__name__,
            ) from error
        finally:
            connection.close()
        if status == http.client.UNAUTHORIZED:
            raise SourceRejected("What listens for its events does not take the token.", str(status))
        if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
            raise SourceRejected("Something else listens on the port of its events.", str(status))

    def close(self) -> None:
        """Let go of the inbox."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def stock(self, place: JsonValue) -> Stock | None:
        """A page of what the source holds now; `place` None: the first. Asked for page by page before the first event;
        the events that come meanwhile are read after it, so that nothing falls in between, and what is in both is
        published once: give a record the same version here and there. None: this source cannot tell.

        Raises SourceUnavailable, SourceRejected."""
        del place
        return None

    def fetch(self, event: Event) -> bytes | None:
        """The record that an event tells of, for `translate`; None: it is none of ours. As it is: the event itself.

        Of a source whose events only point, ask the source, *whatever the event says happened*: a record that is gone
        must become a deletion. Called again for the same event after a crash. Raises SourceUnavailable, SourceRejected.
        """
        return event.body

    def poll(self, cursor: Cursor | None) -> Batch:
        """First the stock, if there is one, then the inbox."""
        after, place, is_stock = _read(cursor)
        if is_stock and (stock := self.stock(place)) is not None:
            state: dict[str, JsonValue] = {"inbox": after}
            if stock.place is not None:
                state["stock"] = stock.place
            return Batch(records=stock.records, cursor=Cursor(state=state), more=True)
        return self._received(after)

    def inventory(self) -> Iterator[InventoryItem]:
        """What the events that are still in the inbox say last of each record."""
        newest: dict[tuple[str, str], Draft] = {}
        for event in self._all():
            for draft in self._readable(event):
                register = (draft.record_type.value, draft.record_id)
                newest[register] = max(newest.get(register, draft), draft, key=lambda d: (d.version, d.recorded_at))
        for item in newest.values():
            yield InventoryItem(item.dossier_id, item.record_type.value, item.record_id, item.version, item.deleted)

    def _received(self, after: int) -> Batch:
        events = self._inbox().after(after, self._page())
        until = time.monotonic() + _POLL_SECONDS
        records: list[RawRecord] = []
        last = after
        for event in events:
            try:
                payload = self.fetch(event)
            except SourceUnavailable:
                if last == after:
                    raise
                break  # what was read goes on; the next poll begins with this event
            last = event.number
            if payload is not None:
                records.append(RawRecord(position=str(event.number), payload=payload))
            if time.monotonic() > until:
                break
        is_more = bool(events) and (last < events[-1].number or len(events) == self._page())
        asked = sum(event.number <= last for event in events) if self._asks else 0
        return Batch(records=tuple(records), cursor=Cursor(state={"inbox": last}), more=is_more, requests=asked)

    @property
    def _asks(self) -> bool:
        """Whether its source is asked for each event; that counts as one request."""
        return type(self).fetch is not PushConnector.fetch

    def _page(self) -> int:
        """Events of one poll: no more than the source may be asked for in its time."""
        limit = self._push.requests_per_second if self._asks else None
        return _PAGE if limit is None else max(1, min(_PAGE, int(limit * _POLL_SECONDS)))

    def _all(self) -> Iterator[Event]:
        last = 0
        while events := self._inbox().after(last, _PAGE):
            yield from events
            last = events[-1].number

    def _readable(self, event: Event) -> Sequence[Draft]:
        payload = self.fetch(event)
        try:
            return [] if payload is None else self.translate(RawRecord(position=str(event.number), payload=payload))
        except TranslationError:
            return []

    def _inbox(self) -> Inbox:
        if self._opened is None:
            self._opened = Inbox(self._push.inbox_folder)
        return self._opened


def _read(cursor: Cursor | None) -> tuple[int, JsonValue, bool]:
    """The last event that was read, the place in the stock, and whether that is still being read."""
    if cursor is None:
        return 0, None, True
    after = cursor.state.get("inbox")
    if cursor.version != 1 or isinstance(after, bool) or not isinstance(after, int):
        raise SourceRejected("The saved position was not written by this connector.")
    return after, cursor.state.get("stock"), "stock" in cursor.state
