"""The municipality's price list and budgets, out of a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from hub.errors import ConfigError
from hub.household.prices import Prices

_SETTING: Final = "REGIEHUB_PRICES_FILE"


def load_prices(path: Path | None) -> Prices:
    """The prices and budgets of a file; none without one.

    Raises ConfigError when the file cannot be read, or something in it is not valid; it names what."""
    if path is None:
        return Prices()
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(_SETTING, [str(path)], problem=f"cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(_SETTING, [str(path)], problem="is not YAML") from None
    try:
        return Prices.model_validate({} if given is None else given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = f"is not valid: {place + ': ' if place else ''}{first['msg']}"
        raise ConfigError(_SETTING, [str(path)], problem=problem) from None
