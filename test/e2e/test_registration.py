# SPDX-License-Identifier: MIT
"""Software that registers itself (RFC 7591, RFC 7592, OpenID Connect Registration), client ID metadata documents, protected-resource
metadata (RFC 9728), profiles of clients, and every registered member's way through command line, API, console and registration
(MD-04, AD-04, AD-05, RL-05, RL-06)."""
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import Browser, Client, Failed, Server, pkce, remember
from stores import stored_bytes

METADATA = {"redirect_uris": ["https://app.example/callback"], "client_name": "Registered app"}


class Web:
    """An HTTPS server on 127.0.0.1 that answers with what the test puts there and counts what it was asked."""

    def __init__(self):
        self.answers, self.asked, self.folder = {}, [], tempfile.mkdtemp(prefix="jeton-web-")
        self.authority = os.path.join(self.folder, "cert.pem")
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", key, "-out", self.authority, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append(self.path)
                status, headers, body = web.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        self.url = "https://" + self.host
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, path, value, status=200, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.answers[path] = (status, {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}, body)
        return self.url + path

    def stop(self):
        self.server.shutdown()


class Registering(unittest.TestCase):
    args = ()

    @classmethod
    def setUpClass(cls):
        cls.web = Web()
        cls.s = Server(args=("--fetch-internal", cls.web.host, "--fetch-authority", cls.web.authority, *cls.args))
        cls.s.cli("scope", "add", "read", "--description", "Read things")
        cls.s.cli("scope", "add", "write", "--description", "Write things")
        cls.admin = cls.s.user("root", "--admin")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()
        cls.web.stop()

    def send(self, method, path, body=None, token=None, **headers):
        if token:
            headers["Authorization"] = "Bearer " + token
        with self.s.http() as http:
            answer = http.request(method, path if path.startswith("http") else self.s.url + path, headers=headers, timeout=20,
                                  allow_redirects=False, **({} if body is None else {"json": body}))
        if answer.content and "json" in answer.headers.get("Content-Type", ""):
            made = answer.json()
            remember(made.get("client_secret"), made.get("registration_access_token"))
        return answer

    def register(self, token=None, **members):
        return self.send("POST", "/oauth/register", {**METADATA, **members}, token)

    def registered(self, token=None, **members):
        answer = self.register(token, **members)
        self.assertEqual(answer.status_code, 201, answer.text)
        return answer.json()

    def refused(self, answer, error, word, status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)
        self.assertRegex(answer.json()["error_description"], r"^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,}$")
        self.assertIn(word, answer.json()["error_description"])


class Off(Registering):
    def test_nobody_registers_unless_it_is_set(self):  # MD-04
        told = self.s.get("/.well-known/openid-configuration").json()
        self.assertFalse({"registration_endpoint", "client_id_metadata_document_supported"} & set(told))
        self.assertEqual(self.register().status_code, 404)
        self.assertEqual(self.send("GET", "/oauth/register/x").status_code, 401)


