"""The realm of deploy/keycloak: what it says of somebody is what the desk reads, and nobody is in it yet."""

from __future__ import annotations

import json
from typing import Any

from hub.desk.access import Role
from hub.desk.login.claims import Names, actor_of
from hub.settings import Settings
from tests.deploy.composed import ROOT, ours

REALM: dict[str, Any] = json.loads((ROOT / "deploy" / "keycloak" / "realm.json").read_text(encoding="utf-8"))
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
ATTRIBUTES = {
    "unit": "adult",
    "teams": ["Noord", "Zuid"],
    "staff_number": "4711",
    "organisation": "Wijkteam Noord",
    "phone_number": "0101234567",
}


def claims(roles: list[str]) -> dict[str, Any]:
    """What the desk's client gets of a user, by its mappers; Keycloak's own `profile` scope adds the two names."""
    said: dict[str, Any] = {"preferred_username": "dirk", "name": "Dirk de Wit"}
    for mapper in CLIENTS["regiehub"]["protocolMappers"]:
        config = mapper["config"]
        assert config["id.token.claim"] == "true", mapper["name"]
        value: Any = roles if "role" in mapper["protocolMapper"] else ATTRIBUTES[config["user.attribute"]]
        assert isinstance(value, list) == (config["multivalued"] == "true"), mapper["name"]
        *above, last = config["claim.name"].split(".")
        place = said
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return said


def test_the_desk_understands_whoever_logs_in() -> None:
    actor = actor_of(claims(["default-roles-regiehub", "case_director"]), Names())
    assert (actor.user, actor.role, actor.name) == ("dirk", Role.CASE_DIRECTOR, "Dirk de Wit")
    assert (actor.unit, actor.teams, actor.staff) == ("adult", ("Noord", "Zuid"), "4711")
    assert (actor.organisation, actor.phone) == ("Wijkteam Noord", "0101234567")


def test_the_realm_has_the_roles_of_the_desk_and_no_user() -> None:
    assert {role["name"] for role in REALM["roles"]["realm"]} == set(Role)
    assert "users" not in REALM
    assert not REALM["registrationAllowed"] and not REALM["editUsernameAllowed"]


def test_whoever_gets_a_password_of_somebody_else_changes_it_and_has_a_second_factor() -> None:
    """An action that a realm does not name is left out, and a temporary password would stay."""
    actions = {action["alias"]: (action["enabled"], action["defaultAction"]) for action in REALM["requiredActions"]}
    assert actions == {"CONFIGURE_TOTP": (True, True), "UPDATE_PASSWORD": (True, False)}


def test_the_clients_are_the_desk_and_the_audience_of_the_api() -> None:
    told = ours()["desk"]["environment"]
    assert set(CLIENTS) == {told["REGIEHUB_OIDC_CLIENT_ID"], told["REGIEHUB_OIDC_AUDIENCE"]}
    assert told["REGIEHUB_OIDC_ISSUER"].endswith(f"/realms/{REALM['realm']}")
    defaults = Settings.model_fields
    assert {defaults["oidc_client_id"].default, defaults["oidc_audience"].default} == set(CLIENTS)


def test_the_desk_logs_in_by_code_with_pkce_at_its_own_address_alone() -> None:
    desk = CLIENTS["regiehub"]
    assert not desk["publicClient"] and desk["secret"] == "${REGIEHUB_CLIENT_SECRET}"
    assert desk["standardFlowEnabled"]
    assert desk["attributes"]["pkce.code.challenge.method"] == "S256"
    assert desk["redirectUris"] == ["${REGIEHUB_DESK_ADDRESS}/inloggen/terug"]
    assert desk["attributes"]["post.logout.redirect.uris"] == "${REGIEHUB_DESK_ADDRESS}/inloggen"
    for client in CLIENTS.values():
        assert not client["directAccessGrantsEnabled"] and not client["implicitFlowEnabled"]


def test_nobody_changes_what_the_desk_believes_of_him() -> None:
    (provider,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile = json.loads(provider["config"]["kc.user.profile.config"][0])
    attributes = {attribute["name"]: attribute for attribute in profile["attributes"]}
    assert set(ATTRIBUTES) <= attributes.keys()
    assert {tuple(attribute["permissions"]["edit"]) for attribute in attributes.values()} == {("admin",)}
    assert "unmanagedAttributePolicy" not in profile  # that is how Keycloak is told to keep no others
