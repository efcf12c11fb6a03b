"""What the demo tells its login provider, in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from hub.settings import read_private

SETTING: Final = "FILE"


class User(BaseModel):
    """Somebody to be, as the desk's tokens name him too."""

    model_config = ConfigDict(frozen=True)

    user: str
    role: str
    organisation: str = ""
    name: str = ""
    unit: str = ""
    teams: tuple[str, ...] = ()
    staff: str = ""
    phone: str = ""


class IdentityConfig(BaseModel):
    """`address`: of the desk, where logins and logouts come back to."""

    model_config = ConfigDict(frozen=True)

    port: int
    address: str
    client_id: str
    client_secret: str
    audience: str
    users: tuple[User, ...]

    @property
    def issuer(self) -> str:
        """What the provider calls itself."""
        return f"http://127.0.0.1:{self.port}"


def load(path: Path) -> IdentityConfig:
    """Read it. Raises ConfigError for a file that others may read."""
    return IdentityConfig.model_validate_json(read_private(path, SETTING))
