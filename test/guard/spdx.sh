#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a file whose licence nobody can tell, found on the day somebody wants to package it.
set -eu
cd "$(dirname "$0")/../.."
status=0 seen=0
while IFS= read -r file; do
    seen=$((seen + 1))
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
        echo "spdx: $file does not begin with its SPDX line"
        status=1
    }
done < <({ git ls-files -- '*.c' '*.h' '*.sh' '*.py' '*.mjs' '*.js' '*.cjs' '*.awk' Makefile dev .ci/run 'tools/*'; } | LC_ALL=C sort -u)
[ "$seen" -gt 0 ] || { echo "spdx: saw no file"; exit 1; }
exit $status
