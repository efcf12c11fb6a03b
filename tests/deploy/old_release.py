"""A desk of a release that does not know a metric: `python -m tests.deploy.old_release PORT`. Runs until a signal."""

from __future__ import annotations

import signal
import sys

from hub.ops import metrics
from hub.ops.http import OpsServer

if __name__ == "__main__":
    metrics.REGISTRY.unregister(metrics.DESK_LAG_RECORDS)
    metrics.REGISTRY.unregister(metrics.FLOW_MEASURED)
    OpsServer(int(sys.argv[1]), lambda: True)
    signal.pause()
