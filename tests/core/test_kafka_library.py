"""Kafka's jars: downloaded once, never used half, and one clear line for what is missing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.kafka_library import find_java, kafka_library

JAR = "kafka_2.13-4.3.1.jar"
# Stand-ins for Maven: each call adds a line to `calls` and puts the jar where it is told to.
COPY = 'for word; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done; mkdir -p "$out"'
GOOD = f'{COPY}; echo call >> "$CALLS"; echo jar > "$out/{JAR}"'
BROKEN_OFF = f'{GOOD}; echo "[ERROR] Could not resolve dependencies"; exit 1'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "mkdir").symlink_to("/bin/mkdir")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("REGIEHUB_KAFKA_LIB", raising=False)
    return folder


def install(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def refusal_of_library() -> str:
    with pytest.raises(BrokerNotInstalled) as refused:
        kafka_library()
    assert "\n" not in refused.value.user_message
    return refused.value.user_message


def test_the_second_start_finds_the_first_ones_jars(programs: Path, tmp_path: Path) -> None:
    install(programs, "mvn", GOOD)
    library = kafka_library()
    assert [path.name for path in library.iterdir()] == [JAR]
    assert kafka_library() == library
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "call\n"


def test_two_starts_at_once_download_once(programs: Path, tmp_path: Path) -> None:
    install(programs, "mvn", GOOD)
    starts = [threading.Thread(target=kafka_library) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "call\n"


def test_a_download_that_broke_off_is_never_used(programs: Path) -> None:
    install(programs, "mvn", BROKEN_OFF)
    assert refusal_of_library() == ("Maven's download of Kafka failed: [ERROR] Could not resolve dependencies")
    assert refusal_of_library()  # again: what it left is no library
    install(programs, "mvn", GOOD)
    assert (kafka_library() / JAR).exists()


def test_without_maven_it_says_so(programs: Path) -> None:
    assert refusal_of_library() == "Kafka's first start downloads it with Maven, and mvn is not in PATH"


def test_a_chosen_folder_of_jars_needs_no_maven(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / JAR).touch()
    monkeypatch.setenv("REGIEHUB_KAFKA_LIB", str(tmp_path))
    assert kafka_library() == tmp_path


def test_a_chosen_folder_of_something_else_is_left_alone(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs, "mvn", GOOD)
    monkeypatch.setenv("REGIEHUB_KAFKA_LIB", str(programs))
    assert "is not a folder of Kafka jars" in refusal_of_library()
    assert (programs / "mvn").exists()


def test_a_folder_that_cannot_be_made_gives_one_line(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("REGIEHUB_KAFKA_LIB", str(tmp_path / "file" / "lib"))
    assert "can't keep Kafka's jars" in refusal_of_library()


def test_without_java_it_says_so(programs: Path) -> None:
    with pytest.raises(BrokerNotInstalled, match="needs Java 17 or later; no java in PATH"):
        find_java()


@pytest.mark.parametrize(("version", "major"), [("1.8.0_412", 8), ("11.0.2", 11)])
def test_an_older_java_is_refused(programs: Path, version: str, major: int) -> None:
    install(programs, "java", f"echo 'openjdk version \"{version}\" 2020-01-01' >&2")
    with pytest.raises(BrokerNotInstalled, match=f"is Java {major}$"):
        find_java()


@pytest.mark.parametrize("version", ["17.0.15", "21", "25-ea"])
def test_java_home_goes_before_the_path(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    install(tmp_path / "jdk" / "bin", "java", f"echo 'openjdk version \"{version}\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert find_java() == str(tmp_path / "jdk" / "bin" / "java")
