"""The conformance kit: the checks C01–C17 that a connector passes before it goes into production.

`regiehub connector test NAME`, or one line in a vendor's own tests:

    from hub.connect.conformance.testing import conformance
    test_conformance = conformance("acme")

It plays the hub: it may use ingest, with keys that it throws away. Imports no Kafka, Faust, web or SQL library.
"""

from hub.connect.conformance import report
from hub.connect.conformance.bench import Bench
from hub.connect.conformance.checks import CHECKS, Check
from hub.connect.conformance.running import run
from hub.connect.conformance.subject import Subject, subject_of
from hub.connect.conformance.verdict import Outcome, Result

__all__ = ["CHECKS", "Bench", "Check", "Outcome", "Result", "Subject", "report", "run", "subject_of"]
