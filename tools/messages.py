#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sentences that people read, found in the sources and held against the catalogues (assets/po).

  messages.py write    makes assets/po/en.po anew and merges it into the other catalogues (msgmerge of gettext)
  messages.py check    says what is missing or wrong and ends with 1

In C a literal is a key when it stands in SAY(…), MESSAGE(…), MESSAGE_PLAIN(…), MESSAGE_MANY(…), MESSAGE_IN(…), MESSAGE_WORD(…), page_put_word(…), as what
REFUSE says or as a sentence of ERR_KINDS, or when it looks like a sentence: a capital at its beginning and . ? ! … at its end. In a template it
stands between [[ and ]]; whatever else a person could read there is an error. Tests alone need this program; the build reads the catalogue."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PO = "assets/po"
# Rooms whose words are for who runs the server: the command line, settings, the log.
SILENT = re.compile(r"^src/(cli|config|store|fetch|crypto|http)/|^src/main\.c|^src/server/(material|app|serve|sandbox|reload|courier|tls|material)")
HEADER = '''# English is the language of the sources: its texts are the keys, and nothing is translated here. Made by tools/messages.py write.
# Begin another language with: msginit -i assets/po/en.po -l de -o assets/po/de.po, and give it the X-Direction that it has.
msgid ""
msgstr ""
"Project-Id-Version: jeton\\n"
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"X-Direction: ltr\\n"
'''
problems = []
entries = {}  # (context, text) -> [plural, {files}]


def wrong(place, text):
    problems.append("%s: %s" % (place, text))


def found(place, text, context="", plural=""):
    entry = entries.setdefault((context, text), [plural, set()])
    if plural and entry[0] and entry[0] != plural:
        wrong(place, "two plurals of %r" % text)
    entry[0] = entry[0] or plural
    entry[1].add(place)


# ---- templates: the same keys as src/page/template_message.c

TOKEN = re.compile(r"<bdi>\{\{(\w+)\}\}</bdi>|\{\{(\w+)\}\}|</(\w+)>|<(\w+)[^>]*>|([^<{]+)|(.)", re.S)


def template_key(place, inside):
    context = re.match(r"([a-z-]+)\|", inside)
    key, counts, open_elements = "", {}, []
    for bdi, field, end, element, text, other in TOKEN.findall(inside[context.end():] if context else inside):
        if bdi or field:
            key += "{%s}" % (bdi or field)
        elif end:
            name, number = open_elements.pop() if open_elements else ("", 0)
            if name != end:
                wrong(place, "elements out of order in %r" % inside)
            key += "</%s%s>" % (end, number if number > 1 else "")
        elif element:
            counts[element] = counts.get(element, 0) + 1
            open_elements.append((element, counts[element]))
            key += "<%s%s>" % (element, counts[element] if counts[element] > 1 else "")
        else:
            if other or "&" in text or "\n" in text:
                wrong(place, "neither entities nor line breaks nor blocks in %r" % inside)
            key += text or other
    return context.group(1) if context else "", key


# What may be read without translation: the name of the program and of others.
NAMES = {"jeton", "Python", "·"}
READ = r'\s(?:title|aria-label|placeholder|alt|data-[a-z]+)="([^"]*)"'


def template(place):
    source = open(place, encoding="utf-8").read()
    for inside in re.findall(r"\[\[(.*?)\]\]", source, re.S):
        context, key = template_key(place, inside)
        found(place, key, context)
    rest = re.sub(r"<pre.*?</pre>", lambda m: re.match(r"<pre[^>]*>", m.group(0)).group(0), re.sub(r"\[\[.*?\]\]", "", source, flags=re.S), flags=re.S)
    rest = re.sub(r"\{\{.*?\}\}", "", rest)
    for value in re.findall(READ, rest):
        if re.search(r"[^\W\d_]", value):
            wrong(place, "an attribute that people read is not marked: %r" % value)
    for text in re.sub(r"<!?/?\w[^>]*>", "\n", rest).split("\n"):
        text = " ".join(word for word in text.split() if word not in NAMES)
        if re.search(r"[^\W\d_]", text):
            wrong(place, "a text that people read is not marked: %r" % text)


# ---- C

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
GLUED = re.compile(r"(?:%s|\b(?:PRI\w+)\b)(?:[\s\\]*%s)*" % (LITERAL, LITERAL))


def comments_out(source):
    def blank(m):
        return m.group(0) if m.group(0)[0] == '"' else re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(LITERAL + r"|/\*.*?\*/|//[^\n]*", blank, source, flags=re.S)


