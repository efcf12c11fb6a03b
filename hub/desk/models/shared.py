"""What all bodies are, and those that belong to no subject."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What every body is: of the fields that are named, and no others."""

    model_config = ConfigDict(extra="forbid")


class Problem(Body):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    invalid_params: list[dict[str, str]] | None = None


class State(Body):
    """Of the desk itself."""

    status: str
