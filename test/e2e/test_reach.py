# SPDX-License-Identifier: MIT
"""A token reaches what its scope says (AD-02): every address under /api/ × every kind of token × no scope, a wrong scope, the right
scope, another person, a pairwise client. The rows come from the API's own document: an address that is not in the table here fails."""
import json
import unittest

import requests

from harness import CALLBACK, Browser, Client, World

OWN = ["view-own-profile", "edit-own-profile", "view-own-tokens", "delete-own-tokens", "view-own-events", "view-own-sessions",
       "delete-own-sessions", "view-own-authorizations", "delete-own-authorizations"]
SERVER = ["view-users", "create-users", "edit-users", "delete-users", "view-auth_clients", "create-auth_clients", "edit-auth_clients",
          "delete-auth_clients", "view-scopes", "edit-scopes", "view-events"]
IDENTITY = ["openid", "profile", "email", "phone", "address"]
FULL = "all of the person's permissions"
# (method, path): (the scope for one's own things, the scopes for those of others or of the server)
ROWS = {
    ("GET", "/users/me"): ("*", []),
    ("GET", "/users"): (None, ["view-users"]),
    ("POST", "/users"): (None, ["create-users"]),
    ("GET", "/users/{id}"): ("view-own-profile", ["view-users"]),
    ("PUT", "/users/{id}"): ("edit-own-profile", ["edit-users"]),
    ("DELETE", "/users/{id}"): (None, ["delete-users"]),
    ("GET", "/users/{id}/tokens"): ("view-own-tokens", ["edit-users view-users"]),
    ("POST", "/users/{id}/tokens"): (FULL, []),
    ("GET", "/users/{id}/tokens/{token}"): ("view-own-tokens", ["edit-users view-users"]),
    ("DELETE", "/users/{id}/tokens/{token}"): ("delete-own-tokens", ["edit-users"]),
    ("GET", "/users/{id}/authenticators"): ("view-own-profile", ["edit-users"]),
    ("POST", "/users/{id}/authenticators/reset"): (None, ["edit-users"]),
    ("GET", "/clients"): (None, ["view-auth_clients"]),
    ("POST", "/clients"): (None, ["create-auth_clients"]),
    ("GET", "/clients/{id}"): (None, ["view-auth_clients"]),
    ("PUT", "/clients/{id}"): (None, ["edit-auth_clients"]),
    ("DELETE", "/clients/{id}"): (None, ["delete-auth_clients"]),
    ("POST", "/clients/{id}/secret"): (None, ["edit-auth_clients"]),
    ("PUT", "/clients/{id}/secret"): (None, ["edit-auth_clients"]),
    ("GET", "/scopes"): ("view-scopes", ["view-scopes"]),
    ("POST", "/scopes"): (None, ["edit-scopes"]),
    ("DELETE", "/scopes/{name}"): (None, ["edit-scopes"]),
    ("GET", "/events"): ("view-own-events", ["view-events"]),
    ("GET", "/sessions"): ("view-own-sessions", []),
    ("DELETE", "/sessions/{id}"): ("delete-own-sessions", []),
    ("GET", "/grants"): ("view-own-authorizations", []),
    ("DELETE", "/grants/{id}"): ("delete-own-authorizations", []),
}
BODIES = {"PUT /users/{id}": {"full_name": "Alice Example"}, "POST /users": {}, "POST /clients": {}, "POST /scopes": {},
          "POST /users/{id}/tokens": {"name": "x"}, "POST /users/{id}/authenticators/reset": {"reason": "x"}}


