#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a test of what a store keeps that runs on one engine alone. Each end-to-end module runs on every engine, but for those in the
# table ONCE of test/e2e/run.py: each is there, has its reason, and has no server with a store.
set -eu
cd "$(dirname "$0")/../../test/e2e"
status=0 seen=0
while IFS=: read -r name reason; do
    seen=$((seen + 1))
    [ -f "$name.py" ] || { echo "once: run.py names $name, and there is no such module"; status=1; continue; }
    [ ${#reason} -gt 20 ] || { echo "once: $name stands there without a reason"; status=1; }
    ! grep -HnwE 'Server|World|world|Browser|DevRun|store_words|store_environment' "$name.py" || { echo "once: $name has a store, so it runs on every engine"; status=1; }
done < <(/usr/bin/python3 -B -c 'import run; [print(*row, sep=":") for row in run.ONCE.items()]')
[ "$seen" -gt 0 ] || { echo "once: saw no table"; exit 1; }
exit $status
