"""The connector does what the hub expects of it: the checks C01–C17, all of which can run here (`strict`)."""

from __future__ import annotations

from hub.connect.conformance.testing import conformance

test_conformance = conformance("acme", strict=True)
