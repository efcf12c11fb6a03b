"""A request that the municipality itself handles (a zaak) is opened by the law that its record states."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.desk.access.facts import known_of
from hub.events.ids import DossierRef
from hub.household.document_shape import Document, MemberLine, MessageDossier
from tests.core.attention_facts import dossier, household
from tests.core.request_facts import CLIENT, registered

ZAAK = DossierRef("openzaak", "3fa85f64")
YOUTH, ADULT = DossierRef("zcd", "Z-1"), DossierRef("menscentraal", "M-1")
AT = datetime(2026, 4, 20, tzinfo=UTC)


def known_in_both(law: str | None) -> Document:
    """The client is named in a dossier of each unit, and a zaak is about him."""
    request = registered("under_investigation", "2026-01-05", ref=ZAAK, law=law)
    document = household([dossier(ref=YOUTH, kind="youth"), dossier(ref=ADULT, kind="adult")], [request])
    document["message_dossiers"] = [MessageDossier(source=ZAAK.source, dossier_id=ZAAK.dossier_id, client=CLIENT)]
    document["lines"] = [
        MemberLine(source=source, dossier_id=number, line="1", person_key=CLIENT, stated_key=CLIENT, confirmed=True)
        for source, number in (YOUTH, ADULT, ZAAK)
    ]
    return document


@pytest.mark.parametrize(("law", "beside"), [("jw", frozenset({YOUTH})), ("wmo", frozenset({ADULT}))])
def test_a_zaak_is_seen_beside_the_dossiers_of_its_law_that_name_the_client(
    law: str, beside: frozenset[DossierRef]
) -> None:
    (found,) = known_of(known_in_both(law), AT).messages
    assert (found.ref, found.beside) == (ZAAK, beside)


def test_one_that_states_no_law_opens_nothing_of_a_team() -> None:
    (found,) = known_of(known_in_both(None), AT).messages
    assert not found.beside & {YOUTH, ADULT}
