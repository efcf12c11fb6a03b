"""The stream worker: a Faust app with the lane in it, and the process around it.

Nothing is at module level: two apps live in one process, each on its own event loop or on the same one.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import faust
import structlog
from faust.app.base import BootStrategy

from hub.errors import ConfigError
from hub.events.codec import UnknownSchemaError
from hub.events.topics import VIEWS
from hub.ops import metrics
from hub.settings import Settings
from hub.stream.deadline import Deadline
from hub.stream.lane.core import Lane
from hub.stream.lane.driver import Transport
from hub.stream.lane.options import LaneObserver, LaneOptions
from hub.stream.provision import topic_ids
from hub.stream.stage import Stage

_log: Final = structlog.get_logger("regiehub.stream")


class LaneBoot(BootStrategy):
    """The parts of Faust that run: the consumer, the conductor (subscription) and the table manager (start-up)."""

    enable_kafka_producer = False
    enable_web = False
    enable_sensors = False


class StreamApp(faust.App):
    """A Faust app whose records go to a lane."""

    BootStrategy = LaneBoot
    lane: Lane

    def loops(self) -> list[asyncio.AbstractEventLoop]:
        """On which it runs: its own, and that of its consumer's thread once it has one."""
        thread = getattr(self._consumer, "_thread", None)
        return [self.loop, *([thread.thread_loop] if thread is not None else [])]

    def _create_directories(self) -> None:
        """None: Faust has nothing to keep here, the lane has folders of its own."""


def create_app(
    stages: Sequence[Stage],
    options: LaneOptions,
    *,
    stream_id: str,
    observer: LaneObserver | None = None,
    instance_id: str | None = None,
) -> StreamApp:
    """An app that is not started yet. One `stream_id` means one fixed set of stages: they share an assignment.

    `instance_id` makes the member static: a restart within the session timeout then moves no partition. Topics must
    exist. Raises ConfigError when the lane's transport is not installed."""
    session = options.session_timeout_seconds
    app = StreamApp(
        stream_id,
        broker=f"lane://{options.bootstrap}",
        autodiscover=False,
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 6,
        broker_request_timeout=max(40.0, session * 2),
        broker_rebalance_timeout=max(session, 10.0) + options.revoke_grace_seconds,
        broker_commit_interval=options.commit_interval_seconds,
        consumer_group_instance_id=instance_id,
        stream_wait_empty=False,
    )
    app.lane = Lane(stages, options, observer)
    if type(app.transport) is not Transport:
        raise ConfigError("broker", problem=f"gives Faust's {type(app.transport)}: the lane is not installed")
    for topic in sorted(app.lane.topics):
        app.topics.add(app.topic(topic, key_type=bytes, value_type=bytes))
    return app


async def serve(app: StreamApp, stop: asyncio.Event, stopping: Callable[[int], None] = lambda code: None) -> int:
    """Run until `stop` is set (0), or until the lane or Faust fails (1). The app is stopped when it returns.

    `stopping` is called with that code before the app is stopped, whatever comes of the stop."""
    endings = [stop.wait(), app.lane.failed.wait(), _start_and_wait(app)]
    tasks = [asyncio.ensure_future(ending) for ending in endings]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = 0 if stop.is_set() else 1
        if code and app.lane.failure is None:
            _log.critical("faust_failed", error=repr(_reason(app, tasks[2])))
        stopping(code)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await app.stop()
    return code


def run(settings: Settings, observer: LaneObserver | None = None) -> int:
    """The process: blocks until SIGTERM or SIGINT; returns its exit code. Logging is the caller's."""
    from hub.stream.assemble import Assemble
    from hub.stream.resolve import Resolve
    from hub.stream.route import Route

    stages: list[Stage] = [Resolve(settings.incarnation), Route(_count_waiting), Assemble()]
    options = LaneOptions(
        bootstrap=settings.broker,
        data_folder=settings.data_folder,
        incarnation=settings.incarnation,
        topic_ids=topic_ids(settings.broker, _topics(stages)),
        shown_changelogs=frozenset({VIEWS}),
        plain_errors=(UnknownSchemaError,),
        session_timeout_seconds=settings.session_timeout_seconds,
    )
    instance = settings.stream_instance or None
    return run_stages(stages, options, stream_id=settings.stream_id, observer=observer, instance_id=instance)


def run_stages(
    stages: Sequence[Stage],
    options: LaneOptions,
    *,
    stream_id: str,
    observer: LaneObserver | None = None,
    instance_id: str | None = None,
) -> int:
    """`run` with other stages."""

    async def main() -> int:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        app = create_app(stages, options, stream_id=stream_id, observer=observer, instance_id=instance_id)
        deadline = Deadline(options.stop_seconds, app.loops)

        def asked(*_: object) -> None:
            deadline.begin(0)
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, asked)  # not the event loop's: the deadline counts also while a stage holds that
        return await serve(app, stop, deadline.begin)

    return asyncio.run(main())


def _count_waiting(records: int) -> None:
    metrics.STAGE_RECORDS_WAITING.labels(stage="route").inc(records)


def _topics(stages: Iterable[Stage]) -> list[str]:
    return sorted({topic for stage in stages for topic in (*stage.inputs, stage.changelog, *stage.guarded)})


async def _start_and_wait(app: StreamApp) -> None:
    await app.start()
    await app.wait_until_stopped()


def _reason(app: StreamApp, task: asyncio.Future[Any]) -> object:
    if task.done() and not task.cancelled() and task.exception() is not None:
        return task.exception()
    return app.crash_reason
