"""Words of the page of the sources."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "sources_intro": ("Wat elke bron het laatst heeft aangeleverd, en of dat nog werkt.",
                      "What each source last delivered, and whether it still works."),
    "sources_none": ("Er heeft zich nog geen bron gemeld.", "No source has reported yet."),
    "silent": ("stil", "silent"),
    "silent_text": ("heeft zich niet gemeld sinds {time}", "has not reported since {time}"),
    "last_poll": ("Laatst geslaagde bevraging", "Last successful poll"),
    "newest": ("Nieuwste gegeven", "Newest record"),
    "published": ("Aangeleverd", "Delivered"),
    "rejected": ("Afgekeurd", "Rejected"),
    "dead_letters": ("Onleesbaar", "Unreadable"),
    "dead_letters_heading": ("Onleesbare gegevens", "Unreadable records"),
    "dead_letters_none": ("Alles was leesbaar.", "Everything could be read."),
    "position": ("Plaats in de bron", "Position in the source"),
    "reason": ("Reden", "Reason"),
    "field": ("Veld", "Field"),
    "message": ("Melding", "Message"),
    "ago_seconds": ("{n} s geleden", "{n} s ago"),
    "ago_minutes": ("{n} min geleden", "{n} min ago"),
    "ago_hours": ("{n} uur geleden", "{n} h ago"),
    "ago_days": ("{n} dagen geleden", "{n} days ago"),
}  # fmt: skip
