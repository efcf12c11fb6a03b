"""The pages of the console: the whole flow, one source, what could not be read; and what can be asked there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from hub.desk import operations
from hub.desk.access import Action, may
from hub.desk.live import MEDIA_TYPE, Since, mark_of
from hub.desk.pages import Form, Pages
from hub.desk.paging import PageNumber, last_page, with_query
from hub.desk.site import Site, asking
from hub.desk.unreadable import Letters, Place
from hub.ops.flow import DESK, STAGES
from hub.ops.orders import Orders
from hub.ops.picture import HopRow, Pace, Picture, Pulse, SourceRow
from hub.ops.status import Level, age_seconds

CONSOLE: Final = "/beheer"
LETTERS: Final = f"{CONSOLE}/onleesbaar"
PAGE_SIZE: Final = 25
STALE_SECONDS: Final = 30.0
"""A look that is older than this says nothing of now: six have failed."""
_LONGEST_WHY: Final = 500
_STAGES: Final = "hub"
"""The source of letters that a stage of the stream could not read: no record stands in them."""
_ASKED: Final = frozenset(
    {"pause", "resume", "compare", "repair", "reset", "reset_epoch", "backfill", "stop_backfill", "stop_replay"}
)
_WORST: Final = (Pace.NOBODY, Pace.STANDS, Pace.BEHIND, Pace.BUSY, Pace.UP_TO_DATE)
_NO_NUL = r"^[^\x00]*$"
SourceName = Annotated[str, Query(max_length=200, pattern=_NO_NUL)]


class Step(NamedTuple):
    """One part of the flow on the map: how it does at its worst, all that waits for it, and for how long the oldest of
    that does (None: nothing waits, or it is not known)."""

    name: str
    topics: tuple[str, ...]
    pace: Pace
    waiting: int
    per_second: float | None
    waits_seconds: float | None


def console_router(pages: Pages) -> APIRouter:
    """Routes of the console."""
    router = APIRouter(include_in_schema=False)
    _add_flow(router, pages)
    _add_letters(router, pages)
    _add_source(router, pages)
    return router


def _add_flow(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get(CONSOLE)
    def console(request: Request, opnieuw: bool = False) -> Response:
        """The whole flow. `opnieuw`: a page that is open asks for itself again."""
        operations.enter_console(site.reading, asking(request), Action.READ_CONSOLE, again=opnieuw)
        shown = site.looking()
        return pages.show(
            request,
            "console/flow.html",
            shown=shown,
            mark=_mark(shown),
            age=age_seconds(site.now(), shown.at) if shown else None,
            stale_seconds=STALE_SECONDS,
            steps=steps(shown) if shown else [],
            past=[item for item in site.recent() if item.until is not None and item.finding.level is Level.BROKEN],
            begun={item.what: item.since for item in site.recent() if item.until is None},
            operates=_operates(request),
            path=CONSOLE,
        )

    @router.get(f"{CONSOLE}/wijzigingen")
    def changes(request: Request, since: Since) -> Response:
        """A stream that says when there was another look."""
        operations.enter_console(site.reading, asking(request), Action.READ_CONSOLE)
        return StreamingResponse(site.live.follow(lambda: _mark(site.looking()), since), media_type=MEDIA_TYPE)


def _mark(shown: Picture | None) -> str:
    return mark_of(shown and shown.at)


def _operates(request: Request) -> bool:
    return may(asking(request).actor, Action.OPERATE).allowed


def steps(shown: Picture) -> list[Step]:
    """The stages and the view, in the order of the flow."""
    by_stage = {name: [row for row in shown.hops if row.hop.stage == name] for name in (*STAGES, DESK)}
    return [_step(name, rows) for name, rows in by_stage.items() if rows]


def _step(name: str, rows: list[HopRow]) -> Step:
    paces = {row.pace for row in rows}
    rates = [row.per_second for row in rows if row.per_second is not None]
    worst = next(pace for pace in _WORST if pace in paces)
    return Step(
        name,
        tuple(row.hop.topic for row in rows),
        worst,
        sum(row.hop.lag for row in rows),
        sum(rates) if rates else None,
        max((row.waits_seconds for row in rows if row.waits_seconds is not None), default=None),
    )


def _add_source(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get(f"{CONSOLE}/bronnen/{{source}}")
    def one(source: str, request: Request, gedaan: str = "", terug: str = "", opnieuw: bool = False) -> Response:
        """One source, and what can be asked of its ingest. `terug`: what a reset would do is shown first. `opnieuw`: a
        page that is open asks for itself again."""
        operations.enter_console(site.reading, asking(request), Action.READ_CONSOLE, again=opnieuw)
        return _show_source(pages, request, source, done=gedaan, planned=terug)

    @router.post(f"{CONSOLE}/bronnen/{{source}}")
    def act(source: str, request: Request, form: Form) -> Response:
        """Ask something of its ingest."""
        operations.enter_console(site.reading, asking(request), Action.OPERATE)
        row, todo = _known(site.looking(), source), form.get("doen", "")
        orders = _reaching(site, source)
        if orders is None:
            return _show_source(pages, request, source, status=409, problem="console_out_of_reach")
        if todo == "pause" and not 1 <= len(form.get("why", "")) <= _LONGEST_WHY:
            return _show_source(pages, request, source, status=400, problem="console_why_missing")
        if not _ask(orders, row, todo, _user(request), form.get("why", "")):
            raise HTTPException(400)
        return RedirectResponse(f"{CONSOLE}/bronnen/{source}?gedaan={todo}", 303)


def _ask(orders: Orders, row: SourceRow, todo: str, by: str, why: str) -> bool:
    """Whether that is something that can be asked."""
    source, epoch = row.source, _epoch(row)
    match todo:
        case "pause":
            orders.pause(source, by, why)
        case "resume":
            orders.resume(source)
        case "compare" | "repair":
            orders.compare(source, by, repair=todo == "repair")
        case "reset" | "reset_epoch":
            orders.reset(source, epoch, by, new_epoch=todo == "reset_epoch")
        case "backfill":
            orders.backfill(source, by)
        case "stop_backfill":
            orders.stop_backfill(source)
        case "stop_replay":
            orders.stop_replay(source)
        case _:
            return False
    return True


def _epoch(row: SourceRow) -> int:
    return int(row.status["source_epoch"]) if row.status else 0


def _show_source(
    pages: Pages,
    request: Request,
    source: str,
    *,
    status: int = 200,
    problem: str = "",
    done: str = "",
    planned: str = "",
) -> Response:
    shown = pages.site.looking()
    row = _known(shown, source)
    orders = _reaching(pages.site, source)
    is_planned = orders is not None and planned in {"reset", "reset_epoch"}
    plan = orders.plan_reset(source, _epoch(row), new_epoch=planned == "reset_epoch") if orders else None
    return pages.show(
        request,
        "console/source.html",
        status,
        row=row,
        mark=_mark(shown),
        now=pages.site.now(),
        waiting=orders.waiting(source) if orders else None,
        operates=_operates(request),
        plan=plan if is_planned else None,
        planned=planned,
        done=done if done in _ASKED else "",
        problem=problem,
        longest_why=_LONGEST_WHY,
        path=f"{CONSOLE}/bronnen/{source}",
        is_paused=row.pulse is Pulse.PAUSED,
        is_stopped=row.pulse is Pulse.STOPPED,
    )


def _known(shown: Picture | None, source: str) -> SourceRow:
    """The source as seen last. Raises HTTPException for one that nobody has seen: it may be anything."""
    for row in shown.sources if shown else ():
        if row.source == source:
            return row
    raise HTTPException(404)


def _reaching(site: Site, source: str) -> Orders | None:
    return site.orders if site.orders is not None and site.orders.reaches(source) else None


def _user(request: Request) -> str:
    actor = asking(request).actor
    assert actor is not None  # nobody without a name gets past the decision
    return actor.user


def _add_letters(router: APIRouter, pages: Pages) -> None:
    site = pages.site

    @router.get(LETTERS)
    def letters(
        request: Request,
        bron: SourceName = "",
        reden: Annotated[str, Query(max_length=80, pattern=_NO_NUL)] = "",
        pagina: PageNumber = 1,
        gedaan: Annotated[str, Query(max_length=20)] = "",
        aantal: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> Response:
        """What could not be read and nobody has dealt with. `gedaan`, `aantal`: what was just asked, of how many."""
        done = (gedaan, aantal) if gedaan in {"replay", "discard"} else None
        return _show_letters(pages, request, Letters(bron, reden), pagina, done=done)

    @router.get(f"{LETTERS}/een")
    def letter(
        request: Request, bron: SourceName, plaats: Annotated[str, Query(max_length=2_000, pattern=_NO_NUL)]
    ) -> Response:
        """One of them, without what stood in it."""
        found = operations.letters(site.reading, asking(request), Letters(places=(Place(bron, plaats),)))
        if not found.letters:
            raise HTTPException(404)
        return pages.show(request, "console/letter.html", letter=found.letters[0], operates=_operates(request))

    @router.post(LETTERS)
    def deal(request: Request, form: Form) -> Response:
        """Have them read again, or say that they need not be read: those that are ticked, or all that are listed."""
        asked, todo = asking(request), form.get("doen", "")
        wanted, why = _chosen(form), form.get("why", "")
        if wanted.places == ():
            return _show_letters(pages, request, wanted._replace(places=None), 1, problem="console_none_chosen")
        if todo == "discard" and not 1 <= len(why) <= _LONGEST_WHY:
            return _show_letters(pages, request, wanted._replace(places=None), 1, problem="console_why_missing")
        if todo not in {"replay", "discard"}:
            raise HTTPException(400)
        kept = operations.kept_letters(site.reading, asked, wanted)
        if site.orders is None:
            return _show_letters(pages, request, wanted._replace(places=None), 1, problem="console_out_of_reach")
        number = len(kept)
        if todo == "replay":
            number = site.orders.replay([item for item in kept if item.source != _STAGES], _user(request))
            if kept and not number:
                return _show_letters(pages, request, wanted._replace(places=None), 1, problem="console_out_of_reach")
        else:
            site.orders.discard(kept, _user(request), why)
        query = {"bron": wanted.source, "reden": wanted.reason, "gedaan": todo, "aantal": number}
        return RedirectResponse(with_query(LETTERS, {name: value for name, value in query.items() if value}), 303)


def _chosen(form: Mapping[str, str]) -> Letters:
    """Which letters a form means. `welke`: all that are listed, or those that are ticked. Raises HTTPException."""
    if any("\0" in value for value in form.values()):  # no database takes it for text
        raise HTTPException(400)
    listed = Letters(form.get("bron", ""), form.get("reden", ""))
    return listed if form.get("welke") == "all" else listed._replace(places=tuple(_ticked(form)))


def _ticked(form: Mapping[str, str]) -> Iterator[Place]:
    for name, value in form.items():
        source, found, position = value.partition("|")
        if name.startswith("kies-") and found:
            yield Place(source, position)


def _show_letters(
    pages: Pages,
    request: Request,
    wanted: Letters,
    page: int,
    *,
    problem: str = "",
    done: tuple[str, int] | None = None,
) -> Response:
    found = operations.letters(pages.site.reading, asking(request), wanted, page=page, page_size=PAGE_SIZE)
    shown = pages.site.looking()
    return pages.show(
        request,
        "console/letters.html",
        400 if problem else 200,
        found=found,
        wanted=wanted,
        page=page,
        last=last_page(found.total, PAGE_SIZE),
        sources=sorted(
            {row.source for row in (shown.sources if shown else ())} | {item.source for item in found.letters}
        ),
        operates=_operates(request),
        problem=problem,
        done=done,
        longest_why=_LONGEST_WHY,
        link=lambda page: _link(wanted, page),
        path=LETTERS,
    )


def _link(wanted: Letters, page: int) -> str:
    query = {"bron": wanted.source, "reden": wanted.reason, "pagina": page if page > 1 else ""}
    return with_query(LETTERS, {name: value for name, value in query.items() if value})
