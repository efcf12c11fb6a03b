"""Every log line of the hub, declared once: one event name per thing that happens, and the fields it may carry.

`hub/docs/logs.md` is made from it; a test holds the code, this list and that page together. A field is an id, a count,
a time, a reason or words of our own: never content of a record, and no name, BSN or address.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class LogEvent(NamedTuple):
    """One kind of line. `fields`: beside event, level, process and timestamp."""

    name: str
    fields: tuple[str, ...]
    text: str


FIELDS: Final = {
    "after_record": "number of a record in the log of looks",
    "asked": "how many were asked for",
    "at": "a moment",
    "begin": "first offset of a topic",
    "by": "who asked: a user of this machine or of the desk",
    "bytes": "a size",
    "connector": "class of a connector",
    "deleted": "how many records",
    "detail": "words of our own, or of a library about itself",
    "end": "next offset of a topic",
    "erasure_id": "id of an order to forget somebody",
    "error": "class of an error, or its words about the broker",
    "events": "how many events came of it",
    "exit_code": "of a process; below 0: the signal that ended it",
    "failures": "how often in a row something failed",
    "field": "path of a field in the source's own terms",
    "folder": "stage and partition",
    "format": "number of a format",
    "generation": "of the consumer group",
    "hash": "of a line of the log of looks",
    "host": "an address of ours",
    "household_id": "id of a household: a hash, and an address only",
    "incarnation": "of the topics",
    "keys": "how many",
    "lines": "how many",
    "messages_waiting": "how many",
    "offset": "in a topic",
    "outcome": "one word out of a fixed list",
    "outputs": "how many messages",
    "partition": "its number",
    "partitions": "how many",
    "pause_seconds": "a time",
    "port": "a number",
    "position": "of a record in its source",
    "published": "how many events",
    "reason": "one word out of a fixed list",
    "records": "how many",
    "schema": "number of the tables",
    "seconds": "a time",
    "source": "name of a source",
    "source_epoch": "a number",
    "stage": "resolve, route or assemble",
    "topic": "its name",
    "trace_id": "event id of a change, 32 hex digits",
    "traceback": "places in the code, no values",
    "version": "of a connector",
    "wait_seconds": "a time",
    "why": "a reason in words: ours, or those of whoever asked",
    "written_by_schema": "number of the tables",
}
"""What each field holds, in every line the same."""

_PLACE: Final = ("stage", "partition")

EVENTS: Final = (
    LogEvent("change_published", ("trace_id", "source"), "A traced change is acknowledged by the log."),
    LogEvent("change_applied", (*_PLACE, "trace_id", "outputs"), "A stage has done what follows from it, for good."),
    LogEvent("change_visible", ("trace_id", "household_id"), "It can be read, in this household."),
    LogEvent("connector_started", ("source", "connector", "version"), "A source is going to be read."),
    LogEvent("connector_not_confined", ("source", "why"), "This machine cannot lock the connector in."),
    LogEvent("connector_stopped", ("source", "why", "detail"), "It has ended; an error unless it was asked to."),
    LogEvent("connector_reset", ("source", "by", "source_epoch"), "It reads from another place, as somebody asked."),
    LogEvent("connector_held", ("source", "why", "detail"), "Too many records are unreadable."),
    LogEvent("index_started_anew", ("source", "incarnation"), "The topics are new ones: all is published again."),
    LogEvent("source_unavailable", ("source", "detail", "wait_seconds"), "A source is not reached; it is tried again."),
    LogEvent("circuit_opened", ("source", "failures"), "A source is left alone but for one try in a while."),
    LogEvent("circuit_closed", ("source", "failures"), "It answered, after so many failures in a row."),
    LogEvent("log_unavailable", ("source", "detail", "wait_seconds"), "Kafka acknowledged nothing; it is tried again."),
    LogEvent("heartbeat_not_published", ("source", "detail"), "The source's status did not reach the log."),
    LogEvent("record_rejected", ("source", "position", "reason", "field"), "A record is unreadable, and is set aside."),
    LogEvent("source_reconciled", ("source", "outcome", "by"), "It was compared: complete, or it differs."),
    LogEvent("source_not_reconciled", ("source", "why", "by"), "A comparison gave no result; it is tried again."),
    LogEvent("records_repaired", ("source", "asked", "published"), "What a reconciliation asked for was read again."),
    LogEvent(
        "person_erased",
        ("source", "erasure_id", "deleted", "asked"),
        "An order to forget somebody was obeyed: what was deleted, and what is read again without him.",
    ),
    LogEvent("repair_refused", ("source", "why", "detail"), "The source does not let itself be read again."),
    LogEvent("dead_letters_replayed", ("source", "asked", "events"), "Dead letters were translated again."),
    LogEvent("dead_letter_cannot_be_opened", ("source", "position"), "It was sealed with another key."),
    LogEvent("dead_letter_content_shown", ("source", "position", "by", "why"), "Somebody looked at a record itself."),
    LogEvent("backfill_done", ("source", "records", "published"), "All of a source was read once more."),
    LogEvent("backfill_held", ("source", "why", "detail"), "Too many of the records that it reads are unreadable."),
    LogEvent("event_refused", ("source", "reason", "why"), "A request to the receiver of a source was not taken."),
    LogEvent("event_not_kept", ("source", "detail"), "The inbox cannot be written; the source sends it again."),
    LogEvent("event_request_failed", ("error",), "The receiver met a defect of its own; the source sends it again."),
    LogEvent("partitions_assigned", ("partitions", "generation"), "The group gave this worker its share."),
    LogEvent("partition_recovered", (*_PLACE, "seconds", "records"), "Its state is complete."),
    LogEvent("partition_closed", (*_PLACE, "reason", "detail"), "It is taken over again in a moment."),
    LogEvent("state_wiped", (*_PLACE, "offset", "begin", "end"), "Local state lay outside its topic; it is rebuilt."),
    LogEvent("state_of_another_kind_wiped", ("folder", "format"), "Local state was another topic's, incarnation's or"
             " release's, or open while the machine went down; it is rebuilt."),
    LogEvent("contested_keys", (*_PLACE, "keys"), "A former owner wrote late; what follows is published again."),
    LogEvent("late_records_written_over", (*_PLACE, "topic", "keys"), "A former owner wrote late; ours stands again."),
    LogEvent("commit_failed", ("error", "detail"), "The group did not take our offsets; some is done twice."),
    LogEvent("lane_failed", ("error", "detail", "traceback"), "The worker ends: no retry would help."),
    LogEvent("faust_failed", ("error",), "The worker ends: Faust did."),
    LogEvent("worker_does_not_stop", ("seconds", "traceback"), "The process is ended all the same."),
    LogEvent("watchdog_sees_no_broker", ("error",), "Whether work waits is not known."),
    LogEvent("desk_listening", ("host", "port"), "The desk answers."),
    LogEvent("desk_stopped", (), "It does not any more, as it was asked."),
    LogEvent("projector_failed", ("error", "detail", "traceback"), "What fills the read model ends; so does the desk."),
    LogEvent("projector_ended", ("exit_code",), "The process that fills the read model; the desk ends too."),
    LogEvent("reading_log", ("messages_waiting",), "The read model goes on where it was."),
    LogEvent("log_unreachable", ("error", "pause_seconds"), "The desk cannot read Kafka; it tries again."),
    LogEvent("read_model_emptied", ("reason",), "The log is another one; the read model is built anew."),
    LogEvent("read_model_dropped", ("written_by_schema", "schema"), "Another release wrote it; it is built anew."),
    LogEvent("view_is_large", ("household_id", "bytes"), "The view of this household nears what its topic takes."),
    LogEvent("unreadable_message_left_out", ("topic", "error"), "A status or dead letter; the next one follows."),
    LogEvent("login_provider_unavailable", ("why",), "Nobody can log in now."),
    LogEvent("login_not_believed", ("reason", "detail"), "What the provider said was not accepted."),
    LogEvent("looks_unavailable", ("error", "why"), "A look cannot be logged, so it is refused."),
    LogEvent("looks_torn", ("lines", "bytes", "after_record"), "A crash left lines that are not whole."),
    LogEvent("looks_anchored", ("at", "records", "hash"), "Where the log of looks ends now."),
    LogEvent("looks_not_anchored", ("error",), "That could not be written."),
)  # fmt: skip
"""In the order of the flow."""


def as_markdown() -> str:
    """The page `hub/docs/logs.md`."""
    lines = [f"| `{item.name}` | {', '.join(item.fields) or '–'} | {item.text} |" for item in EVENTS]
    fields = [f"| `{name}` | {text} |" for name, text in FIELDS.items()]
    return "\n".join([
        "# Log lines",
        "",
        "JSON on stderr, a line each: `event`, `level`, `process`, `timestamp` (UTC), and the fields below. Libraries",
        "speak in the same form from `warning` on, with a sentence for `event`. No content of a record, no name, BSN",
        "or address stands in any of them.",
        "", "| event | fields | what happened |", "|---|---|---|", *lines,
        "", "| field | holds |", "|---|---|", *fields, "",
    ])  # fmt: skip
