"""`python -m hub.demo.identity FILE`: the demo's login provider as a process of its own, until SIGTERM."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from hub.demo.brokers.ports import HOST
from hub.demo.identity.config import load
from hub.demo.identity.provider import Identity
from hub.errors import ConfigError
from hub.settings import Environment, load_settings


def main(file: Path) -> int:
    """Serve until a signal; the exit code. Raises ConfigError outside a demo."""
    if load_settings().environment is not Environment.DEMO:
        raise ConfigError("REGIEHUB_ENVIRONMENT", problem="is not demo: here anybody may log in as anybody")
    config = load(file)
    uvicorn.run(Identity(config).app, host=HOST, port=config.port, log_config=None, access_log=False, lifespan="off")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except ConfigError as error:
        sys.stderr.write(f"regiehub: {error}\n")
        sys.exit(2)
