"""What lets a caller ask again without getting the same again (RFC 9110, 13.1.2). The read is done, decided and logged
all the same: only the answer is spared."""

from __future__ import annotations

from hashlib import blake2b

_BYTES = 16


def tag_of(body: bytes) -> str:
    """A strong validator: of equal bytes alone. Who is shown something else gets another one."""
    return f'"{blake2b(body, digest_size=_BYTES).hexdigest()}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether a caller has this answer already. `if_none_match`: the header, "" if there is none; compared weakly."""
    named = (item.strip().removeprefix("W/") for item in if_none_match.split(","))
    return any(item in ("*", tag) for item in named)
