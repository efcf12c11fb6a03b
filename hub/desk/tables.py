"""The tables of the read model: thrown away and rebuilt from the log at will, written by `hub.desk.projector` alone.
And what is kept beside them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, func

SCHEMA: Final = 21
"""Raised with every change of the tables, and of what is written in them: a read model of another number is rebuilt
from the log, and what stands in one of this number is taken for what this release would write."""

SORTED_BY: Final = 100
"""Signs of a title by which a list is sorted: an index takes no long texts."""

WORD_LENGTH: Final = 40
"""Signs of a word by which somebody is found; longer ones are cut, in the index and in the search alike."""
_Code: Final = String(WORD_LENGTH).with_variant(String(WORD_LENGTH, collation="C"), "postgresql")
"""Text that compares by code point in every database: so an index finds what begins with something."""
WRITTEN_SIGNS: Final = 200
"""Of the marks by which it is seen which rows of a household stand as they must (`hub.desk.rows`)."""
TEAM_SIGNS: Final = 200
"""Of a team's name: an index takes no long texts."""

metadata = MetaData()
meta = Table("meta", metadata, Column("schema_number", Integer, nullable=False))
households = Table(
    "households",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("label", BigInteger, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("sort_key", Text, nullable=False),
    Column("newest_recorded_at", String(32), nullable=False),
    Column("newest_published_at", String(32), nullable=False),
    Column("parked", Integer, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("written", String(WRITTEN_SIGNS), nullable=False),
    Column("document", LargeBinary, nullable=True),
)
"""Those of the log. `document`: what is read of one, as `hub.desk.readmodel.packed` makes it small: most of what is
written to the disk would be these."""
members = Table(
    "members",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("person_key", String(80), primary_key=True),
    Index("members_by_person", "person_key"),
)
member_words = Table(
    "member_words",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("person_key", String(80), primary_key=True),
    Column("word", _Code, primary_key=True),
    Index("member_words_by_word", "word", "household_id", "person_key"),
    sqlite_with_rowid=False,
)
"""By what words a member is found: each of his names folded, and his days of birth (`hub.desk.searching`)."""
blocking_keys = Table(
    "blocking_keys",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("person", Integer, primary_key=True, autoincrement=False),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("confirmed", Boolean, nullable=False),
    Index("blocking_keys_by_key", "key", "confirmed"),
    sqlite_with_rowid=False,
)
"""By which keys a person is found who may be another one (`hub.desk.candidates`). `person`: his place in the document's
list of all persons, which is written in the same transaction."""
addresses = Table(
    "addresses",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("person_key", String(80), primary_key=True),
    Column("address_key", String(80), primary_key=True),
    Column("secret", Boolean, nullable=False),
    Index("addresses_by_person", "person_key", "secret"),
    Index("addresses_by_address", "address_key"),
)
"""Each address that a household's dossiers state of a person (one row with "" if none; of a member also those of the
dossiers themselves), and whether they say that it is secret; an address of a dossier that no person's row
carries stands with the person "". What is secret in one household is in all, so all are asked."""
dossiers = Table(
    "dossiers",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("dossier_id", String(200), primary_key=True),
    Column("household_id", String(64), nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
    Column("own_id", String(64), nullable=False, index=True),
)
Index("dossiers_by_number", func.lower(dossiers.c.dossier_id))
decisions = Table(
    "decisions",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("decision_id", String(64), primary_key=True, index=True),
    Column("version", BigInteger, nullable=False),
    Column("awaits_review", Boolean, nullable=False, index=True),
)
"""Which households carry a decision: one on two households stands in both. What it says stands in their documents.
`awaits_review`: an emergency access that nobody has judged, which every page of a safety officer counts."""
reaches = Table(
    "reaches",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("grantee", String(64), primary_key=True),
    Column("since", String(32), primary_key=True),
    Column("until", String(32), primary_key=True),
    Column("sort_key", String(SORTED_BY), nullable=False),
    Index("reaches_by_grantee", "grantee", "sort_key", "household_id", "since", "until"),
    sqlite_with_rowid=False,
)
"""Who has to do with a live household, and when: see `hub.desk.access.reach`. A preselection, never the decision. The
index holds all that a list needs to know which households stand on a page."""
sources = Table(
    "sources",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("reported_at", String(32), nullable=False),
    Column("status", Text, nullable=False),
)
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("position", Text, primary_key=True),
    Column("reason", String(80), nullable=False),
    Column("field", Text, nullable=False),
    Column("failed_at", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("source_epoch", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Those that were replayed or discarded stay, and are not open."""
deputies = Table(
    "deputies",
    metadata,
    Column("deputyship_id", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("team", String(TEAM_SIGNS), nullable=False, index=True),
    Column("deputy_staff", String(200), nullable=False, index=True),
    Column("replaced_staff", String(200), nullable=False, index=True),
    Column("from_on", String(10), nullable=False),
    Column("to_on", String(10), nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("said", Text, nullable=False),
)
"""Who stands in for whom (`hub.desk.deputies`), in which team (its `team_key`), on which days; also what was taken
back. `said`: the event."""
offsets = Table(
    "offsets",
    metadata,
    Column("topic", String(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("topic_id", String(64), nullable=True),
    Column("next_offset", BigInteger, nullable=False),
)


cases = Table(
    "cases",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("stamp", String(40), nullable=False, index=True),
    Column("rank", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("due", String(10), nullable=False),
    Column("since", String(10), nullable=False),
    Column("rules", Text, nullable=False),
    Column("sort_key", Text, nullable=False),
    Column("changed_at", String(32), nullable=False),
    Column("line", Text, nullable=False),
    Column("written", String(WRITTEN_SIGNS), nullable=False),
    Column("worked_out", LargeBinary, nullable=False),
)
"""One line of the list of households (`hub.desk.caseload`). It depends on the day, the municipality's terms and the
version: `stamp` says on which. `rank`: how much the first matter presses; `points`: how many are open; `rules`: which
say something of it, as `said_rules` puts them. `line`: what is shown. All of it as anybody sees it who has to do with
the household: what more somebody is told stands in `case_sights`. `worked_out`: of the whole household, never to be
shown as it is (`hub.desk.worked_out`), compressed."""
case_sights = Table(
    "case_sights",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("grantee", String(64), primary_key=True),
    Column("unit", String(20), primary_key=True),
    Column("dossiers", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("due", String(10), nullable=False),
    Column("since", String(10), nullable=False),
    Column("rules", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What is told of a household to whoever finds it by a `grantee` (as in `reaches`) and is of a `unit`, where that is
more than anybody is told (`hub.desk.caseload.told`). `dossiers`: how many he sees in full."""
case_people = Table(
    "case_people",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("who", String(220), primary_key=True),
    Index("case_people_by_who", "who", "household_id"),
)
"""Who directs a household today: `user:`, `staff:` or `name:` and then what he is known by."""
case_teams = Table(
    "case_teams",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("team", String(200), primary_key=True),
    Column("unit", String(20), primary_key=True),
    Column("waiting_since", String(10), nullable=False),
    Column("past_since", String(10), nullable=False),
    Index("case_teams_by_team", "team", "household_id"),
)
"""Which teams have an open dossier of a unit in a household. `waiting_since`: the oldest intake of these without a
first contact, `past_since`: the last day of the term of their help to an adult that is past it; "" if there is none.
Both are content of these dossiers."""
case_requests = Table(
    "case_requests",
    metadata,
    Column("household_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("team", String(TEAM_SIGNS), nullable=False),
    Column("unit", String(20), nullable=False),
    Column("asked", Text, nullable=False),
    Index("case_requests_by_team", "team", "unit"),
)
"""The requests for specialist help of each team (`hub.desk.caseload.asked`), as whoever has to do with its dossiers of
a unit sees them. `team`: its `team_key`."""
RETIRED: Final = ("case_rules",)
"""Tables of earlier releases: what they hold of households must not outlive them."""
BY_HOUSEHOLD: Final = (cases, case_sights, case_people, case_teams, case_requests)
"""What the list of households is made of."""

kept = MetaData()
"""What the log cannot give again: never dropped with the read model, nor emptied with it."""
visits = Table(
    "visits",
    kept,
    Column("user", String(200), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("dossier_id", String(200), primary_key=True),
    Column("seen_at", String(32), nullable=False),
    Column("before_at", String(32), nullable=False),
)
"""When somebody last looked at a dossier (`hub.desk.visits`). `before_at`: the last look of the visit before, "" if
there was none."""
linked = Table(
    "linked",
    kept,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", Integer, nullable=False),
    Column("fingerprint", String(32), nullable=False),
)
"""With which linking key the persons here were keyed (`hub.ops.linking`)."""
