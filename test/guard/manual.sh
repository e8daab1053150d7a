#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a manual that prints warnings of the formatter between its lines as soon as it is piped (`man docs/jeton.1 | cat`).
# groff formats it for terminals of several widths and finds nothing to complain of.
set -eu
cd "$(dirname "$0")/../.."
command -v groff >/dev/null || { echo "manual: groff is not installed"; exit 1; }
lines=$(groff -man -Tutf8 docs/jeton.1 2>/dev/null | wc -l)
[ "$lines" -gt 300 ] || { echo "manual: saw only $lines lines"; exit 1; }
for width in 60 65 78 80 100 132; do
    said=$(groff -ww -man -Tutf8 "-rLL=${width}n" docs/jeton.1 2>&1 >/dev/null || true)
    [ -z "$said" ] || { printf 'manual: at %s columns groff says:\n%s\n' "$width" "$said"; exit 1; }
done
