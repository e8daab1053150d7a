# SPDX-License-Identifier: MIT
"""What is bound to whom: pairwise subjects (AT-14), signed userinfo, tokens bound to a certificate on the door that asks for one and behind
a proxy (DP-05, CA-12), request objects fetched from a real listener (AZ-18, TL-04)."""
import base64
import hashlib
import http.server
import ipaddress
import json
import secrets
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

from cryptography import x509
from jwcrypto import jwk, jws, jwt

from harness import Browser, Client, Server, clean_environment, free_port, remember
from test_client_auth import Pair, Threads, keep, public

BACK = "https://bound.example/cb"
SCOPE = "openid profile email offline_access"


def claims(token, i=1):
    text = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def thumbprint(pair):
    return base64.urlsafe_b64encode(hashlib.sha256(pair.der).digest()).rstrip(b"=").decode()


class Pairwise(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.ada, cls.bea = cls.s.user("ada", "--email", "ada@example.org"), cls.s.user("bea")
        cls.one = cls.client("https://sector.example/one")
        cls.two = cls.client("https://sector.example/two")
        cls.three = cls.client("https://elsewhere.example/three")
        cls.open = cls.s.client("Open", "authorization_code", "refresh_token", redirect="https://open.example/cb", scope=SCOPE)
        cls.signed = cls.client("https://sector.example/signed", "--userinfo-signed-response-alg", "ES256")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    @classmethod
    def client(cls, redirect, *options):
        return cls.s.client("At " + redirect[8:], "authorization_code", "refresh_token", redirect=redirect, scope=SCOPE,
                            options=("--subject-type", "pairwise", *options))

    def login(self, client, person):
        tokens = self.s.tokens(client, person, scope=SCOPE)
        return tokens, claims(tokens["id_token"])["sub"]

    def userinfo(self, tokens):
        with self.s.http() as http:
            return http.get(self.s.url + "/oauth/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=20)

    def test_AT_14_one_name_a_sector_and_always_the_same(self):
        first, sub = self.login(self.one, self.ada)
        self.assertEqual(self.login(self.two, self.ada)[1], sub)  # the same host: the same sector
        self.assertEqual(self.login(self.one, self.ada)[1], sub)
        others = {self.login(self.three, self.ada)[1], self.login(self.open, self.ada)[1], self.login(self.one, self.bea)[1]}
        self.assertEqual(len(others | {sub}), 4)
        self.assertIn(self.ada.id, others)  # the public one
        self.assertRegex(sub, r"^[\w-]{43}$")  # 256 bits of a MAC
        told = self.s.introspect(self.one, first["access_token"]).json()
        self.assertEqual((told["active"], told["sub"]), (True, sub))
        self.assertNotIn("username", told)
        self.assertNotIn(self.ada.id, json.dumps(told))
        self.assertEqual(self.userinfo(first).json()["sub"], sub)
        again = self.s.token(self.one, "refresh_token", refresh_token=first["refresh_token"]).json()
        self.assertEqual(claims(again["id_token"])["sub"], sub)
        self.s.cli("key", "rotate")
        self.s.stop()
        self.s.start()
        self.assertEqual(self.login(self.two, self.ada)[1], sub)  # no key rotation and no restart changes it

    def test_AT_14_nobody_inherits_a_name(self):
        gone = self.s.user("heir")
        _, sub = self.login(self.one, gone)
        _, plain = self.login(self.open, gone)
        self.s.cli("user", "remove", "heir")
        heir = self.s.user("heir")
        self.assertNotEqual(self.login(self.one, heir)[1], sub)
        self.assertNotEqual(self.login(self.open, heir)[1], plain)

    def test_signed_userinfo_is_verifiable_and_for_the_client(self):  # OpenID Connect Core 5.3.2
        tokens, sub = self.login(self.signed, self.ada)
        answer = self.userinfo(tokens)
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, "application/jwt"))
        self.assertEqual(claims(answer.text, 0)["alg"], "ES256")
        keys = jwk.JWKSet.from_json(self.s.get("/oauth/jwks").text)
        told = json.loads(jwt.JWT(jwt=answer.text, key=keys, algs=["ES256"]).claims)
        self.assertEqual((told["iss"], told["aud"], told["sub"], told["email"]), (self.s.url, self.signed.id, sub, "ada@example.org"))
        self.assertEqual(self.userinfo({"access_token": answer.text}).status_code, 401)  # AT-04: it is no token
        self.assertEqual(self.s.token(self.signed, "refresh_token", refresh_token=answer.text).json()["error"], "invalid_grant")


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.twin = free_port()
        cls.authority = Pair("clients' authority", ca=True)
        cls.s = Server(args=["--listen-mtls", "localhost:%d" % cls.twin, "--client-ca", cls.authority.files[0]])
        cls.person = cls.s.user("ada")
        cls.pair, cls.other = Pair("app", cls.authority), Pair("app", cls.authority)  # another key under the same name
        cls.app = cls.client("tls_client_auth", "--tls-client-auth-subject-dn", "CN=app,O=Example\\, Inc.")
        cls.public = cls.s.client("Public", "authorization_code", "refresh_token", redirect=BACK + "2", scope=SCOPE,
                                  options=("--public", "--tls-client-certificate-bound-access-tokens"))
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    @classmethod
    def client(cls, method, *options):
        made = cls.s.cli("client", "add", "--name", "App", "--grant", "authorization_code", "--grant", "client_credentials", "--redirect-uri", BACK,
                         "--scope", SCOPE, "--auth-method", method, "--tls-client-certificate-bound-access-tokens", *options)
        return Client(made["client_id"], None, BACK)

    def ask(self, path, pair=None, token=None, base=None, **fields):
        """(status, answer) of a call with a certificate: POST of fields, else GET."""
        command = ["curl", "-s", "--max-time", "10", "--noproxy", "*", "--cacert", self.s.ca, "-w", "\n%{http_code}"]
        if pair:
            command += ["--cert", pair.files[0], "--key", pair.files[1]]
        if token:
            command += ["-H", "@-"]
        if fields:
            command += ["-d", urllib.parse.urlencode(fields)]
        done = subprocess.run([*command, (base or "https://localhost:%d" % self.twin) + path], capture_output=True, text=True, timeout=20,
                              input="Authorization: Bearer %s\n" % token if token else "", env=clean_environment())
        self.assertEqual(done.returncode, 0, done)
        body, status = done.stdout.rsplit("\n", 1)
        answer = json.loads(body) if body.strip() else {}
        remember(answer.get("access_token"), answer.get("refresh_token"))
        return int(status), answer

    def tokens(self, client=None, pair=None):
        client, pair = client or self.app, pair or self.pair
        answer = Browser(self.s).authorize(client, self.person, scope=SCOPE, **PKCE)
        self.assertIn("code", answer)
        status, tokens = self.ask("/oauth/token", pair, grant_type="authorization_code", code=answer["code"], redirect_uri=client.redirect,
                                  client_id=client.id, code_verifier=VERIFIER)
        self.assertEqual(status, 200, tokens)
        return tokens

    def test_DP_05_a_token_is_its_certificates_at_userinfo_and_the_api(self):
        tokens = self.tokens()
        self.assertEqual(tokens["token_type"], "Bearer")  # RFC 8705 3
        token = tokens["access_token"]
        for path in ("/oauth/userinfo", "/api/1.0/users/me"):
            with self.subTest(path=path):
                self.assertEqual(self.ask(path, self.pair, token)[0], 200)
                for pair, base in ((self.other, None), (None, None), (Pair("app"), None), (None, self.s.url), (self.pair, self.s.url)):
                    status, answer = self.ask(path, pair, token, base)
                    self.assertEqual(status, 401, answer)
                with self.s.http() as http:
                    refused = http.get(self.s.url + path, headers={"Authorization": "Bearer " + token}, timeout=20)
                self.assertIn('error="invalid_token"', refused.headers["WWW-Authenticate"])
                with self.s.http() as http:  # a bound token is no DPoP token either
                    self.assertEqual(http.get(self.s.url + path, headers={"Authorization": "DPoP " + token}, timeout=20).status_code, 401)

    def test_DP_05_introspection_names_the_certificate(self):
        service = self.s.client("Service " + secrets.token_hex(4), "client_credentials")
        token = self.tokens()["access_token"]
        self.assertEqual(self.s.introspect(service, token).json()["cnf"], {"x5t#S256": thumbprint(self.pair)})
        self.s.cli("resource", "add", "https://bound-%s.example" % secrets.token_hex(4), "--name", "R", "--client", service.id)
        uri = self.s.cli("resource", "list")
        uri = (uri.get("data", uri) if isinstance(uri, dict) else uri)[-1]["uri"]
        status, made = self.ask("/oauth/token", self.pair, grant_type="client_credentials", client_id=self.app.id, resource=uri)
        self.assertEqual(status, 200, made)
        self.assertEqual(claims(made["access_token"])["cnf"], {"x5t#S256": thumbprint(self.pair)})  # RFC 8705 3.1

    def test_DP_05_a_public_clients_refresh_token_is_its_certificates(self):  # RFC 8705 4
        own = Pair("device")
        tokens = self.tokens(self.public, own)
        self.assertEqual(self.ask("/oauth/userinfo", own, tokens["access_token"])[0], 200)
        more = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": self.public.id}
        for thief in (Pair("device"), None):
            status, answer = self.ask("/oauth/token", thief, **more)
            self.assertEqual(status, 400, answer)
            self.assertIn(answer["error"], ("invalid_grant", "invalid_request"))
        status, answer = self.ask("/oauth/token", own, **more)
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.ask("/oauth/userinfo", own, answer["access_token"])[0], 200)

    def test_CA_12_behind_a_trusted_proxy_the_header_stands_for_the_certificate(self):
        s = Server(args=["--client-ca", self.authority.files[0], "--trusted-proxies", "127.0.0.1", "--client-cert-header", "X-Client-Cert"])
        self.addCleanup(s.stop)
        person = s.user("ada")
        client = s.client("App", "authorization_code", redirect=BACK, scope=SCOPE, options=["--tls-client-certificate-bound-access-tokens"])
        s.start()
        shown = urllib.parse.quote(self.pair.pem)
        answer = s.token(client, "authorization_code", code=s.code(client, person, scope=SCOPE), redirect_uri=BACK, headers={"X-Client-Cert": shown})
        self.assertEqual(answer.status_code, 200, answer.text)
        token = answer.json()["access_token"]
        for value, status in ((shown, 200), (":%s:" % base64.b64encode(self.pair.der).decode(), 200),
                              (urllib.parse.quote(self.other.pem), 401), ("", 401), (None, 401), ("nonsense", 400)):
            for path in ("/oauth/userinfo", "/api/1.0/users/me"):
                with self.subTest(value=value, path=path), s.http() as http:
                    headers = {"Authorization": "Bearer " + token, **({} if value is None else {"X-Client-Cert": value})}
                    self.assertEqual(http.get(s.url + path, headers=headers, timeout=20).status_code, status)

    def test_CA_12_a_stranger_cannot_say_it_in_a_header(self):
        s = Server(args=["--client-ca", self.authority.files[0], "--trusted-proxies", "192.0.2.1", "--client-cert-header", "X-Client-Cert"])
        client = s.client("App", "client_credentials", options=["--tls-client-certificate-bound-access-tokens"])
        s.start()
        answer = s.token(client, "client_credentials", headers={"X-Client-Cert": urllib.parse.quote(self.pair.pem)})
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_request"))
        s.stop()


