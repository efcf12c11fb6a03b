from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub import errors
from hub.errors import Action, RegiehubError

pytestmark = pytest.mark.core


def tree(root: type[RegiehubError]) -> Iterator[type[RegiehubError]]:
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from tree(child)


def test_every_error_is_documented_and_says_what_the_engine_does() -> None:
    actions = {child.__name__: child.action for child in tree(RegiehubError)}
    assert actions == {
        "ConfigError": Action.REFUSE_START,
        "SourceUnavailable": Action.BACK_OFF,
        "SourceRejected": Action.STOP,
        "LogUnavailable": Action.BACK_OFF,
        "LogRefused": Action.STOP,
        "TranslationError": Action.DEAD_LETTER,
        "ContractError": Action.STOP,
        "ProjectorEnded": Action.STOP,
        "DeadLetterLimitExceeded": Action.STOP,
    }
    assert all(child.__doc__ for child in tree(RegiehubError))
    assert RegiehubError.action is Action.PROPAGATE


def test_what_may_be_shown_is_apart_from_what_is_logged() -> None:
    error = errors.SourceRejected("The source refuses us.", "401")
    assert (error.user_message, error.detail) == ("The source refuses us.", "401")
    assert str(error) == "The source refuses us. (401)"


def test_a_missing_setting_names_every_place_looked_at() -> None:
    error = errors.ConfigError("REGIEHUB_BROKERS", ["environment", "regiehub.toml"])
    assert str(error) == "The setting REGIEHUB_BROKERS is missing. Looked at: environment, regiehub.toml."
    assert error.tried == ("environment", "regiehub.toml")


def test_defaults_need_no_words() -> None:
    assert errors.SourceUnavailable(3.0).retry_after_seconds == 3.0
    assert errors.SourceUnavailable().retry_after_seconds is None
    assert str(errors.LogUnavailable()) and str(errors.LogRefused()) and str(errors.DeadLetterLimitExceeded())
    assert str(errors.TranslationError(errors.RejectReason.MALFORMED)) == "malformed"
