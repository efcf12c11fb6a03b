"""aiokafka's consumer, as everything here reads Kafka: it paces idle fetches, and it stops when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from hub.ops.kafka_security import client_options

_AGAIN_SECONDS: Final = 0.5


class LogConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """With the way to the broker that this process was told, and without commits of its own. For one event loop."""

    def __init__(self, *, idle_seconds: float, **settings: Any) -> None:
        """`idle_seconds`: what a fetch without records takes at least; `settings`: aiokafka's.

        Pacing costs nothing where the broker holds idle fetches longer itself, as Kafka does; without it an idle
        consumer keeps a core busy on one that answers at once (the embedded one)."""
        super().__init__(enable_auto_commit=False, **settings, **client_options())
        self._idle_seconds: Final = idle_seconds

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await super().start()
        fetcher = self._fetcher
        fetcher._proc_fetch_request = self._paced(fetcher._proc_fetch_request)

    async def stop(self) -> None:
        """Leave the group, unless as a static member, and disconnect. Raises KafkaError if the fetching had failed.
        Nothing happens when it was called before.

        aiokafka 0.14 takes a cancellation of its fetching for that of a fetch, if it comes just when an assignment is
        given up, and waits for it for ever; so it is cancelled again."""
        stopping = asyncio.ensure_future(super().stop())
        while not (await asyncio.wait([stopping], timeout=_AGAIN_SECONDS))[0]:
            if self._fetcher is not None and self._fetcher._closed:
                self._fetcher._fetch_task.cancel()
        try:
            await stopping
        finally:
            await self._client.close()  # which aiokafka leaves out when its fetching had failed

    def _paced(self, fetch: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def paced(*args: Any) -> bool:
            loop = asyncio.get_running_loop()
            started = loop.time()
            try:
                has_records = await fetch(*args)
                if not has_records:
                    await asyncio.sleep(self._idle_seconds - (loop.time() - started))
            except asyncio.CancelledError:  # the fetcher stops and expects an answer, also while the broker is away
                return False
            return has_records

        return paced
