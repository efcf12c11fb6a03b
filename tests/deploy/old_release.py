"""A desk of a release that does not know what the rules need: `python -m tests.deploy.old_release PORT`. Runs until a
signal."""

from __future__ import annotations

import signal
import sys

from hub.ops.http import OpsServer

if __name__ == "__main__":
    OpsServer(int(sys.argv[1]), lambda: True)
    signal.pause()
