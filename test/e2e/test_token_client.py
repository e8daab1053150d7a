# SPDX-License-Identifier: MIT
"""`jeton token` against a stand-in authorization server that is not jeton: it checks what arrives as a strict server would (signatures
with python3-cryptography) and answers as the standards say, or lies where a test wants to see a lie refused."""
import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from harness import BIN, clean_environment

SECRET = "a-client-secret-of-more-than-32-characters"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(unb64(text), "big")


def parts(token):
    head, claims, signature = token.split(".")
    return json.loads(unb64(head)), json.loads(unb64(claims)), unb64(signature), (head + "." + claims).encode()


def ec_jwk(key):
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big"))}


def thumbprint(jwk):
    names = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}[jwk["kty"]]
    return b64(hashlib.sha256(json.dumps({n: jwk[n] for n in names}, separators=(",", ":"), sort_keys=True).encode()).digest())


def sign(key, claims, header=None):
    head = {"alg": "ES256", "typ": "JWT", **(header or {})}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return text + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def check(public, alg, signature, data):
    """Raises when it does not verify."""
    if alg == "ES256":
        assert len(signature) == 64
        der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        public.verify(der, data, ec.ECDSA(hashes.SHA256()))
    elif alg == "RS256":
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif alg == "PS256":
        public.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        raise AssertionError("alg " + alg)


