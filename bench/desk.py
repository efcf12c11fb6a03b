"""How long somebody waits at a desk with a whole municipality in its read model, while the log goes on: a household,
the list of one's own households, search by name and by address; on SQLite and on PostgreSQL.

The whole application: gate, access decision, log of looks on disk, answer; only HTTP itself is left out. The read model
is in memory, and everybody has looked at his list once. Readers come at a fixed rate, that of a whole city's busiest
hour and four times that, whether or not the ones before have their answer, so that waiting counts. Beside them the real
projector writes views in a process of its own, as in production, a list every tenth of a second; each is a change of
what somebody sees.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from math import ceil
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, NamedTuple

import orjson
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine
from starlette.types import ASGIApp, Message

from bench.desk_town import Worker, changes, fill, in_memory, published, workers
from hub.connect.ingest.keys import ADDRESS_CONTEXT, KeyRing
from hub.desk import database, pauses
from hub.desk.app import create_app
from hub.desk.deciding import Deciding
from hub.desk.login.doors import Login
from hub.desk.login.limits import Limits
from hub.desk.looks import LookLog
from hub.desk.projector import Consumed, Offset, apply_list
from hub.desk.reading import Reading
from hub.desk.site import SESSION_COOKIE, Site
from hub.desk.surroundings import KEPT_SECONDS
from hub.desk.tokens import Tokens
from hub.events.topics import VIEWS
from tests.machine import postgres_bin
from tests.postgres_server import running

HOUSEHOLDS: Final = 100_000
TOWN: Final = 100
"""Households that are made for real; all others are copies of theirs."""
SECONDS: Final = 120
"""The p99 of a household then rests on its six slowest reads of 585, that of the rarest kind on its slowest."""
PEOPLE: Final = 1_050
"""Who work in the 42 neighbourhood teams, 25 in each."""
AN_HOUR: Final = {"household": 16.7, "household page": 6.0, "caseload": 4.0, "by name": 2.0, "by address": 1.0}
"""What each of them asks for in his busiest hour; `household`: by the systems that he works in, which ask the API."""
TIMES: Final = (1, 4)
"""So many times as much, one after the other."""
EVENTS_PER_SECOND: Final = 200
LIST_SECONDS: Final = 0.1
TURNS: Final = 20
"""Of changes of every household, before they begin again. A household with 18 records does not change then, once."""
_SLEEP_SECONDS: Final = 0.0015
_MEMORY: Final = "shared_buffers=4GB"
"""Of PostgreSQL: what its documentation advises to begin with is a quarter of the machine's."""
_ON_DISK: Final = "fsync=on"
"""As everywhere but in tests, whose server waits for no disk."""
_RING: Final = KeyRing(linking=b"l" * 32, sealing=b"s" * 64)
_NAMES: Final = ("jansen", "de vries", "van der berg", "sarah", "mohamed", "bakker anna", "yil", "zzz")


class Asked(NamedTuple):
    """One request, and when it comes (seconds after the start)."""

    at: float
    kind: str
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


class Size(NamedTuple):
    """Of a benchmark: households, who looks at them, and how many seconds each of so many times the busiest hour
    lasts."""

    homes: int
    people: int
    seconds: int
    times: Sequence[int]


class Desk(NamedTuple):
    """A desk under load. `sessions`: of its workers, for the pages."""

    app: ASGIApp
    engine: Engine
    workers: Sequence[Worker]
    sessions: Mapping[str, str]


def run(quick: bool) -> dict[str, Any]:
    """Measure. Times in milliseconds."""
    size = Size(300, 50, 2, TIMES[:1]) if quick else Size(HOUSEHOLDS, PEOPLE, SECONDS, TIMES)
    load, views = os.getloadavg()[0], published(20 if quick else TOWN)
    found: dict[str, Any] = {}
    # drawn between two steps only: a thread that draws would be measured too
    with Progress(console=Console(stderr=True), auto_refresh=False) as progress:
        with tempfile.TemporaryDirectory() as where:
            found["sqlite"] = _measure(f"sqlite:///{where}/desk.sqlite", Path(where), views, size, progress)
        if postgres_bin():
            with running(_MEMORY, _ON_DISK) as server, tempfile.TemporaryDirectory() as where:
                found["postgresql"] = _measure(f"{server}/postgres", Path(where), views, size, progress)
    machine = {"cores": os.cpu_count(), "load_at_start": round(load, 1), "load_at_end": round(os.getloadavg()[0], 1)}
    return {"machine": machine, "households": size.homes, "seconds": size.seconds, "databases": found}


