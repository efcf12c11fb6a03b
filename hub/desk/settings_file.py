"""What a municipality sets in a YAML file of its own: its terms, its prices."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hub.errors import ConfigError
from hub.household.attention.terms import Terms
from hub.household.prices import Prices

Given = TypeVar("Given", bound=BaseModel)


def load_terms(path: Path | None) -> Terms:
    """The terms of attention points; a term that is not in the file, and all without a file, have their defaults.

    Raises ConfigError when the file cannot be read, or something in it is unknown or not valid; it names what."""
    return _load(Terms, path, "REGIEHUB_TERMS_FILE")


def load_prices(path: Path | None) -> Prices:
    """The prices and budgets; none without a file. Raises as `load_terms`."""
    return _load(Prices, path, "REGIEHUB_PRICES_FILE")


def _load(kind: type[Given], path: Path | None, setting: str) -> Given:
    if path is None:
        return kind()
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(setting, [str(path)], problem=f"cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(setting, [str(path)], problem="is not YAML") from None
    try:
        return kind.model_validate({} if given is None else given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = f"is not valid: {place + ': ' if place else ''}{first['msg']}"
        raise ConfigError(setting, [str(path)], problem=problem) from None
