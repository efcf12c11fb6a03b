"""Events that make registrations differ from life: corrections, deletions, conflicts, what can't be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

from hub.demo.town.changes import MENSCENTRAAL, ZCD, Delivery, JsonObject, JsonValue
from hub.demo.town.dossiers import Line
from hub.demo.town.life import Life

_Spoiler: TypeAlias = Callable[[JsonObject, dict[str, str]], JsonObject | str]


def corrects_opening(life: Life) -> bool:
    """The dossier was opened on another day than was written down: it may become the oldest."""
    dossier = life.pick_dossier()
    if dossier is None:
        return False
    dossier.opened -= timedelta(days=life.random.randint(1, 400))
    life.clerk.save(dossier)
    life.exercised.corrections += 1
    return True


def corrects_address(life: Life) -> bool:
    """A wrong house number is written down, and put right at once."""
    dossier = life.pick_dossier(lambda dossier: dossier.address is not None)
    if dossier is None or dossier.address is None:
        return False
    dossier.address = replace(dossier.address, number=dossier.address.number + 300)
    for line in dossier.lines:
        life.clerk.touch(line)
    life.clerk.save(dossier)
    life.clerk.refresh(dossier)
    life.exercised.corrections += 1
    return True


def corrects_late(life: Life) -> bool:
    """Where somebody lived some time ago is written down only now: newer statements stay stronger."""
    found = life.pick_line(lambda line: not line.client and line.lives_here)
    if found is None:
        return False
    dossier, line = found
    line.address = life.registrar.address()
    line.stated_at = life.clerk.now - timedelta(days=life.random.randint(20, 200))
    life.clerk.save(dossier)
    life.later(dossier)
    life.exercised.corrections += 1
    return True


def corrects_person(life: Life) -> bool:
    """The name, the birth date and above all the BSN of a line are put right."""

    def wrong(line: Line) -> bool:
        return line.bsn != line.person.bsn or line.family_name != line.person.family_name or line.birth_parts < 3

    found = life.pick_line(wrong)
    if found is None:
        return False
    dossier, line = found
    line.bsn, line.family_name, line.birth_parts = line.person.bsn, line.person.family_name, 3
    life.clerk.touch(line)
    life.clerk.save(dossier)
    life.exercised.corrections += 1
    return True


def transfers_record(life: Life) -> bool:
    """A record was kept in the wrong dossier of its source: it moves, and keeps its number."""
    found = life.pick_record(lambda record: record.type in ("goal", "involvement", "support_request"))
    if found is None:
        return False
    dossier, record = found
    other = life.pick_dossier(lambda d: d.source == dossier.source and d is not dossier)
    if other is None:
        return False
    dossier.records.remove(record)
    other.records.append(record)
    life.clerk.save_record(other, record)
    life.exercised.corrections += 1
    return True


def deletes_record(life: Life) -> bool:
    """A record is removed from the source."""
    dossier = life.pick_dossier(lambda dossier: len(dossier.records) > 2)
    if dossier is None:
        return False
    life.clerk.delete_record(dossier, life.random.choice(dossier.records))
    life.exercised.deletions += 1
    return True


def deletes_dossier(life: Life) -> bool:
    """A whole dossier is removed: opened by mistake. Its records stay behind, in no dossier."""
    deleted = sum(dossier.deleted for dossier in life.clerk.dossiers)
    dossier = life.pick_dossier(lambda dossier: not dossier.client.home.shelter)
    if dossier is None or deleted * 20 > len(life.clerk.dossiers):
        return False
    dossier.deleted = True
    life.clerk.save(dossier)
    life.exercised.deletions += 1
    return True


def restores_dossier(life: Life) -> bool:
    """A dossier that was removed is made again under its old number."""
    dossier = life.pick(life.clerk.dossiers, lambda dossier: dossier.deleted)
    if dossier is None:
        return False
    dossier.deleted = False
    life.clerk.refresh(dossier)
    return True


def addresses_differ(life: Life) -> bool:
    """One dossier says that somebody who is named in another one lives at an address of his own."""
    found = life.pick_line(
        lambda line: not line.client and line.lives_here and len(life.clerk.naming([line.person])) > 1
    )
    if found is None:
        return False
    dossier, line = found
    line.address = life.registrar.address()
    life.clerk.touch(line)
    life.clerk.save(dossier)
    life.later(dossier)
    life.exercised.conflicts += 1
    return True


def names_differ(life: Life) -> bool:
    """One dossier spells a family name otherwise than the others."""
    found = life.pick_line(lambda line: len(life.clerk.naming([line.person])) > 1)
    if found is None:
        return False
    dossier, line = found
    line.family_name = line.person.family_name + life.random.choice(("s", "e", "-de Boer"))
    life.clerk.save(dossier)
    life.exercised.conflicts += 1
    return True


def edits_in_haste(life: Life) -> bool:
    """A dossier is saved twice, and the first version becomes visible after the second."""
    dossier = life.pick_dossier(lambda dossier: dossier.address is not None)
    if dossier is None:
        return False
    right = dossier.address
    dossier.address = None
    life.clerk.save(dossier, Delivery.LATE)
    dossier.address = right
    life.clerk.save(dossier)
    return True


def stores_garbage(life: Life) -> bool:
    """The source delivers something that nobody can read; each way in turn, in each source."""
    for turn in range(life.exercised.bad, life.exercised.bad + 2 * len(_WAYS)):
        kind, spoil = _WAYS[turn // 2 % len(_WAYS)]
        if _spoils(life, (ZCD, MENSCENTRAAL)[turn % 2], kind, spoil):
            life.exercised.bad += 1
            return True
    return False


def _spoils(life: Life, source: str, kind: str, spoil: _Spoiler) -> bool:
    dossier = life.pick_dossier(lambda d: d.source == source and (kind == "dossier" or bool(d.of_type(kind))))
    if dossier is None:
        return False
    record = None if kind == "dossier" else life.random.choice(dossier.of_type(kind))
    life.clerk.emit(source, spoil(life.clerk.draft(dossier, record), _KEYS[source]))
    return True


_KEYS: Final = {
    ZCD: {
        "content": "gegevens", "type": "soort", "status": "status", "opened": "openingsdatum", "members": "gezinsleden",
        "line": "regel", "wording": "doel", "kind": "soort", "held_on": "op",
    },
    MENSCENTRAAL: {
        "content": "payload", "type": "tabel", "status": "fase", "opened": "start", "members": "personen", "line": "nr",
        "wording": "tekst", "kind": "type", "held_on": "datum",
    },
}  # fmt: skip


def _content(payload: JsonObject, keys: dict[str, str]) -> JsonObject:
    content = payload[keys["content"]]
    assert isinstance(content, dict)  # a draft always has contents
    return content


def _cut_off(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
    return f'{{"{keys["type"]}": "dossier", "{keys["content"]}": {{"status": "op'


def _contents_as_text(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
    return payload | {keys["content"]: "niet te lezen"}


def _unknown_type(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
    return payload | {keys["type"]: "notitie"}


def _without(key: str) -> _Spoiler:
    def spoil(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
        del _content(payload, keys)[keys[key]]
        return payload

    return spoil


def _with(key: str, value: JsonValue) -> _Spoiler:
    def spoil(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
        _content(payload, keys)[keys[key]] = value
        return payload

    return spoil


def _without_client(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
    members = _content(payload, keys)[keys["members"]]
    assert isinstance(members, list)  # a dossier always has lines
    members[:] = [{**m, "client": False, "relatie": "overig"} for m in members if isinstance(m, dict)]
    return payload


def _line_twice(payload: JsonObject, keys: dict[str, str]) -> JsonObject | str:
    members = _content(payload, keys)[keys["members"]]
    assert isinstance(members, list)  # a dossier always has lines
    members += [{**m, "client": False, "relatie": "overig"} for m in members[:1] if isinstance(m, dict)]
    return payload


_WAYS: Final[tuple[tuple[str, _Spoiler], ...]] = (
    ("dossier", _without_client),
    ("dossier", _cut_off),
    ("dossier", _with("opened", "2026-02-30")),
    ("goal", _without("wording")),
    ("contact", _with("kind", "rooksignaal")),
    ("dossier", _unknown_type),
    ("dossier", _line_twice),
    ("contact", _with("held_on", "gisteren")),
    ("dossier", _contents_as_text),
    ("dossier", _without("status")),
    ("dossier", _with("status", "slapend")),
)
