"""Every metric of the hub, declared once, in one registry. Labels are bounded: source, stage, reason; never an id.

`hub/docs/metrics.md` is made from `describe()`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hub.ops.freshness import Point
from hub.ops.picture import Picture

REGISTRY: Final = CollectorRegistry()
_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
"""From "at once" to "a day late"; 2 s is the bar of design.md section 8."""

RECORDS_READ: Final = Counter("regiehub_records_read_total", "Records a source gave.", ["source"], registry=REGISTRY)
EVENTS_RECEIVED: Final = Counter(
    "regiehub_events_received_total",
    "Requests of a source that pushes: kept, duplicate, unauthorised, too_large, unsupported, malformed or not_kept.",
    ["source", "outcome"],
    registry=REGISTRY,
)
RECORDS_TRANSLATED: Final = Counter(
    "regiehub_records_translated_total", "Records that could be read.", ["source"], registry=REGISTRY
)
RECORDS_REJECTED: Final = Counter(
    "regiehub_records_rejected_total", "Records that could not be read.", ["source", "reason"], registry=REGISTRY
)
RECORDS_PUBLISHED: Final = Counter(
    "regiehub_records_published_total", "Events acknowledged by the log.", ["source"], registry=REGISTRY
)
RECORDS_SKIPPED: Final = Counter(
    "regiehub_records_skipped_total",
    "Events not published: published before (duplicate), or a greater version was (late).",
    ["source", "reason"],
    registry=REGISTRY,
)
DEAD_LETTERS: Final = Counter(
    "regiehub_dead_letters_total", "Unreadable records set aside for the first time.", ["source"], registry=REGISTRY
)
UNCONFIRMED_MEMBERS: Final = Counter(
    "regiehub_unconfirmed_members_total",
    "Member lines published without a valid BSN.",
    ["source", "reason"],
    registry=REGISTRY,
)
SOURCE_LAG_SECONDS: Final = Histogram(
    "regiehub_source_lag_seconds",
    "From recorded in the source to acknowledged by the log.",
    ["source"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
SOURCE_FAILURES: Final = Counter(
    "regiehub_source_failures_total",
    "Polls or publications that failed and are tried again.",
    ["source", "reason"],
    registry=REGISTRY,
)
SOURCE_PAUSED: Final = Gauge(
    "regiehub_source_paused", "1 while somebody has paused this source.", ["source"], registry=REGISTRY
)
SOURCE_CIRCUIT_OPEN: Final = Gauge(
    "regiehub_source_circuit_open",
    "1 while a source failed so often in a row that it is left alone but for one try in a while.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_HELD: Final = Gauge(
    "regiehub_source_held",
    "1 while too many records are unreadable: nothing but child-safety signals goes on.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_HELD_RECORDS: Final = Gauge(
    "regiehub_source_inventory_records",
    "Records that the source held at the last reconciliation.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_DIFFERING_RECORDS: Final = Gauge(
    "regiehub_source_differing_records",
    "Records that the last reconciliation found missing, stale, ahead, extra, unshown or waiting.",
    ["source", "kind"],
    registry=REGISTRY,
)
SOURCE_RECONCILED: Final = Gauge(
    "regiehub_source_reconciled_timestamp_seconds",
    "When the source was last reconciled (Unix time).",
    ["source"],
    registry=REGISTRY,
)
RECONCILIATIONS: Final = Counter(
    "regiehub_reconciliations_total",
    "Comparisons of a source that its ingest had made: complete, differs, or failed.",
    ["source", "outcome"],
    registry=REGISTRY,
)
RECORDS_REPAIRED: Final = Counter(
    "regiehub_records_repaired_total",
    "Events published because a reconciliation found a difference.",
    ["source"],
    registry=REGISTRY,
)
BACKFILL_READ: Final = Gauge(
    "regiehub_backfill_read_records",
    "Records that a backfill has read in its present pass; 0 when none runs.",
    ["source"],
    registry=REGISTRY,
)
DEAD_LETTERS_REPLAYED: Final = Counter(
    "regiehub_dead_letters_replayed_total",
    "Dead letters that were translated again: read, unreadable, or sealed_otherwise.",
    ["source", "outcome"],
    registry=REGISTRY,
)
SOURCE_FRESH: Final = Gauge(
    "regiehub_source_fresh_timestamp_seconds",
    "Everything that the source recorded until then is published, applied by the stream, visible (Unix time); it stands"
    " still, and so grows old, while something does not go on.",
    ["source", "point"],
    registry=REGISTRY,
)
SOURCE_REPORTED: Final = Gauge(
    "regiehub_source_reported_timestamp_seconds",
    "Last heartbeat of the source's connector (Unix time); a quiet source has one, a dead one has not.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_SKEW: Final = Gauge(
    "regiehub_source_clock_skew_seconds",
    "How far the last report of the source's connector lies in the future: a machine's clock is wrong.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_AHEAD: Final = Gauge(
    "regiehub_source_ahead_seconds",
    "How far the source's newest record was recorded after that report: the source's clock is wrong.",
    ["source"],
    registry=REGISTRY,
)
HOP_WAITING: Final = Gauge(
    "regiehub_hop_waiting_messages",
    "Messages of a topic that a stage has not dealt with, by the log and the stage's offsets.",
    ["stage", "topic"],
    registry=REGISTRY,
)
HOP_WAITING_SECONDS: Final = Gauge(
    "regiehub_hop_oldest_waiting_seconds",
    "For how long the oldest of these waits; 0: nothing waits.",
    ["stage", "topic"],
    registry=REGISTRY,
)
STREAM_WORKERS: Final = Gauge(
    "regiehub_stream_workers", "Members of the stream's group, as the log knows them.", registry=None
)
FLOW_MEASURED: Final = Gauge(
    "regiehub_flow_measured_timestamp_seconds",
    "When the desk last looked at the log and the flow (Unix time).",
    registry=None,
)
TEAM_HELD_RECORDS: Final = Gauge(
    "regiehub_team_inventory_records",
    "Records of a team's dossiers that the source held at the last reconciliation; no team: not known.",
    ["source", "team"],
    registry=REGISTRY,
)
TEAM_DIFFERING_RECORDS: Final = Gauge(
    "regiehub_team_differing_records",
    "Of these, records that the last reconciliation found otherwise than the source holds them.",
    ["source", "team"],
    registry=REGISTRY,
)
MISSING_DOSSIERS: Final = Gauge(
    "regiehub_source_missing_dossiers",
    "Dossiers that the source held at the last reconciliation and of which nothing was shown.",
    ["source"],
    registry=REGISTRY,
)
LARGE_VIEW_BYTES: Final = 1024 * 1024
"""An eighth of what the topic of views takes. Beyond that limit the stream stops for everybody, so somebody must know
long before."""
VIEW_BYTES: Final = Histogram(
    "regiehub_view_bytes",
    "Size of each view that the read model takes in; the topic takes 8 MiB.",
    buckets=(4096, 16384, 65536, 262144, LARGE_VIEW_BYTES, 4 * LARGE_VIEW_BYTES, 8 * LARGE_VIEW_BYTES),
    registry=REGISTRY,
)
STAGE_RECORDS_APPLIED: Final = Counter(
    "regiehub_stage_records_applied_total", "Records a stage has applied.", ["stage"], registry=REGISTRY
)
STAGE_OUTPUTS_PUBLISHED: Final = Counter(
    "regiehub_stage_outputs_published_total", "Messages a stage has published.", ["stage"], registry=REGISTRY
)
STAGE_PARKED_ENTRIES: Final = Gauge(
    "regiehub_stage_parked_entries", "Entries whose composition is behind (assemble).", ["stage"], registry=REGISTRY
)
STAGE_RECORDS_WAITING: Final = Counter(
    "regiehub_stage_records_waiting_total",
    "Records kept because the household of their dossier is not known; they are sent on when it is (route).",
    ["stage"],
    registry=REGISTRY,
)
STAGE_RECORDS_REPAIRED: Final = Counter(
    "regiehub_stage_records_repaired_total",
    "Late records of a former owner that were written over (protocol R9).",
    ["stage"],
    registry=REGISTRY,
)
RECOVERY_SECONDS: Final = Histogram(
    "regiehub_recovery_seconds",
    "From the takeover of a partition to its state being complete.",
    ["stage"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
RECOVERY_RECORDS: Final = Counter(
    "regiehub_recovery_records_total", "Changelog records read at takeovers.", ["stage"], registry=REGISTRY
)
DESK_LAG_RECORDS: Final = Gauge(
    "regiehub_desk_lag_records", "Messages that the read model has not taken in yet.", registry=None
)
LOOKS_RECORDS: Final = Gauge("regiehub_looks_records", "Records in the log of looks.", registry=REGISTRY)
LOOKS_ANCHORED: Final = Gauge(
    "regiehub_looks_anchored_timestamp_seconds",
    "When the head of the log of looks last stood where it is anchored (Unix time).",
    registry=REGISTRY,
)
LOOKS_UNAVAILABLE: Final = Counter(
    "regiehub_looks_unavailable_total", "Looks that could not be logged, and so were not allowed.", registry=REGISTRY
)
END_TO_END_FRESHNESS_SECONDS: Final = Histogram(
    "regiehub_end_to_end_freshness_seconds",
    "From recorded in the source to visible in the read model.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
VISIBLE_FRESHNESS_SECONDS: Final = Histogram(
    "regiehub_visible_freshness_seconds",
    "From first published by the hub to visible in the read model.",
    buckets=_SECONDS,
    registry=REGISTRY,
)


def tell(gauge: Gauge, value: float) -> None:
    """Set a gauge that a process shows only once it knows: a 0 until then, or of one that does not measure it, is a
    lie."""
    gauge.set(value)
    with suppress(ValueError):  # it is shown already
        REGISTRY.register(gauge)


DIFFERENCES: Final = ("missing", "stale", "ahead", "extra", "unshown", "waiting")
"""How records can differ, as a source's status counts them."""


