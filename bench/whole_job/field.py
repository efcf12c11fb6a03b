"""The field: who does the job, how each is started, and what each promises."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.whole_job.job import Contestant
from hub.stream.lane.options import LaneOptions

_PROGRAMS: Final = "bench.whole_job.contestants"
QUIX_PYTHON: Final = Path(sys.prefix) / "quix" / "bin" / "python"
"""Quix Streams refuses the pydantic that the hub takes, so `make bench` gives it an environment of its own."""
_EVERYTHING: Final = "all of its state: it must begin again with the first message"
_REGIEHUB: Final = Contestant(
    "regiehub",
    ("-m", f"{_PROGRAMS}.regiehub"),
    recoverable="yes: RocksDB, changelog topics",
    order="outputs, changelog, store, offset: each acknowledged before the next",
    lost="nothing; what was not committed is done again, to the same end; a paused former owner is written over",
)
_AS_SHIPPED: Final = LaneOptions(bootstrap="", data_folder=Path()).max_list_records

FIELD: Final = (
    _REGIEHUB,
    _REGIEHUB._replace(name="regiehub_as_shipped", list_records=_AS_SHIPPED),
    Contestant(
        "naive_faust",
        ("-m", "faust", "-A", f"{_PROGRAMS}.naive_faust", "worker", "--loglevel", "warn", "--without-web"),
        recoverable="yes: changelog topics",
        order="none: outputs, changelog and offset are sent each in its own time",
        lost="seconds of outputs and changelog, past which the offset may be committed; some also at a restart",
    ),
    Contestant(
        "quix",
        ("-m", f"{_PROGRAMS}.quix"),
        recoverable="yes: RocksDB, changelog topics",
        order="outputs and changelog flushed, offset, store: once in 5 seconds",
        lost="nothing; what was not committed is done again; a paused former owner may write over it",
        python=QUIX_PYTHON,
    ),
    Contestant(
        "bytewax",
        ("-m", "bytewax.run", f"{_PROGRAMS}.bytewax"),
        recoverable="no: recovery store off; no hops over Kafka",
        order="none",
        lost=_EVERYTHING,
    ),
    Contestant("handwritten", ("-m", f"{_PROGRAMS}.handwritten"), recoverable="no", order="none", lost=_EVERYTHING),
    Contestant(
        "fused",
        ("-m", f"{_PROGRAMS}.fused"),
        recoverable="no; no hops, one process for ever",
        order="none",
        lost=_EVERYTHING,
    ),
)
"""`regiehub` first: the others are compared with it."""


def missing(contestant: Contestant) -> str | None:
    """Why it cannot run here; None if it can."""
    if not contestant.python.exists():
        return "its environment is not there: `make bench` makes it"
    if contestant.name == "bytewax" and find_spec("bytewax") is None:
        return "not installed: there is no wheel for this Python or machine"
    return None
