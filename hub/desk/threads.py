"""What happened to the requests of a household, as API and page show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from hub.desk.words import Words
from hub.household.costs import Committed, committed, year
from hub.household.prices import Prices
from hub.household.requests.claim import Step
from hub.household.requests.threads import Thread


def answer(found: Iterable[Thread], today: date, prices: Prices) -> list[dict[str, object]]:
    """The threads as the API gives them."""
    return [_thread(thread, today, prices) for thread in found]


def _thread(thread: Thread, today: date, prices: Prices) -> dict[str, object]:
    cost = committed([thread], prices, year(today))
    return {
        "key": thread.key,
        "kind": thread.kind,
        "law": thread.law,
        "persons": thread.persons,
        "product_code": thread.product_code,
        "product": product(thread, prices, "nl"),
        "provider_code": thread.provider_code,
        "provider": thread.provider,
        "reference": thread.reference,
        "allocation_numbers": thread.numbers,
        "submitted_on": thread.submitted_on,
        "state": thread.state,
        "since": thread.since,
        "accounts": [item._asdict() for item in thread.accounts],
        "differs": thread.differs,
        "steps": [_step(item) for item in thread.steps],
        "decision": thread.decision._asdict() if thread.decision else None,
        "wrong": [item._asdict() for item in thread.wrong],
        "missing": thread.missing,
        "next": {"party": thread.next_party, "due": thread.next_due, "late": thread.late},
        "owed": [item._asdict() | {"late": item.is_late(today)} for item in thread.owed],
        "allocations": [item._asdict() for item in thread.allocations],
        "committed": {"year": today.year, **cost._asdict()},
        "records": [item._asdict() for item in thread.records],
    }


def _step(step: Step) -> dict[str, object]:
    return {name: value for name, value in step._asdict().items() if name != "further"}


def product(thread: Thread, prices: Prices, language: str) -> str:
    """What is asked for, in plain words: as the registration says, else as the price list does; empty if neither."""
    known = prices.products.get(thread.product_code)
    return thread.product or (getattr(known, language) if known else "")


class ThreadWords:
    """How a page says a thread. `w`: the words of the page."""

    def __init__(self, w: Words, today: date, prices: Prices) -> None:
        self._w = w
        self._today = today
        self._prices = prices

    def product(self, thread: Thread) -> str:
        """What is asked for."""
        return product(thread, self._prices, self._w.language) or thread.product_code

    def next(self, thread: Thread) -> str:
        """Who must act, and by when."""
        said = self._w.t("thread.next", party=self._w.code("party", thread.next_party.value))
        if thread.next_due is None:
            return said
        return f"{said}, {self._w.t('thread.due', due=self.date(thread.next_due))}"

    def decision(self, thread: Thread) -> list[str]:
        """What was decided, and why; nothing while nothing is."""
        found = thread.decision
        if found is None:
            return []
        reasons = [self._w.code("rejection", found.code) if found.code else "", found.text]
        reason = "; ".join(filter(None, reasons))
        lines = [self._w.t(f"thread.decision.{found.outcome}", on=self.date(found.on))]
        lines += [self._w.t("thread.reason", reason=reason)] if reason else []
        lines += [self._w.t("thread.municipality", code=found.municipality)] if found.municipality else []
        return lines

    def faults(self, thread: Thread) -> Iterator[str]:
        """What is missing or was filled in wrong."""
        if thread.missing:
            names = self._w.listed(self._w.code("missing", name) for name in thread.missing)
            yield f"{self._w.t('thread.missing')}: {names}"
        if thread.wrong:
            codes = self._w.listed(dict.fromkeys(self._w.code("return", item.code) for item in thread.wrong))
            yield f"{self._w.t('thread.wrong')}: {codes}"

    def account(self, thread: Thread) -> Iterator[str]:
        """Where it is by each source."""
        for item in thread.accounts:
            yield self._w.t(
                "thread.by_source",
                source=self._w.source(item.source),
                state=self._w.code("request", item.state),
                on=self.date(item.on),
                time=self._w.time(item.recorded_at),
            )

    def step(self, step: Step) -> str:
        """One step of the course."""
        said = f"{self.date(step.on)}: {self._w.code('request', step.state)}"
        groups = {"ended": "end", "paused": "end", "rejected": "rejection", "rejected_technically": "return"}
        if step.code and step.state in groups and step.state != "paused":
            codes = (self._w.code(groups[step.state], code) for code in step.code.split(","))
            said += f" ({self._w.listed(codes)})"
        return f"{said}, {self._w.source(step.source)}"

    def cost(self, thread: Thread) -> str:
        """What is committed this year; empty if nothing is granted."""
        found: Committed = committed([thread], self._prices, year(self._today))
        if not thread.allocations:
            return ""
        if found.unknown:
            return self._w.t("thread.committed_unknown")
        return self._w.t("thread.committed", year=self._today.year, money=self._w.money(found.cents))

    def date(self, day: date) -> str:
        """A day."""
        return self._w.date(day.isoformat())
