"""Messages with made-up content, one function per kind: what the simulator drops and the tests read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from connectors.istandaarden.codes import RETOURS
from connectors.istandaarden.messages import (
    Content,
    Elements,
    Envelope,
    client,
    in_order,
    product,
    return_codes,
    volume,
)
from connectors.istandaarden.messages import write as write_message
from hub.events.records import Law


class Volume(NamedTuple):
    """How much: codes of WJ756 and WJ757."""

    number: int
    unit: str
    frequency: str


_FOUR_HOURS_A_WEEK: Final = Volume(240, "01", "2")


@dataclass(frozen=True)
class Request:
    """A request and what becomes of it. Dates as ISO text."""

    law: Law
    bsn: str
    reference: str
    allocation_number: str
    product_code: str
    starts_on: str
    ends_on: str | None
    volume: Volume = _FOUR_HOURS_A_WEEK
    municipality: str = "0599"
    provider_code: str = "41000001"

    def _write(self, number: str, identification: str, sent_on: str, body: Elements) -> str:
        return write_message(
            Envelope(self.law, number, self.municipality, self.provider_code, identification, sent_on), body
        )

    def _asked(self) -> list[tuple[str, Content]]:
        return in_order(
            {
                "ReferentieAanbieder": self.reference,
                "Product": product(self.product_code)[1],
                "ToewijzingIngangsdatum": self.starts_on,
                "ToewijzingEinddatum": self.ends_on,
                "Omvang": volume(*self.volume)[1],
                "Verwijzer": [("Type", "01")],
            }
        )

    def asked(self, identification: str, sent_on: str) -> str:
        """315."""
        asked = ("AangevraagdeProducten", [("AangevraagdProduct", self._asked())])
        return self._write("315", identification, sent_on, client(self.bsn, asked))

    def confirmed(self, identification: str, sent_on: str, retour_on: str, codes: Sequence[str] = ("0200",)) -> str:
        """316: the receiver has looked at a 315."""
        part = ("AangevraagdProduct", [*self._asked(), return_codes(codes)])
        held = client(self.bsn, ("AangevraagdeProducten", [part]), codes=["0200"])
        return write_message(self._retour("316", identification, sent_on, retour_on), held)

    def unreadable(self, number: str, identification: str, sent_on: str, retour_on: str) -> str:
        """A retour to a message that could not be read: it names nobody and nothing."""
        return write_message(self._retour(number, identification, sent_on, retour_on, ["0001"]), [])

    def _retour(
        self, number: str, identification: str, sent_on: str, retour_on: str, codes: Sequence[str] = ()
    ) -> Envelope:
        assert number in RETOURS
        parties = self.municipality, self.provider_code
        return Envelope(self.law, number, *parties, identification, sent_on, retour_on, codes)

    def change(self, identification: str, sent_on: str) -> str:
        """317: another volume for an allocation."""
        wish = [
            ("ToewijzingNummer", self.allocation_number),
            ("GewensteIngangsdatum", self.starts_on),
            volume(*self.volume),
        ]
        asked: list[tuple[str, Content]] = [
            ("ReferentieAanbieder", self.reference),
            ("RedenVerzoek", "1"),
            ("TeWijzigenProducten", [("TeWijzigenProduct", wish)]),
        ]
        return self._write("317", identification, sent_on, [("Client", [("Bsn", self.bsn), ("Verzoek", asked)])])

    def answered(self, identification: str, sent_on: str, rejection: str = "", municipality: str = "") -> str:
        """319: rejected for a reason (WJ759), or without one under investigation."""
        answer = in_order(
            {
                "ReferentieAanbieder": self.reference,
                "VerzoekAntwoord": "1" if rejection else "2",
                "RedenAfwijzingVerzoek": rejection or None,
                "Woonplaatsbeginsel": [("Gemeente", municipality)] if municipality else None,
            }
        )
        return self._write("319", identification, sent_on, [("Antwoord", answer)])

    def granted(self, identification: str, decided_on: str, *, at: str = "10:15:00", change: str | None = None) -> str:
        """301."""
        allocation = in_order(
            {
                "ToewijzingNummer": self.allocation_number,
                "ReferentieAanbieder": self.reference,
                "Product": product(self.product_code)[1],
                "Toewijzingsdatum": decided_on,
                "Toewijzingstijd": at,
                "Ingangsdatum": self.starts_on,
                "Einddatum": self.ends_on,
                "RedenWijziging": change,
                "Omvang": volume(*self.volume)[1],
            }
        )
        granted = ("ToegewezenProducten", [("ToegewezenProduct", allocation)])
        return self._write("301", identification, decided_on, client(self.bsn, granted, full=True))

    def _delivered(self, begin: str) -> list[tuple[str, Content]]:
        return [
            ("ToewijzingNummer", self.allocation_number),
            product(self.product_code),
            ("ToewijzingIngangsdatum", self.starts_on),
            ("Begindatum", begin),
        ]

    def started(self, identification: str, sent_on: str, begin: str, *, status: str = "1") -> str:
        """305; status 3 deletes one."""
        start = [*self._delivered(begin), ("StatusAanlevering", status)]
        return self._write(
            "305", identification, sent_on, client(self.bsn, ("StartProducten", [("StartProduct", start)]))
        )

    def stopped(
        self, identification: str, sent_on: str, begin: str, end: str, reason: str, *, status: str = "1"
    ) -> str:
        """307, with a reason of the list of this law."""
        stop = [
            *self._delivered(begin),
            ("RedenBeeindiging", reason),
            ("Einddatum", end),
            ("StatusAanlevering", status),
        ]
        return self._write("307", identification, sent_on, client(self.bsn, ("StopProducten", [("StopProduct", stop)])))


def rendered(described: Mapping[str, object]) -> str:
    """A message out of a description: `{"xml": message}`, or `kind` (asked, confirmed, answered …), `request` (fields
    of `Request` but its volume) and the arguments of that kind."""
    if "xml" in described:
        return str(described["xml"])
    request, arguments = described["request"], described["arguments"]
    assert isinstance(request, Mapping) and isinstance(arguments, Mapping)
    write: Callable[..., str] = getattr(Request(**request), str(described["kind"]))
    return write(**arguments)
