"""What all answers of the API share: the tag by which a reader has one already, and the pages of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.etags import is_known, tag_of
from hub.desk.paging import last_page, with_query

LARGEST_PAGE: Final = 100
PageSize = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
"""How much of a list is asked for at once."""


def tagged(request: Request, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a read; without a body for whoever has it already."""
    content = orjson.dumps(body)
    tag = tag_of(content)
    shared = {**(headers or {}), "ETag": tag}
    if is_known(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=shared)
    return Response(content, headers=shared, media_type="application/json")


def as_json(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to anything else."""
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), media_type="application/json")


def paged(
    path: str, total: int, page: int, page_size: int, chosen: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Which page of a list this is, and where the others are. `chosen`: what else stands in the address."""
    last = last_page(total, page_size)

    def address(number: int) -> str:
        return with_query(path, {**(chosen or {}), "pagina": number, "paginaGrootte": page_size})

    def link(number: int) -> str | None:
        return address(number) if 1 <= number <= last else None

    return {
        "count": total,
        "page": page,
        "page_size": page_size,
        "links": {
            "self": address(page),
            "first": link(1),
            "prev": link(page - 1),
            "next": link(page + 1),
            "last": link(last),
        },
    }
