"""A request of a source that pushes, as a CloudEvent in JSON. Pure.

Source of the rules: CloudEvents 1.0, HTTP protocol binding (structured and binary mode) and JSON format; the NL GOV
profile of it (id, source, specversion and type are required; the same source and id are a duplicate).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

STRUCTURED: Final = "application/cloudevents+json"
PLAIN_SOURCE: Final = "urn:regiehub:webhook"
"""The `source` of a webhook that is no CloudEvent; its `id` is ours, a new one each time: that it says the same
again may be news (a thing that changed back), and a double delivery is read as what is published already."""
PLAIN_TYPE: Final = "nl.regiehub.webhook"
_JSON: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_ATTRIBUTE: Final = re.compile(r"ce-([a-z0-9]{1,20})")
_REQUIRED: Final = ("id", "source", "type")
_LONGEST: Final = 1024
"""Of an id, a source or a type: they are looked up, and no real one has a tenth of it."""


class Received(NamedTuple):
    """An event, and what tells it from others."""

    source: str
    id: str
    body: bytes


class Refused(Exception):
    """A request that is not taken. `outcome`: for the count; `title`: for whoever sent it; neither quotes it."""

    def __init__(self, status: HTTPStatus, outcome: str, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.outcome = outcome
        self.title = title


def read_event(headers: Mapping[str, str], body: bytes, new_id: str) -> Received:
    """The event of a request. `headers`: names in lower case; `new_id`: for one without an id. Raises Refused."""
    media_type = _media_type(headers.get("content-type", ""))
    if media_type == STRUCTURED:
        return _checked(_object(body), body)
    if "ce-specversion" in headers:
        event = _attributes(headers) | _data(media_type, body)
        return _checked(event, orjson.dumps(event))
    if media_type == "application/json":
        plain = {"specversion": "1.0", "id": new_id, "source": PLAIN_SOURCE,
                 "type": PLAIN_TYPE, "datacontenttype": "application/json", "data": _object(body)}  # fmt: skip
        return _checked(plain, orjson.dumps(plain))
    raise Refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported",
        f"Send {STRUCTURED}, or application/json, or the attributes of a CloudEvent as ce- headers; one event each.",
    )


def _media_type(header: str) -> str:
    media_type, _, parameters = header.lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters)
    if charset and charset[1] not in ("utf-8", "us-ascii"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", "Send UTF-8.")
    return media_type.strip()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _malformed("The body is no JSON in UTF-8.") from None  # its message quotes the body


def _object(body: bytes) -> dict[str, Any]:
    found = _json(body)
    if not isinstance(found, dict):
        raise _malformed("The body is no JSON object.")
    return found


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """Of binary mode: percent-encoded, and nothing outside ASCII."""
    found = {match[1]: value for name, value in headers.items() if (match := _ATTRIBUTE.fullmatch(name))}
    if not all(value.isascii() for value in found.values()):
        raise _malformed("A ce- header holds more than ASCII: percent-encode it.")
    try:
        return {name: unquote(value.strip(), errors="strict") for name, value in found.items()}
    except UnicodeDecodeError:
        raise _malformed("A ce- header is not percent-encoded UTF-8.") from None


def _data(media_type: str, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    if not media_type or _JSON.fullmatch(media_type):
        return {"datacontenttype": media_type or "application/json", "data": _json(body)}
    return {"datacontenttype": media_type, "data_base64": base64.b64encode(body).decode()}


def _checked(event: dict[str, Any], body: bytes) -> Received:
    if event.get("specversion") != "1.0":
        raise _malformed("It is no CloudEvent of specversion 1.0.")
    for name in _REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
            raise _malformed(f"The attribute {name} is missing, or no text of at most {_LONGEST} characters.")
    return Received(event["source"], event["id"], body)


def _malformed(title: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "malformed", title)
