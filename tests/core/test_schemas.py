from __future__ import annotations

import datetime
import shutil
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hub.events import codec, topics
from hub.events.records import BODIES, Body, DomainScore, Member
from hub.events.sensitive import Address, Sensitive
from hub.ops import contract
from hub.ops.contract import problems, registry

SCHEMAS = Path(__file__).parents[2] / "schemas"
KEYED = {"bsn": {"person", "confirmed", "unconfirmed_reason"}}
"""What ingest puts in the place of a draft's field."""
PERSONS = {
    "name",
    "phone",
    "email",
    "director",
    "staff",
    "owner",
    "raised_by",
    "given_name",
    "family_name",
    "prefix",
    "birth_date",
    "decided_by",
    "ordered_by",
    "by",
}
PERSONS |= {"gender", "person", "subject", "address", "key", "sealed", "members", "references", "history", "conflicts"}
CONTENTS = {"wording", "reason", "decision", "scores", "score", "severity", "child_safety", "payload", "product"}
CONTENTS |= {"life_domain", "product_code"}
PLAIN = {
    "closed_on",
    "code",
    "confirmed",
    "committed_cents",
    "decided_on",
    "domain",
    "evaluation_on",
    "first_contact_on",
}
PLAIN |= {
    "from_on",
    "function",
    "held_on",
    "instrument",
    "instrument_version",
    "is_client",
    "kind",
    "line",
}
PLAIN |= {
    "lives_here",
    "opened_on",
    "organisation",
    "provider",
    "raised_on",
    "received_on",
    "referred_by",
}
PLAIN |= {"role", "state", "stated_at", "status", "submitted_on", "taken_on", "to_on", "unconfirmed_reason", "unit"}
PLAIN |= {"delivery_status", "law", "message", "municipality", "on", "provider_code", "sent_on"}
PLAIN |= {"address_unknown", "team"}
"""What was looked at and is neither: codes, dates and organisations. A new field is marked, or joins this list."""


def schema_of(subject: str) -> Any:
    return registry().schema(registry().id_of(subject, registry().newest(subject)))


def records(schema: Any) -> Iterator[Any]:
    if isinstance(schema, list):
        for item in schema:
            yield from records(item)
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from records(schema["items"])
    elif isinstance(schema, dict) and schema["type"] == "record":
        yield schema
        for field in schema["fields"]:
            yield from records(field["type"])


def test_schemas_examples_and_topics_agree() -> None:
    assert problems() == []


def is_marked(subject: str, name: str) -> list[str]:
    found = [f for record in records(schema_of(subject)) for f in record["fields"] if f["name"] == name]
    return [str(field.get("personal")) for field in found]


@pytest.mark.parametrize("subject", [s for s in registry().subjects() if s != "hub.dead_letter"])
def test_every_field_that_names_a_person_is_marked(subject: str) -> None:
    for name in sorted(PERSONS):
        assert set(is_marked(subject, name)) <= {"identity"}, name


@pytest.mark.parametrize("subject", [s for s in registry().subjects() if s != "hub.dead_letter"])
def test_every_field_that_tells_of_a_family_is_marked(subject: str) -> None:
    for name in sorted(CONTENTS):
        assert set(is_marked(subject, name)) <= {"identity", "content"}, name


@pytest.mark.parametrize("body", BODIES.values(), ids=lambda body: body.record_type.value)
def test_an_unmarked_field_of_a_registration_was_looked_at(body: type[Body]) -> None:
    avro = schema_of(body.record_type.subject)["fields"][-1]["type"][1]
    unmarked = {field["name"] for record in records(avro) for field in record["fields"] if "personal" not in field}
    assert unmarked <= PLAIN


def test_a_dead_letter_is_marked_where_it_holds_the_record() -> None:
    assert is_marked("hub.dead_letter", "sealed") == ["content"]


def envelope(subject: str) -> list[dict[str, Any]]:
    return [field for field in schema_of(subject)["fields"] if field["name"] != "body"]


@pytest.mark.parametrize("body", BODIES.values(), ids=lambda body: body.record_type.value)
def test_every_event_starts_with_the_same_envelope(body: type[Body]) -> None:
    fields = schema_of(body.record_type.subject)["fields"]
    assert fields[:-1] == envelope("registrations.composition")
    assert fields[-1]["name"] == "body"


@pytest.mark.parametrize("body", BODIES.values(), ids=lambda body: body.record_type.value)
def test_drafts_and_schemas_have_the_same_fields(body: type[Body]) -> None:
    avro = schema_of(body.record_type.subject)["fields"][-1]["type"][1]
    assert_same_fields(body, avro)


