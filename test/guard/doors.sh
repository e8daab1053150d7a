#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a library whose errors and lifetimes are handled in twenty places, nineteen of them right. One door per foreign
# library: the headers below are included by one file (crypto/: by one folder), and only there.
set -eu
cd "$(dirname "$0")/../.."
status=0 seen=0
door() { # header pattern, where it may be, how many files may include it
    local files count
    files=$(grep -rlE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$1" src --include='*.[ch]' | LC_ALL=C sort || true)
    count=$(grep -c . <<<"$files" || true)
    seen=$((seen + count))
    if strays=$(grep -vE "^$2" <<<"$files" | grep .); then
        printf 'doors: <%s…> is included outside %s:\n%s\n' "$1" "$2" "$strays"
        status=1
    fi
    if [ "$3" != many ] && [ "$count" -gt "$3" ]; then
        printf 'doors: <%s…> has %s doors, at most %s:\n%s\n' "$1" "$count" "$3" "$files"
        status=1
    fi
}
door 'sqlite3' src/store/sqlite/sqlite_conn 1
door 'libpq' src/store/postgres/ 1
door 'argon2' src/crypto/password 1
door 'crypt\.h' src/crypto/password 1
door 'openssl/ssl' src/http/secure 1
door 'openssl/' 'src/(crypto/|http/secure)' many
door 'nghttp2/' src/http/h2 1
door 'sys/epoll' src/http/ many
door 'curl/' src/fetch/ 1
door 'seccomp' src/server/ 1
door 'ini\.h' src/config/ 1
door 'qrencode' src/page/ 1
door 'liboath' src/crypto/totp 1
door 'unicode/' src/codec/ 1
if strays=$(grep -rl '"codec/json_node.h"' src test --include='*.[ch]' | grep -v '^src/codec/json'); then
    printf 'doors: json_node.h, what a JSON value is inside, is included outside of src/codec/json*:\n%s\n' "$strays"
    status=1
fi
[ "$seen" -gt 3 ] || { echo "doors: saw no door"; exit 1; }
exit $status
