"""The fold of one household's view (protocol.md R6, R7). The view is a join-semilattice: every field keeps a maximum.

Hence duplicates, replays and any arrival order end in the same view, and two copies of a view can always be joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.events import avro_bytes as avro
from hub.events.codec import decode, decode_start
from hub.events.ids import DossierRef, Order, ref_of

NO_LABEL: Final = -1
"""Label of a view whose composition has not arrived: smaller than every clock."""

_DOSSIERS_FIELDS: Final = 6
"""Of a households.composition: those up to and including its dossiers."""

EntryKey = tuple[DossierRef, str, str]
"""(dossier, record type, record id)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One register as routed to a household. `payload` is the registrations.* message with its own schema header."""

    since: int
    order: Order
    deleted: bool
    payload: bytes
    packed: bytes = field(default=b"", init=False, compare=False, repr=False)
    """See `register_bytes`, which sets it."""

    @property
    def rank(self) -> tuple[int, Order]:
        """What decides between two entries of one key."""
        return self.since, self.order


@dataclass(frozen=True, slots=True)
class View:
    """State of one household id. `composition`: the households.composition message; None while none came, or when
    gone."""

    household: str
    label: int
    gone: bool
    composition: bytes | None
    dossiers: Mapping[DossierRef, int]
    entries: Mapping[EntryKey, Entry]


def empty_view(household: str) -> View:
    """The view of a household of which nothing is known yet."""
    return View(household, NO_LABEL, False, None, {}, {})


def with_entries(view: View, entries: Mapping[EntryKey, Entry]) -> View:
    """Put entries; of each key the greatest (since, order) stays. Those that the view has must be purged, as those of
    every view that was made here are; looked at are only the new ones."""
    kept = dict(view.entries)
    for key, entry in _purged(replace(view, entries=entries)).entries.items():
        if key not in kept or entry.rank > kept[key].rank:
            kept[key] = entry
    return replace(view, entries=kept)


def with_composition(view: View, message: bytes, decoded: Mapping[str, Any] | None = None) -> View:
    """Take a composition unless the view has a later one. `decoded`: its value, from who has it already."""
    value = decoded or decode(message).value
    if value["label"] < view.label:
        return view
    gone = value["gone"]
    return _purged(
        replace(
            view,
            label=value["label"],
            gone=gone,
            composition=None if gone else message,
            dossiers=_since_by_dossier(value["dossiers"]),
        )
    )


def _since_by_dossier(named: Iterable[Mapping[str, Any]]) -> dict[DossierRef, int]:
    return {ref_of(item): item["since"] for item in named}


def join(mine: View, seen: View) -> View:
    """The least view that contains both: commutative, associative, idempotent."""
    newest = seen if seen.label > mine.label else mine
    return with_entries(_purged(replace(newest, entries=mine.entries)), seen.entries)


def _purged(view: View) -> View:
    """Drop what can never become valid again: an entry routed before its dossier came to this household, or, where the
    composition does not name its dossier, before that composition.

    One routed after it is parked: the composition is behind. Because a dossier that returns gets a greater since, what
    is dropped now would be dropped in any order of arrival.
    """

    def may_stay(key: EntryKey, entry: Entry) -> bool:
        return entry.since >= view.dossiers.get(key[0], view.label + 1)

    return replace(view, entries={key: entry for key, entry in view.entries.items() if may_stay(key, entry)})


def visible_entries(view: View) -> dict[EntryKey, Entry]:
    """What a reader may see (R7); empty when the household is gone or its composition has not come."""
    if view.composition is None:
        return {}
    return {key: entry for key, entry in view.entries.items() if key[0] in view.dossiers and not entry.deleted}


def entry_of(record: Mapping[str, Any]) -> tuple[EntryKey, Entry]:
    """Key and entry of a decoded households.record (or of an entry of a households.view)."""
    key = ref_of(record), record["record_type"], record["record_id"]
    order = Order(record["source_epoch"], record["version"], record["recorded_at"], record["revision"])
    return key, Entry(record["since"], order, record["deleted"], record["payload"])


def register_bytes(key: EntryKey, entry: Entry) -> bytes:
    """What does not depend on where the register is routed to, as Avro: the rest of a households.record, of an entry
    of a households.view and a register of internal.route after their first fields."""
    if not entry.packed:
        order = (avro.long(number) for number in entry.order)
        packed = b"".join(
            (avro.text(key[1]), avro.text(key[2]), *order, avro.boolean(entry.deleted), avro.blob(entry.payload))
        )
        object.__setattr__(entry, "packed", packed)
    return entry.packed


def entry_of_message(message: bytes, record: Mapping[str, Any]) -> tuple[EntryKey, Entry]:
    """Key and entry of a households.record message and what was decoded of it. What `register_bytes` would write anew
    is taken from the message, if that is of the version written now."""
    key, entry = entry_of(record)
    start = b"".join((avro.header("households.record"), avro.dossier(key[0]), avro.long(entry.since)))
    if message.startswith(start):
        object.__setattr__(entry, "packed", message[len(start) :])
    return key, entry


def record_message(key: EntryKey, since: int, entry: Entry) -> bytes:
    """The households.record message of an entry that is routed under this clock."""
    return b"".join((avro.header("households.record"), *_record(key, since, entry)))


def _record(key: EntryKey, since: int, entry: Entry) -> tuple[bytes, bytes, bytes]:
    return avro.dossier(key[0]), avro.long(since), register_bytes(key, entry)


def decode_view(message: bytes) -> View:
    """View of a households.view message."""
    value = decode(message).value
    composition = value["composition"]
    dossiers = _since_by_dossier(decode_start(composition, _DOSSIERS_FIELDS)["dossiers"] if composition else ())
    entries = dict(entry_of(record) for record in value["entries"])
    return View(value["household"], value["label"], value["gone"], composition, dossiers, entries)


def is_current(message: bytes) -> bool:
    """Whether a households.view message is what `encode_view` would give of it: it is of the version written now."""
    return message.startswith(avro.header("households.view"))


def encode_view(view: View) -> bytes:
    """The households.view message of a view. Equal views give equal bytes: entries are sorted."""
    records = [b"".join(_record(key, entry.since, entry)) for key, entry in sorted(view.entries.items(), key=_by_key)]
    return b"".join(
        (
            avro.header("households.view"),
            avro.text(view.household),
            avro.long(view.label),
            avro.boolean(view.gone),
            avro.optional(view.composition),
            avro.array(records),
        )
    )


def _by_key(item: tuple[EntryKey, Entry]) -> EntryKey:
    return item[0]
