# SPDX-License-Identifier: MIT
"""Under which names and paths the server answers: an issuer with a path, directly and behind proxies that strip or keep it; further host
names; probes by address (IN-04, MD-01, LS-02; RFC 8414 3.1, RFC 9728 3.1, OpenID Connect Discovery 4)."""
import http.client
import http.server
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse

import requests

from harness import BIN, Browser, Server, basic, clean_environment, free_port, pkce, query_of, read_page, run_cli
from prover import Prover

PAGES = ["/", "/login", "/logout", "/account", "/account/password", "/account/tokens", "/account/applications", "/account/sessions", "/account/requests",
         "/admin", "/admin/clients", "/admin/users", "/admin/scopes", "/admin/resources", "/admin/events", "/admin/keys", "/admin/registrations",
         "/oauth/device", "/nowhere"]


class Proxy:
    """Plain HTTP in front of plain HTTP. Serves what lies below `base` and the well-known addresses of that issuer, nothing else."""

    def __init__(self, base, strip):
        proxy = self
        self.base, self.strip, self.backend, self.seen = base, strip, None, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # the body would wait for the head to be acknowledged: 40 ms an answer

            def log_message(self, *arguments):
                pass

            def pass_on(self):
                path = self.path.split("?")[0]
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                ours = path == base or path.startswith(base + "/")
                if not ours and not (path.startswith("/.well-known/") and base in path):
                    self.send_response(502, "Not ours")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                proxy.seen.append(self.path)
                target = (self.path[len(base):] or "/") if ours and strip else self.path
                onward = http.client.HTTPConnection("127.0.0.1", proxy.backend, timeout=20)
                onward.request(self.command, target, body or None, dict(self.headers.items()))
                answer = onward.getresponse()
                text = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)) if self.command != "HEAD" else answer.getheader("Content-Length") or "0")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)
                onward.close()
            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = pass_on
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Visitor(Browser):
    """Types addresses below the issuer; what pages say is taken as they say it."""

    def get(self, url, **more):
        return super().get(self.server.url + url if url.startswith("/") else url, **more)


