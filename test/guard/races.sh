#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a rule that spans rows whose guard nobody has raced against, so that it holds on the engine with one writer alone. Each row of
# ARCHITECTURE.md's table names its race tests, which exist; each race test stands in a row; each db_guard_* that the store has is some row's guard,
# and who calls one stands there too.
set -eu
cd "$(dirname "$0")/../.."
tests=test/unit/store/whole/race_test.c
table=$(sed -n '/^| rule | its guard | where | race test |$/,/^$/p' ARCHITECTURE.md | tail -n +3)
rows=$(grep -c '^|' <<<"$table" || true)
[ "$rows" -ge 15 ] || { echo "races: read only $rows rows of ARCHITECTURE.md's table"; exit 1; }
status=0
while IFS='|' read -r _ rule _ _ named _; do
    names=$(grep -o '`[a-z0-9_]*`' <<<"$named" | tr -d '`' || true)
    [ -n "$names" ] || { echo "races: no race test stands beside the rule:$rule"; status=1; }
    for name in $names; do
        grep -q "^Test(race, $name[,)]" "$tests" || { echo "races: $tests has no $name, of the rule:$rule"; status=1; }
    done
done <<<"$table"
while IFS= read -r name; do
    grep -q "\`$name\`" <<<"$table" || { echo "races: $name of $tests stands beside no rule"; status=1; }
done < <(sed -n 's/^Test(race, \([a-z0-9_]*\)[,)].*/\1/p' "$tests")
while IFS= read -r guard; do
    grep -q "\`$guard\`" <<<"$table" || { echo "races: $guard is no rule's guard"; status=1; }
done < <(sed -n 's/^fallible \(db_guard_[a-z]*\)(.*/\1/p' src/store/driver.h)
while IFS= read -r file; do
    stem=$(basename "$file" .c)
    grep -q "\`$stem\`" <<<"$table" || { echo "races: $file calls a guard, and stands in no row"; status=1; }
done < <(grep -lE '\bdb_guard_(user|client|deferred|counter)\(' src/store/table/*.c)
exit $status
