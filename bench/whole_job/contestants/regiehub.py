"""Regiehub: the command `regiehub run stream`, as in production but for the length of its lists."""

from __future__ import annotations

import sys
from functools import partial
from unittest.mock import patch

from bench.whole_job.contestants import told
from hub.cli.main import main
from hub.stream.lane.options import LaneOptions

if __name__ == "__main__":
    sys.argv[1:] = ["run", "stream"]
    with patch("hub.stream.app.LaneOptions", partial(LaneOptions, max_list_records=told().list_records)):
        main()
