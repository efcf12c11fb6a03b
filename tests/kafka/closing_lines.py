"""Figures of a test that should stand at the end of the run, beside the lines of the tiers."""

from __future__ import annotations

import pytest


class ClosingLines:
    """A plugin of one session: lines for its summary."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Say this at the end, whether the test passes or not."""
        self._lines.append(line)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the lines."""
        if self._lines:
            terminalreporter.section("figures")
        for line in self._lines:
            terminalreporter.write_line(line)