class Open(Registering):
    args = ("--registration", "open", "--registration-scopes", "read", "--registration-max", "60",
            "--registration-grants", "authorization_code refresh_token device_code")

    def test_the_answer_tells_everything_with_its_defaults(self):
        answer = self.register()
        self.assertEqual(answer.status_code, 201, answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        made = answer.json()
        self.assertEqual(made["grant_types"], ["authorization_code"])
        self.assertEqual(made["response_types"], ["code"])
        self.assertEqual(made["token_endpoint_auth_method"], "client_secret_basic")
        self.assertEqual(made["client_secret_expires_at"], 0)
        self.assertEqual(made["redirect_uris"], METADATA["redirect_uris"])
        self.assertEqual((made["subject_type"], made["id_token_signed_response_alg"]), ("public", "RS256"))
        self.assertEqual(made["application_type"], "web")
        self.assertEqual(made["registration_client_uri"], self.s.url + "/oauth/register/" + made["client_id"])
        self.assertTrue(made["client_secret"].startswith("jtn_cs_") and made["registration_access_token"].startswith("jtn_ra_"))
        self.assertIsInstance(made["client_id_issued_at"], int)

    def test_discovery_tells_the_address(self):
        self.assertEqual(self.s.get("/.well-known/openid-configuration").json()["registration_endpoint"], self.s.url + "/oauth/register")

    def test_a_registered_client_gets_tokens_and_consent_is_asked(self):
        made = self.registered(grant_types=["authorization_code", "refresh_token"])
        person = self.s.user("walker")
        client = Client(made["client_id"], made["client_secret"], METADATA["redirect_uris"][0])
        self.assertIn("refresh_token", self.s.tokens(client, person, scope="read"))

    def test_software_cannot_pick_grants_scopes_or_rights_beyond_the_policy(self):  # MD-04, AD-04
        made = self.registered(grant_types=["authorization_code", "password", "client_credentials", "personal_access", "implicit"],
                               scope="openid read write view-users", first_party=True, public=False, disabled=False, owner="root",
                               profile="oauth2.1", exchange_modes=["impersonation"], origin="admin", sector="x", require_pkce=False)
        self.assertEqual(made["grant_types"], ["authorization_code"])
        self.assertEqual(set(made["scope"].split()), {"openid", "read"})
        shown = self.s.cli("client", "show", made["client_id"])
        self.assertFalse(shown["first_party"])
        self.assertEqual((shown["origin"], shown["owner"]), ("open", None))
        self.assertNotIn("exchange_modes", shown)
        self.assertNotIn("profile", shown)

    def test_scopes_default_to_all_that_are_allowed(self):
        made = self.registered()
        self.assertEqual(set(made["scope"].split()), {"openid", "profile", "email", "address", "phone", "offline_access", "read"})

    def test_a_native_application_is_public(self):
        made = self.registered(token_endpoint_auth_method="none", redirect_uris=["http://127.0.0.1/cb", "com.example.app:/cb"],
                               grant_types=["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"])
        self.assertNotIn("client_secret", made)
        self.assertEqual(made["application_type"], "native")
        self.assertIn("urn:ietf:params:oauth:grant-type:device_code", made["grant_types"])
        self.assertTrue(self.s.cli("client", "show", made["client_id"])["public"])

    def test_what_cannot_be_registered_is_named(self):
        for members, error, word in (
                ({"redirect_uris": []}, "invalid_redirect_uri", "redirect"),
                ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri", "http"),
                ({"redirect_uris": ["https://app.example/cb#f"]}, "invalid_redirect_uri", "fragment"),
                ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "redirect_uris"),
                ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "jwks"),
                ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata", "jwks"),
                ({"jwks_uri": "http://app.example/jwks"}, "invalid_client_metadata", "jwks_uri"),
                ({"subject_type": "pairwise", "redirect_uris": ["https://a.example/cb", "https://b.example/cb"]},
                 "invalid_client_metadata", "sector_identifier_uri")):
            with self.subTest(members=members):
                self.refused(self.register(**members), error, word)
        self.refused(self.send("POST", "/oauth/register", [1]), "invalid_client_metadata", "JSON")
        self.refused(self.register(contacts=["x" * 900] * 20), "invalid_client_metadata", "16384")  # RL-06
        self.assertEqual(self.s.post("/oauth/register", b"a=b").status_code, 415)

    def test_a_sector_identifier_lists_the_redirect_uris(self):
        uris = ["https://a.example/cb", "https://b.example/cb"]
        good = self.web.put("/sector.json", uris)
        bad = self.web.put("/other.json", uris[:1])
        made = self.registered(subject_type="pairwise", sector_identifier_uri=good, redirect_uris=uris)
        self.assertEqual(self.s.cli("client", "show", made["client_id"])["sector"], "127.0.0.1")
        self.refused(self.register(subject_type="pairwise", sector_identifier_uri=bad, redirect_uris=uris), "invalid_client_metadata",
                     "sector_identifier_uri")
        self.refused(self.register(subject_type="pairwise", sector_identifier_uri="https://127.0.0.1:1/x", redirect_uris=uris),
                     "invalid_client_metadata", "sector_identifier_uri")

    def test_reading_changing_and_removing_with_the_registration_token(self):  # RFC 7592
        made = self.registered(contacts=["a@example.com"], software_id="7")
        uri, token = made["registration_client_uri"], made["registration_access_token"]
        read = self.send("GET", uri, token=token)
        self.assertEqual(read.status_code, 200)
        self.assertEqual({k: v for k, v in made.items() if not k.startswith("client_secret")}, read.json())
        body = {**METADATA, "client_id": made["client_id"], "client_name": "Renamed", "contacts": ["b@example.com"]}
        changed = self.send("PUT", uri, body, token)
        self.assertEqual(changed.status_code, 200, changed.text)
        self.assertEqual((changed.json()["client_name"], changed.json()["contacts"]), ("Renamed", ["b@example.com"]))
        self.assertNotIn("software_id", changed.json())  # RFC 7592 2.2: what is left out goes
        self.assertEqual(changed.json()["registration_access_token"], token)
        self.refused(self.send("PUT", uri, {**body, "client_id": "x"}, token), "invalid_client_metadata", "client_id")
        self.refused(self.send("PUT", uri, {**body, "client_secret": "x" * 40}, token), "invalid_client_metadata", "client_secret")
        self.assertEqual(self.send("PUT", uri, {**body, "client_secret": made["client_secret"]}, token).status_code, 200)
        self.refused(self.send("PUT", uri, {**body, "redirect_uris": []}, token), "invalid_redirect_uri", "redirect")
        self.assertEqual(self.send("DELETE", uri, token=token).status_code, 204)
        self.assertEqual(self.send("GET", uri, token=token).status_code, 401)

    def test_an_update_keeps_what_an_administrator_set(self):  # CVE-2026-107623
        made = self.registered()
        self.s.cli("client", "edit", made["client_id"], "--profile", "oauth2.1", "--exchange-modes", "delegation", "--require-pkce",
                   "--exchange-audiences", "https://api.example", "--access-lifetime", "120", "--description", "Kept")
        body = {**METADATA, "client_id": made["client_id"], "client_name": "Again"}
        answer = self.send("PUT", made["registration_client_uri"], body, made["registration_access_token"])
        self.assertEqual(answer.status_code, 200, answer.text)
        shown = self.s.cli("client", "show", made["client_id"])
        self.assertEqual((shown["profile"], shown["exchange_modes"], shown["exchange_audiences"], shown["access_lifetime"],
                          shown["description"], shown["require_pkce"]),
                         ("oauth2.1", ["delegation"], ["https://api.example"], 120, "Kept", True))

    def test_tokens_of_others_open_nothing(self):
        one, two = self.registered(), self.registered()
        for token in (two["registration_access_token"], one["client_secret"], one["registration_access_token"][:-4] + "AAAA", "x", None):
            for method in ("GET", "DELETE"):
                answer = self.send(method, one["registration_client_uri"], token=token)
                self.assertEqual(answer.status_code, 401, token)
                self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
        self.assertEqual(self.send("GET", "/oauth/register/nobody", token=one["registration_access_token"]).status_code, 401)

    def test_an_administrators_clients_keep_their_names(self):
        self.s.client("The Bank", "authorization_code", redirect="https://bank.example/cb")
        self.refused(self.register(client_name="the bank"), "invalid_client_metadata", "client_name")
        self.assertEqual(self.registered(client_name="Same")["client_name"], self.registered(client_name="Same")["client_name"])


