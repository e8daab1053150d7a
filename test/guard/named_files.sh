#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bug it prevents: a document or a file's head that sends its reader to a file which was moved or renamed. Whatever looks like a path into src/
# (`store/cache`, `src/grant/ciba.c`, `http/h1`) must be one, in documents and in comments.
set -eu
cd "$(dirname "$0")/../.."
python3 - <<'PY'
import glob, os, re, sys
files = {f[4:].rsplit(".", 1)[0] for f in glob.glob("src/**/*.[ch]", recursive=True)}
folders = {os.path.dirname(f) for f in files} - {""}
tops = {f.split("/")[0] for f in folders}
placeholders = {"store/table/db_name", "base/x"}  # how a file or an address would be called
word = re.compile(r"(?<![\w/.:<-])((?:src/)?[a-z]+(?:/[a-z_0-9]+)+)(?:\.[ch])?(?![\w/-])")
seen, lost = 0, []
def look(name, text):
    global seen
    for found in word.findall(text):
        path = found[4:] if found.startswith("src/") else found
        if path.split("/")[0] not in tops or path in placeholders:
            continue
        seen += 1
        if path not in files and path not in folders and not glob.glob(f"src/{path}*"):
            lost.append(f"{name}: {found}")
for name in ["ARCHITECTURE.md", "HACKING.md", "SECURITY.md", "README.md", *glob.glob("docs/*.md")]:
    look(name, open(name, encoding="utf-8").read())
for name in glob.glob("src/**/*.[ch]", recursive=True):
    for comment in re.findall(r"/\*.*?\*/", open(name, encoding="utf-8").read(), flags=re.S):
        look(name, comment)
if seen < 100:
    sys.exit("named_files: saw hardly any")
if lost:
    sys.exit("named_files: there is no such file:\n" + "\n".join(sorted(set(lost))))
print(f"named_files: {seen} names")
PY
