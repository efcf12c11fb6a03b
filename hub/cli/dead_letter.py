"""`regiehub dead-letter …`: records that could not be read: look, replay, discard. Read from the log itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from hub.cli.source import AsJson, By

if TYPE_CHECKING:
    from hub.ops.letters import Letter, Wanted
    from hub.settings import Settings

app = typer.Typer(help="Records that could not be read.", no_args_is_help=True)

SourceName = Annotated[str, typer.Argument(help="The source.")]
Position = Annotated[str, typer.Argument(help="Its position, as `list` shows it.")]
OfSource = Annotated[str | None, typer.Option("--source", help="Of one source.")]
OfReason = Annotated[str | None, typer.Option("--reason", help="With one reason, as `list` shows it.")]
Since = Annotated[datetime | None, typer.Option("--since", help="Failed at or after, UTC.")]
Positions = Annotated[list[str] | None, typer.Option("--position", help="At this position; may be given again.")]
Everything = Annotated[bool, typer.Option("--all", help="All that are open.")]
_STAGES: Final = "hub"


@app.callback()
def _noun() -> None:
    """Records that could not be read."""


@app.command("list")
def list_letters(
    source: OfSource = None,
    reason: OfReason = None,
    since: Since = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also those that were replayed or discarded.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Where, why and when; never what stands in them."""
    from hub.ops.letters import Wanted
    from hub.settings import load_settings

    found = _find(load_settings(), Wanted(source, reason, _utc(since), all_states=settled))
    if as_json:
        print(json.dumps([_plain(letter) for letter in found[-limit:]]))
        return
    for letter in found[-limit:]:
        print(
            f"{letter.failed_at:%Y-%m-%d %H:%M}  {letter.source:<14} {letter.position:<12} {letter.reason:<16}"
            f" {letter.field or '-':<30} {letter.state}{f' by {letter.by}' if letter.by else ''}"
        )
    print(f"{len(found)} in all{f'; the newest {limit} are shown' if len(found) > limit else ''}")


