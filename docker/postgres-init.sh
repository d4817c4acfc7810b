#!/bin/sh
# Runs once, when the database volume is new: Holdfast's roles and database. None of the roles is a
# superuser or may bypass row security; Holdfast refuses to start as one that does.
set -eu

: "${HOLDFAST_DB_PASSWORD:?set it}"

psql -v ON_ERROR_STOP=1 --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password HOLDFAST_DB_PASSWORD
-- The password must not reach the log, should one of these fail.
SET log_min_error_statement = 'panic';
SET log_statement = 'none';
CREATE ROLE holdfast LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'password';
CREATE ROLE holdfast_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
CREATE ROLE holdfast_platform NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
GRANT holdfast_tenant, holdfast_platform TO holdfast;
CREATE DATABASE holdfast OWNER holdfast;
SQL
