"""Avro in the Confluent wire format: 0x00, schema id (4 bytes, big-endian), body. Ids are fixed in
`schemas/registry.yaml`."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import fastavro
import yaml

from hub.events.sensitive import Address, Sensitive

_HEADER: Final = struct.Struct(">bI")
HEADER_BYTES: Final = _HEADER.size
_HARMLESS: Final = frozenset({str, bytes, int, float, bool, type(None), datetime, date})
"""Types that hold nothing else, seen by their type alone: this check looks at every value that is published."""
Value = dict[str, Any]
"""A decoded record: Avro's own data model (dict, list, str, int, bytes, datetime …)."""


class UnknownSchemaError(Exception):
    """The schema id is not registered here: an older release reads a newer writer. Upgrade and read again; the
    message is fine."""


class UndecodableError(Exception):
    """The bytes are no message of ours, or do not fit their own schema. Dead letter; reading again will not help."""


class UnencodableError(Exception):
    """The value does not fit the schema: a defect on our side. Never publish it."""


class SchemaVersion(NamedTuple):
    """One version of one subject and its id on the wire."""

    subject: str
    version: int
    schema_id: int


class Decoded(NamedTuple):
    """A message read: its subject, the version it was *written* with, and its value as this release understands it."""

    subject: str
    version: int
    value: Value


class SchemaRegistry:
    """The schemas of one folder. Read once; immutable afterwards."""

    def __init__(self, folder: Traversable) -> None:
        registered = yaml.safe_load((folder / "registry.yaml").read_text(encoding="utf-8"))
        self._by_id: dict[int, SchemaVersion] = {}
        self._schemas: dict[int, Any] = {}
        self._ids: dict[tuple[str, int], int] = {}
        self._starts: dict[tuple[int, int], Any] = {}
        for subject, versions in registered.items():
            for version, schema_id in versions.items():
                self._add(folder, SchemaVersion(subject, version, schema_id))

    def _add(self, folder: Traversable, entry: SchemaVersion) -> None:
        if entry.schema_id in self._by_id:
            raise ValueError(f"schema id {entry.schema_id} is used twice")
        source = folder / "avro" / entry.subject / f"v{entry.version}.avsc"
        self._by_id[entry.schema_id] = entry
        self._schemas[entry.schema_id] = fastavro.parse_schema(json.loads(source.read_text(encoding="utf-8")))
        self._ids[entry.subject, entry.version] = entry.schema_id

    def subjects(self) -> list[str]:
        """All subjects, sorted."""
        return sorted({subject for subject, _ in self._ids})

    def newest(self, subject: str) -> int:
        """Newest registered version of a subject. Raises KeyError if there is none."""
        versions = [version for name, version in self._ids if name == subject]
        if not versions:
            raise KeyError(subject)
        return max(versions)

    def id_of(self, subject: str, version: int) -> int:
        """Schema id on the wire. Raises KeyError for what is not registered."""
        return self._ids[subject, version]

    def entry(self, schema_id: int) -> SchemaVersion:
        """Subject and version of an id. Raises UnknownSchemaError."""
        try:
            return self._by_id[schema_id]
        except KeyError:
            text = f"schema id {schema_id} is not registered here: a newer release wrote it, so upgrade this one"
            raise UnknownSchemaError(text) from None

    def entries(self) -> list[SchemaVersion]:
        """Everything registered, by id."""
        return [self._by_id[schema_id] for schema_id in sorted(self._by_id)]

    def schema(self, schema_id: int) -> Any:
        """The parsed schema of a registered id."""
        return self._schemas[schema_id]

    def start_of(self, schema_id: int, fields: int) -> Any:
        """The parsed schema of the first fields of a record: what is written begins with just these."""
        key = schema_id, fields
        if key not in self._starts:
            whole = self._schemas[schema_id]
            start = {"type": "record", "name": f"{whole['name']}.start", "fields": whole["fields"][:fields]}
            self._starts[key] = fastavro.parse_schema(start)
        return self._starts[key]


