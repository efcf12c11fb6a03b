"""Log lines: JSON on stderr, an event name and fields. Fields are ids, counts and reasons; never content of a
record."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(process: str, *, level: int = logging.INFO) -> None:
    """Set up this process's log. Libraries speak through it too, from WARNING on. Call it once, at the start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get_logger() -> Any:
    """The logger of this process: `log.info("record_rejected", reason=...)`."""
    return structlog.get_logger()
