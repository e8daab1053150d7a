# SPDX-License-Identifier: MIT
"""The command line (contract 2): shapes, exit statuses, and that a running server sees each change at once."""
import glob
import json
import os
import stat
import subprocess
import tempfile
import unittest

from harness import BIN, CALLBACK, Client, Server, clean_environment, remember, run_cli, world
from stores import store_words, stored_bytes


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def run_here(self, *args, stdin=None):
        return run_cli(self.s.data, *args, stdin=stdin)

    def refused(self, *args, stdin=None, code=1):
        status, out, err = self.run_here(*args, stdin=stdin)
        self.assertEqual(status, code, (args, out, err))
        self.assertTrue(err.strip(), args)
        if code == 1:
            self.assertEqual(len(err.strip().splitlines()), 1, err)  # one line that says what and how to mend it
        return err

    # ---- shapes
    def test_json_is_one_value_and_nothing_else(self):
        for args in (("user", "list"), ("client", "list"), ("scope", "list"), ("key", "list"), ("pat", "list", "alice"), ("user", "show", "alice"),
                     ("client", "show", self.w.web.id), ("version",), ("check",)):
            with self.subTest(args=args):
                status, out, err = self.run_here(*args, "--json")
                self.assertEqual(status, 0, err)
                json.loads(out)

    def test_user_add_prints_the_id(self):
        made = self.s.cli("user", "add", "shape", "--email", "s@example.org", "--full-name", "Shape", "--password-stdin", stdin="long enough 4711")
        self.assertTrue(made["id"])
        shown = self.s.cli("user", "show", "shape")
        self.assertEqual((shown["id"], shown["email"]), (made["id"], "s@example.org"))
        self.assertNotIn("argon2", json.dumps(shown))

    def test_client_add_prints_id_and_secret_once(self):
        made = self.s.cli("client", "add", "--name", "Shape", "--grant", "client_credentials", "--scope", "read write")
        self.assertRegex(made["client_secret"], r"^jtn_cs_[A-Za-z0-9_-]+$")
        self.assertRegex(made["client_id"], r"^[A-Za-z0-9_-]+$")
        for out in (self.s.cli("client", "show", made["client_id"]), self.s.cli("client", "list")):
            self.assertNotIn(made["client_secret"], json.dumps(out))

    def test_public_client_has_no_secret(self):
        made = self.s.cli("client", "add", "--name", "No secret", "--public", "--grant", "authorization_code", "--redirect-uri", CALLBACK)
        self.assertFalse(made.get("client_secret"))

    def test_text_output_is_for_people(self):
        status, out, err = self.run_here("user", "list")
        self.assertEqual(status, 0, err)
        self.assertIn("alice", out)

    # ---- exit statuses
    def test_wrong_usage_is_2(self):
        for args in (("nosuch",), ("user",), ("user", "nosuch"), ("user", "add"), ("client", "add"), ("user", "list", "--nosuch"), ("client", "add", "--name"),
                     ("pat", "add", "alice", "--name", "x", "--expires-in", "soon"), ("client", "edit"), ("serve", "--listen", "nonsense"), ("scope", "add", "x"),
                     ("pat", "add", "alice", "--name", "x", "--expires-in", "1e3"), ("client", "add", "--name", "x", "--auth-method", "nosuch"),
                     ("client", "add", "--name", "x", "--profile", "nosuch"), ("client", "add", "--name", "x", "--subject-type", "nosuch"),
                     ("client", "add", "--name", "x", "--id-token-signed-response-alg", "none"), ("client", "add", "--name", "x", "--response-modes", "jwt web_message"),
                     ("client", "add", "--name", "x", "--logo-uri", "http://plain.example/logo"), ("client", "edit", "x", "--request-object-signing-alg", "HS256")):
            with self.subTest(args=args):
                self.refused(*args, code=2)

    def test_every_way_to_authenticate_that_discovery_names_is_a_word_here(self):
        for method in (*self.s.get("/.well-known/openid-configuration").json()["token_endpoint_auth_methods_supported"], "any"):
            code, _, err = run_cli(self.s.data, "client", "add", "--name", "x", "--grant", "nosuch", "--auth-method", method)
            self.assertEqual(code, 1, err)

    def test_refused_is_1_with_one_line(self):
        for args in (("user", "show", "nobody"), ("user", "block", "nobody"), ("user", "remove", "nobody"), ("client", "show", "nobody"), ("client", "disable", "nobody"),
                     ("client", "rotate-secret", "nobody"), ("pat", "revoke", "nobody"), ("pat", "add", "nobody", "--name", "x"), ("pat", "add", "alice", "--name", "x", "--scope", "nosuch"),
                     ("scope", "remove", "nosuch"), ("client", "add", "--name", "x", "--grant", "nosuch"), ("client", "add", "--name", "x", "--scope", "nosuch"),
                     ("client", "add", "--name", "x", "--owner", "nobody"), ("client", "add", "--name", "Web", "--grant", "client_credentials"),
                     ("client", "add", "--name", "new", "--id", self.w.web.id, "--grant", "client_credentials")):
            with self.subTest(args=args):
                self.refused(*args)

    def test_duplicate_user_and_bad_passwords_are_refused(self):
        self.refused("user", "add", "ALICE", "--password-stdin", stdin="long enough 4711")
        for bad in ("short", "password", "", "alice2alice2"[:7]):
            with self.subTest(bad=bad):
                self.refused("user", "add", "never", "--password-stdin", stdin=bad)
        self.assertNotIn("never", json.dumps(self.s.cli("user", "list")))

    def test_AD_07_last_administrator_stays(self):
        own = Server()
        own.cli("user", "add", "only", "--admin", "--password-stdin", stdin="long enough 4711")
        for verb in ("remove", "block"):
            status, _, err = run_cli(own.data, "user", verb, "only")
            self.assertEqual(status, 1, verb)
            self.assertIn("administrator", err)

    def test_help_and_version(self):
        for args in (("help",), ("help", "client"), ("help", "user"), ("help", "token"), ("version",), ("config", "explain")):
            done = subprocess.run([BIN, *args], capture_output=True, text=True, timeout=20, env=clean_environment())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.strip())
        self.assertEqual(subprocess.run([BIN, "help", "nosuch"], capture_output=True, timeout=20).returncode, 2)
        self.assertEqual(subprocess.run([BIN], capture_output=True, timeout=20).returncode, 2)

    def test_ST_05_no_secret_in_argv(self):
        done = subprocess.run([BIN, "help", "client"], capture_output=True, text=True, timeout=20)
        self.assertNotRegex(done.stdout, r"--secret[ =]|--password[ =]")

    # ---- at once
    def test_new_client_and_user_work_at_once(self):
        client = self.s.client("At once", "password")
        person = self.s.user("atonce")
        answer = self.s.token(client, "password", username="atonce", password=person.password)
        self.assertEqual(answer.status_code, 200, answer.text)

    def test_rotate_secret_with_overlap(self):
        client = self.s.client("Rotating", "client_credentials")
        fresh = Client(client.id, self.s.cli("client", "rotate-secret", client.id)["client_secret"])
        for one in (client, fresh):
            self.assertEqual(self.s.token(one, "client_credentials").status_code, 200)

    def test_edit_replaces_lists(self):
        client = self.s.client("Edited", "client_credentials", scope="read write")
        self.s.cli("client", "edit", client.id, "--scope", "read")
        self.assertEqual(self.s.token(client, "client_credentials").json()["scope"], "read")
        self.assertEqual(self.s.token(client, "client_credentials", scope="write").json()["error"], "invalid_scope")
        self.s.cli("client", "edit", client.id, "--grant", "password")
        self.assertEqual(self.s.token(client, "client_credentials").json()["error"], "unauthorized_client")

    def test_removed_client_is_gone_at_once(self):
        client = self.s.client("Removed", "client_credentials")
        token = self.s.token(client, "client_credentials").json()["access_token"]
        self.s.cli("client", "remove", client.id)
        self.assertEqual(self.s.token(client, "client_credentials").json()["error"], "invalid_client")
        self.assertFalse(self.s.active(self.w.service, token))
        self.refused("client", "add", "--name", "Again", "--id", client.id, "--grant", "client_credentials")  # ids are never used twice

    def test_pat_revoked_at_once(self):
        made = self.s.cli("pat", "add", "alice", "--name", "short lived", "--scope", "read", "--expires-in", "600")
        self.assertEqual(self.s.api("GET", "/users/me", made["token"]).status_code, 200)
        self.assertIn(made["id"], [p["id"] for p in self.s.cli("pat", "list", "alice")])
        self.s.cli("pat", "revoke", made["id"])
        self.assertEqual(self.s.api("GET", "/users/me", made["token"]).status_code, 401)
        self.assertNotIn(made["id"], [p["id"] for p in self.s.cli("pat", "list", "alice")])

    def test_scope_life(self):
        self.s.cli("scope", "add", "passing", "--description", "For a moment")
        client = self.s.client("Passing", "client_credentials", scope="passing")
        self.assertEqual(self.s.token(client, "client_credentials", scope="passing").json()["scope"], "passing")
        self.s.cli("scope", "remove", "passing")
        self.assertEqual(self.s.token(client, "client_credentials", scope="passing").json()["error"], "invalid_scope")
        self.refused("scope", "remove", "view-users")

    # ---- token: the client side
    def token(self, *args, stdin=None):
        done = subprocess.run([BIN, "token", "--issuer", self.s.url, "--ca", self.s.ca, *args], input="" if stdin is None else stdin + "\n", text=True,
                              capture_output=True, timeout=60, env=clean_environment())
        if done.returncode == 0:
            for word in done.stdout.replace('"', " ").split():
                if word.startswith("jtn_"):
                    remember(word)
        return done

    def test_token_client_credentials(self):
        done = self.token("--grant", "client_credentials", "--client-id", self.w.service.id, "--client-secret-stdin", "--scope", "read", stdin=self.w.service.secret)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"jtn_at_[A-Za-z0-9_-]+")

    def test_token_password_and_refresh(self):
        done = self.token("--grant", "password", "--client-id", self.w.trusted.id, "--client-secret-stdin", "--username", "alice", "--password-stdin", "--json",
                          stdin=self.w.trusted.secret + "\n" + self.w.alice.password)
        self.assertEqual(done.returncode, 0, done.stderr)
        refresh = json.loads(done.stdout)["refresh_token"]
        done = self.token("--grant", "refresh_token", "--client-id", self.w.trusted.id, "--client-secret-stdin", "--refresh-token-stdin", "--json",
                          stdin=self.w.trusted.secret + "\n" + refresh)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("access_token", json.loads(done.stdout))

    def test_token_authorization_code(self):
        """The person is played by a plain browser that opens the address which the command prints."""
        import re
        import threading
        from harness import Browser
        client = self.s.client("Loopback", "authorization_code", redirect="http://127.0.0.1/callback", scope="read")
        command = subprocess.Popen([BIN, "token", "--issuer", self.s.url, "--ca", self.s.ca, "--grant", "authorization_code", "--client-id", client.id,
                                    "--client-secret-stdin", "--scope", "read", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=clean_environment(BROWSER="true", DISPLAY=""))
        command.stdin.write(client.secret + "\n")
        command.stdin.close()
        guard = threading.Timer(60, command.kill)
        guard.start()
        seen = ""
        try:
            for line in command.stderr:
                seen += line
                found = re.search(r"https?://\S+/oauth/authorize\?\S+", line)
                if found:
                    browser = Browser(self.s)
                    browser.get(found.group(0))
                    browser.go_on(self.w.alice)
                    self.assertTrue(browser.outside.startswith("http://127.0.0.1:"), browser.outside)
                    import requests
                    self.assertEqual(requests.get(browser.outside, timeout=10).status_code, 200)
                    break
            out = command.stdout.read()
            self.assertEqual(command.wait(), 0, seen + command.stderr.read())
        finally:
            guard.cancel()
            command.kill()
            command.wait()
            command.stdout.close()
            command.stderr.close()
        answer = json.loads(out)
        remember(answer["access_token"], answer.get("refresh_token"))
        self.assertEqual(self.s.api("GET", "/users/me", answer["access_token"]).json()["id"], self.w.alice.id)

    def test_token_refused_is_1(self):
        done = self.token("--grant", "client_credentials", "--client-id", self.w.service.id, "--client-secret-stdin", stdin="wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("invalid_client", done.stderr)

    # ---- settings
    def test_settings_are_explained_and_checked(self):
        explained = subprocess.run([BIN, "config", "explain"], capture_output=True, text=True, timeout=20, env=clean_environment()).stdout
        for name in ("listen", "issuer", "access_lifetime", "account_tries"):
            self.assertIn(name, explained)
        with tempfile.TemporaryDirectory() as scratch:
            file = os.path.join(scratch, "jeton.conf")
            with open(file, "w", encoding="ascii") as f:
                f.write("# comment\nlisten = 127.0.0.1:0\nno_such_setting = 1\n")
            status, _, err = self.run_here("serve", "--config", file)
            self.assertIn(status, (1, 2))
            self.assertIn("no_such_setting", err)
            self.assertIn("3", err)  # AV-04: the line

    def test_http_issuer_needs_loopback(self):
        own = Server()
        for args in (("--issuer", "http://example.org", "--tls", "off"), ("--issuer", "http://127.0.0.1:8080", "--tls", "off", "--listen", "0.0.0.0:0")):
            with self.subTest(args=args):
                done = subprocess.run([BIN, "serve", *store_words(own.data), *(() if "--listen" in args else ("--listen", "127.0.0.1:0")), *args],
                                      capture_output=True, text=True, timeout=20, env=clean_environment(), stdin=subprocess.DEVNULL)
                self.assertIn(done.returncode, (1, 2))
                self.assertTrue(done.stderr.strip())

    # ---- files
    def test_ST_03_files_are_closed(self):
        for file in glob.glob(self.s.data + "/**", recursive=True):
            mode = stat.S_IMODE(os.stat(file).st_mode)
            public = os.path.basename(file) in ("ca.pem", "cert.pem", "server.pem", "chain.pem") and not mode & 0o022
            self.assertTrue(not mode & 0o077 or public, "%s is %o" % (os.path.relpath(file, self.s.data), mode))

    def test_AC_10_nothing_usable_in_the_files(self):
        w = self.w
        tokens = w.password_tokens()
        secrets = [tokens["refresh_token"], tokens["access_token"], w.service.secret, w.alice.pat(), w.alice.password, self.s.code(w.web, w.alice)]
        data = stored_bytes(self.s.data)
        for file in glob.glob(self.s.data + "/*"):
            if os.path.isfile(file) and not os.path.basename(file).startswith("jeton.db"):
                with open(file, "rb") as f:
                    data += f.read()
        self.assertIn(w.web.id.encode(), data)  # the store is among them
        for secret in secrets:
            self.assertFalse(secret[8:32].encode() in data, secret[:8])  # behind the prefix
        self.assertFalse(b"PRIVATE KEY" in data)


if __name__ == "__main__":
    unittest.main()
