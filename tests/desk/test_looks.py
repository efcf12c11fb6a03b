from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.desk.looks import Look, LookLog, LooksUnavailable
from hub.events.ids import DossierRef

ZCD, OTHER = DossierRef("zcd", "Z-1"), DossierRef("zcd", "Z-2")


def look(user: str, *refs: DossierRef) -> Look:
    return Look(
        at="2026-03-01T12:00:00.000000Z",
        user=user,
        role="case_director",
        action="read_household",
        household_id="H1",
        dossiers=[ref.key.decode() for ref in refs],
        persons=2,
        allowed=True,
        reason="role_may",
        ground="",
        request_id="r",
    )


def users(log: LookLog, *refs: DossierRef, limit: int = 200) -> list[str]:
    return [item["user"] for item in log.of_dossiers(refs, limit)]


def test_looks_are_found_by_dossier_newest_first_and_once(tmp_path: Path) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    assert users(log, ZCD) == []
    log.write(look("anna", ZCD))
    log.write(look("bob", OTHER))
    assert users(log, ZCD) == ["anna"]
    log.write(look("carl", ZCD, OTHER))
    assert users(log, ZCD, OTHER) == ["carl", "bob", "anna"]
    assert users(log, ZCD, OTHER, limit=1) == ["carl"]


def test_a_log_is_read_on_after_a_restart_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "log" / "looks.jsonl"
    LookLog(path).write(look("anna", ZCD))
    LookLog(path).write(look("bob", ZCD))
    assert users(LookLog(path), ZCD) == ["bob", "anna"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_line_that_a_crash_tore_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    log = LookLog(path)
    log.write(look("anna", ZCD))
    with path.open("ab") as file:
        file.write(b'{"at":"2026-03-0')
    assert users(log, ZCD) == ["anna"]
    log.write(look("bob", ZCD))
    assert users(log, ZCD) == users(LookLog(path), ZCD) == ["bob", "anna"]


def test_a_write_that_fails_or_is_cut_short_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: real(handle, data[:5]))
        with pytest.raises(LooksUnavailable):
            log.write(look("anna", ZCD))
    with monkeypatch.context() as patch, pytest.raises(LooksUnavailable):
        patch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))
        log.write(look("bob", ZCD))
    log.write(look("carl", ZCD))
    assert users(log, ZCD)[0] == "carl"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LooksUnavailable):
        LookLog(tmp_path / "file" / "looks.jsonl").write(look("anna", ZCD))
