"""What is withheld says why and what one can do; consent, emergency access and its review as pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk import readmodel
from hub.desk.access import Actor, Role
from hub.desk.blocks.changes import changed_blocks
from hub.desk.blocks.openings import agreements, broken
from hub.desk.consent_page import errors_of
from hub.desk.deciding import Deciding
from hub.desk.emergencies import count_to_review
from hub.desk.projector import Consumed, apply_list
from hub.desk.reading import Reading
from hub.desk.tokens import Tokens
from hub.errors import LogUnavailable
from hub.events.agreements import Review
from hub.events.codec import decode
from hub.events.decisions import Decision, Kind, decision_of
from hub.events.ids import decision_id
from hub.events.topics import SOURCES
from hub.household.document import build
from tests.desk.conftest import KNOWN_BSN, NOW, AppOf, Desk
from tests.desk.decisions import decision_entry, sent_entries
from tests.desk.family import HOME
from tests.desk.test_household_page import block
from tests.desk.test_pages import EN, NL, log_in, plain
from tests.desk.test_sight import ACTORS, consent, taken, the_family
from tests.desk.views import source_status

PAGE = f"/huishoudens/{HOME}"
CONSENT = f"{PAGE}/toestemming"
ANNA = '["menscentraal","MC-1","1","youth"]'
MC = {"source": "menscentraal", "dossier_id": "MC-1"}
GIVEN = {"whose": ANNA, "door.self": "ja", "scope": "all", "until": "2026-12-31", "why": "gezegd in het gesprek"}
HERE = ACTORS | {
    "unitless": Actor("uma", Role.TEAM_MEMBER, teams=("Noord jeugd",)),
    "other_team": Actor("otto", Role.TEAM_MEMBER, unit="adult", teams=("Noord jeugd",)),
}
Log = Callable[[str], TestClient]


@pytest.fixture
def clock() -> list[datetime]:
    """The moment that the desk takes to be now: one item."""
    return [NOW]


@pytest.fixture
def browse(desk: Desk, app_of: AppOf, clock: list[datetime]) -> Iterator[Log]:
    """Somebody's browser, logged in; nobody sees everything here."""
    reading = Reading(desk.engine, desk.log, lambda: clock[0])
    deciding = Deciding(reading, desk.publish, "0599", 1, desk.person_key)
    site = replace(desk.site, reading=reading, deciding=deciding, tokens=Tokens(HERE), now=lambda: clock[0])
    app, opened = app_of(site), list[TestClient]()

    def client(who: str) -> TestClient:
        opened.append(TestClient(app, follow_redirects=False, raise_server_exceptions=False))
        return log_in(opened[-1], who)

    yield client
    for item in opened:
        item.close()


def come_through(desk: Desk) -> None:
    desk.show(the_family(*sent_entries(desk.sent)))


def sent(desk: Desk) -> Decision:
    return decision_of(decode(desk.sent[-1].value).value)


BECAUSE = [
    ("youth", "omdat dit dossier van de hulp aan volwassenen is, en u van jeugd bent"),
    ("adult", "omdat dit dossier van de hulp aan jeugd is, en u van volwassenen bent"),
    ("unitless", "omdat van u niet bekend is bij welke hulp u hoort"),
    ("other_team", "omdat dit dossier van een ander team is en u niet noemt"),
    ("safety", "omdat er geen signaal over de veiligheid van een kind in staat"),
]


