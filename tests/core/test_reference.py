"""The reference: what counts, what is unreadable, and that its answer is in the shared fields."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.demo.reference import Answer, answer
from hub.demo.reference.report import READERS
from hub.demo.town import Town, content, menscentraal_format, zcd_format
from hub.demo.town.dossiers import Dossier, Record

Json = dict[str, object]
ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
MEMBER: Json = {
    "regel": "1",
    "bsn": "999990019",
    "voornaam": "Noor",
    "rol": "jeugdige",
    "client": True,
    "woontHier": True,
}
PERSON: Json = {"nr": 1, "bsn": "999990019", "voornamen": "Noor", "relatie": "client", "inwonend": "J"}


def zcd(
    kind: str, identity: str, gegevens: Json | None, *, version: int = 1, dossier: str = "Z-1", at: str = "09"
) -> Json:
    return {
        "soort": kind,
        "actie": "vastgelegd" if gegevens is not None else "verwijderd",
        "dossiernummer": dossier,
        "id": identity,
        "versie": version,
        "gewijzigdOp": f"2026-01-05T{at}:00:00+01:00",
        "gegevens": gegevens,
    }


def zcd_dossier(*members: Json, version: int = 1, dossier: str = "Z-1", **changes: object) -> Json:
    address = {"straat": "Slinge", "huisnummer": 12, "toevoeging": "a", "postcode": "3085 ej", "plaats": "Rotterdam"}
    data: Json = {
        "status": "open",
        "openingsdatum": "2026-01-01",
        "adres": address,
        "gezinsleden": [*members] or [MEMBER],
    }
    return zcd("dossier", dossier, data | changes, version=version, dossier=dossier)


def mens(table: str, identity: str, payload: Json | None, *, version: int = 1) -> Json:
    return {
        "tabel": table,
        "bewerking": "U" if payload is not None else "D",
        "dossier_nr": "MC-1",
        "record_nr": identity,
        "rowversion": version,
        "gewijzigd": "2026-01-05T09:00:00Z",
        "payload": payload,
    }


def mens_dossier(*people: Json, **changes: object) -> Json:
    address = {"straat": "Slinge", "huisnr": "12", "toev": "A ", "postcode": "3085EJ", "woonplaats": "Rotterdam"}
    data: Json = {"fase": "lopend", "start": "2026-01-02", "adres": address, "personen": [*people] or [PERSON]}
    return mens("dossier", "MC-1", data | changes)


def goal(wording: str = "Rust", **changes: object) -> Json:
    return {"leefgebied": "opvoeding", "doel": wording, "status": "open"} | changes


def ask(*changes: Json | str) -> Answer:
    lines: dict[str, list[str]] = {"zcd": [], "menscentraal": []}
    for change in changes:
        source = "menscentraal" if isinstance(change, dict) and "tabel" in change else "zcd"
        lines[source].append(change if isinstance(change, str) else json.dumps(change))
    return answer(lines["zcd"], lines["menscentraal"])


def goals(result: Answer) -> list[list[object]]:
    """[dossier, id, version, wording] of every goal shown."""
    records: list[Any] = [record for household in result.households for record in as_list(household["records"])]
    return [[r[1], r[3], r[4], r[-1]["wording"]] for r in records if r[2] == "goal"]


def as_list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_the_greatest_version_counts_then_the_time_then_the_last() -> None:
    first = zcd("doel", "D", goal("een"), version=2)
    assert goals(ask(zcd_dossier(), first, zcd("doel", "D", goal("oud"), version=1, at="23"))) == [
        ["Z-1", "D", 2, "een"]
    ]
    assert goals(ask(zcd_dossier(), zcd("doel", "D", goal("nieuw"), version=2, at="10"), first))[0][3] == "nieuw"
    assert goals(ask(zcd_dossier(), first, zcd("doel", "D", goal("laatst"), version=2)))[0][3] == "laatst"


def test_a_deleted_record_is_not_shown_and_can_come_back() -> None:
    stored, gone = zcd("doel", "D", goal()), zcd("doel", "D", None, version=2)
    assert goals(ask(zcd_dossier(), gone, stored)) == []
    assert goals(ask(zcd_dossier(), stored, gone, zcd("doel", "D", goal(), version=3))) == [["Z-1", "D", 3, "Rust"]]


def test_a_record_that_moved_is_shown_in_its_newest_dossier_only() -> None:
    other = zcd_dossier(MEMBER | {"bsn": None}, dossier="Z-2")
    moved = zcd("doel", "D", goal(), version=2, dossier="Z-2")
    assert goals(ask(zcd_dossier(), other, moved, zcd("doel", "D", goal()))) == [["Z-2", "D", 2, "Rust"]]


def test_the_records_of_a_missing_or_deleted_dossier_are_shown_nowhere() -> None:
    record = zcd("doel", "D", goal())
    assert ask(record).households == ()
    assert ask(record, zcd_dossier(), zcd("dossier", "Z-1", None, version=2)).households == ()


def test_addresses_are_compared_as_postcode_number_and_suffix() -> None:
    mother = {"nr": 2, "bsn": "999990020", "relatie": "ouder", "inwonend": "J"}
    (household,) = ask(zcd_dossier(), mens_dossier(PERSON, mother)).households
    assert household["dossiers"] == [["menscentraal", "MC-1"], ["zcd", "Z-1"]]
    assert household["members"] == [
        [["menscentraal", "MC-1", "1"], ["zcd", "Z-1", "1"]],
        [["menscentraal", "MC-1", "2"]],
    ]


def test_a_member_shows_every_name_and_birth_date_that_is_stated() -> None:
    child = MEMBER | {"voorvoegsel": "de", "achternaam": "Wit", "geboortedatum": "2015-05"}
    same = PERSON | {"tussenvoegsel": "de", "geslachtsnaam": "Witt", "geboren": "20150500"}
    (household,) = ask(zcd_dossier(child), mens_dossier(same)).households
    assert household["persons"] == [
        {
            "names": ["Noor de Wit", "Noor de Witt"],
            "birth_dates": ["2015-05"],
            "genders": [],
            "roles": ["client", "youth"],
            "secret": False,
        }
    ]


@pytest.mark.parametrize(
    ("digits", "birth"), [("19800501", "1980-05-01"), ("19800500", "1980-05"), ("19800000", "1980")]
)
def test_unknown_parts_of_a_birth_date_are_left_out(digits: str, birth: str) -> None:
    (household,) = ask(mens_dossier(PERSON | {"geboren": digits})).households
    person = {"names": ["Noor"], "birth_dates": [birth], "genders": [], "roles": ["client"], "secret": False}
    assert household["persons"] == [person]


@pytest.mark.parametrize(
    ("zcd_says", "menscentraal_says", "secret"),
    [(True, None, True), (None, "J", True), (True, "N", True), (False, "N", False), (None, None, False)],
)
def test_an_address_is_secret_if_any_source_says_so(
    zcd_says: bool | None, menscentraal_says: str | None, secret: bool
) -> None:
    child, same = MEMBER | {"adresGeheim": zcd_says}, PERSON | {"geheimhouding": menscentraal_says}
    (household,) = ask(zcd_dossier(child), mens_dossier(same)).households
    (person,) = as_list(household["persons"])
    assert isinstance(person, dict)
    assert person["secret"] is secret


def test_blanks_around_and_inside_a_name_do_not_count() -> None:
    child = MEMBER | {"voornaam": " Noor ", "voorvoegsel": "  ", "achternaam": "van  der Wit "}
    (household,) = ask(zcd_dossier(child)).households
    (person,) = as_list(household["persons"])
    assert isinstance(person, dict)
    assert person["names"] == ["Noor van der Wit"]


@pytest.mark.parametrize("number", [None, "", "999990018", "12", "0", "99999001", "geen"])
def test_a_member_without_a_valid_bsn_is_unconfirmed_not_unreadable(number: str | None) -> None:
    result = ask(zcd_dossier(MEMBER | {"bsn": number}))
    assert [household["unconfirmed"] for household in result.households] == [1]
    assert result.summary["dead_letters"] == {"zcd": 0, "menscentraal": 0}


@pytest.mark.parametrize("number", ["1112.22.333", " 111222333 ", "111-222-333"])
def test_a_bsn_is_the_same_however_it_is_written(number: str) -> None:
    mother = MEMBER | {"bsn": "111222333"}
    result = ask(zcd_dossier(mother), mens_dossier(PERSON | {"bsn": number}))
    assert [household["members"] for household in result.households] == [
        [[["menscentraal", "MC-1", "1"], ["zcd", "Z-1", "1"]]]
    ]


def test_the_summary_counts_each_person_once() -> None:
    assert ask(zcd_dossier(), mens_dossier(), "bad").summary == {
        "households": 1,
        "persons": 1,
        "dossiers": 2,
        "dead_letters": {"zcd": 1, "menscentraal": 0},
    }


def edited(change: Json, *path: str | int, value: object = ...) -> Json:
    """A copy of the change with the value at the path replaced, or removed."""
    result = copy.deepcopy(change)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


ZRM: Json = {"versie": "2017", "datum": "2026-01-04", "persoon_nr": 1, "d01": 3, "d13": None}
REQUEST: Json = {"code": "02A03", "naam": "Begeleiding", "status": "CONCEPT", "bedrag": "1234.50"}
SCORES: Json = {"instrument": "LIRIK", "versie": "2017", "afgenomenOp": "2026-01-04", "scores": {"veiligheid": 2}}
UNREADABLE: list[Json | str] = [
    '{"soort": "dossier", "gegev',
    "[1, 2]",
    '"tekst"',
    edited(zcd_dossier(), "soort", value="notitie"),
    edited(zcd_dossier(), "actie", value="gewist"),
    edited(zcd_dossier(), "gegevens", value=None),
    edited(zcd_dossier(), "gegevens"),
    edited(zcd_dossier(), "actie", value="verwijderd"),
    edited(zcd_dossier(), "versie"),
    edited(zcd_dossier(), "versie", value="3"),
    edited(zcd_dossier(), "versie", value=True),
    edited(zcd_dossier(), "versie", value=0),
    edited(zcd_dossier(), "versie", value=2**63),
    edited(zcd_dossier(), "versie", value=float("nan")),
    edited(zcd_dossier(), "dossiernummer", value=""),
    edited(zcd_dossier(), "gewijzigdOp", value="2026-01-05T09:00:00"),
    edited(zcd_dossier(), "gewijzigdOp", value="gisteren"),
    edited(zcd_dossier(), "id", value="Z-2"),
    edited(zcd_dossier(), "gegevens", "status", value="slapend"),
    edited(zcd_dossier(), "gegevens", "openingsdatum", value="2026-02-30"),
    edited(zcd_dossier(), "gegevens", "openingsdatum", value="20260101"),
    edited(zcd_dossier(), "gegevens", "sluitingsdatum", value="2026-13-01"),
    edited(zcd_dossier(), "gegevens", "gezinsleden"),
    edited(zcd_dossier(), "gegevens", "gezinsleden", value=[]),
    edited(zcd_dossier(), "gegevens", "adres", "postcode"),
    edited(zcd_dossier(), "gegevens", "adres", "huisnummer", value="12"),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "client", value=False),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "woontHier"),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "rol", value="buurman"),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "regel", value=1),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "geboortedatum", value="2015-5"),
    edited(zcd_dossier(), "gegevens", "gezinsleden", 0, "adres", value="weg"),
    zcd_dossier(MEMBER, MEMBER | {"regel": "2"}),
    zcd_dossier(MEMBER, MEMBER | {"client": False}),
    zcd("doel", "D", goal(leefgebied="geluk")),
    zcd("doel", "D", goal(status="klaar")),
    zcd("doel", "D", {"leefgebied": "opvoeding", "status": "open"}),
    zcd("meting", "M", SCORES | {"scores": {"veiligheid": 6}}),
    zcd("meting", "M", SCORES | {"scores": {"veiligheid": None}}),
    zcd("meting", "M", SCORES | {"scores": {"geluk": 3}}),
    zcd("meting", "M", SCORES | {"instrument": "ENQUETE"}),
    zcd("contact", "C", {"soort": "gesprek", "op": "5 januari"}),
    zcd("signaal", "S", {"soort": "zorg", "ernst": "hoog", "kindveiligheid": "ja", "op": "2026-01-05"}),
    edited(mens_dossier(), "bewerking", value="X"),
    edited(mens_dossier(), "payload", value='{"fase": "lopend"}'),
    edited(mens_dossier(), "payload", "personen", 0, "inwonend", value="?"),
    edited(mens_dossier(), "payload", "personen", 0, "nr", value="1"),
    edited(mens_dossier(), "payload", "personen", 0, "geboren", value="19801301"),
    edited(mens_dossier(), "payload", "personen", 0, "relatie", value="kind"),
    edited(mens_dossier(), "payload", "adres", "huisnr", value="12a"),
    mens("zrm", "ZR-1", ZRM | {"d01": 0}),
    mens("zrm", "ZR-1", ZRM | {"persoon_nr": "1"}),
    mens("plandoel", "DL-1", {"domein": 14, "tekst": "Rust", "stand": "L"}),
    mens("voorziening", "VZ-1", REQUEST | {"bedrag": "1.234,50"}),
    mens("voorziening", "VZ-1", REQUEST | {"bedrag": 12}),
    mens("melding", "ML-1", {"aard": "zorg", "zwaarte": 4, "kind_onveilig": "N", "datum": "2026-01-05"}),
]


@pytest.mark.parametrize("bad", UNREADABLE, ids=lambda bad: str(UNREADABLE.index(bad)))
def test_what_is_unreadable_is_counted_and_replaces_nothing(bad: Json | str) -> None:
    good = [zcd_dossier(), mens_dossier()]
    result = ask(*good, bad)
    assert sum(result.summary["dead_letters"].values()) == 1
    assert result.households == ask(*good).households


def test_the_same_unreadable_number_counts_once() -> None:
    bad = edited(zcd_dossier(), "soort", value="notitie") | {"volgnummer": 7}
    assert ask(bad, bad, bad | {"volgnummer": 8}, "x", "", "x").summary["dead_letters"] == {"zcd": 4, "menscentraal": 0}


def test_optional_keys_may_be_absent_and_unknown_ones_are_ignored() -> None:
    bare = edited(zcd_dossier(MEMBER | {"hobby": "judo"}), "gegevens", "adres")
    assert len(ask(bare | {"bron": "x"}, zcd("betrokkene", "B", {"soortBetrokkenheid": "informeel"})).households) == 1


def fields_of_schema(record_type: str) -> set[str]:
    folder = ROOT / "schemas" / "avro" / f"registrations.{record_type}"
    path = max(folder.glob("v*.avsc"), key=lambda path: int(path.stem[1:]))
    fields = json.loads(path.read_text(encoding="utf-8"))["fields"]
    body = next(field["type"][1] for field in fields if field["name"] == "body")
    return {field["name"] for field in body["fields"]}


FORMATS = {"zcd": zcd_format, "menscentraal": menscentraal_format}


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("record_type", zcd_format.TYPES)
def test_what_was_written_is_what_is_read_in_the_shared_fields(source: str, record_type: str) -> None:
    """Another program writes the facts in the source's format; the reference gives them back."""
    town = Town(20, 3, start=NOW)
    list(islice(town.fill(), 400))
    dossier = next(dossier for dossier in town_dossiers(town) if dossier.source == source)
    write: Callable[..., object] = FORMATS[source].record_change
    for seed in range(20):
        facts = content.new_facts(record_type, Random(seed), date(2026, 1, 4), dossier)
        if record_type == "support_request":
            facts["committed_cents"] = 123_405
        change = write(dossier, Record(record_type, "R-1", facts, version=1), NOW, deleted=False)
        body = READERS[source](json.loads(json.dumps(change))).body
        assert body is not None
        assert set(body) == fields_of_schema(record_type)
        scores = facts.get("scores")
        if isinstance(scores, dict):
            facts["scores"] = [{"domain": domain, "score": scores[domain]} for domain in sorted(scores)]
        assert body == ({**facts, "law": None} if record_type == "support_request" else facts)