class Reach(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        env = {"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_REGISTRATION": "open", "JETON_REGISTRATION_TRIES": "1000",
               "JETON_REGISTRATION_SCOPES": "read " + " ".join(OWN)}
        cls.w = w = World(env=env)
        cls.s = s = w.server
        cls.any = s.client("Any", "authorization_code", "password", "device_code", redirect=CALLBACK)
        cls.none = s.client("None", "authorization_code", redirect=CALLBACK, scope="")
        cls.listed = s.client("Listed", "authorization_code", redirect=CALLBACK, scope=" ".join(IDENTITY + OWN + SERVER + ["read"]))
        cls.first = s.client("First", "authorization_code", redirect=CALLBACK, options=["--first-party"])
        cls.machine = s.client("Machine", "client_credentials", scope=" ".join(SERVER + ["read"]))

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def software(self, **more):
        body = {"client_name": "Soft %d" % len(self.__dict__), "redirect_uris": ["https://soft.example/cb"], "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": "client_secret_basic", **more}
        made = requests.post(self.s.url + "/oauth/register", json=body, verify=self.s.ca, timeout=20).json()
        return Client(made["client_id"], made["client_secret"], "https://soft.example/cb")

    def got(self, client, person, scope):
        """A code flow's access token."""
        parameters = {} if scope is None else {"scope": scope}
        return self.s.tokens(client, person, **parameters)["access_token"]

    def paths(self):
        document = self.s.get("/api/1.0/openapi.json").json()
        for path, item in document["paths"].items():
            for method in item:
                if method in ("get", "post", "put", "delete", "patch") and not path.endswith("openapi.json"):
                    yield method.upper(), path.replace("/api/1.0", "")

    def call(self, method, path, token, own):
        """The status of a call about one's own things (own: the id by which the token names its person) or about bob's."""
        at = path.replace("/users/{id}", "/users/" + own).replace("{token}", "no-such-token").replace("{name}", "no-such-scope").replace("{id}", "no-such-id")
        body = BODIES.get(method + " " + path, {} if method in ("POST", "PUT") else None)
        return self.s.api(method, at, token, **({"json": body} if body is not None else {}))

    def refused(self, answer, what):
        self.assertEqual(answer.status_code, 403, "%s: %s" % (what, answer.text))
        self.assertIn("insufficient_scope", answer.headers["WWW-Authenticate"], what)

    def let_in(self, answer, what):
        self.assertNotIn(answer.status_code, (401, 403), "%s: %s" % (what, answer.text))

    # ---- the table is whole
    def test_every_address_has_a_row_here(self):
        self.assertEqual(set(self.paths()), set(ROWS))

    # ---- kinds of token that reach one's own things by scope alone
    def each_scope(self, make, person, own, kind):
        """make(scope) gives a token; every row with the wrong scopes and with the right one."""
        right = {scope: make(scope) for scope in OWN}
        wrong = make("read" if kind != "openid" else "openid")
        for (method, path), (mine, _) in ROWS.items():
            what = "%s %s by %s" % (method, path, kind)
            if mine == "*":
                continue
            self.refused(self.call(method, path, wrong, own), what + " with read")
            for scope, token in right.items():
                answer = self.call(method, path, token, own)
                (self.let_in if scope == mine else self.refused)(answer, what + " with " + scope)
                if scope == mine and "/users/{id}" in path:
                    self.refused(self.call(method, path, token, self.w.bob.id), what + " about somebody else")

    def test_code_of_an_administrators_client(self):
        self.each_scope(lambda scope: self.got(self.listed, self.w.alice, scope), self.w.alice, self.w.alice.id, "code")

    def test_code_of_a_client_that_may_ask_for_any(self):
        self.each_scope(lambda scope: self.got(self.any, self.w.alice, scope), self.w.alice, self.w.alice.id, "any")

    def test_personal_access_token(self):
        self.each_scope(lambda scope: self.w.alice.pat("--scope", scope), self.w.alice, self.w.alice.id, "personal")

    def test_password_grant(self):
        def make(scope):
            return self.w.password_tokens(self.w.alice, self.any, scope=scope)["access_token"]
        self.each_scope(make, self.w.alice, self.w.alice.id, "password")

    def test_software_that_registered_itself(self):
        client = self.software()
        self.each_scope(lambda scope: self.got(client, self.w.alice, scope), self.w.alice, self.w.alice.id, "software")

    def test_pairwise_software(self):
        client = self.software(subject_type="pairwise")
        token = self.got(client, self.w.alice, "openid")
        sub = self.s.api("GET", "/users/me", token).json()["sub"]
        self.assertNotEqual(sub, self.w.alice.id)
        self.each_scope(lambda scope: self.got(client, self.w.alice, scope), self.w.alice, sub, "pairwise")
        whole = self.got(client, self.w.alice, " ".join(OWN))
        for path in ("/users/me", "/users/" + sub, "/users/%s/tokens" % sub, "/events?per_page=100", "/sessions", "/grants"):
            answer = self.s.api("GET", path, whole)
            self.assertEqual(answer.status_code, 200, path + answer.text)
            self.assertNotIn(self.w.alice.id, answer.text, path)

    def test_narrowed_at_refresh(self):
        tokens = self.s.tokens(self.listed, self.w.alice, scope="view-own-profile view-own-events")
        narrowed = self.s.token(self.listed, "refresh_token", refresh_token=tokens["refresh_token"], scope="view-own-events").json()["access_token"]
        self.let_in(self.call("GET", "/events", narrowed, self.w.alice.id), "events")
        self.refused(self.call("GET", "/users/{id}", narrowed, self.w.alice.id), "profile")

    def test_device(self):
        for scope, status in (("openid", 403), ("view-own-events", 200), (None, 200)):
            fields = {"client_id": self.any.id, "client_secret": self.any.secret, **({"scope": scope} if scope else {})}
            begun = self.s.post("/oauth/device/code", fields).json()
            browser = Browser(self.s)
            browser.get(begun["verification_uri_complete"])
            browser.login(self.w.alice)
            for _ in range(3):
                if any(f.has("decision") for f in browser.page.forms):
                    browser.submit(browser.form("decision"), button=("decision", "allow"))
                elif any(f.has("user_code") for f in browser.page.forms):
                    browser.submit(browser.form("user_code"))
            got = self.s.token(self.any, "urn:ietf:params:oauth:grant-type:device_code", device_code=begun["device_code"])
            self.assertEqual(got.status_code, 200, got.text)
            self.assertEqual(self.s.api("GET", "/events", got.json()["access_token"]).status_code, status, scope)

    # ---- unscoped tokens
    def test_unscoped_reads_and_full_does(self):
        reads = {"personal": self.w.alice.pat(), "code": self.got(self.any, self.w.alice, None)}
        full = {"password": self.w.whole(self.w.alice), "first party": self.got(self.first, self.w.alice, None)}
        for (method, path), (mine, others) in ROWS.items():
            if mine is None:
                continue
            for kind, token in {**reads, **full}.items():
                may = kind in full or mine.startswith("view-") or mine == "*"
                answer = self.call(method, path, token, self.w.alice.id)
                (self.let_in if may else self.refused)(answer, "%s %s unscoped by %s" % (method, path, kind))

    def test_unscoped_reads_what_an_administrator_may_read(self):
        token = self.got(self.any, self.w.admin, None)
        for (method, path), (mine, others) in ROWS.items():
            if others and method == "GET" and "{" not in path:
                self.assertEqual(self.call(method, path, token, "").status_code, 200, path)
            elif others and mine is None and method != "GET":
                self.refused(self.call(method, path, token, self.w.alice.id), method + path)

    def test_nothing_is_not_everything(self):
        """Clients whose list is empty, and software without a scope, have no unscoped tokens."""
        software = self.software(scope="openid")
        for client in (self.none, software):
            token = self.got(client, self.w.admin, None)
            for (method, path), (mine, _) in ROWS.items():
                if mine != "*":
                    self.refused(self.call(method, path, token, self.w.admin.id), method + path)
            me = self.s.api("GET", "/users/me", token).json()
            self.assertEqual(set(me), {"id", "scopes", "expires_at", "client"})
        refused = Browser(self.s).authorize(self.none, self.w.alice, scope="openid")
        self.assertEqual(refused.get("error"), "invalid_scope")

    # ---- others' things
    def test_permissions_over_others_by_scope_and_person(self):
        for (method, path), (mine, others) in ROWS.items():
            for words in others:
                what = "%s %s with %s" % (method, path, words)
                token = self.w.admin.pat("--scope", words)
                self.let_in(self.call(method, path, token, self.w.bob.id), what)
                self.let_in(self.call(method, path, self.got(self.listed, self.w.admin, words), self.w.bob.id), what)
                poor = self.w.alice.pat("--scope", words)
                if path not in ("/scopes",) or method != "GET":
                    self.refused(self.call(method, path, poor, self.w.bob.id), what + " by who has no permission")

    def test_any_is_never_a_right_over_this_server(self):
        for scope in SERVER:
            answer = Browser(self.s).authorize(self.any, self.w.admin, scope=scope)
            self.assertEqual(answer.get("error"), "invalid_scope", scope)

    def test_a_clients_own_token(self):
        def make(scope):
            return self.s.token(self.machine, "client_credentials", scope=scope).json()["access_token"]
        reads = make("read")
        for (method, path), (mine, others) in ROWS.items():
            if mine == "*":
                continue
            self.refused(self.call(method, path, reads, self.w.bob.id), method + path)
            for words in others:
                self.let_in(self.call(method, path, make(words), self.w.bob.id), "%s %s with %s" % (method, path, words))
        self.assertEqual(self.s.token(self.machine, "client_credentials", scope="view-own-profile").status_code, 400)
        self.assertEqual(self.s.api("GET", "/users/me", reads).json()["client"]["id"], self.machine.id)

    # ---- users/me
    def test_me_tells_what_the_scopes_tell(self):
        me = {scope: self.s.api("GET", "/users/me", self.got(self.listed, self.w.alice, scope)).json()
              for scope in ("read", "openid", "openid profile", "openid email", "view-own-profile")}
        self.assertEqual(set(me["read"]), {"id", "scopes", "expires_at", "client"})
        self.assertEqual(set(me["openid"]) - set(me["read"]), {"sub"})
        self.assertEqual(me["openid"]["sub"], self.w.alice.id)
        self.assertEqual((me["openid profile"]["username"], me["openid profile"]["name"]), ("alice", "Alice Example"))
        self.assertNotIn("email", me["openid profile"])
        self.assertEqual(me["openid email"]["email"], "alice@example.org")
        self.assertNotIn("username", me["openid email"])
        self.assertLessEqual({"username", "email", "permissions", "last_login_at"}, set(me["view-own-profile"]))
        userinfo = self.s.get("/oauth/userinfo", headers={"Authorization": "Bearer " + self.got(self.listed, self.w.alice, "openid profile email")}).json()
        full = self.s.api("GET", "/users/me", self.got(self.listed, self.w.alice, "openid profile email")).json()
        self.assertLessEqual(set(userinfo.items()), {(k, v) for k, v in full.items() if not isinstance(v, (list, dict))})

    # ---- said at consent, in words
    def test_consent_says_it(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(self.any, prompt="consent"))
        text = " ".join("".join(browser.page.text).split())
        self.assertIn("everything that you can see here", text)
        browser.get(browser.authorize_url(self.any, scope="view-own-events", prompt="consent"))
        self.assertIn("See the record of your logins", "".join(browser.page.text))
        browser.get(browser.authorize_url(self.none, prompt="consent"))
        self.assertNotIn("everything that you can see here", " ".join("".join(browser.page.text).split()))

    # ---- the policy, by every way
    def test_scope_policy_by_command_and_api(self):
        s = self.s
        shown = {c: s.cli("client", "show", c.id)["scope_policy"] for c in (self.any, self.none, self.listed)}
        self.assertEqual(list(shown.values()), ["any", "only", "only"])
        s.cli("client", "edit", self.listed.id, "--scope", "")  # the last one is taken: nothing is left, not everything
        self.assertEqual((s.cli("client", "show", self.listed.id)["scope_policy"], s.cli("client", "show", self.listed.id)["scopes"]), ("only", []))
        s.cli("client", "edit", self.listed.id, "--scope", " ".join(IDENTITY + OWN + SERVER + ["read"]))
        admin = self.w.whole(self.w.admin)
        for body, policy in (({}, "any"), ({"scopes": []}, "only"), ({"scopes": ["read"]}, "only"), ({"scopes": [], "scope_policy": "any"}, "any"),
                             ({"scope_policy": "only"}, "only"), ({"scopes": ["view-users"], "scope_policy": "any"}, "any")):
            made = s.api("POST", "/clients", admin, json={"name": "P " + json.dumps(body), "grants": ["authorization_code"], "redirect_uris": [CALLBACK], **body})
            self.assertEqual((made.status_code, made.json().get("scope_policy")), (201, policy), made.text)
            there = s.api("GET", "/clients/" + made.json()["client_id"], admin).json()
            kept = s.api("PUT", "/clients/" + made.json()["client_id"], admin, json={"scopes": there["scopes"], "scope_policy": there["scope_policy"]})
            self.assertEqual(kept.status_code, 204, kept.text)  # whoever sends back what they read changes nothing
            self.assertEqual(s.api("GET", "/clients/" + made.json()["client_id"], admin).json()["scope_policy"], policy)
        self.assertEqual(s.api("POST", "/clients", admin, json={"name": "Q", "grants": ["authorization_code"], "redirect_uris": [CALLBACK], "scope_policy": "all"}).status_code, 422)

    def test_scope_policy_of_software_is_only(self):
        client = self.software()
        admin = self.w.whole(self.w.admin)
        self.assertEqual(self.s.api("GET", "/clients/" + client.id, admin).json()["scope_policy"], "only")
        self.assertEqual(self.s.api("PUT", "/clients/" + client.id, admin, json={"scope_policy": "any"}).status_code, 422)

    def test_scope_policy_in_the_form(self):
        browser = Browser(self.s)
        browser.login(self.w.admin)
        for choice, scopes in (("any", []), ("only", [])):
            browser.get("/admin/new-client")
            form = browser.form("redirect_uris")
            form.fields = [(n, v.lstrip("\n")) for n, v in form.fields]  # as a browser reads a textarea
            self.assertIn(("scope_policy", "any"), form.fields)  # as the guide has it; the form says what that means
            browser.submit(form, name="Form " + choice, redirect_uris=CALLBACK, scope_policy=choice)
            self.assertEqual(browser.response.status_code, 201, browser.response.text)
            browser.get("/admin/clients?filter=Form+" + choice)
            href = next(a["href"] for tag, a in browser.page.tags if tag == "a" and a.get("href", "").startswith("/admin/clients/"))
            self.assertEqual(self.s.cli("client", "show", href.rsplit("/", 1)[1])["scope_policy"], choice)
            browser.get(href)
            self.assertIn(("scope_policy", choice), browser.form("redirect_uris").fields)


if __name__ == "__main__":
    unittest.main()
