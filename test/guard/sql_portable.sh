#!/bin/bash
# SPDX-License-Identifier: MIT
# sql_portable: every migration and statement of the store is accepted by PostgreSQL as it stands.
# The bug it prevents: a word that only SQLite understands, found on the day the second engine is wanted.
# Usage: sql_portable.sh PRINT_SQL   (the program made from test/tools/print_sql.c)
set -euo pipefail
print_sql=${1:?usage: sql_portable.sh PRINT_SQL}
bin=/usr/lib/postgresql/15/bin
if [ ! -x $bin/initdb ]; then
    echo "sql_portable: SKIPPED: no PostgreSQL server programs in $bin (apt-get install postgresql-15)"
    exit 0
fi
work=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
    chown postgres:postgres "$work"
fi
stop() {
    [ -f "$work/data/postmaster.pid" ] && "${as[@]}" $bin/pg_ctl -D "$work/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$work"
}
trap stop EXIT
"$print_sql" >"$work/script.sql"
chmod a+r "$work/script.sql"
statements=$(grep -c '^PREPARE ' "$work/script.sql")
[ "$statements" -gt 80 ] || { echo "sql_portable: only $statements statements were printed"; exit 1; }
cd "$work"
"${as[@]}" $bin/initdb -D "$work/data" -A trust -U jeton --no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log"; exit 1; }
"${as[@]}" $bin/pg_ctl -D "$work/data" -w -t 60 -l "$work/server.log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off" start >/dev/null ||
    { cat "$work/server.log"; exit 1; }
"${as[@]}" $bin/psql -X -q -t -A -h "$work" -U jeton -d postgres -f "$work/script.sql" >"$work/out" 2>&1 ||
    { echo "sql_portable: PostgreSQL refuses:"; cat "$work/out"; exit 1; }
grep -q "^prepared $statements\$" "$work/out" || { echo "sql_portable: not all were prepared"; cat "$work/out"; exit 1; }
echo "sql_portable: PostgreSQL 15 accepts all migrations and $statements statements"
