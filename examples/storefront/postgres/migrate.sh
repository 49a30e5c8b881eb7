#!/bin/sh
# Applies the migrations of a folder that the database has not seen, in order, each in a transaction.
# Usage: migrate.sh DATABASE_URL FOLDER
set -eu

database=$1
folder=$2

psql "$database" -qv ON_ERROR_STOP=1 -c \
    "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"

for file in "$folder"/*.sql; do
    name=$(basename "$file")
    applied=$(psql "$database" -qtAc "SELECT 1 FROM schema_migrations WHERE name = '$name'")
    [ -z "$applied" ] || continue
    psql "$database" -qv ON_ERROR_STOP=1 --single-transaction \
        -f "$file" -c "INSERT INTO schema_migrations (name) VALUES ('$name')"
    echo "applied $name"
done
