#!/bin/bash
# Run once by the postgres image, on an empty data folder: a database and a user for the desk and for the login provider.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}

# name: a user and a database of his own, into which nobody else comes
make() {
  psql --no-psqlrc --set ON_ERROR_STOP=1 --set name="$1" --set password="$(cat "$secrets/$2")" \
    --username "$POSTGRES_USER" --dbname "${POSTGRES_DB:-postgres}" <<'END'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
END
}

make regiehub postgres-desk.txt
make keycloak postgres-keycloak.txt