class Below:
    """What must hold wherever the issuer's path is cut. Subclasses say how the server is reached."""

    @classmethod
    def prepare(cls, server):
        cls.s = server
        cls.admin_password = secrets.token_urlsafe(16)
        server.cli("scope", "add", "read", "--description", "Read your documents")
        cls.boss = server.user("boss", "--admin", password=cls.admin_password)
        cls.alice = server.user("alice", "--email", "alice@example.org")
        cls.web = server.client("Web", "authorization_code", "device_code", redirect="http://127.0.0.1/callback", scope="read openid offline_access")
        cls.service = server.client("Service", "client_credentials", scope="read")
        server.cli("resource", "add", "https://docs.example", "--name", "Documents")
        server.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def meta(self):
        return self.s.get("/.well-known/openid-configuration").json()

    def test_metadata_stands_at_both_places_and_names_addresses_below(self):
        s, base = self.s, urllib.parse.urlsplit(self.s.url)
        origin = "%s://%s" % (base.scheme, base.netloc)
        places = [s.url + "/.well-known/openid-configuration", s.url + "/.well-known/oauth-authorization-server",
                  origin + "/.well-known/oauth-authorization-server" + base.path, origin + "/.well-known/openid-configuration" + base.path]
        with s.http() as http_:
            for place in places:
                with self.subTest(place=place):
                    told = http_.get(place, timeout=20).json()
                    self.assertEqual(told["issuer"], s.url)
                    for name, value in told.items():
                        if name.endswith(("_endpoint", "_uri")) and isinstance(value, str):
                            self.assertTrue(value.startswith(s.url + "/"), (name, value))
                            self.assertNotIn(http_.get(value, timeout=20, allow_redirects=False).status_code, (404, 502), value)
            for path, resource in (("", s.url), ("/api/1.0", s.url + "/api/1.0")):  # RFC 9728 3.1, 3.3
                told = http_.get(origin + "/.well-known/oauth-protected-resource" + base.path + path, timeout=20).json()
                self.assertEqual((told["resource"], told["authorization_servers"]), (resource, [s.url]))
                self.assertEqual(http_.get(s.url + "/.well-known/oauth-protected-resource" + path, timeout=20).json()["resource"], resource)
            for wrong in ("/other", base.path + "x", base.path + "/more"):
                self.assertIn(http_.get(origin + "/.well-known/openid-configuration" + wrong, timeout=20).status_code, (404, 502))
        answer = s.get("/api/1.0/users/me")
        self.assertEqual(answer.status_code, 401)
        place = origin + "/.well-known/oauth-protected-resource" + base.path + "/api/1.0"
        self.assertIn('resource_metadata="%s"' % place, answer.headers["WWW-Authenticate"])

    def test_openapi_names_this_server(self):
        document = self.s.get("/api/1.0/openapi.json").json()
        self.assertEqual(document["servers"], [{"url": self.s.url + "/api/1.0"}])
        flows = document["components"]["securitySchemes"]["oauth"]["flows"]
        self.assertEqual(flows["authorizationCode"]["authorizationUrl"], self.s.url + "/oauth/authorize")
        self.assertEqual(flows["password"]["tokenUrl"], self.s.url + "/oauth/token")

    def test_login_code_refresh_api_device_and_logout(self):
        s, b = self.s, Visitor(self.s)
        meta = self.meta()
        verifier, challenge = pkce()
        redirect = "http://127.0.0.1:9/callback"
        b.get(meta["authorization_endpoint"] + "?" + urllib.parse.urlencode(
            {"response_type": "code", "client_id": self.web.id, "redirect_uri": redirect, "scope": "openid read", "state": "s",
             "code_challenge": challenge, "code_challenge_method": "S256"}))
        self.assertTrue(b.at.startswith(s.url + "/login"), b.at)
        back = b.go_on(self.alice)
        self.assertEqual((back["iss"], back["state"]), (s.url, "s"))
        with s.http() as http_:
            http_.auth = (self.web.id, self.web.secret)
            got = http_.post(meta["token_endpoint"], {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": redirect,
                                                      "code_verifier": verifier}, timeout=20).json()
            self.assertIn("access_token", got)
            again = http_.post(meta["token_endpoint"], {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}, timeout=20).json()
            self.assertIn("access_token", again)
            device = http_.post(meta["device_authorization_endpoint"], {"scope": "read"}, timeout=20).json()
        self.assertTrue(device["verification_uri_complete"].startswith(s.url + "/oauth/device"))
        self.assertEqual(s.api("GET", "/users/me", self.boss.pat()).status_code, 200)
        b.get(device["verification_uri_complete"])
        for tag, attributes in b.page.tags:
            if tag == "img" and "qr" in attributes.get("class", ""):
                self.assertEqual(b.http.get(urllib.parse.urljoin(b.at, attributes["src"]), timeout=20).status_code, 200)
        b.submit(b.form("decision"), button=("decision", "allow"))
        self.assertEqual(b.response.status_code, 200, b.response.text)
        b.get("/oauth/logout?" + urllib.parse.urlencode({"id_token_hint": got["id_token"]}))
        self.assertFalse(b.logged_in())

    def test_cookies_are_for_the_path_alone(self):
        base = urllib.parse.urlsplit(self.s.url)
        cookie = self.s.get("/login", headers={"Accept": "text/html"}).headers["Set-Cookie"]
        self.assertIn("; Path=%s;" % base.path, cookie)
        secure = base.scheme == "https"
        self.assertEqual(cookie.split("=")[0], ("__Secure-" if secure else "") + "jeton-" + base.path[1:].replace("/", "."))
        self.assertEqual("; Secure" in cookie, secure)

    def test_a_dpop_proof_names_the_address_with_its_path(self):
        prover, meta = Prover(self.s), self.meta()
        headers = {"Authorization": basic(self.service.id, self.service.secret)}

        def ask(htu):
            with self.s.http() as http_:
                return http_.post(meta["token_endpoint"], {"grant_type": "client_credentials"}, timeout=20,
                                  headers={**headers, "DPoP": prover.proof("POST", htu)})
        answer = ask(meta["token_endpoint"])
        self.assertEqual((answer.status_code, answer.json().get("token_type")), (200, "DPoP"), answer.text)
        base = urllib.parse.urlsplit(self.s.url)
        self.assertEqual(ask("%s://%s/oauth/token" % (base.scheme, base.netloc)).status_code, 400)
        self.assertEqual(ask(meta["token_endpoint"].replace(base.path, base.path * 2)).status_code, 400)

    def test_the_client_side_finds_it(self):
        more = ["--ca", self.s.ca] if self.s.url.startswith("https") else []
        done = subprocess.run([BIN, "token", "--issuer", self.s.url, "--grant", "client_credentials", "--client-id", self.service.id,
                               "--client-secret-stdin", "--json", *more], input=self.service.secret + "\n", text=True, capture_output=True, timeout=30,
                              env=clean_environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("access_token", json.loads(done.stdout))

    def test_every_link_form_and_asset_of_every_page_lies_below_and_answers(self):
        """A crawl as administrator from all pages, with a pager, a client with an awkward id, and something in each list."""
        s, b = self.s, Visitor(self.s)
        base = urllib.parse.urlsplit(s.url)
        whole = self.boss.pat("--scope", "create-users")
        for i in range(30):  # more than one page
            answer = s.api("POST", "/users", whole, json={"username": "crawled%d" % i, "password": secrets.token_urlsafe(12)})
            self.assertEqual(answer.status_code, 201, answer.text)
        s.client("Crawled", "authorization_code", redirect="https://crawl.example/cb", options=["--id", "cr awl".replace(" ", "+&")])
        self.boss.pat(name="crawled")
        verifier, challenge = pkce()
        b.get("/oauth/authorize?" + urllib.parse.urlencode(
            {"response_type": "code", "client_id": self.web.id, "redirect_uri": "http://127.0.0.1:9/callback", "code_challenge": challenge,
             "code_challenge_method": "S256", "scope": "read"}))
        self.assertIn("code", b.go_on(self.boss))
        waiting, seen, forms, assets = [s.url + path for path in PAGES], set(), set(), set()
        while waiting:
            url = waiting.pop()
            key = url.split("#")[0]
            if key in seen or "done=" in key or key.split("?")[0].endswith("/login") and "?" in key:
                continue
            seen.add(key)
            response = b.request("GET", url)
            self.assertIsNone(b.outside, url)
            self.assertEqual(response.status_code, 404 if url.endswith("/nowhere") else 200, url)
            self.assertTrue(b.at.startswith(s.url + "/"), b.at)
            for tag, attributes in b.page.tags:
                for name in ("href", "src", "action", "formaction"):
                    where = attributes.get(name)
                    if where is None or where.startswith(("#", "data:")):
                        continue
                    to = urllib.parse.urljoin(b.at, where)
                    if urllib.parse.urlsplit(to).netloc != base.netloc:
                        continue
                    self.assertTrue(to.startswith(s.url + "/"), (url, tag, where))
                    if name == "src" or tag == "link":
                        assets.add(to)
                    elif tag == "form":
                        method = next(f.method for f in b.page.forms if f.action == where)
                        (forms.add(to) if method == "post" else waiting.append(to))
                    elif "/logout" not in to:
                        waiting.append(to)
        with s.http() as http_:
            for asset in assets:
                self.assertEqual(http_.get(asset, timeout=20).status_code, 200, asset)
            http_.cookies.update(b.http.cookies)
            for form in forms:
                answer = http_.post(form, data={"x": "y"}, timeout=20, allow_redirects=False)
                self.assertEqual(answer.status_code, 400, form)  # refused for want of its token: it is there
        self.assertTrue(any("page=2" in u for u in seen), "a pager")
        self.assertGreater(len(seen), 50)
        self.assertGreater(len(forms), 15)
        self.assertGreaterEqual(len(assets), 3)
        self.assertTrue(any("+%26" in u or "%2B%26" in u for u in seen), "the awkward client")

    def test_a_page_that_needs_a_login_is_come_back_to(self):
        b = Visitor(self.s)
        b.get("/admin/events?filter=x%20y")
        self.assertTrue(b.at.startswith(self.s.url + "/login?return_to="), b.at)
        b.login(self.boss)
        self.assertEqual(b.at, self.s.url + "/admin/events?filter=x%20y")

    def test_the_bare_path_leads_to_the_account(self):
        b = Visitor(self.s)
        b.get(self.s.url)
        self.assertTrue(b.at.startswith(self.s.url + "/login"), b.at)


class Direct(Below, unittest.TestCase):
    """TLS here; the path comes as it is."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.prepare(Server(args=["--issuer", "https://localhost:%d/auth" % port], listen="localhost:%d" % port))

    def test_what_has_no_path_is_answered_too(self):
        with self.s.http() as http_:
            root = "https://localhost:%d" % self.s.port
            self.assertEqual(http_.get(root + "/.well-known/openid-configuration", timeout=20).json()["issuer"], self.s.url)
            self.assertEqual(http_.get(root + "/oauth/jwks", timeout=20).status_code, 200)
            self.assertEqual(http_.get(root + "/auth/auth/oauth/jwks", timeout=20).status_code, 404)
            self.assertEqual(http_.get(root + "/authx/oauth/jwks", timeout=20).status_code, 404)

    def test_errors_keep_the_shape_of_their_address(self):
        many = {"X-%d" % i: "x" for i in range(101)}  # refused before anybody looks where it goes
        answer = self.s.get("/api/1.0/users", headers={"Accept": "text/html", **many})
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (431, "application/json"))
        answer = self.s.get("/api/1.0/nothing", headers={"Accept": "text/html"})
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (404, "application/json"))


class Twin(unittest.TestCase):
    def test_the_addresses_that_ask_for_certificates_lie_below_the_path_too(self):
        port, asking = free_port(), free_port()
        s = Server(args=["--issuer", "https://localhost:%d/a/b" % port, "--listen-mtls", "localhost:%d" % asking], listen="localhost:%d" % port).start()
        told = s.get("/.well-known/openid-configuration").json()
        twin = "https://localhost:%d/a/b/oauth/token" % asking
        self.assertEqual(told["mtls_endpoint_aliases"]["token_endpoint"], twin)
        service = s.client("Service", "client_credentials")
        prover = Prover(s)
        with s.http() as http_:
            for htu, wanted in ((twin, 200), (told["token_endpoint"], 400)):
                answer = http_.post(twin, {"grant_type": "client_credentials"}, timeout=20, auth=(service.id, service.secret),
                                    headers={"DPoP": prover.proof("POST", htu)})
                self.assertEqual(answer.status_code, wanted, answer.text)
        s.stop()


class Stripped(Below, unittest.TestCase):
    base, strip = "/auth", True

    @classmethod
    def setUpClass(cls):
        cls.proxy = Proxy(cls.base, cls.strip)
        cls.proxy.backend = free_port()
        cls.prepare(Server(args=["--issuer", "http://localhost:%d%s/" % (cls.proxy.port, cls.base), "--tls", "off"],
                           listen="127.0.0.1:%d" % cls.proxy.backend))

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.proxy.close()


class Kept(Stripped):
    base, strip = "/a/b", False


class Named(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(args=["--hosts", "id.internal sso.internal:9443 [2001:db8::1]", "--metrics", "on"])
        cls.alice = cls.s.user("alice")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def status(self, path, host, **more):
        return self.s.get(path, headers={"Host": host, **more}).status_code

    def test_probes_come_by_any_name(self):
        for host in ("10.1.2.3:8443", "10.1.2.3", "[fe80::1]:1", "pod-7.cluster.local", "evil.example", "localhost:%d" % self.s.port):
            for path in ("/health/live", "/health/ready"):
                self.assertEqual(self.status(path, host), 200, (path, host))

    def test_probes_of_HTTP_1_0_know_no_Host(self):
        context = ssl.create_default_context(cafile=self.s.ca)
        for head, wanted in (("GET /health/live HTTP/1.0", b"200"), ("GET /health/live HTTP/1.1", b"400"), ("GET /health/live HTTP/1.0\r\nHost:", b"400"),
                             ("GET /metrics HTTP/1.0", b"400"), ("GET /oauth/jwks HTTP/1.0", b"400")):
            with socket.create_connection(("127.0.0.1", self.s.port), 10) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(head.encode() + b"\r\n\r\n")
                self.assertEqual(tls.recv(4096).split(b" ")[1], wanted, head)

    def test_figures_come_by_address_but_never_by_a_foreign_name(self):
        for host in ("10.1.2.3:8443", "10.1.2.3", "[fe80::1]", "id.internal", "localhost:%d" % self.s.port):
            self.assertEqual(self.status("/metrics", host), 200, host)
        for host in ("evil.example", "evil.example:%d" % self.s.port, "10.1.2.3.evil.example", "127.0.0.1.nip.example:1"):
            self.assertEqual(self.status("/metrics", host), 421, host)

    def test_all_else_answers_the_names_that_were_given(self):
        port = self.s.port
        good = ["localhost:%d" % port, "id.internal", "ID.internal", "id.internal:443", "id.internal:%d" % port, "sso.internal:9443",
                "[2001:db8::1]", "[2001:db8::1]:%d" % port]
        bad = ["evil.example", "id.internal:9443", "sso.internal", "sso.internal:443", "10.1.2.3", "x.id.internal", "[2001:db8::2]"]
        for path in ("/oauth/jwks", "/login", "/api/1.0/openapi.json", "/nowhere", "/health", "/metrics/x"):
            for host in good:
                self.assertNotEqual(self.status(path, host), 421, (path, host))
            for host in bad:
                self.assertEqual(self.status(path, host), 421, (path, host))

    def test_the_certificate_of_its_own_covers_them(self):
        text = subprocess.run(["openssl", "x509", "-in", os.path.join(self.s.data, "tls", "server.pem"), "-noout", "-ext", "subjectAltName"],
                              capture_output=True, text=True, check=True).stdout
        for name in ("DNS:localhost", "DNS:id.internal", "DNS:sso.internal", "IP Address:2001:DB8:0:0:0:0:0:1"):
            self.assertIn(name, text)

    def test_people_log_in_under_a_further_name_and_no_foreign_origin_gets_in(self):
        for origin, wanted in (("https://id.internal", 303), ("https://evil.example", 400), ("https://sso.internal:9443", 400), ("http://id.internal", 400)):
            with self.s.http() as http_:
                page = http_.get(self.s.url + "/login", headers={"Host": "id.internal", "Accept": "text/html"}, timeout=20)
                form = next(f for f in read_page(page.text).forms if f.has("password"))
                fields = dict(form.fields, username="alice", password=self.alice.password)
                cookie = page.headers["Set-Cookie"].split(";")[0]
                answer = http_.post(self.s.url + "/login", fields, headers={"Host": "id.internal", "Origin": origin, "Cookie": cookie},
                                    timeout=20, allow_redirects=False)
                self.assertEqual(answer.status_code, wanted, origin)


class Issuers(unittest.TestCase):
    """What an issuer may look like is said by the parser, and nowhere else."""

    def explain(self, *more):
        return run_cli("/nowhere", "config", "explain", "--json", *more)

    def test_paths_that_are_taken(self):
        for path in ("", "/", "/auth", "/auth/", "/a/b", "/a/b/c-d_e.f~1", "/oauth", "/realms/main"):
            code, out, err = self.explain("--issuer", "https://id.example" + path)
            self.assertEqual((code, err), (0, ""), path)

    def test_paths_that_are_refused(self):
        for path in ("/a//b", "/../b", "/a/./b", "/a?b", "/a#b", "/a b", "/%61", "/a;b", "/.well-known/x", "//", "/ä"):
            self.assertNotEqual(self.explain("--issuer", "https://id.example" + path)[0], 0, path)


if __name__ == "__main__":
    unittest.main()
