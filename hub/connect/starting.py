"""A vendor's first package: a copy of the template under the vendor's own name. See connectors/README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from hub.errors import ConfigError

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME: Final = 40
_LEFT_OUT: Final = frozenset({"__init__.py", "tests/__init__.py"})
"""What makes the template importable where it stands."""
_VARIANT: Final = "_files"
_VARIANT_MODULES: Final = re.compile(r"\b(config|connector|simulator)_files\b")
_WEB_ONLY: Final = frozenset({"regiehub_acme/source.py"})
_WEB_LIBRARY: Final = ', "httpx>=0.28,<1"'


def create_package(name: str, parent: Path, *, drops_files: bool = False) -> Path:
    """Write `regiehub-NAME` into a folder; gives its path. `drops_files`: of a source that drops files of lines in a
    folder, else of one that answers requests. Raises ConfigError for a name that can't be one, and for a
    package that is there already."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ConfigError("NAME", problem="is not lower-case letters, digits and single underscores")
    package = parent / f"regiehub-{name}"
    if package.exists():
        raise ConfigError("NAME", [str(package)], problem="is there already")
    try:
        for path, content in _template(drops_files):
            target = package / _named(path, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_named(content, name), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError("--to", [str(parent)], problem=f"can't be written ({error.strerror})") from error
    return package


def _template(drops_files: bool) -> Iterator[tuple[str, str]]:
    """What is named `…_files` is that of a source that drops files, in the place of what is named without."""
    found = {
        path: file for path, file in _files(files("hub.connect").joinpath("template"), "") if path not in _LEFT_OUT
    }
    dropped = {path for path in found if _VARIANT in path}
    web = {path.replace(_VARIANT, "") for path in dropped} | _WEB_ONLY
    for path in sorted(found.keys() - (web if drops_files else dropped)):
        text = found[path].read_text(encoding="utf-8")
        yield path.replace(_VARIANT, ""), _of_files(text) if drops_files else text


def _of_files(text: str) -> str:
    return _VARIANT_MODULES.sub(r"\1", text).replace(_WEB_LIBRARY, "")


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.name.startswith((".", "__pycache__")):
            continue
        if item.is_dir():
            yield from _files(item, f"{prefix}{item.name}/")
        else:
            yield f"{prefix}{item.name}", item


def _named(text: str, name: str) -> str:
    title = "".join(part.capitalize() for part in name.split("_"))
    return text.replace("acme", name).replace("Acme", title)
