#!/bin/bash
# Run once by the PostgreSQL image on an empty volume: two roles, the database, its extensions.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres \
  -v owner_password="$PATENTOPS_OWNER_PASSWORD" -v app_password="$PATENTOPS_APP_PASSWORD" <<'SQL'
CREATE ROLE patentops_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE patentops_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE patentops OWNER patentops_owner;
\connect patentops
CREATE EXTENSION vector;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;
CREATE EXTENSION intarray;
CREATE EXTENSION unaccent;
SQL
