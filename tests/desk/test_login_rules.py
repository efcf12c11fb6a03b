"""The parts of login without a provider: claims, attempts, sessions, limits, and what a production desk refuses."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hub.desk import database, tables
from hub.desk.access import Actor, Role
from hub.desk.app import create_app
from hub.desk.login.attempt import Attempt, inside
from hub.desk.login.claims import MOST_TEAMS, Names, NoActor, actor_of
from hub.desk.login.doors import Login, open_login, open_tokens
from hub.desk.login.limits import Limit, Limits, TooMany, key_of
from hub.desk.login.sessions import IDLE_SECONDS, SESSION_SECONDS, Sessions, form_token, is_form_token
from hub.desk.tokens import LONGEST_USER
from hub.errors import ConfigError
from hub.settings import Settings
from tests.desk.conftest import DIRECTOR, Desk
from tests.desk.identity import Clock

WHOLE: dict[str, Any] = {
    "preferred_username": "dirk",
    "realm_access": {"roles": ["offline_access", "case_director"]},
    "name": "Dirk de Wit",
    "organisation": "Gemeente Voorbeeld",
    "unit": "youth",
    "teams": ["Noord", "Zuid"],
    "staff_number": "4711",
    "phone_number": "010 123 4567",
}
DIRK = Actor(
    "dirk", Role.CASE_DIRECTOR, "Gemeente Voorbeeld", "Dirk de Wit", "youth", ("Noord", "Zuid"), "4711", "010 123 4567"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)

# ---------------------------------------------------------------- claims


def test_claims_say_who_asks() -> None:
    assert actor_of(WHOLE, Names()) == DIRK


def test_claims_may_stand_elsewhere() -> None:
    claims = {"upn": "dirk", "https://example.org/roles": "operations", "a.b": {"c": ["operations"]}, "a": {"b": 1}}
    assert actor_of(claims, Names("upn", "https://example.org/roles")) == Actor("dirk", Role.OPERATIONS)
    with pytest.raises(NoActor):
        actor_of(claims, Names("upn", "a.b.c"))


@pytest.mark.parametrize(
    ("changes", "reason", "user"),
    [
        ({"preferred_username": None}, "no_user", ""),
        ({"preferred_username": " "}, "no_user", ""),
        ({"preferred_username": 7}, "no_user", ""),
        ({"preferred_username": "x" * (LONGEST_USER + 1)}, "no_user", ""),
        ({"preferred_username": "a\nb"}, "no_user", ""),
        ({"realm_access": None}, "no_role", "dirk"),
        ({"realm_access": {"roles": []}}, "no_role", "dirk"),
        ({"realm_access": {"roles": {"case_director": True}}}, "no_role", "dirk"),
        ({"realm_access": {"roles": ["CASE_DIRECTOR", "koning", None, ["case_director"]]}}, "no_role", "dirk"),
        ({"realm_access": {"roles": "case_director_not"}}, "no_role", "dirk"),
        ({"realm_access": {"roles": ["case_director", "operations"]}}, "several_roles", "dirk"),
    ],
)
def test_claims_that_name_nobody_who_works_here_are_refused(changes: dict[str, Any], reason: str, user: str) -> None:
    with pytest.raises(NoActor) as caught:
        actor_of(WHOLE | changes, Names())
    assert (caught.value.reason, caught.value.user) == (reason, user)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON))
def test_whatever_claims_hold_an_actor_is_bounded(changes: dict[str, Any]) -> None:
    try:
        actor = actor_of(WHOLE | changes, Names())
    except NoActor as error:
        assert len(error.user) <= LONGEST_USER
        return
    texts = [actor.user, actor.organisation, actor.name, actor.staff, actor.phone, *actor.teams]
    assert all(len(text) <= LONGEST_USER and text.isprintable() for text in texts)
    assert actor.unit in {"", "youth", "adult"}
    assert len(actor.teams) <= MOST_TEAMS


# ---------------------------------------------------------------- attempts


@given(st.text())
def test_the_way_back_is_kept_and_leads_to_this_site(wanted: str) -> None:
    attempt = Attempt.new(wanted)
    assert Attempt.from_cookie(attempt.cookie) == attempt
    assert set(attempt.cookie) <= set(string.ascii_letters + string.digits + "-_.")
    assert urlsplit(f"https://desk.example{attempt.wanted}").netloc == "desk.example"
    assert inside(attempt.wanted) == attempt.wanted


@given(st.text())
def test_a_cookie_of_nonsense_is_no_attempt_or_one_that_leads_to_this_site(value: str) -> None:
    attempt = Attempt.from_cookie(value)
    assert attempt is None or attempt.wanted.startswith("/")


def test_what_an_attempt_tells_the_provider_is_new_each_time_and_does_not_give_it_away() -> None:
    one, other = Attempt.new("/"), Attempt.new("/")
    said = [text for item in (one, other) for text in (item.secret, item.state, item.nonce, item.verifier)]
    assert len(set(said)) == 8
    assert one.is_answer(one.state)
    assert not one.is_answer(other.state)
    assert not one.is_answer("")
    assert 43 <= len(one.verifier) <= 128


def test_the_challenge_is_that_of_rfc_7636(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempt, "verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert Attempt("x").challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


# ---------------------------------------------------------------- sessions


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock()


@pytest.fixture
def sessions(desk: Desk, clock: Clock) -> Sessions:
    """None yet."""
    return Sessions(desk.engine, clock)


def test_a_session_is_whose_it_is_until_it_is_ended(sessions: Sessions) -> None:
    secret = sessions.begin(DIRK, "id-token")
    assert sessions.actor(secret) == DIRK
    assert sessions.actor("other") is None
    assert sessions.end(secret) == "id-token"
    assert sessions.actor(secret) is None
    assert sessions.end(secret) == ""


def test_a_session_ends_when_nobody_is_there(sessions: Sessions, clock: Clock) -> None:
    used, left = sessions.begin(DIRK), sessions.begin(DIRK)
    clock.seconds += IDLE_SECONDS - 1
    assert sessions.actor(used) == DIRK
    clock.seconds += 1
    assert sessions.actor(left) is None
    assert sessions.actor(used) == DIRK


def test_a_page_that_fetches_itself_keeps_no_session_alive(sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(DIRK)
    clock.seconds += IDLE_SECONDS - 1
    assert sessions.actor(secret, somebody_is_there=False) == DIRK
    clock.seconds += 1
    assert sessions.actor(secret) is None


def test_a_session_ends_after_a_working_day_whatever_is_done(sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(DIRK)
    for _ in range(int(SESSION_SECONDS // IDLE_SECONDS) * 2 - 1):
        clock.seconds += IDLE_SECONDS / 2
        assert sessions.actor(secret) == DIRK
    clock.seconds += IDLE_SECONDS / 2
    assert sessions.actor(secret) is None


def test_another_process_knows_a_session_and_its_end(sessions: Sessions, desk: Desk, clock: Clock) -> None:
    secret, other = sessions.begin(DIRK), Sessions(desk.engine, clock)
    assert other.actor(secret) == DIRK
    other.end(secret)
    assert sessions.actor(secret) is None


def test_a_secret_is_not_kept_and_a_session_that_ended_is_removed(sessions: Sessions, desk: Desk, clock: Clock) -> None:
    def rows() -> list[str]:
        with desk.engine.connect() as connection:
            return [str(row) for row in connection.exec_driver_sql("select * from login_sessions")]

    first = sessions.begin(DIRK)
    assert first not in rows()[0]
    clock.seconds += SESSION_SECONDS
    sessions.begin(DIRK)
    assert len(rows()) == 1


def test_sessions_outlive_a_read_model_that_is_made_anew(desk: Desk, sessions: Sessions) -> None:
    secret = sessions.begin(DIRK)
    with desk.engine.begin() as connection:
        connection.execute(tables.meta.update().values(schema_number=0))
    database.prepare(desk.engine)
    assert sessions.actor(secret) == DIRK


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"user": "dirk", "role": "koning", "teams": []}'])
def test_a_session_of_another_release_has_ended(text: str, sessions: Sessions, desk: Desk) -> None:
    secret = sessions.begin(DIRK)
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("update login_sessions set actor = ?", (text,))
    assert sessions.actor(secret) is None


def test_a_secret_with_a_zero_byte_more_is_another_sessions() -> None:
    assert form_token("") != form_token("\0")
    assert not is_form_token("secret", form_token("secret\0"))


@given(st.text(), st.text())
def test_a_form_belongs_to_one_session(one: str, other: str) -> None:
    assert is_form_token(one, form_token(one))
    assert is_form_token(one, form_token(other)) == (one == other)
    assert not is_form_token(one, "")


# ---------------------------------------------------------------- limits


def refused_after(limit: Limit, key: str) -> float | None:
    try:
        limit.take(key)
    except TooMany as error:
        return float((error.headers or {})["Retry-After"])
    return None


@given(st.integers(1, 500))
def test_a_minute_holds_so_many_requests_and_then_one_at_a_time(per_minute: int) -> None:
    clock = Clock(0.0)
    limit = Limit(per_minute, clock)
    assert [refused_after(limit, "dirk") for _ in range(per_minute)] == [None] * per_minute
    wait = refused_after(limit, "dirk")
    assert wait is not None and 1 <= wait <= 60 / per_minute + 1
    assert refused_after(limit, "olga") is None
    clock.seconds += wait
    assert refused_after(limit, "dirk") is None


def test_whoever_is_refused_waits_no_longer_for_having_asked() -> None:
    clock = Clock(0.0)
    limit = Limit(1, clock)
    limit.take("dirk")
    assert [refused_after(limit, "dirk") for _ in range(3)] == [60, 60, 60]
    clock.seconds = 60
    assert refused_after(limit, "dirk") is None


def test_memory_is_bounded_and_the_one_who_asked_longest_ago_is_forgotten() -> None:
    limit = Limit(1, Clock(0.0), most_keys=3)
    for key in "abcd":
        limit.take(key)
    assert refused_after(limit, "d") is not None
    assert refused_after(limit, "a") is None


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_network_of_one_customer_is_one_address(address: str, key: str) -> None:
    assert key_of(address) == key


Client = Callable[[Limits], TestClient]


@pytest.fixture
def limited(desk: Desk) -> Client:
    """A client of a desk with these limits."""

    def client(limits: Limits) -> TestClient:
        app = create_app(replace(desk.site, login=Login(limits=limits)))
        return TestClient(app, follow_redirects=False, headers={"Authorization": f"Bearer {DIRECTOR}"})

    return client


def test_a_user_who_asks_too_often_is_told_when_to_try_again(limited: Client, clock: Clock) -> None:
    client = limited(Limits.of(60, 3, clock))
    answers = [client.get("/api/v1/huishoudens") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "20"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].json()["status"] == 429
    clock.seconds += 20
    assert client.get("/api/v1/huishoudens").status_code == 200


def test_an_address_that_asks_too_often_does_not_fill_the_log(limited: Client, clock: Clock, desk: Desk) -> None:
    client = limited(Limits.of(60, 1, clock))
    wrong = {"Authorization": "Bearer verzonnen"}
    answers = [client.get("/api/v1/huishoudens", headers=wrong).status_code for _ in range(30)]
    assert answers == [401] * 10 + [429] * 20
    assert len(desk.operations()) == 10
    assert client.get("/healthz").status_code == 200


def test_attempts_to_log_in_are_counted_and_the_page_is_not(limited: Client, clock: Clock, desk: Desk) -> None:
    client = limited(Limits.of(2, 600, clock))
    assert [client.get("/inloggen").status_code for _ in range(5)] == [200] * 5
    answers = [client.post("/inloggen", data={"token": "verzonnen"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert answers[-1].headers["retry-after"] == "3"
    assert "Te veel verzoeken" in answers[-1].text
    assert client.get("/inloggen/begin").status_code == 429


# ---------------------------------------------------------------- what a production desk refuses


def production(folder: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "data_folder": folder,
        "desk_host": "0.0.0.0",
        "desk_address": "https://desk.example.org/",
        "oidc_issuer": "https://id.example.org/realms/town",
    }
    return Settings(**given | changes)


def test_behind_a_proxy_anybody_may_connect_once_there_is_a_provider(tmp_path: Path) -> None:
    login = open_login(production(tmp_path))
    assert login.is_secure
    assert login.address == "https://desk.example.org"
    assert login.provider is not None
    assert login.provider.origin == "https://id.example.org"
    assert not open_tokens(production(tmp_path))


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"oidc_issuer": ""}, "REGIEHUB_OIDC_ISSUER"),
        ({"oidc_issuer": "http://127.0.0.1:9000"}, "REGIEHUB_OIDC_ISSUER"),
        ({"oidc_issuer": "https://"}, "REGIEHUB_OIDC_ISSUER"),
        ({"oidc_issuer": "https://u:p@id.example.org"}, "REGIEHUB_OIDC_ISSUER"),
        ({"oidc_issuer": "https://["}, "REGIEHUB_OIDC_ISSUER"),
        ({"desk_address": ""}, "REGIEHUB_DESK_ADDRESS"),
        ({"desk_address": "http://desk.example.org"}, "REGIEHUB_DESK_ADDRESS"),
        ({"desk_proxies": "*"}, "REGIEHUB_DESK_PROXIES"),
        ({"oidc_audience": "regiehub"}, "REGIEHUB_OIDC_AUDIENCE"),
    ],
)
def test_a_production_desk_does_not_start_without(changes: dict[str, Any], setting: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_login(production(tmp_path, **changes))
    assert caught.value.setting == setting


def test_tokens_of_a_demo_stop_a_production_desk(tmp_path: Path) -> None:
    settings = production(tmp_path)
    settings.desk_tokens_file.parent.mkdir()
    settings.desk_tokens_file.write_text("{}")
    with pytest.raises(ConfigError, match="REGIEHUB_DESK_TOKENS_FILE"):
        open_tokens(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "desk.example.org", ""])
def test_to_a_demo_strangers_cannot_connect(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        open_login(production(tmp_path, environment="demo", desk_host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_to_a_demo_this_machine_can_connect(host: str, tmp_path: Path) -> None:
    assert open_login(production(tmp_path, environment="demo", desk_host=host, oidc_issuer="")).provider is None


@pytest.mark.parametrize(("content", "mode"), [(b"geheim", 0o644), (b"", 0o600), (b" \n", 0o600), (b"\xff", 0o600)])
def test_a_client_secret_that_is_wrong_stops_the_start_and_is_not_repeated(
    content: bytes, mode: int, tmp_path: Path
) -> None:
    file = tmp_path / "secret.txt"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="REGIEHUB_OIDC_CLIENT_SECRET_FILE") as caught:
        open_login(production(tmp_path, oidc_client_secret_file=file))
    assert "geheim" not in str(caught.value)


def test_a_client_secret_is_not_in_what_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("geheim\n")
    file.chmod(0o600)
    provider = open_login(production(tmp_path, oidc_client_secret_file=file)).provider
    assert provider is not None
    assert provider.registration.client_secret == "geheim"
    assert "geheim" not in repr(provider.registration)


def test_behind_https_cookies_go_no_other_way(desk: Desk) -> None:
    app = create_app(replace(desk.site, login=Login("https://desk.example.org")))
    client = TestClient(app, base_url="https://desk.example.org", follow_redirects=False)
    answer = client.post("/inloggen", data={"token": DIRECTOR})
    assert answer.headers["set-cookie"].startswith("__Host-regiehub_sessie=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert client.get("/huishoudens").status_code == 200
    unsafe = client.cookies["__Host-regiehub_sessie"]
    client.cookies.clear()
    client.cookies.set("regiehub_sessie", unsafe)
    assert client.get("/huishoudens").status_code == 303


def test_without_https_browsers_are_not_told_to_come_by_it(desk: Desk) -> None:
    client = TestClient(create_app(desk.site), follow_redirects=False)
    assert "strict-transport-security" not in client.get("/inloggen").headers
    assert "secure" not in client.post("/inloggen", data={"token": DIRECTOR}).headers["set-cookie"].lower()
