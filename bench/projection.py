"""What a view costs the desk: views into the read model, on SQLite and PostgreSQL, by the projector itself.

Into an empty read model; then as many again, each of a household of which another record is left out than before; in
lists, and one by one. CPU is that of the projector: of SQLite with the database in it, of PostgreSQL without.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine

from bench.desk_town import changes, published
from hub.desk import database
from hub.desk.projector import Consumed, Offset, apply_list
from hub.events.topics import VIEWS
from tests.machine import postgres_bin
from tests.postgres_server import running

_HOUSEHOLDS: Final = 500
_QUICK_HOUSEHOLDS: Final = 40
LIST_VIEWS: Final = 100
"""What the desk finds waiting when some hundred changes a second come in. One that is behind takes up to 500."""
_PASSES: Final = {"new": LIST_VIEWS, "changed": LIST_VIEWS, "one_by_one": 1}
"""By name, the views in a list."""


def run(quick: bool) -> dict[str, Any]:
    """Measure. `cpu_ms`: of one view."""
    load, views = os.getloadavg()[0], published(_QUICK_HOUSEHOLDS if quick else _HOUSEHOLDS)
    found = {}
    with Progress(console=Console(stderr=True)) as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("projection", total=len(_PASSES) * len(views) * (2 if postgres_bin() else 1))

        def advance(done: int) -> None:
            progress.advance(task, done)

        found["sqlite"] = measured(f"sqlite:///{folder}/desk.sqlite", views, advance)
        if postgres_bin():
            with running() as server:
                found["postgresql"] = measured(f"{server}/postgres", views, advance)
    size = sum(len(item.value) for item in views)
    machine = {"cores": os.cpu_count(), "load": round(load, 1)}
    return {"machine": machine, "views": len(views), "bytes_per_view": round(size / len(views)), "databases": found}


def measured(url: str, views: Sequence[Consumed], advance: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """All passes on one read model, which is empty at first."""
    engine = database.open_engine(url)
    try:
        again = changes(views, random.Random(1))
        written = {name: views if name == "new" else list(islice(again, len(views))) for name in _PASSES}
        return {name: _pass(engine, written[name], length, advance) for name, length in _PASSES.items()}
    finally:
        engine.dispose()


def _pass(engine: Engine, views: Sequence[Consumed], length: int, advance: Callable[[int], None]) -> dict[str, float]:
    cpu, began = time.process_time(), time.perf_counter()
    for start in range(0, len(views), length):
        part = views[start : start + length]
        apply_list(engine, part, [Offset(VIEWS, 0, start + len(part))])
        advance(len(part))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"views_per_second": round(len(views) / seconds), "cpu_ms": round(cpu / len(views) * 1e3, 2)}


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine = results["machine"]
    yield (
        f"projection of {results['views']:,} views of {results['bytes_per_view']:,} bytes, lists of {LIST_VIEWS};"
        f" {machine['cores']} cores, load {machine['load']} at the start"
    )
    for name, passes in results["databases"].items():
        said = ", ".join(
            f"{title.replace('_', ' ')} {row['cpu_ms']:.2f} ms of CPU a view ({row['views_per_second']:,}/s)"
            for title, row in passes.items()
        )
        yield f"  {name:<11} {said}"
