"""Create the topics of the contract. Blocking; called before any process starts, and again without effect."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from hub.errors import LogRefused, LogUnavailable
from hub.events.topics import TopicSpec, topics
from hub.ops.kafka_clients import open_admin

_CREATE_MILLISECONDS: Final = 30_000
_SETTLE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05


def ensure_topics(bootstrap: str, replication: int = 1, specs: Sequence[TopicSpec] | None = None) -> dict[str, str]:
    """Create what is missing of the topics (all of the contract unless `specs` says otherwise).

    Returns the broker's id of each topic; a broker without such ids gives none.
    Raises LogRefused when a topic exists with another partition count (that would need a new incarnation), and
    LogUnavailable when the broker does not answer."""
    wanted = list(topics().values()) if specs is None else list(specs)
    try:
        admin = open_admin(bootstrap)
        try:
            return _ensure(admin, wanted, replication)
        finally:
            admin.close()
    except KafkaError as error:
        raise LogUnavailable(f"The log at {bootstrap} cannot be reached.", detail=repr(error)) from error


def topic_ids(bootstrap: str, names: Sequence[str]) -> dict[str, str]:
    """The broker's id of each topic. Raises LogRefused for a missing topic, LogUnavailable as above."""
    try:
        admin = open_admin(bootstrap)
        try:
            found = _describe(admin, names)
        finally:
            admin.close()
    except KafkaError as error:
        raise LogUnavailable(f"The log at {bootstrap} cannot be reached.", detail=repr(error)) from error
    missing = sorted(set(names) - found.keys())
    if missing:
        raise LogRefused(f"Topics are missing: {', '.join(missing)}.")
    return _ids(found)


def _ensure(admin: KafkaAdminClient, wanted: Sequence[TopicSpec], replication: int) -> dict[str, str]:
    names = [spec.topic for spec in wanted]
    found = _describe(admin, names)
    for spec in wanted:
        if spec.topic not in found:
            _create(admin, spec, replication)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while len(found := _describe(admin, names)) < len(names) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # a broker learns of new topics a moment after the controller
    for spec in wanted:
        partitions = len(found[spec.topic]["partitions"]) if spec.topic in found else 0
        if partitions != spec.partitions:
            raise LogRefused(
                f"Topic {spec.topic} has {partitions} partitions, and the contract says {spec.partitions}."
            )
    return _ids(found)


def _create(admin: KafkaAdminClient, spec: TopicSpec, replication: int) -> None:
    topic = NewTopic(
        name=spec.topic,
        num_partitions=spec.partitions,
        replication_factor=replication,
        topic_configs=spec.broker_config(),
    )
    try:
        admin.create_topics([topic], timeout_ms=_CREATE_MILLISECONDS)
    except TopicAlreadyExistsError:
        return  # somebody else was quicker


def _describe(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    answer: list[Mapping[str, Any]] = admin.describe_topics(list(names))
    return {topic["name"]: topic for topic in answer if topic["error_code"] == 0}


def _ids(found: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(topic["topic_id"]) for name, topic in found.items() if topic["topic_id"]}
