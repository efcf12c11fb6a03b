"""A process that only imports and builds a connector, and says what that did: `python -B -m … REFERENCE`, settings as
JSON on stdin, one JSON object on stdout."""

from __future__ import annotations

import json
import sys

from hub.connect.host import build
from hub.connect.watch import watching

_HUBS_OWN = ("hub.connect.ingest", "hub.settings", "hub.cli", "hub.desk", "hub.stream")
"""Modules of the hub that lead to its secrets: nothing that a connector imports may bring them in."""


def main() -> None:
    """Import and build, watched."""
    reference, config = sys.argv[1], json.load(sys.stdin)
    with watching() as seen:
        build(reference, config)
    ours = sorted(name for name in sys.modules if name.startswith(_HUBS_OWN))
    json.dump({"seen": seen, "modules": ours}, sys.__stdout__ or sys.stdout)


if __name__ == "__main__":
    main()
