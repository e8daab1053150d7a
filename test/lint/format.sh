#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a style that is not enforced is not one. `test/lint/format.sh write` mends what it finds.
set -eu
cd "$(dirname "$0")/../.."
how="--dry-run -Werror"
[ "${1:-}" != write ] || how=-i
# shellcheck disable=SC2086
git ls-files '*.[ch]' | xargs -P "$(nproc 2>/dev/null || echo 2)" -n 20 clang-format $how --style=file
