"""Tiers of tests, as a pytest plugin: which ran, which did not and why; the seed; soak runs.

A test belongs to the tier of its nearest tier marker, else of its folder (`tests/<tier>/...`). The session
ends with a line per tier. With `REGIEHUB_REQUIRE_ALL_TIERS=1` a tier that has tests but ran none, or skipped
any, fails the session. `--soak-minutes N` (or `REGIEHUB_SOAK_MINUTES`) runs only the soak and soakable tests;
`--drills` only the drills, which take minutes each and are left out else.

The tests may run in several processes (pytest-xdist): what is known of a test in the process that ran it travels on
its report, in `user_properties`, and the process that reports counts.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import machine

NEEDS = {
    "core": None,
    "stream": None,
    "upstream": None,
    "desk": None,
    "brp": machine.reference_missing,
    "kafka": machine.kafka_missing,
    "browser": machine.chromium_missing,
    "vendor": None,
    "postgres": machine.postgres_missing,
    "deploy": machine.promtool_missing,
    "wheel": None,
}
"""Each tier, in the order of the report, with what says why it cannot run on this machine."""

REQUIRE_ALL = "REGIEHUB_REQUIRE_ALL_TIERS"
SEED = "REGIEHUB_SEED"
SOAK_MINUTES = "REGIEHUB_SOAK_MINUTES"

SOAK_GRACE_SECONDS = 1800
"""What a soak test may take beyond its share: to start a broker, to finish its last round or its 20,000 runs, which are
ten minutes of one core, to compare."""

_OUTCOMES = ("passed", "failed", "error", "xfailed")

_TIER = "tier"
_LINE = "closing line"
"""Names of what travels on the report of a test."""

DRILLED = frozenset({"wheel"})
"""Tiers whose tests are all drills: `make test` neither runs nor misses them, and `make drills` must run them."""

FIRST = ("kafka", "brp", "wheel", "vendor", "stream", "browser", "deploy")
"""Tiers with the longest tests: started first, so that no process is left alone with one at the end."""

TOGETHER = {
    **{f"tests/kafka/test_{name}.py": "the one Kafka" for name in ("broker", "lane", "restarts")},
    **{f"tests/brp/test_{name}.py": "the test persons in the hub" for name in ("agreement", "traps")},
}
"""Files that share what takes long to make (a fixture of the session), and what that is: run by several processes, each
would make its own."""


@dataclass
class TierCount:
    """What became of the tests of one tier: an outcome per test, and the reasons of those skipped."""

    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    exists: bool = False

    @property
    def counts(self) -> Counter[str]:
        """Number of tests by outcome."""
        return Counter(self.outcomes.values())

    @property
    def ran(self) -> int:
        """Tests that were executed, whatever came of it."""
        return sum(self.counts[outcome] for outcome in _OUTCOMES)

    def line(self, tier: str, *, elsewhere: bool = False) -> str:
        """The closing line of this tier. `elsewhere`: its tests are for another kind of run."""
        if not self.ran and elsewhere and self.exists:
            return f"tier {tier}: not run: its tests are drills (make drills)"
        if not self.ran:
            return f"tier {tier}: not run: {self._why()}"
        parts = ", ".join(f"{name} {self.counts[name]}" for name in _OUTCOMES if self.counts[name])
        skipped = self.counts["skipped"]
        tail = f", skipped {skipped}: {self._why()}" if skipped else ""
        return f"tier {tier}: ran {self.ran} ({parts}){tail}"

    def violation(self, tier: str) -> str | None:
        """Why this tier fails a session that requires all tiers, or None."""
        if not self.exists or (self.ran and not self.counts["skipped"]):
            return None
        what = f"skipped {self.counts['skipped']} of its tests" if self.ran else "did not run"
        return f"tier {tier} {what} ({self._why()}), and {REQUIRE_ALL} is set"

    def _why(self) -> str:
        if self.reasons:
            return "; ".join(reason for reason, _ in self.reasons.most_common(3))
        return "not selected" if self.exists else "no tests"


class Tiers:
    """The plugin of one session: sorts the tests into tiers, counts them and reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.required = os.environ.get(REQUIRE_ALL, "") not in {"", "0"}
        self.soak_minutes: float = config.getoption("soak_minutes")
        self.soak_tests = 0
        self.drills: bool = config.getoption("drills")
        self.count = {tier: TierCount() for tier in NEEDS}
        self.lines: list[str] = []
        self._reports = not hasattr(config, "workerinput")
        self._tests = config.rootpath / "tests"
        self._missing: dict[str, str | None] = {}
        for tier in NEEDS:
            self.count[tier].exists = any((self._tests / tier).rglob("test_*.py"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Let each process of pytest-xdist begin in another folder: in a fresh clone they then compile different files
        of tests at first, and read what the others compiled, instead of compiling all of them once each."""
        given: dict[str, str] = getattr(session.config, "workerinput", {})
        if given and [Path(arg).resolve() for arg in session.config.args] == [self._tests]:
            places = sorted(str(place) for place in self._tests.iterdir() if place.is_dir() or place.suffix == ".py")
            first = int(given["workerid"].removeprefix("gw")) * len(places) // int(given["workercount"])
            session.config.args[:] = places[first:] + places[:first]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Give every test its tier, and keep only those that this kind of run is for."""
        for item in items:
            tier = self.tier(item)
            item.user_properties.append((_TIER, tier))
            self.count[tier].exists = True
        keep = sorted((item for item in items if self._wanted(item)), key=_turn)
        drop = [item for item in items if not self._wanted(item)]
        if drop:
            config.hook.pytest_deselected(items=drop)
        items[:] = keep

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Divide the time of a soak run over what was selected in the end."""
        self.soak_tests = len(session.items)
        if not self.soak_minutes:
            return
        for item in session.items:
            limit = self.soak_seconds + SOAK_GRACE_SECONDS
            item.add_marker(pytest.mark.timeout(limit), append=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test whose tier cannot run here; fail it when all tiers are required."""
        reason = self._reason(_tier_of(item))
        if reason and self.required:
            pytest.fail(f"{reason}, and {REQUIRE_ALL} is set", pytrace=False)
        if reason:
            pytest.skip(reason)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a test; a failing teardown overrides a passed call."""
        count = self.count[_tier_of(report)]
        count.exists = True
        if report.when == "teardown":
            self.lines += [str(value) for name, value in report.user_properties if name == _LINE]
        if report.skipped and hasattr(report, "wasxfail"):
            count.outcomes[report.nodeid] = "xfailed"
        elif report.skipped:
            count.outcomes[report.nodeid] = "skipped"
            count.reasons[_skip_reason(report)] += 1
        elif report.failed:
            count.outcomes[report.nodeid] = "failed" if report.when == "call" else "error"
        elif report.when == "call":
            count.outcomes[report.nodeid] = "passed"

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a session that was green only because a tier stayed out."""
        if self._reports and exitstatus == pytest.ExitCode.OK and self.violations(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the figures that tests closed with, the line per tier, and what is wrong with them."""
        if terminalreporter.config.option.collectonly:
            return
        if self.lines:
            terminalreporter.section("figures")
        for line in self.lines:
            terminalreporter.write_line(line)
        terminalreporter.section("tiers")
        for tier, count in self.count.items():
            terminalreporter.write_line(count.line(tier, elsewhere=tier in DRILLED and not self.drills))
        for violation in self.violations(terminalreporter.config):
            terminalreporter.write_line(f"ERROR: {violation}", red=True)

    def violations(self, config: pytest.Config) -> list[str]:
        """What a session that requires all tiers lacks; nothing for other sessions, nor for a soak run. Of drills:
        which tier skipped one, or ran none although it has nothing else."""
        if not self.required or self.soak_minutes or config.option.collectonly:
            return []
        counted = {
            tier: count for tier, count in self.count.items() if count.outcomes or (tier in DRILLED) == self.drills
        }
        found = (count.violation(tier) for tier, count in counted.items())
        return [violation for violation in found if violation]

    def tier(self, item: pytest.Item) -> str:
        """The tier of a test: its nearest tier marker, else its folder.

        Raises: pytest.UsageError for a test without any: it would be missing from the report."""
        for mark in item.iter_markers():
            if mark.name in NEEDS:
                return mark.name
        if item.path.is_relative_to(self._tests):
            folder = item.path.relative_to(self._tests).parts[0]
            if folder in NEEDS:
                return folder
        raise pytest.UsageError(f"{item.nodeid} belongs to no tier: use tests/<{'|'.join(NEEDS)}>/ or a marker")

    @property
    def soak_seconds(self) -> float:
        """The share of one test in a soak run; 0 outside of one."""
        return self.soak_minutes * 60 / max(1, self.soak_tests)

    def _wanted(self, item: pytest.Item) -> bool:
        marks = {mark.name for mark in item.iter_markers()}
        if self.soak_minutes:
            return bool(marks & {"soak", "soakable"})
        return "soak" not in marks and ("drill" in marks) == self.drills

    def _reason(self, tier: str) -> str | None:
        if tier not in self._missing:
            find = NEEDS[tier]
            self._missing[tier] = find() if find else None
        return self._missing[tier]


def _tier_of(test: pytest.Item | pytest.TestReport) -> str:
    return str(dict(test.user_properties)[_TIER])


def _turn(item: pytest.Item) -> tuple[int, Path]:
    """Where a test comes in the order, the same in each process; tests of one file stay as they are."""
    tier = _tier_of(item)
    return FIRST.index(tier) if tier in FIRST else len(FIRST), item.path


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return "skipped"


def _soak_minutes(text: str) -> float:
    minutes = float(text or 0)
    if minutes < 0:
        raise ValueError("--soak-minutes is a number of minutes, 0 or more")
    return minutes


_TIERS = pytest.StashKey[Tiers]()
_SEED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--soak-minutes` and `--drills`."""
    parser.addoption(
        "--soak-minutes",
        type=_soak_minutes,
        default=os.environ.get(SOAK_MINUTES, "0"),
        metavar="N",
        help="run only the soak and soakable tests, for N minutes in all",
    )
    parser.addoption("--drills", action="store_true", help="run only the drills")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and the plugin of this session; draw the seed."""
    for tier in NEEDS:
        config.addinivalue_line("markers", f"{tier}: the test belongs to the tier {tier}, wherever it stands")
    config.addinivalue_line("markers", "drill: takes minutes; runs under `make drills` only")
    config.addinivalue_line("markers", "soak: runs under `make soak` only")
    config.addinivalue_line("markers", "soakable: runs in `make test`, and again, for longer, under `make soak`")
    config.stash[_SEED] = _seed(config)
    config.stash[_TIERS] = Tiers(config)
    config.pluginmanager.register(config.stash[_TIERS], "regiehub-tiers")


def _seed(config: pytest.Config) -> int:
    """That of the process that reports, else the one that is asked for, else a new one."""
    given: dict[str, int] = getattr(config, "workerinput", {})
    return given[SEED] if SEED in given else int(os.environ.get(SEED) or secrets.randbelow(2**32))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file goes to one process, whole; files that share something all go to the same."""
    from xdist.scheduler import LoadFileScheduling

    found = LoadFileScheduling(config, log)
    file_of = found._split_scope
    found._split_scope = lambda nodeid: TOGETHER.get(file_of(nodeid), file_of(nodeid))
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each process of pytest-xdist the one seed."""
    node.workerinput[SEED] = node.config.stash[_SEED]


def pytest_report_header(config: pytest.Config) -> str:
    """Show the seed, so that a run can be repeated."""
    number = config.stash[_SEED]
    return f"seed {number} (repeat with {SEED}={number})"


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The seed of this run: `REGIEHUB_SEED`, else drawn; it stands in the header and in every failure."""
    return pytestconfig.stash[_SEED]


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """A generator of this test's own: the same numbers for the same seed, whichever other tests run."""
    return random.Random(f"{seed}:{request.node.nodeid}")


@pytest.fixture
def close_with(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a line at the end of the run, beside those of the tiers, whether the test passes or not."""
    return lambda line: request.node.user_properties.append((_LINE, line))


@pytest.fixture(scope="session")
def soak_minutes(pytestconfig: pytest.Config) -> float:
    """Minutes of the whole soak run; 0 under `make test`."""
    return pytestconfig.stash[_TIERS].soak_minutes


@pytest.fixture
def soak_seconds(pytestconfig: pytest.Config) -> float:
    """Seconds this test should go on in a soak run (its share of the minutes); 0 under `make test`."""
    return pytestconfig.stash[_TIERS].soak_seconds


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the seed beside a failure of a test that used it."""
    report = yield
    if report.failed and "seed" in getattr(item, "fixturenames", ()):
        report.sections.append(("seed", f"{SEED}={item.config.stash[_SEED]}"))
    return report
