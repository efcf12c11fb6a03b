"""Schemathesis over every operation of the API: what it sends fits the description or breaks it, and no answer may be
one that the description does not promise. In process; `make soak` goes on for longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hub.desk.app import create_app
from hub.desk.deciding import Deciding
from hub.desk.login.doors import Login
from hub.desk.login.limits import Limits
from hub.desk.reading import Reading
from hub.desk.site import DESCRIPTION
from hub.desk.tokens import Tokens
from hub.events.decisions import Kind
from tests.desk.conftest import NOW, Desk
from tests.desk.decisions import opening_entry
from tests.desk.family import HOME
from tests.desk.test_api_examples import DECIDED, DECISION
from tests.desk.test_sight import ACTORS, the_family

EXAMPLES = 3
"""Of each operation, asker, kind and id: three askers times 14 operations times these are some seconds."""
HEADERS: dict[str, dict[str, str]] = {
    "director": {"Authorization": "Bearer youth"},
    "worker of the other unit": {"Authorization": "Bearer adult"},
    "nobody": {},
}
KNOWN = {"household_id": HOME, "decision_id": DECISION}
"""Ids of what is there; random ones are not."""
SAYS_MORE_THAN_A_SCHEMA = {
    "searchHouseholds", "makeDecision", "takeBackDecision", "inspectPerson", "erasePerson", "nameDeputy",
}  # fmt: skip
"""A body of these can fit its schema and still be refused with a 400: a BSN fails its check, a decision names one line
twice, a reason holds a BSN, a consent or a deputy runs too long. Of them `positive_data_acceptance` is not asked."""


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    """A desk with a family of which each unit sees its own, a decision, and an emergency access to be reviewed."""
    desk.show(the_family(DECIDED, opening_entry(Kind.EMERGENCY, minutes=6)))
    reading = Reading(desk.engine, desk.log, lambda: NOW)
    return create_app(
        replace(
            desk.site,
            reading=reading,
            deciding=Deciding(reading, desk.publish, "0599", 1, desk.person_key),
            tokens=Tokens(ACTORS),
            login=Login(limits=Limits.of(requests=10**7)),
        )
    )


@pytest.mark.soakable
@pytest.mark.parametrize("who", HEADERS)
def test_no_answer_is_one_that_the_description_does_not_promise(
    who: str, app: FastAPI, seed: int, soak_seconds: float
) -> None:
    began, turn = time.monotonic(), 0
    while turn == 0 or time.monotonic() < began + soak_seconds:
        for check in checks(app, HEADERS[who]):
            with_seed(seed + turn)(check)()
        turn += 1


def checks(app: FastAPI, headers: dict[str, str]) -> Iterator[Callable[[], None]]:
    """A property per operation, kind of data, and whether the ids are of what is there."""
    schema = schemathesis.openapi.from_asgi(DESCRIPTION, app)
    for found in schema.get_all_operations():
        assert not isinstance(found, Err)
        operation = found.ok()
        named = {name: KNOWN[name] for name in KNOWN if f"{{{name}}}" in operation.path}
        name = operation.definition.raw["operationId"]
        for mode in GenerationMode:
            yield check(operation.as_strategy(mode), headers, name)
            if named:
                yield check(operation.as_strategy(mode, path_parameters=named), headers, name)


def check(cases: Any, headers: dict[str, str], name: str) -> Callable[[], None]:
    """One property."""
    excluded: list[CheckFunction] = [positive_data_acceptance] if name in SAYS_MORE_THAN_A_SCHEMA else []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def holds(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    return holds
