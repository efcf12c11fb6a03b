"""The page of requests for help: how long they take, where they lie, and each that waits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.access import Action, may
from hub.desk.pages import Pages
from hub.desk.paging import PageNumber, last_page, with_query
from hub.desk.requests import WantedRequests, name, requests
from hub.desk.site import asking
from hub.household.requests.codes import FURTHER, Party

PATH = "/aanvragen"
_NAMES = {"state": "toestand", "party": "aan_zet", "late": "te_laat", "page": "pagina"}


def request_page_router(pages: Pages) -> APIRouter:
    """The route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def overview(
        request: Request,
        toestand: Annotated[str, Query(max_length=40)] = "",
        aan_zet: Annotated[str, Query(max_length=40)] = "",
        te_laat: bool = False,
        pagina: PageNumber = 1,
    ) -> Response:
        """Of a leader's teams, or of the households that somebody directs. An unknown choice filters nothing."""
        state, party = toestand if toestand in FURTHER else "", aan_zet if aan_zet in set(Party) else ""
        wanted = WantedRequests(state, party, te_laat, pagina)
        found = requests(pages.site, asking(request), wanted)
        language = pages.words(request).language
        return pages.show(
            request,
            "requests.html",
            found=found,
            wanted=wanted,
            last=last_page(found.total, wanted.page_size),
            states=list(FURTHER),
            parties=list(Party),
            link=lambda **changed: _link(wanted, **changed),
            product=lambda key, said="": name(key, said or found.names.get(key, ""), pages.site.prices, language),
            leads=may(asking(request).actor, Action.READ_TEAM).allowed,
        )

    return router


def _link(wanted: WantedRequests, **changed: object) -> str:
    """The address with something else chosen; page 1 unless that is what changed."""
    now = wanted._replace(page=1)._asdict() | changed
    standard = WantedRequests()._asdict()
    return with_query(PATH, {_NAMES[key]: now[key] for key in _NAMES if now[key] != standard[key]})
