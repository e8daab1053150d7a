# SPDX-License-Identifier: MIT
"""Requirements that no other file has a place for; each test bears the id of docs/requirements.md."""
import collections
import concurrent.futures
import base64
import json
import os
import re
import resource
import secrets
import socket
import ssl
import time
import unittest
import urllib.parse

from harness import CALLBACK, Browser, Client, Server, World, basic, free_port, query_of, run_cli, world
from stores import sqlite_only, stored_bytes
from prover import Prover

TOKEN = r"jtn_(at|rt|pat|cs|se)_|eyJ[\w-]+\.[\w-]+\."  # what may never stand in an address


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.rp = cls.s.client("Demands", "authorization_code", "refresh_token", "client_credentials", redirect=CALLBACK,
                              scope="openid profile offline_access read")

    def refused(self, answer, error, status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)

    def redeem(self, code, client=None, **more):
        return self.s.token(client or self.rp, "authorization_code", code=code, redirect_uri=CALLBACK, **more)

    # ---- the authorization endpoint
    def test_AZ_13_a_login_that_was_broken_off_answers_nothing_for_who_was_there(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(self.rp, scope="openid", prompt="login", state="a"))
        self.assertTrue(browser.form("password").has("username"))
        going_on = next(v for n, v in browser.form("password").fields if n.startswith("return"))
        browser.get(going_on)  # without a login: the question comes again, no code
        self.assertIsNone(browser.outside)
        self.assertTrue(browser.form("password").has("username"))
        answer = browser.go_on(self.w.bob)  # and it is then answered for who logged in
        claims = json.loads(part(self.redeem(answer["code"]).json()["id_token"]))
        self.assertEqual(claims["sub"], self.w.bob.id)

    def test_AZ_23_resources_are_registered_letter_for_letter(self):
        self.s.cli("resource", "add", "https://demands.example/a", "--name", "R", "--client", self.w.service.id)
        good = self.s.tokens(self.rp, self.w.alice, scope="read", resource="https://demands.example/a")
        self.assertEqual(self.s.introspect(self.w.service, good["access_token"]).json()["aud"], "https://demands.example/a")
        for wrong in ("https://demands.example/a/", "https://demands.example/A", "https://demands.example/a#f", "https://demands.example/a?x=1",
                      "HTTPS://demands.example/a", "/a", "demands.example", "https://other.example/"):
            with self.subTest(resource=wrong):
                answer = Browser(self.s).authorize(self.rp, self.w.alice, scope="read", resource=wrong, state="s")
                self.assertEqual((answer.get("error"), answer.get("state")), ("invalid_target", "s"))
                self.refused(self.s.token(self.rp, "client_credentials", scope="read", resource=wrong), "invalid_target")
        self.refused(self.s.token(self.rp, "refresh_token", refresh_token=good["refresh_token"], resource="https://other.example/"), "invalid_target")

    def test_TE_14_no_address_carries_a_token(self):
        seen, browser = [], Browser(self.s)
        plain = browser.http.request

        def watched(*args, **more):
            answer = plain(*args, **more)
            seen.append(answer.headers.get("Location", ""))
            seen.extend(re.findall(r'(?:href|action|src)="([^"]*)"', answer.text))
            return answer
        browser.http.request = watched
        answer = browser.authorize(self.rp, self.w.alice, scope="openid profile offline_access", state="s", nonce="n", prompt="consent")
        tokens = self.redeem(answer["code"]).json()
        for query in (self.rp.id, "nosuch"):
            browser.get("/oauth/authorize?response_type=token&redirect_uri=%s&client_id=%s" % (urllib.parse.quote(CALLBACK), query))
        for page in ("/account", "/account/tokens", "/account/applications", "/account/sessions", "/account/requests"):
            browser.get(page)
        browser.get("/oauth/logout?" + urllib.parse.urlencode({"id_token_hint": tokens["id_token"]}))
        seen = [s for s in seen if s]
        self.assertGreater(len(seen), 20)
        self.assertFalse([s for s in seen if re.search(TOKEN, urllib.parse.unquote(s))])

    def test_CO_05_only_the_persons_button_says_yes(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(self.rp, scope="openid read", prompt="consent"))
        form = browser.form("decision")
        self.assertEqual(form.buttons, [("decision", "deny"), ("decision", "allow")])
        self.assertNotIn("decision", [n for n, _ in form.fields])
        self.assertEqual(browser.response.headers["X-Frame-Options"], "DENY")
        scripts = [a.get("src", "") for t, a in browser.page.tags if t == "script"]
        self.assertFalse([s for s in scripts if "submit" in s], scripts)
        self.assertFalse([a for t, a in browser.page.tags if t == "meta" and "refresh" in a.get("http-equiv", "").lower()])
        for decision in (None, ("decision", ""), ("decision", "ALLOW"), ("decision", "yes")):
            with self.subTest(decision=decision):
                self.assertEqual(browser.submit(form, button=decision).status_code, 400)
                self.assertIsNone(browser.outside)
        browser.submit(form, button=("decision", "allow"))
        self.assertIn("code", query_of(browser.outside))

    # ---- codes
    def test_AC_01_codes_share_nothing(self):
        """A thousand of each kind: all differ, and at no place is one letter likelier than another."""
        first = self.s.cli("client", "add", "--name", "Free", "--grant", "authorization_code", "--redirect-uri", CALLBACK, "--first-party")
        client = Client(first["client_id"], first["client_secret"], CALLBACK)
        browser = Browser(self.s)
        browser.login(self.w.alice)
        address = self.s.url + browser.authorize_url(client)
        codes = [query_of(browser.http.get(address, allow_redirects=False, timeout=20).headers["Location"])["code"] for _ in range(1000)]
        with self.s.http() as session:
            session.headers["Authorization"] = basic(self.w.service.id, self.w.service.secret)
            access = [session.post(self.s.url + "/oauth/token", {"grant_type": "client_credentials"}, timeout=20).json()["access_token"]
                      for _ in range(1000)]
        for what, made in (("code", codes), ("access token", access)):
            with self.subTest(what=what):
                self.assertEqual(len(set(made)), len(made))
                self.assertEqual(len({m[:10] for m in made if m.startswith("jtn_a")}), len({m[:10] for m in made}))
                body = [m[7:] for m in made]  # behind the prefix
                length = min(map(len, body))
                self.assertGreater(length, 64)
                for place in range(length - 4):  # the last letters may hold fewer bits
                    counts = collections.Counter(b[place] for b in body)
                    chi = sum((counts.get(c, 0) - len(body) / 64) ** 2 / (len(body) / 64) for c in ALPHABET)
                    self.assertLess(chi, 63 + 6.5 * (2 * 63) ** 0.5, "place %d: %s" % (place, counts.most_common(3)))

    def test_AC_06_a_code_that_is_bound_to_a_key_wants_that_key(self):
        holder, thief = Prover(self.s), Prover(self.s)
        for wrong in ("none", "other"):
            with self.subTest(proof=wrong):
                code = self.s.code(self.rp, self.w.alice, scope="openid", dpop_jkt=holder.jkt)
                answer = self.redeem(code) if wrong == "none" else thief.token(self.rp, "authorization_code", code=code, redirect_uri=CALLBACK)
                self.refused(answer, "invalid_grant")
        code = self.s.code(self.rp, self.w.alice, scope="openid", dpop_jkt=holder.jkt)
        answer = holder.token(self.rp, "authorization_code", code=code, redirect_uri=CALLBACK)
        self.assertEqual((answer.status_code, answer.json()["token_type"]), (200, "DPoP"), answer.text)

    def test_CA_01_wherever_a_client_is_asked_a_confidential_one_authenticates(self):
        every = self.s.client("Everywhere", "authorization_code", "refresh_token", "client_credentials", "password", "device_code", "ciba",
                              redirect=CALLBACK, scope="openid read")
        live = self.s.token(every, "client_credentials", scope="read").json()["access_token"]
        asks = [("/oauth/token", {"grant_type": "client_credentials"}), ("/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x"}),
                ("/oauth/token", {"grant_type": "password", "username": "alice", "password": self.w.alice.password}),
                ("/oauth/introspect", {"token": live}), ("/oauth/revoke", {"token": live}), ("/oauth/device/code", {"scope": "read"}),
                ("/oauth/ciba", {"scope": "openid", "login_hint": "alice"}), ("/oauth/par", {"response_type": "code", "redirect_uri": CALLBACK})]
        for path, fields in asks:
            for how in ({}, {"client_id": every.id}, {"client_id": every.id, "client_secret": ""}, {"client_id": every.id, "client_secret": "wrong"}):
                with self.subTest(path=path, grant=fields.get("grant_type"), how=how):
                    self.refused(self.s.post(path, {**fields, **how}), "invalid_client", 401)
        self.assertTrue(self.s.active(self.w.service, live))  # nobody could revoke it

    # ---- tokens
    def test_RF_09_who_gets_a_refresh_token(self):
        self.assertNotIn("refresh_token", self.s.token(self.rp, "client_credentials", scope="read").json())
        self.refused(self.s.token(self.rp, "client_credentials", scope="offline_access"), "invalid_scope")
        browser = Browser(self.s)
        browser.login(self.w.bob)
        browser.get(browser.authorize_url(self.rp, scope="openid offline_access"))
        self.assertIn("offline_access", browser.response.text)  # the person is asked, in words
        self.assertIsNone(browser.outside)
        browser.submit(browser.form("decision"), button=("decision", "allow"))
        tokens = self.redeem(query_of(browser.outside)["code"]).json()
        self.assertIn("refresh_token", tokens)
        self.assertIn("offline_access", tokens["scope"].split())

    def test_RF_10_only_hashes_of_refresh_tokens_lie_in_the_store(self):
        tokens = self.s.tokens(self.rp, self.w.alice, scope="openid")
        later = self.s.token(self.rp, "refresh_token", refresh_token=tokens["refresh_token"]).json()
        made = [tokens["refresh_token"], later["refresh_token"]]
        data = stored_bytes(self.s.data)
        self.assertIn(b"openid", data)
        for token in made:
            self.assertRegex(token, r"^jtn_rt_[\w-]{76,}$")
            raw = token.split("_", 2)[2]
            self.assertNotIn(raw[12:36].encode(), data)
            self.assertNotIn(unb64(raw)[9:33], data)

    def test_IR_04_a_revocation_is_read_where_it_was_not_written(self):
        """Two hundred times: revoked over one connection, asked over another; and by the command line, another process."""
        w, s = self.w, self.s
        access = [s.token(self.rp, "client_credentials", scope="read").json()["access_token"] for _ in range(200)]
        with s.http() as one, s.http() as two:
            one.headers["Authorization"] = basic(self.rp.id, self.rp.secret)
            two.headers["Authorization"] = basic(w.service.id, w.service.secret)
            for token in access:
                self.assertTrue(two.post(s.url + "/oauth/introspect", {"token": token}, timeout=20).json()["active"])
                self.assertEqual(one.post(s.url + "/oauth/revoke", {"token": token}, timeout=20).status_code, 200)
                self.assertEqual(two.post(s.url + "/oauth/introspect", {"token": token}, timeout=20).json(), {"active": False})
        for _ in range(3):
            made = s.cli("pat", "add", "alice", "--name", "short")
            self.assertEqual(s.api("GET", "/users/me", made["token"]).status_code, 200)
            s.cli("pat", "revoke", made["id"])
            self.assertEqual(s.api("GET", "/users/me", made["token"]).status_code, 401)
            self.assertFalse(s.active(w.service, made["token"]))
        client = s.client("Short", "client_credentials", scope="read")
        token = s.token(client, "client_credentials").json()["access_token"]
        self.assertTrue(s.active(w.service, token))
        s.cli("client", "disable", client.id)
        self.assertFalse(s.active(w.service, token))

    def test_IR_11_a_guess_is_answered_like_a_dead_token(self):
        w, s = self.w, self.s
        live = s.token(w.service, "client_credentials").json()["access_token"]
        dead = s.token(self.rp, "client_credentials", scope="read").json()["access_token"]
        s.revoke(self.rp, dead)
        swapped = live[:20] + ("A" if live[20] != "A" else "B") + live[21:]
        times = {}
        with s.http() as http:
            http.headers["Authorization"] = basic(w.service.id, w.service.secret)
            bodies = set()
            for _ in range(60):
                for what, token in (("hit", dead), ("guess", swapped), ("random", "jtn_at_" + secrets.token_urlsafe(90)), ("pat", "jtn_pat_" + "A" * 47)):
                    began = time.perf_counter()
                    answer = http.post(s.url + "/oauth/introspect", {"token": token}, timeout=20)
                    times.setdefault(what, []).append(time.perf_counter() - began)
                    bodies.add((answer.status_code, answer.text, answer.headers["Content-Length"]))
        self.assertEqual(len(bodies), 1, bodies)
        middle = {what: sorted(t)[len(t) // 2] for what, t in times.items()}
        self.assertLess(max(middle.values()) - min(middle.values()), 0.005, middle)  # none of them waits for a disk or a hash

    def test_TE_12_no_time_between_an_unknown_client_and_a_wrong_secret(self):
        times = {}
        with self.s.http() as http:
            for _ in range(80):
                for what, client in (("unknown", "nosuch"), ("wrong", self.w.service.id)):
                    began = time.perf_counter()
                    answer = http.post(self.s.url + "/oauth/token", {"grant_type": "client_credentials"}, timeout=20,
                                       headers={"Authorization": basic(client, "jtn_cs_" + "A" * 47)})
                    times.setdefault(what, []).append(time.perf_counter() - began)
                    self.assertEqual(answer.status_code, 401)
        middle = {what: sorted(t)[len(t) // 2] for what, t in times.items()}
        self.assertLess(abs(middle["unknown"] - middle["wrong"]), 0.003, middle)

    def test_TE_11_a_body_over_the_limit_is_413(self):
        answer = self.s.post("/oauth/token", {"grant_type": "client_credentials", "x": "y" * 1000000})
        self.refused(answer, "invalid_request", 413)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    # ---- input
    def test_IN_12_patterns_that_hurt_regular_expressions_cost_their_length(self):
        long = ["a" * 4000 + "!", "(a+)+" * 800, "/" * 4000, "." * 4000, "a." * 2000, "%20" * 1300, " " * 4000, "x@" * 2000, "[" * 4000]
        token = self.w.whole(self.w.alice)
        for text in long:
            began = time.monotonic()
            for path, fields in (("/oauth/token", {"grant_type": "authorization_code", "code": text, "redirect_uri": text, "code_verifier": text}),
                                 ("/oauth/token", {"grant_type": "client_credentials", "scope": text}),
                                 ("/oauth/introspect", {"token": text}), ("/oauth/revoke", {"token": text})):
                self.assertIn(self.s.post(path, fields, headers={"Authorization": basic(self.w.service.id, self.w.service.secret)}).status_code,
                              (200, 400), path)
            self.s.get("/oauth/authorize?" + urllib.parse.urlencode({"client_id": "x", "redirect_uri": text, "scope": text[:2000]}))
            self.s.api("PUT", "/users/" + self.w.alice.id, token, json={"email": text})
            self.s.api("GET", "/users", token, params={"filter": text[:2000]})
            self.assertLess(time.monotonic() - began, 2, text[:10])

    def test_RU_11_line_breaks_never_reach_a_header(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for text in ("a\r\nSet-Cookie: x=1", "a\nX: y", "a\r", "a\0b"):
            with self.subTest(text=text):
                browser.get(browser.authorize_url(self.rp, scope="openid", prompt="none", state=text))
                self.assertNotIn("Set-Cookie: x", str(browser.response.headers))
                self.assertNotIn("X", browser.response.headers)
                location = browser.response.headers.get("Location", "")
                self.assertFalse(any(c in location for c in "\r\n\0"))


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(token, i=1):
    return unb64(token.split(".")[i])


class Operation(unittest.TestCase):
    def server(self, **options):
        s = Server(**options)
        self.addCleanup(s.stop)
        return s

    def test_TE_13_only_configured_origins_may_read(self):
        s = self.server(args=["--cors-origins", "https://spa.example https://two.example:8443"])
        c = s.client("Machine", "client_credentials")
        s.start()
        for origin, allowed in (("https://spa.example", True), ("https://two.example:8443", True), ("https://two.example", False),
                                ("https://spa.example.evil", False), ("http://spa.example", False), ("null", False), ("*", False)):
            with self.subTest(origin=origin):
                h = s.token(c, "client_credentials", headers={"Origin": origin}).headers
                self.assertEqual(h.get("Access-Control-Allow-Origin"), origin if allowed else None)
                self.assertNotIn("Access-Control-Allow-Credentials", h)
                self.assertEqual("Origin" in h.get("Vary", ""), allowed)
                with s.http() as http:
                    asked = http.options(s.url + "/api/1.0/users/me", headers={"Origin": origin, "Access-Control-Request-Method": "GET",
                                                                              "Access-Control-Request-Headers": "authorization"}, timeout=20)
                self.assertEqual(asked.headers.get("Access-Control-Allow-Origin"), origin if allowed else None)
                answer = s.post("/oauth/introspect", {"token": "x"}, headers={"Origin": origin, "Authorization": basic(c.id, c.secret)})
                self.assertNotIn("Access-Control-Allow-Origin", answer.headers)  # IR-10
        self.assertEqual(s.get("/oauth/jwks", headers={"Origin": "https://any.example"}).headers["Access-Control-Allow-Origin"], "*")
        self.assertNotIn("Access-Control-Allow-Origin", s.get("/login", headers={"Origin": "https://spa.example"}).headers)

    def test_TL_03_every_listener_has_the_same_minimum(self):
        port = free_port()
        s = self.server(args=["--listen-mtls", "localhost:%d" % port]).start()
        for where in (s.port, port):
            for version, good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = version
                with self.subTest(port=where, version=version):
                    try:
                        with socket.create_connection(("127.0.0.1", where), timeout=5) as raw, context.wrap_socket(raw) as tls:
                            self.assertTrue(good, tls.version())
                            self.assertNotIn("CBC", tls.cipher()[0])
                            self.assertIsNone(tls.compression())
                    except (ssl.SSLError, OSError):
                        self.assertFalse(good)
            with socket.create_connection(("127.0.0.1", where), timeout=5) as raw:  # TL-02
                raw.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                raw.settimeout(5)
                try:
                    self.assertNotIn(b"HTTP/1", raw.recv(4096))
                except OSError:
                    pass

    def test_AV_09_the_running_server_has_given_up_what_it_does_not_need(self):
        s = self.server().start()
        with open("/proc/%d/status" % s.process.pid, encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(resource.prlimit(s.process.pid, resource.RLIMIT_CORE)[0], 0)
        self.assertEqual(s.get("/health/ready").status_code, 200)  # and works so

    def test_AV_06_metrics_hold_no_secret_and_are_not_for_everybody(self):
        s = self.server(args=["--trusted-proxies", "127.0.0.1"])
        c = s.client("Machine", "client_credentials")
        s.start()
        token = s.token(c, "client_credentials").json()["access_token"]
        local = s.get("/metrics")
        self.assertEqual(local.status_code, 200)
        for secret in (c.id, c.secret, token, token[7:30]):
            self.assertNotIn(secret, local.text)
        outside = s.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        self.assertIn(outside.status_code, (403, 404))
        self.assertNotIn("jeton_", outside.text)

    def test_AV_08_RL_07_a_flood_of_logins_is_shed_and_the_rest_goes_on(self):
        w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_HASH_THREADS": "1"})
        s = w.server
        self.addCleanup(s.stop)

        def login(i):
            answer = s.token(w.trusted, "password", username="nobody%d" % i, password="wrong")
            return answer.status_code, answer.headers.get("Retry-After"), answer.json()["error"]
        with concurrent.futures.ThreadPoolExecutor(120) as pool:
            flood = [pool.submit(login, i) for i in range(240)]
            waits = []
            for _ in range(20):
                began = time.monotonic()
                self.assertEqual(s.token(w.service, "client_credentials").status_code, 200)
                waits.append(time.monotonic() - began)
                # who is nobody takes no place among those who wait for a hash, whatever the row hashes
                self.assertEqual(s.api("POST", "/users", "jtn_at_nothing", json={"username": "eve", "password": "x"}).status_code, 401)
                self.assertEqual(s.post("/account/password", data={"password": "x"}).status_code, 303)
            answers = [f.result() for f in flood]
        shed = [a for a in answers if a[0] == 503]
        self.assertTrue(shed, collections.Counter(a[0] for a in answers))
        self.assertTrue(all(int(a[1]) >= 1 and a[2] == "temporarily_unavailable" for a in shed))
        self.assertEqual({a[0] for a in answers}, {400, 503})
        self.assertEqual(s.token(w.trusted, "password", username="alice", password=w.alice.password).status_code, 200)  # at once afterwards
        self.assertRegex(s.get("/metrics").text, r"(?m)^jeton_\w*shed\w* [1-9]")

    def told(self, s, ids):
        log = s.log_text()
        return "log.dropped" in log or all(i in log for i in ids)

    @sqlite_only("the disk is the server's own")
    def test_LG_05_a_failure_tells_its_number_and_nothing_of_the_inside(self):
        w = World()
        s = w.server
        self.addCleanup(s.stop)
        tokens = w.password_tokens()
        whole = w.whole(w.admin)
        pid = s.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))  # stands for a full disk
        try:
            answers = [s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]),
                       s.revoke(w.trusted, tokens["access_token"]),
                       s.api("POST", "/scopes", whole, json={"name": "x1", "description": "x"})]
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        ids = [a.json().get("request_id", a.text) for a in answers]
        end = time.monotonic() + 10  # the log lies on that disk, too: it has the lines, or tells how many it lost (LG-04)
        while not self.told(s, ids) and time.monotonic() < end:
            s.get("/health/live")
        self.assertTrue(self.told(s, ids))
        for answer in answers:
            self.assertEqual(answer.status_code, 503, answer.text)
            self.assertRegex(answer.json()["request_id"], r"^[\w-]{8,}$")
            self.assertNotRegex(answer.text.lower(), r"sqlite|disk|select |insert |/src|\.c:|jeton\.db|errno|/tmp|%s" % re.escape(s.data))

    @sqlite_only("PostgreSQL has its own tools")
    def test_ST_04_RF_12_a_restored_backup_brings_no_rotated_refresh_token_back(self):
        w = World()
        s = w.server
        self.addCleanup(s.stop)
        tokens = w.password_tokens()
        spent = s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]).json()["refresh_token"]
        file = os.path.join(s.scratch, "copy.db")
        self.assertEqual(run_cli(s.data, "backup", file)[0], 0)
        since = s.token(w.trusted, "refresh_token", refresh_token=spent).json()["refresh_token"]
        after = s.token(w.trusted, "refresh_token", refresh_token=since).json()["refresh_token"]
        s.stop()
        for end in ("", "-wal", "-shm"):
            name = os.path.join(s.data, "jeton.db" + end)
            if os.path.exists(name):
                os.unlink(name)
        os.rename(file, os.path.join(s.data, "jeton.db"))
        self.assertEqual(run_cli(s.data, "check")[0], 0)
        s.start()
        for ahead in (since, after):  # made after the backup: the restored row does not know them
            answer = s.token(w.trusted, "refresh_token", refresh_token=ahead)
            self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        self.assertEqual(s.token(w.trusted, "password", username="alice", password=w.alice.password).status_code, 200)


if __name__ == "__main__":
    unittest.main()
