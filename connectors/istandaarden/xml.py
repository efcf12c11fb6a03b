"""Reads an XML message: no entities, no network, bounded size and depth. `TranslationError` is the only way to fail.

An error names the path of an element, never what stands in it. libxml2's own messages quote it, and are thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final, NoReturn, TypeVar

from lxml import etree

from hub.connect import RejectReason
from hub.connect.fields import reject

MAX_BYTES: Final = 1_048_576
"""The largest real messages (an allocation of everything a client has) take some tens of KiB."""
_NAMESPACE: Final = re.compile(r"http://www\.istandaarden\.nl/(?:ijw|iwmo)/3_2/(jw|wmo)([0-9]{3})/schema")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_PREFIX: Final = re.compile(r"[^/:]*:")
"""The sender chose it, so it may say anything."""
_T = TypeVar("_T")


def parse(payload: bytes) -> etree._Element:
    """The root of a message. A document type definition is refused outright: no message needs one."""
    if len(payload) > MAX_BYTES:
        reject(RejectReason.TOO_LARGE, "")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(payload, parser)
    except (etree.XMLSyntaxError, ValueError):
        reject(RejectReason.MALFORMED, "")
    if root.getroottree().docinfo.doctype:
        reject(RejectReason.MALFORMED, "DOCTYPE")
    return root


def kind_of(root: etree._Element) -> tuple[str, str]:
    """Law and number by the namespace of the root element."""
    name = etree.QName(root)
    found = _NAMESPACE.fullmatch(name.namespace or "")
    if found is None or name.localname != "Bericht":
        reject(RejectReason.UNKNOWN_TYPE, "Bericht")
    return found[1], found[2]


class Node:
    """One element, read by the local names of what is in it. An `opt_` method takes absence as None."""

    def __init__(self, element: etree._Element, path: str = "") -> None:
        self._path = path
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                self._children.setdefault(etree.QName(child).localname, []).append(child)

    def path(self, name: str) -> str:
        """Full path of an element in this one."""
        return f"{self._path}.{name}" if self._path else name

    def fail(self, name: str, reason: RejectReason = RejectReason.INVALID_VALUE) -> NoReturn:
        """Give the message up because of this element."""
        reject(reason, self.path(name))

    def has(self, name: str) -> bool:
        """Whether an element is there."""
        return name in self._children

    def _one(self, name: str) -> etree._Element:
        found = self._children.get(name, [])
        if not found:
            self.fail(name, RejectReason.MISSING_FIELD)
        if len(found) > 1:
            self.fail(name)
        return found[0]

    def text(self, name: str, *, longest: int = 100) -> str:
        """Text without blanks around it; never empty."""
        element = self._one(name)
        value = (element.text or "").strip()
        if len(element) or not 0 < len(value) <= longest:
            self.fail(name)
        return value

    def opt_text(self, name: str, *, longest: int = 100) -> str | None:
        """Text, or None."""
        return self.text(name, longest=longest) if self.has(name) else None

    def matched(self, name: str, form: re.Pattern[str], reason: RejectReason = RejectReason.INVALID_VALUE) -> str:
        """Text that is wholly of a form."""
        value = self.text(name)
        return value if form.fullmatch(value) else self.fail(name, reason)

    def whole(self, name: str) -> int:
        """A whole number, not negative."""
        return int(self.matched(name, _WHOLE))

    def opt_whole(self, name: str) -> int | None:
        """A whole number, or None."""
        return self.whole(name) if self.has(name) else None

    def day(self, name: str) -> date:
        """A date, YYYY-MM-DD."""
        value = self.matched(name, _DAY, RejectReason.INVALID_DATE)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(name, RejectReason.INVALID_DATE)

    def opt_day(self, name: str) -> date | None:
        """A date, or None."""
        return self.day(name) if self.has(name) else None

    def time(self, name: str) -> time:
        """A time of day, HH:MM:SS, with parts of a second or without."""
        value = self.matched(name, _TIME, RejectReason.INVALID_DATE)
        try:
            return time.fromisoformat(value)
        except ValueError:
            self.fail(name, RejectReason.INVALID_DATE)

    def code(self, name: str, codes: Mapping[str, _T]) -> _T:
        """What a code of a closed list stands for."""
        value = self.text(name)
        return codes[value] if value in codes else self.fail(name)

    def opt_code(self, name: str, codes: Mapping[str, _T]) -> _T | None:
        """What a code stands for, or None."""
        return self.code(name, codes) if self.has(name) else None

    def child(self, name: str) -> Node:
        """An element in this one."""
        return Node(self._one(name), self.path(name))

    def opt_child(self, name: str) -> Node | None:
        """An element in this one, or None."""
        return self.child(name) if self.has(name) else None

    def children(self, name: str) -> list[Node]:
        """All elements of a name, at least one; the path counts them from 0."""
        if not self.has(name):
            self.fail(name, RejectReason.MISSING_FIELD)
        return [Node(child, f"{self.path(name)}[{index}]") for index, child in enumerate(self._children[name])]

    def texts(self, name: str) -> list[str]:
        """The texts of all elements of a name, also none."""
        return [(child.text or "").strip()[:10] for child in self._children.get(name, [])]


class Schemas:
    """The XSDs that were read, by law and number. Empty: nothing is checked against one."""

    def __init__(self, by_kind: Mapping[tuple[str, str], etree.XMLSchema] | None = None) -> None:
        self._by_kind = dict(by_kind or {})

    def check(self, kind: tuple[str, str], root: etree._Element) -> None:
        """Raises TranslationError with the path of the first element that breaks the schema, if there is one."""
        schema = self._by_kind.get(kind)
        if schema is not None and not schema.validate(root):
            log: Any = schema.error_log
            path = _PREFIX.sub("", str(log[0].path or ""))
            reject(RejectReason.INVALID_VALUE, path.strip("/").replace("/", "."))
