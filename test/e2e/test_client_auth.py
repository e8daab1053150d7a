# SPDX-License-Identifier: MIT
"""Client authentication by assertion and by certificate (CA): foreign signatures (jwcrypto), hostile key servers, one-time assertions in a
race and over a restart, mutual TLS on its own door and behind a proxy that is or is not trusted."""
import base64
import concurrent.futures
import datetime
import http.server
import ipaddress
import json
import os
import secrets
import ssl
import subprocess
import tempfile
import threading
import time
import types
import unittest
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from jwcrypto import jwk, jws

from harness import Client, Server, clean_environment, free_port, remember

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DIRECTORY = tempfile.mkdtemp(prefix="jeton-client-auth-")


def keep(name, data):
    path = os.path.join(DIRECTORY, name)
    with open(path, "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)
    os.chmod(path, 0o600)
    return path


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Inc."), x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Pair:
    """A certificate and its key; issuer None: self-signed."""

    def __init__(self, name, issuer=None, ca=False, days=1, names=(), key=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        start = now - datetime.timedelta(days=2)
        builder = (x509.CertificateBuilder().subject_name(name_of(name)).issuer_name(issuer.cert.subject if issuer else name_of(name))
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        self.cert = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM).decode()
        self.der = self.cert.public_bytes(serialization.Encoding.DER)
        private = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        stem = secrets.token_hex(4)
        self.files = keep(stem + ".pem", self.pem), keep(stem + ".key", private)


def public(key, **more):
    return {**json.loads(key.export_public()), **more}


def key_set(*keys):
    return json.dumps({"keys": list(keys)})


def signed(key, header, claims):
    token = jws.JWS(json.dumps(claims))
    token.add_signature(key, None, json.dumps(header))
    return token.serialize(compact=True)


class Keys(http.server.BaseHTTPRequestHandler):
    """A key server that can be asked to behave badly: by path."""
    sets, asked, lock = {}, {}, threading.Lock()

    def do_GET(self):
        with Keys.lock:
            Keys.asked[self.path] = Keys.asked.get(self.path, 0) + 1
        try:
            self.answer()
        except (OSError, ssl.SSLError):
            pass  # the caller had enough

    def answer(self):
        if self.path == "/slow":
            self.server.stopped.wait(20)
            return
        if self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            while not self.server.stopped.wait(0.5):
                self.wfile.write(b" ")
            return
        if self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b" " * 65536)
            return
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("Location", "/good")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status = 500 if self.path == "/broken" else 200
        body = Keys.sets.get(self.path, "<html>no keys</html>").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/jwk-set+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = 2

    def handle_error(self, request, client_address):
        pass  # a caller that hung up


class ClientAuth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.stranger = Pair("clients' authority", ca=True), Pair("another authority", ca=True)
        server = Pair("localhost", cls.authority, names=[x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server.files)
        cls.keys = Threads(("127.0.0.1", 0), Keys)
        cls.keys.socket = context.wrap_socket(cls.keys.socket, server_side=True, do_handshake_on_connect=False)
        cls.keys.stopped = threading.Event()
        threading.Thread(target=cls.keys.serve_forever, args=(0.05,), daemon=True).start()
        cls.published = "https://localhost:%d" % cls.keys.server_address[1]
        cls.twin = free_port()
        cls.s = Server(args=["--listen-mtls", "localhost:%d" % cls.twin, "--client-ca", cls.authority.files[0], "--fetch-internal",
                             "localhost:%d" % cls.keys.server_address[1], "--fetch-authority", cls.authority.files[0],
                             "--fetch-seconds", "2"])
        cls.key = jwk.JWK.generate(kty="EC", crv="P-256")
        Keys.sets["/good"] = key_set(public(cls.key, kid="k1"))

    @classmethod
    def tearDownClass(cls):
        cls.keys.stopped.set()
        cls.keys.shutdown()
        cls.keys.server_close()

    def setUp(self):
        if self.s.process is None:
            self.s.start()

    # ---- what clients do
    def client(self, method, *options):
        made = self.s.cli("client", "add", "--name", secrets.token_hex(6), "--grant", "client_credentials", "--auth-method", method, *options)
        return Client(made["client_id"], made.get("client_secret"))

    def keyed(self, key=None, **more):
        return self.client("private_key_jwt", "--jwks", keep(secrets.token_hex(4) + ".json", key_set(public(key or self.key, kid="k1"))))

    def claims(self, client, **more):
        now = int(time.time())
        claims = {"iss": client.id, "sub": client.id, "aud": self.s.url, "exp": now + 60, "iat": now, "jti": secrets.token_hex(8), **more}
        return {k: v for k, v in claims.items() if v is not None}

    def assertion(self, client, key=None, header=None, **more):
        return signed(key or self.key, header or {"alg": "ES256", "kid": "k1"}, self.claims(client, **more))

    def send(self, assertion, path="/oauth/token", **fields):
        return self.s.post(path, {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion, **fields})

    def refused(self, answer, error="invalid_client", status=401):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def told(self, client, part):
        """Does the audit trail say why the client was refused? (It is written soon after the answer.)"""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            rows = self.s.cli("event", "list")
            rows = rows.get("events", rows) if isinstance(rows, dict) else rows
            if any(row["name"] == "client.refused" and row["client_id"] == client.id and part in row["detail"] for row in rows):
                return True
        self.fail("no such event: %s" % [(row["name"], row["client_id"], row["detail"]) for row in rows[:10]])

    # ---- assertions
    def test_a_foreign_signature_is_accepted_with_each_algorithm(self):
        for algorithm, made in (("ES256", {"kty": "EC", "crv": "P-256"}), ("ES384", {"kty": "EC", "crv": "P-384"}),
                                ("EdDSA", {"kty": "OKP", "crv": "Ed25519"}), ("RS256", {"kty": "RSA", "size": 2048}),
                                ("PS256", {"kty": "RSA", "size": 2048})):
            key = jwk.JWK.generate(**made)
            client = self.keyed(key)
            answer = self.send(self.assertion(client, key, {"alg": algorithm, "kid": "k1"}))
            self.assertEqual(answer.status_code, 200, algorithm + answer.text)

    def test_CA_07_audiences(self):
        client = self.keyed()
        for good in (self.s.url, self.s.url + "/oauth/token", [self.s.url], [self.s.url, self.s.url + "/oauth/token"]):
            self.assertEqual(self.send(self.assertion(client, aud=good)).status_code, 200, good)
        for bad in (None, "https://evil.example", self.s.url + "/", [self.s.url, "https://evil.example"], [], self.s.url + "/oauth/revoke"):
            self.refused(self.send(self.assertion(client, aud=bad)))
        self.assertTrue(self.told(client, "assertion: aud is not the issuer"))

    def test_CA_07_times_and_names(self):
        client, now = self.keyed(), int(time.time())
        for bad in ({"exp": None}, {"exp": now - 60}, {"exp": now + 3600}, {"exp": 4070908800}, {"nbf": now + 60}, {"iat": now + 60},
                    {"jti": None}, {"iss": "other"}, {"sub": "other"}, {"sub": None}, {"exp": str(now + 60)}):
            self.refused(self.send(self.assertion(client, **bad)))
        self.assertEqual(self.send(self.assertion(client, nbf=now + 5, iat=now + 5)).status_code, 200)

    def test_CA_10_header_keys_and_odd_kids_are_not_followed(self):
        client, other = self.keyed(), jwk.JWK.generate(kty="EC", crv="P-256")
        before = dict(Keys.asked)
        for header in ({"jwk": public(other)}, {"jku": self.published + "/good"}, {"x5u": self.published + "/good"}, {"kid": "../../k1"},
                       {"kid": "' OR 1"}, {"x5c": [base64.b64encode(self.authority.der).decode()]}):
            self.refused(self.send(self.assertion(client, other, {"alg": "ES256", **header})))
        self.assertEqual(Keys.asked, before)

    def test_CA_08_one_winner_of_fifty(self):
        client = self.keyed()
        assertion = self.assertion(client)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: self.send(assertion).status_code, range(50)))
        self.assertEqual(sorted(set(statuses)), [200, 401], statuses)
        self.assertEqual(statuses.count(200), 1)

    def test_CA_08_a_restart_forgets_no_jti(self):
        client = self.keyed()
        assertion = self.assertion(client)
        self.assertEqual(self.send(assertion).status_code, 200)
        self.s.process.kill()
        self.s.process.wait()
        self.s.start()
        self.refused(self.send(assertion))
        self.assertTrue(self.told(client, "assertion: jti used before"))

    def test_CA_02_one_way_at_a_time(self):
        client = self.keyed()
        self.refused(self.send(self.assertion(client), client_secret="x"), "invalid_request", 400)
        self.refused(self.s.post("/oauth/token", {"grant_type": "client_credentials", "client_assertion_type": TYPE,
                                                  "client_assertion": self.assertion(client)},
                                 headers={"Authorization": "Basic eDp5"}), "invalid_request", 400)
        self.refused(self.send(self.assertion(client), client_id="other"))

    def test_the_other_endpoints_take_assertions_too(self):
        client = self.keyed()
        token = self.send(self.assertion(client)).json()["access_token"]
        answer = self.send(self.assertion(client), "/oauth/introspect", token=token)
        self.assertEqual((answer.status_code, answer.json()["active"]), (200, True), answer.text)
        self.assertEqual(self.send(self.assertion(client, aud=self.s.url + "/oauth/revoke"), "/oauth/revoke", token=token).status_code, 200)
        self.assertFalse(self.send(self.assertion(client), "/oauth/introspect", token=token).json()["active"])

    def test_durable_requests_are_admitted_before_the_writer(self):
        made = self.s.cli("client", "add", "--name", secrets.token_hex(6), "--grant", "authorization_code", "--redirect-uri",
                          "https://app.example/cb", "--auth-method", "private_key_jwt", "--jwks-uri", self.published + "/slow")
        begun = time.monotonic()
        slow = threading.Thread(target=lambda: self.send(self.assertion(Client(made["client_id"], None)), grant_type="authorization_code", code="x"))
        slow.start()
        quick = self.keyed()
        self.assertEqual(self.send(self.assertion(quick)).status_code, 200)  # the writer is not held up by a key server
        self.assertLess(time.monotonic() - begun, 1.5)
        slow.join()

    def test_CA_14_client_secret_jwt(self):
        client = self.client("client_secret_jwt")
        remember(client.secret)
        key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(client.secret.encode()).rstrip(b"=").decode())
        self.assertEqual(self.send(signed(key, {"alg": "HS256"}, self.claims(client))).status_code, 200)
        self.refused(self.s.token(client, "client_credentials"))
        self.refused(self.send(self.assertion(client)))
        shown = json.dumps(self.s.cli("client", "show", client.id))
        self.assertNotIn("sealed", shown)
        self.assertNotIn(client.secret, shown)

    def test_CA_15_a_disabled_client_is_refused(self):
        client = self.keyed()
        self.s.cli("client", "disable", client.id)
        self.refused(self.send(self.assertion(client)))

    # ---- published keys
    def at(self, path):
        return self.client("private_key_jwt", "--jwks-uri", self.published + path)

    def test_CA_11_keys_are_fetched_once_and_again_for_a_new_kid(self):
        Keys.sets["/turn"] = key_set(public(self.key, kid="k1"))
        client = self.at("/turn")
        for _ in range(5):
            self.assertEqual(self.send(self.assertion(client)).status_code, 200)
        self.assertEqual(Keys.asked["/turn"], 1)
        for _ in range(5):
            self.refused(self.send(self.assertion(client, header={"alg": "ES256", "kid": "k2"})))
        self.assertEqual(Keys.asked["/turn"], 2)  # one look at once for a kid never seen, then none before 30 seconds have passed

    def test_CA_11_hostile_key_servers(self):
        for path, most in (("/slow", 5), ("/drip", 5), ("/huge", 5), ("/redirect", 2), ("/broken", 2), ("/garbage", 2)):
            client = self.at(path)
            begun = time.monotonic()
            self.refused(self.send(self.assertion(client)))
            self.assertLess(time.monotonic() - begun, most, path)
            self.refused(self.send(self.assertion(client)))  # remembered for a while
            self.assertEqual(Keys.asked[path], 1, path)
        self.assertNotIn("/good", [p for p in Keys.asked if p == "/redirect/good"])

    def test_CA_11_internal_addresses_are_not_called(self):
        with Threads(("127.0.0.1", 0), Keys) as other:
            other.stopped = threading.Event()
            for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254"):
                client = self.client("private_key_jwt", "--jwks-uri", "https://%s:%d/never" % (host, other.server_address[1]))
                begun = time.monotonic()
                self.refused(self.send(self.assertion(client)))
                self.assertLess(time.monotonic() - begun, 1.5)
                self.assertTrue(self.told(client, "internal"))
        self.assertNotIn("/never", Keys.asked)

    # ---- certificates
    def mutual(self, client, pair, path="/oauth/token", base=None, ca=None, **fields):
        command = ["curl", "-s", "--max-time", "10", "--noproxy", "*", "--cacert", ca or self.s.ca, "-w", "\n%{http_code}"]
        if pair:
            command += ["--cert", pair.files[0], "--key", pair.files[1]]
        data = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client.id, **fields})
        done = subprocess.run([*command, "-d", data, (base or "https://localhost:%d" % self.twin) + path], capture_output=True, text=True,
                              env=clean_environment(), timeout=20)
        self.assertEqual(done.returncode, 0, done)
        body, status = done.stdout.rsplit("\n", 1)
        answer = json.loads(body)
        remember(answer.get("access_token"))
        return int(status), answer.get("error")

    def named(self, **names):
        option, value = next(iter(names.items()))
        return self.client("tls_client_auth", "--tls-client-auth-" + option.replace("_", "-"), value)

    def test_CA_12_chain_and_subject(self):
        client = self.named(subject_dn="CN=app, O=Example\\, Inc.")
        self.assertEqual(self.mutual(client, Pair("app", self.authority)), (200, None))
        bad = (401, "invalid_client")
        self.assertEqual(self.mutual(client, Pair("app2", self.authority)), bad)
        self.assertTrue(self.told(client, "certificate: the subject is not the registered one"))
        self.assertEqual(self.mutual(client, Pair("app", self.stranger)), bad)
        self.assertEqual(self.mutual(client, Pair("app")), bad)
        self.assertEqual(self.mutual(client, Pair("app", self.authority, days=-1)), bad)
        self.assertEqual(self.mutual(client, None), bad)
        self.assertEqual(self.mutual(client, Pair("app", self.authority), base=self.s.url), bad)  # nobody is asked there

    def test_CA_12_alternative_names(self):
        rows = (("san_dns", "app.example", x509.DNSName("app.example"), x509.DNSName("x.app.example")),
                ("san_uri", "https://app.example/a", x509.UniformResourceIdentifier("https://app.example/a"),
                 x509.UniformResourceIdentifier("https://app.example/b")),
                ("san_ip", "192.0.2.1", x509.IPAddress(ipaddress.ip_address("192.0.2.1")), x509.IPAddress(ipaddress.ip_address("192.0.2.2"))),
                ("san_email", "a@app.example", x509.RFC822Name("a@app.example"), x509.RFC822Name("b@app.example")))
        for option, value, right, wrong in rows:
            client = self.named(**{option: value})
            self.assertEqual(self.mutual(client, Pair("x", self.authority, names=[wrong, right])), (200, None), option)
            self.assertEqual(self.mutual(client, Pair("x", self.authority, names=[wrong])), (401, "invalid_client"), option)
            self.assertEqual(self.mutual(client, Pair(value[:60], self.authority)), (401, "invalid_client"), option)
        star = self.named(san_dns="one.app.example")
        self.assertEqual(self.mutual(star, Pair("x", self.authority, names=[x509.DNSName("*.app.example")])), (401, "invalid_client"))

    def test_CA_12_self_signed_compares_the_whole_key(self):
        for curve in (ec.SECP256R1(), ec.SECP384R1()):
            own = Pair("self", key=ec.generate_private_key(curve))
            key = jwk.JWK.from_pem(own.pem.encode())
            client = self.client("self_signed_tls_client_auth", "--jwks", keep(secrets.token_hex(4), key_set(public(key))))
            self.assertEqual(self.mutual(client, own), (200, None))
            self.assertEqual(self.mutual(client, Pair("self", key=own.key, days=-1)), (401, "invalid_client"))
            self.assertEqual(self.mutual(client, Pair("self", key=own.key)), (200, None))  # renewed, same key
            self.assertEqual(self.mutual(client, Pair("self")), (401, "invalid_client"))
        Keys.sets["/tls"] = key_set(public(key))
        client = self.client("self_signed_tls_client_auth", "--jwks-uri", self.published + "/tls")
        self.assertEqual(self.mutual(client, own), (200, None))

    def test_CA_12_a_trusted_proxy_hands_the_certificate_on(self):
        twin, pair = free_port(), Pair("app", self.authority)
        other = Server(args=["--client-ca", self.authority.files[0], "--trusted-proxies", "127.0.0.1", "--client-cert-header", "X-Client-Cert",
                             "--listen-mtls", "localhost:%d" % twin])
        made = other.cli("client", "add", "--name", "app", "--grant", "client_credentials", "--auth-method", "tls_client_auth",
                         "--tls-client-auth-subject-dn", "CN=app,O=Example\\, Inc.")
        other.start()
        self.addCleanup(other.stop)
        form = {"grant_type": "client_credentials", "client_id": made["client_id"]}
        for value in (urllib.parse.quote(pair.pem), ":%s:" % base64.b64encode(pair.der).decode(), pair.pem.replace("\n", " ")):
            answer = other.post("/oauth/token", form, headers={"X-Client-Cert": value})
            self.assertEqual(answer.status_code, 200, answer.text)
        for value in ("", "(null)", urllib.parse.quote(Pair("app", self.stranger).pem)):
            self.refused(other.post("/oauth/token", form, headers={"X-Client-Cert": value}))
        for value in ("nonsense", ":nonsense:", "%zz"):
            self.assertEqual(other.post("/oauth/token", form, headers={"X-Client-Cert": value}).status_code, 400)
        # the proxy's own certificate is not its client's
        proxied = types.SimpleNamespace(id=made["client_id"])
        self.assertEqual(self.mutual(proxied, pair, base="https://localhost:%d" % twin, ca=other.ca), (401, "invalid_client"))

    def test_CA_12_from_anybody_else_the_header_is_nothing(self):
        other = Server(args=["--client-ca", self.authority.files[0], "--trusted-proxies", "192.0.2.1", "--client-cert-header", "X-Client-Cert"])
        made = other.cli("client", "add", "--name", "app", "--grant", "client_credentials", "--auth-method", "tls_client_auth",
                         "--tls-client-auth-subject-dn", "CN=app,O=Example\\, Inc.")
        other.start()
        pair = Pair("app", self.authority)
        for value in (urllib.parse.quote(pair.pem), "nonsense"):
            answer = other.post("/oauth/token", {"grant_type": "client_credentials", "client_id": made["client_id"]},
                                headers={"X-Client-Cert": value})
            self.refused(answer)
        other.stop()

    def test_browsers_are_never_asked_on_the_first_door(self):
        for port, asked in ((self.s.port, False), (self.twin, True)):
            done = subprocess.run(["openssl", "s_client", "-connect", "localhost:%d" % port, "-CAfile", self.s.ca, "-servername", "localhost",
                                   "-trace", "-tls1_3"], input="", capture_output=True, text=True, errors="replace", timeout=20)
            self.assertEqual("CertificateRequest" in done.stdout, asked, port)


if __name__ == "__main__":
    unittest.main()
