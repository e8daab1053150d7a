#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a text or script that works on its author's machine alone. No committed line names a path of one machine;
# what tests make for themselves in the machine's scratch folder begins with jeton-.
set -eu
cd "$(dirname "$0")/../.."
if strays=$(git grep -nIE '(^|[^A-Za-z0-9_.$}*])/(w[o]rk|t[m]p|f[a]rm|r[o]ot|h[o]me)/|(^|[^A-Za-z0-9_-])sh[a]red/' -- . ':!test/e2e/package-lock.json' | grep -vE '/t[m]p/jeton-'); then
    printf 'paths: these lines name a machine:\n%s\n' "$strays"
    exit 1
fi
