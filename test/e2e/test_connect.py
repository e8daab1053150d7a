# SPDX-License-Identifier: MIT
"""Applications that people really connect: native and editor clients (RU-02, RU-03, RU-12, RU-13), registration that keeps what is good of
a set (MD-06), and errors of the authorization endpoint that go back to the client (AZ-03, AZ-06, AZ-09, AZ-11, AZ-21, RU-06)."""
import base64
import json
import re
import unittest

from harness import Browser, Client, Failed, Server, pkce, query_of, remember, run_cli
from test_registration import Web

CALLBACK = "https://app.example/callback"


def register(server, **members):
    with server.http() as http:
        answer = http.post(server.url + "/oauth/register", json=members, timeout=20)
    if answer.status_code == 201:
        remember(answer.json().get("client_secret"), answer.json()["registration_access_token"])
    return answer


def challenge():
    return {"code_challenge": pkce()[1], "code_challenge_method": "S256"}


class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(args=("--registration", "open", "--redirect-schemes", "cursor vscode"))
        cls.s.cli("scope", "add", "read", "--description", "Read things")
        cls.alice, cls.admin = cls.s.user("alice"), cls.s.user("root", "--admin")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def answered(self, client, redirect):
        browser = Browser(self.s)
        answer = browser.authorize(client, self.alice, redirect_uri=redirect, state="s", **challenge())
        return browser, answer

    def test_RU_02_localhost_means_any_port(self):
        for registered, options in (("http://localhost/cb?a=1", ["--public"]), ("http://localhost:7777/cb?a=1", [])):
            client = self.s.client("Local " + registered, "authorization_code", redirect=registered, options=options)
            for asked in ("http://localhost/cb?a=1", "http://localhost:7777/cb?a=1", "http://localhost:65535/cb?a=1"):
                with self.subTest(registered=registered, asked=asked):
                    browser, answer = self.answered(client, asked)
                    self.assertIn("code", answer)
                    self.assertTrue(browser.outside.startswith(asked + "&code="))
            for asked in ("http://127.0.0.1:7777/cb?a=1", "http://[::1]:7777/cb?a=1", "http://LOCALHOST:7777/cb?a=1", "http://localhost.:7777/cb?a=1",
                          "https://localhost:7777/cb?a=1", "http://localhost:7777/cb", "http://localhost:7777/cb/?a=1", "http://localhost:7777/CB?a=1",
                          "http://localhost:7777/cb?a=2", "http://localhost:7777/cb?a=1#f", "http://localhost.evil.example:7777/cb?a=1",
                          "http://localhost:7777@evil.example/cb?a=1", "http://u@localhost:7777/cb?a=1", "http://localhost:0/cb?a=1"):
                with self.subTest(registered=registered, asked=asked):
                    browser, answer = self.answered(client, asked)
                    self.assertEqual(answer, {})
                    self.assertIn("Error:", browser.response.text)
        client = self.s.client("Literal", "authorization_code", redirect="http://127.0.0.1/cb")
        self.assertIn("code", self.answered(client, "http://127.0.0.1:5/cb")[1])
        self.assertEqual(self.answered(client, "http://localhost:5/cb")[1], {})

    def test_a_spelling_is_what_it_is(self):
        client = self.s.client("Loud", "authorization_code", redirect="http://LOCALHOST:80/cb")
        self.assertIn("code", self.answered(client, "http://LOCALHOST:80/cb")[1])
        self.assertEqual(self.answered(client, "http://localhost:80/cb")[1], {})
        self.assertEqual(self.answered(client, "http://LOCALHOST:81/cb")[1], {})

    def test_localhost_is_warned_of(self):
        code, out, err = run_cli(self.s.data, "client", "add", "--name", "Warned", "--grant", "authorization_code", "--redirect-uri",
                                 "http://localhost/cb", "--json")
        self.assertEqual(code, 0)
        self.assertIn("127.0.0.1", err)
        made = json.loads(out)
        remember(made["client_secret"])
        self.assertIn("localhost", made["warnings"][0])
        told = self.s.api("GET", "/clients/" + made["client_id"], self.admin.pat()).json()
        self.assertEqual(told["warnings"], made["warnings"])
        browser = Browser(self.s)
        browser.login(self.admin)
        self.assertIn("may resolve to another machine", browser.get("/admin/clients/" + made["client_id"]).text)
        browser.get("/admin/new-client")
        browser.submit(browser.form("redirect_uris"), name="Warned by form", redirect_uris="http://localhost/cb")
        self.assertIn("may resolve to another machine", browser.response.text)
        code, out, err = run_cli(self.s.data, "client", "edit", made["client_id"], "--redirect-uri", "http://127.0.0.1/cb", "--json")
        self.assertEqual((code, err, json.loads(out)["warnings"]), (0, "", []))

    def test_RU_12_schemes_without_a_dot(self):
        for uri in ("myapp://callback", "myapp:/cb", "obsidian://x/y", "web-app+one://cb"):
            with self.subTest(uri=uri), self.assertRaises(Failed):
                self.s.client("No " + uri, "authorization_code", redirect=uri)
            client = self.s.client("Yes " + uri, "authorization_code", redirect=uri, options=["--public", "--redirect-custom-schemes"])
            browser, answer = self.answered(client, uri)
            self.assertIn("code", answer)
            self.assertTrue(browser.outside.startswith(uri + "?code="))
            self.assertEqual(self.answered(client, uri + "/")[1], {})
        for uri in ("cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github-authentication/did-authenticate"):
            made = self.s.api("POST", "/clients", self.admin.pat("--scope", "create-auth_clients"),
                              json={"name": "Editor " + uri, "grants": ["authorization_code"], "redirect_uris": [uri], "public": True})
            self.assertEqual(made.status_code, 201, made.text)
            client = Client(made.json()["client_id"], None, uri)
            browser = Browser(self.s)
            browser.login(self.alice)
            browser.get(browser.authorize_url(client, **challenge()))
            self.assertIn(uri.split(":")[0] + ":", browser.response.headers["Content-Security-Policy"].split("form-action")[1].split())
            self.assertIn("code", browser.go_on(self.alice))

    def test_RU_03_RU_12_never_these(self):
        for scheme in ("javascript", "JavaScript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws", "wss", "ftp", "sftp",
                       "httpx", "http+unix", "intent", "mailto", "tel", "sms", "sip", "ms-settings", "ms-word", "search-ms", "web+x", "chrome",
                       "chrome-extension", "moz-extension", "ldap", "ssh", "smb", "urn", "magnet", "jar", "mhtml", "android-app", "c", "shell"):
            with self.subTest(scheme=scheme), self.assertRaises(Failed):
                self.s.client("Never " + scheme, "authorization_code", redirect=scheme + "://x/cb", options=["--redirect-custom-schemes"])
            with self.subTest(setting=scheme):
                code, _, err = run_cli(self.s.data + "-none", "serve", "--redirect-schemes", scheme)
                self.assertEqual(code, 2 if "--redirect-schemes" in err or "redirect" in err else 1)
                self.assertIn("redirect", err)

    def test_RU_13_http_in_ones_own_network(self):
        good = ["http://nas.local:8123/cb", "http://router.lan/cb", "http://x.home.arpa/cb", "http://a.internal/cb", "http://nas/cb", "http://10.0.0.1/cb",
                "http://172.16.0.1/cb", "http://172.31.255.255/cb", "http://192.168.1.2:80/cb", "http://100.64.0.1/cb", "http://169.254.1.1/cb",
                "http://127.0.0.2/cb", "http://[fd00::1]/cb", "http://[fe80::1]:81/cb", "http://app.localhost/cb"]
        bad = ["http://app.example/cb", "http://8.8.8.8/cb", "http://172.32.0.1/cb", "http://11.0.0.1/cb", "http://192.169.0.1/cb", "http://100.128.0.1/cb",
               "http://[2001:db8::1]/cb", "http://[::ffff:10.0.0.1]/cb", "http://local/cb#f", "http://nas.local.evil.example/cb", "http://u@nas.local/cb",
               "http://0.0.0.0/cb", "http://0x7f.1/cb", "http://internal.example/cb"]
        for uri in good:
            with self.subTest(uri=uri):
                with self.assertRaises(Failed):
                    self.s.client("Off " + uri, "authorization_code", redirect=uri)
                code, out, err = run_cli(self.s.data, "client", "add", "--name", "On " + uri, "--grant", "authorization_code", "--redirect-uri", uri,
                                         "--redirect-private-http", "--post-logout-redirect-uri", uri, "--json")
                self.assertEqual(code, 0, err)
                self.assertIn("warning", err)
                made = json.loads(out)
                remember(made["client_secret"])
                self.assertIn("code", self.answered(Client(made["client_id"], None, uri), uri)[1])
        for uri in bad:
            with self.subTest(uri=uri), self.assertRaises(Failed):
                self.s.client("Bad " + uri, "authorization_code", redirect=uri, options=["--redirect-private-http"])

    def test_a_switch_stays_on_while_it_is_needed(self):
        client = self.s.client("Switch", "authorization_code", redirect="myapp://cb", options=["--redirect-custom-schemes"])
        with self.assertRaises(Failed):
            self.s.cli("client", "edit", client.id, "--no-redirect-custom-schemes")
        self.s.cli("client", "edit", client.id, "--no-redirect-custom-schemes", "--redirect-uri", "https://a.example/cb")
        token = self.admin.pat("--scope", "edit-auth_clients view-auth_clients")
        self.assertEqual(self.s.api("PUT", "/clients/" + client.id, token, json={"redirect_uris": ["myapp://cb"]}).status_code, 422)
        self.assertEqual(self.s.api("PUT", "/clients/" + client.id, token, json={"redirect_uris": ["myapp://cb"], "redirect_custom_schemes": True}).status_code, 204)

    def test_RU_13_never_under_a_profile(self):
        for uri, option in (("myapp://cb", "--redirect-custom-schemes"), ("http://nas.local/cb", "--redirect-private-http")):
            with self.subTest(uri=uri):
                with self.assertRaises(Failed):
                    self.s.client("Bound " + uri, "authorization_code", redirect=uri, options=[option, "--profile", "oauth2.1"])
                free = self.s.client("Free " + uri, "authorization_code", redirect=uri, options=[option])
                with self.assertRaises(Failed):
                    self.s.cli("client", "edit", free.id, "--profile", "oauth2.1")

    def test_the_console_has_the_switches(self):
        client = self.s.client("By form", "authorization_code", redirect="https://a.example/cb")
        browser = Browser(self.s)
        browser.login(self.admin)
        browser.get("/admin/clients/" + client.id)
        browser.submit(browser.form("redirect_uris"), redirect_uris="myapp://cb\nhttp://nas.local/cb", redirect_custom_schemes="true",
                       redirect_private_http="true")
        self.assertNotIn('id="error"', browser.response.text)
        shown = self.s.cli("client", "show", client.id)
        self.assertEqual((shown["redirect_uris"], shown["redirect_custom_schemes"], shown["redirect_private_http"]),
                         (["myapp://cb", "http://nas.local/cb"], True, True))

    def test_software_that_registers_itself(self):
        made = register(self.s, redirect_uris=["cursor://anysphere.cursor-mcp/oauth/callback", "myapp://cb", "http://nas.local/cb"],
                        redirect_custom_schemes=True, redirect_private_http=True, token_endpoint_auth_method="none")
        self.assertEqual(made.status_code, 201, made.text)
        self.assertEqual(made.json()["redirect_uris"], ["cursor://anysphere.cursor-mcp/oauth/callback"])
        self.assertEqual(made.json()["application_type"], "native")
        self.assertNotIn("redirect_custom_schemes", made.json())
        with self.assertRaises(Failed):
            self.s.cli("client", "edit", made.json()["client_id"], "--redirect-private-http")


