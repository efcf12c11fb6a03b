"""The description of the API in OpenAPI 3.1, by the NL API Design Rules 2.2: what FastAPI leaves out or does otherwise.

The examples of answers are answers of a desk to the family of its own tests, which hold them to what it answers now.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.desk import models
from hub.desk.problems import MEDIA_TYPE, TITLES
from hub.desk.site import API, API_VERSION

PROBLEMS: Final = (400, 401, 403, 503)
"""What can go wrong with everything that takes a parameter or a body."""
HOUSEHOLD_PROBLEMS: Final = (400, 401, 403, 404, 503)
"""The same of one household or decision."""
_SERVER: Final = f"https://regiehub.example.org{API}"
_CONTACT: Final = {
    "name": "Regiehub",
    "url": "https://github.com/regiehub/regiehub",
    "email": "regiehub@example.org",
}
_PROBLEM_TEXTS: Final = {
    400: "A parameter is not valid.",
    401: "No valid token.",
    403: "You may not do this, or there is nothing of the kind: what is not yours is not told apart from what is not.",
    404: "No such household or decision.",
    409: "It does not fit what is known now.",
    429: "This user, or this address, asks too often.",
    503: "The look cannot be logged, so nothing is shown; or the log of events does not answer.",
}
_STRING: Final = {"schema": {"type": "string"}}
_HEADERS: Final[dict[str, dict[str, object]]] = {
    "200": {"ETag": {"description": "Of this very answer: send it as If-None-Match.", **_STRING}},
    "202": {"Location": {"description": "Where it is now.", **_STRING}},
    "304": {"ETag": {"description": "Of the answer that you have.", **_STRING}},
    "308": {"Location": {"description": "Where it is now.", **_STRING}},
    "401": {"WWW-Authenticate": {"description": "How to log in.", **_STRING}},
    "429": {"Retry-After": {"description": "Seconds until one more fits.", "schema": {"type": "integer"}}},
}


def answers(
    model: type, problems: tuple[int, ...], *, status: int = 200, moves: bool = False
) -> dict[int | str, dict[str, Any]]:
    """What an operation answers. `moves`: it may be that the household lives on under another id."""
    known: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": model.__doc__ or ""}}
    known |= {number: _problem(number) for number in problems}
    if moves:
        known[308] = {"description": "The household lives on under another id: see Location."}
    return known


def _problem(status: int) -> dict[str, Any]:
    said = _PROBLEM_TEXTS[status]
    example = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": said,
        "instance": f"{API}/huishoudens",
    }
    body = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": said, "content": {MEDIA_TYPE: body}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description: no 422, the headers of every answer, an example of everything, how to authenticate."""
    found = get_openapi(
        title="Regiehub",
        version=API_VERSION,
        routes=app.routes,
        description="One household, one plan, one director: what the registrations say together.",
        contact=_CONTACT,
        servers=[{"url": _SERVER}],
        separate_input_output_schemas=False,
    )
    found["paths"] = {path.removeprefix(API): item for path, item in found["paths"].items()}
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = models.Problem.model_json_schema()
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    for path in found["paths"].values():
        for method, operation in path.items():
            _tidy(operation, is_read=method == "get")
    plain: dict[str, Any] = _nullable(found)
    return plain


def _tidy(operation: dict[str, Any], *, is_read: bool) -> None:
    said, example = operation["responses"], examples().get(operation["operationId"], {})
    said.pop("422", None)
    said["429"] = _problem(429)
    if is_read:
        said["304"] = {"description": "You have this answer already."}
    version = {"API-Version": {"description": "Version of the API.", **_STRING}}
    for status, answer in said.items():
        said[status] = {**answer, "headers": version | (_HEADERS.get(status, {}) if is_read or status != "200" else {})}
        if status in ("200", "202"):
            _body(said[status])["example"] = example.get("answer")
    if "requestBody" in operation:
        _body(operation["requestBody"])["example"] = example.get("request")


def _body(holder: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = holder["content"]["application/json"]
    return body


@cache
def examples() -> dict[str, dict[str, Any]]:
    """By the id of an operation its answer, and what was asked if it takes a body."""
    found = (item for item in files("hub.desk").joinpath("examples").iterdir() if item.name.endswith(".json"))
    return {item.name.removesuffix(".json"): orjson.loads(item.read_bytes()) for item in found}


def _nullable(node: Any) -> Any:
    """What may be null says so beside its own type, so that a date has its format where a reader looks for it."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    told = {name: value if name == "example" else _nullable(value) for name, value in node.items()}
    return _merged(told) if "anyOf" in told else told


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    others = [item for item in schema["anyOf"] if item != {"type": "null"}]
    if len(others) != 1 or len(schema["anyOf"]) != 2 or "type" not in others[0]:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**others[0], **rest, "type": [others[0]["type"], "null"]}
