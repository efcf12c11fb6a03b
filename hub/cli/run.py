"""`regiehub run …`: one process of the production set-up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from hub.desk.server import Keys
    from hub.events.decisions import DecisionMessage
    from hub.settings import Settings

app = typer.Typer(help="Run one process of the production set-up, until SIGTERM.", no_args_is_help=True)
_OWNER_ONLY: Final = 0o077
"""What is kept on disk tells who is helped, by key and by dossier number: nobody else on the machine reads it."""

_DECISION_SECONDS: Final = 10.0
"""How long somebody waits for his decision to be acknowledged; a leader election takes some seconds."""


@app.callback()
def _keep_files_private() -> None:
    os.umask(_OWNER_ONLY)


@app.command()
def connector(name: Annotated[str, typer.Argument(help="Name of the source in the connectors file.")]) -> None:
    """Read a source and publish what it holds."""
    from hub.connect.ingest.runner import run
    from hub.settings import load_settings

    raise typer.Exit(run(load_settings(), name))


@app.command()
def stream() -> None:
    """Work out who is one household, and what is known of it."""
    from hub.ops.http import OpsServer
    from hub.ops.logging import configure
    from hub.ops.stages import StageMetrics
    from hub.settings import load_settings
    from hub.stream.app import run

    settings = load_settings()
    configure("stream")
    observer = StageMetrics()
    port, host = settings.metrics_port, settings.metrics_host
    server = OpsServer(port, observer.is_ready, host) if port else None
    try:
        raise typer.Exit(run(settings, observer))
    finally:
        if server is not None:
            server.stop()


@app.command()
def desk() -> None:
    """Keep the read model, and answer the API and the pages."""
    from hub.connect.ingest.asking import Asking
    from hub.connect.ingest.kafka_publisher import KafkaPublisher
    from hub.connect.ingest.publisher import Message
    from hub.desk.server import run
    from hub.settings import load_settings

    settings = load_settings()
    publisher = KafkaPublisher(settings.broker, client_id="regiehub-desk", delivery_seconds=_DECISION_SECONDS)

    def publish(decision: DecisionMessage) -> None:
        publisher.publish([Message(decision.topic, decision.key, decision.value)])

    try:
        raise typer.Exit(run(settings, _desk_keys(settings), publish, Asking(settings, publisher.publish)))
    finally:
        publisher.close()


def _desk_keys(settings: Settings) -> Keys:
    """What the desk may do with the keys: open an address, and find persons and addresses."""
    from hub.connect.ingest.keys import ADDRESS_CONTEXT, SealBrokenError, valid_bsn
    from hub.connect.ingest.secrets import load_key_ring
    from hub.desk.server import Keys

    ring = load_key_ring(settings.secrets_file, settings.key_generation)

    def open_sealed(sealed: bytes) -> str | None:
        try:
            return ring.open(sealed, ADDRESS_CONTEXT).decode()
        except SealBrokenError:
            return None

    def person_key(bsn: str) -> str | None:
        valid = valid_bsn(bsn.strip())
        return None if valid is None else ring.person(valid)

    return Keys(open_sealed, person_key, ring.address_key, ring.fingerprint)
