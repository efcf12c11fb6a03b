"""Takes what a source pushes: `python -m tests.deploy.receiver PORT METRICS_PORT FOLDER`. Runs until a signal."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from pydantic import JsonValue

from hub.connect.ingest.receiver import Receiver, push_config
from hub.ops.http import OpsServer

SOURCE = "pushed"

if __name__ == "__main__":
    port, metrics_port, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    told: dict[str, JsonValue] = {
        "instance": SOURCE,
        "jurisdiction": "0599",
        "listen_port": port,
        "receiver_token": "of the source itself",
        "inbox_folder": str(folder),
    }
    Receiver(push_config(told), SOURCE)
    OpsServer(metrics_port, lambda: True)
    signal.pause()