VERIFIER = "bound-verifier-bound-verifier-bound-verifier-43"
PKCE = {"code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256"}


class Objects(http.server.BaseHTTPRequestHandler):
    """A place of request objects that can be asked to behave badly: by path."""
    texts, asked, lock = {}, {}, threading.Lock()

    def do_GET(self):
        with Objects.lock:
            Objects.asked[self.path] = Objects.asked.get(self.path, 0) + 1
        try:
            self.answer()
        except (OSError, ssl.SSLError):
            pass

    def answer(self):
        if self.path == "/slow":
            self.server.stopped.wait(20)
            return
        broken = self.path == "/changes" and self.path not in Objects.texts
        self.send_response(500 if broken else {"/moved": 302, "/broken": 500}.get(self.path, 200))
        body = (b"x" * 1000000) if self.path == "/huge" else Objects.texts.get(self.path, "no object").encode()
        if self.path == "/moved":
            self.send_header("Location", "/good")
        self.send_header("Content-Type", "application/oauth-authz-req+jwt")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


FETCHED, READ = ("invalid_request_uri",), ("invalid_request_object",)
ERRORS = {"/slow": FETCHED, "/huge": FETCHED, "/moved": FETCHED, "/broken": FETCHED, "/garbage": READ, "/foreign": READ,
          "/unsigned": ("request_not_supported",)}


