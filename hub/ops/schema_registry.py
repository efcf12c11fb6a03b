"""Registers our schemas in a registry with Confluent's API, each under the id that it has on the wire.

The ids are fixed in `schemas/registry.yaml`, so they are imported: mode IMPORT, then an explicit id and version. The
hub never asks the registry; it is for others who read the topics. Afterwards our subjects are READONLY there: what
another wrote under one of them would have an id that is ours to give.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple, NoReturn

import fastavro
import httpx
import orjson

from hub.errors import LogRefused, LogUnavailable
from hub.events.codec import SchemaVersion, schemas_folder
from hub.ops.compatibility import is_same
from hub.ops.contract import schema_versions

_ANSWER_SECONDS: Final = 15.0
"""A registry writes to a topic of its own before it answers."""
_NO_SUCH_VERSION: Final = 404


class Registered(NamedTuple):
    """How many versions were there already, and how many were added."""

    there: int
    added: int


def register(address: str) -> Registered:
    """Add what is missing. Blocking; to be called before any process of a new release starts.

    Raises LogUnavailable when the registry does not answer, LogRefused when it holds something else under our names or
    ids, or cannot import."""
    there = added = 0
    with httpx.Client(base_url=address, timeout=_ANSWER_SECONDS, trust_env=False) as client:
        registry = _Registry(client, address)
        for subject, versions in groupby(schema_versions(), key=lambda entry: entry.subject):
            entries = sorted(versions, key=lambda entry: entry.version)
            missing = [entry for entry in entries if not registry.holds(entry)]
            if missing:
                registry.add(subject, missing)
            there, added = there + len(entries) - len(missing), added + len(missing)
    return Registered(there, added)


class _Registry:
    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client = client
        self._address = address

    def holds(self, entry: SchemaVersion) -> bool:
        """Whether this version is there as it is here. Raises LogRefused if it is there in another way."""
        path = f"/subjects/{entry.subject}/versions/{entry.version}"
        answer = self._ask("GET", path)
        if answer.status_code == _NO_SUCH_VERSION:
            return False
        found = self._object(answer, path)
        if found.get("id") != entry.schema_id:
            self._refuse(path, f"has id {found.get('id')} there, and {entry.schema_id} here")
        if not is_same(_parsed(str(found.get("schema", ""))), _parsed(_text(entry))):
            self._refuse(path, "is another schema there")
        return True

    def add(self, subject: str, entries: list[SchemaVersion]) -> None:
        """Import them, and close the subject again, however it ends."""
        self._set_mode(subject, "IMPORT")
        try:
            for entry in entries:
                self._import(entry)
        finally:
            self._set_mode(subject, "READONLY")

    def _import(self, entry: SchemaVersion) -> None:
        path = f"/subjects/{entry.subject}/versions"
        body = {"schema": _text(entry), "id": entry.schema_id, "version": entry.version}
        given = self._object(self._ask("POST", path, body), path).get("id")
        if given != entry.schema_id:
            self._refuse(path, f"got the id {given}, and is {entry.schema_id} on the wire: this registry cannot import")

    def _set_mode(self, subject: str, mode: str) -> None:
        path = f"/mode/{subject}"
        self._object(self._ask("PUT", f"{path}?force=true", {"mode": mode}), path)

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LogUnavailable(f"The schema registry {self._address} cannot be reached.", repr(error)) from error
        if answer.is_server_error:
            detail = f"{method} {path}: status {answer.status_code}"
            raise LogUnavailable(f"The schema registry {self._address} fails.", detail)
        return answer

    def _object(self, answer: httpx.Response, path: str) -> Mapping[str, Any]:
        try:
            found = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            self._refuse(path, f"was answered with no JSON object (status {answer.status_code})")
        if not answer.is_success:
            self._refuse(path, f"was refused: {answer.status_code} {found.get('message', '')}")
        return found

    def _refuse(self, path: str, why: str) -> NoReturn:
        raise LogRefused(f"The schema registry {self._address} does not hold our schemas.", f"{path} {why}")


def _text(entry: SchemaVersion) -> str:
    return (schemas_folder() / "avro" / entry.subject / f"v{entry.version}.avsc").read_text(encoding="utf-8")


def _parsed(text: str) -> Any:
    try:
        return fastavro.parse_schema(orjson.loads(text))
    except (orjson.JSONDecodeError, fastavro.schema.SchemaParseException, KeyError, TypeError):
        return {"type": "null"}  # no schema: like none of ours
