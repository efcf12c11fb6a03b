"""Whether what was written with a schema is still understood: the rules of schemas/README.md, `regiehub schemas check`.

Stricter than Avro's own rules in three things: no field goes (what it held would be dropped without a word), no field
changes place (the start of a message is read without the rest), and no mark of personal data goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from fastavro.schema import to_parsing_canonical_form

from hub.events.codec import SchemaRegistry, UnknownSchemaError

Schema = Any
"""A schema as JSON has it: a name, a list (union) or an object."""
BREAKS: Final = "breaks"
"""At the top of a version that is not to be read together with the ones before: why, and what to do instead."""
MAY_BREAK: Final = "internal."
"""Subjects that only one stage reads, which begins anew; all others are read by somebody else."""
_WIDENED: Final = {("int", "long"), ("float", "double")}
"""What Avro reads as something wider; the same bytes."""


def incompatibilities(older: Schema, newer: Schema) -> list[str]:
    """Why a reader with `newer` does not understand all that was written with `older`, a line each; none if it does."""
    return list(_compare(_Side(older), _Side(newer), older, newer, ""))


def version_problems(registry: SchemaRegistry) -> Iterator[str]:
    """Each version that does not go with the one before it, and does not say so."""
    for subject in registry.subjects():
        versions = range(1, registry.newest(subject) + 1)
        schemas = [registry.schema(registry.id_of(subject, version)) for version in versions]
        for version, (older, newer) in enumerate(pairwise(schemas), 2):
            if not newer.get(BREAKS):
                yield from (f"{subject} v{version}: {reason}" for reason in incompatibilities(older, newer))
            elif not subject.startswith(MAY_BREAK):
                yield f"{subject} v{version}: may not break: others read it ({newer[BREAKS]})"


def release_problems(before: SchemaRegistry, now: SchemaRegistry) -> Iterator[str]:
    """What a former release has on the log, and this one does not read in the same way: ids are for ever."""
    for entry in before.entries():
        try:
            kept = now.entry(entry.schema_id)
        except UnknownSchemaError:
            yield f"{entry.subject} v{entry.version}: its id {entry.schema_id} is gone"
            continue
        if kept != entry:
            yield f"{entry.subject} v{entry.version}: its id {entry.schema_id} is now of {kept.subject} v{kept.version}"
        elif not is_same(before.schema(entry.schema_id), now.schema(entry.schema_id)):
            yield f"{entry.subject} v{entry.version}: has changed since it was released: make a new version"


def is_same(one: Schema, other: Schema) -> bool:
    """Whether both write the same bytes and read the same values; notes and order of attributes do not count."""
    return bool(to_parsing_canonical_form(one) == to_parsing_canonical_form(other)) and _defaults(one) == _defaults(
        other
    )


class _Side:
    """One schema, with the records that it names."""

    def __init__(self, schema: Schema) -> None:
        self.named = {item["name"]: item for item in _objects(schema) if "name" in item and "fields" in item}

    def whole(self, schema: Schema) -> Schema:
        """A record that is only named here, as it stands where it is defined."""
        return self.named.get(schema, schema) if isinstance(schema, str) else schema


def _objects(schema: Schema) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item)
    elif isinstance(schema, dict):
        yield schema
        for field in schema.get("fields", ()):
            yield from _objects(field["type"])
        yield from _objects(schema.get("items"))


def _defaults(schema: Schema) -> list[tuple[str, object]]:
    records = [item for item in _objects(schema) if "fields" in item]
    return [(field["name"], field.get("default", "none")) for item in records for field in item["fields"]]


def _compare(old: _Side, new: _Side, older: Schema, newer: Schema, at: str) -> Iterator[str]:
    if older == newer and isinstance(older, str) and older in old.named:
        return  # compared where it is defined
    older, newer = old.whole(older), new.whole(newer)
    if isinstance(older, list) or isinstance(newer, list):
        yield from _compare_unions(old, new, older, newer, at)
    elif _kind(older) == _kind(newer) == "record":
        yield from _compare_records(old, new, older, newer, at)
    elif _kind(older) == _kind(newer) == "array":
        yield from _compare(old, new, older["items"], newer["items"], f"{at}[]")
    elif _kind(older) != _kind(newer) and (_kind(older), _kind(newer)) not in _WIDENED:
        yield f"{at or 'it'}: was {_kind(older)}, and is {_kind(newer)}"


def _compare_unions(old: _Side, new: _Side, older: Schema, newer: Schema, at: str) -> Iterator[str]:
    branches = [new.whole(item) for item in (newer if isinstance(newer, list) else [newer])]
    for item in [old.whole(item) for item in (older if isinstance(older, list) else [older])]:
        like = [
            branch for branch in branches if _kind(branch) == _kind(item) or (_kind(item), _kind(branch)) in _WIDENED
        ]
        if like:
            yield from _compare(old, new, item, like[0], at)
        else:
            yield f"{at or 'it'}: may have been {_kind(item)}, and may not any more"


def _compare_records(old: _Side, new: _Side, older: Schema, newer: Schema, at: str) -> Iterator[str]:
    if older["name"] != newer["name"]:
        yield f"{at or 'it'}: was called {older['name']}, and is called {newer['name']}"
    fields = {field["name"]: field for field in newer["fields"]}
    known = [field["name"] for field in older["fields"]]
    for place, field in enumerate(older["fields"]):
        name = _within(at, field["name"])
        if field["name"] not in fields:
            yield f"{name}: is gone"
            continue
        if list(fields).index(field["name"]) > place and not set(list(fields)[: place + 1]) <= set(known):
            yield f"{name}: stands behind a new field: those come last"
        yield from _compare_marks(field, fields[field["name"]], name)
        yield from _compare(old, new, field["type"], fields[field["name"]]["type"], name)
    kept = [name for name in fields if name in known]
    if kept != [name for name in known if name in fields]:
        yield f"{at or 'it'}: its fields have changed places"
    for name, field in fields.items():
        if name not in known and "default" not in field:
            yield f"{_within(at, name)}: is new and has no default"


def _within(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _compare_marks(older: Mapping[str, Any], newer: Mapping[str, Any], name: str) -> Iterator[str]:
    if "personal" in older and "personal" not in newer:
        yield f"{name}: was marked as personal ({older['personal']}), and is not any more"


def _kind(schema: Schema) -> str:
    return schema if isinstance(schema, str) else str(schema.get("logicalType", schema["type"]))
