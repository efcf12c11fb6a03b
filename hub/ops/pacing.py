"""Idle fetches, slowed down on our side: a broker may ignore how long it was asked to hold them (the embedded one)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer


def pace_idle_fetches(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """From now on a fetch without records takes at least this long. Called after the consumer's start, on its loop.

    Costs nothing where the broker holds fetches longer itself, as Kafka does; without it an idle consumer keeps a core
    busy on one that answers at once."""
    fetcher = consumer._fetcher
    fetch: Callable[..., Awaitable[bool]] = fetcher._proc_fetch_request

    async def paced(*args: Any) -> bool:
        loop = asyncio.get_running_loop()
        started = loop.time()
        has_records = await fetch(*args)
        if not has_records:
            try:
                await asyncio.sleep(seconds - (loop.time() - started))
            except asyncio.CancelledError:  # the fetcher stops; it expects an answer, as from its own method
                return False
        return has_records

    fetcher._proc_fetch_request = paced
