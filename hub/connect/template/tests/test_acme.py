"""The connector does what the hub expects of it: the checks C01–C17."""

from __future__ import annotations

from hub.connect.conformance.testing import conformance

test_conformance = conformance("acme")
