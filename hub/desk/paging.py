"""How lists are cut into pages, for whoever reads them here and for the API; pages count from 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
"""Which page is asked for. Without a bound it could lie where no database can count to."""


def last_page(total: int, page_size: int) -> int:
    """The number of the last page; nothing at all is one page."""
    return max(1, -(-total // page_size))


def with_query(path: str, chosen: Mapping[str, object]) -> str:
    """The path, with what was chosen behind it."""
    return f"{path}?{urlencode(chosen)}" if chosen else path
