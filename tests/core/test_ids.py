from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafkas_murmur2

from hub.events.ids import DossierRef, Order, RecordRef, event_id, household_id, murmur2, partition_for

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
records = st.builds(RecordRef, texts, texts, texts, texts)
orders = st.builds(Order, *[st.integers(0, 2**40)] * 4)


@given(st.binary(max_size=40), st.integers(1, 64))
def test_partitions_are_kafkas_own(key: bytes, partitions: int) -> None:
    assert murmur2(key) == kafkas_murmur2(key) & 0xFFFFFFFF
    assert partition_for(key, partitions) == (kafkas_murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(("key", "expected"), [(b"21", -973932308), (b"foobar", -790332482), (b"abc", 479470107)])
def test_murmur2_is_that_of_kafkas_java_client(key: bytes, expected: int) -> None:
    """Values from Kafka's own UtilsTest."""
    assert murmur2(key) == expected & 0xFFFFFFFF


@given(records, orders, records, orders)
def test_event_ids_are_equal_for_the_same_version_only(
    record: RecordRef, order: Order, other: RecordRef, other_order: Order
) -> None:
    same = (record, order) == (other, other_order)
    assert (event_id(record, order) == event_id(other, other_order)) == same or "\0" in "".join([*record, *other])
    assert len(event_id(record, order)) == 32


@given(st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True), texts)
def test_a_dossier_comes_back_from_its_key(source: str, dossier_id: str) -> None:
    ref = DossierRef(source, dossier_id)
    assert DossierRef.from_key(ref.key) == ref


def test_the_order_is_epoch_version_time_revision() -> None:
    ascending = [Order(0, 2, 9, 9), Order(1, 0, 0, 0), Order(1, 0, 0, 1), Order(1, 0, 1, 0), Order(1, 1, 0, 0)]
    assert sorted(ascending) == ascending


def test_a_household_id_depends_on_source_and_dossier() -> None:
    ids = {household_id(DossierRef(*pair)) for pair in [("a", "bc"), ("ab", "c"), ("a", "bd")]}
    assert len(ids) == 3
    assert all(len(one) == 21 and one[0] == "H" for one in ids)
