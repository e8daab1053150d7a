#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a second place that says yes. Minting takes a struct permit; whoever makes one has checked client, person, scope
# and grant. So only the rules of OAuth, src/grant, may make one (OpenSSH's MON_AUTHDECIDE carried into types).
set -eu
cd "$(dirname "$0")/../.."
made='(\(struct permit\)[[:space:]]*\{|struct permit[[:space:]]+[a-z_]+[[:space:]]*=[[:space:]]*\{)'
if strays=$(grep -rnE "$made" src --include='*.[ch]' | grep -v '^src/grant/'); then
    printf 'permit: made outside src/grant:\n%s\n' "$strays"
    exit 1
fi
grep -rqE "$made" src/grant || { echo "permit: src/grant makes none, so this guard looks for the wrong thing"; exit 1; }
