#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a demand that everybody believes is met, whose check was taken out, or never had a test. Each id under "Met" in
# docs/requirements.md stands beside its check (src, Makefile, dev) and in a test; no id is used that the list does not know.
set -eu
cd "$(dirname "$0")/../.."
list=docs/requirements.md
ids() { sed -n "/^## $1/,/^## /s/^| \([A-Z][A-Z]-[0-9][0-9]\) |.*/\1/p" "$list"; }
met=$(ids Met)
unmet=$(ids 'Not met')
[ "$(wc -w <<<"$met")" -gt 150 ] || { echo "requirements: read no list from $list"; exit 1; }
families=$(printf '%s\n%s\n' "$met" "$unmet" | cut -c1-2 | LC_ALL=C sort -u | paste -sd'|')
# As AZ-01 in comments, as AZ_01 in names.
used() { grep -rhoP "(?<![A-Za-z0-9])($families)[-_][0-9]{2}(?![0-9])" "$@" | tr _ - | LC_ALL=C sort -u; }
# shellcheck disable=SC2046
named() { used $(find "$@" -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.mjs' -o -name '*.sql' -o -name '*.html' \) -not -path '*/node_modules/*'); }
checks=$(printf '%s\n%s\n' "$(named src assets)" "$(used Makefile dev || true)")
tests=$(named test/unit test/e2e test/fuzz)
status=0
for id in $met; do
    grep -qx "$id" <<<"$checks" || { echo "requirements: $id stands beside no check under src/"; status=1; }
    grep -qx "$id" <<<"$tests" || { echo "requirements: $id stands in no test"; status=1; }
done
for id in $unmet; do
    ! grep -qx "$id" <<<"$met" || { echo "requirements: $id is both met and not met"; status=1; }
done
for id in $(printf '%s\n%s\n' "$checks" "$tests" | LC_ALL=C sort -u); do
    printf '%s\n%s\n' "$met" "$unmet" | grep -qx "$id" || { echo "requirements: $id is used but stands not in $list"; status=1; }
done
twice=$(printf '%s\n%s\n' "$met" "$unmet" | LC_ALL=C sort | uniq -d)
[ -z "$twice" ] || { echo "requirements: listed twice: $twice"; status=1; }
exit $status
