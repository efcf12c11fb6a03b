"""Where a connector is tested: fresh sources and connectors, and what it reads of the fixtures, read once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, NamedTuple, Self

from pydantic import JsonValue

from hub.connect.api import Batch, Connector, ConnectorConfig, Cursor, RawRecord
from hub.connect.conformance.nasty import anything, broken
from hub.connect.conformance.subject import HOSTILE, STORIES, VALID, Subject
from hub.connect.conformance.verdict import Nonconformity, NotRun
from hub.connect.push import PushConfig
from hub.connect.simulator import Simulator, Troubled
from hub.errors import SourceUnavailable, TranslationError
from hub.events.records import Draft

INSTANCE: Final = "conformance"
"""The source's name while it is tested."""
_MOST_POLLS: Final = 2000
_TRIES: Final = 3
_LOOK_SECONDS: Final = 0.05
_LONGEST_LAG_SECONDS: Final = 3.0
_SETTLED_AFTER: Final = 6
"""Polls without a record after which a source is taken to be read: some look into one old gap a poll, in turn."""


class Told(NamedTuple):
    """One change that was told to the source, and what the connector read of it."""

    origin: str
    records: tuple[RawRecord, ...]
    drafts: tuple[Draft, ...]


class Bench(AbstractContextManager["Bench"]):
    """One subject under test, in a temporary folder. Everything that it opens is closed in the end."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._exit = ExitStack()
        self._folder = Path(self._exit.enter_context(TemporaryDirectory(prefix="regiehub-conformance-")))
        self._made = 0
        self._lag_seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @contextmanager
    def source(self) -> Iterator[Simulator]:
        """A fresh, empty source that answers. Raises NotRun when nobody offers a simulator."""
        if self.subject.simulator is None:
            raise NotRun("no simulator: none stands under this name in the entry points regiehub.simulators")
        self._made += 1
        simulator = self.subject.simulator(self._folder / f"source-{self._made}")
        try:
            simulator.start()
            with self._receiving(simulator):
                yield simulator
        finally:
            simulator.close()

    @contextmanager
    def _receiving(self, simulator: Simulator) -> Iterator[None]:
        """Of a source that pushes, what the hub has beside the connector: somebody who takes its events."""
        from hub.connect.ingest.receiver import Receiver  # what a vendor imports stays light

        config = self.config(simulator.settings())
        receiver = Receiver(config, INSTANCE) if isinstance(config, PushConfig) else None
        try:
            yield
        finally:
            if receiver is not None:
                receiver.stop()

    def settings(self, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Settings as the connectors file would hold them."""
        return {"instance": INSTANCE, **given, **self.subject.settings}

    def config(self, given: Mapping[str, JsonValue]) -> ConnectorConfig:
        """The same, checked."""
        return self.subject.connector.Config.model_validate(self.settings(given))

    @contextmanager
    def connector(self, given: Mapping[str, JsonValue]) -> Iterator[Connector]:
        """A connector of its own, with these settings."""
        made = self.subject.connector(self.config(given))
        try:
            yield made
        finally:
            made.close()

    @cached_property
    def filled(self) -> Simulator:
        """One source that is told every fixture, change by change; `told` says what was read of each."""
        return self._filled[0]

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """What the connector made of each change of valid.jsonl and the stories, read one by one as they happen."""
        return self._filled[1]

    def story(self, name: str) -> list[Told]:
        """What was made of one story. Raises NotRun when its fixture is missing."""
        origins = {origin for origin, _ in self.subject.changes(name)}
        return [told for told in self.told if told.origin in origins]

    @cached_property
    def last_cursor(self) -> Cursor | None:
        """The cursor when every fixture was read: what a release keeps for C08."""
        return self._filled[2]

    @cached_property
    def _filled(self) -> tuple[Simulator, tuple[Told, ...], Cursor | None]:
        simulator = self._exit.enter_context(self.source())
        reader = self._exit.enter_context(self.connector(simulator.settings()))
        cursor: Cursor | None = None
        told: list[Told] = []
        for origin, line in self.changes():
            simulator.apply(line)
            self.pause()
            records, cursor = read_all(reader, cursor)
            if not told and not records:
                records, cursor = self._await(reader, cursor)
            drafts = (draft for record in records for draft in _translated(reader, record, origin))
            told.append(Told(origin, tuple(records), tuple(drafts)))
        return simulator, tuple(told), cursor

    def pause(self) -> None:
        """Let what was just told to a source be there for its connector: most need no time, a drop folder does."""
        time.sleep(self._lag_seconds)

    def _await(self, reader: Connector, cursor: Cursor | None) -> tuple[list[RawRecord], Cursor | None]:
        """The first change, from a source that needs time to show it; how much is kept for the others."""
        began = time.monotonic()
        records: list[RawRecord] = []
        while not records and time.monotonic() - began < _LONGEST_LAG_SECONDS:
            time.sleep(_LOOK_SECONDS)
            records, cursor = read_all(reader, cursor)
        self._lag_seconds = 2 * (time.monotonic() - began) if records else 0.0
        return records, cursor

    def changes(self) -> list[tuple[str, str]]:
        """Every readable change of the fixtures, in order, with the file and line it stands in. Raises NotRun."""
        names = [VALID, *(name for name in STORIES if self.subject.has(name))]
        return [change for name in names for change in self.subject.changes(name)]

    @cached_property
    def unreachable(self) -> dict[str, str]:
        """Settings of a source that is not there."""
        simulator = self._exit.enter_context(self.source())
        if isinstance(simulator, Troubled):
            return simulator.unreachable()
        settings = simulator.settings()
        simulator.stop()
        return settings

    @cached_property
    def refused(self) -> dict[str, str]:
        """Settings with which the source does not let us in. Raises NotRun when no setting is secret."""
        if isinstance(self.filled, Troubled):
            return self.filled.refused()
        settings = self.filled.settings()
        secret = [name for name in self.secrets(settings) if name in settings]
        if not secret:
            raise NotRun("no setting is a secret, and the simulator does not say how its source refuses (`refused`)")
        return {**settings, **dict.fromkeys(secret, "not-the-secret")}

    @cached_property
    def hostile(self) -> tuple[tuple[str, bytes], ...]:
        """Payloads that are no good records: what the connector reads of its own hostile.jsonl, broken forms of one
        record of each kind, and bytes of any kind; each with what it is."""
        forms = (
            (f"{origin}, {what}", form) for origin, payload in self.kinds.items() for what, form in broken(payload)
        )
        return (*self._own_hostile(), *forms, *anything())

    @cached_property
    def kinds(self) -> dict[str, bytes]:
        """One payload of each kind of record, and of each kind of deletion, by where it stands in the fixtures."""
        found: dict[tuple[object, ...], tuple[str, bytes]] = {}
        for told in self.told:
            kind = tuple((draft.record_type, draft.deleted) for draft in told.drafts)
            for record in told.records:
                found.setdefault(kind, (told.origin, record.payload))
        return dict(found.values())

    def _own_hostile(self) -> tuple[tuple[str, bytes], ...]:
        if not self.subject.has(HOSTILE):
            return ()
        with self.source() as simulator, self.connector(simulator.settings()) as connector:
            self.subject.load_into(simulator, HOSTILE)
            self.pause()
            records, _ = read_all(connector)
        return tuple((f"{HOSTILE}, position {record.position}", record.payload) for record in records)

    def secrets(self, settings: Mapping[str, JsonValue]) -> dict[str, str]:
        """The secret settings: name and value."""
        config = self.config(settings)
        values = ((name, getattr(config, name)) for name in type(config).model_fields)
        return {name: value.get_secret_value() for name, value in values if hasattr(value, "get_secret_value")}


