# SPDX-License-Identifier: MIT
# catalogue: PO files to C (src/base/message_catalogue.h). The first file is English and says which keys there are; each other one is a
# language. LC_ALL=C, so that length and order are of bytes. Fuzzy and obsolete entries count as not translated. A malformed line, a
# missing header or a key twice ends the build.
function die(text) { print FILENAME ":" FNR ": " text | "cat >&2"; failed = 1; exit 1 }
function plain(s,   out, c, i) { # what the C compiler will make of an escaped text
    out = ""
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\") {
            c = substr(s, ++i, 1)
            if (c == "n") c = "\n"
            else if (c != "\\" && c != "\"") die("only \\n, \\\\ and \\\" are escaped")
        }
        out = out c
    }
    return out
}
function header(name,   at, rest) {
    at = index(forms[0], name ": ")
    if (!at) return ""
    rest = substr(forms[0], at + length(name) + 2)
    return substr(rest, 1, index(rest, "\\n") - 1)
}
function take_header(   rule) {
    language = header("Language"); rule = header("Plural-Forms")
    if (language !~ /^[a-z][a-z][a-z]?(-[A-Za-z0-9]+)*$/) die("the header has no Language")
    if (rule !~ /^nplurals=[1-9]; plural=[n0-9 ?:|&=!<>+*\/%()-]+;$/) die("the header has no Plural-Forms")
    count = substr(rule, 10, 1)
    tag[files] = language; nplurals[files] = count
    plural[files] = substr(rule, 20, length(rule) - 20)
    rtl[files] = header("X-Direction") == "rtl" ? "true" : "false"
    headed[files] = 1
}
function finish(   key, i, text) {
    if (!entry) return
    entry = 0
    if (id == "" && context == "") { take_header(); fuzzy = 0; return }
    if (!headed[files]) die("no header before the first entry")
    key = (context != "" ? context "\\004" : "") id
    if (files == 1) {
        if (key in number) die("twice: " key)
        number[key] = keys
        order[keys++] = key
    }
    text = ""
    if (!fuzzy)
        for (i = 0; i < (many ? nplurals[files] : 1); i++) {
            if (forms[i] == "") { text = ""; break }
            text = text (i ? "\\000" : "") forms[i]
        }
    if (key in number && text != "") shown[files, key] = text
    fuzzy = 0
}
function begin(   i) { context = ""; id = ""; many = 0; for (i = 0; i < 9; i++) forms[i] = ""; entry = 1 }
function quoted(s) {
    if (s !~ /^".*"$/) die("no quoted text")
    s = substr(s, 2, length(s) - 2)
    plain(s)
    return s
}
function add(s) {
    if (part == "context") context = context s
    else if (part == "id") id = id s
    else if (part == "form") forms[form] = forms[form] s
}
FNR == 1 { finish(); files++ }
/^#,.*fuzzy/ { finish(); fuzzy = 1; next }
/^#/ { next }
/^[ \t]*$/ { finish(); part = ""; next }
/^msgctxt / { finish(); begin(); part = "context"; add(quoted(substr($0, 9))); next }
/^msgid / { if (part != "context") { finish(); begin() } part = "id"; add(quoted(substr($0, 7))); next }
/^msgid_plural / { many = 1; part = "plural"; quoted(substr($0, 14)); next }
/^msgstr / { part = "form"; form = 0; add(quoted(substr($0, 8))); next }
/^msgstr\[[0-8]\] / { part = "form"; form = substr($0, 8, 1); add(quoted(substr($0, 11))); next }
/^"/ { if (part == "") die("a text that belongs to nothing"); add(quoted($0)); next }
{ die("unknown line") }
function sort(   i, j, key, text) {
    for (i = 0; i < keys; i++) {
        key = order[i]
        text = key
        gsub(/\\004/, "\004", text)
        text = plain(text)
        for (j = i - 1; j >= 0 && bytes[j] > text; j--) { order[j + 1] = order[j]; bytes[j + 1] = bytes[j] }
        order[j + 1] = key; bytes[j + 1] = text
    }
}
function size_of(text,   n) { # of the C string
    n = gsub(/\\000/, "\001", text)
    return length(plain(text))
}
function emit(name, f,   i, at, line, text) {
    at = 0; line = ""
    printf "%suint32_t %s_at[] = {", (f ? "static const " : "const "), name
    for (i = 0; i < keys; i++) {
        printf "%d,%s", at, (i % 16 == 15 ? "\n" : " ")
        if (!f) at += length(bytes[i]) + 1
        else if ((f, order[i]) in shown) at += size_of(shown[f, order[i]]) + 1
    }
    printf "%d};\n", at
    printf "%schar %s_text[] =\n", (f ? "static const " : "const "), name
    for (i = 0; i < keys; i++) {
        text = f ? shown[f, order[i]] : order[i]
        if (text != "") printf "    \"%s\" \"\\0\"\n", text
    }
    print "    \"\";"
}
END {
    if (failed) exit 1
    finish()
    if (failed || !keys) { print "catalogue: no keys" | "cat >&2"; exit 1 }
    sort()
    print "/* Made by tools/catalogue.awk. */"
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\""
    print "#include \"base/message_catalogue.h\""
    printf "const size_t message_key_count = %d;\n", keys
    emit("message_key", 0)
    for (f = 2; f <= files; f++) emit("language_" f, f)
    print "static const uint32_t english_at[1]; /* never looked into: English is its keys */"
    print "const struct message_language message_languages[] = {"
    for (f = 1; f <= files; f++)
        printf "    {\"%s\", \"%s\", %d, %s, %s_at, %s},\n", tag[f], plural[f], nplurals[f], rtl[f], (f == 1 ? "english" : "language_" f), (f == 1 ? "\"\"" : "language_" f "_text")
    printf "};\nconst size_t message_language_count = %d;\n", files
}