def show_completeness(source: str, completeness: Mapping[str, Any]) -> None:
    """Set what the last reconciliation of a source found, as its status says it."""
    SOURCE_HELD_RECORDS.labels(source).set(completeness["records"])
    SOURCE_RECONCILED.labels(source).set(completeness["checked_at"].timestamp())
    for kind in DIFFERENCES:
        SOURCE_DIFFERING_RECORDS.labels(source, kind).set(completeness[kind])


def show_flow(shown: Picture) -> None:
    """Set what was seen of the whole flow. What is not known now keeps its last value: a moment that stands still."""
    for row in shown.sources:
        for point in Point:
            if (moment := row.freshness.at(point)) is not None:
                SOURCE_FRESH.labels(row.source, point.value).set(moment.timestamp())
        if row.status is not None:
            SOURCE_REPORTED.labels(row.source).set(row.status["reported_at"].timestamp())
            SOURCE_SKEW.labels(row.source).set(row.freshness.skew_seconds)
            SOURCE_AHEAD.labels(row.source).set(row.freshness.ahead_seconds)
            _show_teams(row.source, row.status["completeness"])
    if shown.workers is None:
        return
    tell(FLOW_MEASURED, shown.at.timestamp())
    tell(STREAM_WORKERS, shown.workers)
    for item in shown.hops:
        HOP_WAITING.labels(item.hop.stage, item.hop.topic).set(item.hop.lag)
        if item.waits_seconds is not None or not item.hop.lag:
            HOP_WAITING_SECONDS.labels(item.hop.stage, item.hop.topic).set(item.waits_seconds or 0.0)


