"""Copies the CSS of the NL Design System parts that package.json pins into hub/desk/static: `make design`.

Comments and line breaks go, for each page loads it; the licence and what it was made of stand on top."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "hub" / "desk" / "static" / "nl-design-system.css"
HEADER = """/*! Parts of the NL Design System, copied from npm by `make design`: do not edit.
 * SPDX-License-Identifier: EUPL-1.2
 * Copyright (c) Frameless B.V.; Copyright (c) Gemeente Utrecht
{parts} */
"""


def main() -> None:
    """Write the one file."""
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
    parts = "".join(f" * {name} {version}\n" for name, version in sorted(pinned.items()))
    css = [(HERE / "node_modules" / name / "dist" / "index.css").read_text() for name in sorted(pinned)]
    TARGET.write_text(HEADER.format(parts=parts) + "".join(map(smaller, css)))


def smaller(css: str) -> str:
    """Without comments and the white space that means nothing, a rule a line."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,]) ?", r"\1", css).replace(";}", "}").replace("}", "}\n").strip() + "\n"


if __name__ == "__main__":
    main()
