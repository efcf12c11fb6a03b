"""What a real Kafka needs on this machine: Java, and its jars, downloaded once by Maven into a cache folder.

Maven's own settings decide where the jars come from. On a machine without Maven or network: set
`REGIEHUB_KAFKA_LIB` to the `libs` folder of an unpacked Apache Kafka 4.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from hub.demo.brokers import BrokerNotInstalled, BrokerUnavailable
from hub.demo.brokers.child import ChildProcess

__all__ = ["find_java", "kafka_library"]

_OLDEST_JAVA = 17  # a Kafka 4 broker is compiled for it
_BROKER_JAR = "kafka_2.13-*.jar"
_DOWNLOAD_SECONDS = 600.0
_POLL_SECONDS = 0.1


def find_java() -> str:
    """The absolute path of a Java that can run Kafka (`JAVA_HOME` first, then `PATH`).

    Raises BrokerNotInstalled."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if java is None:
        where = f"JAVA_HOME ({home})" if home else "PATH"
        raise BrokerNotInstalled(f"Kafka needs Java {_OLDEST_JAVA} or later; no java in {where}")
    version = _java_version(java)
    if version < _OLDEST_JAVA:
        raise BrokerNotInstalled(f"Kafka needs Java {_OLDEST_JAVA} or later; {java} is Java {version}")
    return java


def kafka_library() -> Path:
    """The folder with Kafka's jars; the first call on a machine downloads them (about 45 MB).

    A folder appears under its name only when it is complete: a broken-off download is never used, and of two
    starts at once one waits. Raises BrokerNotInstalled."""
    chosen = os.environ.get("REGIEHUB_KAFKA_LIB")
    library = Path(chosen).absolute() if chosen else _cache_folder() / "lib"
    if _is_complete(library):
        return library
    if library.exists() and any(library.iterdir()):
        raise BrokerNotInstalled(f"{library} is not a folder of Kafka jars: it has no {_BROKER_JAR}")
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with _locked(library.with_name(f"{library.name}.lock")):
            if not _is_complete(library):
                _download(library)
    except OSError as error:
        reason = error.strerror or error
        raise BrokerNotInstalled(f"can't keep Kafka's jars in {library}: {reason}") from error
    return library


@functools.cache
def _java_version(java: str) -> int:
    told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if found is None:
        raise BrokerNotInstalled(f"Kafka needs Java {_OLDEST_JAVA} or later; {java} names no version")
    return int(found[1])


def _cache_folder() -> Path:
    """One folder per content of the pom, so that no running Kafka loses its jars to a newer one."""
    pom = _pom()
    version = ElementTree.fromstring(pom).findtext(".//{*}kafka.version")
    digest = hashlib.sha256(pom).hexdigest()[:8]
    return _platform_cache() / "regiehub" / f"kafka-{version}-{digest}"


def _platform_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _pom() -> bytes:
    return resources.files("hub.demo.brokers").joinpath("pom.xml").read_bytes()


def _is_complete(library: Path) -> bool:
    return any(library.glob(_BROKER_JAR))


def _download(library: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerNotInstalled("Kafka's first start downloads it with Maven, and mvn is not in PATH")
    work = library.with_name(f"{library.name}.partial")
    shutil.rmtree(work, ignore_errors=True)  # of a download that was broken off; we hold the lock
    work.mkdir()
    try:
        _run_maven(maven, work)
        (work / "lib").replace(library)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run_maven(maven: str, work: Path) -> None:
    (work / "pom.xml").write_bytes(_pom())
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={work / 'lib'}"]
    child = ChildProcess([maven, "-q", "-B", "-f", str(work / "pom.xml"), *goal], log=work / "maven.log")
    try:
        code = child.wait(_DOWNLOAD_SECONDS)
    finally:
        child.kill()
    if code != 0 or not _is_complete(work / "lib"):
        lines = child.last_lines(40)
        first = next((line for line in lines if line.startswith("[ERROR]")), "it gave no reason")[:300]
        outcome = "was not done in time" if code is None else "failed"
        raise BrokerNotInstalled(f"Maven's download of Kafka {outcome}: {first}", detail="\n".join(lines))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the system lets go when the holder dies."""
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    with path.open("a+b") as file:
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"another process has been downloading Kafka for too long ({path})")
            time.sleep(_POLL_SECONDS)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
