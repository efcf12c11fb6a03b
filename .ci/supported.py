"""Says in one line why this machine cannot run Regiehub, and exits 1; says nothing when it can.

Runs before anything is installed, on whatever Python is found: only the standard library, no newer syntax
than Python 3.6 reads.
"""

import platform
import sys

PYTHON = (3, 11)
# The embedded broker is a ready-made binary: what it was built against is what it needs.
GLIBC = (2, 34)
WITHOUT_BROKER = "without it: pip install -e . faker, then regiehub demo --broker kafka"


def version(text):
    """Turn "2.36" into (2, 36); anything that is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split(".")[:2])


def problem():
    """Return the one line to show, or "" when all is well."""
    if sys.version_info < PYTHON:
        found = platform.python_version()
        return f"needs Python 3.11 or newer, this is {found}; try: make setup PYTHON=python3.12"
    system, machine = platform.system(), platform.machine().lower()
    if system == "Darwin":
        return ""
    if system != "Linux" or machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        return f"the embedded broker does not run on {system} {machine}; {WITHOUT_BROKER}"
    libc, number = platform.libc_ver()
    if libc != "glibc" or version(number) < GLIBC:
        found = f"{libc} {number}" if libc else "another libc"
        return f"the embedded broker needs glibc 2.34, this is {found}; {WITHOUT_BROKER}"
    return ""


if __name__ == "__main__":
    reason = problem()
    if reason:
        sys.exit("regiehub: " + reason)
