"""A simulated Acme, for `regiehub connector test` and `try`: a web server with the feed and the stock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from hub.connect.simulated import Answer, Line, Request, WebSimulator
from hub.events.records import Draft

from .translate import translate

_TOKEN: Final = "token-of-the-simulated-acme"
_SHOWN: Final = ("kind", "file", "id", "version", "removed")


class AcmeSimulator(WebSimulator):
    """Answers as Acme does."""

    def settings(self) -> dict[str, str]:
        """What `AcmeConfig` needs."""
        return {"base_url": self.url, "api_token": _TOKEN}

    def translated(self, text: str) -> Sequence[Draft]:
        """By the connector's own translate."""
        return translate(text.encode("utf-8", "surrogatepass"))

    def answer(self, request: Request) -> Answer:
        """Acme's two addresses."""
        if request.headers.get("authorization") != f"Bearer {_TOKEN}":
            return Answer(401)
        if request.path == "/changes":
            page = self.page(int(request.query["after"]), int(request.query["limit"]))
            return Answer(200, {"changes": list(map(_change, page.lines)), "last": page.last, "more": page.more})
        if request.path == "/stock":
            records = self.final_records()
            return Answer(200, {"records": [{name: record[name] for name in _SHOWN} for record in records]})
        return Answer(404)


def _change(line: Line) -> dict[str, object]:
    """A line that is no record is passed on as text."""
    try:
        record = json.loads(line.text)
    except (ValueError, RecursionError):
        record = line.text
    return {"number": line.position, "record": record}
