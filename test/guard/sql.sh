#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: SQL that only SQLite understands, found out on the day PostgreSQL follows. A throw-away PostgreSQL runs every
# migration and prepares every statement of the store.
set -eu
cd "$(dirname "$0")/../.."
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "sql: PostgreSQL is not installed"; exit 1; }
make -s BUILD=debug build/debug/statements
scratch=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$scratch"
    as=(runuser -u postgres --)
fi
cleanup() {
    (cd "$scratch" && "${as[@]}" "$bin/pg_ctl" -D "$scratch/db" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$scratch"
}
trap cleanup EXIT
(cd "$scratch" && "${as[@]}" "$bin/initdb" -D "$scratch/db" -A trust -U jeton --no-sync >/dev/null &&
    "${as[@]}" "$bin/pg_ctl" -D "$scratch/db" -w -l "$scratch/log" -o "-k '$scratch' -c listen_addresses='' -c fsync=off" start >/dev/null)
build/debug/statements >"$scratch/all.sql"
count=$(grep -c '^PREPARE ' "$scratch/all.sql")
[ "$count" -gt 20 ] || { echo "sql: saw only $count statements"; exit 1; }
if ! psql -h "$scratch" -U jeton -d postgres -q -v ON_ERROR_STOP=1 -f "$scratch/all.sql" >"$scratch/out" 2>&1; then
    head -n 20 "$scratch/out"
    exit 1
fi
echo "sql: $count statements"
