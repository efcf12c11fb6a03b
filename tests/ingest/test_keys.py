from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.ingest.keys import KeyRing, SealBrokenError, valid_bsn
from hub.connect.ingest.secrets import create_secrets_file, load_key_ring
from hub.errors import ConfigError
from hub.events.ids import DossierRef
from hub.events.sensitive import Address, Sensitive
from tests.ingest.drafts import RING

pytestmark = pytest.mark.core
OTHER = KeyRing(bytes(32), bytes(64))
DOSSIER = DossierRef("zcd", "Z-1")


def person(bsn: str | None) -> tuple[str, str | None]:
    return RING.member(None if bsn is None else Sensitive(bsn), DOSSIER, "1")


@pytest.mark.parametrize("stated", ["123456782", " 123456782 ", "123.456.782", "123 456 782"])
def test_one_bsn_is_one_person_however_it_is_written(stated: str) -> None:
    assert person(stated) == (RING.person("123456782"), None)


def test_eight_digits_lost_their_leading_zero() -> None:
    assert valid_bsn("10000008") == "010000008"


@pytest.mark.parametrize("stated", ["123456789", "12", "000000000", "1234567820", "12345678a", "١٢٣٤٥٦٧٨٢"])
def test_a_wrong_bsn_leaves_the_member_unconfirmed(stated: str) -> None:
    assert person(stated) == (RING.unconfirmed(DOSSIER, "1"), "bsn_invalid")


@pytest.mark.parametrize("stated", [None, "", "  "])
def test_a_missing_bsn_leaves_the_member_unconfirmed(stated: str | None) -> None:
    assert person(stated) == (RING.unconfirmed(DOSSIER, "1"), "bsn_missing")


def test_unconfirmed_persons_differ_per_dossier_and_line() -> None:
    lines = [(DOSSIER, "1"), (DOSSIER, "2"), (DossierRef("zcd", "Z-2"), "1"), (DossierRef("zcd-2", "Z-1"), "1")]
    assert len({RING.unconfirmed(dossier, line) for dossier, line in lines}) == len(lines)


def test_a_key_depends_on_the_secret_and_does_not_show_the_bsn() -> None:
    assert RING.person("123456782") != OTHER.person("123456782")
    assert "123456782" not in RING.person("123456782")


def test_addresses_with_the_same_postcode_number_and_suffix_have_one_key() -> None:
    one = Address(street="Dorpsstraat", number=7, suffix=" a", postcode="3011 ab", city="Rotterdam")
    same = Address(street="Dorpstraat", number=7, suffix="A", postcode="3011AB")
    other = Address(number=7, suffix="B", postcode="3011AB")
    assert RING.address_key(one) == RING.address_key(same) != RING.address_key(other)


@given(st.binary(max_size=100), st.binary(max_size=10))
def test_what_is_sealed_opens_with_the_same_key_and_context_only(data: bytes, context: bytes) -> None:
    sealed = RING.seal(data, context)
    assert sealed == RING.seal(data, context)
    assert RING.open(sealed, context) == data
    for ring, bad_context in ((OTHER, context), (RING, context + b"!")):
        with pytest.raises(SealBrokenError):
            ring.open(sealed, bad_context)
    with pytest.raises(SealBrokenError):
        RING.open(sealed[:-1], context)
    with pytest.raises(SealBrokenError):
        RING.open(b"", context)


def test_a_key_ring_does_not_print_its_keys() -> None:
    assert repr(RING) == "KeyRing(generation=1)"


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing(b"short", bytes(64))


def test_a_new_secrets_file_is_for_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    create_secrets_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    ring = load_key_ring(path, 3)
    assert ring.generation == 3
    with pytest.raises(FileExistsError):
        create_secrets_file(path)
    assert load_key_ring(path, 3) == ring


def test_a_secrets_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_secrets_file(path)
    os.chmod(path, 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_key_ring(path, 1)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"linking": "!", "sealing": ""}', '{"linking": "QQ==", "sealing": "QQ=="}']
)
def test_a_malformed_secrets_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="does not hold the two keys") as caught:
        load_key_ring(path, 1)
    assert str(path) in str(caught.value)


def test_a_missing_secrets_file_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_key_ring(tmp_path / "none.json", 1)
    assert caught.value.tried == (str(tmp_path / "none.json"),)


def test_the_secrets_file_holds_base64_of_both_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_secrets_file(path)
    lengths = {name: len(base64.b64decode(key)) for name, key in json.loads(path.read_text()).items()}
    assert lengths == {"linking": 32, "sealing": 64}
