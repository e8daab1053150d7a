# SPDX-License-Identifier: MIT
"""A newcomer's first minutes: `./dev run` prints an address, a one-time password and commands; each pasted command really gives a
token; a second start keeps the data; SIGTERM ends it with 0."""
import atexit
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import requests

from harness import LOGS, ROOT, Browser, Person, Server, clean_environment, keep_log, remember
from stores import copy_store, store_environment


class DevRun:
    """A server that `./dev run` started, in a data directory of its own: its first start there, or its second, in the copy of another's."""
    http = Server.http

    def __init__(self, copy_of=None):
        self.folder = tempfile.mkdtemp(prefix="jeton-run-")
        atexit.register(shutil.rmtree, self.folder, True)
        self.data = os.path.join(self.folder, "data")
        if copy_of:
            copy_store(copy_of.data, self.data)
        self.log = os.path.join(os.path.dirname(self.data), "server.log")
        LOGS.append(self.log)
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(ROOT, "dev"), "run"], cwd=os.path.dirname(self.data), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, env=clean_environment(JETON_LISTEN="localhost:0", **store_environment(self.data)))
        self.text, end = "", time.monotonic() + 60
        while "/api/1.0/users/me\n" not in self.text and time.monotonic() < end and self.process.poll() is None:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536).decode()
                if not piece:
                    break
                self.text += piece
        found = re.search(r"^jeton ready on (\S+)$", self.text, re.M)
        if not found:
            self.stop()
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise RuntimeError(self.text + f.read()[-2000:])
        self.url = found.group(1)
        with open(os.path.join(self.data, "demo.env"), encoding="ascii") as f:
            self.demo = dict(line.strip().split("=", 1) for line in f if "=" in line and not line.startswith("#"))
        remember(self.demo["DEMO_CLIENT_SECRET"], self.demo["DEMO_PASSWORD"])
        return self

    @property
    def ca(self):
        return os.path.join(self.data, "tls", "ca.pem")

    def commands(self):
        """The commands by their comment."""
        found, name = {}, None
        for line in self.text.splitlines():
            if line.startswith("# "):
                name = line[2:]
                found[name] = []
            elif name and line.strip():
                found[name].append(line)
        return {k: "\n".join(v) for k, v in found.items()}

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.process.stdout.close()
        keep_log(self.log)
        return status


class Newcomer(unittest.TestCase):
    def paste(self, server, *commands):
        done = subprocess.run(["bash", "-c", "\n".join(commands)], cwd=ROOT, capture_output=True, text=True, timeout=60, env=clean_environment(), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        remember(*re.findall(r"jtn_[A-Za-z0-9_-]{20,}", done.stdout))
        return done.stdout

    def test_first_minutes(self):
        server = DevRun()
        try:
            password = re.search(r"one-time password: (\S+)", server.text).group(1)
            remember(password)
            self.assertIn(server.url, server.text)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(server.data, "demo.env")).st_mode), 0o600)
            commands = server.commands()
            source = commands["the demo application's secrets"]
            for name, refresh in (("client credentials", False), ("password", True), ("authorization code again, with curl as the user's browser", True), ("refresh", True)):
                with self.subTest(grant=name):
                    answer = json.loads(self.paste(server, source, commands[name]).strip().splitlines()[-1])
                    self.assertIn("access_token", answer)
                    self.assertEqual("refresh_token" in answer, refresh)
            out = self.paste(server, source, commands["personal access token"], commands["an API call with that token"])
            self.assertEqual(json.loads(out[out.index("{"):])["username"], "demo")
            find = lambda start: next(v for k, v in commands.items() if k.startswith(start))
            self.assertIn("jtn_at_", self.by_browser(server, source, find("authorization code: open")))
            told = json.loads(self.by_browser(server, source, find("OpenID Connect login")))
            self.assertEqual(told["userinfo"]["email"], "demo@example.org")
            self.assertEqual(told["decoded"]["id_token"]["claims"]["sub"], told["userinfo"]["sub"])
            self.assertIn("jtn_at_", self.by_browser(server, source, find("device: open")))
            for uri in ("http://127.0.0.1:53682/callback", "http://[::1]:53682/callback", "http://localhost/callback", "https://oauth.pstmn.io/v1/callback",
                        "https://oauth.pstmn.io/v1/browser-callback", "edu.kit.data.oidc-agent:/redirect", "http://localhost:8080"):  # the documents' own tools
                visitor = Browser(server)
                visitor.get("/oauth/authorize?" + urllib.parse.urlencode({"response_type": "code", "client_id": "demo", "redirect_uri": uri}))
                self.assertEqual((visitor.response.status_code, "username" in visitor.response.text), (200, True), uri)
            browser = Browser(server)
            browser.get("/admin")
            browser.login(Person(server, "admin", password, None))
            self.assertIn("/account/password", browser.at)  # works once, and must be changed
            own = "the administrator's own password"
            remember(own)
            browser.submit(browser.form("current"), current=password, password=own)
            self.assertEqual(browser.response.status_code, 200, browser.response.text[:500])
            self.assertTrue(browser.at.startswith(server.url + "/admin"), browser.at)
            again = Browser(server)
            again.get("/admin")
            again.login(Person(server, "admin", password, None))
            self.assertEqual(again.response.status_code, 401)
            # once more: at once, with the data, without the password
            self.assertEqual(server.stop(), 0)
            began = time.monotonic()
            server.start()
            self.assertLess(time.monotonic() - began, 5)
            self.assertNotIn("one-time password", server.text)
            self.assertNotIn(password, server.text)
            json.loads(self.paste(server, source, server.commands()["client credentials"]))
        finally:
            self.assertEqual(server.stop(), 0)
        with open(server.log, encoding="utf-8", errors="replace") as f:
            self.assertNotIn(password, f.read())

    def by_browser(self, server, source, command):
        program = subprocess.Popen(["bash", "-c", source + "\n" + command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=clean_environment(BROWSER="true", DISPLAY=""))
        try:
            for line in program.stderr:
                found = re.search(r"https?://\S+/oauth/(authorize|device)\?\S+", line)
                if found:
                    browser = Browser(server)
                    browser.get(found.group(0))
                    browser.go_on(Person(server, server.demo["DEMO_USERNAME"], server.demo["DEMO_PASSWORD"], None))
                    if browser.outside:
                        requests.get(browser.outside, timeout=10)
                    break
            out, err = program.communicate(timeout=30)
            self.assertEqual(program.returncode, 0, err)
            remember(*re.findall(r"jtn_[A-Za-z0-9_-]{20,}", out))
            return out
        finally:
            program.kill()
            program.wait()

    def test_help_and_wrong_verbs(self):
        for args, code in ((["help"], 0), ([], 0), (["nosuch"], 2), (["run", "extra"], 1), (["measure"], 0)):
            done = subprocess.run([os.path.join(ROOT, "dev"), *args], capture_output=True, text=True, timeout=60, env=clean_environment(), stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))


if __name__ == "__main__":
    unittest.main()
