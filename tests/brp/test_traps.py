"""What makes the official test persons hard, each thing by name, on the way through sources, connectors and stream."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connect.ingest.keys import ADDRESS_CONTEXT
from hub.demo.reference import answer
from hub.desk import digest
from hub.desk.access import Actor, Role
from hub.desk.admission import Request
from hub.desk.looks import LookLog
from hub.events.sensitive import Address
from tests.brp.conftest import SLOW_SECONDS, Hub, through_the_hub
from tests.brp.derived import Derived, derive
from tests.brp.lists import LISTS_END, Home, PersonList, Population
from tests.brp.registrations import LineRef, Registrations, came_of_age, registrations, write_files
from tests.desk.open_reading import STAFF, OpenReading
from tests.stream.inline import RING

pytestmark = pytest.mark.timeout(SLOW_SECONDS)

Json = dict[str, Any]


@pytest.fixture(scope="module")
def derived(population: Population) -> Derived:
    """The households by the lists, at the end."""
    return derive(population, LISTS_END)


class Lookup:
    """What a test asks of the hub about a list."""

    def __init__(self, hub: Hub, recorded: Registrations) -> None:
        self.recorded = recorded
        self._household: dict[str, Json] = {}
        for document in hub.documents:
            for dossier in document["dossiers"]:
                client = recorded.written[LineRef(dossier["source"], dossier["dossier_id"], "1")]
                if dossier["status"] == "open":
                    self._household[client] = document

    def household(self, person: str) -> Json | None:
        """The household of a list's own open dossier; None if it could not be read."""
        return self._household.get(person)

    def id(self, person: str) -> str | None:
        """Its id."""
        found = self.household(person)
        return found["household_id"] if found else None

    def named(self, document: Json, block: str) -> set[str]:
        """The lists of the persons in a block of a household."""
        return {list_id for person in document[block] for list_id in self.lists_of(person)}

    def lists_of(self, person: Json) -> set[str]:
        """The lists that a person's lines are about."""
        lines = [LineRef(ref["source"], ref["dossier_id"], ref["line"]) for ref in person["source_refs"]]
        return {self.recorded.written[line] for line in lines if line in self.recorded.written}


@pytest.fixture(scope="module")
def lookup(hub: Hub, recorded: Registrations) -> Lookup:
    """The hub at the end."""
    return Lookup(hub, recorded)


def parents(population: Population, person: PersonList) -> list[PersonList]:
    """Those of them who have a list."""
    found = [population.meant(relative) for relative in person.relatives if relative.kind == "parent"]
    return [parent for parent in found if parent is not None]


def minors(population: Population, derived: Derived, lookup: Lookup) -> list[PersonList]:
    """Residents of under eighteen whose dossier could be read."""
    young = [person for person in population.lists if came_of_age(person) > LISTS_END]
    return [person for person in young if person.id in derived.homes and lookup.household(person.id)]


def test_unrelated_people_at_one_address_are_not_one_household(
    population: Population, derived: Derived, lookup: Lookup
) -> None:
    residents: dict[Home, set[str]] = defaultdict(set)
    for person, home in derived.homes.items():
        if home and lookup.household(person) and len(population.with_bsn(population.by_id[person].bsn)) == 1:
            residents[home].add(person)
    crowded = [people for people in residents.values() if len({derived.household_of(p) for p in people}) > 3]
    assert max(map(len, crowded)) > 20
    for people in crowded:
        assert len({lookup.id(person) for person in people}) == len({derived.household_of(p) for p in people})
    assert not any((lookup.household(person) or {})["oversized"] for people in crowded for person in people)


def test_a_minor_whose_parents_live_apart_lives_with_one_and_names_the_other(
    population: Population, derived: Derived, lookup: Lookup
) -> None:
    found = 0
    for child in minors(population, derived, lookup):
        homes = {parent.id: derived.homes.get(parent.id) for parent in parents(population, child)}
        with_child = {parent for parent, home in homes.items() if home and home == derived.homes[child.id]}
        apart = {parent for parent, home in homes.items() if home and home != derived.homes[child.id]}
        if with_child and apart:
            household = lookup.household(child.id)
            assert household is not None
            assert with_child <= lookup.named(household, "members")
            named = lookup.named(household, "references") | lookup.named(household, "contested")
            assert apart <= named, "he is named as living elsewhere, or as a statement that lost"
            assert not apart & lookup.named(household, "members")
            assert all(lookup.id(parent) not in (None, household["household_id"]) for parent in apart)
            found += 1
    assert found >= 5


def test_a_minor_who_lives_with_no_parent_is_still_seen_and_not_given_one(
    population: Population, derived: Derived, lookup: Lookup
) -> None:
    found = 0
    for child in minors(population, derived, lookup):
        own = parents(population, child)
        if derived.homes[child.id] and not any(derived.homes.get(p.id) == derived.homes[child.id] for p in own):
            household = lookup.household(child.id)
            assert household is not None
            assert household["status"] == "open"
            assert child.id in lookup.named(household, "members")
            assert not {parent.id for parent in own} & lookup.named(household, "members")
            found += 1
    assert found >= 5


def test_a_link_that_only_one_list_has_is_enough(population: Population, derived: Derived, lookup: Lookup) -> None:
    def names(client: str, other: str) -> bool:
        meant = [population.meant(relative) for relative in population.by_id[client].relatives]
        return population.by_id[other] in meant

    one_sided = [
        link
        for link in derived.links
        if names(link.first, link.second) != names(link.second, link.first) and all(map(lookup.household, link))
    ]
    assert len(one_sided) >= 5
    assert all(lookup.id(link.first) == lookup.id(link.second) for link in one_sided)