def test_member_lines_and_scores_have_the_same_fields() -> None:
    inside = {record["name"].rsplit(".")[-1]: record for s in registry().subjects() for record in records(schema_of(s))}
    assert_same_fields(Member, inside["Member"])
    assert_same_fields(DomainScore, inside["Score"])


def assert_same_fields(model: type[BaseModel], avro: Any) -> None:
    fields = {field["name"]: field for field in avro["fields"]}
    names = [name for field in model.model_fields for name in sorted(KEYED.get(field, {field}))]
    assert set(names) == set(fields)
    for name, field in model.model_fields.items():
        if name not in KEYED:
            assert avro_type(field.annotation) == simple(fields[name]["type"]), name


def simple(schema: Any) -> tuple[str, bool]:
    """An Avro type by its name, and whether it may be null."""
    if isinstance(schema, list):
        assert schema[0] == "null"
        return simple(schema[1])[0], True
    kind = schema if isinstance(schema, str) else schema.get("logicalType", schema["type"])
    return ("record" if kind.endswith("Address") else {"int": "long"}.get(kind, kind)), False


def avro_type(annotation: Any) -> tuple[str, bool]:
    """The Avro type of a draft's field."""
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        inner = [item for item in typing.get_args(annotation) if item is not types.NoneType]
        return avro_type(inner[0])[0], True
    if origin is typing.Annotated:
        return avro_type(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return "string", False
    if origin is tuple:
        return "array", False
    names = {str: "string", int: "long", bool: "boolean", datetime.date: "date", datetime.datetime: "timestamp-micros"}
    return names[annotation] if annotation is not Address else "record", False


def test_sensitive_values_are_keyed_and_never_a_field_of_the_same_name() -> None:
    models: list[type[BaseModel]] = [*BODIES.values(), Member]
    sensitive = {
        name
        for model in models
        for name, field in model.model_fields.items()
        if Sensitive in (field.annotation, *typing.get_args(field.annotation))
    }
    assert sensitive == set(KEYED)


def test_every_topic_has_a_name_in_the_code() -> None:
    named = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    assert named == set(topics.topics())


def test_keys_of_topics_hold_no_persons() -> None:
    assert {spec.key for spec in topics.topics().values()} == {
        "source",
        "deputyship",
        "dossier",
        "erasure",
        "household",
        "municipality",
        "state key",
    }


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the contract that a test may break."""
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, folder)
    for module in (codec, contract, topics):
        monkeypatch.setattr(module, "schemas_folder", lambda: folder)
    clear()
    yield folder
    monkeypatch.undo()
    clear()


def clear() -> None:
    for cached in (contract.registry, contract._named, topics.topics):
        cached.cache_clear()


def test_an_orphan_schema_is_found(broken: Path) -> None:
    (broken / "avro" / "registrations.ghost").mkdir()
    (broken / "avro" / "registrations.ghost" / "v1.avsc").write_text("{}")
    assert problems() == ["avro/registrations.ghost/v1.avsc: not in registry.yaml"]


def test_an_orphan_example_and_a_missing_one_are_found(broken: Path) -> None:
    (broken / "examples" / "registrations.goal" / "v1").rename(broken / "examples" / "registrations.goal" / "v9")
    found = problems()
    assert "examples/registrations.goal/v9/finance_open: no such schema" in found
    assert "registrations.goal v1: 0 examples; 2 are wanted" in found


def test_an_orphan_topic_is_found(broken: Path) -> None:
    (broken / "topics" / "registrations.records.v1.yaml").unlink()
    found = problems()
    assert "registrations.goal: not both a registered subject and on a topic" in found
    assert "households.assignments.v1: has other partitions than registrations.records.v1" in found


def test_an_example_that_does_not_fit_is_found(broken: Path) -> None:
    example = broken / "examples" / "registrations.contact" / "v1" / "no_show.json"
    example.write_text(example.read_text().replace('"held_on"', '"when"'))
    assert problems() == ["examples/registrations.contact/v1/no_show: ValueError: unknown fields: when"]


def test_a_topic_that_hides_its_personal_data_is_found(broken: Path) -> None:
    spec = broken / "topics" / "households.views.v1.yaml"
    spec.write_text(spec.read_text().replace("personal: content", "personal: none"))
    assert problems() == ["households.views.v1: says personal: none; its schemas say content, identity"]
