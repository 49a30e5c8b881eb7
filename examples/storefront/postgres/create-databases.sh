#!/bin/sh
# Runs once, when the PostgreSQL volume is new: a role and a database for each service.
set -eu

psql -qv ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
    -v orders_password="$ORDERS_DB_PASSWORD" -v catalogue_password="$CATALOGUE_DB_PASSWORD" <<'SQL'
CREATE ROLE orders LOGIN PASSWORD :'orders_password';
CREATE ROLE catalogue LOGIN PASSWORD :'catalogue_password';
CREATE DATABASE orders OWNER orders;
CREATE DATABASE catalogue OWNER catalogue;
SQL
