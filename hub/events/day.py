"""A day as somebody sends it in a body."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _as_written(value: object) -> object:
    """Pydantic alone takes a number too, as seconds since 1970: whoever sends one would get an answer about 1 January
    1970."""
    if isinstance(value, date) or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise ValueError("must be a day: YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_as_written)]
"""`full-date` of RFC 3339, and nothing that might be meant as one."""
