#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: one strcpy or strtoul in a file that nobody looked at. base/banned.h poisons these names, but only below the
# line where it is included: so each .c includes it, as its last include (git's banned.h).
set -eu
cd "$(dirname "$0")/../.."
status=0 seen=0
while IFS= read -r file; do
    seen=$((seen + 1))
    last=$(grep -E '^[[:space:]]*#[[:space:]]*include' "$file" | tail -n 1)
    [ "$last" = '#include "base/banned.h"' ] || {
        echo "banned: $file: the last include is not \"base/banned.h\" but ${last:-nothing}"
        status=1
    }
done < <(find src -name '*.c' | LC_ALL=C sort)
[ "$seen" -gt 0 ] || { echo "banned: saw no file"; exit 1; }
exit $status