def _show_teams(source: str, completeness: Mapping[str, Any] | None) -> None:
    if completeness is None:
        return
    SOURCE_RECONCILED.labels(source).set(completeness["checked_at"].timestamp())
    MISSING_DOSSIERS.labels(source).set(completeness["missing_dossiers"])
    for team in completeness["teams"]:
        TEAM_HELD_RECORDS.labels(source, team["team"]).set(team["records"])
        TEAM_DIFFERING_RECORDS.labels(source, team["team"]).set(team["differing"])


class Described(NamedTuple):
    """One metric as the documentation shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def describe() -> Iterator[Described]:
    """All metrics, by name."""
    found = [item for item in globals().values() if isinstance(item, Counter | Gauge | Histogram)]
    for item in sorted(found, key=lambda item: item._name):
        name = f"{item._name}_total" if isinstance(item, Counter) else item._name
        yield Described(name, item._type, tuple(item._labelnames), item._documentation)


def exposition() -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(REGISTRY)


def as_markdown() -> str:
    """The page `hub/docs/metrics.md`."""
    rows = [f"| `{m.name}` | {m.kind} | {', '.join(m.labels) or '–'} | {m.text} |" for m in describe()]
    head = ["# Metrics", "", "Each process answers on `http://127.0.0.1:REGIEHUB_METRICS_PORT/metrics`."]
    table = ["", "| name | kind | labels | what |", "|---|---|---|---|", *rows, ""]
    return "\n".join([*head, *table])