def value(literal):
    text = "".join(piece[1:-1] for piece in re.findall(LITERAL, literal))
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), text)


def defines(source):
    for name, text in re.findall(r"^#define (\w+)[ \\\n]+(%s(?:[\s\\]*%s)*)[ \t]*$" % (LITERAL, LITERAL), source, re.M):
        yield name, text


def is_sentence(text):
    if text == "Unauthenticated.":  # a word of the contract, not for people
        return False
    whole = " " in text and re.match(r"[A-Z`“{]", text) and re.search(r"[.?!…:]$", text)
    return (whole or re.match(r"[A-Z][a-z]+[.?!]$", text)) and not re.search(r"%[.*a-z]", text)


MARKS = re.compile(r"\b(SAY|MESSAGE_WORD|MESSAGE|MESSAGE_PLAIN|MESSAGE_MANY|MESSAGE_IN|page_put_word|REFUSE|REFUSAL)\(")
ARGUMENT = {"SAY": 0, "MESSAGE": 0, "MESSAGE_PLAIN": 0, "MESSAGE_WORD": 1, "page_put_word": 2, "REFUSE": 1, "REFUSAL": 1}


def arguments(source, at):
    """The arguments of the call whose parenthesis was just opened, as text."""
    depth, begin, out = 1, at, []
    for m in re.finditer(LITERAL + r"|[(){},\[\]]", source[at:]):
        c = m.group(0)
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if depth == 0 or (c == "," and depth == 1):
            out.append(source[begin:at + m.start()])
            begin = at + m.end()
        if depth == 0:
            return out
    return out


def marked(place, source, names):
    for m in MARKS.finditer(source):
        args = arguments(source, m.end())
        args = [re.sub(r"\b[A-Z][A-Z0-9_]+\b", lambda w: names.get(w.group(0), w.group(0)), a) for a in args]
        texts = [value(a) if re.search(LITERAL, a) else "" for a in args]
        if m.group(1) == "MESSAGE_MANY":
            found(place, texts[0], "", texts[1])
        elif m.group(1) == "MESSAGE_IN":
            found(place, texts[1], texts[0])
        elif ARGUMENT[m.group(1)] < len(args):
            argument = args[ARGUMENT[m.group(1)]]
            for text in (texts[ARGUMENT[m.group(1)]],) if "?" not in re.sub(LITERAL, "", argument) else [value(x) for x in GLUED.findall(argument)]:
                if text:
                    found(place, text)


# The last texts of each row of these tables, and how many they are.
TABLES = {"src/base/err.h": (r"\bX\(", 1), "src/user/user_claims.h": (r"\bX\(", 1), "src/client/profile.h": (r"\bX\(", 1),
          "src/client/metadata.h": (r"\b(?:WISH|NEED|ADMIN)\(", 2)}


def table(place, source):
    row, texts = TABLES[place]
    for m in re.finditer(row, source):
        for last in arguments(source, m.end())[-texts:]:
            if re.search(LITERAL, last):
                found(place, value(last))


def c_source(place, names):
    source = comments_out(open(place, encoding="utf-8").read())
    mine = dict(names)
    mine.update(defines(source))
    body = re.sub(r"^#include.*$", "", source, flags=re.M)
    if place not in ("src/base/message.h", "src/page/page.h") and not re.match("src/(cli|store)/", place):
        marked(place, body, mine)
    for m in re.finditer(r"\bpage_put\(", body):
        for text in GLUED.findall(arguments(body, m.end())[-1]):
            if re.match(r"[A-Z]|[^/]* ", value(text)):
                wrong(place, "page_put shows English: page_put_word(%s)" % text)
    if place in TABLES:
        table(place, body)
    if not SILENT.match(place):
        for m in GLUED.finditer(body):
            text = value(m.group(0))
            if is_sentence(text) and not any(key[1] == text or place in entry[1] and text in (key[1], entry[0]) for key, entry in entries.items()):
                found(place, text)


def sql_source(place):
    """The scopes that are built in: their descriptions are the store's, and keys all the same."""
    for statement in re.findall(r"INSERT INTO scopes \(name, description.*?;", open(place, encoding="utf-8").read(), re.S):
        for text in re.findall(r"\(\s*'[^']*',\s*'((?:[^']|'')*)'", statement):
            found(place, text.replace("''", "'"))


# ---- catalogues

