#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a private language, in which a newcomer who knows OAuth finds nothing. The words that the house has left behind stand in
# HACKING.md (table of words, column "not") and come back in no identifier; names on the wire, in settings and in SQL are strings or are listed here.
# A static function has two words at the least: a stack trace of `judge`, `put`, `take` tells nothing.
set -eu
cd "$(dirname "$0")/../.."
words=$(awk -F'|' '/^\| word \| what it is \| not \|/ { on = 1; next } on && !/^\|/ { on = 0 } on { gsub(/[ ,]+/, "\n", $4); print $4 }' HACKING.md | grep -E '^[a-z]+$' | paste -sd'|')
[ -n "$words" ] || { echo "words: HACKING.md has no table of words, or it forbids none"; exit 1; }
outward='courier_hours|courier_wait' # settings
files=$(find src -name '*.[ch]' | LC_ALL=C sort)
# shellcheck disable=SC2086
names=$(perl -0pe 's{//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'"'"'(?:[^'"'"'\\\n]|\\.)*'"'"'}{ }gs' $files | grep -oE '[A-Za-z_][A-Za-z0-9_]*' | LC_ALL=C sort -u)
[ "$(wc -l <<<"$names")" -gt 1000 ] || { echo "words: saw hardly any identifier"; exit 1; }
if left=$(grep -iE "(^|_)($words)s?(_|$)" <<<"$names" | grep -vxE "$outward"); then
    printf 'words: left behind, and here again (HACKING.md, Words):\n%s\n' "$left"
    exit 1
fi
# shellcheck disable=SC2086
if bare=$(grep -HoE '^static [^=;(]*[ *][a-z0-9]+\(' $files | grep -vE '\b(hmac|hkdf)\($'); then
    printf 'words: a static function of one bare word (verb and object):\n%s\n' "$bare"
    exit 1
fi
echo "words: $(wc -l <<<"$names") identifiers"
