"""What a team has in hand: each worker's share, who waits, whose help is past its term, and what is committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from hub.desk import deputies
from hub.desk.access import Action, Actor, Household
from hub.desk.access.facts import team_key
from hub.desk.admission import Listing, Request
from hub.desk.caseload.query import TeamRow, Work, concerned, requests_of, shares_of, work_of
from hub.desk.readmodel import Asker
from hub.desk.requests import sees_team
from hub.desk.site import Site
from hub.events.deputies import DeputyshipSaid
from hub.household.costs import Balance, Committed, balance, year
from hub.household.requests.codes import LAW_OF_KIND

_STAFF: Final = "staff:"


class Share(NamedTuple):
    """So many households of a team."""

    team: str
    households: int


class Worker(NamedTuple):
    """One worker's share of a team's households. `who`: what he is known by ("": nobody directs, and `name` is empty
    too). `elsewhere`: what more he directs in other teams; `altogether`: households, each once."""

    who: str
    name: str
    households: int
    with_attention: int
    urgent: int
    elsewhere: list[Share]
    altogether: int

    @property
    def staff(self) -> str:
        """His personnel number, if a source states it."""
        return self.who.removeprefix(_STAFF) if self.who.startswith(_STAFF) else ""


class Team(NamedTuple):
    """One team. `waiting`: an intake was received and there was no first contact, the longest first; `past_term`: help
    to an adult that should have ended: both of the dossiers that the reader may see. `balance`: of the requests that he
    may see; `withheld`: there are others. `deputies`: who stands in for whom, now or later."""

    name: str
    households: int
    workers: list[Worker]
    waiting: list[Work]
    past_term: list[Work]
    balance: Balance
    withheld: bool
    deputies: list[DeputyshipSaid]


def teams(site: Site, request: Request) -> list[Team]:
    """The reader's own teams, one after the other; every household of them is in the log of looks. Raises Refused."""
    actor = request.actor
    names = actor.teams if actor else ()

    def find(connection: Connection, asker: Asker) -> Listing[list[Team]]:
        assert actor is not None  # nobody without a name gets past the decision
        asked = requests_of(connection, [team_key(name) for name in names])
        works = {
            name: work_of(connection, actor, asker, name, _seen_units(site, actor, team_key(name))) for name in names
        }
        found = [_team(site, connection, actor, name, work, asked) for name, work in works.items()]
        shown = {item.household_id: item for work in works.values() for item in work}
        return found, [_look(item) for item in shown.values()]

    return site.reading.listing(request, Action.READ_TEAM, find)


def _seen_units(site: Site, actor: Actor, team: str) -> list[str]:
    """Since when somebody waits is content of the dossier, as what it costs is."""
    now, rules = site.now(), site.reading.rules
    return [unit for unit in LAW_OF_KIND if sees_team(actor, team, unit, now, rules)]


def _look(item: Work) -> Household:
    return concerned(item.household_id, item.line)


def _team(
    site: Site, connection: Connection, actor: Actor, name: str, found: list[Work], asked: Iterable[TeamRow]
) -> Team:
    own = [row.request for row in asked if row.request.team == team_key(name)]
    now, rules = site.now(), site.reading.rules
    seen = [item.asked for item in own if sees_team(actor, item.team, item.unit, now, rules)]
    amounts = [Committed(item["cents"], item["unknown"]) for item in seen]
    shares = _shares(found)
    return Team(
        name,
        len(found),
        _workers(shares, name, shares_of(connection, [who for who, _ in shares if who])),
        [item for item in found if item.waiting_since],
        sorted((item for item in found if item.past_since), key=lambda item: item.past_since),
        balance(name, amounts, site.prices, year(site.today())),
        len(seen) < len(own),
        deputies.of_teams(connection, [team_key(name)], site.today()),
    )


def _shares(found: Iterable[Work]) -> dict[tuple[str, str], list[Work]]:
    """The households of each who directs: (who, name). A name without more is of the one person so named of whom more
    is known, if there is one; a household with two directors counts with both."""
    directors = [(director["who"], director["name"]) for item in found for director in item.line["directors"]]
    sure: dict[str, set[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for who, name in directors:
        if not who.startswith("name:"):
            sure.setdefault(name.casefold(), set()).add((who, names.setdefault(who, name)))
    shares: dict[tuple[str, str], list[Work]] = {}
    for item in found:
        mine = {_person(director["who"], director["name"], sure, names) for director in item.line["directors"]}
        for person in mine or {("", "")}:
            shares.setdefault(person, []).append(item)
    return shares


def _person(who: str, name: str, sure: Mapping[str, set[tuple[str, str]]], names: Mapping[str, str]) -> tuple[str, str]:
    if not who.startswith("name:"):
        return who, names[who]
    known = sure.get(name.casefold(), set())
    return next(iter(known)) if len(known) == 1 else (who, name)


def _workers(
    shares: Mapping[tuple[str, str], Sequence[Work]], team: str, everywhere: Mapping[str, Mapping[str, set[str]]]
) -> list[Worker]:
    """By name; a household without a director stands last."""
    found = []
    for (who, name), works in shares.items():
        own = {work.household_id for work in works}
        others = {other: homes - own for other, homes in everywhere.get(who, {}).items() if other != team}
        homes = own.union(*others.values())
        attention = sum(work.points > 0 for work in works)
        elsewhere = [Share(other, len(more)) for other, more in sorted(others.items()) if more]
        found.append(
            Worker(who, name, len(works), attention, sum(work.urgent for work in works), elsewhere, len(homes))
        )
    return sorted(found, key=lambda worker: (not worker.name, worker.name.casefold(), worker.who))


def answer(found: Iterable[Team], year_of: int) -> list[dict[str, object]]:
    """The teams as the API gives them. `year_of`: the calendar year of the amounts."""
    return [
        {
            "team": team.name,
            "households": team.households,
            "workers": [_worker(worker) for worker in team.workers],
            "waiting": [_work(item) for item in team.waiting],
            "past_term": [_work(item) for item in team.past_term],
            "budget": {
                "year": year_of,
                "budget_cents": team.balance.budget_cents,
                "committed_cents": team.balance.committed.cents,
                "unknown": team.balance.committed.unknown,
                "left_cents": team.balance.left_cents,
                "withheld": team.withheld,
            },
            "deputies": [_deputy(item) for item in team.deputies],
        }
        for team in found
    ]


def _deputy(item: DeputyshipSaid) -> dict[str, object]:
    said = item.deputyship.model_dump(exclude={"team"})
    return {"deputyship_id": item.deputyship.deputyship_id, **said, "why": item.why, "decided_by": item.decided_by}


def _worker(worker: Worker) -> dict[str, object]:
    counts = {name: getattr(worker, name) for name in ("name", "households", "with_attention", "urgent", "altogether")}
    return {**counts, "elsewhere": [share._asdict() for share in worker.elsewhere]}


def _work(item: Work) -> dict[str, object]:
    return {
        "household_id": item.household_id,
        "title": item.line["title"],
        "waiting_since": item.waiting_since or None,
        "past_since": item.past_since or None,
        "directors": [director["name"] for director in item.line["directors"]],
    }
