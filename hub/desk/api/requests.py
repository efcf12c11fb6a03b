"""Requests for specialist help, in the API."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.desk import models, requests
from hub.desk.api.replies import PageSize, paged, tagged
from hub.desk.openapi import PROBLEMS, answers
from hub.desk.paging import PageNumber
from hub.desk.site import API, Site, asking
from hub.household.requests.codes import FURTHER, Party

REQUESTS: Final = f"{API}/aanvragen"
_ONE_OF_STATES: Final = f"^({'|'.join(FURTHER)})?$"
_ONE_OF_PARTIES: Final = f"^({'|'.join(Party)})?$"


def add_requests(router: APIRouter, site: Site) -> None:
    """The route of requests."""

    @router.get(
        REQUESTS,
        operation_id="listRequests",
        tags=["aanvragen"],
        responses=answers(models.RequestPage, PROBLEMS),
    )
    def listed(
        request: Request,
        toestand: Annotated[str, Query(pattern=_ONE_OF_STATES)] = "",
        aanZet: Annotated[str, Query(pattern=_ONE_OF_PARTIES)] = "",
        teLaat: bool = False,
        pagina: PageNumber = 1,
        paginaGrootte: PageSize = 25,
    ) -> Response:
        """Requests for specialist help: of a team leader those of his teams, of a case director those of the
        households that he directs. Those that came to an end are listed only when their state is asked for."""
        wanted = requests.WantedRequests(toestand, aanZet, teLaat, pagina, paginaGrootte)
        found = requests.requests(site, asking(request), wanted)
        chosen = {"toestand": toestand, "aanZet": aanZet, "teLaat": "true" if teLaat else ""}
        place = paged(REQUESTS, found.total, pagina, paginaGrootte, {name: it for name, it in chosen.items() if it})
        return tagged(request, {**place, **requests.answer(found, site)})
