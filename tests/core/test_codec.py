from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.codec import (
    HEADER_BYTES,
    Codec,
    SchemaRegistry,
    UndecodableError,
    UnencodableError,
    UnknownSchemaError,
    Value,
    decode,
    decode_start,
    encode,
)
from hub.events.records import BODIES, RecordType
from hub.events.sensitive import Address, Sensitive
from hub.ops.contract import Example, example_bytes, example_value, examples, registry

SCHEMAS = Path(__file__).parents[2] / "schemas"
GOAL = "registrations.goal"
EXAMPLES = pytest.mark.parametrize("example", examples(), ids=lambda example: example.path)


def an_example(path: str) -> Example:
    return next(example for example in examples() if example.path == path)


@EXAMPLES
def test_an_example_comes_back_as_it_was(example: Example) -> None:
    its_own = Codec(registry(), {example.subject: example.version})
    assert its_own.decode(example_bytes(example)).value == example_value(example)


@EXAMPLES
def test_an_example_of_any_version_is_read_as_this_release_understands_it(example: Example) -> None:
    read = decode(example_bytes(example))
    assert (read.subject, read.version) == (example.subject, example.version)
    assert decode(encode(example.subject, read.value)).value == read.value


def test_a_member_of_before_secret_addresses_says_nothing_of_them() -> None:
    old = decode(example_bytes(an_example("registrations.composition/v1/youth_open")))
    assert old.version == 1
    assert {member["address_secret"] for member in old.value["body"]["members"]} == {None}
    new = decode(example_bytes(an_example("registrations.composition/v2/youth_secret_address")))
    assert [member["address_secret"] for member in new.value["body"]["members"]] == [True, True, False, None]


@EXAMPLES
def test_a_message_cut_short_is_undecodable(example: Example) -> None:
    data = example_bytes(example)
    for cut in (data[:-1], data + b"\0", data[:3], b"\1" + data[1:]):
        with pytest.raises(UndecodableError):
            decode(cut)


def goal(**changes: Any) -> Value:
    return example_value(an_example(f"{GOAL}/v1/finance_open")) | changes


def test_a_message_starts_with_zero_and_its_schema_id() -> None:
    assert encode(GOAL, goal())[:HEADER_BYTES] == b"\0" + registry().id_of(GOAL, 1).to_bytes(4, "big")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "3"},
        {"version": None},
        {"unknown": 1},
        {"recorded_at": "yesterday"},
        {"body": {}},
    ],
)
def test_a_value_that_does_not_fit_is_never_encoded(changes: dict[str, Any]) -> None:
    with pytest.raises(UnencodableError):
        encode(GOAL, goal(**changes))


def test_a_missing_field_is_never_encoded_as_null() -> None:
    value = goal()
    del value["occurred_at"]
    with pytest.raises(UnencodableError):
        encode(GOAL, value)


@pytest.mark.parametrize("planted", [Sensitive("123456782"), Address(number=1, postcode="3011AB")])
def test_a_person_that_was_not_keyed_is_never_encoded(planted: object) -> None:
    for value in (goal(subject=planted), goal(body=goal()["body"] | {"owner": planted}), goal(body=[planted])):
        with pytest.raises(UnencodableError) as caught:
            encode(GOAL, value)
        assert "123456782" not in str(caught.value)


def test_an_unknown_schema_id_is_no_bad_message() -> None:
    with pytest.raises(UnknownSchemaError):
        decode(b"\0" + (999).to_bytes(4, "big") + b"body")


@pytest.fixture
def newer(tmp_path: Path) -> SchemaRegistry:
    """A registry in which goals have a version 2: one field more, and one field fewer."""
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, folder)
    schema = json.loads((folder / "avro" / GOAL / "v1.avsc").read_text())
    body = next(field for field in schema["fields"] if field["name"] == "body")["type"][1]
    body["fields"] = [field for field in body["fields"] if field["name"] != "owner"]
    body["fields"].append({"name": "steps", "type": {"type": "array", "items": "string"}, "default": []})
    schema["fields"].append({"name": "channel", "type": ["null", "string"], "default": None})
    (folder / "avro" / GOAL / "v2.avsc").write_text(json.dumps(schema))
    registered = (folder / "registry.yaml").read_text().replace(f"{GOAL}:\n  1: 104", f"{GOAL}:\n  1: 104\n  2: 904")
    (folder / "registry.yaml").write_text(registered)
    return SchemaRegistry(folder)


