#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a change that comes without a test, again and again. How many of each hundred lines of src/ the unit tests of
# BUILD=cover have run stands in test/coverage and may only rise; files that no test program links count as not run.
set -eu
cd "$(dirname "$0")/.."
[ -n "$(find build/cover/src -name '*.gcda' -print -quit)" ] || { echo "coverage: no unit test of BUILD=cover has run"; exit 1; }
# gcov tells of a file: File 'NAME', Lines executed:P% of N.
now=$(find build/cover/src -name '*.gcno' -print0 | xargs -0 gcov -n 2>/dev/null | awk -F"[':% ]+" '
    /^File / { file = $2 }
    /^Lines executed/ { if (file ~ /^src\/.*\.c$/ && (!(file in lines) || $3 * $NF / 100 > ran[file])) { lines[file] = $NF; ran[file] = $3 * $NF / 100 }
                        file = "" } # src/main.c is there twice: as the program has it, and as its test does
    END { for (f in lines) { all += lines[f]; some += ran[f]; printf "%6.1f %5d %s\n", 100 * ran[f] / lines[f], lines[f], f >"build/cover/files" }
          if (all) printf "%.1f\n", int(1000 * some / all) / 10 }')
[ -n "$now" ] || { echo "coverage: gcov told nothing"; exit 1; }
least=$(cat test/coverage)
echo "coverage: $now of 100 lines, at least $least (file by file: build/cover/files)"
awk -v now="$now" -v least="$least" 'BEGIN {
    if (now < least) { print "coverage: it has fallen: test what is new"; exit 1 }
    if (now > least + 0.5) { print "coverage: it has risen: write " now " into test/coverage"; exit 1 } }'
