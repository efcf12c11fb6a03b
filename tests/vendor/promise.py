"""What vendors are promised: the public names of the SDK with their signatures, as text.

After a change that is meant: `python -m tests.vendor.promise > tests/vendor/promise.txt`; the diff is what vendors see.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

from pydantic import BaseModel

MODULES = (
    "hub.connect",
    "hub.connect.conformance",
    "hub.connect.conformance.testing",
    "hub.connect.fields",
    "hub.connect.files",
    "hub.connect.frontier",
    "hub.connect.inbox",
    "hub.connect.push",
    "hub.connect.simulated",
    "hub.connect.simulated_files",
    "hub.connect.simulated_push",
    "hub.connect.simulator",
    "hub.events.records",
    "hub.events.sensitive",
)


def promise() -> str:
    """The text."""
    return "".join(f"{line}\n" for name in MODULES for line in _module(import_module(name)))


def _module(module: ModuleType) -> Iterator[str]:
    yield f"# {module.__name__}"
    for name in sorted(getattr(module, "__all__", None) or vars(module)):
        value = getattr(module, name)
        ours = hasattr(module, "__all__") or getattr(value, "__module__", None) == module.__name__
        if name.startswith("_") or not ours:
            continue
        yield from _class(name, value) if inspect.isclass(value) else _other(name, value)


def _other(name: str, value: object) -> Iterator[str]:
    if inspect.isfunction(value):
        yield f"{name}{_signature(value)}"
    else:
        yield name


def _signature(function: Callable[..., object]) -> str:
    """Without the values of defaults: some differ from run to run."""
    signature = inspect.signature(function)
    parameters = [
        parameter if parameter.default is parameter.empty else parameter.replace(default=_DEFAULT)
        for parameter in signature.parameters.values()
    ]
    return _plain(signature.replace(parameters=parameters))


def _plain(annotation: object) -> str:
    """Alike in every version of Python."""
    return re.sub(r"ForwardRef\('(.*?)'[^)]*\)", r"\1", str(annotation)).replace("'", "")


class _Default:
    def __repr__(self) -> str:
        return "…"


_DEFAULT = _Default()


def _class(name: str, kind: type) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in kind.__bases__ if base is not object)
    yield f"{name}({bases})"
    if issubclass(kind, enum.Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in kind)
        return
    yield from (f"    {line}" for line in _attributes(kind))


def _attributes(kind: type) -> Iterator[str]:
    required = kind.model_fields if issubclass(kind, BaseModel) else {}
    for name, annotation in vars(kind).get("__annotations__", {}).items():
        if not name.startswith("_") and name != "model_config":
            optional = name in required and not required[name].is_required()
            yield f"{name}: {_plain(annotation)}{' = …' if optional else ''}"
    for name, value in sorted(vars(kind).items()):
        public = not name.startswith("_") or name in ("__init__", "__call__")
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if public and isinstance(inner, property):
            yield f"{name}: property"
        elif public and inspect.isfunction(inner):
            abstract = "abstract " if getattr(inner, "__isabstractmethod__", False) else ""
            yield f"{abstract}{name}{_signature(inner)}"


if __name__ == "__main__":
    print(promise(), end="")  # noqa: T201 - to a file
