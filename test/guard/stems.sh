#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a call whose home cannot be told, and two files of one name, one of which is then edited by mistake. Stems are
# unique in the tree; what a file exports begins with its stem, its stem's first word or its folder, or stands in the header of its name (in the store: with db_, so that a call that reaches the disk looks it).
set -eu
cd "$(dirname "$0")/../.."
status=0
twice=$(find src -name '*.c' -printf '%f\n' | LC_ALL=C sort | uniq -d)
[ -z "$twice" ] || { echo "stems: more than one file is called $twice"; status=1; }
build=${OUT:-build/debug} seen=0
[ -d "$build/src" ] || { echo "stems: $build is not built"; exit 1; }
while IFS= read -r file; do
    object=$build/${file%.c}.o
    [ -f "$object" ] || continue
    stem=$(basename "$file" .c)
    folder=$(basename "$(dirname "$file")")
    [ "$stem" != main ] || continue
    while read -r _ kind name; do
        case $kind in [TDBRC]) ;; *) continue ;; esac
        seen=$((seen + 1))
        case $name in
            "$stem"_* | "$stem" | "${stem%s}"_* | "${stem%%_*}"_* | "$folder"_*) ;;
            __* | *.*) ;;
            db_*) case $file in src/store/*) ;; *) echo "stems: $file exports $name, which sounds like the store"; status=1 ;; esac ;;
            *)
                grep -qsw -- "$name" "${file%.c}.h" && continue
                echo "stems: $file exports $name, which does not begin with $stem"
                status=1
                ;;
        esac
    done < <(nm -g --defined-only "$object" 2>/dev/null)
done < <(find src -name '*.c' | LC_ALL=C sort)
[ "$seen" -gt 0 ] || { echo "stems: saw no exported name"; exit 1; }
exit $status
