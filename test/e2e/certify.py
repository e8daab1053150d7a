# SPDX-License-Identifier: MIT
"""What a certification suite for authorization servers brings along: keys and signatures that are not jeton's (jwcrypto), client
certificates, an HTTPS site of its own, a browser that fills forms by the ids of their fields, and the conditions that each of its modules
checks. The files test_certify_*.py name their tests after the suite's modules and the clause that each checks."""
import base64
import datetime
import functools
import hashlib
import html.parser
import http.server
import ipaddress
import json
import os
import re
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
from jwcrypto import jwk, jws

from harness import Server, basic, free_port, note, remember

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FOLDER = tempfile.TemporaryDirectory(prefix="jeton-certify-")
PLAIN_ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+\Z")  # RFC 6749 5.2


def server_second():
    """By the clock that the server reads, CLOCK_REALTIME_COARSE: it is a little behind the one of time.time()."""
    return int(time.clock_gettime(5))


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def keep(name, data):
    path = os.path.join(FOLDER.name, name)
    with open(path, "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)
    os.chmod(path, 0o600)
    return path


# ---------------------------------------------------------------------------------------------------------------- keys and signatures
@functools.lru_cache(maxsize=None)
def key_for(name, alg):
    """One key a name and algorithm; RSA keys are slow to make, so each is made once."""
    made = {"RS": {"kty": "RSA", "size": 2048}, "PS": {"kty": "RSA", "size": 2048}, "ES": {"kty": "EC", "crv": "P-256"},
            "Ed": {"kty": "OKP", "crv": "Ed25519"}}[alg[:2]]
    return jwk.JWK.generate(**made)


def public(key, **more):
    return {**json.loads(key.export_public()), **more}


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def claims_of(token):
    return json.loads(unb64(token.split(".")[1]))


def sign(key, alg, claims, kid=None, typ=None, **header):
    head = {"alg": alg, **({"kid": kid} if kid else {}), **({"typ": typ} if typ else {}), **header}
    if alg == "none":
        return b64(json.dumps(head)) + "." + b64(json.dumps(claims)) + "."
    made = jws.JWS(json.dumps(claims))
    made.add_signature(key, None, json.dumps(head))
    return made.serialize(compact=True)


def spoil(token):
    """The same with another signature."""
    head, body, signature = token.split(".")
    raw = bytearray(unb64(signature))
    raw[len(raw) // 2] ^= 0x5a
    return ".".join((head, body, b64(bytes(raw))))


def verify(token, keys):
    """The claims of a signature by one of these public keys, found by kid."""
    head = header_of(token)
    (found,) = [k for k in keys if k.get("kid") == head.get("kid")]
    checked = jws.JWS()
    checked.deserialize(token)
    checked.verify(jwk.JWK(**found), head["alg"])
    return json.loads(checked.payload)


def half_hash(text):  # OpenID Connect Core 3.1.3.6, for the algorithms with SHA-256
    return b64(hashlib.sha256(text.encode()).digest()[:16])


def thumbprint(key):
    return key.thumbprint(hashes.SHA256())


def proof(key, method, url, alg="ES256", token=None, header=None, **changes):
    """A DPoP proof (RFC 9449 4.2); a change to None leaves the claim out."""
    claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
    if token:
        claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
    claims = {k: v for k, v in {**claims, **changes}.items() if v is not None}
    head = {"typ": "dpop+jwt", "jwk": public(key), **(header or {})}
    return sign(key, head.pop("alg", alg), claims, **{k: v for k, v in head.items() if v is not None})


class Pair:
    """A self-signed certificate and its key, with a name per use."""

    def __init__(self, name):
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
        self.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = (x509.CertificateBuilder().subject_name(self.subject).issuer_name(self.subject).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=20))
                .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
                .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        self.der = made.public_bytes(serialization.Encoding.DER)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        stem = secrets.token_hex(4)
        self.files = keep(stem + ".pem", self.pem), keep(stem + ".key", private)
        numbers = key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "use": "sig", "kid": stem, "x": b64(numbers.x.to_bytes(32, "big")),
                    "y": b64(numbers.y.to_bytes(32, "big")), "x5c": [base64.b64encode(self.der).decode()]}
        self.thumbprint = b64(hashlib.sha256(self.der).digest())