@app.command("show")
def show_letter(
    source: SourceName,
    position: Position,
    content: Annotated[
        bool, typer.Option("--content", help="Also the record itself: personal data. Asks for --why.")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="With --content: the reason; logged with who asked.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """One of them; without --content nothing of the record."""
    from hub.ops.letters import Wanted
    from hub.settings import load_settings

    settings = load_settings()
    if content and not why.strip():
        _fail("--content shows personal data: give the reason with --why")
    found = _find(settings, Wanted(source, positions=frozenset([position]), all_states=True))
    if not found:
        _fail(f"no dead letter of {source} at {position}")
    shown = _plain(found[0])
    if content:
        shown["content"] = _opened(settings, found[0], by, why)
    if as_json:
        print(json.dumps(shown))
        return
    for name, value in shown.items():
        print(f"{name:<18} {'' if value is None else value}")


@app.command("replay")
def replay(
    source: OfSource = None,
    reason: OfReason = None,
    since: Since = None,
    position: Positions = None,
    everything: Everything = False,
    stop: Annotated[bool, typer.Option("--stop", help="Drop what was asked for and is not done.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Translate the kept records again, after the mapping was corrected, and publish what can be read now.

    The source's connector does it, some after each poll. Asking twice does no harm; what a later version has overtaken
    stays overtaken; what is unreadable again is open again.
    """
    from hub.ops.letters import Wanted
    from hub.settings import load_settings

    settings = load_settings()
    wanted = Wanted(source, reason, _utc(since), frozenset(position) if position else None)
    if stop:
        counts = _stop(settings, source)
    else:
        _refuse_unchosen(wanted, everything)
        counts = _ask_replay(settings, _find(settings, wanted), by)
    if as_json:
        print(json.dumps(counts))
        return
    for name, (number, when) in counts.items():
        print(f"{name}: {number} {'dropped' if stop else 'asked for'}; {when}")
    if not counts:
        print("nothing to do")


@app.command("discard")
def discard(
    why: Annotated[str, typer.Option("--why", help="The reason, 1 to 500 signs; stays for ever. No personal data.")],
    source: OfSource = None,
    reason: OfReason = None,
    since: Since = None,
    position: Positions = None,
    everything: Everything = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that these need not be read. They stay in the log, with who decided it and why."""
    from hub.ops.letters import Wanted
    from hub.settings import load_settings

    if not 1 <= len(why.strip()) <= 500:
        _fail("--why must say why, in 1 to 500 signs")
    wanted = Wanted(source, reason, _utc(since), frozenset(position) if position else None)
    _refuse_unchosen(wanted, everything)
    settings = load_settings()
    found = _find(settings, wanted)
    _publish_discarded(settings, found, by, why.strip())
    print(json.dumps({"discarded": len(found)}) if as_json else f"{len(found)} discarded")


def _find(settings: Settings, wanted: Wanted) -> list[Letter]:
    from hub.events.topics import DEAD_LETTERS
    from hub.ops.broker import Broker
    from hub.ops.letters import fold

    with Broker(settings.broker) as broker:
        return [letter for letter in fold(broker.messages(DEAD_LETTERS)) if wanted.wants(letter)]


def _ask_replay(settings: Settings, letters: list[Letter], by: str) -> dict[str, tuple[int, str]]:
    """Hand each to its source's ingest. Raises ConfigError for a source that is not in the connectors file."""
    from hub.cli import source as told
    from hub.connect.ingest import control as orders

    by_source: dict[str, list[orders.Letter]] = {}
    for item in letters:
        if item.source != _STAGES:  # what a stage could not read holds no record: the release must be mended
            kept = orders.Letter(item.position, item.attempt, item.source_epoch, item.sealed, told.who(by))
            by_source.setdefault(item.source, []).append(kept)
    counts: dict[str, tuple[int, str]] = {}
    for name, kept_letters in sorted(by_source.items()):
        source = told.load_instance(settings, name)
        with told.control_of(settings, source) as control:
            control.ask_replay(kept_letters)
        counts[name] = (len(kept_letters), told.when(settings, source))
    return counts


def _stop(settings: Settings, name: str | None) -> dict[str, tuple[int, str]]:
    from hub.cli import source as told
    from hub.connect.ingest.connectors_file import source_names
    from hub.connect.ingest.control import Errand

    counts: dict[str, tuple[int, str]] = {}
    for source in (told.load(settings, one) for one in source_names(settings.connectors_file)):
        if name in (None, source.instance):
            with told.control_of(settings, source) as control:
                counts[source.instance] = (control.stop(Errand.REPLAY), "what was done stays done")
    return counts


def _publish_discarded(settings: Settings, letters: list[Letter], by: str, why: str) -> None:
    from hub.cli import source as told
    from hub.connect.ingest.events import LetterState, Settled, letter_state_message
    from hub.connect.ingest.kafka_publisher import KafkaPublisher

    asked = told.who(by)
    messages = [
        letter_state_message(
            Settled(item.position, item.attempt, LetterState.DISCARDED, asked, why, told.now()), item.source
        )
        for item in letters
    ]
    publisher = KafkaPublisher(settings.broker, client_id="regiehub-dead-letter")
    try:
        publisher.publish(messages)
    finally:
        publisher.close()


def _opened(settings: Settings, letter: Letter, by: str, why: str) -> str:
    """The record as it was read; that it was looked at is logged first."""
    from hub.cli import source as told
    from hub.connect.ingest.keys import DEAD_LETTER_CONTEXT, SealBrokenError
    from hub.connect.ingest.secrets import load_key_ring
    from hub.ops.logging import configure, get_logger

    ring = load_key_ring(settings.secrets_file, settings.key_generation)
    configure("dead-letter")
    get_logger().warning(
        "dead_letter_content_shown", source=letter.source, position=letter.position, by=told.who(by), why=why
    )
    try:
        return ring.open(letter.sealed, DEAD_LETTER_CONTEXT).decode(errors="replace")
    except SealBrokenError:
        _fail("it was sealed with another key")


def _refuse_unchosen(wanted: Wanted, everything: bool) -> None:
    if not everything and wanted == type(wanted)():
        _fail("say which: --source, --reason, --since, --position, or --all")


def _plain(letter: Letter) -> dict[str, Any]:
    plain = letter._asdict() | {"failed_at": letter.failed_at.isoformat(), "sealed_bytes": len(letter.sealed)}
    plain["at"] = letter.at.isoformat() if letter.at else None
    del plain["sealed"]
    return plain


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None


def _fail(text: str) -> NoReturn:
    import sys

    print(f"regiehub: {text}", file=sys.stderr)
    raise typer.Exit(2)
