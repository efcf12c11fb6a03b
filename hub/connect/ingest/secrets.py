"""The secrets file: `{"linking": base64 of 32 bytes, "sealing": base64 of 64 bytes}`, mode 0600. Read by ingest and
desk."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

import orjson

from hub.connect.ingest.keys import LINKING_BYTES, SEALING_BYTES, KeyRing
from hub.errors import ConfigError
from hub.settings import read_private

_SETTING = "REGIEHUB_SECRETS_FILE"


def create_secrets_file(path: Path) -> None:
    """Write a new file with fresh keys; the folder is made too (0700). Raises FileExistsError: never overwrites
    keys."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {"linking": secrets.token_bytes(LINKING_BYTES), "sealing": secrets.token_bytes(SEALING_BYTES)}
    data = orjson.dumps({name: base64.b64encode(key).decode() for name, key in keys.items()})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def load_key_ring(path: Path, generation: int) -> KeyRing:
    """The keys of a secrets file. Raises ConfigError when it is missing, malformed, or readable by others."""
    data = read_private(path, _SETTING)
    try:
        keys = orjson.loads(data)
        linking, sealing = (base64.b64decode(keys[name], validate=True) for name in ("linking", "sealing"))
        return KeyRing(linking, sealing, generation)
    except (orjson.JSONDecodeError, binascii.Error, KeyError, TypeError, ValueError):
        raise ConfigError(_SETTING, [str(path)], problem="does not hold the two keys") from None