class Strict(Registering):
    args = ("--registration", "open", "--profile", "fapi2-security")

    def test_the_answer_tells_the_algorithm_that_id_tokens_really_have(self):
        made = self.registered(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
        self.assertEqual(made["id_token_signed_response_alg"], "ES256")
        self.assertEqual(self.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]},
                                       id_token_signed_response_alg="RS256").status_code, 400)


class Room(Registering):
    args = ("--registration", "open", "--registration-max", "3", "--registration-tries", "5")

    def test_there_is_a_ceiling_and_a_pace(self):  # RL-05, RL-06
        for _ in range(3):
            self.registered()
        self.assertEqual(self.register().status_code, 503)
        self.assertEqual(len(self.s.cli("client", "list")), 3)
        codes = [self.register() for _ in range(6)]
        slow = [answer for answer in codes if answer.status_code == 429]
        self.assertTrue(slow)
        self.assertGreaterEqual(int(slow[0].headers["Retry-After"]), 1)
        self.assertEqual(slow[0].json()["error"], "temporarily_unavailable")


class Token(Registering):
    args = ("--registration", "token",)

    def initial(self, *options):
        made = self.s.cli("registration", "add", "--label", "Test", *options)
        self.assertTrue(made["token"].startswith("jtn_ri_"))
        return made

    def test_an_initial_access_token_is_needed(self):
        answer = self.register()
        self.assertEqual((answer.status_code, answer.json()["error"]), (401, "invalid_token"))
        self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
        for token in ("x", "jtn_ri_" + "A" * 47, self.admin.pat()):
            self.assertEqual(self.register(token).status_code, 401)

    def test_it_says_what_may_be_registered_and_how_often(self):
        made = self.initial("--uses", "2", "--grant", "client_credentials", "--scope", "write")
        first = self.registered(made["token"], grant_types=["client_credentials", "authorization_code"], redirect_uris=[],
                                scope="write read view-users")
        self.assertEqual((first["grant_types"], first["scope"], first["response_types"]), (["client_credentials"], "write", []))
        self.assertEqual(self.register(made["token"], grant_types=["password"]).status_code, 400)  # costs no use
        granted = self.s.token(Client(first["client_id"], first["client_secret"]), "client_credentials", scope="write")
        self.assertEqual(granted.status_code, 200, granted.text)
        self.registered(made["token"], grant_types=["client_credentials"], redirect_uris=[])
        self.assertEqual(self.register(made["token"], grant_types=["client_credentials"], redirect_uris=[]).status_code, 401)

    def test_it_ends_when_it_is_removed_and_is_stored_as_a_hash(self):
        made = self.initial("--expires-in", "3600")
        self.assertIsNotNone(made["expires_at"])
        listed = [row for row in self.s.cli("registration", "list") if row["id"] == made["id"]]
        self.assertEqual((listed[0]["label"], "token" in listed[0]), ("Test", False))
        self.registered(made["token"])
        self.s.cli("registration", "remove", made["id"])
        self.assertEqual(self.register(made["token"]).status_code, 401)
        with self.assertRaises(Failed):
            self.s.cli("registration", "remove", made["id"])
        self.assertNotIn(made["token"].encode(), stored_bytes(self.s.data))

    def test_permissions_are_never_given_away(self):
        with self.assertRaises(Failed):
            self.initial("--scope", "view-users")
        with self.assertRaises(Failed):
            self.initial("--grant", "personal_access")


