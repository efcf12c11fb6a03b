"""Whether schemas, examples and topics fit each other: `regiehub schemas check`, and a test.

Examples are JSON as a person writes it: dates in ISO 8601, bytes in base64, or `@subject/v1/name` for the bytes of
another example (an event inside a view keeps its own schema header).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import yaml

from hub.events.codec import Codec, SchemaRegistry, SchemaVersion, UnencodableError, Value, schemas_folder
from hub.events.topics import topics
from hub.ops.compatibility import release_problems, version_problems

MARKS: Final = ("identity", "content")
_EXAMPLES_WANTED: Final = 2


class Example(NamedTuple):
    """One example of one version of a subject, as its file gives it."""

    subject: str
    version: int
    name: str
    json_value: dict[str, Any]

    @property
    def path(self) -> str:
        """Its place under `schemas/examples`."""
        return f"{self.subject}/v{self.version}/{self.name}"


@cache
def registry() -> SchemaRegistry:
    """The packaged schemas."""
    return SchemaRegistry(schemas_folder())


def schema_versions() -> list[SchemaVersion]:
    """Every registered version of every subject."""
    names = yaml.safe_load((schemas_folder() / "registry.yaml").read_text(encoding="utf-8"))
    return [SchemaVersion(name, version, number) for name in names for version, number in names[name].items()]


def examples() -> list[Example]:
    """All examples, by path."""
    folder = schemas_folder() / "examples"
    return [
        Example(subject.name, int(version.name[1:]), file.name.removesuffix(".json"), _load(file))
        for subject in _sorted(folder)
        for version in _sorted(subject)
        for file in _sorted(version)
    ]


def example_value(example: Example) -> Value:
    """The example in Avro's data model. Raises ValueError or KeyError for what its schema does not know."""
    schema = registry().schema(registry().id_of(example.subject, example.version))
    value = from_json(schema, example.json_value)
    assert isinstance(value, dict)
    return value


def example_bytes(example: Example) -> bytes:
    """The example as a message. Raises UnencodableError too."""
    codec = Codec(registry(), {example.subject: example.version})
    return codec.encode(example.subject, example_value(example))


def from_json(schema: Any, value: Any) -> Any:
    """A JSON value in the form that the schema's type takes. Raises ValueError or KeyError."""
    if isinstance(schema, list):
        return None if value is None else from_json(next(item for item in schema if item != "null"), value)
    kind = schema if isinstance(schema, str) else schema.get("logicalType", schema["type"])
    if kind == "record":
        return _record_from_json(schema, value)
    if kind == "array":
        return [from_json(schema["items"], item) for item in value]
    if kind in _named():
        return from_json(_named()[kind], value)
    return _SCALARS[kind](value) if kind in _SCALARS else value


def problems() -> list[str]:
    """Everything that does not fit, one line each; none if all is well."""
    return [*_topic_problems(), *_file_problems(), *_example_problems(), *version_problems(registry())]


def problems_since(release: Traversable) -> list[str]:
    """What of another release's `schemas` folder this one would read in another way, one line each.

    Raises OSError, KeyError or ValueError if it is no such folder."""
    return list(release_problems(SchemaRegistry(release), registry()))


def _record_from_json(schema: Any, value: Any) -> Value:
    fields = {field["name"]: field["type"] for field in schema["fields"]}
    if unknown := set(value) - set(fields):
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    return {name: from_json(fields[name], item) for name, item in value.items()}


def _bytes_from_json(text: str) -> bytes:
    if not text.startswith("@"):
        return base64.b64decode(text, validate=True)
    found = [example for example in examples() if example.path == text[1:]]
    if not found:
        raise ValueError(f"there is no example {text[1:]}")
    return example_bytes(found[0])


_SCALARS: Final = {
    "date": date.fromisoformat,
    "timestamp-micros": datetime.fromisoformat,
    "bytes": _bytes_from_json,
}


@cache
def _named() -> dict[str, Any]:
    """Records that a schema names and uses again, such as Address."""
    found: dict[str, Any] = {}
    for entry in schema_versions():
        found |= {schema["name"]: schema for schema in _records(registry().schema(entry.schema_id))}
    return found


def _records(schema: Any) -> Iterator[Any]:
    if isinstance(schema, list):
        for item in schema:
            yield from _records(item)
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from _records(schema["items"])
    elif isinstance(schema, dict) and schema["type"] == "record":
        yield schema
        for field in schema["fields"]:
            yield from _records(field["type"])


def _topic_problems() -> Iterator[str]:
    subjects = {subject for spec in topics().values() for subject in spec.subjects}
    for subject in sorted(subjects ^ set(registry().subjects())):
        yield f"{subject}: not both a registered subject and on a topic"
    for spec in topics().values():
        partner = topics().get(spec.copartitioned_with or spec.topic)
        if partner is None or partner.partitions != spec.partitions:
            yield f"{spec.topic}: has other partitions than {spec.copartitioned_with}"
        marks = {mark for subject in spec.subjects for mark in marks_of(subject)}
        if spec.personal not in (marks or {"none"}):
            yield f"{spec.topic}: says personal: {spec.personal}; its schemas say {', '.join(sorted(marks)) or 'none'}"


def marks_of(subject: str) -> set[str]:
    """How the fields of a subject's newest version are marked."""
    schema = registry().schema(registry().id_of(subject, registry().newest(subject)))
    return {field["personal"] for record in _records(schema) for field in record["fields"] if "personal" in field}


def _file_problems() -> Iterator[str]:
    registered = {(entry.subject, f"v{entry.version}.avsc") for entry in schema_versions()}
    present = {(folder.name, file.name) for folder in _sorted(schemas_folder() / "avro") for file in _sorted(folder)}
    for subject, file in sorted(present - registered):
        yield f"avro/{subject}/{file}: not in registry.yaml"
    for entry in schema_versions():
        for record in _records(registry().schema(entry.schema_id)):
            for field in record["fields"]:
                if field.get("personal", MARKS[0]) not in MARKS:
                    yield f"{entry.subject}: {field['name']}: unknown mark {field['personal']}"


def _example_problems() -> Iterator[str]:
    known = {(entry.subject, entry.version) for entry in schema_versions()}
    counted = dict.fromkeys(known, 0)
    for example in examples():
        if (example.subject, example.version) not in known:
            yield f"examples/{example.path}: no such schema"
            continue
        counted[example.subject, example.version] += 1
        try:
            example_bytes(example)
        except (UnencodableError, ValueError, KeyError, TypeError) as error:
            yield f"examples/{example.path}: {type(error).__name__}: {error}"
    for (subject, version), count in sorted(counted.items()):
        if count < _EXAMPLES_WANTED:
            yield f"{subject} v{version}: {count} examples; {_EXAMPLES_WANTED} are wanted"


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else []


def _load(file: Traversable) -> dict[str, Any]:
    value = json.loads(file.read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value
