"""What a feed lost or never told is found by the inventory and comes by reading the record itself again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from connectors.menscentraal.connector import MensCentraalConnector
from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.zcd.connector import ZcdConnector
from connectors.zcd.simulator import ZcdSimulator
from hub.connect import Connector, InventoryItem, SourceRejected
from hub.events.records import Draft
from tests.connectors.sources import mens_contact, mens_removal, read_all, zcd_contact, zcd_removal
from tests.ingest.connectors_for_tests import Obedient, ObedientConfig

pytestmark = pytest.mark.core
Change = dict[str, object]


class Changed(Protocol):
    """A change of a record, and a removal."""

    def __call__(self, record: str, version: int) -> Change:
        """The change as the source writes it."""


@pytest.fixture(params=["zcd", "menscentraal"])
def source(
    request: pytest.FixtureRequest,
) -> tuple[ZcdSimulator | MensCentraalSimulator, Connector, Changed, Changed]:
    if request.param == "zcd":
        simulator: ZcdSimulator = request.getfixturevalue("zcd")
        connector: ZcdConnector = request.getfixturevalue("zcd_connector")
        return simulator, connector, zcd_contact, zcd_removal
    mens: MensCentraalSimulator = request.getfixturevalue("mens")
    mens_connector: MensCentraalConnector = request.getfixturevalue("mens_connector")
    return mens, mens_connector, mens_contact, mens_removal


def drafts(connector: Connector, items: list[InventoryItem]) -> list[Draft]:
    return [draft for record in connector.reread(items) for draft in connector.translate(record)]


def test_what_the_feed_never_told_is_read_from_the_record_itself(
    source: tuple[ZcdSimulator | MensCentraalSimulator, Connector, Changed, Changed],
) -> None:
    simulator, connector, contact, removal = source
    simulator.apply_many([contact("c1", 1), contact("c2", 1), contact("c3", 1)])
    read = read_all(connector)
    simulator.apply_silently([contact("c2", 2), removal("c3", 2), contact("c4", 1)])
    assert not read_all(connector, read.cursor).records
    items = {item.record_id: item for item in connector.inventory()}
    assert {name: (item.version, item.deleted) for name, item in items.items()} == {
        "c1": (1, False), "c2": (2, False), "c3": (2, True), "c4": (1, False)
    }  # fmt: skip
    found = drafts(connector, list(items.values()))
    assert sorted((d.record_id, d.version, d.deleted) for d in found) == sorted(
        (item.record_id, item.version, item.deleted) for item in items.values()
    )


def test_a_record_that_is_gone_is_left_out(
    source: tuple[ZcdSimulator | MensCentraalSimulator, Connector, Changed, Changed],
) -> None:
    _, connector, contact, _ = source
    assert contact("no/such & one", 1)
    assert drafts(connector, [InventoryItem("D", "contact", "no/such & one", 1, False)]) == []


def test_a_connector_that_cannot_reread_says_so() -> None:
    read: Callable[[list[InventoryItem]], object] = Obedient(ObedientConfig(instance="zcd")).reread
    with pytest.raises(SourceRejected, match="cannot read single records"):
        read([])
