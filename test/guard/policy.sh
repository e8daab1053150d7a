#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a rule about one address that stands elsewhere than in its row, so that the row says one thing and the code does another.
# Outside of the route table nobody compares a handler, a row's path or a request's path with a certain one.
set -eu
cd "$(dirname "$0")/../.."
files=$(ls src/server/*.c src/endpoint/*.c src/endpoint/*/*.c | grep -v '^src/server/route\.c$')
[ "$(wc -l <<<"$files")" -gt 20 ] || { echo "policy: saw too few files"; exit 1; }
# shellcheck disable=SC2086
strays=$(grep -nE 'handler (==|!=)|route->path|(str_is|str_equal|str_starts)\([^,]*(request\.|request->|r->)path, *(STR\()?"' $files |
    grep -vE '^src/server/reply\.c:.*str_(starts|is)\(path, ' || true)
[ -z "$strays" ] || { printf 'policy: a rule about one address outside of its row:\n%s\n' "$strays"; exit 1; }
grep -q 'route_hole' src/server/app.c || { echo "policy: the table is not asked for holes at the start"; exit 1; }
