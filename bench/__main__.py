"""`python -m bench [NAME …]`: run benchmarks (all without a name), print tables, keep the results as JSON.

With QUICK=1 in the environment each takes less; then only `results/latest.json`, which says so, and the plot are
written.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from bench import desk, freshness, ingest, looks, matching, projection, scale, stages
from bench.latest import latest, load
from bench.whole_job import benchmark as whole_job
from bench.whole_job import plot

RESULTS: Final = Path(__file__).parent / "results"


class Benchmark(NamedTuple):
    """One benchmark: `run(quick)` measures and gives what is kept, `table` says it in lines of text."""

    run: Callable[[bool], dict[str, Any]]
    table: Callable[[dict[str, Any]], Iterator[str]]


BENCHMARKS: Final = {
    "desk": Benchmark(desk.run, desk.table),
    "freshness": Benchmark(freshness.run, freshness.table),
    "ingest": Benchmark(ingest.run, ingest.table),
    "looks": Benchmark(looks.run, looks.table),
    "matching": Benchmark(matching.run, matching.table),
    "projection": Benchmark(projection.run, projection.table),
    "scale": Benchmark(scale.run, scale.table),
    "stages": Benchmark(stages.run, stages.table),
    "whole_job": Benchmark(whole_job.run, whole_job.table),
}
"""All benchmarks by name. Another one is a module beside this file and a line here."""


def main(names: list[str]) -> int:
    """Run the named benchmarks; exit code 2 for a name that does not exist, 1 if somebody's views were not as in the
    reference."""
    if unknown := set(names) - BENCHMARKS.keys():
        print(f"bench: no {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    quick = os.environ.get("QUICK", "") not in {"", "0"}
    load_before = load()
    found: dict[str, Any] = {}
    for name in names or BENCHMARKS:
        started = time.monotonic()
        found[name] = BENCHMARKS[name].run(quick)
        print(*BENCHMARKS[name].table(found[name]), f"  ({name} took {time.monotonic() - started:.0f} s)", sep="\n")
        if not quick:
            _write(f"{name}.json", found[name])
        _write("latest.json", latest(found, quick=quick, load_before=load_before))
    if "whole_job" not in found:
        return 0
    (RESULTS / "latest.svg").write_text(plot.svg(found["whole_job"]), encoding="utf-8")
    return 1 if whole_job.unequal(found["whole_job"]) else 0


def _write(name: str, results: dict[str, Any]) -> None:
    text = orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (RESULTS / name).write_bytes(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
