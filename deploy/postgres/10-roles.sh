#!/bin/bash
# Run once by the PostgreSQL image on an empty volume: three roles, the database, its extensions.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres \
  -v owner_password="$PATENTOPS_OWNER_PASSWORD" -v app_password="$PATENTOPS_APP_PASSWORD" <<'SQL'
CREATE ROLE patentops_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE patentops_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
-- The web processes' own role: private rows are shown to it by tenant only (core/walls.py).
CREATE ROLE patentops_web NOSUPERUSER NOCREATEROLE NOBYPASSRLS IN ROLE patentops_app;
CREATE DATABASE patentops OWNER patentops_owner;
\connect patentops
CREATE EXTENSION vector;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;
CREATE EXTENSION intarray;
CREATE EXTENSION unaccent;
SQL
if [ -n "${PATENTOPS_WEB_PASSWORD:-}" ]; then
  psql -v ON_ERROR_STOP=1 -U postgres -v web_password="$PATENTOPS_WEB_PASSWORD" \
    <<<"ALTER ROLE patentops_web LOGIN PASSWORD :'web_password';"
fi
