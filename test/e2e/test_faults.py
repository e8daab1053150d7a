# SPDX-License-Identifier: MIT
"""Crashes, full disks, stops, restarts, plain HTTP, backup, health (AV, RF-04, RF-12, IR-09; contract 2)."""
import os
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from harness import BIN, CALLBACK, Browser, Server, World, clean_environment, feeds, free_port, run_cli
from stores import change, sqlite_only, store_words


class Faults(unittest.TestCase):
    def setUp(self):
        self.w = World()
        self.s = self.w.server

    def tearDown(self):
        self.s.stop()

    def test_AV_02_kill_9_loses_nothing_acknowledged_and_revives_nothing(self):
        w, s = self.w, self.s
        spent = s.code(w.web, w.alice)
        taken = s.token(w.web, "authorization_code", code=spent, redirect_uri=CALLBACK).json()
        live = w.password_tokens()
        old = w.password_tokens()
        used = [old["refresh_token"]]
        for _ in range(3):
            used.append(s.token(w.trusted, "refresh_token", refresh_token=used[-1]).json()["refresh_token"])
        gone = w.password_tokens()
        s.revoke(w.trusted, gone["refresh_token"])
        alone = w.password_tokens()
        s.revoke(w.trusted, alone["access_token"])
        pat = w.alice.pat()
        s.stop(signal.SIGKILL)
        began = time.monotonic()
        s.start()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(s.api("GET", "/users/me", pat).status_code, 200)
        self.assertTrue(s.active(w.service, live["access_token"]))
        self.assertTrue(s.active(w.service, taken["access_token"]))
        self.assertFalse(s.active(w.service, gone["access_token"]))
        self.assertFalse(s.active(w.service, alone["access_token"]))
        self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=live["refresh_token"]).status_code, 200)
        self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=gone["refresh_token"]).json()["error"], "invalid_grant")
        self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=used[-1]).status_code, 200)
        self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=used[0]).json()["error"], "invalid_grant")  # RF-12
        answer = s.token(w.web, "authorization_code", code=spent, redirect_uri=CALLBACK)  # AC-09
        self.assertEqual(answer.json()["error"], "invalid_grant")
        self.assertFalse(s.active(w.service, taken["access_token"]))

    def test_RF_04_kill_9_amid_refreshes(self):
        """Whatever was answered before the crash still works after it; an unanswered retry gets a successor too."""
        w, s = self.w, self.s
        for round in range(3):
            known = [w.password_tokens()["refresh_token"] for _ in range(4)]
            stop = threading.Event()

            def spin(i):
                while not stop.is_set():
                    try:
                        answer = s.token(w.trusted, "refresh_token", refresh_token=known[i])
                    except Exception:
                        return
                    if answer.status_code == 200:
                        known[i] = answer.json()["refresh_token"]
            threads = [threading.Thread(target=spin, args=(i,)) for i in range(4)]
            for t in threads:
                t.start()
            time.sleep(0.25 + 0.07 * round)
            s.process.kill()
            s.process.wait()
            stop.set()
            for t in threads:
                t.join(35)
            s.process.stdout.close()
            s.start()
            for token in known:
                with self.subTest(round=round):
                    self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=token).status_code, 200)
        self.assertEqual(run_cli(s.data, "check")[0], 0)

    def test_AV_01_sigterm_drains_and_exits_0(self):
        w, s = self.w, self.s
        answers = []

        def ask():
            answers.append(s.token(w.trusted, "password", username="alice", password=w.alice.password).status_code)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.05)
        s.process.send_signal(signal.SIGTERM)
        for t in threads:
            t.join(20)
        self.assertEqual(s.process.wait(20), 0)
        self.assertFalse([a for a in answers if a not in (200, 503)], answers)

    def test_sigint_exits_0(self):
        self.assertEqual(self.s.stop(signal.SIGINT), 0)

    def test_sighup_does_not_kill(self):
        self.s.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        self.assertEqual(self.s.get("/health/live").status_code, 200)

    @sqlite_only("the disk is the server's own")
    def test_AV_03_full_disk_is_503_and_heals(self):
        """RLIMIT_FSIZE stands for the full disk: writes fail, and then they do not."""
        w, s = self.w, self.s
        live, pat = w.password_tokens(), w.admin.pat("--scope", "edit-scopes")
        pid = s.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            answer = s.token(w.trusted, "refresh_token", refresh_token=live["refresh_token"])
            self.assertEqual((answer.status_code, answer.json()["error"]), (503, "temporarily_unavailable"), answer.text)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            answer = s.revoke(w.trusted, live["access_token"])  # IR-09
            self.assertEqual(answer.status_code, 503, answer.text)
            self.assertEqual(s.token(w.service, "client_credentials").status_code, 200)  # what needs no write goes on
            self.assertEqual(s.get("/health/live").status_code, 200)
            self.assertEqual(s.get("/health/ready").status_code, 503)
            answer = s.api("POST", "/scopes", pat, json={"name": "x1", "description": "x"})
            self.assertEqual(answer.status_code, 503, answer.text)
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        end = time.monotonic() + 10
        while s.get("/health/ready").status_code != 200 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(s.get("/health/ready").status_code, 200)
        answer = s.token(w.trusted, "refresh_token", refresh_token=live["refresh_token"])
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(s.revoke(w.trusted, live["access_token"]).status_code, 200)
        self.assertFalse(s.active(w.service, live["access_token"]))
        self.assertEqual(run_cli(s.data, "check")[0], 0)

    @sqlite_only("PostgreSQL has its own tools")
    def test_backup_while_serving_and_restore(self):
        w, s = self.w, self.s
        tokens = w.password_tokens()
        file = os.path.join(s.scratch, "copy.db")
        status, _, err = run_cli(s.data, "backup", file)
        self.assertEqual(status, 0, err)
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        self.assertEqual(run_cli(s.data, "backup", file)[0], 1)  # never over an existing file
        with sqlite3.connect("file:%s?mode=ro" % file, uri=True) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        self.assertEqual(s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]).status_code, 200)

    @sqlite_only("a file is damaged")
    def test_check_finds_damage(self):
        self.assertEqual(run_cli(self.s.data, "check")[0], 0)
        self.s.stop()
        file = os.path.join(self.s.data, "jeton.db")
        with open(file, "r+b") as f:
            f.seek(4096 * 3)
            f.write(b"\xff" * 4096)
        status, _, err = run_cli(self.s.data, "check")
        self.assertEqual(status, 1)
        self.assertTrue(err.strip())

    def test_AV_06_health_and_metrics(self):
        for path in ("/health/live", "/health/ready"):
            self.assertEqual(self.s.get(path).status_code, 200)
        answer = self.s.get("/metrics")
        self.assertEqual(answer.status_code, 200)
        self.assertRegex(answer.text, r"(?m)^# TYPE jeton_\w+ (counter|gauge|histogram)$")
        self.assertRegex(answer.text, r"(?m)^jeton_\w+(\{[^}]*\})? [0-9.e+]+$")

    def test_metrics_tell_how_far_what_a_command_changed_is_followed(self):
        before = self.s.get("/metrics").text
        self.assertEqual(feeds(before, "followed"), feeds(before, "newest"))
        self.s.cli("scope", "add", "followed", "--description", "x")  # and waits, on PostgreSQL
        after = self.s.get("/metrics").text
        self.assertEqual(feeds(after, "followed"), feeds(after, "newest"))
        self.assertEqual(feeds(after, "newest")["changes"], feeds(before, "newest")["changes"] + 1)
        self.assertEqual(feeds(after, "newest")["revocations"], feeds(before, "newest")["revocations"])

    def test_second_server_on_the_same_port_says_so(self):
        done = subprocess.run([BIN, "serve", *store_words(self.s.data), "--listen", "127.0.0.1:%d" % self.s.port], capture_output=True, text=True, timeout=20,
                              env=clean_environment(), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.strip())

    def test_MD_02_request_ids_and_errors_tell_nothing(self):
        answer = self.s.get("/api/1.0/nosuch")
        self.assertNotRegex(answer.text, r"sqlite|SELECT|/src/|\.c:")


