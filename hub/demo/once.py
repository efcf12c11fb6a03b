"""One pass: fill the sources, live for a moment, let everything come to rest, compare the read model with the
reference."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import httpx

from hub.demo import decisions
from hub.demo.delivery import Deliverer
from hub.demo.errors import DemoError
from hub.demo.freshness import measure, percentile, places
from hub.demo.lag import Gauge, Lag, published_events
from hub.demo.observed import observed
from hub.demo.oracle import Mismatch, compare
from hub.demo.reference import Answer
from hub.demo.stack import SOURCES, Stack
from hub.demo.town.correspondence import Correspondence
from hub.demo.town.town import Town
from hub.demo.users import DIRECTOR, OPERATOR
from hub.desk import database, readmodel

LIVE_CHANGES: Final = 100
LIVE_PER_SECOND: Final = 20.0
_PAGE: Final = 100
Json = dict[str, Any]


class Report(NamedTuple):
    """What a pass came to: the JSON that is printed, the households of the read model, and what differed."""

    summary: Json
    documents: list[Json]
    mismatches: list[Mismatch]

    @property
    def right(self) -> bool:
        """Whether the read model equals the reference, dead letters included."""
        return not self.mismatches and self.summary["dead_letters"] == self.summary["expected_dead_letters"]


Tell = Callable[[str, int, int], None]
"""Whom to tell: (what is going on, how far, of how many)."""


def run_once(stack: Stack, *, households: int, seed: int, given: Path | None, tell: Tell) -> Report:
    """The pass. Blocks. Raises DemoError when a process dies or nothing moves."""
    began = time.monotonic()
    gauge = Gauge(stack)
    try:
        held_back = fill(stack, households, seed, given, tell)
        gauge.await_zero(lambda lag: tell("verwerken", *_done(lag, stack)))
        decided = [] if given is not None else _decide(stack, gauge, tell)
        fresh = _live(stack, tell)
        gauge.await_zero()
        documents = read_all(stack)
        seconds = time.monotonic() - began
        reference, unreadable = reference_of(stack, decided)
        found = compare(documents, reference)
        exercised = {**observed(stack, reference), "bad": unreadable}
        exercised |= {} if given is not None else {"decisions": len(decided)}
        exercised["late"] += held_back
        summary = {
            "events": published_events(gauge),
            "persons": reference.summary["persons"],
            "dossiers": reference.summary["dossiers"],
            "households": len(documents),
            "mismatches": len(found),
            "dead_letters": dead_letters(stack),
            "expected_dead_letters": unreadable,
            "seconds": round(seconds, 1),
            "freshness_seconds": fresh,
            "exercised": exercised,
            "seed": seed,
        }
        return Report(summary, documents, found)
    finally:
        gauge.close()


def fill(stack: Stack, households: int, seed: int, given: Path | None, tell: Tell) -> int:
    """Fill the sources from a folder of files, or with a town; how many changes became visible late."""
    if given is not None:
        for source in SOURCES:
            for path in (given / f"{source}.jsonl", given / source):
                if path.exists():
                    stack.simulators[source].load(path)
        return 0
    changes = list(Correspondence().with_messages(new_town(households, seed).fill()))
    deliverer = Deliverer(stack.simulators)
    deliverer.deliver_all(changes, lambda done: tell("vullen", done, len(changes)))
    return deliverer.late


def new_town(households: int, seed: int) -> Town:
    """A town whose year of history ends about now."""
    return Town(households, seed, start=datetime.now(UTC) - timedelta(days=366))


def _done(lag: Lag, stack: Stack) -> tuple[int, int]:
    total = sum(len(stack.simulators[name].all_changes()) for name in SOURCES)
    return max(0, total - lag.sources - lag.stream - lag.desk), total


def _decide(stack: Stack, gauge: Gauge, tell: Tell) -> list[decisions.Made]:
    """Let a director decide on some of what the town does not know of itself. Your own data are left as they are."""
    tell("besluiten", 0, 2)
    with httpx.Client(base_url=stack.url, headers=_director(stack), trust_env=False, timeout=30.0) as client:
        made = decisions.make(client, read_as_director(stack))
        gauge.await_zero()
        tell("besluiten", 1, 2)
        made += decisions.take_back(client, made)
        gauge.await_zero()  # what comes next reads households that stay where they are
    tell("besluiten", 2, 2)
    return made


def _director(stack: Stack) -> dict[str, str]:
    return {"authorization": f"Bearer {stack.tokens[DIRECTOR]}"}


def _live(stack: Stack, tell: Tell) -> dict[str, float | None]:
    """Freshness, with how it was measured; null when no household has an open dossier to write to."""
    stated: dict[str, float | None] = {"changes": LIVE_CHANGES, "per_second": LIVE_PER_SECOND}
    targets = places(read_as_director(stack))
    if not targets:
        return {"p50": None, "p99": None, **stated}
    tell("live", 0, LIVE_CHANGES)
    seconds = measure(
        Deliverer(stack.simulators),
        stack.url,
        stack.tokens[DIRECTOR],
        targets,
        changes=LIVE_CHANGES,
        per_second=LIVE_PER_SECOND,
        recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    tell("live", LIVE_CHANGES, LIVE_CHANGES)
    return {"p50": round(percentile(seconds, 0.5), 3), "p99": round(percentile(seconds, 0.99), 3), **stated}


def read_all(stack: Stack) -> list[Json]:
    """Every household as the read model holds it, whoever may see it: no user may see them all."""
    engine = database.open_engine(stack.read_model)
    try:
        with engine.connect() as connection:
            return cast(list[Json], list(readmodel.every(connection)))
    finally:
        engine.dispose()


def read_as_director(stack: Stack) -> list[Json]:
    """The households of a director as the API answers them, by the list and then one by one."""
    with httpx.Client(base_url=stack.url, headers=_director(stack), trust_env=False, timeout=30.0) as client:
        ids = list(_ids(client))
        return [_ok(client.get(f"/api/v1/huishoudens/{household_id}")) for household_id in ids]


def _ids(client: httpx.Client) -> Iterable[str]:
    page = 1
    while True:
        answer = _ok(client.get("/api/v1/huishoudens", params={"pagina": page, "paginaGrootte": _PAGE}))
        rows = answer["households"]
        yield from (row["household_id"] for row in rows)
        if len(rows) < _PAGE:
            return
        page += 1


def _ok(answer: httpx.Response) -> Json:
    if not answer.is_success:
        raise DemoError(f"the desk answered {answer.status_code} to {answer.request.url.path}")
    body: Json = answer.json()
    return body


def dead_letters(stack: Stack) -> int:
    """How many unreadable records the desk counts, over all sources."""
    headers = {"authorization": f"Bearer {stack.tokens[OPERATOR]}"}
    with httpx.Client(base_url=stack.url, headers=headers, trust_env=False, timeout=30.0) as client:
        return sum(source["dead_letters"] for source in _ok(client.get("/api/v1/bronnen"))["sources"])


def reference_of(stack: Stack, decided: Iterable[decisions.Made] = ()) -> tuple[Answer, int]:
    """The reference's households, from the sources' final records and what was decided alone, and its own count of
    unreadable records."""
    final = {name: [json.dumps(record) for record in stack.simulators[name].final_records()] for name in SOURCES}
    every = {name: [line for _, line in stack.simulators[name].all_changes()] for name in SOURCES}
    unreadable = _answer(stack.folder / "all", every).summary["dead_letters"]
    final["decisions"] = [json.dumps(item.for_reference()) for item in decided]
    return _answer(stack.folder / "final", final), sum(unreadable.values())


def _answer(folder: Path, lines: dict[str, list[str]]) -> Answer:
    """Run the reference as the program of its own that it is."""
    folder.mkdir(exist_ok=True)
    options: list[str] = []
    for source, content in lines.items():
        file = folder / f"{source}.jsonl"
        text = "".join(line.replace("\n", " ") + "\n" for line in content)
        file.write_text(text, encoding="utf-8", newline="\n")
        options += [f"--{source}", str(file)]
    command = [sys.executable, "-X", "utf8", "-m", "hub.demo.reference", *options]
    done = subprocess.run(command, capture_output=True, check=True)
    *households, last = [json.loads(line) for line in done.stdout.splitlines()]
    return Answer(tuple(households), last["summary"])


def dump(documents: Sequence[Json], path: Path) -> None:
    """One JSON line per household: who and what is in it, without names."""
    with path.open("w", encoding="utf-8") as file:
        for document in documents:
            line = {
                "household_id": document["household_id"],
                "members": [
                    {"person_key": member["person_key"], "source_refs": member["source_refs"]}
                    for member in document["members"]
                ],
                "dossiers": [
                    {"source": dossier["source"], "dossier_id": dossier["dossier_id"]}
                    for dossier in document["dossiers"]
                ],
                "conflicts": document["conflicts"],
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