class Keeping(unittest.TestCase):
    args = ("--registration", "open", "--registration-scopes", "read", "--registration-grants", "authorization_code refresh_token client_credentials")

    @classmethod
    def setUpClass(cls):
        cls.s = Server(args=cls.args)
        cls.s.cli("scope", "add", "read", "--description", "Read things")
        cls.s.client("House", "client_credentials")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def kept(self, **members):
        answer = register(self.s, **{"redirect_uris": [CALLBACK], **members})
        self.assertEqual(answer.status_code, 201, answer.text)
        return answer.json()

    def refused(self, error, word, **members):
        answer = register(self.s, **{"redirect_uris": [CALLBACK], **members})
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, error), answer.text)
        self.assertIn(word, answer.json()["error_description"])

    def test_MD_06_wishes_are_left_out(self):
        for name, value in (
                ("client_uri", "http://app.example"), ("logo_uri", "data:image/png;base64,AAAA"), ("tos_uri", 7), ("policy_uri", "x" * 3000),
                ("contacts", 7), ("software_id", ["x"]), ("software_version", 2), ("application_type", "desktop"), ("id_token_signed_response_alg", "none"),
                ("userinfo_signed_response_alg", "PS999"), ("default_max_age", "soon"), ("require_auth_time", "perhaps"), ("default_acr_values", {}),
                ("initiate_login_uri", "http://x.example/"), ("backchannel_logout_uri", "http://x.example/"), ("backchannel_logout_session_required", 3),
                ("token_endpoint_auth_signing_alg", "none"), ("request_uris", "nothing"), ("request_object_signing_alg", "none"), ("response_modes", ["web_message"]),
                ("authorization_signed_response_alg", "none"), ("introspection_signed_response_alg", "x"), ("authorization_details_types", 7),
                ("backchannel_token_delivery_mode", "push"), ("backchannel_client_notification_endpoint", "http://x"), ("subject_type", "strange"),
                ("backchannel_authentication_request_signing_alg", "none"), ("id_token_encrypted_response_alg", "RSA-OAEP"), ("nobody_knows_it", {"a": 1}),
                ("profile", "fapi2-security"), ("first_party", True), ("exchange_subjects", ["*"]), ("origin", "admin"), ("software_statement", "a.b.c")):
            with self.subTest(name=name, value=value):
                self.assertNotEqual(self.kept(**{name: value}).get(name), value)

    def test_MD_06_of_a_list_the_good_pieces_stay(self):
        made = self.kept(redirect_uris=[CALLBACK, "http://app.example/cb", "javascript:alert(1)", 7, "", "https://b.example/#f", "http://localhost/cb"],
                         post_logout_redirect_uris=["https://app.example/out", "ftp://x"], contacts=["a@example.com", 7, ""],
                         request_uris=["http://x/", "https://app.example/r"], response_modes=["web_message", "form_post"],
                         grant_types=["implicit", "authorization_code", "password", "refresh_token", "urn:x"], response_types=["id_token", "code token"],
                         scope="read write view-users openid")
        self.assertEqual(made["redirect_uris"], [CALLBACK, "http://localhost/cb"])
        self.assertEqual(made["post_logout_redirect_uris"], ["https://app.example/out"])
        self.assertEqual((made["contacts"], made["request_uris"], made["response_modes"]), (["a@example.com"], ["https://app.example/r"], ["form_post"]))
        self.assertEqual((made["grant_types"], made["response_types"]), (["authorization_code", "refresh_token"], ["code"]))
        self.assertEqual(set(made["scope"].split()), {"openid", "read"})
        self.assertEqual(len(self.kept(redirect_uris=["https://a%d.example/" % i for i in range(30)])["redirect_uris"]), 20)
        self.assertEqual(self.kept(redirect_uris=CALLBACK)["redirect_uris"], [CALLBACK])

    def test_MD_06_grants_and_ways_to_authenticate(self):
        self.assertEqual(self.kept(grant_types=["implicit"], response_types=["token"])["grant_types"], ["authorization_code"])
        self.assertEqual(self.kept(grant_types=[])["grant_types"], ["authorization_code"])
        self.assertEqual(self.kept(grant_types="authorization_code")["grant_types"], ["authorization_code"])
        self.assertEqual(self.kept(grant_types=["authorization_code", "client_credentials"], redirect_uris=[])["grant_types"], ["client_credentials"])
        made = self.kept(grant_types=["authorization_code", "client_credentials"], token_endpoint_auth_method="none")
        self.assertEqual((made["grant_types"], made["token_endpoint_auth_method"]), (["authorization_code"], "none"))
        self.assertNotIn("client_secret", made)
        for method in ("any", "tls_client_auth", "client_secret_kerberos", 7, None, ""):
            with self.subTest(method=method):
                made = self.kept(token_endpoint_auth_method=method)
                self.assertEqual(made["token_endpoint_auth_method"], "client_secret_basic")
                self.assertIn("client_secret", made)
        self.assertNotIn("token_endpoint_auth_signing_alg", self.kept(token_endpoint_auth_signing_alg="HS256"))

    def test_MD_06_names(self):
        for name in (7, "x" * 300, "a\u0007b", "  ", None):
            with self.subTest(name=name):
                self.assertEqual(self.kept(client_name=name)["client_name"], "app.example")
        self.refused("invalid_client_metadata", "client_name", client_name="House")

    def test_MD_06_what_would_weaken_it_is_refused(self):
        oct_key = {"keys": [{"kty": "oct", "k": "AAAA"}]}
        weak = {"keys": [{"kty": "RSA", "n": base64.urlsafe_b64encode(b"\xff" * 64).decode().rstrip("="), "e": "AQAB"}]}
        for name, value in (("jwks", oct_key), ("jwks", weak), ("jwks", "x"), ("jwks_uri", "http://app.example/jwks"), ("sector_identifier_uri", "http://x.example"),
                            ("tls_client_auth_san_ip", "x"), ("dpop_bound_access_tokens", "perhaps"), ("tls_client_certificate_bound_access_tokens", 1),
                            ("require_signed_request_object", "perhaps"), ("require_pushed_authorization_requests", [])):
            with self.subTest(name=name):
                self.refused("invalid_client_metadata", name, **{name: value})
        self.refused("invalid_client_metadata", "jwks", token_endpoint_auth_method="private_key_jwt")
        self.refused("invalid_client_metadata", "sector_identifier_uri", subject_type="pairwise", redirect_uris=["https://a.example/", "https://b.example/"])

    def test_MD_06_when_nothing_is_left(self):
        self.refused("invalid_redirect_uri", "http://app.example/cb", redirect_uris=["http://app.example/cb", "ftp://x"])
        self.refused("invalid_redirect_uri", "redirect", redirect_uris=[])
        self.refused("invalid_redirect_uri", "list", redirect_uris=7)

    def test_an_update_keeps_as_well(self):
        made = self.kept(token_endpoint_auth_method="none")
        body = {"client_id": made["client_id"], "redirect_uris": [CALLBACK, "http://bad.example/"], "logo_uri": "http://x", "grant_types": ["implicit"]}
        with self.s.http() as http:
            answer = http.put(made["registration_client_uri"], json=body, headers={"Authorization": "Bearer " + made["registration_access_token"]}, timeout=20)
        self.assertEqual(answer.status_code, 200, answer.text)
        told = answer.json()
        self.assertEqual((told["redirect_uris"], told["grant_types"], told["token_endpoint_auth_method"]), ([CALLBACK], ["authorization_code"], "none"))

    def test_what_is_meant_is_taken(self):
        self.assertIs(self.kept(dpop_bound_access_tokens="true")["dpop_bound_access_tokens"], True)
        self.assertNotIn("require_signed_request_object", self.kept(require_signed_request_object="false"))
        self.assertNotIn("jwks", self.kept(jwks={"keys": []}))

    def test_the_host_after_a_scheme_is_nobodys(self):
        """Else its pairwise user ids, its name and the consent page would be those of somebody else's site."""
        self.refused("invalid_client_metadata", "sector_identifier_uri", redirect_uris=["com.evil.app://shop.example/cb"], subject_type="pairwise")
        made = self.kept(redirect_uris=["com.evil.app://shop.example/cb"], token_endpoint_auth_method="none")
        self.assertEqual((made["client_name"], made["application_type"]), ("com.evil.app", "native"))
        browser = Browser(self.s)
        browser.login(self.s.user("mallory"))
        page = browser.get(browser.authorize_url(Client(made["client_id"], None, "com.evil.app://shop.example/cb"), **challenge())).text
        shown = re.sub(r"<[^>]*>", " ", page)  # what stands in hidden fields is the request's own
        self.assertIn("com.evil.app", shown)
        self.assertNotIn("shop.example", shown)

    def test_what_real_clients_send(self):
        for name, body in {
                "MCP TypeScript SDK": {"redirect_uris": ["http://localhost:8090/callback"], "token_endpoint_auth_method": "client_secret_post",
                                       "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "client_name": "Simple MCP Client"},
                "mcp-remote": {"redirect_uris": ["http://localhost:3334/oauth/callback"], "token_endpoint_auth_method": "none",
                               "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "client_name": "MCP CLI Proxy",
                               "client_uri": "https://github.com/modelcontextprotocol/mcp-cli", "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
                               "software_version": "0.1.0"},
                "VS Code": {"client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com",
                            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"], "response_types": ["code"],
                            "redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"],
                            "token_endpoint_auth_method": "none", "application_type": "native"},
                "Claude": {"client_name": "Claude", "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
                           "token_endpoint_auth_method": "none", "scope": "claudeai", "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"]},
                "openid-client": {"redirect_uris": [CALLBACK], "response_types": ["code id_token"], "grant_types": ["authorization_code", "implicit"],
                                  "id_token_signed_response_alg": "PS256", "token_endpoint_auth_method": "client_secret_basic"},
                "Keycloak": {"redirect_uris": [CALLBACK, "/relative/*"], "client_name": "kc", "bearer_only": False, "consentRequired": False,
                             "grant_types": ["authorization_code", "implicit", "refresh_token", "password"], "backchannel_logout_session_required": True,
                             "userinfo_encrypted_response_alg": "RSA1_5", "request_object_required": "not required", "request_object_signing_alg": "any"},
                "Spring": {"client_name": "spring", "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "client_credentials"],
                           "token_endpoint_auth_method": "client_secret_basic", "scope": "openid read client.create", "client_id_issued_at": 1,
                           "logo_uri": "http://spring.example/logo", "contacts": "ops@example.com"}}.items():
            with self.subTest(name=name):
                made = self.kept(**body)
                self.assertIn("authorization_code", made["grant_types"])
                self.assertIn("code", made["response_types"])


