"""The search for persons finds them: otherwise that it finds nothing would say nothing."""

from __future__ import annotations

import pytest

from tests.kafka.marks import BSN, FAMILY_NAME, STREET, Marks

pytestmark = pytest.mark.core
MARKS = Marks({BSN}, {FAMILY_NAME, "Bos"}, {STREET, "1234QX"})


@pytest.mark.parametrize(
    "data",
    [b"\x00123456782\x01", BSN.encode("utf-16-le"), b"f" + BSN.encode().hex().encode(), b"x 1234QX", STREET.encode()],
)
def test_a_bsn_or_address_is_found_in_bytes(data: bytes) -> None:
    assert MARKS.in_values(data) != set()


@pytest.mark.parametrize("text", [f'"{FAMILY_NAME}"', "key=Bos,", f"/{BSN}/", "bsn 999999990.", "111222333"])
def test_a_person_is_found_in_text(text: str) -> None:
    assert MARKS.in_text(text) != set()


@pytest.mark.parametrize("text", ["Bosch", "0.123456782", "a1112223334b", "1112223330", "112222333"])
def test_what_identifies_nobody_is_not_found(text: str) -> None:
    assert Marks(names={"Bos"}).in_text(text) == set()
