"""Life events that change who lives where. Each returns False when nobody in the town is fit for it."""

from __future__ import annotations

from hub.demo.town.changes import MENSCENTRAAL
from hub.demo.town.life import Life
from hub.demo.town.people import Home, Person

_LARGEST_FAMILY = 8
"""Families stay well below the size at which the hub takes them for an institution."""


def birth(life: Life) -> bool:
    """A child is born into a family with a parent of a fitting age."""
    today = life.clerk.today

    def fits(home: Home) -> bool:
        parents = [p for p in home.residents if p.position == "parent" and today.year - p.born.year < 45]
        return bool(parents) and len(home.residents) < _LARGEST_FAMILY

    home = life.pick_home(fits)
    if home is None:
        return False
    parent = next(person for person in home.residents if person.position == "parent")
    life.registrar.born(home, "child", today, (parent.prefix, parent.family_name))
    life.write_down(home.residents)
    return True


def family_moves(life: Life) -> bool:
    """A whole family moves to another address."""
    home = life.pick_home(lambda home: True)
    if home is None:
        return False
    home.address_before, home.address = home.address, life.registrar.address()
    life.write_down(home.residents)
    life.exercised.moves += 1
    return True


def family_returns(life: Life) -> bool:
    """A whole family moves back to where it lived before."""
    home = life.pick_home(lambda home: home.address_before is not None)
    if home is None or home.address_before is None:
        return False
    home.address_before, home.address = home.address, home.address_before
    life.write_down(home.residents)
    life.exercised.moves_back += 1
    return True


def child_moves(life: Life) -> bool:
    """A child with a dossier goes to live with the parent who lives elsewhere."""
    home = life.pick_home(lambda home: any(_other_parents(life, child) for child in home.children()))
    if home is None:
        return False
    child = next(child for child in home.children() if _other_parents(life, child))
    life.moves_to(child, life.random.choice(_other_parents(life, child)).home)
    life.exercised.moves += 1
    return True


def _other_parents(life: Life, child: Person) -> list[Person]:
    """Parents who are named in a dossier of the child, live elsewhere and have room."""
    lines = [line for dossier in life.clerk.of_clients([child]) for line in dossier.lines]
    return [
        line.person
        for line in lines
        if line.person.position == "parent"
        and line.person.home is not child.home
        and not line.person.home.shelter
        and len(line.person.home.residents) < _LARGEST_FAMILY
    ]


def person_returns(life: Life) -> bool:
    """Somebody who moved out, or moved in with a partner, lives again where he lived before."""

    def leavers(home: Home) -> list[Person]:
        return [
            person
            for person in home.residents
            if person.lived_before and len(person.lived_before.residents) < _LARGEST_FAMILY
        ]

    home = life.pick_home(lambda home: bool(leavers(home)))
    if home is None:
        return False
    person = life.random.choice(leavers(home))
    before = person.lived_before
    if before is None:
        return False
    if person.position != "child":
        life.exercised.merges += bool(before.residents)
        life.exercised.splits += len(home.residents) > 1
    life.moves_to(person, before)
    life.exercised.moves_back += 1
    return True


def separation(life: Life) -> bool:
    """One of two parents moves out, and has a dossier of his own from then on."""
    home = life.pick_home(lambda home: len(home.adults()) == 2 and bool(home.children()))
    if home is None:
        return False
    leaver = home.adults()[-1]
    life.moves_to(leaver, life.settlers.new_home())
    if not life.clerk.of_clients([leaver]):
        life.clerk.open_dossier(MENSCENTRAAL, leaver)
    life.exercised.splits += 1
    return True


def partner_moves_in(life: Life) -> bool:
    """Somebody who lives alone, and has a dossier, moves in with a single parent."""
    alone = life.pick_home(lambda home: len(home.residents) == 1 and home.residents[0].position != "child")
    family = life.pick_home(lambda home: len(home.adults()) == 1 and 1 < len(home.residents) < _LARGEST_FAMILY)
    if alone is None or family is None:
        return False
    partner = alone.residents[0]
    if partner.position == "adult":
        partner.position = "step_parent"
    life.moves_to(partner, family)
    life.exercised.merges += 1
    return True
