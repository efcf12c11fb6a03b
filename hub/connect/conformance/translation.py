"""What `translate` makes of a record: C04, C05, C06, C09, C13."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel

from hub.connect.api import Connector, Cursor, RawRecord
from hub.connect.conformance.bench import Bench
from hub.connect.conformance.event import Unfit, encoded, id_of
from hub.connect.conformance.verdict import Nonconformity, NotRun
from hub.connect.ingest.process import ConnectorDefectError, ConnectorProcess
from hub.connect.watch import watching
from hub.connect.wire import Unreadable
from hub.errors import RejectReason, TranslationError
from hub.events.records import Draft

_MOST_POLLS: Final = 200


class _Reading(NamedTuple):
    origin: str
    record: RawRecord
    drafts: Sequence[Draft]


def _readings(bench: Bench) -> list[_Reading]:
    return [_Reading(told.origin, record, told.drafts) for told in bench.told for record in told.records]


def valid_avro(bench: Bench) -> None:
    """C04."""
    for told in bench.told:
        _encode(told.drafts, told.origin)
    with _translator(bench) as translate:
        for what, payload in bench.hostile:
            _encode(_accepted(translate, payload), what)


def _encode(drafts: Sequence[Draft], origin: str) -> None:
    for draft in drafts:
        try:
            encoded(draft)
        except Unfit as error:
            raise Nonconformity(
                f"The {draft.record_type} of {origin} does not fit its schema ({error}).",
                "Build drafts by the models of hub.events.records, never past their validation.",
            ) from error


def _accepted(translate: Callable[[bytes], Sequence[Draft]], payload: bytes) -> Sequence[Draft]:
    try:
        return translate(payload)
    except Exception:  # noqa: BLE001 - what it may not raise is C09's affair
        return ()


def same_id(bench: Bench) -> None:
    """C05."""
    ours = {id_of(draft) for told in bench.told for draft in told.drafts}
    with _translator(bench) as translate:
        for reading in _readings(bench):
            again = {id_of(draft) for draft in translate(reading.record.payload)}
            if not again <= ours:
                raise Nonconformity(f"Translated again, {reading.origin} gives another event id.", _IDENTITY)
    theirs = {id_of(draft) for draft in _elsewhere(bench)}
    if not theirs <= ours:
        raise Nonconformity(
            f"In another process {len(theirs - ours)} events have another id than here.",
            f"{_IDENTITY} (`hash()` differs between processes.)",
        )


_IDENTITY: Final = "Take dossier, record id, version and time of recording from the record; make up none of them."


def pure(bench: Bench) -> None:
    """C06."""
    readings = _readings(bench)
    with _translator(bench) as translate:
        for reading in reversed(readings):
            with watching() as seen:
                again = translate(reading.record.payload)
            if seen:
                raise Nonconformity(f"`translate` of {reading.origin} did: {', '.join(seen[:3])}.", _PURE)
            if any(_content(draft) not in _contents(reading.drafts) for draft in again):
                raise Nonconformity(f"Read in another order, {reading.origin} gives another event.", _PURE)


_PURE: Final = "Let `translate` use the record's bytes alone: no files, no network, no clock, nothing remembered."


def _contents(drafts: Sequence[Draft]) -> list[object]:
    return [_content(draft) for draft in drafts]


def _content(draft: Draft) -> object:
    """All but what the event id is made of, which is C05's affair."""
    return draft.occurred_at, draft.subject, draft.body


def only_translation_errors(bench: Bench) -> None:
    """C09."""
    with bench.connector(bench.filled.settings()) as connector:
        for what, payload in bench.hostile:
            _event_or_refusal(connector, what, payload)


def _event_or_refusal(connector: Connector, what: str, payload: bytes) -> None:
    advice = "Read fields by hub.connect.fields, and models in its `models()`: they raise TranslationError only."
    try:
        drafts = connector.translate(RawRecord(position="0", payload=payload))
    except TranslationError as error:
        if not isinstance(error.reason, RejectReason):
            raise Nonconformity(f"{what}: the reason of the refusal is no RejectReason.", advice) from error
    except Exception as error:
        raise Nonconformity(f"{what}: it raised {type(error).__name__}.", advice) from error
    else:
        if not all(isinstance(draft, Draft) for draft in drafts):
            raise Nonconformity(f"{what}: it gave something that is no Draft.", advice)


def utc(bench: Bench) -> None:
    """C13."""
    for told in bench.told:
        for draft in told.drafts:
            for path, moment in _moments(draft, ""):
                if moment.utcoffset() != timedelta(0):
                    raise Nonconformity(
                        f"{path} of the {draft.record_type} of {told.origin} is not in UTC.",
                        "Convert by astimezone(UTC); `Fields.moment` does. A local time needs its zone first.",
                    )


def _moments(value: object, path: str) -> Iterator[tuple[str, datetime]]:
    if isinstance(value, datetime):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _moments(getattr(value, name), f"{path}.{name}".strip("."))
    elif isinstance(value, tuple | list):
        for at, item in enumerate(value):
            yield from _moments(item, f"{path}[{at}]")


@contextmanager
def _translator(bench: Bench) -> Iterator[Callable[[bytes], Sequence[Draft]]]:
    """A connector of its own that has polled nothing, as a function of bytes."""
    with bench.connector(bench.filled.settings()) as connector:
        yield lambda payload: tuple(connector.translate(RawRecord(position="0", payload=payload)))


def _elsewhere(bench: Bench) -> Iterator[Draft]:
    """What a process of its own reads of the same source."""
    process = ConnectorProcess(bench.subject.reference, bench.settings(bench.filled.settings()))
    cursor: Cursor | None = None
    try:
        for _ in range(_MOST_POLLS):
            batch = process.poll(cursor)
            if batch is None:
                return
            for record in batch.records:
                yield from () if isinstance(record, Unreadable) else record.drafts
            cursor = batch.cursor
            if not batch.more:
                return
    except ConnectorDefectError as error:
        raise NotRun(f"in a process of its own it breaks ({error.detail}): see C04 and C09") from error
    finally:
        process.close()