def test_what_is_withheld_says_why_and_whom_to_ask(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    for who, because in BECAUSE:
        text = browse(who).get(PAGE).text
        told = block(text, "withheld")
        assert because in told, who
        assert ("Adam Oud" if "MC-1" in told else "Kim Bakker") in told
        assert "mag u niet zien. Waarom, en wat u kunt doen" in block(text, "blind")
        assert "Noodtoegang nemen voor 4 uur" in told


def test_a_leader_is_told_and_can_take_no_emergency_access(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    leader = browse("leader")
    told = block(leader.get(PAGE).text, "withheld")
    assert "Er is meer dan u hier ziet" in told
    assert "Noodtoegang" not in told
    assert leader.get("/noodtoegang").status_code == leader.get(CONSENT).status_code == 403
    wanted = {"kind": "emergency", "source": "menscentraal", "dossier_id": "MC-1", "why": "w"}
    assert leader.post(f"{PAGE}/besluiten", data=wanted).status_code == 403
    assert desk.sent == []


def test_an_emergency_is_taken_seen_and_ended_on_the_page(desk: Desk, browse: Log, clock: list[datetime]) -> None:
    desk.show(the_family())
    youth = browse("youth")
    form = {"kind": "emergency", "source": "menscentraal", "dossier_id": "MC-1"}
    wrong = youth.post(f"{PAGE}/besluiten", data=form)
    assert (wrong.status_code, "zeg waarom" in block(wrong.text, "withheld")) == (400, True)
    assert 'aria-describedby="nood-1-uitleg nood-1-fout" aria-invalid="true"' in wrong.text
    with_bsn = youth.post(f"{PAGE}/besluiten", data=form | {"why": f"moeder {KNOWN_BSN}"})
    assert (with_bsn.status_code, "staat een BSN" in block(with_bsn.text, "withheld")) == (400, True)
    assert youth.post(f"{PAGE}/besluiten", data=form | {"why": "acuut gevaar"}).status_code == 303
    come_through(desk)
    text = youth.get(PAGE).text
    assert "Noodtoegang tot dossier MC-1, tot 17:00 Nog 4 uur. Wat u bekijkt wordt beoordeeld." in plain(text)
    assert "schulden op een rij" in text
    assert 'id="withheld"' not in text
    assert "yara heeft noodtoegang" in block(browse("adult").get(PAGE).text, "openings")
    told = browse("adult").get(PAGE).text
    assert "yara heeft noodtoegang tot dossier MC-1, tot 17:00. Waarom" in plain(told.partition('class="first"')[0])
    assert "data-ends-in" not in told
    action, version = re.findall(r'action="([^"]+/intrekking)"[^>]*>.*?name="version" value="(\d+)"', text, re.DOTALL)[
        0
    ]
    clock[0] = NOW + timedelta(minutes=10)
    assert youth.post(action, data={"version": version, "why": "beëindigd"}).status_code == 303
    assert desk.operations()[-1]["action"] == "end_emergency"
    ended = sent(desk)
    assert (ended.withdrawn, ended.why) == (True, "acuut gevaar / beëindigd")
    come_through(desk)
    assert 'id="withheld"' in youth.get(PAGE).text
    assert "Noodtoegang beëindigen" not in youth.get(PAGE).text
    assert "heeft noodtoegang" not in browse("adult").get(PAGE).text.partition('class="first"')[0]


def test_who_broke_the_glass_is_news_in_its_own_block() -> None:
    found = build(decode(the_family(decision_entry(taken(), minutes=90_000))[1]).value)
    assert found is not None
    assert changed_blocks(found, "2026-02-01") == frozenset({"openings"})


def test_the_rest_of_the_time_is_said_and_what_is_over_cannot_be_ended(desk: Desk, browse: Log) -> None:
    until = NOW + timedelta(minutes=90, seconds=-30)
    running, over = taken(user="yara", until=until), taken(user="yara", until=NOW)
    desk.show(the_family(decision_entry(running, minutes=7), decision_entry(over, minutes=6)))
    youth = browse("youth")
    text = youth.get(PAGE).text
    assert "Nog 1 uur en 30 min." in plain(text)
    assert "1 h and 30 min left." in plain(youth.get(f"{PAGE}?taal=en").text)
    assert f'besluiten/{decision_id(running.record)}/intrekking"' in text
    assert f'besluiten/{decision_id(over.record)}/intrekking"' not in text


def test_a_stranger_takes_emergency_access_by_the_number_of_a_dossier(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    stef = browse("stranger")
    apply_list(desk.engine, [Consumed(SOURCES, 0, 1, b"k", source_status("menscentraal", reported_at=NOW))], [])
    refused = stef.get(PAGE)
    assert "U hebt niets met dit huishouden te maken" in refused.text
    assert 'href="/noodtoegang"' in refused.text
    form = MC | {"why": "acuut gevaar"}
    for changed, words in (
        ({"source": ""}, "Kies de bron"),
        ({"dossier_id": "MC-9"}, "niet bekend"),
        ({"why": ""}, "zeg waarom"),
        ({"why": KNOWN_BSN}, "staat een BSN"),
    ):
        wrong = stef.post("/noodtoegang", data=form | changed)
        assert (wrong.status_code, words in wrong.text) == (400, True), words
    assert desk.sent == []
    done = stef.post("/noodtoegang", data=form)
    assert (done.status_code, f'href="{PAGE}"' in done.text) == (200, True)
    come_through(desk)
    assert "schulden op een rij" in stef.get(PAGE).text
    assert browse("leader").post("/noodtoegang", data=form).status_code == 403


def test_a_safety_officer_judges_by_what_was_looked_at(desk: Desk, browse: Log, clock: list[datetime]) -> None:
    desk.show(the_family())
    stef, sofie = browse("stranger"), browse("safety")
    stef.post("/noodtoegang", data=MC | {"why": "acuut gevaar"})
    come_through(desk)
    for minutes in (5, 10):
        clock[0] = NOW + timedelta(minutes=minutes)
        assert stef.get(PAGE).status_code == 200
    page = plain(sofie.get("/noodtoegangen").text)
    assert "stef zag dossier MC-1" in page
    assert "huishouden bekeken: 2 keer, 1 mrt 2026 13:05 – 13:10" in page
    assert "acuut gevaar" in page
    assert 'Noodtoegang <span class="number-badge">1' in sofie.get(PAGE).text
    emergency = decision_id(sent(desk).record)
    path = f"/noodtoegangen/{emergency}/oordeel"
    done = sofie.post(path, data=MC | {"justified": "nee", "why": "collega was bereikbaar"})
    assert (done.status_code, done.headers["location"]) == (303, "/noodtoegangen?vastgelegd=true")
    assert sent(desk).review == Review(**MC, emergency=emergency, justified=False)
    come_through(desk)
    assert "Er is niets te beoordelen" in sofie.get("/noodtoegangen").text
    text = sofie.get(PAGE).text
    assert "number-badge" not in text
    assert "De noodtoegang was niet terecht" in block(text, "openings")
    assert "Neem dit besluit terug" in block(text, "openings")


def test_what_awaits_a_judgement_is_counted_and_no_household_is_read_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = taken()
    desk.show(the_family(decision_entry(access, minutes=7)))
    monkeypatch.setattr(readmodel, "load_all", lambda *_: pytest.fail("a household was read"))
    assert count_to_review(desk.site.reading, HERE["safety"]) == 1
    assert count_to_review(desk.site.reading, HERE["leader"]) == 0
    said = Review(**MC, emergency=decision_id(access.record), justified=True)
    review = Decision(kind=Kind.EMERGENCY_REVIEW, decided_by="sofie", why="terecht", review=said)
    desk.show(the_family(decision_entry(access, minutes=7), decision_entry(review, minutes=8)))
    assert count_to_review(desk.site.reading, HERE["safety"]) == 0


def test_what_is_wrong_with_a_judgement_is_said_beside_it(desk: Desk, browse: Log) -> None:
    access = taken()
    desk.show(the_family(decision_entry(access, minutes=7)))
    sofie, stef = browse("safety"), browse("stranger")
    path = f"/noodtoegangen/{decision_id(access.record)}/oordeel"
    whole = MC | {"justified": "ja", "why": "w"}
    wrong = sofie.post(path, data=MC)
    assert wrong.status_code == 400
    assert [words for words in ("Kies of het terecht was", "zeg waarom") if words not in wrong.text] == []
    assert sofie.post(path.replace("/B", "/B0"), data=whole).status_code == 404
    assert sofie.post(path, data=whole | {"why": KNOWN_BSN}).status_code == 400
    assert stef.post(path, data=whole).status_code == 403
    assert stef.get("/noodtoegangen").status_code == 403
    desk.log_fails = LogUnavailable()
    assert sofie.post(path, data=whole).status_code == 503
    assert desk.sent == []


def test_of_an_emergency_that_was_ended_the_log_says_when_it_began(
    desk: Desk, browse: Log, clock: list[datetime]
) -> None:
    desk.show(the_family())
    youth = browse("youth")
    youth.post(f"{PAGE}/besluiten", data={"kind": "emergency", "why": "gevaar", **MC})
    come_through(desk)
    clock[0] = NOW + timedelta(minutes=5)
    youth.get(PAGE)
    clock[0] = NOW + timedelta(minutes=8)
    youth.post(f"{PAGE}/besluiten/{decision_id(sent(desk).record)}/intrekking", data={"why": "klaar"})
    come_through(desk)
    clock[0] = NOW + timedelta(minutes=12)
    youth.get(PAGE)
    page = plain(browse("safety").get("/noodtoegangen").text)
    assert "Genomen 1 mrt 2026 13:00 Tot 1 mrt 2026 13:08" in page
    assert "huishouden bekeken: 1 keer, 1 mrt 2026 13:05" in page
    assert "gevaar / klaar" in page


def test_asking_for_another_access_hides_nothing_that_was_looked_at_before(
    desk: Desk, browse: Log, clock: list[datetime]
) -> None:
    desk.show(the_family())
    youth = browse("youth")

    def take(minutes: int) -> str:
        clock[0] = NOW + timedelta(minutes=minutes)
        youth.post(f"{PAGE}/besluiten", data={"kind": "emergency", "why": "gevaar", **MC})
        come_through(desk)
        youth.get(PAGE)
        return decision_id(sent(desk).record)

    earlier, first = take(-60), take(0)
    take(5)
    for ended, minutes in ((earlier, 6), (first, 8)):
        clock[0] = NOW + timedelta(minutes=minutes)
        youth.post(f"{PAGE}/besluiten/{ended}/intrekking", data={"why": "klaar"})
    come_through(desk)
    page = plain(browse("safety").get("/noodtoegangen").text)
    assert "Genomen 1 mrt 2026 12:00 Tot 1 mrt 2026 13:06" in page
    assert "huishouden bekeken: 3 keer, 1 mrt 2026 12:00 – 13:05" in page
    assert "Genomen 1 mrt 2026 13:00 Tot 1 mrt 2026 13:08" in page
    assert "huishouden bekeken: 2 keer, 1 mrt 2026 13:00 – 13:05" in page


def test_nobody_judges_his_own_on_the_page_either(desk: Desk, browse: Log) -> None:
    own = taken(user="sofie")
    desk.show(the_family(decision_entry(own, minutes=7)))
    sofie = browse("safety")
    page = sofie.get("/noodtoegangen").text
    assert "Uw eigen noodtoegang beoordeelt een ander" in page
    assert "oordeel" not in re.findall(r'action="([^"]*)"', page)
    path = f"/noodtoegangen/{decision_id(own.record)}/oordeel"
    answer = sofie.post(path, data=MC | {"justified": "ja", "why": "w"})
    assert (answer.status_code, "beoordeelt een ander" in answer.text) == (409, True)
    assert browse("other_safety").post(path, data=MC | {"justified": "ja", "why": "w"}).status_code == 303


def test_who_was_judged_does_not_take_the_judgement_back(desk: Desk, browse: Log) -> None:
    own = taken(user="sofie")
    said = Review(**MC, emergency=decision_id(own.record), justified=False)
    review = Decision(kind=Kind.EMERGENCY_REVIEW, decided_by="sem", why="niet nodig", review=said)
    desk.show(the_family(decision_entry(own, minutes=7), decision_entry(review, minutes=8)))
    sofie, sem = browse("safety"), browse("other_safety")
    path = f"{PAGE}/besluiten/{decision_id(review.record)}/intrekking"
    assert [f'action="{path}"' in who.get(PAGE).text for who in (sofie, sem)] == [False, True]
    refused = sofie.post(path, data={"why": "oneens"})
    assert (refused.status_code, "beoordeelt een ander" in refused.text, desk.sent) == (409, True, [])
    api = f"/api/v1/besluiten/{decision_id(review.record)}/intrekking"
    answer = sofie.post(api, json={"why": "oneens"}, headers={"Authorization": "Bearer safety"})
    assert (answer.status_code, desk.sent) == (409, [])
    assert sem.post(path, data={"why": "vergissing"}).status_code == 303
    assert sent(desk).withdrawn


def test_consent_is_recorded_by_a_form_and_withdrawn(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    adam = browse("adult")
    form = plain(html.unescape(adam.get(CONSENT).text))
    assert "(35 jaar) dossier MC-1, te zien voor de hulp aan jeugd · toestemming van de persoon zelf" in form
    assert "Z-1" not in form
    answer = adam.post(CONSENT, data=GIVEN | {"scope": "some", "domein.finance": "ja"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?vastgelegd=true#openings")
    made = sent(desk)
    assert made.consent is not None
    assert (made.consent.person, made.consent.unit, made.consent.domains) == ("p-anna", "youth", ("finance",))
    come_through(desk)
    text = adam.get(PAGE).text
    assert "loopt Anna van Dijk - de Vries vindt goed dat de hulp aan jeugd dossier MC-1 ziet: Financiën" in block(
        text, "openings"
    )
    assert "Met toestemming ziet u wel: Financiën" in block(browse("youth").get(PAGE).text, "withheld")
    action = f"{PAGE}/besluiten/{decision_id(made.record)}/intrekking"
    wrong = adam.post(action, data={})
    assert (wrong.status_code, "zeg waarom" in block(wrong.text, "openings")) == (400, True)
    assert adam.post(action, data={"why": "wil het niet meer"}).status_code == 303
    assert sent(desk).withdrawn
    come_through(desk)
    assert "ingetrokken" in block(adam.get(PAGE).text, "openings")


WRONG: list[tuple[dict[str, str], str]] = [
    ({"whose": ""}, "Kies van wie"),
    ({"whose": "onzin"}, "Kies van wie"),
    ({"whose": "[" * 5000}, "Kies van wie"),
    ({"whose": '["menscentraal","MC-1","1","adult"]'}, "Kies van wie"),
    ({"door.self": ""}, "Kies wie de toestemming gaf"),
    ({"door.self": "", "door.custodians": "ja"}, "bij de persoon staat wie haar moet geven"),
    ({"scope": ""}, "Kies of alles"),
    ({"scope": "some"}, "ten minste één leefgebied"),
    ({"domein.finance": "ja"}, "U koos alles, en ook leefgebieden"),
    ({"until": ""}, "van vandaag tot over een jaar"),
    ({"until": "morgen"}, "van vandaag tot over een jaar"),
    ({"until": "2026-02-28"}, "van vandaag tot over een jaar"),
    ({"until": "2027-03-03"}, "van vandaag tot over een jaar"),
    ({"why": ""}, "Zeg hoe de toestemming"),
    ({"why": "w" * 2001}, "Zeg hoe de toestemming"),
    ({"why": f"BSN {KNOWN_BSN}"}, "staat een BSN"),
    ({"why": "a\0b"}, "Zeg hoe de toestemming"),
]


def test_what_is_wrong_with_a_consent_stands_next_to_its_field(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    adam = browse("adult")
    for changed, words in WRONG:
        answer = adam.post(CONSENT, data=GIVEN | changed)
        assert answer.status_code == 400, words
        wrong = [plain(html.unescape(item)) for item in re.findall(r'<p class="field-error".*?</p>', answer.text)]
        assert [item for item in wrong if words in item], (words, wrong)
        assert 'role="alert"' in answer.text
        assert ("gezegd in het gesprek</textarea>" in answer.text) == ("why" not in changed)
    assert desk.sent == []


def test_consent_for_a_dossier_of_others_is_refused(desk: Desk, browse: Log) -> None:
    desk.show(the_family())
    assert browse("youth").post(CONSENT, data=GIVEN).status_code == 403
    answer = browse("adult").post(CONSENT, data=GIVEN | {"whose": '["menscentraal","MC-1","9","youth"]'})
    assert (answer.status_code, "staat niet (meer) in dat dossier" in answer.text) == (409, True)
    desk.log_fails = LogUnavailable()
    assert browse("adult").post(CONSENT, data=GIVEN).status_code == 503
    assert desk.sent == []


def test_a_consent_that_does_not_hold_says_why() -> None:
    def state(day: date, **changed: Any) -> str:
        found = build(decode(the_family(consent(**changed))[1]).value)
        assert found is not None
        (item,) = agreements(found, day)
        return item.state

    today = NOW.date()
    assert state(today) == "runs"
    assert state(today, until=date(2026, 2, 28)) == "ended"
    assert state(today, withdrawn=True) == "withdrawn"
    assert state(today, given_by=["custodians"]) == "age"
    assert state(today, person="p-other") == "gone"
    for words in (NL, EN):
        assert all(words.t(f"consent_state.{name}") for name in ("runs", "ended", "withdrawn", "age", "gone"))


def test_every_emergency_stays_to_be_seen_with_its_review() -> None:
    access = taken()
    said = Review(**MC, emergency=decision_id(access.record), justified=True)
    review = Decision(kind=Kind.EMERGENCY_REVIEW, decided_by="sofie", why="terecht", review=said)
    entries = (decision_entry(access, minutes=7), decision_entry(review, minutes=8))
    found = build(decode(the_family(*entries)[1]).value)
    assert found is not None
    (during,) = broken(found, datetime(2026, 3, 1, 13, 0, 1, tzinfo=UTC))
    assert (during.user, during.minutes_left, during.until) == ("stef", 60, "2026-03-01T14:00:00Z")
    assert during.review is not None
    (after,) = broken(found, datetime(2026, 3, 1, 14, tzinfo=UTC))
    assert after.minutes_left == 0


def test_a_whole_form_has_no_errors() -> None:
    assert errors_of(GIVEN) == {}
    assert set(errors_of({})) == {"whose", "scope", "given_by", "until", "why"}