def goal_v2() -> Value:
    body = goal()["body"] | {"steps": ["bellen"]}
    del body["owner"]
    return goal(channel="post", body=body)


def test_an_older_reader_reads_a_newer_writer(newer: SchemaRegistry) -> None:
    data = Codec(newer).encode(GOAL, goal_v2())
    read = Codec(newer, speaks={GOAL: 1}).decode(data)
    assert read.version == 2
    assert read.value == goal(body=goal()["body"] | {"owner": None})


def test_a_newer_reader_reads_an_older_writer(newer: SchemaRegistry) -> None:
    read = Codec(newer).decode(encode(GOAL, goal()))
    assert read.version == 1
    assert (read.value["channel"], read.value["body"]["steps"]) == (None, [])
    assert "owner" not in read.value["body"]


def test_a_release_that_lacks_the_newer_schema_says_that_it_is_unknown(newer: SchemaRegistry) -> None:
    with pytest.raises(UnknownSchemaError):
        decode(Codec(newer).encode(GOAL, goal_v2()))


def test_the_header_is_read_without_the_body(newer: SchemaRegistry) -> None:
    data = Codec(newer).encode(GOAL, goal_v2())
    assert Codec(newer, speaks={GOAL: 1}).peek(data[:HEADER_BYTES]) == (GOAL, 2, 904)


def test_one_id_is_one_schema(newer: SchemaRegistry, tmp_path: Path) -> None:
    registered = tmp_path / "schemas" / "registry.yaml"
    registered.write_text(registered.read_text().replace("904", "101"))
    with pytest.raises(ValueError, match="used twice"):
        SchemaRegistry(tmp_path / "schemas")


def test_a_subject_that_does_not_exist_has_no_version() -> None:
    with pytest.raises(KeyError):
        registry().newest("registrations.nothing")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.integers(-(2**40), 2**42).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=n))
_SCALARS = {
    "string": texts,
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=12),
    "timestamp-micros": times,
    "date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
}


def values_of(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value that a schema allows."""
    if isinstance(schema, list):
        return st.one_of(st.none(), *(values_of(item, named) for item in schema if item != "null"))
    kind = schema if isinstance(schema, str) else schema.get("logicalType", schema["type"])
    if kind == "record":
        named[schema["name"]] = schema
        return st.fixed_dictionaries({f["name"]: values_of(f["type"], named) for f in schema["fields"]})
    if kind == "array":
        return st.lists(values_of(schema["items"], named), max_size=2)
    return values_of(named[kind], named) if kind in named else _SCALARS[kind]


@given(st.data(), st.sampled_from(registry().subjects()))
def test_whatever_a_schema_allows_comes_back_as_it_was(data: st.DataObject, subject: str) -> None:
    value = data.draw(values_of(registry().schema(registry().id_of(subject, registry().newest(subject))), {}))
    assert decode(encode(subject, value)).value == value


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_say_why_not(data: bytes) -> None:
    try:
        decode(b"\0\0\0\0h" + data)
    except UndecodableError:
        return


def test_every_record_type_has_a_body_and_a_subject() -> None:
    assert set(BODIES) == set(RecordType)
    assert {kind.subject for kind in RecordType} <= set(registry().subjects())


@pytest.mark.parametrize(
    "example", [e for e in examples() if e.subject == "households.composition"], ids=lambda e: e.path
)
def test_the_start_of_a_message_is_read_without_the_rest(example: Example) -> None:
    whole = example_bytes(example)
    expected = {name: decode(whole).value[name] for name in ("household", "label")}
    assert decode_start(whole, 2) == decode_start(whole[:40], 2) == expected


def test_a_message_that_ends_in_its_start_is_undecodable() -> None:
    whole = encode("households.assignment", {"source": "zcd", "dossier_id": "1", "household": None, "since": 3})
    with pytest.raises(UndecodableError):
        decode_start(whole[:7], 2)
