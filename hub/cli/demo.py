"""`regiehub demo`: everything up on a throw-away broker with a synthetic town that lives on; or one pass that proves
itself."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.interrupts import hear_ctrl_c
from hub.cli.progress import progress
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.demo.brokers import Broker
    from hub.demo.stack import ExternalBroker, Stack

DEFAULT_SEED = 1
_LIVE_SECONDS = 1.0
_RECONCILE_HOURS = "0.25"
"""A demo is looked at for minutes, not for nights."""
_EMBEDDED_BEST_BELOW = 300


def demo(
    port: Annotated[int, typer.Option(help="Port of the desk, on loopback.", min=1, max=65535)] = 8080,
    households: Annotated[int, typer.Option(help="Size of the synthetic town.", min=1, max=100_000)] = 300,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal towns.")] = DEFAULT_SEED,
    broker: Annotated[
        str, typer.Option(help="embedded, kafka (a real Apache Kafka; needs Java 17 and Maven), or HOST:PORT.")
    ] = "embedded",
    once: Annotated[bool, typer.Option("--once", help="One pass, compared with the reference; then stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
    given: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="With --once: DIR/zcd.jsonl, DIR/menscentraal.jsonl and DIR/istandaarden/*.xml instead of a town.",
        ),
    ] = None,
    dump: Annotated[Path | None, typer.Option(help="With --once: write one JSON line per household.")] = None,
) -> None:
    """Run the hub on this machine with two simulated registrations; Ctrl-C stops everything."""
    is_interrupted = hear_ctrl_c()
    logging.getLogger("kafka").addHandler(logging.NullHandler())  # our one line says it
    _refuse_nonsense(once, as_json, given, dump)
    if broker == "embedded" and not given and households > _EMBEDDED_BEST_BELOW:
        _advise_kafka()
    try:
        with _stack(broker, port, {} if once else {"RECONCILE_HOURS": _RECONCILE_HOURS}, is_interrupted) as stack:
            code = _once(stack, households, seed, given, dump, as_json) if once else _live(stack, households, seed)
    except KeyboardInterrupt:
        print("\nregiehub: everything is stopped.", file=sys.stderr)
        code = 130 if once else 0
    raise typer.Exit(code)


def _refuse_nonsense(once: bool, as_json: bool, given: Path | None, dump: Path | None) -> None:
    if not once and (as_json or given or dump):
        raise ConfigError("--once", problem="is needed with --json, --from and --dump")
    if given and not any((given / f"{name}.jsonl").is_file() for name in ("zcd", "menscentraal")):
        tried = [str(given / "zcd.jsonl"), str(given / "menscentraal.jsonl")]
        raise ConfigError("--from", tried, problem="holds no source's records")
    if dump and (dump.is_dir() or not os.access(dump if dump.exists() else dump.parent, os.W_OK)):
        raise ConfigError("--dump", [str(dump)], problem="names a file that can't be written")


def _advise_kafka() -> None:
    print(
        f"regiehub: the embedded broker is best below about {_EMBEDDED_BEST_BELOW} households;"
        " use --broker kafka beyond.",
        file=sys.stderr,
    )


@contextmanager
def _stack(broker: str, port: int, settings: Mapping[str, str], is_interrupted: Callable[[], bool]) -> Iterator[Stack]:
    """Everything up. Raises ConfigError when the broker can't start."""
    from hub.demo.brokers import BrokerUnavailable
    from hub.demo.stack import Stack

    try:
        with Stack(_broker(broker), port=port, settings=settings, is_interrupted=is_interrupted) as stack:
            yield stack
    except BrokerUnavailable as error:
        raise ConfigError("--broker", problem=f"does not work: {error.user_message}") from error


def _broker(name: str) -> Broker | ExternalBroker:
    from hub.demo.brokers.embedded import EmbeddedBroker
    from hub.demo.brokers.kafka import KafkaBroker
    from hub.demo.stack import ExternalBroker

    if name == "embedded":
        return EmbeddedBroker()
    if name == "kafka":
        return KafkaBroker()
    host, _, number = name.rpartition(":")
    if not host or not number.isdecimal():
        raise ConfigError("--broker", problem="is not embedded, kafka or HOST:PORT")
    return ExternalBroker(name, unused=True)


def _once(stack: Stack, households: int, seed: int, given: Path | None, dump: Path | None, as_json: bool) -> int:
    from hub.demo import once

    with progress() as tell:
        report = once.run_once(stack, households=households, seed=seed, given=given, tell=tell)
    if dump:
        once.dump(report.documents, dump)
    if as_json:
        print(json.dumps(report.summary))
    else:
        for key, value in report.summary.items():
            print(f"{key:24} {value}")
    for mismatch in report.mismatches[:20]:
        print(f"differs: {mismatch.household_id} in {', '.join(mismatch.fields)}", file=sys.stderr)
    return 0 if report.right else 1


def _live(stack: Stack, households: int, seed: int) -> int:
    from hub.demo import once
    from hub.demo.delivery import Deliverer
    from hub.demo.lag import Gauge
    from hub.demo.town.correspondence import Correspondence

    town = once.new_town(households, seed)
    letters = Correspondence()
    changes = list(letters.with_messages(town.fill()))
    deliverer = Deliverer(stack.simulators)
    gauge = Gauge(stack)

    def filled(done: int) -> None:
        stack.check()
        tell("bronnen vullen", done, len(changes))

    try:
        with progress() as tell:
            deliverer.deliver_all(changes, filled)
            gauge.await_zero(lambda lag: tell("verwerken", max(0, len(changes) - lag.total), len(changes)))
    finally:
        gauge.close()
    _print_addresses(stack)
    pause = threading.Event()  # never set: a signal ends the wait
    for change in letters.with_messages(town.live()):
        deliverer.deliver(change)
        stack.check()
        pause.wait(_LIVE_SECONDS)
    return 0


def _print_addresses(stack: Stack) -> None:
    from hub.demo.users import USERS

    print(f"\n  Regiehub is up: {stack.url}   (press Inloggen, and choose who to be; or:)\n")
    print("  Log in with a token:")
    for user, who in USERS.items():
        does = f"({' '.join(filter(None, (who.role.replace('_', ' '), who.unit)))})"
        print(f"    {user:22} {does:24} {stack.tokens[user]}  {', '.join(who.teams)}")
    print()
    print(f"  API          {stack.url}/api/v1/huishoudens   (Authorization: Bearer TOKEN)")
    print(f"  Description  {stack.url}/api/v1/openapi.json")
    print(f"  Provider     {stack.identity_url}/.well-known/openid-configuration")
    for name, port in stack.metrics_ports.items():
        print(f"  Metrics      http://127.0.0.1:{port}/metrics   {name}")
    print(f"  Broker       {stack.broker.bootstrap}\n\n  The town lives on. Ctrl-C stops everything.", flush=True)
