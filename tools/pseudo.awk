# SPDX-License-Identifier: MIT
# pseudo: a catalogue for the tests, made from the English one: every text in ⟦brackets⟧, written from right to left, with the six plural
# forms of Arabic (⟦0:…⟧ to ⟦5:…⟧). What a page shows outside of brackets has not been through a catalogue.
function finish(   i) {
    if (id != "" && many == "") printf "msgstr \"⟦%s⟧\"\n\n", id
    if (id != "" && many != "")
        for (i = 0; i < 6; i++) printf "msgstr[%d] \"⟦%d:%s⟧\"%s\n", i, i, (i == 1 ? id : many), (i == 5 ? "\n" : "")
    id = many = part = ""
}
BEGIN {
    print "msgid \"\"\nmsgstr \"\"\n\"Language: qaa\\n\"\n\"X-Direction: rtl\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\""
    print "\"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\\n\"\n"
}
/^msgid ""$/ { next } # the header; texts stand on one line each
/^msgctxt / { finish(); print; part = "context"; next }
/^msgid / { if (part != "context") finish(); print; part = "id"; id = substr($0, 8, length($0) - 8); next }
/^msgid_plural / { print; part = "many"; many = substr($0, 15, length($0) - 15); next }
/^msgstr/ { part = ""; next }
/^"/ && part == "id" { print; id = id substr($0, 2, length($0) - 2); next }
/^"/ && part == "many" { print; many = many substr($0, 2, length($0) - 2); next }
END { finish() }
