#!/bin/bash
# Three roles, the database, its extensions. The PostgreSQL image runs it on an empty volume; run
# again (docs/operation.md) it mends what is missing and sets the passwords of now.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres -d postgres \
  -v name="${PATENTOPS_DATABASE:-patentops}" \
  -v owner_password="$PATENTOPS_OWNER_PASSWORD" -v app_password="$PATENTOPS_APP_PASSWORD" <<'SQL'
SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['patentops_owner', 'patentops_app', 'patentops_web']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE patentops_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE patentops_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
-- The web processes' own role: private rows are shown to it by tenant only (core/walls.py).
ALTER ROLE patentops_web NOSUPERUSER NOCREATEROLE NOBYPASSRLS;
GRANT patentops_app TO patentops_web;
SELECT format('CREATE DATABASE %I OWNER patentops_owner', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
\connect :"name"
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS intarray;
CREATE EXTENSION IF NOT EXISTS unaccent;
SQL
if [ -n "${PATENTOPS_WEB_PASSWORD:-}" ]; then
  psql -v ON_ERROR_STOP=1 -U postgres -d postgres -v web_password="$PATENTOPS_WEB_PASSWORD" \
    <<<"ALTER ROLE patentops_web LOGIN PASSWORD :'web_password';"
fi
