"""A real Apache Kafka on one node (KRaft, no ZooKeeper, no Docker): crash tests and all figures run on it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hub.demo.brokers import BrokerUnavailable
from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.kafka_library import find_java, kafka_library
from hub.demo.brokers.local import LocalBroker
from hub.demo.brokers.ports import HOST, free_port

__all__ = ["KafkaBroker", "server_properties"]

_HEAP = "-Xmx512m"
_BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_LOG = "-Dorg.slf4j.simpleLogger."
_LOG_OPTIONS = (
    f"{_LOG}defaultLogLevel=warn",
    f"{_LOG}showDateTime=true",
    f"{_LOG}dateTimeFormat=HH:mm:ss.SSS",
)
_FORMAT_SECONDS = 60.0
_CLUSTER_ID = "RegiehubThrowAwayKafka"  # 22 characters, as the tool makes them

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller_port}
log.dirs={log_dir}

# One node: nothing can have a second copy.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# Small and quick: few internal partitions, little memory, no waiting for other group members.
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=4194304
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# After a kill -9 the controller refuses the node as a doubled one until its former session ends (not 9 s).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# As in production: topics are created up front, and one record may be 9 MiB.
auto.create.topics.enable=false
message.max.bytes=9437184
replica.fetch.max.bytes=9437184
"""


class KafkaBroker(LocalBroker):
    """Ready in some seconds; the first start on a machine downloads Kafka. Survives `kill9` with its data."""

    title: ClassVar[str] = "Kafka"
    stop_seconds: ClassVar[float] = 20.0

    def __init__(self, *, port: int | None = None, ready_seconds: float = 60.0, brief: bool = False) -> None:
        """Starts nothing yet. Without `port` a free one is chosen. `brief`: half the CPU in its first minutes, because
        Java compiles less; slower from then on."""
        super().__init__(port=port, ready_seconds=ready_seconds)
        self._java_options = _BRIEF if brief else ()
        self._controller_port = free_port()

    def kill9(self) -> None:
        """SIGKILL. The data stays, for `restart`."""
        if self._child is not None:
            self._child.kill()

    def restart(self) -> None:
        """Same data, same port; ends the process in good order first if it still runs.

        Raises BrokerUnavailable; the data stays then, until `stop`."""
        if self._folder is None:
            raise RuntimeError("Kafka was not started, so there is nothing to restart")
        self._end_process()
        self._launch(self._folder)

    def _prepare(self, folder: Path) -> None:
        properties = folder / "server.properties"
        text = server_properties(self._port, self._controller_port, folder / "data")
        properties.write_text(text, encoding="utf-8")
        tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
        child = ChildProcess([*_java(*_BRIEF), *tool], log=folder / "format.log")
        if child.wait(_FORMAT_SECONDS) != 0:
            child.kill()
            detail = "\n".join(child.last_lines(20))
            raise BrokerUnavailable("Kafka could not format its data folder", detail=detail)

    def _command(self, folder: Path) -> list[str]:
        return [*_java(_HEAP, *self._java_options, *_LOG_OPTIONS), "kafka.Kafka", str(folder / "server.properties")]


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """The node's whole configuration file."""
    return _PROPERTIES.format(host=HOST, port=port, controller_port=controller_port, log_dir=log_dir.as_posix())


def _java(*options: str) -> list[str]:
    return [find_java(), *options, "-cp", str(kafka_library() / "*")]