class Documents(Registering):
    """Client ids that are addresses of documents."""
    args = ("--client-documents", "on", "--registration-scopes", "read", "--registration-max", "20")

    def document(self, path="/client.json", **members):
        url = self.web.url + path
        return self.web.put(path, {"client_id": url, "client_name": "Document app " + path, "redirect_uris": ["https://app.example/callback"],
                                   **members})

    def tokens(self, url, person):
        client, (verifier, challenge) = Client(url, None, "https://app.example/callback"), pkce()
        browser = Browser(self.s)
        browser.get(browser.authorize_url(client, scope="read", code_challenge=challenge, code_challenge_method="S256"))
        answer = browser.go_on(person)
        self.assertIn("code", answer, browser.response.text[:500])
        got = self.s.token(client, "authorization_code", auth="id", code=answer["code"], redirect_uri=client.redirect, code_verifier=verifier)
        self.assertEqual(got.status_code, 200, got.text)
        return got.json()

    def test_a_document_is_a_client(self):
        self.assertIs(self.s.get("/.well-known/oauth-authorization-server").json()["client_id_metadata_document_supported"], True)
        url = self.document()
        person = self.s.user("reader")
        self.assertIn("access_token", self.tokens(url, person))
        shown = self.s.cli("client", "show", url)
        self.assertEqual((shown["origin"], shown["public"], shown["first_party"], shown["scopes"][-1]), ("document", True, False, "read"))
        asked = len(self.web.asked)
        self.tokens(url, person)
        self.assertEqual(len(self.web.asked), asked)  # kept

    def test_a_document_may_come_first_by_a_pushed_request_or_a_token_request(self):
        _, challenge = pkce()
        fields = {"response_type": "code", "redirect_uri": "https://app.example/callback", "code_challenge": challenge, "code_challenge_method": "S256"}
        url = self.document("/pushed.json")
        answer = self.s.post("/oauth/par", {"client_id": url, **fields})
        self.assertEqual(answer.status_code, 201, answer.text)
        browser = Browser(self.s)
        browser.get("/oauth/authorize", params={"client_id": url, "request_uri": answer.json()["request_uri"]})
        self.assertIn("code", browser.go_on(self.s.user("pusher")))
        for path in ("/token.json", "/missing-first.json"):
            url = self.document(path) if path == "/token.json" else self.web.url + path
            answer = self.s.token(Client(url, None), "authorization_code", auth="id", code="x", redirect_uri="https://app.example/callback")
            self.assertEqual(answer.json()["error"], "invalid_grant" if path == "/token.json" else "invalid_client", answer.text)
            self.assertEqual(self.web.asked.count(path), 1)

    def test_what_is_no_valid_document_is_refused_on_a_page(self):
        other = self.document("/other.json")
        self.web.put("/wrong-id.json", {"client_id": other, "redirect_uris": ["https://app.example/callback"]})
        self.document("/secret.json", client_secret="x" * 40)
        self.document("/basic.json", token_endpoint_auth_method="client_secret_basic")
        self.document("/none.json", redirect_uris=[])
        self.document("/http.json", redirect_uris=["http://app.example/callback"])
        self.web.put("/large.json", b"{" + b" " * 6000 + b"}")
        self.web.put("/list.json", [])
        self.web.put("/moved.json", {}, status=302, Location=other)
        for path in ("/wrong-id.json", "/secret.json", "/basic.json", "/none.json", "/http.json", "/large.json", "/list.json",
                     "/moved.json", "/missing.json"):
            with self.subTest(path=path):
                answer = self.s.get("/oauth/authorize", params={"response_type": "code", "client_id": self.web.url + path,
                                                                "redirect_uri": "https://app.example/callback"})
                self.assertIn(answer.status_code, (400, 401), path)
                self.assertNotIn("Location", answer.headers)
        ids = [row["client_id"] for row in self.s.cli("client", "list")]
        self.assertFalse([i for i in ids if not i.endswith(("/client.json", "/removed.json", "/pushed.json", "/token.json"))], ids)

    def test_a_failure_is_remembered_for_a_minute(self):
        url = self.web.url + "/counted.json"
        for _ in range(3):
            self.s.get("/oauth/authorize", params={"response_type": "code", "client_id": url})
        self.assertEqual(self.web.asked.count("/counted.json"), 1)

    def test_internal_addresses_are_never_called(self):  # AZ-18, MD-05
        for url in ("https://127.0.0.1:1/x", "https://localhost/x", "https://169.254.169.254/latest", "https://[::1]/x",
                    "http://127.0.0.1/x", "https://" + self.web.host, "https://" + self.web.host + "/a/../client.json",
                    "https://" + self.web.host + "/client.json#f", "https://u@" + self.web.host + "/client.json"):
            answer = self.s.get("/oauth/authorize", params={"response_type": "code", "client_id": url})
            self.assertIn(answer.status_code, (400, 401), url)

    def test_a_removed_one_stays_away(self):
        url = self.document("/removed.json")
        person = self.s.user("mover")
        self.tokens(url, person)
        self.s.cli("client", "remove", url)
        answer = self.s.get("/oauth/authorize", params={"response_type": "code", "client_id": url})
        self.assertIn(answer.status_code, (400, 401))


