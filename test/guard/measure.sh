#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: the room that nobody can see to the end of. Glewlwyd, the one C server in this field, has a file of 17,238 lines and
# a function of complexity 475, and three buffer overflows. Functions: 60 lines, complexity 15; files: 500 lines. What is over stands
# in measure.allow with its number, which may only fall. --report prints the ten largest.
set -eu
cd "$(dirname "$0")/../.."
sources() { find src -name '*.c' -print0 | LC_ALL=C sort -z; }
functions() { sources | xargs -0r awk -f test/guard/measure.awk; }
if [ "${1:-}" = --report ]; then
    echo "lines complexity function file: the longest"
    functions | sort -rn | head -n 10
    echo "lines complexity function file: the most complex"
    functions | sort -rn -k2 | head -n 10
    echo "lines file"
    sources | xargs -0r wc -l | grep -v ' total$' | sort -rn | head -n 10
    exit
fi
{ functions | awk '{ print "function", $1, $2, $4 ":" $3 }'; sources | xargs -0r wc -l | awk '$2 != "total" { print "file", $1, 0, $2 }'; } |
    awk '
    BEGIN {
        while ((getline line < "test/guard/measure.allow") > 0)
            if (line !~ /^#/ && split(line, f, " ") == 3) { lines[f[3]] = f[1]; complexity[f[3]] = f[2] }
    }
    { seen++
      most = $1 == "file" ? 500 : 60; hard = 15
      if ($4 in lines) { most = lines[$4] > most ? lines[$4] : most; hard = complexity[$4] > hard ? complexity[$4] : hard }
      if ($2 > most) { print "measure: " $4 " has " $2 " lines, at most " most; bad = 1 }
      if ($3 > hard) { print "measure: " $4 " has complexity " $3 ", at most " hard; bad = 1 } }
    END { if (!seen) { print "measure: saw nothing"; bad = 1 } exit bad }'
