"""Fetches, slowed down on our side: idle ones, since a broker may ignore how long it was asked to hold them (the
embedded one), and all of them while nobody waits for what they bring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

_UNHURRIED_SECONDS: Final = 0.25
_LOOK_SECONDS: Final = 0.025


def pace_idle_fetches(
    consumer: AIOKafkaConsumer, seconds: float, unhurried: Callable[[], bool] = lambda: False
) -> None:
    """From now on a fetch without records takes at least this long. Called after the consumer's start, on its loop.

    Costs nothing where the broker holds fetches longer itself, as Kafka does; without it an idle consumer keeps a core
    busy on one that answers at once. While `unhurried`, fetches are sent a quarter of a second apart: each names and
    parses every partition, so few large ones are cheaper than many small ones."""
    fetcher = consumer._fetcher
    fetch: Callable[..., Awaitable[bool]] = fetcher._proc_fetch_request
    loop = asyncio.get_running_loop()
    sent_at = loop.time()

    async def paced(*args: Any) -> bool:
        nonlocal sent_at
        try:
            while unhurried() and loop.time() < sent_at + _UNHURRIED_SECONDS:
                await asyncio.sleep(_LOOK_SECONDS)
            sent_at = loop.time()
            has_records = await fetch(*args)
            if not has_records:
                await asyncio.sleep(seconds - (loop.time() - sent_at))
        except asyncio.CancelledError:  # the fetcher stops; it expects an answer, as from its own method
            return False
        return has_records

    fetcher._proc_fetch_request = paced
