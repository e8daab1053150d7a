# SPDX-License-Identifier: MIT
"""Foreign clients as judges of OpenID Connect and the modern profile, unchanged and over HTTPS: openid-client and oauth4webapi (npm),
Authlib, mod_auth_openidc in a real Apache, and oidc-agent. They refuse what the standards refuse; so must jeton, and no more."""
import json
import os
import re
import secrets
import select
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from jwcrypto import jwk

from harness import CALLBACK, E2E, Browser, Server, clean_environment, free_port, remember

PYTHON = "/usr/bin/python3"
RESOURCE = "https://files.example"


def key_pair(kid):
    """(private JWK as text, public JWK Set as text)"""
    key = jwk.JWK.generate(kty="EC", crv="P-256", kid=kid, use="sig", alg="ES256")
    return key.export(private_key=True), json.dumps({"keys": [json.loads(key.export(private_key=False))]})


class Judged(unittest.TestCase):
    """A server of its own: registration with an initial access token, and one person with an e-mail address."""

    @classmethod
    def setUpClass(cls):
        cls.s = Server(env={"JETON_REGISTRATION": "token", "JETON_REGISTRATION_GRANTS": "authorization_code refresh_token device_code"})
        cls.alice = cls.s.user("alice", "--full-name", "Alice Example", "--email", "alice@example.org", "--admin")
        cls.s.cli("scope", "add", "read", "--description", "Read your documents")
        cls.s.cli("resource", "add", RESOURCE, "--name", "Files")
        cls.s.start()
        cls.scratch = tempfile.mkdtemp(prefix="jeton-judges-", dir=cls.s.scratch)
        os.chmod(cls.s.scratch, 0o755)
        os.chmod(cls.scratch, 0o755)

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def file(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    def initial(self):
        return self.s.cli("registration", "add", "--label", "judges")["token"]

    def allow(self, browser, url):
        browser.get(url)
        browser.go_on(self.alice)
        self.assertIsNotNone(browser.outside, browser.response.text[:800])
        return browser.outside

    def sample(self, name, answers, **environment):
        """Runs a client; each line `word URL` that it says is answered by answers[word](URL)."""
        env = clean_environment(INSTANCE=self.s.url, REQUESTS_CA_BUNDLE=self.s.ca, CURL_CA_BUNDLE=self.s.ca, NODE_EXTRA_CA_CERTS=self.s.ca,
                                REDIRECT_URI=CALLBACK, EMAIL="alice@example.org", SUBJECT=self.alice.id, RESOURCE=RESOURCE, **environment)
        program = subprocess.Popen([PYTHON if name.endswith(".py") else "node", os.path.join(E2E, "samples", name)], env=env, text=True, cwd=E2E,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        told, end = {}, time.monotonic() + 90
        try:
            while time.monotonic() < end:
                if not select.select([program.stdout], [], [], 0.5)[0]:
                    continue
                line = program.stdout.readline()
                if not line:
                    break
                word, _, rest = line.strip().partition(" ")
                told[word] = rest
                if word in answers:
                    program.stdin.write(answers[word](rest) + "\n")
                    program.stdin.flush()
            err = program.communicate(timeout=60)[1]
        finally:
            program.kill()
        self.assertEqual(program.returncode, 0, "%s\n%s\n%s" % (told, err, self.s.log_text()[-1500:]))
        return told


class OpenIdClient(Judged):
    def login(self, **environment):
        browser = Browser(self.s)
        told = self.sample("openid_connect.mjs", {"open": lambda url: self.allow(browser, url), "logout": lambda url: self.allow(browser, url)},
                           INITIAL_TOKEN=self.initial(), **environment)
        self.assertEqual(told["done"], self.alice.id)

    def test_registers_logs_in_and_out_with_each_signature_algorithm(self):
        for alg in ("RS256", "ES256", "EdDSA"):
            with self.subTest(alg=alg):
                self.login(ALG=alg)

    def test_signed_requests_responses_user_info_and_introspection(self):
        self.login(ALG="ES256", PROFILE="fapi2-message-signing")


class SmallSteps(Judged):
    def test_oauth4webapi_machine_device_exchange(self):
        private, public = key_pair("machine")
        client = self.s.client("Machine", "client_credentials", "device_code", "refresh_token", "token_exchange", scope="openid profile read",
                               options=["--auth-method", "private_key_jwt", "--jwks", self.file("machine.json", public), "--exchange-modes", "impersonation",
                                        "--exchange-audiences", RESOURCE])
        browser = Browser(self.s)

        def person(url):
            browser.get(url)
            for _ in range(4):
                if any(f.has("username") and f.has("password") for f in browser.page.forms):
                    browser.login(self.alice)
                elif any(f.has("decision") for f in browser.page.forms):
                    browser.submit(browser.form("decision"), button=("decision", "allow"))
                    break
                else:
                    browser.submit(browser.form("user_code"))
            self.assertEqual(browser.response.status_code, 200, browser.response.text[:600])
            return "allowed"

        told = self.sample("oauth_webapi.mjs", {"device": person}, CLIENT_ID=client.id, PRIVATE_JWK=private)
        self.assertEqual(told["done"], self.alice.id)


class Authlib(Judged):
    def test_code_flow(self):
        client = self.s.client("Authlib", "authorization_code", redirect=CALLBACK, scope="openid email profile")
        told = self.sample("authlib_login.py", {"open": lambda url: self.allow(Browser(self.s), url)}, CLIENT_ID=client.id,
                           CLIENT_SECRET=client.secret)
        self.assertEqual(told["done"], self.alice.id)


APACHE = """
ServerName localhost
Listen 127.0.0.1:%(port)d
PidFile %(dir)s/apache.pid
ErrorLog %(dir)s/apache.log
LogLevel info auth_openidc:info
DocumentRoot %(dir)s/site
%(user)s
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
OIDCProviderMetadataURL %(issuer)s/.well-known/openid-configuration
OIDCCABundlePath %(ca)s
OIDCClientID %(id)s
OIDCClientSecret %(secret)s
OIDCRedirectURI http://localhost:%(port)d/callback
OIDCDefaultLoggedOutURL http://localhost:%(port)d/open/bye
OIDCCryptoPassphrase %(passphrase)s
OIDCScope "openid profile email"
OIDCPKCEMethod S256
OIDCResponseMode %(mode)s
OIDCInfoHook iat access_token access_token_expires id_token userinfo session
OIDCCacheType shm
OIDCOAuthIntrospectionEndpoint %(issuer)s/oauth/introspect
OIDCOAuthClientID %(id)s
OIDCOAuthClientSecret %(secret)s
<Location /private>
  AuthType openid-connect
  Require claim email:alice@example.org
</Location>
<Location /callback>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /api>
  AuthType oauth20
  Require claim scope~read
</Location>
"""


class ModAuthOpenidc(Judged):
    def apache(self, mode):
        port = free_port()
        here = "http://localhost:%d" % port
        client = self.s.client("Apache " + mode, "authorization_code", redirect=here + "/callback", scope="openid profile email read",
                               options=["--post-logout-redirect-uri", here + "/open/bye"])
        site = os.path.join(self.scratch, mode)
        for part in ("private", "open", "api"):
            os.makedirs(os.path.join(site, "site", part), exist_ok=True)
            with open(os.path.join(site, "site", part, "index.html"), "w") as f:
                f.write("the %s page" % part)
        with open(os.path.join(site, "site", "open", "bye"), "w") as f:
            f.write("logged out")
        ca = self.file("ca-%s.pem" % mode, open(self.s.ca).read())
        conf = os.path.join(site, "apache.conf")
        with open(conf, "w") as f:
            f.write(APACHE % dict(port=port, dir=site, issuer=self.s.url, ca=ca, id=client.id, secret=client.secret, mode="form_post" if mode == "form_post" else "query",
                                  user="User www-data\nGroup www-data" if os.getuid() == 0 else "", passphrase=secrets.token_urlsafe(16)))
        program = subprocess.Popen(["/usr/sbin/apache2", "-f", conf, "-DFOREGROUND"], stdin=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(program.wait)
        self.addCleanup(program.terminate)
        return here, client, os.path.join(site, "apache.log")

    def visit(self, http, url):
        """Goes where a browser would: redirects, forms of jeton, and a form that posts itself. The last answer."""
        browser = Browser(self.s)
        for _ in range(30):
            if url.startswith(self.s.url):
                browser.at = None
                browser.get(url)
                if not browser.outside:
                    browser.go_on(self.alice)
                if browser.outside:
                    url = browser.outside
                    continue
                form = next((f for f in browser.page.forms if f.action.startswith("http://localhost")), None)
                self.assertIsNotNone(form, browser.response.text[:600])
                answer = http.post(form.action, data=form.fields, allow_redirects=False, timeout=20)
            else:
                answer = http.get(url, allow_redirects=False, timeout=20)
            if answer.status_code not in (301, 302, 303):
                return answer
            url = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        raise AssertionError("redirects without end")

    def wait_up(self, here, log):
        import requests
        for _ in range(200):
            try:
                http = requests.Session()
                http.trust_env = False
                http.get(here + "/open/", timeout=1)
                return http
            except requests.ConnectionError:
                select.select([], [], [], 0.05)
        raise AssertionError(open(log).read())

    def test_login_refresh_resource_server_and_logout(self):
        for mode in ("query", "form_post"):
            with self.subTest(mode=mode):
                here, client, log = self.apache(mode)
                http = self.wait_up(here, log)
                page = self.visit(http, here + "/private/")
                self.assertEqual((page.status_code, page.text), (200, "the private page"), open(log).read()[-3000:])
                told = http.get(here + "/callback?info=json", timeout=20).json()
                self.assertEqual((told["id_token"]["sub"], told["userinfo"]["email"]), (self.alice.id, "alice@example.org"))
                remember(told["access_token"])
                again = http.get(here + "/callback?" + urllib.parse.urlencode({"refresh": here + "/private/", "access_token": told["access_token"]}),
                                 timeout=20)
                self.assertEqual(again.text, "the private page")
                fresh = http.get(here + "/callback?info=json", timeout=20).json()["access_token"]
                self.assertNotEqual(fresh, told["access_token"], "the token was not refreshed")
                bye = self.visit(http, here + "/callback?" + urllib.parse.urlencode({"logout": here + "/open/bye"}))
                self.assertEqual((bye.status_code, bye.text), (200, "logged out"), open(log).read()[-2000:])
                self.assertEqual(http.get(here + "/private/", allow_redirects=False, timeout=20).status_code, 302)

    def test_guards_an_api_by_introspection(self):
        here, client, log = self.apache("introspect")
        http = self.wait_up(here, log)
        token = self.s.tokens(client, self.alice, scope="openid read")["access_token"]
        self.assertEqual(http.get(here + "/api/", headers={"Authorization": "Bearer " + token}, timeout=20).text, "the api page",
                         open(log).read()[-3000:])
        narrow = self.s.tokens(client, self.alice, scope="openid")["access_token"]
        self.assertIn(http.get(here + "/api/", headers={"Authorization": "Bearer " + narrow}, timeout=20).status_code, (401, 403))
        self.assertEqual(http.get(here + "/api/", headers={"Authorization": "Bearer jtn_at_forged"}, timeout=20).status_code, 401)


class OidcAgent(Judged):
    def setUp(self):
        started = subprocess.run(["oidc-agent", "--no-autoload"], capture_output=True, text=True, timeout=30, env=self.environment())
        self.agent = dict(re.findall(r"(OIDC_SOCK|OIDCD_PID)=([^;]+);", started.stdout))
        self.assertIn("OIDC_SOCK", self.agent, started.stdout + started.stderr)
        self.addCleanup(lambda: subprocess.run(["oidc-agent", "--kill"], env=self.environment(), capture_output=True, timeout=30))

    def environment(self):
        folder = os.path.join(self.scratch, "agent")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return clean_environment(OIDC_CONFIG_DIR=folder, HOME=folder, TMPDIR=folder, CURL_CA_BUNDLE=self.s.ca, SSL_CERT_FILE=self.s.ca,
                                 **getattr(self, "agent", {}))

    def tool(self, *words, timeout=60):
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=self.environment(), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, "%s\n%s\n%s" % (words, done.stdout, done.stderr))
        return done.stdout.strip()

    def test_device_flow_then_tokens_by_refresh(self):
        client = self.s.client("oidc-agent", "device_code", "refresh_token", scope="openid profile offline_access")
        words = ["oidc-gen", "judge", "--manual", "--flow=device", "--iss=" + self.s.url, "--client-id=" + client.id, "--client-secret=" + client.secret,
                 "--scope=openid profile offline_access", "--redirect-uri=http://localhost:4242", "--cp=" + self.s.ca,
                 "--pw-cmd=echo judge", "--prompt=none", "--no-url-call"]
        program = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment())
        told, end = "", time.monotonic() + 60
        try:
            while time.monotonic() < end and not re.search(r"[A-Z]{4}-[A-Z]{4}", told):
                if select.select([program.stdout], [], [], 0.5)[0]:
                    piece = os.read(program.stdout.fileno(), 4096).decode()
                    if not piece:
                        break
                    told += piece
            code = re.search(r"[A-Z]{4}-[A-Z]{4}", told)
            self.assertTrue(code, told)
            browser = Browser(self.s)
            browser.get("/oauth/device?user_code=" + code.group(0))
            for _ in range(4):
                if any(f.has("username") and f.has("password") for f in browser.page.forms):
                    browser.login(self.alice)
                elif any(f.has("decision") for f in browser.page.forms):
                    browser.submit(browser.form("decision"), button=("decision", "allow"))
                    break
                else:
                    browser.submit(browser.form("user_code"))
            told += program.communicate(timeout=60)[0]
        finally:
            program.kill()
        self.assertEqual(program.returncode, 0, told)
        token = self.tool("oidc-token", "judge")
        remember(token)
        self.assertEqual(self.s.introspect(client, token).json()["sub"], self.alice.id)



if __name__ == "__main__":
    unittest.main()
