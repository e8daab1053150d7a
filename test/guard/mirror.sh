#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a file that everybody believes tested because its folder is. test/unit mirrors src: each src/a/x.c has
# test/unit/a/x_test.c. What several files of src/a/ promise together is test/unit/a/whole/; nothing there is called like a file of src/a/, whose own test it would seem to be.
set -eu
cd "$(dirname "$0")/../.."
status=0 seen=0
say() { echo "mirror: $*"; status=1; }
while IFS= read -r source; do
    seen=$((seen + 1))
    test=test/unit/${source#src/}
    test=${test%.c}_test.c
    [ -f "$test" ] || say "$source has no test of its own: write $test"
done < <(find src -name '*.c' | LC_ALL=C sort)
while IFS= read -r test; do
    seen=$((seen + 1))
    source=src/${test#test/unit/}
    source=${source%_test.c}.c
    if [ "$(basename "$(dirname "$source")")" = whole ]; then
        folder=$(dirname "$(dirname "$source")")
        [ -d "$folder" ] || say "$test is about $folder/, which is not there"
        [ ! -f "$folder/$(basename "$source")" ] || say "$test is called like $folder/$(basename "$source"): its own test is $(dirname "$(dirname "$test")")/"
    else
        [ -f "$source" ] || say "$test tests $source, which is not there"
    fi
done < <(find test/unit -name '*_test.c' | LC_ALL=C sort)
[ "$seen" -gt 100 ] || say "saw nothing"
exit $status
