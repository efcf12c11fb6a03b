"""What somebody searches for, or whom he asks about, by the API or on the page, as the read model is asked for it."""

from __future__ import annotations

from pydantic import SecretStr

from hub.desk import models
from hub.desk.searching import Search
from hub.desk.site import Site


class InvalidBsn(Exception):
    """A BSN that was sent fails its check."""


def person_key_of(site: Site, bsn: SecretStr) -> str:
    """The key of whose number this is. Raises InvalidBsn."""
    if (found := site.person_key(bsn.get_secret_value())) is None:
        raise InvalidBsn
    return found


def search_of(site: Site, wanted: models.HouseholdSearch) -> Search:
    """What the read model is asked. Raises InvalidBsn."""
    return Search(
        name=wanted.name,
        birth_date=wanted.birth_date.isoformat() if wanted.birth_date else None,
        dossier_id=wanted.dossier_number,
        person_key=person_key_of(site, wanted.bsn) if wanted.bsn else None,
        address_key=site.address_key(address) if (address := wanted.address) else None,
    )
