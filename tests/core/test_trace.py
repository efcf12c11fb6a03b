"""The one header that a change carries from its source to the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.ids import Order, RecordRef, event_id
from hub.events.trace import HEADER, carried, trace_id, traceparent

MARKED = event_id(RecordRef("zcd", "Z-1", "contact", "C-1"), Order(0, 1, 2, 3))


def test_a_change_is_known_by_its_event_id_in_the_form_of_the_standard() -> None:
    header = traceparent(MARKED)
    version, trace, parent, flags = header.decode().split("-")
    assert (version, trace, flags, len(parent)) == ("00", MARKED, "01", 16)
    assert trace_id(carried([("writer", b"w"), (HEADER, header)])) == MARKED


@given(st.lists(st.tuples(st.sampled_from([HEADER, "writer"]), st.binary(max_size=60))))
def test_nothing_else_is_passed_on(headers: list[tuple[str, bytes]]) -> None:
    assert carried(headers) == b""


def test_a_header_without_a_value_is_none() -> None:
    assert carried([(HEADER, None)]) == b""


def test_what_is_not_carried_has_no_trace_id() -> None:
    with pytest.raises(ValueError, match="traceparent"):
        trace_id(b"")
