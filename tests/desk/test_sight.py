"""What each person sees of a family that both units help: by API, pages, lists and search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.desk.access import Action, Actor, Household, Role, cut, grantees_of, known_of, may, reach
from hub.desk.access.reach import moment_text
from hub.desk.access.roles import Replaced
from hub.desk.deciding import Deciding
from hub.desk.reading import Reading
from hub.desk.tokens import Tokens
from hub.events.agreements import Consent, Emergency, Review
from hub.events.codec import decode
from hub.events.decisions import Decision, Kind
from hub.events.ids import decision_id
from hub.events.records import RecordType
from hub.household.document import build
from hub.household.document_shape import Document
from tests.desk.conftest import NOW, AppOf, Desk
from tests.desk.decisions import decision_entry, direction_entry, named, packed
from tests.desk.family import HOME, direction, family, involvement
from tests.desk.test_pages import log_in
from tests.desk.views import MENSCENTRAAL, ZCD, composition, dossier, entry, member, one_dossier, view
from tests.desk.views import Line as Row

MC = MENSCENTRAAL._asdict()
HOUSEHOLDS = "/api/v1/huishoudens"
DECISIONS = "/api/v1/besluiten"
ADULT_CONTENT = ("schulden op een rij", '"housing"')
YOUTH_CONTENT = ("rust aan tafel", "verzuim", "Jeugdhulp ambulant", "2026-02-01")
ACTORS = {
    "youth": Actor("yara", Role.CASE_DIRECTOR, unit="youth", staff="201"),
    "adult": Actor("adam", Role.TEAM_MEMBER, unit="adult", staff="301"),
    "leader": Actor("lea", Role.TEAM_LEADER, unit="youth", teams=(" noord  JEUGD",)),
    "stranger": Actor("stef", Role.CASE_DIRECTOR, unit="youth", teams=("Zuid jeugd",), staff="999"),
    "safety": Actor("sofie", Role.SAFETY_OFFICER),
    "other_safety": Actor("sem", Role.SAFETY_OFFICER),
    "auditor": Actor("cas", Role.AUDITOR),
}
Visit = Callable[[str], TestClient]


def the_family(*extra: dict[str, Any]) -> tuple[str, bytes]:
    """The family with a youth worker who directs the youth dossier and an adult worker who is named in the other."""
    home, packed_view = family(
        extra=[
            entry(ZCD, RecordType.CASE_DIRECTION, "by-staff", direction("Yara Jong", staff="201", reason="intake")),
            entry(MENSCENTRAAL, RecordType.INVOLVEMENT, "by-staff", involvement("Adam Oud", staff="301")),
            *extra,
        ]
    )
    return home, with_teams(packed_view)


def with_teams(packed_view: bytes) -> bytes:
    """The same, with a youth and an adult team."""
    from hub.events.codec import encode

    found = decode(packed_view).value
    whole = decode(found["composition"]).value
    for item in whole["dossiers"]:
        value = decode(item["composition"]).value
        value["body"]["team"] = "Noord jeugd" if item["source"] == "zcd" else "Noord volwassenen"
        item["composition"] = encode("registrations.composition", value)
    return encode("households.view", found | {"composition": encode("households.composition", whole)})


@pytest.fixture
def enter(desk: Desk, app_of: AppOf) -> Iterator[Visit]:
    """A client of the API as one of these people; nobody sees everything here."""
    reading = Reading(desk.engine, desk.log, lambda: NOW)
    site = replace(
        desk.site,
        reading=reading,
        deciding=Deciding(reading, desk.publish, "0599", 1, desk.person_key),
        tokens=Tokens(ACTORS),
    )
    app = app_of(site)
    opened: list[TestClient] = []

    def client(who: str) -> TestClient:
        headers = {"Authorization": f"Bearer {who}"}
        opened.append(TestClient(app, headers=headers, follow_redirects=False, raise_server_exceptions=False))
        return opened[-1]

    yield client
    for item in opened:
        item.close()


def every_read(client: TestClient) -> str:
    """All that the API tells somebody of the family."""
    parts = ["", "/tijdlijn", "/betrokkenen", "/besluiten", "/kandidaten", "/inzagen"]
    answers = [client.get(f"{HOUSEHOLDS}/{HOME}{part}") for part in parts]
    answers += [client.get(HOUSEHOLDS), client.post(f"{HOUSEHOLDS}/zoekopdrachten", json={"name": "de Vries"})]
    return "\n".join(answer.text for answer in answers)


def dossier_access(client: TestClient) -> dict[str, str]:
    found = client.get(f"{HOUSEHOLDS}/{HOME}").json()["access"]
    return {item["source"]: item["content"] for item in found}


def test_a_youth_worker_sees_that_an_adult_worker_is_involved_and_not_what(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    client = enter("youth")
    told = every_read(client)
    assert not [mark for mark in ADULT_CONTENT if mark in told]
    assert all(mark in told for mark in YOUTH_CONTENT)
    household = client.get(f"{HOUSEHOLDS}/{HOME}").json()
    assert dossier_access(client) == {"zcd": "all", "menscentraal": "none"}
    adult = [item for item in household["records"] if item["source"] == "menscentraal"]
    assert {item["record_type"] for item in adult} == {"involvement", "case_direction"}
    assert {item["body"].get("name") for item in adult} >= {"Adam Oud", "Piet Jansen"}
    assert {item["body"]["reason"] for item in adult if item["record_type"] == "case_direction"} == {None}
    header = next(item for item in household["dossiers"] if item["source"] == "menscentraal")
    assert [header[name] for name in ("address", "referred_by", "received_on", "first_contact_on")] == [None] * 4
    anna = next(item for item in household["members"] if item["person_key"] == "p-anna")
    assert [item["dossier_id"] for item in anna["fields"]["address"]["values"]] == ["Z-1"]
    told_of_it = {item["rule"] for item in household["attention"] if MC in item["dossiers"]}
    assert told_of_it <= {"no_director", "two_directors", "unconfirmed_identity", "source"}


def test_an_adult_worker_likewise_the_other_way_round(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    client = enter("adult")
    told = every_read(client)
    assert not [mark for mark in YOUTH_CONTENT if mark in told]
    assert all(mark in told for mark in ADULT_CONTENT)
    assert dossier_access(client) == {"zcd": "none", "menscentraal": "all"}
    assert client.get(f"{HOUSEHOLDS}/{HOME}/kandidaten").status_code == 403
    assert client.post(DECISIONS, json={"kind": "lives_here", "why": "w", "line": LINE}).status_code == 403


LINE = {"source": "zcd", "dossier_id": "Z-1", "line": "2"}


def test_the_page_says_what_it_leaves_out(desk: Desk, app_of: AppOf) -> None:
    desk.show(the_family())
    site = replace(desk.site, reading=Reading(desk.engine, desk.log, lambda: NOW), tokens=Tokens(ACTORS))
    with TestClient(app_of(site)) as browser:
        browser.post("/inloggen", data={"token": "youth"})
        page = browser.get(f"/huishoudens/{HOME}").text
        found = browser.post("/zoeken", data={"name": "Vries"}).text
    assert "De inhoud van dossier MC-1 mag u niet zien." in page
    assert "omdat dit dossier van de hulp aan volwassenen is, en u van jeugd bent" in page
    assert "Adam Oud" in page
    assert not [mark for mark in ("schulden op een rij", "MC-1</div>, ") if mark in page + found]


def test_at_a_meeting_each_dossier_is_for_those_who_may_all_see_it(desk: Desk, enter: Visit) -> None:
    home = desk.show(the_family())
    youth = log_in(enter("youth"), "youth")

    def printed(*present: str) -> str:
        answer = youth.post(f"/huishoudens/{home}/bespreking", data=dict.fromkeys(present, "ja"))
        return str(answer.text)

    assert "rust aan tafel" in printed("youth")
    assert "schulden op een rij" not in printed("youth")
    together = printed("youth", "adult")
    assert "Niet iedereen aan tafel mag alles zien" in together
    assert "rust aan tafel" not in together
    assert "Adam Oud" in together


def test_a_team_leader_sees_his_team_however_its_name_is_written(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    assert dossier_access(enter("leader")) == {"zcd": "all", "menscentraal": "none"}
    assert enter("leader").get(HOUSEHOLDS).json()["count"] == 1


def test_a_stranger_is_refused_and_the_refusal_is_logged(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    client = enter("stranger")
    answers = [client.get(f"{HOUSEHOLDS}/{home}").json() for home in (HOME, "H" + 20 * "0")]
    assert {answer["status"] for answer in answers} == {403}
    assert answers[0]["detail"] == answers[1]["detail"]
    refused = [item for item in desk.operations() if item["action"] == "read_household"]
    assert [(item["allowed"], item["reason"], item["user"]) for item in refused] == [(False, "no_relation", "stef")] * 2
    assert refused[0]["dossiers"] == ["menscentraal/MC-1", "zcd/Z-1"]


def test_search_tells_a_stranger_that_there_is_something_and_nothing_else(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    found = enter("stranger").post(f"{HOUSEHOLDS}/zoekopdrachten", json={"name": "de Vries"}).json()
    assert found == {"count": 0, "complete": True, "hidden": 1, "households": []}
    assert enter("stranger").post(f"{HOUSEHOLDS}/zoekopdrachten", json={"name": "Nobody"}).json()["hidden"] == 0
    assert enter("stranger").get(HOUSEHOLDS).json()["count"] == 0
    for number in range(15):
        desk.show(one_dossier(ZCD._replace(dossier_id=f"Z-9{number}"), family_name="de Vries"))
    assert enter("stranger").post(f"{HOUSEHOLDS}/zoekopdrachten", json={"name": "de Vries"}).json()["hidden"] == 10


def test_what_somebody_types_does_not_stand_in_the_log(desk: Desk, enter: Visit) -> None:
    client = enter("youth")
    client.get(f"{HOUSEHOLDS}/Jan%20Jansen%20123456782")
    wanted = {"kind": "lives_here", "why": "w", "line": LINE | {"dossier_id": "Jan Jansen 123456782"}}
    assert client.post(DECISIONS, json=wanted).status_code == 403
    assert (
        client.post(DECISIONS, json=EMERGENCY | {"emergency": {"source": "x", "dossier_id": "Jansen"}}).status_code
        == 403
    )
    assert "Jansen" not in desk.looks_path.read_text()


def test_the_auditor_sees_who_looked_and_nothing_else(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    assert enter("youth").get(f"{HOUSEHOLDS}/{HOME}").status_code == 200
    looks = enter("auditor").get(f"{HOUSEHOLDS}/{HOME}/inzagen").json()["looks"]
    assert [look["user"] for look in looks] == ["cas", "yara"]
    for path in ("", "/tijdlijn", "/betrokkenen", "/besluiten"):
        assert enter("auditor").get(f"{HOUSEHOLDS}/{HOME}{path}").status_code == 403
    assert enter("auditor").get(HOUSEHOLDS).status_code == 403


def consent(**changed: Any) -> dict[str, Any]:
    """An entry: the mother lets the youth unit see her dossier."""
    withdrawn = changed.pop("withdrawn", False)
    said: dict[str, Any] = {**MC, "person": "p-anna", "unit": "youth"}
    said |= {"domains": ["finance"], "given_by": ["self"], "until": date(2026, 12, 31)} | changed
    event = Decision(
        kind=Kind.CONSENT,
        decided_by="adam",
        why="samen gepland",
        withdrawn=withdrawn,
        consent=Consent.model_validate(said),
    )
    return decision_entry(event, minutes=6)


def test_consent_opens_the_life_domains_it_names_and_taking_it_back_closes_them(desk: Desk, enter: Visit) -> None:
    desk.show(the_family(consent()))
    client = enter("youth")
    household = client.get(f"{HOUSEHOLDS}/{HOME}").json()
    adult = [item for item in household["records"] if item["source"] == "menscentraal"]
    assert [item["body"]["wording"] for item in adult if item["record_type"] == "goal"] == ["schulden op een rij"]
    assert not [item for item in adult if item["record_type"] == "assessment"]  # of the household, not of her alone
    assert {item["source"]: item["content"] for item in household["access"]} == {"zcd": "all", "menscentraal": "part"}
    given = next(item for item in household["decisions"] if item["kind"] == "consent")
    assert (given["consent"]["domains"], given["why"], given["withheld"]) == (["finance"], "", True)
    assert {"consent"} <= {item["why"] for item in household["viewers"]}
    desk.show(the_family(consent(withdrawn=True)))
    assert not [mark for mark in ADULT_CONTENT if mark in every_read(client)]


@pytest.mark.parametrize("changed", [{"unit": "adult"}, {"until": date(2026, 2, 28)}, {"given_by": ["custodians"]}])
def test_consent_for_others_or_ended_or_by_somebody_else_opens_nothing(
    desk: Desk, enter: Visit, changed: dict[str, Any]
) -> None:
    desk.show(the_family(consent(**changed)))
    assert not [mark for mark in ADULT_CONTENT if mark in every_read(enter("youth"))]


GIVEN = {"source": "menscentraal", "dossier_id": "MC-1", "line": "1", "unit": "youth", "given_by": ["self"]}
CONSENT = {"kind": "consent", "why": "samen gepland", "consent": GIVEN | {"until": "2026-12-31"}}


def test_whoever_works_on_a_dossier_records_consent_for_it(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    assert enter("adult").post(DECISIONS, json=CONSENT).status_code == 202
    event = decode(desk.sent[0].value).value
    assert event["body"]["consent"] | {"until": None} == {
        "person": "p-anna", "unit": "youth", "domains": None, "given_by": ["self"], "until": None,
    }  # fmt: skip
    refused = enter("youth").post(DECISIONS, json=CONSENT)
    assert (refused.status_code, desk.operations()[-1]["reason"]) == (403, "content_not_yours")


@pytest.mark.parametrize(
    ("field", "value"),
    [("unit", "adult"), ("until", "2026-02-28"), ("until", "2027-03-03"), ("given_by", ["custodians"])],
)
def test_a_consent_that_makes_no_sense_is_refused(desk: Desk, enter: Visit, field: str, value: object) -> None:
    desk.show(the_family())
    answer = enter("adult").post(DECISIONS, json=CONSENT | {"consent": CONSENT["consent"] | {field: value}})  # type: ignore[operator]  # a body
    assert answer.status_code == 400
    assert answer.json()["invalid_params"][0]["name"] == f"body.consent.{field}"
    assert desk.sent == []


EMERGENCY: dict[str, Any] = {
    "kind": "emergency", "why": "acuut gevaar", "emergency": {"source": "menscentraal", "dossier_id": "MC-1"},
}  # fmt: skip


def taken(*, user: str = "stef", until: datetime = datetime(2026, 3, 1, 14, tzinfo=UTC)) -> Decision:
    said = Emergency(source="menscentraal", dossier_id="MC-1", user=user, until=until)
    return Decision(kind=Kind.EMERGENCY, decided_by=user, why="acuut gevaar", emergency=said)


def test_an_emergency_opens_one_dossier_for_some_hours_and_is_seen_by_all(desk: Desk, enter: Visit) -> None:
    desk.show(the_family())
    stranger = enter("stranger")
    assert stranger.post(DECISIONS, json=EMERGENCY).status_code == 202
    look = desk.operations()[-1]
    assert (look["action"], look["ground"], look["allowed"]) == ("break_glass", "VITAAL_BELANG", True)
    event = decode(desk.sent[0].value).value["body"]
    assert (event["emergency"]["user"], event["emergency"]["until"]) == ("stef", datetime(2026, 3, 1, 16, tzinfo=UTC))
    desk.show(the_family(decision_entry(taken(), minutes=7)))
    told = stranger.get(f"{HOUSEHOLDS}/{HOME}").text
    assert "schulden op een rij" in told
    assert not [mark for mark in YOUTH_CONTENT if mark in told]
    assert "VITAAL_BELANG" in desk.operations()[-1]["ground"]
    notice = enter("youth").get(f"{HOUSEHOLDS}/{HOME}").json()
    assert [item["emergency"]["user"] for item in notice["decisions"] if item["emergency"]] == ["stef"]
    assert {"emergency"} <= {item["why"] for item in notice["viewers"]}


def test_an_emergency_ends_by_itself(desk: Desk, enter: Visit) -> None:
    desk.show(the_family(decision_entry(taken(until=NOW), minutes=7)))
    assert enter("stranger").get(f"{HOUSEHOLDS}/{HOME}").status_code == 403
    assert enter("stranger").get(HOUSEHOLDS).json()["count"] == 0


def test_the_safety_officer_reviews_it_and_nobody_his_own(desk: Desk, enter: Visit) -> None:
    access = taken()
    desk.show(the_family(decision_entry(access, minutes=7)))
    identity = decision_id(access.record)
    (waiting,) = enter("safety").get("/api/v1/noodtoegangen").json()["emergencies"]
    assert (waiting["decision_id"], waiting["user"], waiting["over"]) == (identity, "stef", False)
    assert enter("youth").get("/api/v1/noodtoegangen").status_code == 403
    place = {"source": "menscentraal", "dossier_id": "MC-1"}
    wanted = {
        "kind": "emergency_review",
        "why": "terecht",
        "review": place | {"emergency": identity, "justified": True},
    }
    assert enter("youth").post(DECISIONS, json=wanted).status_code == 403
    assert enter("safety").post(DECISIONS, json=wanted).status_code == 202
    missing = wanted | {"review": place | {"emergency": "B" + 20 * "0", "justified": True}}
    assert enter("safety").post(DECISIONS, json=missing).status_code == 404
    review = Decision(
        kind=Kind.EMERGENCY_REVIEW, decided_by="sofie", why="terecht",
        review=Review(**place, emergency=identity, justified=True),
    )  # fmt: skip
    desk.show(the_family(decision_entry(access, minutes=7), decision_entry(review, minutes=8)))
    assert enter("safety").get("/api/v1/noodtoegangen").json()["emergencies"] == []
    own = taken(user="sofie")
    desk.show(the_family(decision_entry(own, minutes=7)))
    wanted = wanted | {"review": place | {"emergency": decision_id(own.record), "justified": True}}
    assert enter("safety").post(DECISIONS, json=wanted).status_code == 409
    assert enter("other_safety").post(DECISIONS, json=wanted).status_code == 202


def test_an_emergency_is_ended_by_its_taker_or_by_a_safety_officer(desk: Desk, enter: Visit) -> None:
    access = taken()
    desk.show(the_family(decision_entry(access, minutes=7)))
    path = f"{DECISIONS}/{decision_id(access.record)}/intrekking"
    assert enter("youth").post(path, json={"why": "w"}).status_code == 403
    assert enter("stranger").post(path, json={"why": "voorbij"}).status_code == 202
    assert enter("safety").post(path, json={"why": "voorbij"}).status_code == 202
    desk.show(the_family(decision_entry(access.model_copy(update={"withdrawn": True}), minutes=8)))
    assert enter("stranger").get(f"{HOUSEHOLDS}/{HOME}").status_code == 403


def test_who_directs_by_a_decision_sees_his_unit_in_all_teams(desk: Desk, enter: Visit) -> None:
    desk.show(the_family(direction_entry("Stef", user="stef", unit="youth")))
    assert dossier_access(enter("stranger")) == {"zcd": "all", "menscentraal": "none"}
    assert enter("stranger").get(HOUSEHOLDS).json()["count"] == 1


def other_family() -> tuple[str, bytes]:
    """Another household, with a decision that names somebody of the family."""
    ref = ZCD._replace(dossier_id="Z-7")
    event = packed(Kind.SAME_HOUSEHOLD, named(ref, "1", "p-zoe"), named(ZCD, "2", "p-anna"), why="zus van Anna")
    return one_dossier(ref, person="p-zoe", given_name="Zoe", decisions=[("idle", event)])


def test_of_another_family_a_decision_tells_neither_who_nor_why(desk: Desk, app_of: AppOf) -> None:
    desk.show(the_family())
    home = desk.show(other_family())
    ACTORS_HERE = {"kim": Actor("kim", Role.CASE_DIRECTOR, unit="youth", teams=("Noord",))}
    reading = Reading(desk.engine, desk.log, lambda: NOW)
    deciding = Deciding(reading, desk.publish, "0599", 1, desk.person_key)
    site = replace(desk.site, reading=reading, deciding=deciding, tokens=Tokens(ACTORS_HERE))
    with TestClient(app_of(site), headers={"Authorization": "Bearer kim"}) as client:
        texts = [client.get(f"{HOUSEHOLDS}/{home}{part}").text for part in ("", "/besluiten")]
        identity = orjson.loads(texts[1])["decisions"][0]["decision_id"]
        texts.append(client.get(f"{DECISIONS}/{identity}").text)
    for told in texts:
        assert "Z-7" in told
        assert not [mark for mark in ("Z-1", "p-anna", "zus van Anna") if mark in told]


MARKS = ("schulden op een rij", "a-new")


@given(st.sets(st.sampled_from([ZCD, MENSCENTRAAL])))
def test_a_household_is_cut_without_changing_it(seen: set[Any]) -> None:
    from hub.desk.access import Ground, Opening

    document = cast(Document, build(decode(the_family()[1]).value))
    before = orjson.dumps(document)
    shown = cut(document, {ref: (Opening(Ground.WMO_5_1_1, "team"),) for ref in seen})
    assert orjson.dumps(document) == before
    told = orjson.dumps(shown | {"lines": []}).decode()
    assert all((mark in told) == (MENSCENTRAAL in seen) for mark in MARKS)
    if len(seen) == 2:
        assert {**shown, "access": []} == document


DAYS = st.dates(date(2026, 2, 26), date(2026, 3, 4))


@settings(max_examples=60)
@given(st.data())
def test_the_index_finds_exactly_the_households_that_may_be_read(data: st.DataObject) -> None:
    draw = data.draw
    staff = st.sampled_from([None, "201", "999"])
    helper = involvement("X", staff=draw(staff), from_on=draw(st.none() | DAYS), to_on=draw(st.none() | DAYS))
    director = direction("Y", staff=draw(staff), from_on=draw(DAYS), to_on=draw(st.none() | DAYS))
    extra = [
        entry(ZCD, RecordType.INVOLVEMENT, "x", helper),
        entry(ZCD, RecordType.CASE_DIRECTION, "y", director),
    ]
    if draw(st.booleans()):
        minute = draw(st.integers(-90, 90))
        until = datetime.fromtimestamp(NOW.timestamp() + 60 * minute, UTC)
        event = taken(until=until).model_copy(update={"withdrawn": draw(st.booleans())})
        extra.append(decision_entry(event, minutes=9))
    for number, (day, user) in enumerate(draw(st.lists(st.tuples(DAYS, st.sampled_from(["stef", "bo"]))))):
        number_of = draw(st.sampled_from(["", "201"]))
        extra.append(direction_entry(user, user=user, unit="youth", staff=number_of, from_on=day, minutes=10 + number))
    status = draw(st.sampled_from(["open", "closed"]))
    packed_dossier = dossier(
        ZCD, [member("1", "p-noor")], status=status, team=draw(st.sampled_from([None, "Zuid jeugd"]))
    )
    other = dossier(MENSCENTRAAL, [member("1", "p-anna")], team=None)
    rows = [Row(ZCD, "1", "p-noor"), Row(MENSCENTRAAL, "1", "p-anna")]
    whole = composition(HOME, [packed_dossier, other], members=rows)
    document = cast(Document, build(decode(view(HOME, whole, entries=extra)).value))
    known = known_of(document, NOW)
    deputies = [
        Actor("dee", Role.CASE_DIRECTOR, unit="youth", replaces=(Replaced(team, "201"),)) for team in ("zuid jeugd", "")
    ]
    for actor in (*ACTORS.values(), *deputies):
        if actor.role is Role.AUDITOR:
            continue
        allowed = may(actor, Action.READ_HOUSEHOLD, Household(HOME, known=known)).allowed
        moment = moment_text(NOW)
        found = [it for it in reach(document) if it.since <= moment < it.until and it.grantee in grantees_of(actor)]
        assert bool(found) == allowed, (actor, found)
