"""Turns a worked case into changes in the formats of the two sources, as their connectors document them."""

from __future__ import annotations

import json

from tests.core.case_format import Case, CaseDecision, CaseDossier, CaseLine, CaseMember

Json = dict[str, object]


def source_lines(case: Case, source: str) -> list[str]:
    """The arrivals of one source as lines of its file, in order of arrival."""
    convert = _zcd_change if source == "zcd" else _menscentraal_row
    bsns = bsns_of(case)
    houses = {token: number for number, token in enumerate(_addresses(case), start=1)}
    arrivals = [arrival for arrival in case.arrivals if arrival.source == source]
    return [json.dumps(convert(arrival, bsns, houses)) for arrival in arrivals]


def bsns_of(case: Case) -> dict[str, str]:
    """The valid BSN of each person."""
    return {token: _bsn(number) for number, token in enumerate(_tokens(case))}


def decision_lines(case: Case) -> list[str]:
    """What humans decided, as the reference reads it."""
    return [json.dumps(_decision(decision, bsns_of(case))) for decision in case.decisions]


def _decision(decision: CaseDecision, bsns: dict[str, str]) -> Json:
    def named(line: CaseLine) -> Json:
        source, dossier, number = line.ref
        bsn = bsns[line.person] if line.person else None
        return {"source": source, "dossier_id": dossier, "line": number, "bsn": bsn}

    return {
        "id": decision_id(decision),
        "version": decision.version,
        "decided_at": decision.decided_at.isoformat(),
        "kind": decision.kind,
        "withdrawn": decision.withdrawn,
        "line": named(decision.line),
        "other": named(decision.other) if decision.other else None,
        "doubted": decision.doubted,
    }


def decision_id(decision: CaseDecision) -> str:
    """Equal for decisions of which only one can hold: on the same lines, and of one family."""
    family = "person" if decision.kind.endswith("person") else "residence" if decision.other is None else "household"
    lines = sorted("/".join(line.ref) for line in (decision.line, decision.other) if line)
    return " ".join([family, *lines])


def _tokens(case: Case) -> list[str]:
    return sorted({member.person for arrival in case.arrivals for member in arrival.members})


def _addresses(case: Case) -> list[str]:
    named = {member.address for arrival in case.arrivals for member in arrival.members}
    named |= {arrival.address for arrival in case.arrivals}
    return sorted(address for address in named if address is not None and address != "unknown")


def _bsn(number: int) -> str:
    """The number-th of a row of test numbers that pass the 11-test."""
    digits = f"9999{number * 11 % 10000:04}"
    check = sum((9 - place) * int(digit) for place, digit in enumerate(digits)) % 11
    return digits + str(check) if check < 10 else _bsn(number + 500)


def _stated_bsn(member: CaseMember, bsns: dict[str, str]) -> str | None:
    if member.bsn == "missing":
        return None
    valid = bsns[member.person]
    return valid if member.bsn == "ok" else valid[:-1] + str((int(valid[-1]) + 1) % 10)


def _zcd_change(dossier: CaseDossier, bsns: dict[str, str], houses: dict[str, int]) -> Json:
    def address(token: str) -> Json:
        return {
            "straat": "Proefstraat",
            "huisnummer": houses[token],
            "postcode": "3011AB",
            "plaats": "Rotterdam",
        }

    def line(member: CaseMember) -> Json:
        stated: object = member.address
        if member.address == "unknown":
            stated = "onbekend"
        elif member.address is not None:
            stated = address(member.address)
        data: Json = {"regel": member.line, "bsn": _stated_bsn(member, bsns), "voornaam": member.person}
        data |= {"rol": "overig", "client": member.client, "woontHier": member.lives_here, "adres": stated}
        return data | ({"gewijzigdOp": member.stated_at.isoformat()} if member.stated_at else {})

    content: Json = {
        "status": "open" if dossier.status == "open" else "gesloten",
        "openingsdatum": dossier.opened_on.isoformat(),
        "sluitingsdatum": dossier.closed_on.isoformat() if dossier.closed_on else None,
        "adres": address(dossier.address) if dossier.address else None,
        "gezinsleden": [line(member) for member in dossier.members],
    }
    return {
        "soort": "dossier",
        "actie": "verwijderd" if dossier.deleted else "vastgelegd",
        "dossiernummer": dossier.dossier,
        "id": dossier.dossier,
        "versie": dossier.version,
        "gewijzigdOp": dossier.recorded_at.isoformat(),
        "gegevens": None if dossier.deleted else content,
    }


def _menscentraal_row(dossier: CaseDossier, bsns: dict[str, str], houses: dict[str, int]) -> Json:
    def address(token: str) -> Json:
        return {
            "straat": "Proefstraat",
            "huisnr": str(houses[token]),
            "postcode": "3011 ab",
            "woonplaats": "Rotterdam",
        }

    def line(member: CaseMember) -> Json:
        stated: object = member.address
        if member.address == "unknown":
            stated = "onbekend"
        elif member.address is not None:
            stated = address(member.address)
        data: Json = {"nr": int(member.line), "bsn": _stated_bsn(member, bsns), "voornamen": member.person}
        data |= {
            "relatie": "client" if member.client else "overig",
            "inwonend": "J" if member.lives_here else "N",
        }
        data["adres"] = stated
        return data | ({"gewijzigd": member.stated_at.isoformat()} if member.stated_at else {})

    content: Json = {
        "fase": "lopend" if dossier.status == "open" else "afgesloten",
        "start": dossier.opened_on.isoformat(),
        "einde": dossier.closed_on.isoformat() if dossier.closed_on else None,
        "adres": address(dossier.address) if dossier.address else None,
        "personen": [line(member) for member in dossier.members],
    }
    return {
        "tabel": "dossier",
        "bewerking": "D" if dossier.deleted else "U",
        "dossier_nr": dossier.dossier,
        "record_nr": dossier.dossier,
        "rowversion": dossier.version,
        "gewijzigd": dossier.recorded_at.isoformat(),
        "payload": None if dossier.deleted else content,
    }