class Starting(unittest.TestCase):
    def test_plain_http_on_loopback(self):
        port = free_port()
        s = Server(args=["--tls", "off", "--issuer", "http://127.0.0.1:%d" % port], listen="127.0.0.1:%d" % port)
        person = s.user("alice")
        client = s.client("Web", "authorization_code", redirect=CALLBACK)
        s.start()
        self.assertEqual(s.url, "http://127.0.0.1:%d" % port)
        browser = Browser(s)
        answer = browser.authorize(client, person)
        self.assertIn("code", answer)
        for cookie in browser.http.cookies:
            self.assertFalse(cookie.secure)
        self.assertEqual(s.token(client, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).status_code, 200)
        self.assertNotIn("Strict-Transport-Security", browser.response.headers)
        self.assertEqual(s.stop(), 0)

    def test_tls_off_behind_a_proxy(self):
        s = Server(args=["--tls", "off", "--issuer", "https://auth.example.org"])
        s.cli("user", "add", "xavier", "--admin", "--password-stdin", stdin="long enough 4711")
        s.start()
        self.assertEqual(s.url, "https://auth.example.org")
        s.stop()

    def test_own_certificate_files(self):
        first = Server().start()
        first.stop()
        tls = os.path.join(first.data, "tls")
        keys = [f for f in os.listdir(tls) if "key" in f and "ca" not in f]
        certs = [f for f in os.listdir(tls) if f.endswith(".pem") and "key" not in f and f != "ca.pem"]
        self.assertTrue(keys and certs, os.listdir(tls))
        s = Server(args=["--tls-cert", os.path.join(tls, certs[0]), "--tls-key", os.path.join(tls, keys[0]), "--tls", "files"])
        s.start()
        with s.http() as http:
            http.verify = first.ca
            self.assertEqual(http.get(s.url + "/health/live").status_code, 200)
        s.stop()

    def test_certificate_stays_over_a_restart(self):
        s = Server(fresh=True).start()
        with open(s.ca, encoding="ascii") as f:
            before = f.read()
        self.assertEqual(os.stat(os.path.join(s.data, "tls")).st_mode & 0o077, 0)
        s.stop()
        s.start()
        with open(s.ca, encoding="ascii") as f:
            self.assertEqual(f.read(), before)
        s.stop()

    def test_LS_18_no_default_account(self):
        s = Server(fresh=True).start()
        self.assertIn(run_cli(s.data, "user", "list", "--json")[1].strip().replace(" ", "").replace("\n", ""), ("[]", '{"data":[]}'))
        s.stop()

    def test_newer_database_is_refused(self):
        s = Server(fresh=True).start()
        s.stop()
        change(s.data, "INSERT INTO migrations (version, applied_at) VALUES (999999, 0)")
        status, _, err = run_cli(s.data, "user", "list")
        self.assertEqual(status, 1)
        self.assertIn("newer", err)

    def test_memory_and_descriptors_stay_flat(self):
        w = World()
        pid = w.server.process.pid
        rss = lambda: int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))
        fds = lambda: len(os.listdir("/proc/%d/fd" % pid))
        for _ in range(30):
            w.server.token(w.service, "client_credentials")
        before, open_before = rss(), fds()
        for _ in range(300):
            w.server.token(w.service, "client_credentials")
        self.assertLess(rss(), before * 1.25 + 2048)
        self.assertLessEqual(fds(), open_before + 4)
        w.server.stop()


if __name__ == "__main__":
    unittest.main()
