from __future__ import annotations

import pytest

from hub.desk.matching import blocking, levels
from hub.desk.matching.dates import Born, Likeness, born, likeness
from hub.desk.matching.names import fold, folded, sound
from hub.desk.matching.prepared import prepare
from hub.desk.matching.record import Address, Name, Record
from hub.desk.matching.score import SHOWN, Score, score
from hub.desk.translations import TEXTS

HERE = Address("a-1", "Putselaan", "12", "A", "3074JB", "Rotterdam")


def person(
    given: str | None = "Anna",
    prefix: str | None = None,
    family: str | None = "Smit",
    *,
    born: str | None = "1990-05-02",
    gender: str | None = "female",
    address: Address | None = None,
    dossier: str | None = None,
) -> Record:
    return Record(
        names=(Name(given, prefix, family),),
        birth_dates=(born,) if born else (),
        genders=(gender,) if gender else (),
        addresses=(address,) if address else (),
        dossiers=(dossier,) if dossier else (),
    )


def compared(one: Record, other: Record) -> Score:
    return score(prepare(one), prepare(other))


def codes(one: Record, other: Record) -> set[str]:
    return {item.level.code for item in compared(one, other).findings}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  Dijkstra ", "dykstra"),
        ("Dykstra", "dykstra"),
        ("DĲKSTRA", "dykstra"),
        ("Ÿsbrand", "ysbrand"),
        ("Zoë-Aïcha", "zoe aicha"),
        ("Wójcik & Y\u0131lmaz", "wojcik yilmaz"),
        ("'t Hart", "t hart"),
        ("v.d. Berg", "vd berg"),
        ("Jansen e/v de Boer", "jansen ev de boer"),
        ("Großmann", "grossmann"),
        ("", ""),
        ("…!?", ""),
    ],
)
def test_a_name_is_folded(written: str, expected: str) -> None:
    assert fold(written) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Name("Jan", "van der", "Meer"), Name("Jan", None, "van der Meer")),
        (Name("Jan", None, "Meer"), Name("Jan", "v.d.", "Meer")),
        (Name("Jan", "in 't", "Veld"), Name("Jan", None, "Veld")),
        (Name("Jan", "de", "Boer - Jansen"), Name("Jan", None, "Jansen-de Boer")),
        (Name("Jan", None, "Jansen e/v de Boer"), Name("Jan", None, "de Boer e.v. Jansen")),
        (Name("Jan", None, "van Dijk"), Name("Jan", None, "VAN DYK")),
        (Name("Jan", "el", "Amrani"), Name("Jan", None, "Amrani")),
    ],
)
def test_a_family_name_is_the_same_with_or_without_prefix_and_in_either_order(one: Name, other: Name) -> None:
    assert set(folded(one).family) == set(folded(other).family)


def test_a_family_name_of_prefixes_alone_is_a_name() -> None:
    assert folded(Name(None, None, "de Los")).family == ("de", "los")


def test_initials_are_told_apart() -> None:
    assert folded(Name("J.P.", None, "Smit")).given == folded(Name("J P", None, "Smit")).given == ("j", "p")


def test_words_that_sound_alike_have_one_sound() -> None:
    for one, other in (
        ("dekker", "decker"),
        ("visser", "fisser"),
        ("smit", "smid"),
        ("theo", "teo"),
        ("yilmaz", "ilmas"),
    ):
        assert sound(one) == sound(other), (one, other)
    assert sound("bakker") != sound("dekker")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-09-01", Born(2015, 9, 1)),
        ("2015-09", Born(2015, 9)),
        ("2015", Born(2015)),
        ("2015-00-00", Born(2015)),
        ("", None),
        ("0000-01-01", None),
        ("gisteren", None),
        ("1-2-3-4", None),
        ("2015-", None),
        ("٢٠١٥", None),
    ],
)
def test_a_birth_date_may_be_known_in_part(text: str, expected: Born | None) -> None:
    assert born(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1990-05-02", "1990-05-02", Likeness.SAME),
        ("1990-05-02", "1990-02-05", Likeness.SWAPPED),
        ("1990-05-02", "1990-05", Likeness.PARTS_FIT),
        ("1990", "1990", Likeness.PARTS_FIT),
        ("1990-05-02", "1991-05-02", Likeness.ONE_PART_DIFFERS),
        ("1990-05-02", "1990-06-03", Likeness.DIFFERENT),
        ("1990-05-02", "1990-06", Likeness.DIFFERENT),
        ("1990-05-02", "1989", Likeness.DIFFERENT),
    ],
)
def test_birth_dates_relate(one: str, other: str, expected: Likeness) -> None:
    first, second = born(one), born(other)
    assert first is not None and second is not None
    assert likeness(first, second) is likeness(second, first) is expected


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (person(), "given_same"),
        (person("Anna Maria"), "given_same"),
        (person("Maria Anna"), "given_shared"),
        (person("A."), "given_initial"),
        (person("Anne"), "given_alike"),
        (person("Bea"), "given_different"),
        (person("B."), "given_different"),
        (person(family="Smit"), "family_same"),
        (person(family="Smitt"), "family_alike"),
        (person(prefix="de"), "family_prefix"),
        (person(family="Bakker-Smit"), "family_one_of_two"),
        (person(family="Öztürk"), "family_different"),
        (person("Smit", None, "Anna"), "names_swapped"),
        (person(born="1990-05-03"), "birth_one_digit"),
        (person(born="1990-12-02"), "birth_one_part"),
        (person(born="1990-02-05"), "birth_swapped"),
        (person(born="1990-05"), "birth_month_fits"),
        (person(born="1990"), "birth_year_fits"),
        (person(born="1961-12-31"), "birth_different"),
        (person(gender="male"), "gender_different"),
        (person(address=HERE), "address_same"),
        (person(address=HERE._replace(key="a-2", suffix=None)), "address_mostly"),
        (person(address=HERE._replace(key="a-2", number="14")), "address_street"),
        (person(address=Address("a-2", "Slinge", "9", None, "3085EJ", "Rotterdam")), "address_different"),
        (person(address=Address("a-2")), "address_different"),
    ],
)
def test_each_level_is_found(other: Record, code: str) -> None:
    assert code in codes(person(address=HERE), other)


