#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a sentence that a person reads and no translator has seen; a translation that lost its {name}, or that brings markup
# of its own. Every sentence of the pages and of C must be in assets/po/en.po, and every other catalogue must fit it. Then the guard shows
# itself broken catalogues and a page with a bare sentence, each of which must be refused.
set -eu
cd "$(dirname "$0")/../.."
python3 tools/messages.py check
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r tools src assets "$scratch"
head='msgid ""
msgstr ""
"Language: de\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
'
refused() { # what it is, what is said of it
    if python3 "$scratch/tools/messages.py" check >"$scratch/said" 2>&1 || ! grep -q "$2" "$scratch/said"; then
        echo "messages: $1 is not refused"
        cat "$scratch/said"
        exit 1
    fi
}
bad_translation() { # what it is, what is said of it, msgid, msgstr
    printf '%s\nmsgid "%s"\nmsgstr "%s"\n' "$head" "$3" "$4" >"$scratch/assets/po/de.po"
    refused "$1" "$2"
    rm "$scratch/assets/po/de.po"
}
bad_page() { # what it is, its text
    printf '%s\n' "$2" >"$scratch/assets/pages/bad.html"
    refused "$1" 'bad.html'
    rm "$scratch/assets/pages/bad.html"
}
printf '%s\nmsgid "Continue as {account}"\nmsgstr "Weiter als {account}"\n' "$head" >"$scratch/assets/po/de.po"
python3 "$scratch/tools/messages.py" check >"$scratch/said" 2>&1 || { echo "messages: a sound translation is refused"; cat "$scratch/said"; exit 1; }
bad_translation 'a translation without its argument' 'places differ' 'Continue as {account}' 'Weiter'
bad_translation 'a translation with an argument of its own' 'places differ' 'Continue as {account}' 'Weiter als {account} {name}'
bad_translation 'a translation with an element of its own' 'places differ' 'Log in' '<b>Anmelden</b>'
bad_translation 'a translation with markup' 'markup' 'Log in' 'An<br/>melden'
bad_translation 'a translation of nothing' 'no such key' 'Nobody ever said this' 'x'
bad_page 'a bare sentence' '<p>Nobody translated this.</p>'
bad_page 'a bare attribute' '<input placeholder="Type here">'
bad_page 'a sentence that is not in the catalogue' '<p>[[Nobody translated this.]]</p>'
bad_page 'a sentence with an open element' '<p>[[<b>Log in]]</p>'
printf 'const char *f(void);\nconst char *f(void)\n{\n    return "Nobody translated this.";\n}\n' >"$scratch/src/grant/bad.c"
refused 'a sentence in C that is not in the catalogue' 'src/grant/bad.c'
