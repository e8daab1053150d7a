# SPDX-License-Identifier: MIT
"""Logout: from an application (RP-Initiated Logout 1.0; LO-01, RU-09), and the notices to all others (Back-Channel Logout 1.0; LO-02,
LS-04): a real HTTPS listener takes them, is down and comes up again; what was for use while away lives on (RF-08)."""
import base64
import datetime
import http.server
import ipaddress
import json
import os
import queue
import secrets
import ssl
import tempfile
import threading
import time
import unittest
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import Browser, World, free_port, query_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"
AFTER = "https://app.example/bye"
WAIT = 20  # seconds that a test waits for a notice at most


def own_certificate(folder):
    """A certificate for 127.0.0.1 that is its own authority: (file of certificate and key, file of the certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "listener")])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    pem = made.public_bytes(serialization.Encoding.PEM)
    both, alone = os.path.join(folder, "listener.pem"), os.path.join(folder, "authority.pem")
    with open(both, "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + pem)
    with open(alone, "wb") as f:
        f.write(pem)
    return both, alone


class Listener:
    """An application's back channel. `got` has (path, form, status) of each POST; `status` is what it answers."""

    def __init__(self, certificate, port):
        self.certificate, self.port, self.got, self.status, self.server = certificate, port, queue.Queue(), 200, None

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                outer.got.put((self.path, urllib.parse.parse_qs(body), self.headers.get("Content-Type")))
                self.send_response(outer.status)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def url(self, path):
        return "https://127.0.0.1:%d%s" % (self.port, path)

    def next(self):
        return self.got.get(timeout=WAIT)


