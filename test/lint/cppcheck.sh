#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: what a second reader of C sees and gcc does not. Fails on each finding that test/lint/cppcheck does not name with its
# reason, and on each line there that nothing stands behind any more.
set -eu
cd "$(dirname "$0")/../.."
jobs=$(nproc 2>/dev/null || echo 2)
found=$(cppcheck -j"$jobs" --quiet --std=c11 -Isrc -D_GNU_SOURCE --enable=warning,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=syntaxError --template='{file}:{id} {line}: {message}' src 2>&1 | LC_ALL=C sort -u)
known=$(grep -v '^#' test/lint/cppcheck | cut -d' ' -f1 | LC_ALL=C sort -u)
fresh=$(grep . <<<"$found" | awk 'NR == FNR { known[$1]; next } !($1 in known)' <(echo "$known") - || true)
stale=$(comm -13 <(cut -d' ' -f1 <<<"$found" | LC_ALL=C sort -u) <(echo "$known"))
[ -z "$fresh" ] || printf 'cppcheck: mend it, or write down in test/lint/cppcheck why it is not so:\n%s\n' "$fresh"
[ -z "$stale" ] || printf 'cppcheck: test/lint/cppcheck names what is not said any more:\n%s\n' "$stale"
[ -z "$fresh$stale" ]