def certificate(key, name):
    """Self-signed, for a server on 127.0.0.1 and for a client."""
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(True, 0), True).sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM)


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Refused(Exception):
    def __init__(self, error, description="", status=400):
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class StandIn:
    """One server a test. `seen` holds the forms that came, by address; `lies` changes ID tokens; `wants` is what it insists on."""

    def __init__(self, context=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.seen, self.headers, self.lies, self.wants = {}, {}, {}, {}
        self.client_key = None  # the public key of the client
        self.metadata = {}
        self.nonces = self.proofs = 0
        self.jtis, self.requests, self.polls = set(), {}, []
        self.wrong_key = False
        self.failures = []
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # the body would wait for the head to be acknowledged: 40 ms an answer

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.run(b"")

            def do_POST(self):
                self.run(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def run(self, body):
                address = urllib.parse.urlsplit(self.path)
                form = urllib.parse.parse_qs((body.decode() or address.query), keep_blank_values=True, strict_parsing=bool(body))
                extra = {}
                try:
                    status, answer = stand_in.answer(self, address.path, form, extra)
                except Refused as r:
                    status, answer = r.status, {"error": r.error, "error_description": r.description}
                except Exception as e:  # a broken promise of the client's side: told to the test
                    stand_in.failures.append("%s: %r" % (address.path, e))
                    status, answer = 400, {"error": "invalid_request", "error_description": str(e)}
                if isinstance(answer, (dict, list)):
                    answer, extra = json.dumps(answer), {"Content-Type": "application/json", **extra}
                data = answer.encode()
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http%s://127.0.0.1:%d" % ("s" if context else "", self.http.server_address[1])
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    # ---- what arrives
    def answer(self, request, path, form, extra):
        for name, values in form.items():
            assert len(values) == 1 or name in ("resource", "audience"), "repeated: " + name
        self.seen.setdefault(path, []).append({k: v if k in ("resource", "audience") else v[0] for k, v in form.items()})
        self.headers[path] = request.headers
        f = self.seen[path][-1]
        if path == "/.well-known/oauth-authorization-server" and "page" in self.wants:
            return 200, self.wants["page"]
        if path == "/.well-known/openid-configuration":
            return 200, self.document()
        if path == "/jwks":
            key = ec.generate_private_key(ec.SECP256R1()) if self.wrong_key else self.key
            return 200, {"keys": [{**ec_jwk(key), "kid": "k1", "use": "sig", "alg": "ES256"}]}
        if path == "/userinfo":
            return self.userinfo(request, extra)
        if path in ("/token", "/par", "/device", "/ciba", "/introspect", "/revoke"):
            self.authenticate(request, f)
            if "DPoP" in request.headers:
                self.prove(request, path, "POST", extra, None)
            return getattr(self, path[1:])(request, f)
        return 404, {"error": "not_found"}

    def document(self):
        names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks", "userinfo_endpoint": "/userinfo",
                 "pushed_authorization_request_endpoint": "/par", "device_authorization_endpoint": "/device",
                 "backchannel_authentication_endpoint": "/ciba", "introspection_endpoint": "/introspect", "revocation_endpoint": "/revoke"}
        return {"issuer": self.url, **{n: self.url + p for n, p in names.items()}, "authorization_response_iss_parameter_supported": True,
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
                **self.metadata}

    def authenticate(self, request, f):
        how = self.wants.get("auth", "client_secret_basic")
        basic = request.headers.get("Authorization")
        assert (basic is not None) == (how == "client_secret_basic"), "Authorization: %r" % basic
        if how == "client_secret_basic":
            user, password = base64.b64decode(basic.split()[1]).decode().split(":")
            if urllib.parse.unquote(password) != SECRET:
                raise Refused("invalid_client", "wrong secret", 401)
            assert user == "app" and "client_secret" not in f
        elif how == "client_secret_post":
            assert f["client_secret"] == SECRET and f["client_id"] == "app"
        elif how == "none":
            assert f.get("client_id") == self.wants.get("client_id", "app") and "client_secret" not in f and "client_assertion" not in f
        elif "tls" in how:
            assert f["client_id"] == "app" and "client_secret" not in f and "client_assertion" not in f
            assert request.connection.getpeercert(binary_form=True) == self.wants["certificate"]
        else:
            assert f["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" and "client_secret" not in f
            claims = self.assertion(f["client_assertion"], how == "client_secret_jwt")
            assert claims["iss"] == claims["sub"] == "app" and f.get("client_id", "app") == "app"

    def assertion(self, token, with_secret=False, audience=None):
        head, claims, signature, data = parts(token)
        if with_secret:
            import hmac
            assert head["alg"] == "HS256" and hmac.compare_digest(signature, hmac.digest(SECRET.encode(), data, "sha256"))
        else:
            assert head["alg"] == self.wants.get("alg", "ES256"), head
            assert not self.wants.get("kid") or head["kid"] == self.wants["kid"], head
            check(self.client_key, head["alg"], signature, data)
        assert claims["aud"] == (audience or self.url), claims
        assert abs(claims["iat"] - time.time()) < 30 and 0 < claims["exp"] - claims["iat"] <= 300
        assert len(unb64(claims["jti"])) >= 16 and claims["jti"] not in self.jtis
        self.jtis.add(claims["jti"])
        return claims

    def prove(self, request, path, method, extra, token):
        head, claims, signature, data = parts(request.headers["DPoP"])
        assert head["typ"] == "dpop+jwt" and head["alg"] == "ES256" and set(head["jwk"]) == {"kty", "crv", "x", "y"}, head
        public = ec.EllipticCurvePublicNumbers(number(head["jwk"]["x"]), number(head["jwk"]["y"]), ec.SECP256R1()).public_key()
        check(public, "ES256", signature, data)
        assert claims["htm"] == method and claims["htu"] == self.url + path, claims
        assert claims["jti"] not in self.jtis and abs(claims["iat"] - time.time()) < 30
        self.jtis.add(claims["jti"])
        self.proofs += 1
        if token is not None:
            assert claims["ath"] == b64(hashlib.sha256(token.encode()).digest())
        self.jkt = thumbprint(head["jwk"])
        wanted = self.wants.get("nonce")
        if wanted and claims.get("nonce") != wanted + path:
            extra["DPoP-Nonce"] = wanted + path
            self.nonces += 1
            if token is not None:
                extra["WWW-Authenticate"] = 'DPoP error="use_dpop_nonce"'
            raise Refused("use_dpop_nonce", "once more", 401 if token else 400)

    # ---- what is answered
    def id_token(self, access_token, **more):
        claims = {"iss": self.url, "sub": "person", "aud": "app", "iat": int(time.time()), "exp": int(time.time()) + 300,
                  "at_hash": b64(hashlib.sha256(access_token.encode()).digest()[:16]), **more, **self.lies}
        return sign(self.key, {k: v for k, v in claims.items() if v is not None}, {"kid": "k1"})

    def tokens(self, request, identity=None, **more):
        token = "at-" + b64(os.urandom(24))
        answer = {"access_token": token, "token_type": "DPoP" if "DPoP" in request.headers else "Bearer", "expires_in": 60, **more}
        if identity is not None:
            answer["id_token"] = self.id_token(token, **identity)
        return 200, answer

    def token(self, request, f):
        grant = f["grant_type"].rsplit(":", 1)[-1]
        if grant in ("device_code", "ciba") and self.polls:
            error = self.polls.pop(0)
            raise Refused(error)
        if grant == "authorization_code":
            asked = self.requests.pop(f["code"])
            assert b64(hashlib.sha256(f["code_verifier"].encode()).digest()) == asked["code_challenge"]
            assert f["redirect_uri"] == asked["redirect_uri"]
            identity = {"nonce": asked.get("nonce"), "auth_time": int(time.time())} if "openid" in asked.get("scope", "") else None
            if "dpop_jkt" in asked:
                assert asked["dpop_jkt"] == self.jkt
            return self.tokens(request, identity, refresh_token="rt-" + b64(os.urandom(24)))
        if grant == "token-exchange":
            assert f["subject_token"] and f["subject_token_type"].startswith("urn:ietf:params:oauth:token-type:")
            return self.tokens(request, issued_token_type="urn:ietf:params:oauth:token-type:access_token")
        if grant == "jwt-bearer":
            self.granted = self.assertion(f["assertion"]) if self.client_key else f["assertion"]
        if grant == "device_code":
            assert f["device_code"] == "the-device-code"
        if grant == "ciba":
            assert f["auth_req_id"] == "the-request"
        return self.tokens(request, {} if grant in ("ciba", "refresh_token") else None)

    def par(self, request, f):
        assert f["client_id"] == "app" and "request_uri" not in f
        self.requests["urn:pushed:1"] = f
        return 201, {"request_uri": "urn:pushed:1", "expires_in": 60}

    def device(self, request, f):
        return 200, {"device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": self.url + "/go",
                     "verification_uri_complete": self.url + "/go?c=WDJB-MJHT", "expires_in": 60, "interval": 0}

    def ciba(self, request, f):
        asked = self.assertion(f["request"]) if "request" in f else f
        assert "openid" in asked["scope"].split() and asked["login_hint"] == "alice"
        return 200, {"auth_req_id": "the-request", "expires_in": 60, "interval": 0}

    def introspect(self, request, f):
        return 200, {"active": f["token"].startswith("at-"), "scope": "x"}

    def revoke(self, request, f):
        return 200, ""

    def userinfo(self, request, extra):
        scheme, token = request.headers["Authorization"].split()
        assert scheme == ("DPoP" if "DPoP" in request.headers else "Bearer")
        if scheme == "DPoP":
            self.prove(request, "/userinfo", "GET", extra, token)
        claims = {"sub": self.wants.get("userinfo_sub", "person"), "name": "A Person"}
        if self.wants.get("signed_userinfo"):
            extra["Content-Type"] = "application/jwt; charset=utf-8"
            return 200, sign(self.key, {"iss": self.url, "aud": "app", **claims}, {"kid": "k1"})
        return 200, claims

    # ---- the person's browser and the pages behind it, in one
    def authorize(self, address, deny=False, **lies):
        at = urllib.parse.urlsplit(address)
        assert self.url + "/authorize" == address.split("?")[0]
        query = {k: v if k in ("resource",) else v[0] for k, v in urllib.parse.parse_qs(at.query, strict_parsing=True).items()}
        self.query = query
        asked = self.requests.pop(query["request_uri"]) if "request_uri" in query else query
        if "request" in asked:
            head = parts(asked["request"])[0]
            assert head["typ"] == "oauth-authz-req+jwt"
            asked = self.assertion(asked["request"])
            assert asked["iss"] == asked["client_id"] == query["client_id"] == "app" and asked["nbf"] <= time.time()
        self.asked = asked
        assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code" and len(asked["state"]) >= 43
        code = "code-" + b64(os.urandom(24))
        self.requests[code] = asked
        answer = {"state": asked["state"], "iss": self.url, **({"error": "access_denied"} if deny else {"code": code}), **lies}
        mode = asked.get("response_mode", "query")
        if mode.endswith("jwt"):
            key = ec.generate_private_key(ec.SECP256R1()) if self.wants.get("bad_jarm") else self.key
            answer = {"response": sign(key, {"aud": "app", "exp": int(time.time()) + 60, **answer}, {"kid": "k1"})}
        if mode.startswith("form_post"):
            done = requests.post(asked["redirect_uri"], data=answer, timeout=10)
        else:
            done = requests.get(asked["redirect_uri"], params=answer, timeout=10)
        assert done.status_code == 200, done.status_code


class TokenClient(unittest.TestCase):
    def setUp(self):
        self.s = StandIn()
        self.addCleanup(self.s.close)
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def file(self, name, data, mode=0o600):
        path = os.path.join(self.scratch.name, name)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def key(self, kind="ec", mode=0o600):
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        self.s.client_key = key.public_key()
        return self.file("key.pem", pem(key), mode)

    def start(self, *args, stdin=SECRET, issuer=True):
        who = ["--issuer", self.s.url] if issuer else []
        process = subprocess.Popen([BIN, "token", *who, "--client-id", "app", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=clean_environment())
        try:
            process.stdin.write(stdin + "\n" if stdin else "")
            process.stdin.close()
        except BrokenPipeError:  # it ended without reading: wrong usage
            pass
        process.stdin = None
        return process

    def run_token(self, *args, stdin=SECRET, status=0):
        """With --json, what it printed; for another status, what it said on standard error."""
        process = self.start(*args, "--json", stdin=stdin)
        out, err = process.communicate(timeout=60)
        self.err = err
        self.assertEqual(process.returncode, status, "%s%s%s" % (out, err, self.s.failures))
        if status == 0:
            self.assertEqual(self.s.failures, [])
        return json.loads(out) if status == 0 else err

    def run_code(self, *args, status=0, stdin=SECRET, **lies):
        """The code grant with the stand-in as the person's browser."""
        secret = ["--client-secret-stdin"] if stdin else []
        process = self.start("--grant", "authorization_code", *secret, "--json", *args, stdin=stdin)
        guard = threading.Timer(60, process.kill)
        guard.start()
        self.err = ""
        try:
            for line in process.stderr:
                self.err += line
                found = re.search(r"http://\S+", line)
                if found:
                    self.s.authorize(found.group(0), **lies)
                    break
            out = process.stdout.read()
            self.err += process.stderr.read()
            process.wait()
        finally:
            guard.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.assertEqual(process.returncode, status, "%s%s%s" % (out, self.err, self.s.failures))
        if status == 0:
            self.assertEqual(self.s.failures, [])
        return json.loads(out) if status == 0 else self.err

    # ---- client authentication
    def test_client_secret_ways(self):
        for how in ("client_secret_basic", "client_secret_post", "client_secret_jwt"):
            self.s.wants["auth"] = how
            self.assertIn("access_token", self.run_token("--grant", "client_credentials", "--client-secret-stdin", "--auth-method", how))

    def test_the_way_that_the_server_names_is_taken(self):
        self.s.wants["auth"], self.s.metadata = "client_secret_jwt", {"token_endpoint_auth_methods_supported": ["client_secret_jwt"]}
        self.run_token("--grant", "client_credentials", "--client-secret-stdin")

    def test_private_key_jwt(self):
        self.s.wants.update(auth="private_key_jwt", kid="my-key")
        self.run_token("--grant", "client_credentials", "--key", self.key(), "--key-id", "my-key", stdin=None)
        for alg in ("RS256", "PS256"):
            self.s.wants["alg"] = alg
            self.run_token("--grant", "client_credentials", "--key", self.key("rsa"), "--key-id", "my-key", "--alg", alg, stdin=None)

    def test_the_algorithm_that_the_server_likes_is_taken(self):
        self.s.wants.update(auth="private_key_jwt", alg="PS256")
        self.s.metadata = {"token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "RS256"]}
        self.run_token("--grant", "client_credentials", "--key", self.key("rsa"), stdin=None)

    def test_a_secret_too_short_for_hmac_is_told(self):
        said = self.run_token("--grant", "client_credentials", "--client-secret-stdin", "--auth-method", "client_secret_jwt", stdin="short", status=1)
        self.assertIn("secret", said)

    def test_client_certificates_go_to_the_aliases(self):
        keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("server", "client")}
        certs = {name: self.file(name + ".crt", certificate(key, name)) for name, key in keys.items()}
        files = {name: self.file(name + ".key", pem(key)) for name, key in keys.items()}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs["server"], files["server"])
        context.load_verify_locations(certs["client"])
        context.verify_mode = ssl.CERT_OPTIONAL
        mutual = StandIn(context)
        self.addCleanup(mutual.close)
        with open(certs["client"], "rb") as f:
            der = x509.load_pem_x509_certificate(f.read()).public_bytes(serialization.Encoding.DER)
        mutual.wants.update(certificate=der, auth="tls")
        for how in ("tls_client_auth", "self_signed_tls_client_auth"):
            self.s.metadata = {"mtls_endpoint_aliases": {"token_endpoint": mutual.url + "/token"}, "token_endpoint_auth_methods_supported": [how]}
            for more in ((), ("--auth-method", how)):
                self.run_token("--grant", "client_credentials", "--cert", certs["client"], "--key", files["client"], "--ca", certs["server"], *more, stdin=None)
        self.assertEqual((len(mutual.seen["/token"]), mutual.failures), (4, []))
        self.assertNotIn("/token", self.s.seen)

    def test_a_key_that_others_can_read_is_refused(self):
        self.assertIn("chmod 600", self.run_token("--grant", "client_credentials", "--key", self.key(mode=0o644), stdin=None, status=1))
        self.assertNotIn("/token", self.s.seen)

    def test_a_file_that_is_no_key_is_told(self):
        said = self.run_token("--grant", "client_credentials", "--key", self.file("no.pem", b"nothing"), stdin=None, status=1)
        self.assertIn("does not contain an unencrypted private key", said)

    def test_a_refusal_is_told_with_advice(self):
        said = self.run_token("--grant", "client_credentials", "--client-secret-stdin", stdin="wrong", status=1)
        self.assertIn("invalid_client: wrong secret", said)
        self.assertIn("--client-id", said)

    # ---- the code grant
    def test_code_with_openid(self):
        answer = self.run_code("--scope", "openid profile", "--decode", "--userinfo", "--resource", "https://a.example", "--resource", "https://b.example",
                               "--prompt", "login consent", "--max-age", "60", "--login-hint", "alice", "--acr-values", "x y",
                               "--claims", '{"id_token":{"email":null}}', "--authorization-details", '[{"type":"t"}]')
        self.assertEqual(answer["decoded"]["id_token"]["claims"]["sub"], "person")
        self.assertIn("signature", answer["decoded"]["id_token"]["checked"])
        self.assertEqual(answer["userinfo"]["name"], "A Person")
        asked = self.s.asked
        self.assertEqual((asked["prompt"], asked["max_age"], asked["login_hint"], asked["acr_values"]), ("login consent", "60", "alice", "x y"))
        self.assertEqual(asked["resource"], ["https://a.example", "https://b.example"])
        self.assertEqual(json.loads(asked["claims"]), {"id_token": {"email": None}})
        self.assertEqual(json.loads(asked["authorization_details"]), [{"type": "t"}])

    def test_code_by_every_response_mode(self):
        for mode in ("query", "form_post", "jwt", "query.jwt", "form_post.jwt"):
            self.run_code("--scope", "openid", "--response-mode", mode)

    def test_code_pushed_and_signed(self):
        key = self.key()
        self.run_code("--scope", "openid", "--par", "--claims", '{"userinfo":{"name":null}}')
        self.assertEqual(set(self.s.query), {"client_id", "request_uri"})
        self.run_code("--scope", "openid", "--request-object", "--key", key, "--max-age", "5", "--claims", '{"userinfo":{"name":null}}')
        self.assertEqual(set(self.s.query), {"client_id", "response_type", "scope", "request"})
        self.assertEqual((self.s.asked["max_age"], self.s.asked["claims"]), (5, {"userinfo": {"name": None}}))
        self.run_code("--scope", "openid", "--request-object", "--key", key, "--par")
        self.assertEqual(set(self.s.seen["/par"][-1]), {"client_id", "request"})
        self.s.metadata = {"require_pushed_authorization_requests": True, "require_signed_request_object": True}
        self.run_code("--scope", "openid", "--key", key)
        self.assertEqual(set(self.s.query), {"client_id", "request_uri"})

    def test_code_the_fapi_way(self):
        self.s.wants.update(auth="private_key_jwt", nonce="n-")
        self.run_code("--scope", "openid", "--par", "--request-object", "--key", self.key(), "--dpop", "--response-mode", "jwt", "--userinfo", stdin=None)
        self.assertEqual(self.s.nonces, 3, "one at par, one at the token endpoint, one at userinfo")

    def test_what_the_server_refuses_on_the_way_is_told(self):
        self.assertIn("access_denied", self.run_code("--scope", "openid", deny=True, status=1))

    def test_a_foreign_answer_is_refused(self):
        self.assertIn("the state in the answer is not the one", self.run_code(state="x", status=1))
        self.assertIn("another issuer", self.run_code(iss="https://evil.example", status=1))
        self.s.wants["bad_jarm"] = True
        self.assertIn("is not valid", self.run_code("--response-mode", "jwt", status=1))
        self.assertNotIn("/token", self.s.seen)

    # ---- ID tokens
    def test_a_lying_id_token_is_a_failure(self):
        past = int(time.time()) - 1000
        for lie in ({"nonce": "other"}, {"nonce": None}, {"iss": "https://evil.example"}, {"aud": "other"}, {"aud": ["app", "other"]}, {"azp": "other"},
                    {"exp": past}, {"exp": None}, {"iat": None}, {"sub": None}, {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, {"auth_time": past}, {"auth_time": None}):
            self.s.lies = lie
            said = self.run_code("--scope", "openid", "--max-age", "60", status=1)
            self.assertIn("ID token is not valid", said, lie)
        self.s.lies = {"aud": ["app", "other"], "azp": "app"}
        self.run_code("--scope", "openid", "--max-age", "60")
        self.s.wrong_key, self.s.lies = True, {}
        self.assertIn("ID token is not valid", self.run_code("--scope", "openid", status=1))

    def test_userinfo_of_another_person_is_refused(self):
        self.s.wants["userinfo_sub"] = "somebody"
        self.assertIn("a different user", self.run_code("--scope", "openid", "--userinfo", status=1))

    def test_signed_userinfo(self):
        self.s.wants["signed_userinfo"] = True
        self.assertEqual(self.run_code("--scope", "openid", "--userinfo")["userinfo"]["name"], "A Person")

    # ---- DPoP
    def test_dpop_with_a_nonce_and_a_kept_key(self):
        self.s.wants["nonce"] = "n-"
        file = os.path.join(self.scratch.name, "dpop.pem")
        args = ("--grant", "client_credentials", "--client-secret-stdin", "--dpop-key", file)
        self.assertEqual(self.run_token(*args)["token_type"], "DPoP")
        first = self.s.jkt
        self.assertEqual((self.s.nonces, self.s.proofs), (1, 2))
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        self.run_token(*args)
        self.assertEqual(self.s.jkt, first)
        self.run_token("--grant", "client_credentials", "--client-secret-stdin", "--dpop")
        self.assertNotEqual(self.s.jkt, first)

    def test_a_token_that_is_not_bound_is_refused(self):
        real = self.s.tokens
        self.s.tokens = lambda request, *a, **k: (200, {**real(request, *a, **k)[1], "token_type": "Bearer"})
        self.assertIn("not bound", self.run_token("--grant", "client_credentials", "--client-secret-stdin", "--dpop", status=1))

    # ---- the other grants
    def test_device_code(self):
        self.s.polls = ["authorization_pending", "authorization_pending"]
        self.run_token("--grant", "device_code", "--client-secret-stdin", "--scope", "a")
        self.assertIn("WDJB-MJHT", self.err)
        self.assertIn(self.s.url + "/go", self.err)
        self.assertEqual((self.s.seen["/device"][0]["scope"], len(self.s.seen["/token"])), ("a", 3))
        self.s.polls = ["access_denied"]
        self.assertIn("access_denied", self.run_token("--grant", "device_code", "--client-secret-stdin", status=1))

    def test_ciba(self):
        self.s.polls = ["authorization_pending"]
        answer = self.run_token("--grant", "ciba", "--client-secret-stdin", "--login-hint", "alice", "--binding-message", "W4SCT", "--decode")
        self.assertEqual(self.s.seen["/ciba"][0], {"scope": "openid", "login_hint": "alice", "binding_message": "W4SCT"})
        self.assertEqual(answer["decoded"]["id_token"]["claims"]["sub"], "person")
        self.run_token("--grant", "ciba", "--client-secret-stdin", "--login-hint", "alice", "--request-object", "--key", self.key())

    def test_token_exchange(self):
        self.run_token("--grant", "token_exchange", "--client-secret-stdin", "--subject-token-stdin", "--actor-token-stdin", "--actor-token-type", "jwt",
                       "--requested-token-type", "urn:x:y", "--audience", "one", "--audience", "two", "--scope", "s", stdin=SECRET + "\nsubject\nactor")
        f = self.s.seen["/token"][0]
        self.assertEqual((f["subject_token"], f["actor_token"], f["audience"], f["scope"]), ("subject", "actor", ["one", "two"], "s"))
        self.assertEqual(f["subject_token_type"], "urn:ietf:params:oauth:token-type:access_token")
        self.assertEqual(f["actor_token_type"], "urn:ietf:params:oauth:token-type:jwt")
        self.assertEqual(f["requested_token_type"], "urn:x:y")

    def test_jwt_bearer(self):
        self.s.wants["auth"] = "client_secret_basic"
        self.run_token("--grant", "jwt_bearer", "--client-secret-stdin", "--assertion-stdin", stdin=SECRET + "\nheader.claims.signature")
        self.assertEqual(self.s.granted, "header.claims.signature")
        self.run_token("--grant", "jwt_bearer", "--client-secret-stdin", "--key", self.key(), "--issuer-claim", "https://idp.example", "--subject", "alice")
        self.assertEqual((self.s.granted["iss"], self.s.granted["sub"]), ("https://idp.example", "alice"))

    def test_refresh_checks_the_id_token_too(self):
        self.run_token("--grant", "refresh_token", "--client-secret-stdin", "--refresh-token-stdin", stdin=SECRET + "\nrt-1")
        self.s.lies = {"aud": "other"}
        self.assertIn("is not valid", self.run_token("--grant", "refresh_token", "--client-secret-stdin", "--refresh-token-stdin", stdin=SECRET + "\nrt-1", status=1))

    def test_a_page_where_metadata_may_be_is_passed_over(self):
        self.s.wants["page"] = "<!DOCTYPE html><title>We like single pages</title>"
        self.run_token("--grant", "client_credentials", "--client-secret-stdin")

    def test_a_grant_that_the_server_lacks_is_told(self):
        self.s.metadata = {"device_authorization_endpoint": None}
        self.assertIn("device_authorization_endpoint", self.run_token("--grant", "device_code", "--client-secret-stdin", status=1))

    def test_an_endpoint_in_the_open_is_refused(self):
        self.s.metadata = {"token_endpoint": "http://as.example/token"}
        self.assertIn("https://", self.run_token("--grant", "client_credentials", "--client-secret-stdin", status=1))
        self.s.metadata = {"authorization_endpoint": "http://as.example/authorize"}
        self.assertIn("must be https://", self.run_token("--grant", "authorization_code", "--client-secret-stdin", status=1))

    # ---- verbs
    def test_introspect_and_revoke(self):
        def verb(name, stdin):
            return subprocess.run([BIN, "token", name, "--issuer", self.s.url, "--client-id", "app", "--client-secret-stdin", "--token-stdin", "--json"],
                                  input=stdin, text=True, capture_output=True, timeout=60, env=clean_environment())
        done = verb("introspect", SECRET + "\nat-1\n")
        self.assertEqual((done.returncode, json.loads(done.stdout)["active"]), (0, True), done.stderr)
        self.assertEqual(verb("revoke", SECRET + "\nat-1\n").returncode, 0)
        self.assertEqual(self.s.seen["/revoke"][0]["token"], "at-1")

    def test_what_is_missing_is_wrong_usage(self):
        for args, word in ((("--grant", "client_credentials"), "--client-secret-stdin"), (("--grant", "ciba", "--client-secret-stdin"), "--login-hint"),
                           (("--grant", "jwt_bearer"), "--assertion-stdin"), (("--grant", "authorization_code", "--request-object"), "--key"),
                           (("--grant", "client_credentials", "--auth-method", "private_key_jwt", "--client-secret-stdin"), "--key"),
                           (("--grant", "client_credentials", "--cert", "x.pem"), "--key"),
                           (("--grant", "device_code", "--par"), "authorization_code"),
                           (("--grant", "authorization_code", "--claims", "{"), "JSON")):
            self.assertIn(word, self.run_token(*args, status=2), args)


if __name__ == "__main__":
    unittest.main()