def part(token, i):
    text = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class Logout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="jeton-logout-")
        both, alone = own_certificate(cls.folder.name)
        cls.listener = Listener(both, free_port())
        cls.listener.start()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(lambda: cls.listener.stop())
        cls.w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_FETCH_AUTHORITY": alone,
                           "JETON_FETCH_INTERNAL": "127.0.0.1", "JETON_COURIER_WAIT": "1"})
        cls.s = cls.w.server
        if cls.s.url is None:
            cls.s.start()
        cls.hears = cls.client("/hears")
        cls.pairwise = cls.client("/pairwise", "--subject-type", "pairwise")
        cls.plain = cls.s.client("Plain", "authorization_code", "refresh_token", redirect="https://app.example/cb3",
                                 scope="openid offline_access read", options=("--post-logout-redirect-uri", AFTER + "3"))

    @classmethod
    def client(cls, path, *options):
        return cls.s.client("App " + path, "authorization_code", "refresh_token", redirect="https://app.example/cb" + path,
                            scope="openid offline_access read profile",
                            options=("--backchannel-logout-uri", cls.listener.url(path), "--post-logout-redirect-uri", AFTER,
                                     "--post-logout-redirect-uri", AFTER + "?a=b", *options))

    def setUp(self):
        self.listener.status = 200
        while not self.listener.got.empty():
            self.listener.got.get()
        self.person = self.s.user("p" + secrets.token_hex(6))
        self.browser = Browser(self.s)

    def log_in(self, client, scope="openid", browser=None):
        answer = (browser or self.browser).authorize(client, self.person, scope=scope, state="s")
        self.assertIn("code", answer)
        tokens = self.s.token(client, "authorization_code", code=answer["code"], redirect_uri=client.redirect)
        self.assertEqual(tokens.status_code, 200, tokens.text)
        return tokens.json()

    def ask(self, method="get", **parameters):
        if method == "post":
            return self.browser.request("POST", self.s.url + "/oauth/logout", data=parameters)
        return self.browser.get("/oauth/logout?" + urllib.parse.urlencode(parameters))

    # ---- from an application
    def test_a_valid_hint_logs_out_at_once_and_state_comes_back(self):
        for method in ("get", "post"):
            hint = self.log_in(self.plain)["id_token"]
            self.ask(method, id_token_hint=hint, post_logout_redirect_uri=AFTER + "3", state="a b&c")
            self.assertEqual(self.browser.outside, AFTER + "3?state=a%20b%26c")
            self.assertFalse(self.browser.logged_in())

    def test_a_query_of_the_registered_place_is_kept(self):
        hint = self.log_in(self.hears)["id_token"]
        self.ask(id_token_hint=hint, post_logout_redirect_uri=AFTER + "?a=b", state="x")
        self.assertEqual(self.browser.outside, AFTER + "?a=b&state=x")

    def test_without_a_place_a_page_says_so(self):
        answer = self.ask(id_token_hint=self.log_in(self.plain)["id_token"], state="x")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("You are logged out", answer.text)
        self.assertFalse(self.browser.logged_in())

    def test_without_a_hint_the_person_is_asked(self):
        self.log_in(self.plain)
        self.ask(client_id=self.plain.id, post_logout_redirect_uri=AFTER + "3", state="x")
        self.assertIsNone(self.browser.outside)
        form = self.browser.form("post_logout_redirect_uri")
        self.assertTrue(self.browser.logged_in())  # LO-01
        self.ask(client_id=self.plain.id, post_logout_redirect_uri=AFTER + "3", state="x")
        self.browser.submit(form)
        self.assertEqual(self.browser.outside, AFTER + "3?state=x")
        self.assertFalse(self.browser.logged_in())

    def test_the_form_goes_nowhere_that_is_not_registered(self):
        self.log_in(self.plain)
        self.ask(client_id=self.plain.id, post_logout_redirect_uri=AFTER + "3")
        answer = self.browser.submit(self.browser.form("post_logout_redirect_uri"), post_logout_redirect_uri="https://evil.example/")
        self.assertEqual((answer.status_code, self.browser.outside), (400, None))
        self.assertTrue(self.browser.logged_in())

    def test_a_hint_of_somebody_else_or_another_session_asks(self):
        other = Browser(self.s)
        answer = other.authorize(self.plain, self.w.bob, scope="openid")
        theirs = self.s.token(self.plain, "authorization_code", code=answer["code"], redirect_uri=self.plain.redirect).json()["id_token"]
        elsewhere = self.log_in(self.plain, browser=Browser(self.s))["id_token"]
        self.log_in(self.plain)
        for hint in (theirs, elsewhere):
            self.ask(id_token_hint=hint, post_logout_redirect_uri=AFTER + "3")
            self.assertIsNone(self.browser.outside)
            self.assertTrue(self.browser.logged_in())

    def test_nobody_logged_in_is_sent_on(self):
        hint = self.log_in(self.plain)["id_token"]
        self.browser = Browser(self.s)
        self.ask(id_token_hint=hint, post_logout_redirect_uri=AFTER + "3", state="x")
        self.assertEqual(self.browser.outside, AFTER + "3?state=x")

    def test_what_does_not_hold_is_said_on_a_page_and_redirects_nowhere(self):
        hint = self.log_in(self.plain)["id_token"]
        head, body, signature = hint.split(".")
        forged = ".".join((head, body, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")))
        access = self.log_in(self.plain)["access_token"]
        place = {"post_logout_redirect_uri": AFTER + "3"}
        wrong = [
            {"id_token_hint": forged, **place}, {"id_token_hint": access, **place}, {"id_token_hint": "x", **place},
            {"id_token_hint": hint, "client_id": self.hears.id, **place}, {"client_id": "nobody", **place}, place,
            {"client_id": self.hears.id, **place},
        ]
        for uri in (AFTER + "3/", AFTER + "3?", AFTER + "3#x", AFTER + "33", AFTER + "3?a=b", AFTER.upper() + "3", "//app.example/bye3",
                    "https://evil.example/bye3", AFTER, "javascript:alert(1)", AFTER + "3@evil.example", AFTER + "3%00"):
            wrong.append({"id_token_hint": hint, "post_logout_redirect_uri": uri})  # RU-09
        for parameters in wrong:
            answer = self.ask(**parameters)
            self.assertEqual((answer.status_code, self.browser.outside), (400, None), parameters)
            self.assertNotIn("Location", answer.headers)
            self.assertTrue(self.browser.logged_in())

    def test_a_post_from_another_site_finds_the_session_by_a_link(self):  # LS-09
        hint = self.log_in(self.plain)["id_token"]
        answer = self.s.post("/oauth/logout", {"id_token_hint": hint, "post_logout_redirect_uri": AFTER + "3"},
                             headers={"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"})
        self.assertEqual(answer.status_code, 303)
        self.assertNotIn("Set-Cookie", answer.headers)
        self.browser.get(answer.headers["Location"])
        self.assertEqual(self.browser.outside, AFTER + "3")
        self.assertFalse(self.browser.logged_in())

    def test_a_hint_from_before_two_rotations_is_still_ours(self):  # AT-11
        hint = self.log_in(self.plain)["id_token"]
        kid = part(hint, 0)["kid"]
        for _ in range(2):
            self.s.cli("key", "rotate", "--now")
        self.assertIn(kid, [k["kid"] for k in self.s.get("/oauth/jwks").json()["keys"]])
        self.ask(id_token_hint=hint, post_logout_redirect_uri=AFTER + "3")
        self.assertEqual(self.browser.outside, AFTER + "3")

    # ---- what ends
    def test_grants_end_but_offline_access_lives_on(self):  # RF-08
        ending, lasting = self.log_in(self.plain), self.log_in(self.plain, "openid offline_access")
        self.assertIn("refresh_token", lasting)
        self.ask(id_token_hint=lasting["id_token"])
        self.assertFalse(self.browser.logged_in())
        if "refresh_token" in ending:
            answer = self.s.token(self.plain, "refresh_token", refresh_token=ending["refresh_token"])
            self.assertEqual(answer.status_code, 400)
        answer = self.s.token(self.plain, "refresh_token", refresh_token=lasting["refresh_token"])
        self.assertEqual(answer.status_code, 200, answer.text)

    # ---- the back channel
    def heard(self, client, path, tokens):
        sid = part(tokens["id_token"], 1)["sid"]
        for _ in range(20):  # others may come in between: of tests before
            where, form, kind = self.listener.next()
            if part(form["logout_token"][0], 1)["sid"] == sid:
                break
        self.assertEqual((where, list(form)), (path, ["logout_token"]))
        self.assertTrue(kind.startswith("application/x-www-form-urlencoded"))
        head, claims, id_claims = part(form["logout_token"][0], 0), part(form["logout_token"][0], 1), part(tokens["id_token"], 1)
        self.assertEqual(head["typ"], "logout+jwt")
        self.assertIn(head["kid"], [k["kid"] for k in self.s.get("/oauth/jwks").json()["keys"]])
        self.assertEqual(head["alg"], part(tokens["id_token"], 0)["alg"])
        self.assertEqual((claims["iss"], claims["aud"], claims["events"]), (self.s.url, client.id, {EVENT: {}}))
        self.assertEqual((claims["sub"], claims["sid"]), (id_claims["sub"], id_claims["sid"]))
        self.assertTrue(claims["jti"] and 0 < claims["exp"] - claims["iat"] <= 120)
        self.assertNotIn("nonce", claims)
        return claims

    def test_each_way_that_a_session_ends_is_told(self):
        def by_page():
            self.browser.get("/logout")
            self.browser.submit(self.browser.form("csrf"))

        def by_password():
            self.s.cli("user", "password", self.person.name, "--password-stdin", stdin="quite another one 42")
            self.person.password = "quite another one 42"

        def by_list():
            other = Browser(self.s)
            other.get("/account/sessions")
            other.login(self.person)
            other.get("/account/sessions")
            other.submit(next(f for f in other.page.forms if f.action.endswith("end-others")))

        def by_block():
            self.s.cli("user", "block", self.person.name)
            self.s.cli("user", "unblock", self.person.name)

        def by_other_person():
            self.browser.get("/login?again=1")
            self.browser.login(self.w.bob)

        ways = [by_page, by_password, by_list, by_block, by_other_person, lambda: self.s.cli("user", "remove", self.person.name)]
        seen = set()
        for way in ways:
            self.browser = Browser(self.s)
            tokens = self.log_in(self.hears)
            way()
            seen.add(self.heard(self.hears, "/hears", tokens)["jti"])
        self.assertEqual(len(seen), len(ways))

    def test_pairwise_clients_hear_their_own_name(self):
        tokens = self.log_in(self.pairwise)
        self.assertNotEqual(part(tokens["id_token"], 1)["sub"], self.person.id)
        self.ask(id_token_hint=tokens["id_token"])
        self.heard(self.pairwise, "/pairwise", tokens)

    def test_a_receiver_that_was_down_hears_it_later_once(self):
        tokens = self.log_in(self.hears)
        self.listener.status = 503
        self.ask(id_token_hint=tokens["id_token"])
        first = self.heard(self.hears, "/hears", tokens)
        self.listener.stop()
        end = time.monotonic() + WAIT
        while self.s.log_text().count("courier.postponed") < 2 and time.monotonic() < end:
            threading.Event().wait(0.05)
        self.listener.status = 200
        self.listener.start()
        second = self.heard(self.hears, "/hears", tokens)
        self.assertNotEqual(first["jti"], second["jti"])  # each try has a token of its own
        self.assertTrue(self.s.events("logout.delivered"))

    def test_a_notice_survives_a_restart(self):
        tokens = self.log_in(self.hears)
        self.listener.stop()
        self.ask(id_token_hint=tokens["id_token"])
        self.s.stop()
        self.listener.start()
        self.s.start()
        self.heard(self.hears, "/hears", tokens)


if __name__ == "__main__":
    unittest.main()