def test_what_is_not_stated_is_no_evidence() -> None:
    nothing = Record()
    assert compared(person(address=HERE), nothing) == Score(0.0, ())
    assert compared(nothing, nothing).bits == 0
    assert codes(person(gender="other", born=None), person(born=None)) == {"given_same", "family_same"}
    assert blocking.keys(prepare(nothing)) == blocking.keys(prepare(person(None, None, "…", born="?"))) == frozenset()


def test_a_field_full_of_anything_takes_no_longer_than_a_name() -> None:
    flood = Record(
        names=(Name("a b " * 5_000, "x " * 5_000, " ".join(f"w{number}" for number in range(5_000))),),
        birth_dates=("9" * 5_000, "1-" * 5_000),
        addresses=(Address("k", "s" * 20_000, "9" * 5_000, None, "p" * 5_000, "c" * 20_000),),
    )
    assert len(blocking.keys(prepare(flood))) < 100
    assert compared(flood, flood).bits > 0
    assert compared(flood, person(address=HERE)).bits < SHOWN


def test_of_several_stated_values_the_nearest_counts() -> None:
    both = Record(names=(Name("Anna", None, "Bakker"), Name("Anna", None, "Smit")), birth_dates=("1961", "1990-05-02"))
    assert {"family_same", "birth_same"} <= codes(person(), both)


def test_a_brother_a_twin_and_a_mother_are_somebody_else() -> None:
    noor = person("Noor", "de", "Vries", born="2015-09-01", address=HERE)
    for relative in (
        person("Tom", "de", "Vries", born="2013-04-11", gender="male", address=HERE),
        person("Eva", "de", "Vries", born="1988-01-30", address=HERE),
        person("Tom", "de", "Vries", born=None, gender="male", address=HERE),
    ):
        assert "relative" in codes(noor, relative)
        assert compared(noor, relative).bits < SHOWN
    twin = compared(noor, person("Tom", "de", "Vries", born="2015-09-01", gender="male", address=HERE))
    assert twin.bits < compared(noor, person("N.", "de", "Vries", born="2015-09-01", address=HERE)).bits - 15


def test_two_lines_of_one_dossier_are_meant_as_two_persons() -> None:
    one, other = person(dossier="zcd/Z-1"), person(dossier="zcd/Z-1")
    assert "one_dossier" in codes(one, other)
    assert compared(one, other).bits < compared(one, person()).bits


def test_a_score_has_a_strength() -> None:
    assert compared(person(address=HERE), person(address=HERE)).strength == "strong"
    assert compared(person(born=None), person(born=None)).strength == "fair"
    assert compared(person(), person("Bea", family="Bos", born=None)).strength == "weak"


def test_every_level_is_a_share_and_has_words() -> None:
    assert len({level.code for level in levels.ALL}) == len(levels.ALL) == 27
    for level in levels.ALL:
        assert 0 < level.m <= 1 and 0 < level.u <= 1 and level.bits != 0
        assert f"match.{level.code}" in TEXTS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person(), person("Bea", family="Bos")),  # the date
        (person(), person("Bea", family="Bos", born="1990-02-05")),  # day and month in the other's place
        (person(), person(born=None)),  # the name
        (person(), person("Smit", None, "Anna", born="1961")),  # the name, its parts in each other's place
        (person(), person("A.", born="1990")),  # a name and the year
        (person(), person("Bea", born="1991-05-02")),  # a name, day and month
        (person(address=HERE), person("Bea", family="Bos", born=None, address=Address("a-1"))),  # the address
    ],
)
def test_records_meet_by_any_one_key(one: Record, other: Record) -> None:
    assert blocking.keys(prepare(one)) & blocking.keys(prepare(other))
