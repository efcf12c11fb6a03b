"""Words of an erasure: what goes, what stays and why."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "erasure.title": ("Wat er verdwijnt als deze persoon wordt gewist", "What goes if this person is erased"),
    "erasure.nothing": (
        "Geen huishouden noemt deze persoon. Wat alleen landelijke berichten of een zaak noemen, vindt dit niet.",
        "No household names this person. What only national messages or a case name is not found by this.",
    ),
    "erasure.dossier": ("dossier met alles erin", "dossier with all that is in it"),
    "erasure.open": ("LOOPT NOG: het team ziet het dan niet meer", "STILL OPEN: the team will not see it any more"),
    "erasure.line": ("regel {line} in het dossier van een ander, met metingen van hem",
                     "line {line} in somebody else's dossier, with measurements of him"),
    "erasure.counts": ("Samen {records} gegevens en {decisions} besluiten.",
                       "{records} records and {decisions} decisions altogether."),
    "erasure.alone": ("Let op: {n} andere personen staan alleen in deze dossiers en zijn daarna hier onbekend.",
                      "Mind: {n} other persons are named in these dossiers alone, and are unknown here after that."),
    "erasure.kept": ("Wat blijft, en waarom", "What stays, and why"),
    "erasure.kept.sources": (
        "De registraties waar dit vandaan komt (ZCD, MensCentraal, berichten): daar moet het apart worden gewist."
        " Zolang zij het sturen houdt de hub het buiten de deur."
        " Een dossier dat later wordt geopend, is een nieuw dossier.",
        "The registrations it comes from (ZCD, MensCentraal, messages): it must be erased there too. While they go on"
        " sending it the hub keeps it out. A dossier that is opened later is a new one.",
    ),
    "erasure.kept.topics": (
        "Oudere versies in registrations.compositions.v1, registrations.records.v1 en households.records.v1, die Kafka"
        " voor altijd bewaart: zonder termijn, totdat de topics worden vervangen (een nieuwe incarnatie).",
        "Older versions in registrations.compositions.v1, registrations.records.v1 and households.records.v1, which"
        " Kafka keeps for ever: for no set term, until the topics are replaced (a new incarnation).",
    ),
    "erasure.kept.compaction": (
        "Oudere versies in households.views.v1, households.compositions.v1 en de toestand van de stream, totdat Kafka"
        " die opruimt: meestal binnen 7 dagen (segment.ms), niet eerder dan na een uur.",
        "Older versions in households.views.v1, households.compositions.v1 and the state of the stream until Kafka"
        " compacts them: mostly within 7 days (segment.ms), and not within an hour.",
    ),
    "erasure.kept.words_of_others": (
        "Zijn naam in teksten van anderen: doelen, redenen, wie in het netwerk helpt. De hub vindt iemand aan zijn BSN"
        " en niet aan zijn naam.",
        "His name in the words of others: goals, reasons, who of the network helps. The hub finds somebody by his BSN"
        " and not by his name.",
    ),
    "erasure.kept.dead_letters": (
        "Onleesbare berichten (dead-letters.v1), verzegeld en voor altijd: van wie ze zijn is niet te zien. Worden ze"
        " alsnog gelezen, dan geldt deze opdracht.",
        "Unreadable records (dead-letters.v1), sealed and for ever: whose they are cannot be seen. If they are read"
        " after all this order holds for them.",
    ),
    "erasure.kept.looks": (
        "Wie er in zijn gegevens heeft gekeken: het logboek verantwoordt de inzage en heeft een eigen termijn.",
        "Who looked at his data: the log answers for that, and has a term of its own.",
    ),
    "erasure.kept.order": (
        "De opdracht zelf (hub.erasures.v1): een sleutel in plaats van zijn BSN, de dossiernummers, de grond. Zonder"
        " haar komt hij bij de volgende herlezing terug.",
        "The order itself (hub.erasures.v1): a key instead of his BSN, the dossier numbers, the ground. Without it the"
        " next re-reading would bring him back.",
    ),
    "erasure.kept.backups": (
        "Reservekopieën van Kafka, van de database en van de gegevensmappen: de hub maakt er geen en kent ze niet. Zet"
        " na het terugzetten van een kopie hub.erasures.v1 niet terug naar een oudere stand.",
        "Backups of Kafka, the database and the data folders: the hub makes none and knows of none. After a copy is put"
        " back hub.erasures.v1 must not be older than it was.",
    ),
    "erasure.not_ordered": ("Er is niets gewist. Met --yes wordt het opgedragen.",
                            "Nothing was erased. With --yes it is ordered."),
    "erasure.ordered": (
        "Opgedragen ({id}). De hub vergeet hem binnen ongeveer een minuut, als de aanleveringen draaien; kijk daarna"
        " met `regiehub person inspect` of er niets meer is.",
        "Ordered ({id}). The hub forgets him within about a minute if the connectors run; then see with"
        " `regiehub person inspect` that nothing is left.",
    ),
}  # fmt: skip
