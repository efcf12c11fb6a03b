"""Shared by all tests: the tiers, the seed, and how Hypothesis runs."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.tiers", "pytester"]

# No deadline per example: two cores are shared with brokers and browsers. A failure prints how to repeat it.
settings.register_profile(
    "regiehub",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("regiehub")
