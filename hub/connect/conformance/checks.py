"""The checks, numbered so that a failure can cite them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from hub.connect.conformance import declared, feed, living, privacy, translation
from hub.connect.conformance.bench import Bench


class Check(NamedTuple):
    """One demand, and what sees whether it is met: raises Nonconformity or NotRun, or returns."""

    number: str
    demands: str
    examine: Callable[[Bench], None]

    def __str__(self) -> str:
        return self.number


CHECKS: Final = (
    Check("C01", "The settings are described, and secrets are marked", declared.spec),
    Check("C02", "Importing and building it touches nothing", declared.importing),
    Check("C03", "check() tells bad credentials from a source that is not there", living.check),
    Check("C04", "Every event fits its Avro schema", translation.valid_avro),
    Check("C05", "The same record gives the same event id, in any process", translation.same_id),
    Check("C06", "translate() is pure", translation.pure),
    Check("C07", "A crash anywhere loses nothing, and repeats the open batch only", feed.crash_anywhere),
    Check("C08", "The cursor is small, survives JSON, and earlier releases' are read", feed.cursor),
    Check("C09", "Any bytes become events or a TranslationError", translation.only_translation_errors),
    Check("C10", "A source that is down is SourceUnavailable", living.down),
    Check("C11", "It stops in time, and waits for no source for ever", living.stopping),
    Check("C12", "Nothing secret or personal is logged, shown or reachable", privacy.nothing_said),
    Check("C13", "Times are aware and in UTC", translation.utc),
    Check("C14", "The order within a dossier is kept", feed.order_kept),
    Check("C15", "Deletions and corrections become events", feed.not_silent),
    Check("C16", "inventory() agrees with what was read", feed.inventory),
    Check("C17", "A record that moves or comes back is told so, with a greater version", feed.moves),
)