class DocumentsOff(Registering):
    def test_no_address_is_fetched_unless_it_is_set(self):
        url = self.web.put("/client.json", {"client_id": self.web.url + "/client.json", "redirect_uris": ["https://app.example/callback"]})
        self.assertEqual(self.s.get("/oauth/authorize", params={"response_type": "code", "client_id": url}).status_code, 400)
        self.assertEqual(self.web.asked, [])

    def test_the_api_tells_who_gives_tokens_for_it(self):  # RFC 9728
        for path in ("", "/api/1.0"):
            told = self.s.get("/.well-known/oauth-protected-resource" + path)
            self.assertEqual(told.status_code, 200)
            self.assertEqual(told.json()["resource"], self.s.url + path)
            self.assertEqual(told.json()["authorization_servers"], [self.s.url])
            self.assertIn("view-users", told.json()["scopes_supported"])
            self.assertNotIn("openid", told.json()["scopes_supported"])
        answer = self.s.get("/api/1.0/users/me")
        self.assertEqual(answer.status_code, 401)
        self.assertIn('resource_metadata="%s/.well-known/oauth-protected-resource/api/1.0"' % self.s.url, answer.headers["WWW-Authenticate"])

    def test_a_profile_is_told_and_held_to(self):
        made = self.s.client("Plain", "authorization_code", redirect="https://plain.example/cb")
        told = self.s.cli("client", "show", made.id)["profiles"]
        self.assertEqual(told["held_to"], "none")
        self.assertIn("client authentication by private_key_jwt or mutual TLS", told["missing"]["fapi2-security"])
        with self.assertRaises(Failed):
            self.s.cli("client", "edit", made.id, "--profile", "fapi2-security")
        self.s.cli("client", "edit", made.id, "--profile", "oauth2.1")
        with self.assertRaises(Failed):
            self.s.cli("client", "edit", made.id, "--grant", "password")
        self.assertEqual(self.s.cli("client", "show", made.id)["profiles"]["held_to"], "oauth2.1")


