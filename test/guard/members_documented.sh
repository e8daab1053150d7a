#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a registered member that works and that nobody knows. Every row of the table of metadata stands in docs/clients.md and
# the other way round; and in the OpenAPI document's client.
set -eu
cd "$(dirname "$0")/../.."
table=$(grep -oE '(WISH|NEED|ADMIN|SYSTEM)\([a-z][a-z_]+,' src/client/metadata.h | sed 's/.*(//; s/,//' | grep -v '^sealed_secret$' | LC_ALL=C sort)
told=$(sed -n '/^## Registered members/,$p' docs/clients.md | grep -oE '^\| `[a-z_]+`' | tr -d '|` ' | LC_ALL=C sort)
[ -n "$table" ] || { echo "members_documented: saw no member"; exit 1; }
difference=$(diff <(printf '%s\n' "$table") <(printf '%s\n' "$told") || true)
[ -z "$difference" ] || { printf 'members_documented: in the table (<) and in docs/clients.md (>) differ:\n%s\n' "$difference"; exit 1; }
missing=$(printf '%s\n' "$table" | /usr/bin/python3 -c '
import json, sys
known = json.load(open("assets/openapi.json"))["components"]["schemas"]["Client"]["properties"]
print("\n".join(name for name in sys.stdin.read().split() if name not in known))')
[ -z "$missing" ] || { printf 'members_documented: not in assets/openapi.json:\n%s\n' "$missing"; exit 1; }
