"""The page of a team: what each worker has in hand, who waits for a first contact, whose help is past its term."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from hub.desk.access import Action
from hub.desk.caseload.query import Work, reached, work_of
from hub.desk.list_pages import concerned
from hub.desk.pages import Pages
from hub.desk.reading import Listing
from hub.desk.readmodel import Asker
from hub.desk.site import asking


class Worker(NamedTuple):
    """One worker's share. `name` "": nobody directs."""

    name: str
    households: int
    with_attention: int
    urgent: int


class Team(NamedTuple):
    """One team. `waiting`: an intake was received and there was no first contact, the longest first; `past_term`: help
    to an adult that should have ended."""

    name: str
    households: int
    workers: list[Worker]
    waiting: list[Work]
    past_term: list[Work]


def team_page_router(pages: Pages) -> APIRouter:
    """The route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/team")
    def team(request: Request) -> Response:
        """The reader's own teams, one after the other."""
        actor = asking(request).actor
        names = actor.teams if actor else ()

        def find(connection: Connection, asker: Asker) -> Listing[list[Team]]:
            works = {name: work_of(connection, name, reached(asker)) for name in names}
            shown = {item.household_id: item for found in works.values() for item in found}
            return [team_of(name, found) for name, found in works.items()], [
                concerned(home, item.line) for home, item in shown.items()
            ]

        teams = pages.site.reading.listing(asking(request), Action.READ_TEAM, find)
        return pages.show(request, "team.html", teams=teams)

    return router


def team_of(name: str, found: list[Work]) -> Team:
    """What a team has in hand, out of its households."""
    return Team(
        name,
        len(found),
        _workers(found),
        [item for item in found if item.waiting_since],
        [item for item in found if item.past_term],
    )


def _workers(found: Iterable[Work]) -> list[Worker]:
    """By name; a household with two directors counts with both, one without stands last."""
    shares: dict[str, list[Work]] = {}
    for item in found:
        for name in [director["name"] for director in item.line["directors"]] or [""]:
            shares.setdefault(name, []).append(item)
    return [
        Worker(
            name,
            len(works),
            sum(work.line["points"] > 0 for work in works),
            sum(_is_urgent(work) for work in works),
        )
        for name, works in sorted(shares.items(), key=lambda share: (not share[0], share[0].casefold()))
    ]


def _is_urgent(work: Work) -> bool:
    matter = work.line["matter"]
    return matter is not None and matter["severity"] == "high"
