#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a handler reaching around the rules. mod_auth-like servers grew a second place that read the store, and the check
# was forgotten there (Glewlwyd's wildcard guards). Includes point to the ground; the table that says so stands in ARCHITECTURE.md
# and is executed here: | folder | may include | may never include |.
set -eu
cd "$(dirname "$0")/../.."
plan=${1:-ARCHITECTURE.md}
[ -f "$plan" ] || { echo "layers: $plan is missing, and with it the table of includes"; exit 1; }
awk -v plan="$plan" '
function row_of(path,   part, n) { n = split(path, part, "/"); return n > 2 && (part[1] "/" part[2]) in known ? part[1] "/" part[2] : part[1] }
function fail(text) { print "layers: " text; bad = 1 }
BEGIN {
    while ((getline line < plan) > 0) {
        if (line !~ /^\|/) { intable = 0; continue }
        n = split(line, cell, "|")
        if (line ~ /may include/ && line ~ /may never include/) { intable = 1; continue }
        if (!intable || line ~ /^\|[ :-]*-/) continue
        folder = cell[2]; gsub(/[ *`]/, "", folder)
        words = cell[3]; gsub(/\([^)]*\)/, "", words); gsub(/[*`,–]/, " ", words)
        known[folder] = 1; rows++
        if (words ~ /everything but/) { sub(/.*everything but/, "", words); all[folder] = " " words " " }
        else { m = split(words, word, " "); for (i = 1; i <= m; i++) may[folder, word[i]] = 1 }
    }
    if (!rows) { fail("no table of includes in " plan); exit 1 }
    while (("find src -name \"*.[ch]\" | LC_ALL=C sort" | getline file) > 0) {
        n = split(file, part, "/"); from = n == 2 ? "main" : row_of(substr(file, 5))
        if (!(from in known)) { if (!told[from]++) fail("src/" from " has no row in " plan); continue }
        while ((getline line < file) > 0) {
            if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) continue
            split(line, quoted, "\""); to = quoted[2]; seen++
            if (to !~ /\//) { fail(file ": include of " to " without its folder"); continue }
            folder = row_of(to); stem = to; sub(/\.h$/, "", stem)
            if (folder == from || ((from, folder) in may) || ((from, stem) in may)) continue
            if (from in all && index(all[from], " " folder " ") == 0) continue
            fail(file " includes " to ": " from " may not")
        }
        close(file)
    }
    if (!seen) fail("saw no include at all")
    else print "layers: " seen " includes"
    exit bad
}'
