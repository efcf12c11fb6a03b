"""`python -m bench [NAME …]`: run benchmarks (all without a name), print tables, keep the results as JSON.

With QUICK=1 in the environment each takes less, and its results are kept nowhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from bench import looks, matching

RESULTS: Final = Path(__file__).parent / "results"


class Benchmark(NamedTuple):
    """One benchmark: `run(quick)` measures and gives what is kept, `table` says it in lines of text."""

    run: Callable[[bool], dict[str, Any]]
    table: Callable[[dict[str, Any]], Iterator[str]]


BENCHMARKS: Final = {
    "looks": Benchmark(looks.run, looks.table),
    "matching": Benchmark(matching.run, matching.table),
}
"""All benchmarks by name. Another one is a module beside this file and a line here."""


def main(names: list[str]) -> int:
    """Run the named benchmarks; exit code 2 for a name that does not exist."""
    if unknown := set(names) - BENCHMARKS.keys():
        print(f"bench: no {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    quick = os.environ.get("QUICK", "") not in {"", "0"}
    for name in names or BENCHMARKS:
        results = BENCHMARKS[name].run(quick)
        print(*BENCHMARKS[name].table(results), sep="\n")
        if not quick:
            text = orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            (RESULTS / f"{name}.json").write_bytes(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
