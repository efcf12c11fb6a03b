"""What `exercised` says of given files: households that merge and split, dossiers that move and come back."""

from __future__ import annotations

from hub.demo.observed import Assigned, regroupings


def test_the_first_home_of_a_dossier_is_no_move() -> None:
    assert not any(regroupings([Assigned(1, "a", "H1"), Assigned(2, "b", "H2")]).values())


def test_a_merge_and_the_split_that_undoes_it() -> None:
    together = [Assigned(1, "a", "H1"), Assigned(2, "b", "H2"), Assigned(3, "b", "H1")]
    assert regroupings(together) == {"merges": 1, "splits": 0, "moves": 1, "moves_back": 0}
    apart = [*together, Assigned(4, "b", "H2")]
    assert regroupings(apart) == {"merges": 1, "splits": 1, "moves": 2, "moves_back": 1}


def test_a_household_that_only_gets_another_id_neither_merges_nor_splits() -> None:
    """The oldest dossier arrives last: it gives its household its id."""
    renamed = [Assigned(1, "a", "H1"), Assigned(2, "b", "H1"), Assigned(3, "a", "H0"), Assigned(3, "b", "H0")]
    assert regroupings(renamed) == {"merges": 0, "splits": 0, "moves": 2, "moves_back": 0}


def test_a_deleted_dossier_moves_nowhere() -> None:
    assert not any(regroupings([Assigned(1, "a", "H1"), Assigned(2, "a", None)]).values())
