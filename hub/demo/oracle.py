"""Compares what the read model returns with what the reference derives: household by household, field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hub.demo.reference import Answer

Json = dict[str, Any]
_COMPOSITION: Final = (
    "kind", "status", "opened_on", "closed_on", "referred_by", "received_on", "first_contact_on", "team",
    "version", "recorded_at",
)  # fmt: skip
_RECORD: Final = ("source", "dossier_id", "record_type", "record_id", "version", "recorded_at")


class Mismatch(NamedTuple):
    """One household that differs. `fields` says where; "missing" and "extra" stand for a whole household."""

    household_id: str
    fields: tuple[str, ...]


def compare(documents: Iterable[Mapping[str, Any]], answer: Answer) -> list[Mismatch]:
    """All households that differ, sorted by id. Labels, ids of persons and the order of blocks do not count."""
    got = {document["household_id"]: canonical(document) for document in documents}
    want = {household["household_id"]: _comparable(household) for household in answer.households}
    found = []
    for household_id in sorted(got.keys() | want.keys()):
        if household_id not in got:
            found.append(Mismatch(household_id, ("missing",)))
        elif household_id not in want:
            found.append(Mismatch(household_id, ("extra",)))
        elif fields := tuple(key for key, value in want[household_id].items() if got[household_id][key] != value):
            found.append(Mismatch(household_id, fields))
    return found


def canonical(document: Mapping[str, Any]) -> Json:
    """A household document in the reference's own shape."""
    members = sorted(document["members"], key=_refs)
    dossiers = sorted(document["dossiers"], key=lambda item: (item["source"], item["dossier_id"]))
    return {
        "household_id": document["household_id"],
        "status": document["status"],
        "oversized": document["oversized"],
        "dossiers": [[item["source"], item["dossier_id"]] for item in dossiers],
        "compositions": [{field: item[field] for field in _COMPOSITION} for item in dossiers],
        "members": [_refs(member) for member in members],
        "persons": [_person(member) for member in members],
        "addresses": _addresses(document),
        "unconfirmed": sum(not member["confirmed"] for member in members),
        "conflicts": sorted(
            [item["source"], item["dossier_id"], item["line"]]
            for item in document["conflicts"]
            if item["kind"] == "residence"
        ),
        "references": sorted(ref for person in document["references"] for ref in _refs(person)),
        "history": sorted(ref for person in document["history"] for ref in _refs(person)),
        "decisions": sorted([item["decision_id"], item["effect"]] for item in document["decisions"] if item["lines"]),
        "records": sorted(
            (
                [
                    *(item[key] for key in _RECORD),
                    _content(item["body"]),
                ]
                for item in document["records"]
                if item["record_type"] != "decision"
            ),
            key=lambda entry: tuple(map(str, entry[:4])),
        ),
    }


def _comparable(household: Json) -> Json:
    records = [[*entry[:-1], _content(entry[-1])] for entry in household["records"]]
    return {**household, "records": records}


def _person(member: Mapping[str, Any]) -> Json:
    return {
        "names": _stated(member, "name"),
        "birth_dates": _stated(member, "birth_date"),
        "genders": _stated(member, "gender"),
        "roles": sorted(member["roles"]),
        "secret": member["address_secret"],
    }


def _addresses(document: Mapping[str, Any]) -> list[list[list[str]]]:
    """Who and what is at one address, for each: the reference has no keys to compare."""
    at: dict[str, list[list[str]]] = defaultdict(list)
    for member in document["members"]:
        for stated in member["fields"]["address"]["values"]:
            at[stated["value"]["key"]].append(_refs(member)[0])
    for dossier in document["dossiers"]:
        if dossier["address"]:
            at[dossier["address"]["key"]].append([dossier["source"], dossier["dossier_id"]])
    return sorted(map(sorted, at.values()))


def _refs(person: Mapping[str, Any]) -> list[list[str]]:
    return sorted([ref["source"], ref["dossier_id"], ref["line"]] for ref in person["source_refs"])


def _stated(person: Mapping[str, Any], field: str) -> list[str]:
    return sorted(stated["value"] for stated in person["fields"][field]["values"])


def _content(body: Mapping[str, Any]) -> Json:
    """Absent and null say the same, and the scores of an assessment have no order."""
    content = {key: value for key, value in body.items() if value is not None}
    if "scores" in content:
        content["scores"] = sorted(content["scores"], key=lambda score: str(score["domain"]))
    return content
