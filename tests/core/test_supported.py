"""An unsupported machine gets one clear line before anything is installed."""

from __future__ import annotations

import platform
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "supported.py"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Run the script; return what it exits with, "" when it accepts the machine."""
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as stop:
        assert isinstance(stop.code, str)
        assert "\n" not in stop.code
        return stop.code
    assert capsys.readouterr() == ("", "")
    return ""


@pytest.fixture(autouse=True)
def debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))


def test_a_supported_machine_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == ""


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert said(capsys).startswith("regiehub: needs Python 3.11 or newer")


@pytest.mark.parametrize("libc", [("glibc", "2.31"), ("", ""), ("musl", "1.2.4")])
def test_another_libc_points_to_a_real_kafka(
    libc: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert "--broker kafka" in said(capsys)


def test_another_platform_points_to_a_real_kafka(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "FreeBSD")
    assert "--broker kafka" in said(capsys)