def test_an_incomplete_birth_date_stays_as_incomplete_as_it_is(population: Population, lookup: Lookup) -> None:
    found = []
    for person in population.lists:
        household = lookup.household(person.id)
        if household and person.birth.endswith("00"):
            year, month = person.birth[:4], person.birth[4:6]
            known = [] if year == "0000" else [year if month == "00" else f"{year}-{month}"]
            (member,) = [m for m in household["members"] if person.id in lookup.lists_of(m)]
            assert [stated["value"] for stated in member["fields"]["birth_date"]["values"]] == known
            found += [len("".join(known))]
    assert {0, len("1968"), len("1995-02")} <= set(found)


@pytest.fixture(scope="module")
def mistyped(population: Population, derived: Derived, lookup: Lookup) -> list[str]:
    """Some lists whose BSN is mistyped, since all BSNs of the lists pass the 11-test: some who live with family, some
    alone."""
    single = [p for p in population.lists if lookup.household(p.id) and len(population.with_bsn(p.bsn)) == 1]
    alone = [p.id for p in single if derived.household_of(p.id) == {p.id}]
    family = [p.id for p in single if len(derived.household_of(p.id)) > 1]
    return [*alone[:5], *family[:5]]


def test_a_member_whose_bsn_fails_the_11_test_is_unconfirmed_counted_and_linked_with_nobody(
    population: Population, derived: Derived, mistyped: list[str], seed: int, tmp_path: Path
) -> None:
    wrong = registrations(population, mistyped)
    families = {person for one in mistyped for person in derived.household_of(one)}
    changes = [change for change in wrong.changes if wrong.written[LineRef(*change.dossier, "1")] in families]
    hub = through_the_hub(changes, seed)
    for dossier in {change.dossier for change in changes}:
        if wrong.written[LineRef(*dossier, "1")] in mistyped:
            own = {"source": dossier.source, "dossier_id": dossier.dossier, "line": "1"}
            (member,) = [m for m in hub.household_of(dossier)["members"] if own in m["source_refs"]]
            assert (member["confirmed"], member["unconfirmed_reason"]) == (False, "bsn_invalid")
            assert member["source_refs"] == [own]
    write_files(changes, tmp_path)
    found = answer(*((tmp_path / f"{source}.jsonl").read_bytes().split(b"\n") for source in ("zcd", "menscentraal")))
    counted = sum(not member["confirmed"] for document in hub.documents for member in document["members"])
    assert counted == sum(household["unconfirmed"] for household in found.households) >= len(mistyped)
    hub.engine.dispose()


def secret_lists(population: Population, derived: Derived) -> list[PersonList]:
    """Residents with geheimhouding (element 07.70.10 is not 0) whose address is known."""
    return [p for p in population.lists if p.secrecy != "0" and derived.homes.get(p.id)]


def test_a_secret_address_keeps_nobody_out_of_his_household(
    population: Population, derived: Derived, lookup: Lookup
) -> None:
    secret = [person for person in secret_lists(population, derived) if lookup.household(person.id)]
    assert len(secret) >= 20
    assert any(len(derived.household_of(person.id)) > 1 for person in secret)
    for person in secret:
        household = lookup.household(person.id)
        assert household is not None
        assert derived.household_of(person.id) <= lookup.named(household, "members")


def shown_to(role: Role, hub: Hub, folder: Path) -> Iterator[str]:
    """Every household as somebody of this role gets to see it: JSON."""
    reading = OpenReading(hub.engine, LookLog(folder / f"{role}.jsonl"))
    for document in hub.documents:
        asked = Request(Actor("somebody", role, unit="youth", staff=STAFF), "request")
        found = reading.household(asked, document["household_id"], addresses=True)
        yield json.dumps(digest.opened(found, open_address), ensure_ascii=False)


def open_address(sealed: str) -> str | None:
    """As the desk does, with the keys of these tests."""
    return RING.open(b64decode(sealed), ADDRESS_CONTEXT).decode()


def current_address(person: PersonList) -> Address | None:
    """His last address, as the sources state it."""
    residence = person.residences[-1]
    home = residence.home
    if home is None or not home.postcode:
        return None
    suffix = " ".join(filter(None, (home.letter, home.suffix, home.indication)))
    return Address(street=residence.street, number=home.number, suffix=suffix.upper() or None, postcode=home.postcode)


def test_a_secret_address_is_shown_to_nobody_but_the_role_that_may_see_it(
    population: Population, derived: Derived, lookup: Lookup, hub: Hub, tmp_path: Path
) -> None:
    """In no household at all: not of the person, nor of whoever else is stated to live there."""
    secret = [person for person in secret_lists(population, derived) if lookup.household(person.id)]
    addresses = [address for person in secret if (address := current_address(person))]
    lines = {json.dumps(address.one_line(), ensure_ascii=False) for address in addresses}
    keys = {RING.address_key(address) for address in addresses}
    assert len(lines) >= 20
    to_director = "".join(shown_to(Role.CASE_DIRECTOR, hub, tmp_path))
    assert not [told for told in lines | keys if told in to_director]
    assert to_director.count('"withheld": true') < to_director.count('"withheld": false')
    to_officer = "".join(shown_to(Role.SAFETY_OFFICER, hub, tmp_path))
    assert not [told for told in lines | keys if told not in to_officer]
    assert '"withheld": true' not in to_officer