class Documented(unittest.TestCase):
    def test_MD_06_a_document_keeps_what_is_good(self):
        web = Web()
        s = Server(args=("--client-documents", "on", "--fetch-internal", web.host, "--fetch-authority", web.authority))
        s.start()
        try:
            url = web.url + "/client.json"
            web.put("/client.json", {"client_id": url, "client_name": 7, "logo_uri": "data:x", "grant_types": ["authorization_code", "implicit"],
                                     "redirect_uris": [CALLBACK, "http://app.example/cb", "http://localhost/cb"], "response_types": ["code", "token"]})
            browser = Browser(s)
            browser.get(browser.authorize_url(Client(url, None, CALLBACK), scope="nosuch", state="s", **challenge()))
            self.assertTrue(browser.form("password"))  # its errors wait for a login (AZ-21)
            answer = browser.go_on(s.user("reader"))
            self.assertEqual((answer["error"], answer["state"]), ("invalid_scope", "s"))
            browser.get(browser.authorize_url(Client(url, None, "http://localhost:4711/cb"), state="s", **challenge()))
            self.assertIn("code", browser.go_on(None))
            shown = s.cli("client", "show", url)
            self.assertEqual((shown["redirect_uris"], shown["grants"]), ([CALLBACK, "http://localhost/cb"], ["authorization_code"]))
        finally:
            s.stop()
            web.stop()


