"""A release of tomorrow: the same code with one more version of one schema, an optional field in a contact's body."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from hub.connect.ingest.publisher import Message
from hub.events.codec import Codec, SchemaRegistry
from hub.events.ids import DossierRef, Order, RecordRef, event_id
from hub.events.moments import micros
from hub.events.topics import RECORDS

SCHEMA_ID: Final = 155
"""Of no release: 155 to 159 are for tests."""
FIELD: Final = "place"
_SUBJECT: Final = "registrations.contact"
_SCHEMAS: Final = Path(__file__).parents[2] / "schemas"


class NewRelease:
    """Its schemas in a folder, and what a connector of it would write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        schemas = folder / "schemas"
        shutil.copytree(_SCHEMAS, schemas)
        (schemas / "__init__.py").touch()  # before the present release's, which is a namespace, wherever that is
        contact: dict[str, Any] = json.loads((schemas / "avro" / _SUBJECT / "v1.avsc").read_text(encoding="utf-8"))
        body = next(field for field in contact["fields"] if field["name"] == "body")
        body["type"][1]["fields"].append({"name": FIELD, "type": ["null", "string"], "default": None})
        (schemas / "avro" / _SUBJECT / "v2.avsc").write_text(json.dumps(contact), encoding="utf-8")
        registry = schemas / "registry.yaml"
        registered = registry.read_text(encoding="utf-8").replace(f"{_SUBJECT}:", f"{_SUBJECT}:\n  2: {SCHEMA_ID}")
        registry.write_text(registered, encoding="utf-8")
        self._codec = Codec(SchemaRegistry(schemas))

    @contextmanager
    def for_children(self) -> Iterator[None]:
        """Processes that are started meanwhile are of this release."""
        with pytest.MonkeyPatch.context() as patch:
            before = os.environ.get("PYTHONPATH")
            patch.setenv("PYTHONPATH", os.pathsep.join([str(self._folder), *([before] if before else [])]))
            yield

    def contact(self, like: Mapping[str, Any], record_id: str, **changes: Any) -> Message:
        """A contact in the same dossier, of this release. `changes`: other fields than those of `like`."""
        value = {**like, "record_id": record_id, **changes}
        record = RecordRef(value["source"], value["dossier_id"], value["record_type"], record_id)
        order = Order(value["source_epoch"], value["version"], micros(value["recorded_at"]), value["revision"])
        value["event_id"] = event_id(record, order)
        if value["body"] is not None:
            value["body"] = {**value["body"], FIELD: "at home"}
        data = self._codec.encode(_SUBJECT, value)
        return Message(RECORDS, DossierRef(value["source"], value["dossier_id"]).key, data)
