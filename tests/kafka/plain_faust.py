"""A plain Faust worker with a table, as its guide has it: `python -m tests.kafka.plain_faust BOOTSTRAP FOLDER TOPIC`.

Prints every number it sees. The control of the restart test: it loses messages, the lane does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import faust


def create_app(bootstrap: str, folder: Path, topic: str) -> faust.App:
    """Counts per key, in memory, with a changelog."""
    app = faust.App(
        f"plain-{topic}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=folder,
        autodiscover=False,
        web_enabled=False,
        topic_partitions=4,
        topic_replication_factor=1,
        topic_disable_leader=True,
        broker_commit_interval=0.5,
    )
    counts = app.Table("counts", default=int, partitions=4)
    source = app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw")

    async def count(stream: faust.StreamT[bytes]) -> None:
        async for key, value in stream.items():
            counts[key.decode()] += 1
            sys.stdout.write(f"COUNT {key.decode()} {counts[key.decode()]} SAW {value.decode()}\n")
            sys.stdout.flush()

    app.agent(source)(count)
    return app


if __name__ == "__main__":
    made = create_app(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    made.Worker(loglevel="WARN", override_logging=False).execute_from_commandline()
