"""Logging in and out through a provider, on real sockets."""

from __future__ import annotations

import html
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hub.desk.login.routes import ATTEMPT_COOKIE
from hub.desk.site import SESSION_COOKIE
from tests.desk.conftest import AppOf, Desk
from tests.desk.identity import AUDIENCE, CLIENT, House, chosen, housing, log_in


@pytest.fixture
def house(desk: Desk, app_of: AppOf) -> Iterator[House]:
    """A desk and a provider."""
    with housing(desk, app_of) as found:
        yield found


@pytest.fixture
def browser(house: House) -> httpx.Client:
    """Of somebody who is not logged in."""
    return house.browser()


def form_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of one form of a page."""
    (form,) = re.findall(rf'<form method="post" action="{action}"[^>]*>(.*?)</form>', page, flags=re.DOTALL)
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def test_somebody_logs_in_works_and_logs_out(house: House, browser: httpx.Client) -> None:
    assert browser.get("/huishoudens").headers["location"] == "/inloggen?naar=/huishoudens"
    assert "/inloggen/begin?naar=/huishoudens" in browser.get("/inloggen?naar=/huishoudens").text
    assert log_in(browser, "dirk", "/huishoudens").headers["location"] == "/huishoudens"
    look = house.look()
    assert (look["user"], look["role"], look["action"], look["allowed"], look["reason"]) == (
        "dirk", "case_director", "enter", True, "logged_in",
    )  # fmt: skip
    page = browser.get("/huishoudens")
    assert page.status_code == 200
    kept = dict(browser.cookies)
    left = browser.post("/uitloggen", data=form_fields(page.text, "/uitloggen"))
    assert urlsplit(left.headers["location"]).path == "/logout"
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert asked["post_logout_redirect_uri"] == [f"{house.url}/inloggen"]
    assert asked["client_id"] == [CLIENT]
    assert house.provider.registration.issuer in left.headers["location"]
    assert browser.get(left.headers["location"]).headers["location"] == f"{house.url}/inloggen"
    assert (house.look()["user"], house.look()["reason"]) == ("dirk", "logged_out")
    browser.cookies.update(kept)
    assert browser.get("/huishoudens").status_code == 303


def test_what_the_provider_says_of_somebody_is_who_asks(house: House, browser: httpx.Client) -> None:
    log_in(browser, "dirk")
    actor = house.desk.site.sessions.actor(browser.cookies[SESSION_COOKIE])
    assert actor is not None
    assert (actor.user, actor.name, actor.unit, actor.teams, actor.staff) == (
        "dirk", "Dirk de Wit", "adult", ("Noord", "Zuid"), "4711",
    )  # fmt: skip


def test_no_cookie_is_within_reach_of_a_script(browser: httpx.Client) -> None:
    begun = browser.get("/inloggen/begin")
    assert begun.headers["set-cookie"].lower().count("httponly; ") == 1
    answer = log_in(browser, "dirk")
    cookies = [item.lower() for item in answer.headers.get_list("set-cookie")]
    assert len(cookies) == 2
    assert all("httponly" in item and "samesite=lax" in item for item in cookies)


def test_the_form_of_the_logout_may_lead_to_the_provider_and_nowhere_else(house: House, browser: httpx.Client) -> None:
    policy = browser.get("/inloggen").headers["content-security-policy"]
    assert f"form-action 'self' {house.identity.config.issuer};" in policy


@pytest.mark.parametrize("elsewhere", ["https://elders.example", "//elders.example", "/\\elders.example", "x" * 9_000])
def test_login_leads_to_no_other_site(elsewhere: str, browser: httpx.Client) -> None:
    assert log_in(browser, "dirk", elsewhere).headers["location"] == "/"


def test_what_a_cookie_says_of_the_way_back_leads_to_no_other_site(browser: httpx.Client) -> None:
    back = chosen(browser, "dirk")
    secret = browser.cookies[ATTEMPT_COOKIE].partition(".")[0]
    browser.cookies.clear()
    planted = urlsafe_b64encode(b"//elders.example").decode()
    browser.cookies.set(ATTEMPT_COOKIE, f"{secret}.{planted}", domain="127.0.0.1", path="/")
    assert browser.get(back).headers["location"] == "/"


def test_somebody_without_a_role_is_told_so_and_stands_in_the_log(house: House, browser: httpx.Client) -> None:
    answer = log_in(browser, "gast")
    assert answer.status_code == 403
    assert "geen rol in Regiehub" in answer.text
    assert SESSION_COOKIE not in browser.cookies
    look = house.look()
    assert (look["user"], look["role"], look["allowed"], look["reason"]) == ("gast", "", False, "no_role")


def test_an_answer_to_another_browser_is_refused(house: House, browser: httpx.Client) -> None:
    """Whoever sends somebody his own answer would log him in as himself."""
    attacker = house.browser()
    back = chosen(attacker, "olga")
    for victim in (browser, house.browser()):
        victim.get("/inloggen/begin")
        answer = victim.get(back)
        assert (answer.status_code, house.look()["reason"]) == (401, "wrong_state")
        assert SESSION_COOKIE not in victim.cookies


def test_an_answer_works_once(house: House, browser: httpx.Client) -> None:
    back = chosen(browser, "dirk")
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies.clear()
    assert browser.get(back).status_code == 401
    assert house.look()["reason"] == "wrong_state"
    browser.cookies.update(kept)
    assert browser.get(back).status_code == 401
    assert house.look()["reason"] == "wrong_code"
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "verzonnen"}, "wrong_code"),
        ({"code": ""}, "provider_refused"),
        ({"code": "", "error": "access_denied"}, "provider_refused"),
        ({"state": "verzonnen"}, "wrong_state"),
        ({"state": "é"}, "wrong_state"),
        ({"state": ""}, "wrong_state"),
        ({"iss": "https://elders.example"}, "wrong_issuer"),
        ({"iss": ""}, "wrong_issuer"),
    ],
)
def test_an_answer_that_was_changed_is_refused(
    change: dict[str, str], reason: str, house: House, browser: httpx.Client
) -> None:
    back = urlsplit(chosen(browser, "dirk"))
    said = {name: values[0] for name, values in parse_qs(back.query).items()}
    answer = browser.get(back.path, params=said | change)
    assert (answer.status_code, house.look()["reason"]) == (401, reason)
    assert "niet gelukt" in answer.text
    assert SESSION_COOKIE not in browser.cookies
    assert "verzonnen" not in house.desk.looks_path.read_text()


def test_a_code_is_of_no_use_without_the_verifier_that_only_its_browser_knows(
    house: House, browser: httpx.Client
) -> None:
    code = parse_qs(urlsplit(chosen(browser, "dirk")).query)["code"][0]
    thief = house.browser()
    state = parse_qs(urlsplit(chosen(thief, "olga")).query)["state"][0]
    answer = {"code": code, "state": state, "iss": house.identity.config.issuer}
    assert thief.get("/inloggen/terug", params=answer).status_code == 401
    assert house.look()["reason"] == "wrong_code"


def test_a_session_that_was_planted_is_not_the_one_that_is_logged_in(house: House, browser: httpx.Client) -> None:
    browser.cookies.set(SESSION_COOKIE, "geplant", domain="127.0.0.1", path="/")
    answer = log_in(browser, "dirk")
    assert SESSION_COOKIE in answer.headers["set-cookie"]
    assert house.desk.site.sessions.actor("geplant") is None


def test_a_new_login_ends_the_session_before_it(house: House, browser: httpx.Client) -> None:
    log_in(browser, "dirk")
    first = browser.cookies[SESSION_COOKIE]
    log_in(browser, "olga")
    second = browser.cookies[SESSION_COOKIE]
    sessions = house.desk.site.sessions
    assert first != second
    assert sessions.actor(first) is None
    found = sessions.actor(second)
    assert found is not None and found.user == "olga"


def test_a_user_who_logs_in_too_often_is_told_when_to_try_again(desk: Desk, app_of: AppOf) -> None:
    with housing(desk, app_of, logins=2) as house:
        browser = house.browser()
        answers = [log_in(browser, "dirk") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [303, 303, 429]
        assert answers[-1].headers["retry-after"] == "30"
        assert log_in(house.browser(), "olga").status_code == 303


def test_a_login_that_cannot_be_logged_begins_no_session(house: House, browser: httpx.Client) -> None:
    back = chosen(browser, "dirk")
    house.desk.looks_path.mkdir()
    assert browser.get(back).status_code == 503
    assert SESSION_COOKIE not in browser.cookies


def test_a_logout_that_cannot_be_logged_is_one_all_the_same(house: House, browser: httpx.Client) -> None:
    log_in(browser, "dirk")
    form = form_fields(browser.get("/zoeken").text, "/uitloggen")
    house.desk.looks_path.unlink()
    assert browser.post("/uitloggen", data=form).status_code == 503
    assert house.desk.site.sessions.actor(browser.cookies[SESSION_COOKIE]) is None


@pytest.mark.parametrize("given", [None, "", "0" * 64, "é"])
def test_a_form_of_no_page_of_this_session_does_nothing(given: str | None, house: House, browser: httpx.Client) -> None:
    log_in(browser, "dirk")
    form = {"name": "de Vries"} | ({} if given is None else {"formulier": given})
    assert browser.post("/zoeken", data=form).status_code == 400
    assert (house.look()["user"], house.look()["reason"]) == ("dirk", "wrong_form")
    assert browser.post("/uitloggen", data=form).status_code == 400
    assert browser.get("/huishoudens").status_code == 200


def test_a_form_of_somebody_elses_session_does_nothing(house: House, browser: httpx.Client) -> None:
    other = house.browser()
    log_in(other, "dirk")
    stolen = form_fields(other.get("/zoeken").text, "/zoeken")
    log_in(browser, "dirk")
    assert browser.post("/zoeken", data=stolen | {"name": "de Vries"}).status_code == 400
    assert other.post("/zoeken", data=stolen | {"name": "de Vries"}).status_code == 200


def test_every_form_that_does_something_carries_the_token(house: House, browser: httpx.Client, home: str) -> None:
    log_in(browser, "dirk")
    for path in ("/huishoudens", "/zoeken", "/bronnen", f"/huishoudens/{home}", f"/huishoudens/{home}/kandidaten"):
        page = browser.get(path).text
        forms = page.count('method="post"')
        assert forms == page.count('<input type="hidden" name="formulier"') > 0, path
        assert browser.cookies[SESSION_COOKIE] not in page


# ---------------------------------------------------------------- the API


def bearer(house: House, user: str, **changes: object) -> httpx.Response:
    (found,) = [item for item in house.identity.config.users if item.user == user]
    token = house.identity.sign(house.identity.claims_of(found) | {"aud": [AUDIENCE]} | changes)
    return house.browser().get("/api/v1/huishoudens", headers={"Authorization": f"Bearer {token}"})


def test_an_access_token_of_the_provider_opens_the_api(house: House) -> None:
    assert bearer(house, "dirk").status_code == 200
    assert house.look()["user"] == "dirk"
    assert bearer(house, "olga").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"aud": CLIENT}, {"aud": ["elders"]}, {"aud": None}, {"iss": "https://elders.example"}, {"exp": 1}, {"exp": None}],
)
def test_an_access_token_for_something_else_opens_nothing(changes: dict[str, object], house: House) -> None:
    answer = bearer(house, "dirk", **changes)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert house.look()["allowed"] is False


def test_an_access_token_of_somebody_without_a_role_is_refused_by_name(house: House) -> None:
    assert bearer(house, "gast").status_code == 403
    assert (house.look()["user"], house.look()["reason"]) == ("gast", "no_role")


@pytest.mark.parametrize("token", ["x", "a.b.c", "." * 9, "e30.e30.", "ey" * 15_000, "é"])
def test_nonsense_opens_nothing(token: str, house: House) -> None:
    headers = {b"Authorization": b"Bearer " + token.encode("latin-1")}
    assert house.browser().get("/api/v1/huishoudens", headers=headers).status_code == 401
