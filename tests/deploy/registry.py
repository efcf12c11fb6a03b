"""A schema registry on loopback, with as much of Confluent's API as registers schemas, and its rules: an id is one
schema, for ever, and is given by the registry unless the subject is in mode IMPORT."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


class FakeRegistry:
    """What is in it. `imports` False: like a registry that knows no modes."""

    def __init__(self, *, imports: bool = True) -> None:
        self.imports = imports
        self.schemas: dict[int, str] = {}
        self.subjects: dict[str, dict[int, int]] = {}
        self.modes: dict[str, str] = {}
        self.writes = 0
        self.address = ""

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """Status and JSON."""
        path, _, query = path.partition("?")
        match method, path.strip("/").split("/"):
            case "PUT", ["mode", subject]:
                return self._set_mode(subject, body["mode"], forced=query == "force=true")
            case "GET", ["subjects", subject, "versions", version]:
                return self._version(subject, int(version))
            case "POST", ["subjects", subject, "versions"]:
                return self._register(subject, body)
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _set_mode(self, subject: str, mode: str, *, forced: bool) -> Answer:
        if not self.imports:
            return 404, {"error_code": 404, "message": "no modes here"}
        if mode == "IMPORT" and self.subjects.get(subject) and not forced:
            return 422, {"error_code": 42205, "message": "Cannot import since found existing subjects"}
        self.modes[subject] = mode
        return 200, {"mode": mode}

    def _version(self, subject: str, version: int) -> Answer:
        schema_id = self.subjects.get(subject, {}).get(version)
        if schema_id is None:
            return 404, {"error_code": 40402, "message": "Version not found."}
        return 200, {"subject": subject, "version": version, "id": schema_id, "schema": self.schemas[schema_id]}

    def _register(self, subject: str, body: Any) -> Answer:
        self.writes += 1
        if self.modes.get(subject) != "IMPORT":
            return 422, {"error_code": 42205, "message": "Subject is not in import mode"}
        compact = json.dumps(json.loads(body["schema"]), separators=(",", ":"))
        if self.schemas.setdefault(body["id"], compact) != compact:
            return 422, {"error_code": 42205, "message": f"Overwrite new schema with id {body['id']} is not permitted."}
        self.subjects.setdefault(subject, {})[body["version"]] = body["id"]
        return 200, {"id": body["id"]}


@contextmanager
def serving_registry(*, imports: bool = True) -> Iterator[FakeRegistry]:
    """It answers on `address`."""
    registry = FakeRegistry(imports=imports)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, said = registry.answer(self.command, self.path, json.loads(self.rfile.read(length) or b"null"))
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = _handle

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
