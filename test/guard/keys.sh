#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: key material in many hands. The master key once lay in the struct that every rule was handed, and six files derived what
# they needed from it, each with its own copy on its stack. Keys are verbs: outside keys/ and crypto/ nobody names a key of this server, its
# bytes, or the file that they come from.
set -eu
cd "$(dirname "$0")/../.."
status=0
doors='keyring|keeper|keys|rotation'
seen=$(grep -rhoE '"keys/[a-z_]+\.h"' src --include='*.[ch]' | wc -l)
[ "$seen" -gt 0 ] || { echo "keys: nobody includes anything of src/keys"; exit 1; }
if strays=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"keys/' src --include='*.[ch]' | grep -v '^src/keys/' | grep -vE "\"keys/($doors)\.h\""); then
    printf 'keys: what is private to src/keys is included outside:\n%s\n' "$strays"
    status=1
fi
# token/ is pure: it sees the ring alone.
if strays=$(grep -rnE '"keys/' src/token --include='*.[ch]' | grep -v '"keys/keyring\.h"'); then
    printf 'keys: src/token sees more than the ring:\n%s\n' "$strays"
    status=1
fi
# src/cli/client/client_key.c makes the key of a client, for `jeton token`.
material='struct seal_key|seal_close\(|seal_open\(|sign_key_(generate|import|export)\(|struct master|master_read|digest_derive\('
if strays=$(grep -rnE "$material" src --include='*.[ch]' | grep -vE '^src/(keys|crypto)/|^src/cli/client/client_key\.c:'); then
    printf 'keys: key material outside of src/keys and src/crypto:\n%s\n' "$strays"
    status=1
fi
# The command line names the file in what it tells; only keys/ opens it.
if strays=$(grep -rnE 'open(at)?\([^;]*master' src --include='*.c' | grep -v '^src/keys/master\.c:'); then
    printf 'keys: master.key is opened outside of src/keys/master.c:\n%s\n' "$strays"
    status=1
fi
exit $status
