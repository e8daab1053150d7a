#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: two threads at the same memory without order, which a test sees once a year. Each report of the thread sanitizer fails,
# whatever the program that it is about said of itself. Nothing is suppressed: libpq, libcurl, SQLite, OpenSSL and ICU, which are not built for
# it, gave no report; test/tsan/skipped has the tests that cannot run so.
#   test/tsan/run.sh units              the unit programs of rooms with threads, the store on both engines
#   test/tsan/run.sh load [SECONDS]     the server under load (load.py), on both engines
# Both need tools/postgres around them, and BUILD=tsan built.
set -eu
cd "$(dirname "$0")/../.."
what=${1:-}
reports=build/test/tsan-$what
rm -rf "$reports"
mkdir -p "$reports"
export TSAN_OPTIONS="log_path=$PWD/$reports/report exitcode=66"
unmoved=() # this release knows no kernel that scatters memory as widely as newer ones do
! setarch "$(uname -m)" -R true 2>/dev/null || unmoved=(setarch "$(uname -m)" -R)
status=0

# Of these programs only the suites that have several threads: all else they do is slow and one thread's.
declare -A some=([resource]="bearer" [clientauth]="client_keys client_assertion" [session]="login_steps")
units() {
    local program words chosen
    for program in base http server fetch keys store resource clientauth session; do
        mapfile -t words < <(awk -v program="$program" '$1 == program { print "-" $2 }' test/tsan/skipped)
        # shellcheck disable=SC2206
        chosen=(${some[$program]:-})
        words+=("${chosen[@]}")
        echo "-- $program"
        "${unmoved[@]}" "build/tsan/unit/$program" "${words[@]}" || status=1
    done
    echo "-- store on PostgreSQL"
    JETON_TEST_ENGINE=postgres "${unmoved[@]}" build/tsan/unit/store || status=1
}
load() {
    local engine
    for engine in sqlite postgres; do
        JETON_E2E_ENGINE=$engine JETON_E2E_RUN=$PWD/$reports JETON_BIN=$PWD/build/tsan/jeton "${unmoved[@]}" /usr/bin/python3 -W ignore test/tsan/load.py "$@" || status=1
    done
}
case $what in
    units) units ;;
    load) load "${@:2}" ;;
    *)
        echo "run.sh units|load" >&2
        exit 2
        ;;
esac
for report in "$reports"/report.*; do
    [ -e "$report" ] || continue
    cat "$report"
    status=1
done
exit $status
