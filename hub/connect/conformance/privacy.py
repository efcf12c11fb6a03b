"""That nothing of a family or of a credential is said where it may not be: C12."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from hub.connect.api import Connector, RawRecord
from hub.connect.conformance.bench import Bench, read_all
from hub.connect.conformance.event import Unfit, encoded
from hub.connect.conformance.nasty import MARK
from hub.connect.conformance.verdict import Nonconformity, NotRun
from hub.errors import RegiehubError, TranslationError
from hub.events.records import Draft, Member
from hub.events.sensitive import Address, Sensitive

_SHORTEST: Final = 4
"""A shorter name or word turns up by chance."""
_LOG: Final = "Log counts, positions and field paths; never a value. `print` is a log line too."
_ERROR: Final = "Say which field, never its value; `raise … from None` where Python's own message quotes it."
_SHOWN: Final = "Keep secrets in SecretStr, a BSN in Sensitive, an address in Address: they mask themselves."


def nothing_said(bench: Bench) -> None:
    """C12."""
    families = set(_marks(bench))
    with bench.connector(bench.filled.settings()) as connector:
        secret = set(bench.secrets(bench.filled.settings()).values())
        with _heard() as heard:
            records, _ = read_all(connector)
            errors = [*_errors(bench, connector), *_source_errors(bench)]
        _must_lack(heard.getvalue(), families | secret | {MARK}, "A log line or something printed", _LOG)
        for error in errors:
            _must_lack(_told_by(error), families | secret | {MARK}, f"A {type(error).__name__}", _ERROR)
        shown = f"{connector!r} {bench.config(bench.filled.settings())!r} {records!r}"
        _must_lack(shown, families | secret, "The repr of connector, settings or records", _SHOWN)
    for told in bench.told:
        for draft in told.drafts:
            _must_lack(repr(draft), set(_identifying(draft)), f"The repr of a draft of {told.origin}", _SHOWN)
            _published(draft, told.origin)


def _published(draft: Draft, origin: str) -> None:
    try:
        message = encoded(draft).decode("latin-1")
    except Unfit:  # C04's affair
        return
    numbers = {value.get_secret_value() for value in _values(draft, Sensitive) if isinstance(value, Sensitive)}
    _must_lack(message, numbers, f"The event of {origin}", "Leave the BSN out of ids, texts and names.")


def _must_lack(text: str, marks: set[str], where: str, do: str) -> None:
    for mark in sorted(marks):
        if len(mark) >= _SHORTEST and re.search(rf"(?<!\w){re.escape(mark)}(?!\w)", text):
            what = "a value out of a record" if mark == MARK else "a secret, or somebody's name, number or address"
            raise Nonconformity(f"{where} holds {what}.", do)


def _marks(bench: Bench) -> Iterator[str]:
    for told in bench.told:
        for draft in told.drafts:
            yield from _identifying(draft)
            for member in _values(draft, Member):
                assert isinstance(member, Member)
                yield from (name for name in (member.given_name, member.family_name) if name)


def _identifying(draft: Draft) -> Iterator[str]:
    for value in _values(draft, Sensitive):
        assert isinstance(value, Sensitive)
        yield value.get_secret_value()
    for value in _values(draft, Address):
        assert isinstance(value, Address)
        yield from (part for part in (value.street, value.one_line(), value.postcode) if part)


def _values(value: object, kind: type) -> Iterator[object]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _values(getattr(value, name), kind)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _values(item, kind)


@contextlib.contextmanager
def _heard() -> Iterator[io.StringIO]:
    """All that is logged, at any level, and printed."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def _errors(bench: Bench, connector: Connector) -> Iterator[TranslationError]:
    """The refusals of records that hold the mark."""
    for _, payload in bench.hostile:
        if MARK.encode() in payload:
            try:
                connector.translate(RawRecord(position="0", payload=payload))
            except TranslationError as error:
                yield error
            except Exception:  # noqa: BLE001, S112 - what it may not raise is C09's affair
                continue


def _source_errors(bench: Bench) -> Iterator[RegiehubError]:
    """What it says of a source that refuses us, and of one that is not there."""
    with contextlib.suppress(NotRun), bench.connector(bench.refused) as closed:
        yield from _raised(closed)
    with bench.connector(bench.unreachable) as lost:
        yield from _raised(lost)


def _raised(connector: Connector) -> Iterator[RegiehubError]:
    try:
        connector.check()
    except RegiehubError as error:
        yield error
    except Exception:  # noqa: BLE001 - what it may not raise is C03's affair
        return


def _told_by(error: RegiehubError) -> str:
    """Everything that a traceback of it would show."""
    texts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(texts) < 10:
        texts.append(f"{current!r} {current} {getattr(current, 'field', '')}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return json.dumps(texts, ensure_ascii=False)
