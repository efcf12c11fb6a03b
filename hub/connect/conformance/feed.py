"""What becomes of a source's changes: C07, C08, C14, C15, C16, C17."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from hub.connect.api import Connector, Cursor, RawRecord
from hub.connect.conformance.bench import Bench, Told, patiently, read_all, settle
from hub.connect.conformance.event import order_of
from hub.connect.conformance.verdict import Nonconformity, NotRun
from hub.connect.simulator import Simulator
from hub.errors import SourceRejected
from hub.events.ids import Order
from hub.events.records import Draft

MOST_CURSOR_BYTES: Final = 64 * 1024
_LATE: Final = 60
"""Open transactions behind which the cursor is measured."""


class _Moment(NamedTuple):
    """A cursor that was saved, and what had been delivered by then."""

    cursor: Cursor | None
    delivered: frozenset[RawRecord]


def crash_anywhere(bench: Bench) -> None:
    """C07. A crash after any record of a batch resumes at the cursor before that batch: every saved cursor is tried."""
    with bench.source() as simulator, bench.connector(simulator.settings()) as connector:
        moments = [_Moment(None, frozenset())]
        for _ in _as_it_happens(bench, simulator):
            bench.pause()
            batch = patiently(connector, moments[-1].cursor)
            moments.append(_after(moments[-1], batch.records, batch.cursor))
        for batch, cursor in settle(connector, moments[-1].cursor):
            moments.append(_after(moments[-1], batch.records, cursor))
        with bench.connector(simulator.settings()) as fresh:
            everything = frozenset(read_all(fresh)[0])
        for moment in _distinct(moments):
            _resumes(bench, simulator, moment, everything)


def _distinct(moments: Iterable[_Moment]) -> list[_Moment]:
    """The last one of each cursor: most was delivered by then."""
    return list({moment.cursor and moment.cursor.model_dump_json(): moment for moment in moments}.values())


def _as_it_happens(bench: Bench, simulator: Simulator) -> Iterator[None]:
    """Changes in three parts; the second one's transaction stays open until the third is there."""
    lines = [line for _, line in bench.changes()]
    third = max(1, len(lines) // 3)
    simulator.apply_many(lines[:third])
    yield
    late = simulator.apply_late(lines[third : 2 * third])
    yield
    for line in lines[2 * third :]:
        simulator.apply(line)
        yield
    late.release()
    yield


def _after(before: _Moment, records: Iterable[RawRecord], cursor: Cursor) -> _Moment:
    kept = Cursor.model_validate_json(cursor.model_dump_json())
    return _Moment(kept, before.delivered | frozenset(records))


def _resumes(bench: Bench, simulator: Simulator, moment: _Moment, everything: frozenset[RawRecord]) -> None:
    with bench.connector(simulator.settings()) as resumed:
        records = [record for batch, _ in settle(resumed, moment.cursor) for record in batch.records]
        lost = _lost(resumed, everything, moment.delivered | frozenset(records))
    where = "the beginning" if moment.cursor is None else f"the cursor {moment.cursor.model_dump_json()[:200]}"
    if lost:
        raise Nonconformity(
            f"Resumed at {where}, {len(lost)} of {len(everything)} records never came (position {_first(lost)}).",
            "A lower position may become visible after a higher one: see hub/connect/frontier.py.",
        )
    if twice := moment.delivered & frozenset(records):
        raise Nonconformity(
            f"Resumed at {where}, {len(twice)} records came that were delivered before it (position {_first(twice)}).",
            "Let the cursor of a batch stand after its last record, and read by the cursor alone.",
        )


def _lost(connector: Connector, everything: frozenset[RawRecord], got: frozenset[RawRecord]) -> frozenset[RawRecord]:
    """What never came; of a source that tells how things stand now, what is newer than all that came."""
    lost = everything - got
    if connector.tells_every_change or not lost:
        return lost
    newest = _newest(draft for record in got for draft in connector.translate(record))
    return frozenset(
        record
        for record in lost
        for draft in connector.translate(record)
        if _register(draft) not in newest or order_of(draft) > newest[_register(draft)]
    )


def _newest(drafts: Iterable[Draft]) -> dict[tuple[str, str], Order]:
    found: dict[tuple[str, str], Order] = {}
    for draft in drafts:
        found[_register(draft)] = max(found.get(_register(draft), order_of(draft)), order_of(draft))
    return found


def _first(records: frozenset[RawRecord]) -> str:
    return min(record.position for record in records)


def cursor(bench: Bench) -> None:
    """C08."""
    _is_small(bench)
    with bench.connector(bench.filled.settings()) as connector:
        for name, text in bench.subject.cursors():
            kept = Cursor.model_validate_json(text)
            try:
                records = patiently(connector, kept).records
            except SourceRejected as error:
                raise Nonconformity(
                    f"The cursor of an earlier release ({name}) is refused: {error.user_message}",
                    "Go on reading the last form; raise `Cursor.version` when the form changes.",
                ) from error
            if len(records) >= sum(len(told.records) for told in bench.told):
                raise Nonconformity(f"With the cursor {name} all begins anew.", "Read the last form of the cursor.")


def _is_small(bench: Bench) -> None:
    lines = [line for _, line in bench.changes()]
    with bench.source() as simulator, bench.connector(simulator.settings()) as connector:
        position: Cursor | None = None
        for at in range(_LATE):
            simulator.apply_late([lines[at % len(lines)]])
            simulator.apply(lines[(at + 1) % len(lines)])
        bench.pause()
        _, position = read_all(connector)
        simulator.release_all()
        size = 0 if position is None else len(position.model_dump_json())
        if size > MOST_CURSOR_BYTES:
            raise Nonconformity(
                f"With {_LATE} open transactions the cursor has {size} bytes; {MOST_CURSOR_BYTES} is the most.",
                "Keep ranges of positions, not positions (hub/connect/frontier.py); keep no records in it.",
            )
        if position is not None and position.version < 1:
            raise Nonconformity("The cursor has no version.", "Number the form of the cursor, from 1.")


def order_kept(bench: Bench) -> None:
    """C14."""
    drafts = [draft for told in bench.told for draft in told.drafts]
    with bench.source() as simulator, bench.connector(simulator.settings()) as connector:
        simulator.apply_many([line for _, line in bench.changes()])
        bench.pause()
        records, _ = read_all(connector)
        read = [draft for record in records for draft in connector.translate(record)]
    if not bench.subject.connector.tells_every_change:
        if _newest(read) != _newest(drafts):
            raise Nonconformity("Read at one go, the newest versions are others than when read one by one.", _NEWEST)
        return
    together = _by_dossier(read)
    for dossier, versions in _by_dossier(drafts).items():
        if together.get(dossier) != versions:
            raise Nonconformity(
                f"Read at one go, the {len(versions)} events of one dossier come in another order than they happened.",
                "Give the records of a dossier in the order of the feed, and the events of a record in theirs.",
            )


_NEWEST: Final = "Ask the source for the record as it is now, whatever the event says of it."


def _by_dossier(drafts: Iterable[Draft]) -> dict[str, list[tuple[str, str, int]]]:
    found: dict[str, list[tuple[str, str, int]]] = {}
    for draft in drafts:
        found.setdefault(draft.dossier_id, []).append((draft.record_type, draft.record_id, draft.version))
    return found


def not_silent(bench: Bench) -> None:
    """C15."""
    silent = [told.origin for told in bench.told if not told.drafts]
    if silent:
        raise Nonconformity(f"Nothing was said of {silent[0]} ({len(silent)} changes in all).", _SPEAK)
    if not bench.subject.connector.records_change:
        _are_messages(bench)
        return
    for name, deleted in (("deleted", True), ("corrected", False)):
        last = bench.story(name)[-1]
        if last.drafts[-1].deleted is not deleted:
            raise Nonconformity(f"{last.origin} became no {'deletion' if deleted else 'correction'}.", _SPEAK)
    first, last = bench.story("corrected")[0], bench.story("corrected")[-1]
    if _register(first.drafts[-1]) != _register(last.drafts[-1]):
        raise Nonconformity(f"{last.origin} became another record than {first.origin}.", "Keep the id of a record.")


def _are_messages(bench: Bench) -> None:
    """Of a source of messages: the one that deletes or corrects is a record that was not there before."""
    for name in ("deleted", "corrected"):
        *before, last = bench.story(name)
        known = {_register(draft) for told in before for draft in told.drafts}
        if not {_register(draft) for draft in last.drafts} - known:
            raise Nonconformity(f"{last.origin} became no record of its own.", _MESSAGE)


_MESSAGE: Final = "Give each message an id of its own, or leave `records_change` as it is."
_SPEAK: Final = "A deletion is a draft without a body, a correction one with a greater version: neither is silence."


def _register(draft: Draft) -> tuple[str, str]:
    return draft.record_type, draft.record_id


def inventory(bench: Bench) -> None:
    """C16."""
    newest = {_register(draft): draft for told in bench.told for draft in told.drafts}
    with bench.connector(bench.filled.settings()) as connector:
        try:
            items = list(connector.inventory())
        except NotImplementedError:
            raise NotRun("the connector offers no inventory: reconciliation will not see it") from None
    held = {(item.record_type, item.record_id): item for item in items}
    if len(held) != len(items):
        raise Nonconformity("The inventory names a record twice.", _INVENTORY)
    for register, draft in newest.items():
        item = held.get(register)
        if item is None and not draft.deleted:
            raise Nonconformity(f"The inventory lacks a {draft.record_type} that was read.", _INVENTORY)
        if item is not None and (item.dossier_id, item.version, item.deleted) != (
            draft.dossier_id, draft.version, draft.deleted
        ):  # fmt: skip
            raise Nonconformity(
                f"The inventory says version {item.version} of a {draft.record_type}, the feed {draft.version}"
                f"{'' if item.deleted is draft.deleted else '; one of them that it is deleted'}.",
                _INVENTORY,
            )
    if extra := held.keys() - newest.keys():
        raise Nonconformity(f"The inventory holds {len(extra)} records that were never read.", _INVENTORY)


_INVENTORY: Final = "Give what the source holds now, in the ids and versions that `translate` gives."


def moves(bench: Bench) -> None:
    """C17."""
    if not bench.subject.connector.records_change:
        _stand(bench)
        return
    for told in ("corrected", "deleted", "recreated", "moved"):
        if bench.subject.has(told):
            _rises(bench.story(told))
    created = bench.story("recreated")[-1].drafts[-1]
    if created.deleted:
        raise Nonconformity("The record of recreated.jsonl is deleted in the end.", "Tell that it is there again.")
    if not bench.subject.connector.records_move:
        _stay(bench)
        return
    story = bench.story("moved")
    before, after = story[0].drafts[-1], story[-1].drafts[-1]
    if after.deleted or after.dossier_id == before.dossier_id:
        raise Nonconformity("The record of moved.jsonl did not move to another dossier.", _MOVE)
    gone = any(draft.deleted and draft.dossier_id == before.dossier_id for draft in story[-1].drafts)
    if _register(before) != _register(after) and not gone:
        raise Nonconformity("The moved record has another id there, and was not deleted here.", _MOVE)


_MOVE: Final = "Keep the record's id when it moves (the hub deletes it where it was), or give that deletion yourself."


def _stand(bench: Bench) -> None:
    """Of a source of messages: none is deleted, none moves, and none says two things under one version."""
    _stay(bench)
    said: dict[tuple[tuple[str, str], Order], Draft] = {}
    for told in bench.told:
        for draft in told.drafts:
            if draft.deleted or said.setdefault((_register(draft), order_of(draft)), draft) != draft:
                what = "deletes a record" if draft.deleted else "says something else of a record than was said before"
                raise Nonconformity(f"{told.origin} {what}, and `records_change` is False.", _MESSAGE)


def _stay(bench: Bench) -> None:
    """No record is told of in two dossiers."""
    dossiers: dict[tuple[str, str], str] = {}
    for told in bench.told:
        for draft in told.drafts:
            if dossiers.setdefault(_register(draft), draft.dossier_id) != draft.dossier_id:
                raise Nonconformity(
                    f"The record of {told.origin} was in another dossier before, and `records_move` is False.", _STAYS
                )


_STAYS: Final = "Leave `records_move` as it is, and tell the story in moved.jsonl."


def _rises(story: list[Told]) -> None:
    last: dict[tuple[str, str], Draft] = {}
    for told in story:
        for draft in told.drafts:
            before = last.get(_register(draft))
            if before is not None and order_of(draft) <= order_of(before):
                raise Nonconformity(
                    f"{told.origin} has version {draft.version}, after version {before.version}.",
                    "Let versions rise across deletion and re-creation; else use the position in the feed.",
                )
            last[_register(draft)] = draft