def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def english():
    out = [HEADER]
    for (context, text), (plural, places) in sorted(entries.items(), key=lambda e: (min(e[1][1]), e[0][1], e[0][0])):
        out.append("".join("#: %s\n" % place for place in sorted(places))
                   + ("msgctxt %s\n" % quoted(context) if context else "")
                   + "msgid %s\n" % quoted(text)
                   + ('msgid_plural %s\nmsgstr[0] ""\nmsgstr[1] ""\n' % quoted(plural) if plural else 'msgstr ""\n'))
    return "\n".join(out)


def read_po(place):
    """[(context, text, plural, [forms])] of what is translated."""
    rows, row, part = [], None, None
    for line in open(place, encoding="utf-8").read().split("\n") + [""]:
        m = re.match(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line)
        if m and (m.group(1) == "msgctxt" or m.group(1) == "msgid" and part != "msgctxt"):
            row = {}
            rows.append(row)
        if m:
            part = m.group(1)
            row[part] = value(m.group(2))
        elif line.startswith('"'):
            row[part] += value(line)
        elif not line.startswith("#"):
            part = None
    return [(r.get("msgctxt", ""), r["msgid"], r.get("msgid_plural", ""), [r[k] for k in sorted(r) if k.startswith("msgstr")]) for r in rows]


PLACES = re.compile(r"\{[a-z0-9_]+\}|</?[a-z0-9_]+>")


def nested(text):
    stack = []
    for mark in re.findall(r"</?[a-z0-9_]+>", text):
        if mark[1] != "/":
            stack.append(mark[1:])
        elif not stack or stack.pop() != mark[2:]:
            return False
    return not stack


def judge(place):
    known = {(c, t): plural for (c, t), (plural, _) in entries.items()}
    done = subprocess.run(["msgfmt", "-c", "-o", "/dev/null", place], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        wrong(place, "msgfmt refuses it: " + done.stderr)
    for context, text, plural, forms in read_po(place)[1:]:
        if (context, text) not in known:
            wrong(place, "no such key any more: %r (messages.py write)" % text)
            continue
        want = sorted(PLACES.findall(text))
        for i, form in enumerate(forms):
            have = sorted(PLACES.findall(form))
            if not form:
                continue
            # A form for one or two things may say the number in words.
            if have != want and not (plural and set(want) - set(have) <= set(re.findall(r"\{\w+\}", plural)) and not set(have) - set(PLACES.findall(plural))):
                wrong(place, "places differ: %r, %r" % (text, form))
            elif not nested(form):
                wrong(place, "elements out of order: %r" % form)
            elif re.search(r"[<>&]", PLACES.sub("", form)) and not re.search(r"[<>&]", PLACES.sub("", text)):
                wrong(place, "markup that the English has not: %r" % form)


def main():
    os.chdir(ROOT)
    sources, names = [], {}
    for folder, _, files in sorted(os.walk("src")):
        sources += [os.path.join(folder, f) for f in files if re.search(r"\.[ch]$", f)]
    sources.sort()
    for place in sources:
        if place.endswith(".h"):
            names.update(defines(comments_out(open(place, encoding="utf-8").read())))
    pages = sorted("assets/pages/" + f for f in os.listdir("assets/pages"))
    for place in pages:
        template(place)
    for place in sources:
        c_source(place, names)
    for place in sorted("src/store/sql/" + f for f in os.listdir("src/store/sql")):
        sql_source(place)
    if len(pages) < 20 or len(entries) < 200:
        wrong("messages", "saw only %d pages and %d texts" % (len(pages), len(entries)))
    others = sorted(PO + "/" + f for f in os.listdir(PO) if f.endswith(".po") and f != "en.po")
    if sys.argv[1:] == ["write"]:
        open(PO + "/en.po", "w", encoding="utf-8").write(english())
        for place in others:
            subprocess.run(["msgmerge", "-q", "--update", "--backup=none", "--no-fuzzy-matching", place, PO + "/en.po"], check=True)
    elif sys.argv[1:2] == ["check"]:
        have = {(c, t): p for c, t, p, _ in read_po(PO + "/en.po")[1:]}
        for key in sorted(set(entries) - set(have)):
            wrong(min(entries[key][1]), "not in the catalogue (messages.py write): %r" % key[1])
        for key in sorted(set(have) - set(entries)):
            wrong(PO + "/en.po", "nobody says this any more (messages.py write): %r" % key[1])
        for place in [PO + "/en.po"] + others + sys.argv[2:]:
            judge(place)
    else:
        sys.exit(__doc__)
    for problem in problems:
        print("messages: " + problem)
    print("messages: %d texts" % len(entries))
    sys.exit(1 if problems else 0)


main()