class Codec:
    """Encodes and decodes with the schemas of a registry.

    `speaks` pins the version per subject that this code reads and writes; by default the newest registered. A message
    of another version is resolved to it by Avro's rules: unknown fields are dropped, missing ones get their default.
    """

    def __init__(self, registry: SchemaRegistry, speaks: Mapping[str, int] | None = None) -> None:
        self.registry = registry
        versions = {subject: registry.newest(subject) for subject in registry.subjects()} | dict(speaks or {})
        self._own_ids = {subject: registry.id_of(subject, version) for subject, version in versions.items()}

    def header(self, subject: str) -> bytes:
        """The first bytes of every message of a subject that this release writes."""
        return _HEADER.pack(0, self._own_ids[subject])

    def encode(self, subject: str, value: Mapping[str, Any]) -> bytes:
        """Message bytes of a value. Raises UnencodableError for missing, unknown or wrongly typed fields, and for
        Sensitive values."""
        schema_id = self._own_ids[subject]
        _refuse_sensitive(value)
        out = io.BytesIO()
        out.write(_HEADER.pack(0, schema_id))
        try:
            fastavro.schemaless_writer(out, self.registry.schema(schema_id), dict(value), strict=True)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError, struct.error) as error:
            raise UnencodableError(f"{subject}: {type(error).__name__}") from error
        return out.getvalue()

    def decode(self, data: bytes) -> Decoded:
        """Value of message bytes. Raises UndecodableError or UnknownSchemaError (see there what to do)."""
        written = self.peek(data)
        reader_id = self._own_ids[written.subject]
        reader = None if reader_id == written.schema_id else self.registry.schema(reader_id)
        stream = io.BytesIO(data)
        stream.seek(HEADER_BYTES)
        try:
            value = fastavro.schemaless_reader(stream, self.registry.schema(written.schema_id), reader)
        except (
            Exception
        ) as error:  # fastavro raises whatever the bytes provoke: EOFError, IndexError, UnicodeDecodeError …
            raise UndecodableError(f"{written.subject}: {type(error).__name__}") from error
        if not isinstance(value, dict) or stream.tell() != len(data):
            raise UndecodableError(f"{written.subject}: bytes left over")
        return Decoded(written.subject, written.version, value)

    def decode_start(self, data: bytes, fields: int) -> Value:
        """The first fields of a message, as it was written; the rest is not read. Raises as `decode` does.

        For labels, which stand at the start so that a big message need not be decoded to see how old it is."""
        entry = self.peek(data)
        stream = io.BytesIO(data)
        stream.seek(HEADER_BYTES)
        try:
            value = fastavro.schemaless_reader(stream, self.registry.start_of(entry.schema_id, fields), None)
        except (EOFError, IndexError, ValueError) as error:
            raise UndecodableError(f"{entry.subject}: {type(error).__name__}") from error
        assert isinstance(value, dict)
        return value

    def peek(self, data: bytes) -> SchemaVersion:
        """Subject and version from the first five bytes alone."""
        if len(data) < HEADER_BYTES or data[0] != 0:
            raise UndecodableError("not in the Confluent wire format")
        return self.registry.entry(_HEADER.unpack_from(data)[1])


def _refuse_sensitive(value: object) -> None:
    if isinstance(value, Sensitive | Address):
        raise UnencodableError("a sensitive value reached the codec: it was not keyed")
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if type(item) not in _HARMLESS:
            _refuse_sensitive(item)


def schemas_folder() -> Traversable:
    """The packaged `schemas/` folder."""
    return files("schemas")


@cache
def packaged_codec() -> Codec:
    """The codec over the packaged schemas. Reads files once per process."""
    return Codec(SchemaRegistry(schemas_folder()))


def encode(subject: str, value: Mapping[str, Any]) -> bytes:
    """`Codec.encode` with the packaged schemas."""
    return packaged_codec().encode(subject, value)


def decode(data: bytes) -> Decoded:
    """`Codec.decode` with the packaged schemas."""
    return packaged_codec().decode(data)


def decode_start(data: bytes, fields: int) -> Value:
    """`Codec.decode_start` with the packaged schemas."""
    return packaged_codec().decode_start(data, fields)
