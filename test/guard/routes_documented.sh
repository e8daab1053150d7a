#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: an address that works and that nobody knows, or one that the documents promise and the server forgot. Every address
# under /api/ stands in the OpenAPI document and the other way round.
set -eu
cd "$(dirname "$0")/../.."
table=$(ls src/server/route*.[ch] 2>/dev/null)
[ -n "$table" ] && [ -f assets/openapi.json ] || { echo "routes_documented: no route table or no assets/openapi.json"; exit 1; }
shape() { sed 's/{[^}]*}/{}/g' | LC_ALL=C sort -u; }
# shellcheck disable=SC2086
served=$(grep -hoE '"/api/1\.0[^"]*"' $table | tr -d '"' | sed 's|^/api/1\.0||' | shape)
told=$(/usr/bin/python3 -c '
import json, sys
document = json.load(open("assets/openapi.json"))
base = document["servers"][0]["url"].split("/api/1.0")
for path in document["paths"]:
    print(path[len("/api/1.0"):] if path.startswith("/api/1.0") else path)' | shape)
difference=$(diff <(printf '%s\n' "$served" | grep -v '^/openapi.json$') <(printf '%s\n' "$told" | grep -v '^/openapi.json$') || true)
[ -n "$served" ] || { echo "routes_documented: saw no address"; exit 1; }
[ -z "$difference" ] || { printf 'routes_documented: served (<) and documented (>) differ:\n%s\n' "$difference"; exit 1; }