KEY = {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
EVERY = {  # a value of each member that can be set, but for those that exclude one of these
    "client_uri": "https://app.example/", "logo_uri": "https://app.example/logo", "tos_uri": "https://app.example/tos",
    "policy_uri": "https://app.example/policy", "contacts": ["a@example.com", "b@example.com"], "software_id": "7", "software_version": "1",
    "application_type": "web", "subject_type": "pairwise", "id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "RS256",
    "default_max_age": 60, "require_auth_time": True, "default_acr_values": ["one", "two"], "initiate_login_uri": "https://app.example/in",
    "backchannel_logout_uri": "https://app.example/out", "backchannel_logout_session_required": True, "jwks": {"keys": [KEY]},
    "token_endpoint_auth_signing_alg": "ES256", "tls_client_auth_san_dns": "app.example",
    "tls_client_certificate_bound_access_tokens": True, "dpop_bound_access_tokens": True, "request_uris": ["https://app.example/r"],
    "request_object_signing_alg": "ES256", "require_signed_request_object": True, "require_pushed_authorization_requests": True,
    "response_modes": ["query", "jwt"], "authorization_signed_response_alg": "ES256", "introspection_signed_response_alg": "ES256",
    "backchannel_token_delivery_mode": "ping",
    "backchannel_client_notification_endpoint": "https://app.example/ping", "backchannel_authentication_request_signing_alg": "ES256"}
ADMINISTERED = {"profile": "oauth2.1", "exchange_modes": ["delegation"], "exchange_audiences": ["https://api.example"],
                "exchange_subjects": ["*"], "redirect_custom_schemes": True, "redirect_private_http": True}


class EveryMember(Registering):
    """CVE-2026-107623: no way to change a client drops a member that it did not name."""
    args = ("--registration", "open")

    def same(self, client_id, expected):
        shown = self.s.cli("client", "show", client_id)
        for name, value in expected.items():
            self.assertEqual(shown.get(name), value, name)
        return shown

    def test_the_command_line(self):
        options = []
        for name, value in {**EVERY, **ADMINISTERED}.items():
            option = "--" + name.replace("_", "-")
            if name == "jwks":
                path = os.path.join(self.s.scratch, "jwks.json")
                with open(path, "w") as f:
                    json.dump(value, f)
                value = path
            for piece in value if isinstance(value, list) else [value]:
                options += [option] if piece is True else [option, str(piece)]
        made = self.s.client("By command", "authorization_code", options=["--auth-method", "private_key_jwt", *options],
                             redirect="https://app.example/cb")
        whole = {**EVERY, **ADMINISTERED}
        self.same(made.id, whole)
        self.s.cli("client", "edit", made.id, "--description", "x")
        self.same(made.id, whole)
        self.s.cli("client", "edit", made.id, "--logo-uri", "", "--no-require-auth-time", "--contacts", "c@example.com")
        shown = self.same(made.id, {k: v for k, v in whole.items() if k not in ("logo_uri", "require_auth_time", "contacts")})
        self.assertEqual((shown.get("logo_uri"), shown.get("require_auth_time"), shown["contacts"]), (None, None, ["c@example.com"]))

    def test_the_api(self):
        token = self.admin.pat("--scope", "view-auth_clients create-auth_clients edit-auth_clients")
        whole = {**EVERY, **ADMINISTERED}
        made = self.s.api("POST", "/clients", token, json={"name": "By API", "auth_method": "private_key_jwt", "grants": ["authorization_code"],
                                                           "redirect_uris": ["https://app.example/cb"], **whole})
        self.assertEqual(made.status_code, 201, made.text)
        path = "/clients/" + made.json()["client_id"]
        self.assertEqual(self.s.api("PUT", path, token, json={"description": "x"}).status_code, 204)
        told = self.s.api("GET", path, token).json()
        for name, value in whole.items():
            self.assertEqual(told[name], value, name)
        self.assertNotIn("sealed_secret", told)
        self.assertEqual(self.s.api("PUT", path, token, json={"contacts": [], "logo_uri": None}).status_code, 204)
        told = self.s.api("GET", path, token).json()
        self.assertNotIn("contacts", told)
        self.assertNotIn("logo_uri", told)
        for bad in ({"sector": "x"}, {"origin": "x"}, {"sealed_secret": "x"}, {"jwks": "x"}, {"require_auth_time": "yes"}):
            self.assertEqual(self.s.api("PUT", path, token, json=bad).status_code, 422, bad)

    def test_the_console(self):
        made = self.s.client("By console", "authorization_code", redirect="https://app.example/cb", options=["--auth-method", "private_key_jwt",
                             "--jwks", self.keys(), "--profile", "oauth2.1", "--contacts", "a@example.com", "--require-auth-time"])
        browser = Browser(self.s)
        browser.login(self.admin)
        browser.get("/admin/clients/" + made.id)
        form = browser.form("redirect_uris")
        names = {n for n, _ in form.fields} | set(form.types)
        for name in {**EVERY, **ADMINISTERED}:
            self.assertIn(name, names)
        browser.submit(form, description="Saved as it was")
        shown = self.same(made.id, {"profile": "oauth2.1", "contacts": ["a@example.com"], "require_auth_time": True, "jwks": {"keys": [KEY]},
                                    "description": "Saved as it was", "auth_method": "private_key_jwt"})
        self.assertNotIn("dpop_bound_access_tokens", shown)

    def keys(self):
        path = os.path.join(self.s.scratch, "keys.json")
        with open(path, "w") as f:
            json.dump({"keys": [KEY]}, f)
        return path

    def test_registration(self):
        made = self.registered(token_endpoint_auth_method="private_key_jwt", **EVERY)
        for name, value in EVERY.items():
            self.assertEqual(made[name], value, name)
        self.s.cli("client", "edit", made["client_id"], "--description", "x")
        read = self.send("GET", made["registration_client_uri"], token=made["registration_access_token"]).json()
        again = self.send("PUT", made["registration_client_uri"], read, made["registration_access_token"])
        self.assertEqual(again.status_code, 200, again.text)
        self.assertEqual(again.json(), read)


if __name__ == "__main__":
    unittest.main()
