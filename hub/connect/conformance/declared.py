"""What a connector declares (C01), and that it can be imported and built without a trace (C02)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Final

from pydantic import JsonValue

from hub.connect.conformance.bench import Bench
from hub.connect.conformance.verdict import Nonconformity

_SECRET: Final = re.compile(
    r"(password|passphrase|passwd|secret|token|api_?key|private_?key|credential|wachtwoord|geheim|sleutel)"
    r"(?!.*_(url|file|seconds|name)$)"
)
_PROBE_SECONDS: Final = 60.0


def spec(bench: Bench) -> None:
    """C01."""
    kind = bench.subject.connector
    if not kind.version:
        raise Nonconformity("`version` is empty.", "State the version of the connector; dead letters show it.")
    settings = kind.spec().get("properties")
    assert isinstance(settings, dict)
    for name, schema in settings.items():
        assert isinstance(schema, dict)
        if not schema.get("description"):
            raise Nonconformity(f"The setting {name} has no description.", "Add Field(description=…).")
        if _SECRET.search(name.lower()) and not _is_write_only(schema):
            raise Nonconformity(f"The setting {name} is shown in clear.", "Declare it as pydantic.SecretStr.")
    if kind.Config.model_config.get("extra") != "forbid":
        raise Nonconformity("`Config` takes settings that it does not know.", 'Keep extra="forbid": a typo must show.')


def _is_write_only(schema: dict[str, JsonValue]) -> bool:
    forms = schema.get("anyOf")
    options = [schema, *(form for form in (forms if isinstance(forms, list) else []) if isinstance(form, dict))]
    return any(option.get("writeOnly") for option in options)


def importing(bench: Bench) -> None:
    """C02."""
    config = bench.settings(bench.filled.settings())
    command = [sys.executable, "-B", "-m", "hub.connect.probe", bench.subject.reference]
    done = subprocess.run(
        command, input=json.dumps(config), capture_output=True, text=True, check=False, timeout=_PROBE_SECONDS
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1].partition(":")[0]
        raise Nonconformity(f"In a process of its own it can't be imported and built: {last}.", "See its traceback.")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found["seen"]:
        acts = ", ".join(dict.fromkeys(found["seen"][:5]))
        raise Nonconformity(f"Importing or building it did: {acts}.", "Connect in `check` and `poll`, not before.")
    if found["modules"]:
        raise Nonconformity(
            f"It imports {', '.join(found['modules'][:3])}, which leads to the municipality's secret.",
            "Import hub.connect and hub.events only.",
        )