class Strict(unittest.TestCase):
    def test_MD_06_a_profile_wants_every_address_to_be_good(self):
        s = Server(args=("--registration", "open", "--profile", "oauth2.1"))
        s.start()
        try:
            answer = register(s, redirect_uris=[CALLBACK, "http://bad.example/cb"], token_endpoint_auth_method="none")
            self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_redirect_uri"))
            self.assertIn("bad.example", answer.json()["error_description"])
            self.assertEqual(register(s, redirect_uris=[CALLBACK], logo_uri="x").status_code, 201)
        finally:
            s.stop()


ERRORS = {  # parameters beside a good request, the error
    "invalid_scope": ({"scope": "nosuch"}, "invalid_scope"), "response_type": ({"response_type": "token"}, "unsupported_response_type"),
    "no response_type": ({"response_type": None}, "invalid_request"), "challenge method": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no challenge": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"), "prompt": ({"prompt": "dance"}, "invalid_request"),
    "prompt none login": ({"prompt": "none login"}, "invalid_request"), "max_age": ({"max_age": "soon"}, "invalid_request"),
    "resource": ({"resource": "https://nobody.example/"}, "invalid_target"), "claims": ({"scope": "openid", "claims": "{"}, "invalid_request"),
    "details": ({"authorization_details": "[{\"type\":\"x\"}]"}, "invalid_authorization_details"), "nonce": ({"nonce": "x" * 1025}, "invalid_request"),
    "request object": ({"request": "a.b.c"}, "invalid_request_object"), "unsigned object": ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    "request_uri": ({"request_uri": "https://x.example/r"}, "invalid_request_uri"), "hint": ({"id_token_hint": "x"}, "invalid_request"),
    "registration": ({"registration": "{}"}, "registration_not_supported"), "jkt": ({"dpop_jkt": "x"}, "invalid_request")}


