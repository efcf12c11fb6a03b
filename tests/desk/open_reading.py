"""A desk at which a director and a safety officer see everything: for tests that are not about who may see what."""

from __future__ import annotations

from hub.desk.access import Household
from hub.desk.reading import Reading
from hub.household.document_shape import Document

STAFF = "1"
"""Personnel number of a worker of the youth unit who is named in every dossier."""


class OpenReading(Reading):
    """For tests that are not about who may see what: every dossier is of the director's own unit and names him, and in
    every one a child's safety is at stake, so that the safety officer sees it too."""

    def facts(self, household_id: str, document: Document | None) -> Household:
        """See `Reading.facts`."""
        found = super().facts(household_id, document)
        if found.known is None:
            return found
        opened = tuple(
            item._replace(kind="youth", named=item.named | {STAFF}, child_safety=True) for item in found.known.dossiers
        )
        return found._replace(known=found.known._replace(dossiers=opened))
