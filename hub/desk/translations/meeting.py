"""Words of the page for a case meeting."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "meeting": ("Casusbespreking", "Case meeting"),
    "meeting_link": ("Afdrukken voor een bespreking", "Print for a meeting"),
    "meeting_text": (
        "Kies wie er aan tafel zit. Wat een van hen niet mag zien, wordt weggelaten. Het afdrukken wordt vastgelegd.",
        "Choose who sits at the table. What one of them may not see is left out. That it was printed is logged.",
    ),
    "meeting_who": ("Wie is erbij?", "Who attends?"),
    "meeting_missing": ("Kies ten minste één die erbij is.", "Choose at least one who attends."),
    "meeting_make": ("Maak de pagina", "Make the page"),
    "meeting_present": ("Aanwezig", "Present"),
    "meeting_left_out": (
        "Niet iedereen aan tafel mag alles zien: alleen wie erbij hoort, wie betrokken is en wie de regie heeft staat"
        " op deze pagina.",
        "Not everybody at the table may see everything: only who belongs to it, who is involved and who directs stand"
        " on this page.",
    ),
    "meeting_print": (
        "Druk deze pagina af met uw browser (Ctrl+P). Geheime adressen staan er nooit op.",
        "Print this page with your browser (Ctrl+P). Secret addresses are never on it.",
    ),
    "code.attending.youth": ("collega van jeugd", "colleague of youth"),
    "code.attending.adult": ("collega van volwassenen", "colleague of adults"),
    "code.attending.family": ("iemand van het gezin", "somebody of the family"),
    "code.attending.network": ("mantelzorger of vrijwilliger", "informal carer or volunteer"),
    "code.attending.provider": ("zorgaanbieder", "care provider"),
    "code.attending.other": ("iemand anders", "somebody else"),
}  # fmt: skip
