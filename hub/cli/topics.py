"""`regiehub topics …`: the topics of the contract."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(help="The topics, as schemas/topics specifies them.", no_args_is_help=True)


@app.command("list")
def list_topics(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """Each topic with its key, partitions, clean-up, and whether it holds personal data."""
    from hub.events.topics import topics

    specs = list(topics().values())
    if as_json:
        print(json.dumps([spec.model_dump() for spec in specs]))
        return
    for spec in specs:
        print(
            f"{spec.topic:<32} key {spec.key:<13} {spec.partitions:>2} partitions  {spec.cleanup:<8}"
            f" personal: {spec.personal:<9} {spec.why}"
        )


@app.command("apply")
def apply_topics(
    broker: Annotated[str, typer.Option(envvar="REGIEHUB_BROKER", help="Kafka, host:port.")] = "127.0.0.1:9092",
    replication: Annotated[int, typer.Option(min=1, help="Copies of each new topic; 3 in production.")] = 1,
) -> None:
    """Create on the broker what is missing, and refuse what differs from its specification."""
    from hub.stream.provision import ensure_topics

    print(f"{len(ensure_topics(broker, replication))} topics are as specified")
