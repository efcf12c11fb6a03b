"""A desk in one process: SQLite in memory, hand-made views, two tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from hub.desk import database
from hub.desk.access import Actor, Role
from hub.desk.app import create_app
from hub.desk.caseload.writing import Attending
from hub.desk.deciding import Deciding
from hub.desk.looks import LookLog
from hub.desk.projector import apply_view
from hub.desk.site import Site
from hub.desk.tokens import Tokens
from hub.events.decisions import DecisionMessage
from hub.ops.orders import Orders
from hub.ops.picture import Picture
from hub.ops.recent import Past
from tests.desk.family import family
from tests.desk.open_reading import OpenReading
from tests.desk.views import TEAM

DIRECTOR = "token-of-the-director"
KIM = "token-of-the-director-of-the-family"
LEADER = "token-of-the-team-leader"
OPERATOR = "token-of-operations"
INSPECTOR = "token-of-the-inspection-officer"
OFFICER = "token-of-the-safety-officer"
AppOf = Callable[[Site], FastAPI]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KNOWN_BSN = "123456782"


@dataclass
class Desk:
    """What a test may touch of the desk under test. `address`: the key of every address that is searched for."""

    engine: Engine
    looks_path: Path
    not_ready: str | None = None
    asked: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=lambda: {KNOWN_BSN: "p-anna"})
    sent: list[DecisionMessage] = field(default_factory=list)
    log_fails: Exception | None = None
    address: str = "a-here"
    picture: Picture | None = None
    recent: tuple[Past, ...] = ()
    orders: Orders | None = None

    def person_key(self, bsn: str) -> str | None:
        """A key ring that knows one BSN."""
        self.asked.append(bsn)
        return self.keys.get(bsn)

    def show(self, view: tuple[str, bytes]) -> str:
        """Put a view into the read model; returns its household id."""
        with self.engine.begin() as connection:
            apply_view(connection, view[0].encode(), view[1], Attending(now=lambda: NOW))
        return view[0]

    @cached_property
    def log(self) -> LookLog:
        """The log of looks, which has one writer."""
        return LookLog(self.looks_path)

    def operations(self) -> list[dict[str, Any]]:
        """What stands in the log of looks, one record per operation."""
        return [record for record in self.records() if record["record"] == "operation"]

    def records(self) -> list[dict[str, Any]]:
        """All records of the log of looks."""
        text = self.looks_path.read_text() if self.looks_path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def publish(self, message: DecisionMessage) -> None:
        """A log that keeps what it is given, or fails."""
        if self.log_fails:
            raise self.log_fails
        self.sent.append(message)

    @property
    def site(self) -> Site:
        """The parts of the application."""
        reading = OpenReading(self.engine, self.log, lambda: NOW)
        return Site(
            reading=reading,
            deciding=Deciding(reading, self.publish, "0599", 1, self.person_key),
            tokens=Tokens(
                {
                    DIRECTOR: Actor("dirk", Role.CASE_DIRECTOR, unit="youth", teams=(TEAM,), staff="1"),
                    KIM: Actor("k.bakker", Role.CASE_DIRECTOR, "Wijkteam Noord", "Kim Bakker", "youth", ("Noord",)),
                    LEADER: Actor("lea", Role.TEAM_LEADER, name="Lea Vos", unit="adult", teams=("Noord", "Zuid")),
                    OPERATOR: Actor("olga", Role.OPERATIONS),
                    INSPECTOR: Actor("ine", Role.INSPECTION_OFFICER, "Gemeente Voorbeeld"),
                    OFFICER: Actor("sofie", Role.SAFETY_OFFICER),
                }
            ),
            open_sealed=lambda sealed: None if sealed == b"ereht-a" else f"Straat 1 ({sealed[::-1].decode()})",
            person_key=self.person_key,
            address_key=lambda _: self.address,
            why_not_ready=lambda: self.not_ready,
            render_metrics=lambda: b"regiehub_up 1\n",
            now=lambda: NOW,
            looking=lambda: self.picture,
            recent=lambda: self.recent,
            orders=self.orders,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty desk."""
    engine = database.open_engine("sqlite://")
    found = Desk(engine, tmp_path / "looks.jsonl")
    yield found
    found.log.close()
    engine.dispose()


@pytest.fixture
def home(desk: Desk) -> str:
    """Id of the one family that the desk then shows."""
    return desk.show(family())


class _Present:
    """The site of the test that runs. The application, whose routes take longer than most tests, is made once."""

    def __init__(self) -> None:
        self.site: Site | None = None
        self.app = create_app(cast(Site, self))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.site, name)


_MADE: Final[list[_Present]] = []


@pytest.fixture
def app_of() -> AppOf:
    """The application of a site; each that a test asks for is another."""
    free = iter(_MADE)

    def made(site: Site) -> FastAPI:
        present = next(free, None) or _Present()
        if present not in _MADE:
            _MADE.append(present)
        present.site = site
        present.app.middleware_stack = None  # made anew by the first request: its gate is this site's
        return present.app

    return made


@pytest.fixture
def visit(desk: Desk, app_of: AppOf) -> Iterator[Callable[[str | None], TestClient]]:
    """A client of the API with a token, or without one. Redirects are not followed."""
    app = app_of(desk.site)
    opened = []

    def client(token: str | None = DIRECTOR) -> TestClient:
        headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        opened.append(TestClient(app, headers=dict(headers), follow_redirects=False, raise_server_exceptions=False))
        return opened[-1]

    yield client
    for item in opened:
        item.close()


@pytest.fixture
def director(visit: Callable[[str | None], TestClient]) -> TestClient:
    """The case director's client."""
    return visit(DIRECTOR)


@pytest.fixture
def operator(visit: Callable[[str | None], TestClient]) -> TestClient:
    """The operator's client."""
    return visit(OPERATOR)


@pytest.fixture
def inspector(visit: Callable[[str | None], TestClient]) -> TestClient:
    """The inspection officer's client."""
    return visit(INSPECTOR)


@pytest.fixture
def officer(visit: Callable[[str | None], TestClient]) -> TestClient:
    """The safety officer's client."""
    return visit(OFFICER)


@pytest.fixture
def nobody(visit: Callable[[str | None], TestClient]) -> TestClient:
    """A client without a token."""
    return visit(None)
