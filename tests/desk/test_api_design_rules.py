"""The NL API Design Rules 2.2, those that a machine can check: a test per rule, over the description and live answers.

What the standard's own linter (Spectral, media/linter.yaml of Logius-standaarden/API-Design-Rules) checks, and what its
text asks beyond that. The rule's id stands in the name or docstring of its test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema_rs import Draft202012Validator

from tests.desk.conftest import Desk
from tests.desk.family import HOME
from tests.desk.test_secret_addresses import refuge

API = "/api/v1"
DESCRIPTION = f"{API}/openapi.json"
METHODS = {"get", "post", "put", "patch", "delete"}
PARTLY_UNKNOWN = {"birth_date"}
"""Of a birth date a registration may know the year alone, so in an answer it is no date; in a question it is one."""


@pytest.fixture
def described(nobody: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = nobody.get(DESCRIPTION).json()
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in described["paths"].values():
        yield from path.items()


def responses(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, operation in operations(described):
        yield from operation["responses"].items()


def properties(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in described["components"]["schemas"].items():
        for field, stated in schema.get("properties", {}).items():
            yield name, field, stated


def test_core_doc_openapi(described: dict[str, Any]) -> None:
    assert re.fullmatch(r"3(\.\d+){1,2}", described["openapi"])


def test_core_doc_openapi_contact(described: dict[str, Any]) -> None:
    assert all(described["info"]["contact"].get(name) for name in ("name", "url", "email"))


def test_core_publish_openapi(nobody: TestClient, desk: Desk, described: dict[str, Any]) -> None:
    """Without authentication, readable from a page of another origin, at the root of the version; and valid."""
    answer = nobody.get(DESCRIPTION)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
    assert desk.operations() == []
    names = [operation["operationId"] for _, operation in operations(described)]
    assert len(set(names)) == len(names) == 19
    for path, item in described["paths"].items():
        for operation in item.values():
            stated = {it["name"] for it in operation.get("parameters", []) if it["in"] == "path"}
            assert stated == set(re.findall(r"{(\w+)}", path))
            assert all(it["required"] for it in operation.get("parameters", []) if it["in"] == "path")


def test_every_example_is_valid_and_every_operation_and_error_has_one(described: dict[str, Any]) -> None:
    """oas3-valid-media-example, and more: there is one of everything that has a body."""
    bodies = [answer["content"] for _, answer in responses(described) if "content" in answer]
    bodies += [item["requestBody"]["content"] for _, item in operations(described) if "requestBody" in item]
    for body in bodies:
        for media in body.values():
            schema = {**media["schema"], "components": described["components"]}
            assert media["example"] is not None
            Draft202012Validator(schema).validate(media["example"])


def test_core_uri_version(described: dict[str, Any]) -> None:
    assert all(re.search(r"/v\d+$", server["url"]) for server in described["servers"])
    assert not any("/v1" in path for path in described["paths"])


def test_core_semver(described: dict[str, Any]) -> None:
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", described["info"]["version"])


def test_core_version_header(described: dict[str, Any], director: TestClient, nobody: TestClient, home: str) -> None:
    assert all("API-Version" in answer["headers"] for _, answer in responses(described))
    for client, path in ((director, f"/huishoudens/{home}"), (director, "/nothing"), (nobody, "/bronnen")):
        assert client.get(API + path).headers["API-Version"] == described["info"]["version"]


def test_core_no_trailing_slash(described: dict[str, Any], director: TestClient) -> None:
    """A URI with one is another, which is not there; it is not redirected."""
    assert not any(path.endswith("/") for path in described["paths"])
    assert director.get(f"{API}/huishoudens/").status_code == 404


def test_core_path_segments_kebab_case(described: dict[str, Any]) -> None:
    for path in described["paths"]:
        assert re.fullmatch(r"(/([a-z0-9-]+|{[^}]+}))+", path)


def test_core_query_keys_camel_case(described: dict[str, Any]) -> None:
    for _, operation in operations(described):
        for item in operation.get("parameters", []):
            assert item["in"] != "query" or re.fullmatch(r"[a-z][a-z\d]*([A-Z][a-z\d]*)*", item["name"])


def test_core_naming_collections_and_resources(described: dict[str, Any]) -> None:
    """Nouns in the plural, in Dutch: what stands before an id, and what stands alone."""
    last = {path.rsplit("/", 1)[1] for path in described["paths"]} - {"intrekking", "{household_id}", "{decision_id}"}
    collections = {path.split("/{", maxsplit=1)[0].rsplit("/", 1)[-1] for path in described["paths"] if "/{" in path}
    irregular = {"tijdlijn": "one line of time"}
    assert all(name.endswith(("en", "s")) for name in (last | collections) - irregular.keys())


def test_core_http_methods(described: dict[str, Any], director: TestClient) -> None:
    assert {method for method, _ in operations(described)} <= METHODS
    answer = director.delete(f"{API}/huishoudens")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


def test_core_http_safety(desk: Desk, director: TestClient, home: str) -> None:
    """A read changes nothing but the log of looks: the same read again gives the same."""
    paths = ("", "/tijdlijn", "/betrokkenen", "/besluiten", "/kandidaten")
    answers = [[director.get(f"{API}/huishoudens/{home}{path}").content for path in paths] for _ in range(2)]
    assert answers[0] == answers[1]


def test_schemas_are_upper_camel_case(described: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"([A-Z][a-z0-9]*)+", name) for name in described["components"]["schemas"])


def test_core_error_handling_problem_details(
    described: dict[str, Any], director: TestClient, nobody: TestClient
) -> None:
    problem = described["components"]["schemas"]["Problem"]
    assert {"status", "title", "detail"} <= set(problem["required"])
    for status, answer in responses(described):
        if status[0] in "45":
            (body,) = answer["content"].items()
            assert body[0] == "application/problem+json"
            assert body[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
    live = [
        nobody.get(f"{API}/bronnen"),
        director.get(f"{API}/nothing"),
        director.put(f"{API}/bronnen"),
        director.get(f"{API}/huishoudens?pagina=x"),
        director.get(f"{API}/huishoudens/nobody"),
    ]
    assert [answer.status_code for answer in live] == [401, 404, 405, 400, 403]
    for answer in live:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        Draft202012Validator(problem).validate(answer.json())


def test_core_error_handling_invalid_input(described: dict[str, Any], director: TestClient) -> None:
    """A 400 that says everything that is wrong at once."""
    for method, operation in operations(described):
        if operation.get("parameters") or method != "get":
            assert "400" in operation["responses"]
            assert "422" not in operation["responses"]
    body = director.get(f"{API}/huishoudens?pagina=x&paginaGrootte=0").json()
    assert {item["name"] for item in body["invalid_params"]} == {"query.pagina", "query.paginaGrootte"}


def test_core_date_time_timezone(described: dict[str, Any]) -> None:
    """Moments have a zone, in the schema and live: UTC."""
    formats = {stated.get("format") for _, _, stated in properties(described)}
    assert formats.isdisjoint({"date-time-local", "time"})
    household = described["paths"]["/huishoudens/{household_id}"]["get"]["responses"]["200"]
    text = str(household["content"]["application/json"]["example"])
    moments = re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?", text)
    assert moments
    assert set(moments) == {"Z"}


def test_core_date_time_date_omit_time_portion(described: dict[str, Any]) -> None:
    """What is called a date is one, and what ends in _on."""
    for schema, field, stated in properties(described):
        if schema == "HouseholdSearch" or field not in PARTLY_UNKNOWN:
            is_day = re.search(r"(^|_)dat(e|um)$|[a-z]Dat(e|um)$|_on$", field)
            assert not is_day or stated.get("format") == "date", (schema, field, stated)


def test_core_transport_security_headers(director: TestClient, nobody: TestClient, home: str) -> None:
    for answer in (director.get(f"{API}/huishoudens/{home}"), nobody.get(f"{API}/bronnen"), nobody.get(DESCRIPTION)):
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in director.get(f"{API}/bronnen").headers


def test_core_transport_tls(described: dict[str, Any]) -> None:
    assert all(server["url"].startswith("https://") for server in described["servers"])


def test_core_sensitive_data_in_uri(described: dict[str, Any]) -> None:
    """No name, birth date, number of a citizen or address is asked for in a URI."""
    stated = {item["name"] for _, operation in operations(described) for item in operation.get("parameters", [])}
    filters = {"toestand", "aanZet", "teLaat"}
    assert stated == {"household_id", "decision_id", "deputyship_id", "pagina", "paginaGrootte", *filters}


def test_etag_spares_the_answer_and_not_the_look(desk: Desk, director: TestClient, home: str) -> None:
    path = f"{API}/huishoudens/{home}"
    tag = director.get(path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = director.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["API-Version"] == "1.0.0"
    for unknown in ("", "x", '"other"', tag[1:-1]):
        assert director.get(path, headers={"If-None-Match": unknown}).status_code == 200
    assert [look["action"] for look in desk.operations()] == ["read_household"] * 9


def test_etag_of_who_sees_something_else_is_another(desk: Desk, director: TestClient, officer: TestClient) -> None:
    path = f"{API}/huishoudens/{desk.show(refuge())}"
    own = director.get(path).headers["etag"]
    other = officer.get(path, headers={"If-None-Match": own})
    assert other.status_code == 200
    assert other.headers["etag"] != own


def test_etag_does_not_answer_who_may_not_see_it(nobody: TestClient, director: TestClient, home: str) -> None:
    path = f"{API}/huishoudens/{HOME}"
    tag = director.get(path).headers["etag"]
    assert nobody.get(path, headers={"If-None-Match": tag}).status_code == 401
    assert "etag" not in nobody.get(path).headers
