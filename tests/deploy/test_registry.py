"""Our schemas in a registry of others: under our ids, again without effect, and never over something else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hub.errors import LogRefused, LogUnavailable
from hub.ops.contract import schema_versions
from hub.ops.schema_registry import register
from tests.deploy.registry import serving_registry


def test_every_version_gets_its_own_id_and_the_subjects_are_closed() -> None:
    with serving_registry() as registry:
        done = register(registry.address)
        assert done == (0, len(schema_versions()))
        for entry in schema_versions():
            assert registry.subjects[entry.subject][entry.version] == entry.schema_id
        assert set(registry.modes.values()) == {"READONLY"}


def test_a_second_time_changes_nothing() -> None:
    with serving_registry() as registry:
        register(registry.address)
        writes = registry.writes
        assert register(registry.address) == (len(schema_versions()), 0)
        assert registry.writes == writes


def test_a_new_version_comes_beside_what_is_there() -> None:
    with serving_registry() as registry:
        register(registry.address)
        del registry.subjects["registrations.composition"][2]
        assert register(registry.address) == (len(schema_versions()) - 1, 1)
        assert registry.subjects["registrations.composition"][2] == 110


def test_an_id_of_somebody_else_is_refused_and_the_subject_closed() -> None:
    with serving_registry() as registry:
        registry.schemas[101] = '"string"'
        with pytest.raises(LogRefused, match="id 101 is not permitted"):
            register(registry.address)
        assert registry.modes["registrations.composition"] == "READONLY"


@pytest.mark.parametrize(("held", "why"), [('"string"', "another schema"), ("no schema", "another schema")])
def test_something_else_under_our_name_is_refused(held: str, why: str) -> None:
    with serving_registry() as registry:
        register(registry.address)
        registry.schemas[105] = held
        with pytest.raises(LogRefused, match=why):
            register(registry.address)


def test_another_id_for_our_version_is_refused() -> None:
    with serving_registry() as registry:
        register(registry.address)
        registry.subjects["registrations.goal"][1] = 105
        with pytest.raises(LogRefused, match="has id 105 there, and 104 here"):
            register(registry.address)


def test_a_registry_that_cannot_import_is_refused() -> None:
    with serving_registry(imports=False) as registry, pytest.raises(LogRefused, match="no modes here"):
        register(registry.address)


def test_a_registry_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(LogUnavailable):
        register("http://127.0.0.1:9")


def command(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.cli.main", "schemas", "register", *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_says_what_it_did() -> None:
    with serving_registry() as registry:
        done = command(REGIEHUB_SCHEMA_REGISTRY=registry.address)
    assert done.stdout == f"0 schemas were there, {len(schema_versions())} were added\n", done.stderr
    assert done.returncode == 0


def test_without_an_address_it_does_not_start() -> None:
    done = command()
    assert done.returncode == 2
    assert "REGIEHUB_SCHEMA_REGISTRY" in done.stderr
