# SPDX-License-Identifier: MIT
"""Every command in the documents is run. The convention: a block fenced ```sh is run as it stands, a block fenced ```text is not.
The blocks of one file run in order, in one bash with -eu and pipefail, in a folder that looks like the project's after a first
`./dev run` (build, tools, docs, assets, and a fresh data), beside a server that `./dev run` started; `https://localhost:8443` in them
means its address. When a block prints an address of /oauth/authorize, a person opens it, logs in as the demo person and allows.
A line `./dev run` or `./dev test` is taken as done: it is what started all this."""
import glob
import os
import re
import selectors
import subprocess
import threading
import time
import unittest

from harness import ROOT, Browser, Person, clean_environment, remember
from stores import ENGINE, store_environment
from test_run import DevRun

FOLLOWING = """#!/bin/bash
case ${{1:-}} in serve | token | help | "") exec {itself} "$@" ;; esac
{itself} "$@" || exit
figures() {{ sed -n "s/^jeton_feed_$1{{//p" <<<"$metrics"; }}
for _ in {{1..200}}; do
    metrics=$(curl -sS --cacert {ca} {url}/metrics)
    [ -n "$metrics" ] && [ "$(figures followed)" = "$(figures newest)" ] && exit 0
done
echo "the server does not follow" >&2
exit 1
"""


def blocks(file):
    """(line number, text) of each runnable block."""
    with open(file, encoding="utf-8") as f:
        text = f.read()
    for found in re.finditer(r"^```sh\n(.*?)^```$", text, re.M | re.S):
        yield text[:found.start()].count("\n") + 2, found.group(1)


def files():
    return [f for f in [os.path.join(ROOT, "README.md")] + sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))) if list(blocks(f))]


class Documents(unittest.TestCase):
    def test_there_is_something_to_run(self):
        self.assertIn("README.md", [os.path.basename(f) for f in files()])

    def test_no_other_fence_hides_commands(self):
        for file in [os.path.join(ROOT, "README.md")] + glob.glob(os.path.join(ROOT, "docs", "*.md")):
            with open(file, encoding="utf-8") as f:
                fences = [line.strip() for line in f if line.startswith("```")]
            self.assertFalse(set(fences) - {"```", "```sh", "```text", "```json", "```ini", "```c"}, file)
            self.assertEqual([f for f in fences if f == "```"], ["```"] * (len(fences) // 2), file)

    def test_every_file(self):
        first = DevRun()
        self.assertEqual(first.stop(), 0)
        for file in files():
            with self.subTest(file=os.path.relpath(file, ROOT)):
                self.run_file(file, DevRun(copy_of=first))

    def run_file(self, file, server):
        try:
            folder = os.path.dirname(server.data)
            for name in ("tools", "docs", "assets", "test", "README.md"):
                os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
            self.put_build(os.path.join(folder, "build"), server)
            os.mkdir(os.path.join(folder, "node_modules"))
            os.symlink(os.path.join(ROOT, "test", "e2e", "node_modules", "openid-client-6"), os.path.join(folder, "node_modules", "openid-client"))  # npm install
            with open(os.path.join(folder, "dev"), "w", encoding="ascii") as f:
                f.write('#!/bin/bash\ncase ${1:-} in run | test) exit 0 ;; esac\nexec "%s/dev" "$@"\n' % ROOT)
            os.chmod(os.path.join(folder, "dev"), 0o700)
            script = "set -euo pipefail\n"
            for line, text in blocks(file):
                text = text.replace("https://localhost:8443", server.url).replace("localhost:8443", server.url.split("//")[1])
                script += "printf '\\n@@ %s:%d\\n'\n%s\n" % (os.path.basename(file), line, text)
            done, out = self.bash(script, folder, server)
            remember(*re.findall(r"jtn_[A-Za-z0-9_-]{20,}", out))
            self.assertEqual(done, 0, out[-4000:])
            self.assertNotIn("internal error", out)
        finally:
            server.stop()

    @staticmethod
    def put_build(folder, server):
        """The project's. On PostgreSQL a command returns when the server has followed what it changed (harness.Server.follow)."""
        if ENGINE != "postgres":
            os.symlink(os.path.join(ROOT, "build"), folder)
            return
        os.mkdir(folder)
        for name in os.listdir(os.path.join(ROOT, "build")):
            os.symlink(os.path.join(ROOT, "build", name), os.path.join(folder, name if name != "jeton" else "jeton-itself"))
        with open(os.path.join(folder, "jeton"), "w", encoding="ascii") as f:
            f.write(FOLLOWING.format(itself=os.path.join(folder, "jeton-itself"), ca=server.ca, url=server.url))
        os.chmod(os.path.join(folder, "jeton"), 0o700)

    def bash(self, script, folder, server):
        path = os.path.join(folder, "blocks.sh")
        with open(path, "w", encoding="utf-8") as f:
            f.write(script)
        bash = subprocess.Popen(["bash", path], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env=clean_environment(BROWSER="true", DISPLAY="", NODE_PATH=os.path.join(ROOT, "test", "e2e", "node_modules"),
                                                      **{**store_environment(server.data), "JETON_DATA": "data"}))
        out, end, seen = b"", time.monotonic() + 180, set()
        selector = selectors.DefaultSelector()
        selector.register(bash.stdout, selectors.EVENT_READ)
        try:
            while time.monotonic() < end:
                if not selector.select(1):
                    continue
                piece = os.read(bash.stdout.fileno(), 65536)
                if not piece:
                    return bash.wait(10), out.decode("utf-8", "replace")
                out += piece
                for url in re.findall(rb"https?://\S+/oauth/authorize\?\S+(?=\s)", out):
                    if url not in seen:
                        seen.add(url)
                        threading.Thread(target=self.person, args=(server, url.decode()), daemon=True).start()
            return -1, out.decode("utf-8", "replace") + "\n(stopped after 180 seconds)"
        finally:
            selector.close()
            bash.kill()
            bash.wait()
            bash.stdout.close()

    @staticmethod
    def person(server, url):
        browser = Browser(server)
        browser.get(url)
        browser.go_on(Person(server, server.demo["DEMO_USERNAME"], server.demo["DEMO_PASSWORD"], None))
        if browser.outside and browser.outside.startswith("http://127.0.0.1:"):
            import requests
            requests.get(browser.outside, timeout=10)


if __name__ == "__main__":
    unittest.main()