class Telling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(args=("--registration", "open", "--registration-scopes", "read"))
        cls.s.cli("scope", "add", "read", "--description", "Read things")
        cls.alice = cls.s.user("alice")
        cls.made = cls.s.client("Made", "authorization_code", redirect=CALLBACK, options=["--public"])
        cls.s.start()
        answer = register(cls.s, redirect_uris=[CALLBACK], client_name="Came", token_endpoint_auth_method="none")
        assert answer.status_code == 201, answer.text
        cls.came = Client(answer.json()["client_id"], None, CALLBACK)
        cls.issuer = cls.s.url

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def told(self, browser):
        """The answer that is on its way to the client, in whichever mode; None: it is not."""
        if browser.outside:
            answer = query_of(browser.outside)
        else:
            forms = [dict(f.fields) for f in browser.page.forms if f.action == CALLBACK]
            if not forms:
                return None
            answer = forms[0]
        if "response" in answer:
            middle = answer["response"].split(".")[1]
            answer = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return answer

    def test_AZ_21_every_error_by_every_way(self):
        known = Browser(self.s)
        known.login(self.alice)
        for name, (parameters, error) in ERRORS.items():
            for mode in ("query", "form_post", "jwt", "form_post.jwt"):
                for client in (self.made, self.came):
                    for browser in (known, Browser(self.s)):
                        with self.subTest(name=name, mode=mode, came=client is self.came, logged_in=browser is known):
                            browser.get(browser.authorize_url(client, **{**challenge(), "state": "s t", "response_mode": mode, **parameters}))
                            silent = "none" in parameters.get("prompt", "")
                            if client is self.came and browser is not known and not silent:
                                self.assertIsNone(self.told(browser))
                                self.assertTrue(browser.form("password"))
                                if mode not in ("query", "form_post.jwt"):
                                    continue  # each login costs a password's hash
                                browser.go_on(self.alice)
                            answer = self.told(browser)
                            self.assertIsNotNone(answer, browser.response.text[:300])
                            self.assertEqual((answer["error"], answer["state"], answer["iss"]), (error, "s t", self.issuer))

    def test_AZ_11_prompt_none_is_told_at_once(self):
        for client in (self.made, self.came):
            browser = Browser(self.s)
            browser.get(browser.authorize_url(client, prompt="none", state="s", **challenge()))
            self.assertEqual(query_of(browser.outside)["error"], "login_required")

    def test_AZ_06_a_state_that_cannot_be_taken_is_told_of_and_left_out(self):
        for state in ("x" * 2049, "a\nb", "a\u0001"):
            with self.subTest(state=state[:4]):
                browser = Browser(self.s)
                browser.get(browser.authorize_url(self.made, state=state, **challenge()))
                answer = query_of(browser.outside)
                self.assertEqual(answer["error"], "invalid_request")
                self.assertNotIn("state", answer)

    def test_AZ_03_what_comes_twice_is_told_but_for_client_and_way_back(self):
        for client in (self.made, self.came):
            for name in ("scope", "response_type", "nonce", "code_challenge", "state", "prompt", "unknown", "response_mode"):
                with self.subTest(name=name, came=client is self.came):
                    browser = Browser(self.s)
                    more = "&%s=x" % name if name in ("response_type", "code_challenge", "state") else "&%s=x&%s=x" % (name, name)
                    browser.get(browser.authorize_url(client, state="s", **challenge()) + more)
                    if client is self.came:
                        self.assertIsNone(self.told(browser))
                        browser.go_on(self.alice)
                    answer = self.told(browser)
                    self.assertEqual(answer["error"], "invalid_request")
                    self.assertEqual(answer.get("state"), None if name == "state" else "s")
        for name in ("client_id", "redirect_uri", "request", "request_uri"):
            with self.subTest(name=name):
                browser = Browser(self.s)
                browser.get(browser.authorize_url(self.made, state="s", **challenge()) + "&%s=x&%s=x" % (name, name))
                self.assertIsNone(self.told(browser))
                self.assertIn("Error:", browser.response.text)

    def test_RU_06_a_page_when_client_or_way_back_is_in_doubt(self):
        for parameters in ({"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"client_id": None}, {"scope": "openid", "redirect_uri": None},
                           {"request_uri": "urn:ietf:params:oauth:request_uri:jtn_pr_none"}):
            with self.subTest(parameters=parameters):
                browser = Browser(self.s)
                browser.login(self.alice)
                browser.get(browser.authorize_url(self.made, **{**challenge(), "state": "s", **parameters}))
                self.assertIsNone(self.told(browser))
                self.assertIn("Error:", browser.response.text)
                self.assertNotIn("evil.example", browser.response.text)

    def test_AZ_09_the_nearest_way_that_is_allowed(self):
        for modes, asked, posted, signed in (("form_post", "query", True, False), ("form_post jwt", "form_post.jwt", True, False), ("jwt", "query", False, True),
                                             ("form_post.jwt", None, True, True), ("query", "form_post", False, False)):
            with self.subTest(modes=modes, asked=asked):
                options = [o for mode in modes.split() for o in ("--response-modes", mode)]
                client = self.s.client("Modes %s %s" % (modes, asked), "authorization_code", redirect=CALLBACK, options=options)
                browser = Browser(self.s)
                browser.get(browser.authorize_url(client, response_mode=asked, state="s"))
                self.assertEqual(self.told(browser)["error"], "invalid_request")
                self.assertEqual(browser.outside is None, posted)
                fields = query_of(browser.outside) if not posted else {n for f in browser.page.forms for n, _ in f.fields}
                self.assertEqual("response" in fields, signed)
        client = self.s.client("Modes of a page", "authorization_code", redirect=CALLBACK, options=["--response-modes", "fragment"])
        for asked in ("query", "web_message", None):
            browser = Browser(self.s)
            browser.get(browser.authorize_url(client, response_mode=asked, state="s"))
            self.assertTrue(browser.outside.startswith(CALLBACK + "#error=invalid_request"), browser.outside)
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.made, response_mode="fragment", state="s", **challenge()))
        self.assertEqual(query_of(browser.outside)["error"], "invalid_request")
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.made, response_mode="web_message", state="s", **challenge()))
        self.assertEqual(query_of(browser.outside)["state"], "s")


if __name__ == "__main__":
    unittest.main()
