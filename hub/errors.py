"""The exceptions of Regiehub, one class per thing the engine can do about it. Imports nothing of the hub.

`user_message` is safe to show to anybody; `detail` is for the log only. Neither ever holds personal data or a
secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Final


class Action(StrEnum):
    """What the engine does when it meets an error of a class."""

    REFUSE_START = "refuse_start"
    """Exit 2 before anything runs, and say every place that was looked at."""
    BACK_OFF = "back_off"
    """Wait with jitter and try again; the cursor stays; health is degraded."""
    STOP = "stop"
    """Stop this process; the cursor stays; health is down; page somebody."""
    DEAD_LETTER = "dead_letter"
    """Set the record aside with its reason, count it, go on with the next."""
    PROPAGATE = "propagate"
    """A defect: exit 1, never retried, never skipped."""


class RejectReason(StrEnum):
    """Why a source's record could not be read."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    INVALID_VALUE = "invalid_value"
    INVALID_DATE = "invalid_date"
    NO_SINGLE_CLIENT = "no_single_client"
    TOO_LARGE = "too_large"


class RegiehubError(Exception):
    """Root of the tree. Raise a subclass: the class decides what the engine does."""

    action: ClassVar[Action] = Action.PROPAGATE

    def __init__(self, user_message: str, detail: str = "") -> None:
        super().__init__(f"{user_message} ({detail})" if detail else user_message)
        self.user_message: Final = user_message
        self.detail: Final = detail


class ConfigError(RegiehubError):
    """A setting is missing or wrong. `tried`: every place looked at, in order."""

    action = Action.REFUSE_START

    def __init__(self, setting: str, tried: Sequence[str] = (), *, problem: str = "is missing") -> None:
        places = f" Looked at: {', '.join(tried)}." if tried else ""
        super().__init__(f"The setting {setting} {problem}.{places}")
        self.setting: Final = setting
        self.tried: Final = tuple(tried)


class SourceUnavailable(RegiehubError):
    """The source cannot answer now. `retry_after_seconds`: what the source itself asked for, if it did."""

    action = Action.BACK_OFF

    def __init__(
        self,
        retry_after_seconds: float | None = None,
        *,
        user_message: str = "The source cannot be reached.",
        detail: str = "",
    ) -> None:
        super().__init__(user_message, detail)
        self.retry_after_seconds: Final = retry_after_seconds


class SourceRejected(RegiehubError):
    """The source refuses us, or does not keep to its own protocol: trying again will not help."""

    action = Action.STOP

    def __init__(self, user_message: str = "The source refuses the connector.", detail: str = "") -> None:
        super().__init__(user_message, detail)


class LogUnavailable(RegiehubError):
    """The log (Kafka) cannot answer now; nothing was acknowledged."""

    action = Action.BACK_OFF

    def __init__(self, user_message: str = "The log cannot be reached.", detail: str = "") -> None:
        super().__init__(user_message, detail)


class LogRefused(RegiehubError):
    """The log refuses us: credentials, rights, a topic that is missing or differs from its specification."""

    action = Action.STOP

    def __init__(self, user_message: str = "The log refuses the hub.", detail: str = "") -> None:
        super().__init__(user_message, detail)


class TranslationError(RegiehubError):
    """A record that cannot be read. The only thing `Connector.translate` may raise.

    `field` is the path of the field in the source's own terms (`gegevens.gezinsleden[1].rol`). It and the
    message never hold a value: they end up in headers, metrics and logs.
    """

    action = Action.DEAD_LETTER

    def __init__(self, reason: RejectReason, field: str = "") -> None:
        super().__init__(f"{reason.value}: {field}" if field else reason.value)
        self.reason: Final = reason
        self.field: Final = field


class ContractError(RegiehubError):
    """Our own side made an event that its schema forbids: stop, never publish it."""

    action = Action.STOP


class ProjectorEnded(RegiehubError):
    """What fills the desk's read model ended unasked, so that pages would grow old unsaid. Whoever runs the desk mends
    what the log names, and starts it again: it goes on where it was."""

    action = Action.STOP


class DeadLetterLimitExceeded(RegiehubError):
    """Too many unreadable records: a bad release must not drain a source into the dead letters."""

    action = Action.STOP

    def __init__(
        self,
        user_message: str = "Too many records of the source are unreadable; only child-safety signals go on.",
        detail: str = "",
    ) -> None:
        super().__init__(user_message, detail)