def _measure(url: str, folder: Path, views: Sequence[Consumed], size: Size, progress: Progress) -> dict[str, Any]:
    task = progress.add_task("desk", total=3 + len(size.times))

    def step(title: str) -> None:
        progress.update(task, description=f"desk on {url.partition(':')[0]}: {title}", advance=1, refresh=True)

    step(f"{size.homes:,} households")
    engine, began = database.open_engine(url), time.perf_counter()
    fill(engine, views, size.homes)
    filled = time.perf_counter() - began
    looks = LookLog(folder / "looks.jsonl")
    try:
        with in_memory(engine):
            desk, found = _desk(engine, looks, size.people), dict[str, Any]()
            step("everybody looks at his list")
            asyncio.run(_work_before(desk))
            asyncio.run(_drive(desk.app, _plan(desk, 1, 2, random.Random(1))))  # connections are there
            for number in size.times:
                step(f"{number} times the busiest hour")
                found[str(number)] = _read_at(number, desk, url, views, size.seconds)
            step("done")
    finally:
        looks.close()
        engine.dispose()
    return {"filled_seconds": round(filled), "times": found}


async def _work_before(desk: Desk) -> None:
    """By the busiest hour everybody has looked at his list."""
    for worker in desk.workers:
        await _call(desk.app, _asked(0, "caseload", worker, desk, random.Random(0)))


def _read_at(times: int, desk: Desk, url: str, views: Sequence[Consumed], seconds: int) -> dict[str, Any]:
    plan = _plan(desk, times, seconds, random.Random(1 + times))
    with _writing(url, views) as written:
        cpu = time.process_time()
        waited = asyncio.run(_drive(desk.app, plan))
        cpu = time.process_time() - cpu
    rows = {kind: _row(waited[kind]) for kind in AN_HOUR}
    return {"cpu_share": round(cpu / seconds, 2), **written, "reads": rows}


def _desk(engine: Engine, looks: LookLog, people: int) -> Desk:
    """Everybody has a token and a session."""
    found = workers(engine, people)
    reading = Reading(engine, looks, kept_seconds=KEPT_SECONDS)
    site = Site(
        reading=reading,
        deciding=Deciding(reading, lambda _: None, "0599", 1, lambda _: None),
        tokens=Tokens({item.household_id: item.actor for item in found}),
        open_sealed=lambda sealed: _RING.open(sealed, ADDRESS_CONTEXT).decode(),
        person_key=lambda _: None,
        address_key=_RING.address_key,
        why_not_ready=lambda: None,
        render_metrics=lambda: b"",
        login=Login(limits=Limits.of(requests=10**9)),
    )
    sessions = {item.household_id: site.sessions.begin(item.actor) for item in found}
    app = create_app(site)
    pauses.collect_seldom()
    pauses.take_short_turns()
    return Desk(app, engine, found, sessions)


def _plan(desk: Desk, times: int, seconds: int, rng: random.Random) -> list[Asked]:
    """Who asks for what, and when: each kind at its own rate, so many times that of the busiest hour, at random
    moments; two at least, of which there are quantiles."""
    moments = [
        (rng.uniform(0, seconds), kind, rng.choice(desk.workers))
        for kind, an_hour in AN_HOUR.items()
        for _ in range(max(2, ceil(times * PEOPLE * an_hour / 3600 * seconds)))
    ]
    return [_asked(at, kind, worker, desk, rng) for at, kind, worker in sorted(moments)]


def _asked(at: float, kind: str, worker: Worker, desk: Desk, rng: random.Random) -> Asked:
    token = [(b"authorization", f"Bearer {worker.household_id}".encode()), (b"content-type", b"application/json")]
    session = [(b"cookie", f"{SESSION_COOKIE}={desk.sessions[worker.household_id]}".encode())]
    if kind == "household":
        return Asked(at, kind, "GET", f"/api/v1/huishoudens/{worker.household_id}", token)
    if kind == "household page":
        return Asked(at, kind, "GET", f"/huishoudens/{worker.household_id}", session)
    if kind == "caseload":
        return Asked(at, kind, "GET", "/huishoudens", session)
    street = {"postcode": f"{rng.randrange(3011, 3090)}AB", "house_number": rng.randrange(1, 100)}
    wanted = {"name": rng.choice(_NAMES)} if kind == "by name" else street
    return Asked(at, kind, "POST", "/api/v1/huishoudens/zoekopdrachten", token, orjson.dumps(wanted))


