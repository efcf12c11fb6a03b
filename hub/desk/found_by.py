"""By what a household is found, as rows of the read model: its members, their names and addresses, its decisions, and
who has to do with it. Pure; `hub.desk.projector` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Table

from hub.desk import access, candidates, digest, readmodel, searching
from hub.desk.access.facts import unreviewed
from hub.desk.rows import Row
from hub.desk.tables import SORTED_BY, addresses, blocking_keys, decisions, member_words, members, reaches
from hub.household.document_shape import Document

RowsOf = Callable[[Document], Iterator[Row]]
"""The rows of a household in one table, but for its id; of one household always in the same order."""


class Part(NamedTuple):
    """Tables that are made of the same of a household. `made_of`: that, or the rows themselves if it is less to say."""

    made_of: Callable[[Document], object]
    tables: Mapping[Table, RowsOf]


def _persons(document: Document) -> object:
    """All of everybody whom it names; and where its dossiers are."""
    places = [(item["source"], item["dossier_id"], item["address"]) for item in document["dossiers"]]
    return digest.places(document), places


def _member_rows(document: Document) -> Iterator[Row]:
    return ({"person_key": member["person_key"]} for member in document["members"])


def _word_rows(document: Document) -> Iterator[Row]:
    for member in document["members"]:
        for word in sorted(searching.words_of(member)):
            yield {"person_key": member["person_key"], "word": word}


def _key_rows(document: Document) -> Iterator[Row]:
    for number, person in enumerate(digest.persons(document)):
        for key in sorted(candidates.keys(person)):
            yield {"person": number, "key": key, "confirmed": person["confirmed"]}


def _address_rows(document: Document) -> Iterator[Row]:
    """Of a member also the address of each dossier that names him: where its client lives. A person can be in more than
    one list of a document; any secret makes it so. And of nobody the address of a dossier that no row of a person
    carries: every address of a document has a row."""
    homes = {(item["source"], item["dossier_id"]): item["address"] for item in document["dossiers"]}
    living = {person["person_key"] for person in document["members"]}
    secret: dict[tuple[str, str], bool] = {}
    for person in digest.persons(document):
        stated = [item["value"] for item in person["fields"]["address"]["values"]]
        refs = person["source_refs"] if person["person_key"] in living else []
        found = [*stated, *(homes[ref["source"], ref["dossier_id"]] for ref in refs)]
        for key in {address["key"] for address in found if isinstance(address, dict)} or {""}:
            place = (person["person_key"], key)
            secret[place] = secret.get(place, False) or person["address_secret"]
    named = {key for _, key in secret}
    for key in {address["key"] for address in homes.values() if address} - named:
        secret["", key] = False
    for (person_key, address_key), said in sorted(secret.items()):
        yield {"person_key": person_key, "address_key": address_key, "secret": said}


def _decision_rows(document: Document) -> Iterator[Row]:
    waiting = unreviewed(document)
    for item in document["decisions"]:
        decision = item["decision_id"]
        yield {"decision_id": decision, "version": item["version"], "awaits_review": decision in waiting}


def _reach_rows(document: Document) -> Iterator[Row]:
    place = {"sort_key": readmodel.sort_key(document["title"])[:SORTED_BY]}
    return ({**place, **item._asdict()} for item in sorted(access.reach(document)))


def _who_finds(document: Document) -> object:
    """By whom it is found; and whose its dossiers are, by which it stands in the lists of teams."""
    own = [
        (item["source"], item["dossier_id"], item["team"], item["kind"], item["status"])
        for item in document["dossiers"]
    ]
    return list(_reach_rows(document)), own, document["message_dossiers"]


WHO_FINDS: Final = Part(_who_finds, {reaches: _reach_rows})
PARTS: Final = (
    Part(
        _persons,
        {members: _member_rows, member_words: _word_rows, blocking_keys: _key_rows, addresses: _address_rows},
    ),
    Part(lambda document: list(_decision_rows(document)), {decisions: _decision_rows}),
    WHO_FINDS,
)
"""Of all that a household is found by; each is written only where what it is made of is another than before."""