def town_dossiers(town: Town) -> list[Dossier]:
    return town._clerk.dossiers


def test_as_a_program_it_gives_the_same_answer(tmp_path: Path) -> None:
    town = Town(3, 1, start=NOW)
    lines: dict[str, list[str]] = {"zcd": [], "menscentraal": []}
    for change in town.fill():
        payload = change.payload if isinstance(change.payload, str) else json.dumps(change.payload)
        lines[change.source].append(payload)
    for source, content_lines in lines.items():
        (tmp_path / f"{source}.jsonl").write_text("\n".join(content_lines), encoding="utf-8")
    command = [sys.executable, "-m", "hub.demo.reference", "--zcd", "zcd.jsonl", "--menscentraal", "menscentraal.jsonl"]
    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    expected = answer(lines["zcd"], lines["menscentraal"])
    printed = [json.loads(line) for line in run.stdout.splitlines()]
    assert printed == [*expected.households, {"summary": expected.summary}]


def test_text_that_is_not_utf_8_is_unreadable() -> None:
    assert answer([b"\xff\xfe{"], []).summary["dead_letters"] == {"zcd": 1, "menscentraal": 0}


def test_it_is_a_program_of_its_own() -> None:
    script = "import sys, hub.demo.reference; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True)
    rooms = {name for name in run.stdout.split() if name.split(".")[0] in ("hub", "connectors")}
    assert all(name in ("hub", "hub.demo") or name.startswith("hub.demo.reference") for name in rooms)
