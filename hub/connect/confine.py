"""Puts a connector's process in a cell before any of the vendor's code runs. Linux; a no-op with a reason elsewhere.

Layer: the vendor's side of `hub.connect`; stdlib only. The secret is in no variable, file descriptor or environment
of this process to begin with. What is left are the hub's files and the memory of the hub's processes, of the same
user: Landlock closes both (it also forbids ptrace, and so /proc/PID/mem, to everything outside the cell).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_SIGKILL: Final = 9
_SYS_LANDLOCK_CREATE_RULESET: Final = 444  # the three numbers are the same on every architecture
_SYS_LANDLOCK_ADD_RULE: Final = 445
_SYS_LANDLOCK_RESTRICT_SELF: Final = 446
_RULE_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_CAPABILITY_VERSION_3: Final = 0x20080522
_KEPT_CAPABILITIES: Final = (1 << 1) | (1 << 2)
"""DAC_OVERRIDE and DAC_READ_SEARCH: without them a connector run by root could not import code of another user."""


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def confine(denied: Sequence[Path]) -> str | None:
    """Make the denied files and folders unreadable for this process and all it starts, for ever. None: done; else why
    not.

    Call it before any thread starts. Files that are created later *beside* a denied file, or beside a folder on the way
    to one, are unreadable too: keep a source's files in a folder of their own.
    """
    if sys.platform != "linux":
        return f"no Landlock on {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _drop_capabilities(libc)
    ruleset = libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, ctypes.byref(_RulesetAttr(_READ_FILE)), 8, 0)
    if ruleset < 0:
        return f"Landlock: {os.strerror(ctypes.get_errno())}"
    try:
        return _enforce(libc, ruleset, {path.resolve() for path in denied})
    finally:
        os.close(ruleset)


def _enforce(libc: ctypes.CDLL, ruleset: int, denied: set[Path]) -> str | None:
    for path in _all_but(Path("/"), denied):
        _allow(libc, ruleset, path)
    if libc.syscall(_SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
        return f"Landlock: {os.strerror(ctypes.get_errno())}"
    return None


def _all_but(folder: Path, denied: set[Path]) -> Iterator[Path]:
    """The largest subtrees that hold no denied path. Links are left out: what they lead to is judged where it
    stands."""
    if not denied:
        yield folder
        return
    ways = {parent for path in denied for parent in path.parents}
    with os.scandir(folder) as entries:
        paths = [folder / entry.name for entry in entries if not entry.is_symlink()]
    for path in paths:
        if path in denied:  # also when something in it is denied by itself
            continue
        if path in ways:
            yield from _all_but(path, denied)
        else:
            yield path


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, or not ours to see
        return
    try:
        if not stat.S_ISLNK(os.fstat(opened).st_mode):
            rule = _PathBeneathAttr(_READ_FILE, opened)
            libc.syscall(_SYS_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root's extra powers (raw memory, other processes) go; without root there is nothing to drop."""
    if os.geteuid() != 0:
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    kept = (ctypes.c_uint32 * 6)(_KEPT_CAPABILITIES, _KEPT_CAPABILITIES, 0, 0, 0, 0)
    libc.capset(header, kept)