class ByReference(unittest.TestCase):
    """Request objects at an address (RFC 9101 5.2.2, OpenID Connect Core 6.2)."""

    @classmethod
    def listener(cls, pair):
        server = Threads(("127.0.0.1", 0), Objects)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair.files)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.stopped = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        cls.addClassCleanup(server.stopped.set)
        return "https://localhost:%d" % server.server_address[1]

    @classmethod
    def setUpClass(cls):
        authority, stranger = Pair("authority", ca=True), Pair("stranger", ca=True)
        here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        cls.good = cls.listener(Pair("localhost", authority, names=here))
        cls.unknown = cls.listener(Pair("localhost", stranger, names=here))
        cls.late = cls.listener(Pair("localhost", authority, names=here, days=-1))
        cls.misnamed = cls.listener(Pair("other", authority, names=[x509.DNSName("other.example")]))
        cls.unlisted = cls.listener(Pair("localhost", authority, names=here))
        hosts = " ".join(u[8:] for u in (cls.good, cls.unknown, cls.late, cls.misnamed))
        cls.s = Server(args=["--fetch-internal", hosts, "--fetch-authority", authority.files[0], "--fetch-seconds", "2"])
        cls.person = cls.s.user("ada")
        cls.key = jwk.JWK.generate(kty="EC", crv="P-256", kid="k1", use="sig", alg="ES256")
        cls.addresses = [base + path for base in (cls.good, cls.unknown, cls.late, cls.misnamed, cls.unlisted)
                         for path in ("/good", "/slow", "/huge", "/moved", "/broken", "/garbage", "/foreign", "/unsigned", "/changes")]
        cls.rp = cls.made(*cls.addresses[:20])
        cls.more = cls.made(*cls.addresses[20:40])
        cls.last = cls.made(*cls.addresses[40:])
        cls.s.start()
        for client in (cls.rp, cls.more, cls.last):
            client.object = cls.sign(client)
        Objects.texts["/good"] = cls.rp.object + "\n"

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    @classmethod
    def made(cls, *addresses):
        options = ["--jwks", keep(secrets.token_hex(4) + ".json", json.dumps({"keys": [public(cls.key, kid="k1")]}))]
        for address in addresses:
            options += ["--request-uris", address]
        return cls.s.client("By reference " + secrets.token_hex(4), "authorization_code", redirect=BACK, scope=SCOPE, options=options)

    @classmethod
    def sign(cls, client, key=None, header=None, **more):
        body = {"iss": client.id, "aud": cls.s.url, "client_id": client.id, "response_type": "code", "redirect_uri": BACK, "scope": "openid",
                "state": "inner", "nonce": "n-inner", "exp": int(time.time()) + 300, **more}
        token = jws.JWS(json.dumps(body))
        token.add_signature(key or cls.key, None, json.dumps(header or {"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"}))
        return token.serialize(compact=True)

    def ask(self, uri, client=None, **more):
        """The parameters of the answer; {} when a page of our own said no."""
        browser = Browser(self.s)
        client = client or self.rp
        browser.get("/oauth/authorize?" + urllib.parse.urlencode({"client_id": client.id, "request_uri": uri, **more}))
        answer = browser.go_on(self.person)
        self.response = browser.response
        return answer

    def test_AZ_18_a_registered_address_is_fetched_and_counts(self):
        answer = self.ask(self.good + "/good", scope="openid profile", state="outer", response_type="code", redirect_uri=BACK)
        self.assertEqual((answer["state"], answer["iss"]), ("inner", self.s.url))
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=BACK).json()
        self.assertEqual((tokens["scope"], claims(tokens["id_token"])["nonce"]), ("openid", "n-inner"))
        self.assertIn("code", self.ask(self.good + "/good"))
        self.assertEqual(Objects.asked["/good"], 1)  # kept for a minute

    def refused(self, uri, client=None, errors=("invalid_request_uri", "invalid_request_object")):
        """The client has one redirect URI, so that it is told there (RFC 9101 7)."""
        answer = self.ask(uri, client, state="outer")
        self.assertIn(answer.get("error"), errors, (answer, self.response.text[:300]))
        self.assertEqual((answer["state"], answer["iss"]), ("outer", self.s.url))
        self.assertNotIn("code", answer)

    def test_AZ_18_an_address_that_is_not_registered_exactly_is_not_called(self):
        for uri in (self.good + "/never", self.good + "/good?x=1", self.good + "//good", self.good.upper() + "/good", self.good + "/good/",
                    self.good.replace("localhost", "127.0.0.1") + "/good", "http" + self.good[5:] + "/good"):
            before = dict(Objects.asked)
            with self.subTest(uri=uri):
                self.refused(uri)
                self.assertEqual(Objects.asked, before)

    def test_AZ_18_bad_behaviour_at_the_address_ends_soon_and_says_so(self):
        Objects.texts["/foreign"] = self.sign(self.rp, jwk.JWK.generate(kty="EC", crv="P-256", kid="k1"))
        Objects.texts["/unsigned"] = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in
                                              ({"alg": "none"}, {"client_id": self.rp.id, "response_type": "code", "redirect_uri": BACK})) + "."
        for path in ("/slow", "/huge", "/moved", "/broken", "/garbage", "/foreign", "/unsigned"):
            with self.subTest(path=path):
                begun = time.monotonic()
                self.refused(self.good + path, errors=ERRORS[path])
                self.assertLess(time.monotonic() - begun, 5)

    def test_TL_04_certificate_and_name_of_the_other_side_are_checked(self):
        for base, client in ((self.unknown, self.rp), (self.late, self.more), (self.misnamed, self.more)):
            with self.subTest(base=base):
                before = dict(Objects.asked)
                self.refused(base + "/good", client)
                self.assertEqual(Objects.asked, before)  # nothing was said over such a connection

    def test_AZ_18_an_internal_address_that_nobody_named_is_not_called(self):
        before = dict(Objects.asked)
        self.refused(self.unlisted + "/good", self.last)
        self.assertEqual(Objects.asked, before)

    def test_a_failure_is_not_kept(self):
        self.refused(self.good + "/changes")
        Objects.texts["/changes"] = self.sign(self.rp, state="later")
        answer = self.ask(self.good + "/changes")
        self.assertIn("code", answer, self.response.text[:600])


if __name__ == "__main__":
    unittest.main()
