#!/bin/bash
# Keycloak takes no secrets from files: hand them on in its own environment, which nobody but its user can read.
set -euo pipefail
secrets=/run/secrets
KC_DB_PASSWORD=$(<"$secrets/keycloak-database.txt")
KC_BOOTSTRAP_ADMIN_USERNAME=admin
KC_BOOTSTRAP_ADMIN_PASSWORD=$(<"$secrets/keycloak-admin.txt")
REGIEHUB_CLIENT_SECRET=$(<"$secrets/keycloak-client.txt")
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_USERNAME KC_BOOTSTRAP_ADMIN_PASSWORD REGIEHUB_CLIENT_SECRET
exec /opt/keycloak/bin/kc.sh start --import-realm
