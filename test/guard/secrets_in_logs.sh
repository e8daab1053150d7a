#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a live password, code or token in a log file, where backups and support tickets spread it (LG-02; ProcessMaker's audit
# log kept client secrets in the clear). Nothing that is called a secret is handed to a log or event function.
set -eu
cd "$(dirname "$0")/../.."
words='(password|passwd|secret|raw|cookie|verifier|bearer|authorization|access_token|refresh_token|pending|master|material|plain)'
calls=$(find src -name '*.c' -print0 | LC_ALL=C sort -z | xargs -0 awk '
    # A call to LOG, log_write or an event function, joined up to its semicolon, strings taken out.
    FNR == 1 { call = "" }
    call == "" && /(^|[^A-Za-z_])(LOG|LOG_STR|log_write|authority_event|db_event_add)[ \t]*\(/ { call = FILENAME ":" FNR ": " }
    call != "" {
        text = $0; gsub(/"([^"\\]|\\.)*"/, "\"\"", text); call = call text
        if (text ~ /;/) { print call; call = "" }
    }')
[ -n "$calls" ] || { echo "secrets_in_logs: saw no call that logs"; exit 1; }
calls=$(sed -E "s/authorization((->|\.)(id|number)|_id)//g" <<<"$calls") # the row of an authorization, not the header
if strays=$(grep -E "^[^:]*:[0-9]*: .*[^A-Za-z]$words[^A-Za-z]" <<<"$calls"); then
    printf 'secrets_in_logs: this may log a secret:\n%s\n' "$strays"
    exit 1
fi
if strays=$(grep -rnE '(^|[^A-Za-z_])(fprintf|dprintf)\(stderr.*(password|secret|token)' src --exclude-dir=cli --exclude-dir=base --include='*.c'); then
    printf 'secrets_in_logs: written to standard error:\n%s\n' "$strays"
    exit 1
fi
