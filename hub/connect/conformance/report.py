"""The report: for people, as JSON, and as JUnit XML for CI."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from hub.connect.conformance.verdict import Outcome, Result


def line(result: Result) -> str:
    """One check, for people: number, outcome, demand; and for what does not hold what was seen and what to do."""
    head = f"{result.number} {result.outcome.value:8}{result.demands}"
    below = [("seen" if result.outcome is Outcome.FAILED else "why", result.seen), ("do", result.do)]
    return "\n".join([head, *(f"    {name + ':':5} {text}" for name, text in below if text)])


def summary(results: Sequence[Result]) -> str:
    """How many held, did not hold, could not run."""
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome)


def as_json(connector: str, version: str, results: Sequence[Result]) -> str:
    """One JSON object."""
    counts = Counter(result.outcome for result in results)
    body = {
        "connector": connector,
        "version": version,
        **{outcome.value: counts[outcome] for outcome in Outcome},
        "checks": [result._asdict() for result in results],
    }
    return json.dumps(body, ensure_ascii=False)


def as_junit(connector: str, results: Sequence[Result]) -> bytes:
    """A JUnit file: one test case per check."""
    counts = Counter(result.outcome for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name=f"conformance of {connector}",
        tests=str(len(results)),
        failures=str(counts[Outcome.FAILED]),
        errors="0",
        skipped=str(counts[Outcome.SKIPPED]),
        time=f"{sum(result.seconds for result in results):.2f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"conformance.{connector}",
            name=f"{result.number} {result.demands}",
            time=f"{result.seconds:.2f}",
        )
        if result.outcome is Outcome.FAILED:
            ElementTree.SubElement(case, "failure", message=result.seen).text = result.do
        elif result.outcome is Outcome.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=result.seen)
    data: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return data
