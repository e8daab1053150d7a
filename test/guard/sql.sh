#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: SQL that only SQLite understands, found out on the day PostgreSQL follows. A throw-away PostgreSQL runs every
# migration and prepares every statement of the store.
set -eu
cd "$(dirname "$0")/../.."
[ -n "${JETON_TEST_POSTGRES:-}" ] || exec tools/postgres bash "$0"
out=${OUT:-build/debug}
make -s BUILD="${out#build/}" "$out/statements"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/jeton-sql-XXXXXX")
database=jeton_sql_$$
trap 'rm -rf "$scratch"; psql -qX "$JETON_TEST_POSTGRES" -c "DROP DATABASE IF EXISTS $database"' EXIT
psql -qX "$JETON_TEST_POSTGRES" -c "CREATE DATABASE $database TEMPLATE template0"
"$out/statements" >"$scratch/all.sql"
count=$(grep -c '^PREPARE ' "$scratch/all.sql")
[ "$count" -gt 20 ] || { echo "sql: saw only $count statements"; exit 1; }
if ! psql -qX "${JETON_TEST_POSTGRES/\/postgres\?//$database?}" -v ON_ERROR_STOP=1 -f "$scratch/all.sql" >"$scratch/out" 2>&1; then
    head -n 20 "$scratch/out"
    exit 1
fi
echo "sql: $count statements"
