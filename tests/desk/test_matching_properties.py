from __future__ import annotations

from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.desk.matching import blocking
from hub.desk.matching.names import fold, folded
from hub.desk.matching.prepared import prepare
from hub.desk.matching.record import Address, Name, Record
from hub.desk.matching.score import score

UNTIMED = settings(deadline=None)
WORDS = [
    "Anna",
    "Ana",
    "A.",
    "J.P.",
    "van der",
    "'t",
    "de",
    "Vries",
    "Vires",
    "Smit-de Vries",
    "Dijk",
    "Dyk",
    "Öztürk",
    "",
]
WORD = st.none() | st.sampled_from(WORDS) | st.text(max_size=8)
DATE = st.sampled_from(["1990-05-02", "1990-02-05", "1990", "1990-05", "2015-09-01", "", "?"]) | st.text(max_size=10)
PART = st.none() | st.sampled_from(["12", "14", "A", "3074JB", "3074JA", "Putselaan", "Putslaan", "Rotterdam"])
RECORD = st.builds(
    Record,
    names=st.lists(st.builds(Name, WORD, WORD, WORD), max_size=3).map(tuple),
    birth_dates=st.lists(DATE, max_size=3).map(tuple),
    genders=st.lists(st.sampled_from(["male", "female", "other", "x"]), max_size=2).map(tuple),
    addresses=st.lists(st.builds(Address, PART, PART, PART, PART, PART, PART), max_size=2).map(tuple),
    dossiers=st.lists(st.sampled_from(["zcd/Z-1", "mc/M-1"]), max_size=2).map(tuple),
)


def turned(record: Record) -> Record:
    return Record(
        names=record.names[::-1],
        birth_dates=record.birth_dates[::-1],
        genders=record.genders[::-1],
        addresses=record.addresses[::-1],
        dossiers=record.dossiers[::-1],
    )


@UNTIMED
@given(RECORD, RECORD)
def test_a_score_is_symmetric_with_the_values_in_each_others_place(one: Record, other: Record) -> None:
    there, back = score(prepare(one), prepare(other)), score(prepare(other), prepare(one))
    assert there.bits == back.bits
    assert [item.level for item in there.findings] == [item.level for item in back.findings]
    assert sorted(sorted((item.one, item.other)) for item in there.findings) == sorted(
        sorted((item.one, item.other)) for item in back.findings
    )


@UNTIMED
@given(RECORD, RECORD)
def test_the_order_of_what_sources_state_changes_nothing(one: Record, other: Record) -> None:
    assert prepare(one) == prepare(turned(one))
    assert score(prepare(one), prepare(other)) == score(prepare(turned(one)), prepare(turned(other)))
    assert blocking.keys(prepare(one)) == blocking.keys(prepare(turned(one)))


@UNTIMED
@given(RECORD, RECORD)
def test_the_evidence_adds_up_to_the_score(one: Record, other: Record) -> None:
    found = score(prepare(one), prepare(other))
    assert found.bits == pytest.approx(fsum(item.level.bits for item in found.findings))
    assert len({item.level.code.split("_")[0] for item in found.findings}) == len(found.findings)


@UNTIMED
@given(RECORD)
def test_nobody_is_likelier_than_oneself_to_be_oneself(one: Record) -> None:
    found = score(prepare(one), prepare(one._replace(dossiers=())))
    assert all(item.level.bits > 0 for item in found.findings)


@UNTIMED
@given(st.text(max_size=20))
def test_folding_twice_equals_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@UNTIMED
@given(WORD, WORD, WORD)
def test_a_folded_name_is_the_same_when_it_is_folded_again(
    given_name: str | None, prefix: str | None, family: str | None
) -> None:
    once = folded(Name(given_name, prefix, family))
    again = folded(Name(" ".join(once.given), " ".join(once.prefix), " ".join(once.family)))
    assert (again.given, set(again.family), set(again.prefix)) == (once.given, set(once.family), set(once.prefix))