def read_all(connector: Connector, cursor: Cursor | None = None) -> tuple[list[RawRecord], Cursor | None]:
    """Poll until the source says that there is no more; the cursor goes through JSON each time, as the hub's does."""
    records: list[RawRecord] = []
    for _ in range(_MOST_POLLS):
        batch = patiently(connector, cursor)
        records += batch.records
        cursor = saved(batch)
        if not batch.more:
            return records, cursor
    raise Nonconformity(f"After {_MOST_POLLS} polls the batch still says `more`.", _MORE)


def settle(connector: Connector, cursor: Cursor | None) -> Iterator[tuple[Batch, Cursor]]:
    """Poll until the source has given nothing for a while; each batch with its cursor as it would be saved."""
    quiet = 0
    for _ in range(_MOST_POLLS):
        batch = patiently(connector, cursor)
        cursor = saved(batch)
        yield batch, cursor
        quiet = 0 if batch.records or batch.more else quiet + 1
        if quiet == _SETTLED_AFTER:
            return
    raise Nonconformity(f"After {_MOST_POLLS} polls the source still gives records or says `more`.", _MORE)


def patiently(connector: Connector, cursor: Cursor | None) -> Batch:
    """A poll, again if the source can't answer at once, as the hub would."""
    for _ in range(_TRIES - 1):
        try:
            return connector.poll(cursor)
        except SourceUnavailable:
            continue
    return connector.poll(cursor)


def saved(batch: Batch) -> Cursor:
    """The batch's cursor as the hub keeps it."""
    return Cursor.model_validate_json(batch.cursor.model_dump_json())


_MORE: Final = "Set `more` only when the source is known to hold more, and let the cursor move on."


def _translated(connector: Connector, record: RawRecord, origin: str) -> tuple[Draft, ...]:
    try:
        return tuple(connector.translate(record))
    except TranslationError as error:
        why = f"{error.reason.value}: {error.field}"
        raise Nonconformity(f"{origin} is refused ({why}).", "Each line there must be readable.") from error
