"""Prints one JSON line per household and, last, {"summary": …}."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from hub.demo.reference.report import answer


def main() -> None:
    """Read the files (each may be left out) and write the answer to standard output."""
    parser = argparse.ArgumentParser(prog="python -m hub.demo.reference", description=__doc__)
    parser.add_argument("--zcd", type=Path, help="changes of ZCD, one JSON object a line")
    parser.add_argument("--menscentraal", type=Path, help="outbox rows of MensCentraal, one JSON object a line")
    parser.add_argument("--decisions", type=Path, help="what humans decided, one JSON object a line")
    parser.add_argument("--istandaarden", type=Path, help="national messages, one a line")
    arguments = parser.parse_args()
    files = (arguments.zcd, arguments.menscentraal, arguments.decisions, arguments.istandaarden)
    result = answer(*map(read, files))
    for item in (*result.households, {"summary": result.summary}):
        sys.stdout.write(json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n")


def read(path: Path | None) -> list[bytes]:
    """Lines as bytes: text that is not UTF-8 is an unreadable record, not a failure."""
    return [] if path is None else path.read_bytes().split(b"\n")


if __name__ == "__main__":
    main()
