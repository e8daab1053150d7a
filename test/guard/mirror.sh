#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a file that everybody believes tested because its folder is. test/unit mirrors src: src/a/x.c has test/unit/a/x_test.c. What
# has none yet stands in mirror.allow, which may only shrink: the number of its lines stands below. What several files of src/a/ promise together is
# test/unit/a/whole/; nothing there is called like a file of src/a/, whose own test it would seem to be.
set -eu
cd "$(dirname "$0")/../.."
longest=0
allow=test/guard/mirror.allow
allowed=$(grep -v '^#' "$allow")
status=0 seen=0
say() { echo "mirror: $*"; status=1; }
is_allowed() { grep -qxF -- "$1" <<<"$allowed"; }
while IFS= read -r source; do
    seen=$((seen + 1))
    test=test/unit/${source#src/}
    test=${test%.c}_test.c
    if [ -f "$test" ]; then
        ! is_allowed "$source" || say "$source has a test now: take it out of $allow"
    else
        is_allowed "$source" || say "$source has no test of its own: write $test"
    fi
done < <(find src -name '*.c' | LC_ALL=C sort)
while IFS= read -r test; do
    seen=$((seen + 1))
    source=src/${test#test/unit/}
    source=${source%_test.c}.c
    if [ "$(basename "$(dirname "$source")")" = whole ]; then
        folder=$(dirname "$(dirname "$source")")
        [ -d "$folder" ] || say "$test is about $folder/, which is not there"
        [ ! -f "$folder/$(basename "$source")" ] || say "$test is called like $folder/$(basename "$source"): its own test is $(dirname "$(dirname "$test")")/"
        ! is_allowed "$test" || say "$test is a test of a whole: take it out of $allow"
    elif [ -f "$source" ]; then
        ! is_allowed "$test" || say "$test mirrors $source: take it out of $allow"
    else
        is_allowed "$test" || say "$test tests $source, which is not there"
    fi
done < <(find test/unit -name '*_test.c' | LC_ALL=C sort)
for listed in $allowed; do
    [ -f "$listed" ] || say "$allow lists $listed, which is not there"
done
lines=$(wc -l <<<"$allowed")
[ "$lines" -le "$longest" ] || say "$allow has $lines lines, at most $longest"
[ "$lines" -ge "$longest" ] || say "$allow has only $lines lines: write that into test/guard/mirror.sh"
[ "$seen" -gt 100 ] || say "saw nothing"
exit $status
