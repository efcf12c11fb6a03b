"""Who measures freshness ends when whoever writes has failed, and says so when nothing comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from hub.demo.errors import DemoError
from hub.demo.freshness import Looker


def test_who_leaves_does_not_wait_for_what_was_never_written() -> None:
    """As when the writer fails, or is interrupted."""
    with ThreadPoolExecutor(1) as beside:
        with Looker(httpx.Client()) as looker:
            looking = beside.submit(looker.run, 3)
        assert looking.result(timeout=30) == []


def test_each_answer_serves_all_that_is_awaited_there_and_patience_ends() -> None:
    shown = {"records": [{"record_id": "A"}, {"record_id": "B"}]}
    client = httpx.Client(
        base_url="http://desk", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=shown))
    )
    with Looker(client) as looker:
        looker.expect("H1", "A")
        looker.expect("H1", "B")
        assert len(looker.run(2)) == 2
    with Looker(client, patience_seconds=-1.0) as impatient:
        impatient.expect("H1", "C")
        with pytest.raises(DemoError, match="not visible"):
            impatient.run(1)