async def _drive(app: ASGIApp, plan: Sequence[Asked]) -> dict[str, list[float]]:
    """Seconds from when each request came until its answer was there."""
    began = time.perf_counter()
    waited: dict[str, list[float]] = {}

    async def ask(asked: Asked) -> None:
        status = await _call(app, asked)
        if status != 200:
            raise RuntimeError(f"{asked.kind}: {status}")
        waited.setdefault(asked.kind, []).append(time.perf_counter() - began - asked.at)

    under_way = []
    for item in plan:
        await _until(began + item.at)
        under_way.append(asyncio.create_task(ask(item)))
    await asyncio.gather(*under_way)
    return waited


async def _until(moment: float) -> None:
    """Wait for a moment of `time.perf_counter`. A sleep may be a millisecond too long, which is the sleep's, not what
    is measured."""
    await asyncio.sleep(max(0.0, moment - _SLEEP_SECONDS - time.perf_counter()))
    while time.perf_counter() < moment:
        await asyncio.sleep(0)


async def _call(app: ASGIApp, asked: Asked) -> int:
    answered: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": asked.method, "path": asked.path, "raw_path": asked.path.encode(), "query_string": b"",
        "headers": asked.headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return answered[0]


@contextmanager
def _writing(url: str, views: Sequence[Consumed]) -> Iterator[dict[str, float]]:
    """Views are applied meanwhile, by the projector in a process of its own; gives what it did, when it has ended."""
    apart = multiprocessing.get_context("spawn")
    stop, told, written = apart.Event(), apart.Queue(), dict[str, float]()
    writer = apart.Process(target=_write, args=(url, views, stop, told), daemon=True)
    writer.start()
    told.get()  # it writes
    try:
        yield written
    finally:
        stop.set()
        written |= told.get()
        writer.join()


def _write(url: str, views: Sequence[Consumed], stop: Event, told: Queue[dict[str, float]]) -> None:
    each, engine, turn = round(EVENTS_PER_SECOND * LIST_SECONDS), database.open_engine(url, follows=True), 0
    again = cycle(list(islice(changes(views, random.Random(3)), TURNS * len(views))))  # made before, not meanwhile
    apply_list(engine, list(islice(again, each)), [Offset(VIEWS, 0, 0)])  # what is made once is there
    pauses.collect_seldom()
    told.put({})
    cpu, began = time.process_time(), time.perf_counter()
    while not stop.is_set():
        apply_list(engine, list(islice(again, each)), [Offset(VIEWS, 0, turn)])
        turn += 1
        stop.wait(max(0.0, began + turn * LIST_SECONDS - time.perf_counter()))
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
    told.put({"events_per_second": round(turn * each / seconds), "projector_share": round(cpu / seconds, 2)})
    engine.dispose()


def _row(seconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=1000, method="inclusive")  # the other one guesses beyond the slowest that was seen
    found = {"p50": cuts[499], "p99": cuts[989], "p99.9": cuts[998], "longest": max(seconds)}
    return {"reads": len(seconds)} | {name: round(value * 1e3, 1) for name, value in found.items()}


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine = results["machine"]
    yield (
        f"{results['households']:,} households, {results['seconds']} s; {machine['cores']} cores, load"
        f" {machine['load_at_start']} at the start and {machine['load_at_end']} at the end, its own included"
    )
    for name, found in results["databases"].items():
        yield f"{name}: filled in {found['filled_seconds']} s"
        for times, at in found["times"].items():
            yield (
                f"  {times} times the busiest hour; {at['events_per_second']} events/s came in; the desk took"
                f" {at['cpu_share']:.2f} of a core, its projector {at['projector_share']:.2f}"
            )
            for kind, row in at["reads"].items():
                yield (
                    f"    {kind:<14} {row['reads']:>5} reads: p50 {row['p50']:>7.1f} ms, p99 {row['p99']:>7.1f},"
                    f" p99.9 {row['p99.9']:>7.1f}, longest {row['longest']:>7.1f}"
                )
