"""What is worked out of a whole household and told to somebody who sees a part of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.desk.access import Ground, Opening, cut, known_of
from hub.desk.access.decide import Openings
from hub.desk.insight import Insight, Whole
from hub.events.ids import DossierRef
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document, RecordEntry
from hub.household.requests.threads import threads
from tests.core.attention_facts import (
    MC,
    TODAY,
    ZCD,
    contact,
    director,
    dossier,
    goal,
    household,
    line,
    request,
    signal,
)
from tests.core.request_facts import answered, asked, registered
from tests.core.request_facts import with_messages as messages_about
from tests.desk.conftest import NOW

OTHER = DossierRef("zcd", "Z-2")
REFS = (ZCD, OTHER, MC)
WHERE: dict[str, Any] = {"ref": st.sampled_from(REFS), "record_id": st.sampled_from("abc")}
STATUS = st.sampled_from(["open", "achieved", "achieved"])
LAW = st.sampled_from(["jw", "wmo"])
RECORDS = st.one_of(
    st.builds(
        goal,
        st.sampled_from(["finance", "housing"]),
        STATUS,
        st.sampled_from([None, "2026-03-01"]),
        **WHERE,
    ),
    st.builds(request, st.sampled_from(["submitted", "under_investigation", "ended"]), st.just("2026-01-05"), **WHERE),
    st.builds(
        registered, st.sampled_from(["submitted", "granted"]), st.just("2026-01-05"), reference=st.just("V1"), **WHERE
    ),
    st.builds(asked, st.just("2026-01-05"), law=LAW),
    st.builds(answered, st.just("2026-01-08"), st.just("under_investigation"), law=LAW),
    st.builds(signal, st.sampled_from(["2026-02-01", "2026-02-02"]), **WHERE),
    st.builds(contact, st.just("no_show"), st.sampled_from(["2026-03-01", "2026-03-02"]), **WHERE),
    st.builds(director, st.sampled_from(["Kim", "Omar"]), **WHERE),
)
CLIENT = st.sampled_from(["p-noor", "p-bas"])
CLOSED_ON = st.sampled_from([None, None, "2025-12-01"])


def shown_to(document: Document, seen: Collection[DossierRef]) -> Document:
    """The document as somebody sees it who sees these dossiers in full and of the others that they are there."""
    return cut(document, opened(document, seen))


def opened(document: Document, seen: Collection[DossierRef]) -> Openings:
    opening = (Opening(Ground.WMO_5_1_1, "team"),)
    messages = [item.ref for item in known_of(document, NOW).messages if item.beside & set(seen)]
    return dict.fromkeys([*seen, *messages], opening)


def told(shown: Document, whole: Document) -> list[AttentionPoint]:
    return Insight(shown, Whole(whole, TODAY, Terms())).points


def named(value: object) -> Iterator[str]:
    """The numbers of dossiers that stand anywhere in a detail."""
    if isinstance(value, dict):
        yield from [value["dossier_id"]] if "dossier_id" in value else []
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from named(item)


def test_ready_to_close_tells_what_stands_open_in_what_the_reader_sees() -> None:
    records = [
        goal(status="achieved"),
        request("started", "2026-01-01"),
        signal("2026-02-01", ref=OTHER),
        goal(ref=MC, record_id="2"),
        signal("2026-02-02", ref=MC, record_id="2"),
    ]
    whole = household([dossier(), dossier(OTHER), dossier(MC)], records)

    def still_open(*seen: DossierRef) -> Iterable[tuple[object, object]]:
        (point,) = (item for item in told(shown_to(whole, seen), whole) if item.rule is Rule.READY_TO_CLOSE)
        found: Any = point.detail["still_open"]
        return [(item["kind"], item["dossier_id"]) for item in found]

    assert still_open(ZCD) == [("request", "Z-1")]
    assert still_open(ZCD, OTHER) == [("request", "Z-1"), ("child_safety", "Z-2")]
    everything = [("request", "Z-1"), ("goals", "MC-1"), ("child_safety", "MC-1"), ("child_safety", "Z-2")]
    assert still_open(*REFS) == everything


def with_messages(clients: Sequence[str], records: Iterable[RecordEntry], closed: Sequence[str | None]) -> Document:
    """A household of three dossiers, each with its own client; the messages are about `p-noor`."""
    found = messages_about(records, "p-noor")
    parts = list(zip(REFS, clients, closed, strict=True))
    found["dossiers"] = [dossier(ref, "2025-06-01", day, client=client) for ref, client, day in parts]
    found["lines"] = [line(client, ref) for ref, client, _ in parts]
    return found


def tells_of_request(clients: Sequence[str], *seen: DossierRef) -> bool:
    whole = with_messages(clients, [asked("2026-01-05", law="jw")], (None, None, None))
    return Rule.REQUEST_OVERDUE in {point.rule for point in told(shown_to(whole, seen), whole)}


def test_a_request_that_only_messages_know_is_late_for_those_alone_who_see_what_these_say() -> None:
    of_both = ("p-noor", "p-bas", "p-noor")
    assert tells_of_request(of_both, ZCD)
    assert [tells_of_request(of_both, ref) for ref in (OTHER, MC)] == [False, False]
    of_adults = ("p-bas", "p-bas", "p-noor")
    assert not tells_of_request(of_adults, *REFS)


@given(
    st.lists(RECORDS, max_size=8),
    st.sets(st.sampled_from(REFS)),
    st.tuples(*[st.tuples(CLOSED_ON, STATUS, CLIENT)] * 3),
)
def test_no_point_tells_anything_of_what_stands_in_a_dossier_that_is_not_seen(
    made: list[RecordEntry], seen: set[DossierRef], each: tuple[tuple[str | None, str, str], ...]
) -> None:
    """It is told in the same words as if the content of that dossier was not there."""
    closed, statuses, clients = zip(*each, strict=True)
    goals = [goal(status=status, ref=ref, record_id="plan") for ref, status in zip(REFS, statuses, strict=True)]
    kept = {(item["record_type"], item["source"], item["dossier_id"], item["record_id"]): item for item in made}
    whole = with_messages(clients, [*goals, *kept.values()], closed)
    shown = shown_to(whole, seen)
    without = {(point.rule, point.point): point for point in told(shown, shown)}
    for point in told(shown, whole):
        assert set(named(point.detail)) <= {ref.dossier_id for ref in seen}
        same = without.get((point.rule, point.point))
        assert same == point or (same is None and point.rule is not Rule.REQUEST_OVERDUE)


@given(
    st.lists(CLIENT, min_size=3, max_size=3),
    st.lists(RECORDS, max_size=8),
    st.lists(st.sets(st.sampled_from(REFS)), min_size=1, max_size=4),
)
def test_requests_put_together_once_are_those_of_each_part(
    clients: list[str], records: list[RecordEntry], parts: list[set[DossierRef]]
) -> None:
    document = with_messages(clients, records, [None] * 3)
    whole = Whole(document, TODAY, Terms())
    for seen in [*parts, *parts]:
        shown = shown_to(document, seen)
        assert Insight(shown, whole).threads == threads(shown, TODAY, Terms())


@given(
    st.lists(CLIENT, min_size=3, max_size=3),
    st.lists(RECORDS, max_size=8),
    st.sets(st.sampled_from(REFS)),
    st.dictionaries(st.sampled_from(REFS), st.tuples(CLIENT, st.sampled_from([None, frozenset({"finance"})]))),
)
def test_the_requests_that_are_seen_are_those_of_what_is_cut(
    clients: list[str],
    records: list[RecordEntry],
    seen: set[DossierRef],
    agreed: dict[DossierRef, tuple[str, frozenset[str] | None]],
) -> None:
    """Also where a person lets somebody see a part of a dossier."""
    document = with_messages(clients, records, [None] * 3)
    openings = dict(opened(document, seen))
    for ref, (person, domains) in agreed.items():
        openings[ref] = (*openings.get(ref, ()), Opening(Ground.TOESTEMMING, "consent", person, domains))
    found = Whole(document, TODAY, Terms()).threads_seen(openings)
    assert found == threads(cut(document, openings), TODAY, Terms())