class Site:
    """The suite's own HTTPS site on 127.0.0.1: documents by GET, and everything that was posted."""

    def __init__(self):
        self.pair, self.documents, self.asked, self.posted = Pair("suite"), {}, [], []
        self.arrived = threading.Condition()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, kind, body):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                site.asked.append(self.path)
                kind, body = site.documents.get(self.path, ("text/plain", None))
                self.answer(200 if body is not None else 404, kind, body or b"")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                with site.arrived:
                    site.posted.append((self.path, dict(self.headers), urllib.parse.parse_qsl(body)))
                    site.arrived.notify_all()
                self.answer(200, "text/plain", b"")

            def log_message(self, *_):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a caller that hung up

        self.server = Threads(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair.files)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, path, value, kind="application/json"):
        self.documents[path] = (kind, value.encode() if isinstance(value, str) else json.dumps(value).encode())
        return "https://" + self.host + path

    def wait(self, path, seconds=20):
        """The headers and fields of a POST to this path; bounded."""
        end = time.monotonic() + seconds
        with self.arrived:
            while True:
                for found in self.posted:
                    if found[0] == path:
                        self.posted.remove(found)
                        return found[1:]
                if not self.arrived.wait(max(0, end - time.monotonic())) and time.monotonic() >= end:
                    raise AssertionError("nothing was posted to " + path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


# ----------------------------------------------------------------------------------------------------------------- the suite's browser
class NoSuchElement(AssertionError):
    pass


class NotEditable(AssertionError):
    """What Selenium says when it is told to clear a field that is readonly or disabled."""


class Elements(html.parser.HTMLParser):
    """Each element's tag, attributes, form and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.all, self.forms, self.form, self.open = [], [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "a": {k: v if v is not None else "" for k, v in attributes}, "form": self.form, "text": ""}
        if tag == "form":
            self.form = element
            self.forms.append(element)
        element["form"] = self.form
        self.all.append(element)
        if tag not in ("input", "meta", "link", "br", "img", "hr"):
            self.open.append(element)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        for i in range(len(self.open) - 1, -1, -1):
            if self.open[i]["tag"] == tag:
                del self.open[i:]
                return

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def by_id(self, name):
        found = [e for e in self.all if e["a"].get("id") == name]
        if not found:
            raise NoSuchElement("no element with id " + name)
        return found[0]

    def has(self, name):
        return any(e["a"].get("id") == name for e in self.all)

    def within(self, form, *tags):
        return [e for e in self.all if e["form"] is form and e["tag"] in tags]


class Back:
    """What arrived at the client's redirect URI."""

    def __init__(self, uri, way, fields):
        self.uri, self.way, self.pairs, self.fields = uri, way, fields, dict(fields)
        remember(self.fields.get("code"))

    def __getitem__(self, name):
        return self.fields[name]

    def get(self, name):
        return self.fields.get(name)


class Unit:
    """A browser as the suite scripts it: it clears and types into fields and clicks buttons by their ids, follows redirects, sends forms
    as they stand in the page, and runs nothing of a page's script but a submit. `seen` has the pages in order."""

    def __init__(self, server):
        self.server, self.http, self.seen, self.back = server, server.http(), [], None
        self.http.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
        self.at = self.response = self.page = None

    def ours(self, url):
        return url.startswith(self.server.url + "/")

    def send(self, method, url, data=None, headers=None):
        self.back = None
        for _ in range(12):
            self.response = r = self.http.request(method, url, data=data, headers=headers, allow_redirects=False, timeout=20)
            for cookie in self.http.cookies:
                remember(cookie.value)
            self.at = url
            if r.status_code not in (301, 302, 303, 307, 308):
                self.page = Elements(r.text)
                return self.run_script()
            url = urllib.parse.urljoin(url, r.headers["Location"])
            if not self.ours(url):
                parts = urllib.parse.urlsplit(url)
                assert r.status_code in (302, 303), "a redirect to a client must not carry the form on (RFC 9700 4.12)"
                assert not parts.fragment, "code flow answers in the query: " + url
                self.back = Back(url, "query", urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
                return self
            method, data, headers = "GET", None, None
        raise AssertionError("redirects without end: " + url)

    def run_script(self):
        """Form Post Response Mode 2: a form of hidden fields and a button, sent by script; nothing else is run here."""
        for form in self.page.forms:
            action = form["a"].get("action", "")
            if self.ours(urllib.parse.urljoin(self.at, action)):
                continue
            assert form["a"].get("method", "get").lower() == "post", "form_post must be a POST form"
            fields = self.page.within(form, "input")
            assert all(e["a"].get("type") == "hidden" for e in fields), "only hidden fields"
            assert any(e["a"].get("type", "submit") == "submit" and e["text"].strip() for e in self.page.within(form, "button")), \
                "a button for browsers without script"
            scripts = [e for e in self.page.all if e["tag"] == "script"]
            assert any(".submit()" in self.http.get(urllib.parse.urljoin(self.at, e["a"]["src"]), timeout=20).text for e in scripts), \
                "a script that sends it"
            self.back = Back(urllib.parse.urljoin(self.at, action), "form", [(e["a"]["name"], e["a"].get("value", "")) for e in fields])
        return self

    def visit(self, url, method="GET"):
        if method == "GET":
            return self.send("GET", url)
        base, _, query = url.partition("?")
        return self.send("POST", base, query, {"Content-Type": "application/x-www-form-urlencoded"})

    def type(self, name, value):
        field = self.page.by_id(name)
        if "readonly" in field["a"] or "disabled" in field["a"] or field["tag"] not in ("input", "textarea"):
            raise NotEditable(name + " cannot be cleared and typed into")
        field["a"]["value"] = value

    def click(self, name):
        button = self.page.by_id(name)
        if button["tag"] == "a":
            return self.send("GET", urllib.parse.urljoin(self.at, button["a"]["href"]))
        form = button["form"]
        assert form and button["a"].get("type", "submit") == "submit", name + " sends no form"
        for field in self.page.within(form, "input"):
            if "required" in field["a"] and not field["a"].get("value"):
                raise AssertionError("required and empty: " + field["a"].get("name", "?"))
        fields = [(e["a"]["name"], e["a"].get("value", "")) for e in self.page.within(form, "input", "button")
                  if e["a"].get("name") and (e is button or (e["tag"] == "input" and e["a"].get("type", "text") not in ("submit", "button") and
                                                             (e["a"].get("type") not in ("checkbox", "radio") or "checked" in e["a"])))]
        to = urllib.parse.urljoin(self.at, form["a"].get("action") or self.at)
        if form["a"].get("method", "get").lower() == "get":
            return self.send("GET", to.split("?")[0] + "?" + urllib.parse.urlencode(fields))
        return self.send("POST", to, fields, {"Origin": self.server.url, "Referer": self.at})

    def log_in(self, person):
        self.seen.append("login")
        self.type("username", person.name)
        self.type("password", person.password)
        return self.click("login")

    def go_on(self, person, decision="allow"):
        """Login and consent as often as they are asked for, like the suite's scripted tasks; stops at any other page."""
        for _ in range(5):
            if self.back:
                return self
            if self.page.has("username") and self.page.has("password"):
                self.log_in(person)
            elif self.page.has("allow") and self.page.has("deny"):
                self.seen.append("consent")
                self.click(decision)
            elif self.page.has("continue"):
                self.seen.append("account")
                self.click("continue")
            else:
                self.seen.append("page")
                return self
        return self


# ------------------------------------------------------------------------------------------------------------------- the suite's client
class Rp:
    """A client as the suite plays it."""

    def __init__(self, suite, made, **how):
        self.suite, self.id, self.secret = suite, made["client_id"], made.get("client_secret")
        self.auth = how.pop("auth", made.get("token_endpoint_auth_method", "client_secret_basic"))
        self.alg, self.kid, self.key = how.pop("alg", "RS256"), how.pop("kid", None), how.pop("key", None)
        self.redirect, self.scope = how.pop("redirect"), how.pop("scope", "openid")
        self.cert, self.sender = how.pop("cert", None), how.pop("sender", None)
        self.id_alg, self.strict = how.pop("id_alg", "RS256"), how.pop("strict", False)  # strict: FAPI, aud is the issuer alone
        self.extra, self.made = how.pop("extra", {}), made
        assert not how, how
        self.dpop = jwk.JWK.generate(kty="EC", crv="P-256") if self.sender == "dpop" else None
        self.nonces = {}
        remember(self.secret)

    def at(self, name):
        if self.cert:  # RFC 8705 5
            return self.suite.meta.get("mtls_endpoint_aliases", {}).get(name) or self.suite.meta[name]
        return self.suite.meta[name]

    def base(self):
        """Where this client finds the API."""
        door = urllib.parse.urlsplit(self.at("token_endpoint"))
        return "%s://%s" % (door.scheme, door.netloc)

    def assertion(self, alg=None, key=None, kid=None, **changes):
        now = int(time.time())
        aud = self.suite.issuer if self.strict else self.suite.meta["token_endpoint"]
        claims = {"iss": self.id, "sub": self.id, "aud": aud, "jti": secrets.token_urlsafe(16), "iat": now, "exp": now + 60, **changes}
        if self.auth == "client_secret_jwt":
            secret = jwk.JWK(kty="oct", k=b64(self.secret))
            return sign(secret, alg or "HS256", {k: v for k, v in claims.items() if v is not None})
        return sign(key or self.key, alg or self.alg, {k: v for k, v in claims.items() if v is not None}, kid=kid or self.kid)

    def authenticated(self, fields, assertion=None):
        """(fields, headers) with this client's authentication."""
        fields, headers = {k: v for k, v in fields.items() if v is not None}, {}
        if self.auth == "client_secret_basic":
            headers["Authorization"] = basic(urllib.parse.quote_plus(self.id), urllib.parse.quote_plus(self.secret))
        elif self.auth == "client_secret_post":
            fields.update(client_id=self.id, client_secret=self.secret)
        elif self.auth in ("private_key_jwt", "client_secret_jwt"):
            fields.update(client_assertion=assertion or self.assertion(), client_assertion_type=ASSERTION)
        else:
            fields.update(client_id=self.id)
        return fields, headers

    def http(self, cert=True):
        session = self.suite.server.http()
        if self.cert and cert:
            session.cert = self.cert.files
        return session

    def post(self, name, fields, assertion=None, dpop=None, headers=None, method="POST", cert=True, plain=False):
        """dpop: None or a function from a nonce (or None) to a proof; an answer use_dpop_nonce is heeded once (RFC 9449 8)."""
        for nonce in range(2):
            sent, more = (fields, {}) if plain else self.authenticated(fields, assertion)
            if dpop:
                more["DPoP"] = dpop(self.nonces.get("as"))
            with self.http(cert) as http:
                answer = note(http.request(method, self.at(name), data=sent, headers={**more, **(headers or {})}, timeout=20, allow_redirects=False))
            self.nonces["as"] = answer.headers.get("DPoP-Nonce", self.nonces.get("as"))
            if nonce or not dpop or assertion or answer.status_code != 400 or answer.json()["error"] != "use_dpop_nonce":
                return answer
        return answer

    def proof(self, method, url, key=None, **more):
        """A function that makes proofs."""
        return (lambda nonce: proof(key or self.dpop, method, url, **{"nonce": nonce, **more})) if self.dpop else None

    def token(self, fields, dpop="own", **more):
        """POST to the token endpoint with this client's authentication and, where it has one, its DPoP key."""
        made = self.proof("POST", self.at("token_endpoint")) if dpop == "own" else dpop
        return self.post("token_endpoint", fields, dpop=made, **more)

    def code(self, back, verifier=None, **more):
        return self.token({"grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.redirect, "code_verifier": verifier}, **more)

    def refresh(self, refresh_token, **more):
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": more.pop("scope", None)}
        return self.token(fields, **more)

    def resource(self, token, method="GET", dpop="own", scheme=None, path=None, cert=True, headers=None, data=None):
        """The suite's protected resource: userinfo for OpenID Connect, the API otherwise."""
        url = self.at("userinfo_endpoint") if path is None else self.base() + path
        if dpop == "own":
            dpop = self.proof(method, url, token=token)
        for nonce in range(2):
            more = dict(headers or {})
            if dpop:
                more["DPoP"] = dpop(self.nonces.get("rs")) if callable(dpop) else dpop
            if data is None:
                more["Authorization"] = "%s %s" % (scheme or ("DPoP" if self.dpop else "Bearer"), token)
            with self.http(cert) as http:
                answer = http.request(method, url, headers=more, data=data, timeout=20)
            self.nonces["rs"] = answer.headers.get("DPoP-Nonce", self.nonces.get("rs"))
            if nonce or not callable(dpop) or answer.status_code != 401 or 'error="use_dpop_nonce"' not in answer.headers["WWW-Authenticate"]:
                return answer
        return answer


class Suite:
    """One server, what it publishes about itself, and the people and clients of a plan."""

    def __init__(self, args=(), env=None, mtls=False):
        self.site = Site()
        more = ["--fetch-internal", self.site.host, "--fetch-authority", self.site.pair.files[0]]
        if mtls:
            more += ["--listen-mtls", "localhost:%d" % free_port()]
        self.server = Server(args=[*more, *args], env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000",
                                                       "JETON_COURIER_WAIT": "1", **(env or {})})
        self.server.cli("user", "add", "root", "--admin", "--password-stdin", stdin="pw-" + secrets.token_urlsafe(16))
        self.person = self.server.user("alice", "--full-name", "Alice Example", "--email", "alice@example.org", *FULL_PERSON)
        self.other = self.server.user("bob", "--email", "bob@example.org")

    def start(self):
        self.server.start()
        self.meta = self.discover()
        self.issuer = self.meta["issuer"]
        return self

    def discover(self):
        return self.server.get("/.well-known/openid-configuration").json()

    def keys(self):
        with self.server.http() as http:
            return http.get(self.meta["jwks_uri"], timeout=20).json()["keys"]

    def client(self, *options, grants=("authorization_code", "refresh_token"), redirect="https://suite.example/test/a/jeton/callback",
               scope="openid profile email address phone offline_access", more_redirects=(), secret=None, **how):
        """Registered by the administrator: the suite's static client."""
        args = ["client", "add", "--name", "Suite " + secrets.token_hex(3), *options]
        for grant in grants:
            args += ["--grant", grant]
        for uri in (redirect, *more_redirects):
            args += ["--redirect-uri", uri] if uri else []
        if scope:
            args += ["--scope", scope]
        return Rp(self, self.server.cli(*args), redirect=redirect, **how)

    def keyed(self, *options, alg="RS256", kid=None, **how):
        """A static client with private_key_jwt."""
        name = secrets.token_hex(3)
        kid, key = kid or "k-" + name, key_for(how.pop("key_name", "suite"), alg)
        file = keep(name + ".json", json.dumps({"keys": [public(key, kid=kid, use="sig", alg=alg)]}))
        return self.client("--auth-method", "private_key_jwt", "--jwks", file, *options, auth="private_key_jwt", key=key, kid=kid, alg=alg, **how)

    def stop(self):
        self.server.stop()
        self.site.stop()


FULL_PERSON = ["--given-name", "Alice", "--family-name", "Example", "--middle-name", "Maria", "--nickname", "ali",
               "--profile", "https://example.org/alice", "--picture", "https://example.org/alice.png", "--website", "https://alice.example",
               "--gender", "female", "--birthdate", "2000-02-29", "--zoneinfo", "Europe/Paris", "--locale", "fr-CA", "--email-verified", "true",
               "--phone-number", "+1 555 555 0100", "--phone-number-verified", "false", "--street-address", "1 Main Street",
               "--locality", "Anytown", "--region", "QC", "--postal-code", "H0H 0H0", "--country", "Canada"]

# OpenID Connect Core 5.4
SCOPE_CLAIMS = {"profile": ["name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
                            "gender", "birthdate", "zoneinfo", "locale", "updated_at"],
                "email": ["email", "email_verified"], "address": ["address"], "phone": ["phone_number", "phone_number_verified"]}


# ----------------------------------------------------------------------------------------------------------------- the suite's conditions
class Conditions(unittest.TestCase):
    """Each check has the name of the suite's condition, or of the clause that it reads."""
    suite = None

    @classmethod
    def tearDownClass(cls):
        if cls.suite:
            cls.suite.stop()

    # ---- requests
    def request(self, rp, **changes):
        """The parameters of a plain request: CreateAuthorizationEndpointRequestFromClientInformation, random state and nonce."""
        p = {"client_id": rp.id, "redirect_uri": rp.redirect, "scope": rp.scope, "state": secrets.token_urlsafe(12),
             "nonce": secrets.token_urlsafe(12), "response_type": "code", **rp.extra, **changes}
        return {k: v for k, v in p.items() if v is not None}

    def url(self, p):
        return self.suite.meta["authorization_endpoint"] + "?" + urllib.parse.urlencode(p)

    def authorize(self, rp, browser=None, method="GET", person=None, decision="allow", **changes):
        """(browser, parameters) after an authorization request; browser.back is what came to the redirect URI, if anything did."""
        p = self.request(rp, **changes)
        browser = browser or self.browser()
        browser.seen = []
        browser.visit(self.url(p), method)
        return browser.go_on(person or self.suite.person, decision), p

    def browser(self):
        made = Unit(self.suite.server)
        self.addCleanup(made.http.close)
        return made

    def flow(self, rp, browser=None, verifier=None, **changes):
        """A whole code flow with all standard checks: (token answer, id token claims, parameters, browser)."""
        browser, p = self.authorize(rp, browser, **changes)
        self.check_callback(browser, rp, p)
        answer = rp.code(browser.back, verifier)
        tokens = self.check_token_response(answer)
        claims = self.check_id_token(tokens["id_token"], rp, p.get("nonce"), tokens["access_token"])
        self.check_userinfo(rp, tokens["access_token"], claims)
        return tokens, claims, p, browser

    # ---- authorization endpoint
    def check_callback(self, browser, rp, p, way="query"):
        self.assertIsNotNone(browser.back, "%s\n%s" % (browser.seen, browser.response.text[:3000]))
        back = browser.back
        self.assertEqual(back.way, way)
        self.assertEqual(len(back.pairs), len(back.fields), "a parameter twice: %r" % back.pairs)
        wanted = urllib.parse.urlsplit(rp.redirect)
        got = urllib.parse.urlsplit(back.uri)
        self.assertEqual(got[:3], wanted[:3])
        for name, value in urllib.parse.parse_qsl(wanted.query):  # CheckMatchingCallbackParameters
            self.assertEqual(dict(urllib.parse.parse_qsl(got.query)).get(name), value)
        self.assertNotIn("error", back.fields, back.pairs)  # CheckIfAuthorizationEndpointError
        self.assertEqual(back.get("state"), p.get("state"))  # CheckStateInAuthorizationResponse
        self.assertEqual(back.get("iss"), self.suite.issuer)  # RFC 9207 2: ValidateIssIfPresentInAuthorizationResponse
        self.assertGreaterEqual(len(back["code"]), 22)  # EnsureMinimumAuthorizationCodeLength
        self.assertRegex(back["code"], r"^[\x20-\x7e]+$")
        return back

    def check_error_callback(self, browser, p, *errors):
        """performGenericAuthorizationEndpointErrorResponseValidation, then the module's own codes."""
        self.assertIsNotNone(browser.back, "%s\n%s" % (browser.seen, browser.response.text[:3000]))
        back = browser.back
        self.assertEqual(back.get("state"), p.get("state"))
        self.assertEqual(back.get("iss"), self.suite.issuer)
        self.assertIn(back.get("error"), errors)
        self.assertNotIn("code", back.fields)  # RejectAuthCodeInAuthorizationEndpointResponse
        own = {n for n, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(p.get("redirect_uri", "")).query)}
        self.assertLessEqual(set(back.fields), {"error", "error_description", "error_uri", "state", "iss"} | own)
        if "error_description" in back.fields:
            self.assertRegex(back["error_description"], PLAIN_ERROR)  # RFC 6749 4.1.2.1
        return back["error"]

    def check_error_page(self, browser):
        """A placeholder for a screenshot: the script waits for `Error:` or for the element error, and nothing was sent to the client."""
        self.assertIsNone(browser.back, browser.back and browser.back.uri)
        self.assertGreaterEqual(browser.response.status_code, 400)
        self.assertIn("text/html", browser.response.headers["Content-Type"])
        self.assertIn("Error:", "".join(e["text"] for e in browser.page.all if e["tag"] == "html"))
        self.assertTrue(browser.page.by_id("error")["text"].strip())

    # ---- token endpoint
    def check_json(self, answer, status=200):
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        return answer.json()

    def check_token_response(self, answer, sender=None):
        body = self.check_json(answer)
        self.assertIn("no-store", answer.headers["Cache-Control"])  # CheckTokenEndpointCacheHeaders, RFC 6749 5.1
        self.assertIn("no-cache", answer.headers["Pragma"])
        self.assertEqual(body["token_type"].lower(), "dpop" if sender == "dpop" else "bearer")
        self.assertRegex(body["access_token"], r"^[A-Za-z0-9\-._~+/]+=*$")  # EnsureAccessTokenContainsAllowedCharactersOnly
        self.assertGreaterEqual(len(body["access_token"]), 22)
        self.assertIs(type(body["expires_in"]), int)  # ValidateExpiresIn
        self.assertGreater(body["expires_in"], 0)
        if "refresh_token" in body:
            self.assertRegex(body["refresh_token"], r"^[\x20-\x7e]{22,}$")  # RFC 6749 A.17
        if "scope" in body:
            self.assertIs(type(body["scope"]), str)
        return body

    def check_token_error(self, answer, *errors, statuses=(400, 401)):
        self.assertIn(answer.status_code, statuses, answer.text)
        body = self.check_json(answer, answer.status_code)
        self.assertIn(body["error"], errors, answer.text)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertLessEqual(set(body), {"error", "error_description", "error_uri"})
        if "error_description" in body:
            self.assertRegex(body["error_description"], PLAIN_ERROR)
        if body["error"] != "invalid_client":  # CheckTokenEndpointHttpStatusIs400Allowing401ForInvalidClientError
            self.assertEqual(answer.status_code, 400)
        return body["error"]

    # ---- ID token
    def check_id_token(self, token, rp, nonce, access_token=None, code=None, signed=True):
        """PerformStandardIdTokenChecks and EnsureIdTokenContainsKid."""
        head, now = header_of(token), time.time()
        self.assertEqual(head["alg"], rp.id_alg)
        self.assertTrue(head["kid"])
        keys = self.suite.keys()
        (used,) = [k for k in keys if k["kid"] == head["kid"]]
        self.assertEqual(used.get("use", "sig"), "sig")
        self.assertEqual(used.get("alg", head["alg"]), head["alg"])
        claims = verify(token, keys)
        self.assertEqual(claims["iss"], self.suite.issuer)
        aud = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        self.assertEqual(aud, [rp.id])
        self.assertIn(claims.get("azp", rp.id), (rp.id,))
        for name in ("exp", "iat"):
            self.assertIs(type(claims[name]), int, name)
        self.assertLessEqual(claims["iat"], now + 5)
        self.assertGreaterEqual(claims["iat"], now - 60)
        self.assertGreater(claims["exp"], now)
        self.assertIs(type(claims["sub"]), str)
        self.assertTrue(claims["sub"].isascii() and 0 < len(claims["sub"]) <= 255)  # CheckForSubjectInIdToken
        self.assertEqual(claims.get("nonce"), nonce)  # ValidateIdTokenNonce
        if "auth_time" in claims:
            self.assertIs(type(claims["auth_time"]), int)
            self.assertLessEqual(claims["auth_time"], claims["iat"])
        if "acr" in claims:
            self.assertIs(type(claims["acr"]), str)
        if "amr" in claims:
            self.assertTrue(all(type(a) is str for a in claims["amr"]) and type(claims["amr"]) is list)
        if access_token and "at_hash" in claims:
            self.assertEqual(claims["at_hash"], half_hash(access_token))  # ValidateAtHash
        self.check_standard_claims(claims)
        return claims

    # ---- userinfo
    def check_standard_claims(self, claims):
        """OpenID Connect Core 5.1: ValidateUserInfoStandardClaims and its cousins."""
        for name, value in claims.items():
            if name in ("email_verified", "phone_number_verified"):
                self.assertIs(type(value), bool, name)
            elif name == "updated_at":
                self.assertIs(type(value), int)
                self.assertLess(value, time.time() + 60)
            elif name == "address":
                self.assertIs(type(value), dict)
                self.assertLessEqual(set(value), {"formatted", "street_address", "locality", "region", "postal_code", "country"})
                self.assertTrue(value and all(type(v) is str and v for v in value.values()))
            elif name in SCOPE_CLAIMS["profile"] + ["email", "phone_number"]:
                self.assertIs(type(value), str, name)
                self.assertTrue(value, name + " is empty: it should be left out (Core 5.3.2)")
        if "birthdate" in claims:
            self.assertRegex(claims["birthdate"], r"^\d{4}(-\d\d-\d\d)?$")
        if "locale" in claims:
            self.assertRegex(claims["locale"], r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$")
        for name in ("profile", "picture", "website"):
            if name in claims:
                self.assertRegex(claims[name], r"^https?://")

    def check_userinfo(self, rp, token, id_claims, **how):
        answer = rp.resource(token, **how)
        body = self.check_json(answer)
        self.assertEqual(body["sub"], id_claims["sub"])  # Core 5.3.2
        self.check_standard_claims(body)
        return body
