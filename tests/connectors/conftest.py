"""One simulated source and one connector to it, per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.connector import MensCentraalConnector
from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.zcd.config import ZcdConfig
from connectors.zcd.connector import ZcdConnector
from connectors.zcd.simulator import ZcdSimulator


@pytest.fixture
def zcd(tmp_path: Path) -> Iterator[ZcdSimulator]:
    """A simulated ZCD that answers."""
    simulator = ZcdSimulator(tmp_path / "zcd", in_process=True)
    simulator.start()
    yield simulator
    simulator.close()


@pytest.fixture
def zcd_connector(zcd: ZcdSimulator) -> Iterator[ZcdConnector]:
    """Reads the simulated ZCD in small pages."""
    connector = ZcdConnector(ZcdConfig.model_validate({**zcd.settings(), "page_size": 5}))
    yield connector
    connector.close()


@pytest.fixture
def mens(tmp_path: Path) -> Iterator[MensCentraalSimulator]:
    """A simulated MensCentraal."""
    simulator = MensCentraalSimulator(tmp_path / "menscentraal")
    simulator.start()
    yield simulator
    simulator.close()


@pytest.fixture
def mens_connector(mens: MensCentraalSimulator) -> Iterator[MensCentraalConnector]:
    """Reads the simulated MensCentraal in small pages."""
    connector = MensCentraalConnector(MensCentraalConfig.model_validate({**mens.settings(), "page_size": 5}))
    yield connector
    connector.close()
