"""One program per contestant, each in its engine's own idiom. They know the topics and the household rules, not each
other, and not what the benchmark expects of them. Told by the environment, as `told` reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Told(NamedTuple):
    """What a contestant is told: the broker, a folder of its own, and the longest list of records that it may take
    together, if it works in lists."""

    broker: str
    folder: Path
    list_records: int

    @property
    def group(self) -> str:
        """Name of its consumer group: another one each time, for whoever was killed is still waited for in the last."""
        return self.folder.name

    def environment(self) -> dict[str, str]:
        """For the process that is to be told."""
        return {
            "BENCH_BROKER": self.broker,
            "BENCH_FOLDER": str(self.folder),
            "BENCH_LIST_RECORDS": str(self.list_records),
        }


def told(environment: Mapping[str, str] = os.environ) -> Told:
    """What this process was told."""
    return Told(environment["BENCH_BROKER"], Path(environment["BENCH_FOLDER"]), int(environment["BENCH_LIST_RECORDS"]))
