"""The municipality's terms of attention points, out of a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from hub.errors import ConfigError
from hub.household.attention.terms import Terms

_SETTING: Final = "REGIEHUB_TERMS_FILE"


def load_terms(path: Path | None) -> Terms:
    """The terms of a file; a term that is not in it, and all without a file, have their defaults.

    Raises ConfigError when the file cannot be read, or a term is unknown or out of bounds; it names the term."""
    if path is None:
        return Terms()
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(_SETTING, [str(path)], problem=f"cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(_SETTING, [str(path)], problem="is not YAML") from None
    try:
        return Terms.model_validate({} if given is None else given)
    except ValidationError as error:
        first = error.errors()[0]
        term = ".".join(str(part) for part in first["loc"])
        problem = f"is not valid: {term + ': ' if term else ''}{first['msg']}"
        raise ConfigError(_SETTING, [str(path)], problem=problem) from None
