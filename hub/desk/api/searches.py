"""What somebody searches for, by the API or on the page, as the read model is asked for it."""

from __future__ import annotations

from hub.desk import models
from hub.desk.searching import Search
from hub.desk.site import Site


class InvalidBsn(Exception):
    """The BSN of a search fails its check."""


def search_of(site: Site, wanted: models.HouseholdSearch) -> Search:
    """What the read model is asked. Raises InvalidBsn."""
    person_key = site.person_key(wanted.bsn.get_secret_value()) if wanted.bsn else None
    if wanted.bsn and person_key is None:
        raise InvalidBsn
    return Search(
        name=wanted.name,
        birth_date=wanted.birth_date.isoformat() if wanted.birth_date else None,
        dossier_id=wanted.dossier_number,
        person_key=person_key,
        address_key=site.address_key(address) if (address := wanted.address) else None,
    )
