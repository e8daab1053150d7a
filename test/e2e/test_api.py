# SPDX-License-Identifier: MIT
"""The API under /api/1.0: people, tokens, clients, lists, errors, permissions (contract 6; AD, PT)."""
import json
import secrets
import unittest

from harness import CALLBACK, basic, remember, world


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.root = cls.w.whole(cls.w.admin)
        cls.mine = cls.w.alice.pat()

    def api(self, method, path, token=None, body=None):
        more = {} if body is None else {"json": body}
        return self.s.api(method, path, token or self.root, **more)

    def refused(self, answer, status):
        self.assertEqual(answer.status_code, status, answer.text)
        body = answer.json()
        if status == 401:
            self.assertEqual(body["error"], "Unauthenticated.")
            self.assertTrue(body["message"])
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        elif status == 403:
            self.assertTrue(body["message"])
        elif status == 404:
            self.assertEqual(body["error"], "Not Found")
        elif status == 422:
            self.assertTrue(body["message"])
            self.assertTrue(all(isinstance(v, list) and v and isinstance(v[0], str) for v in body["errors"].values()))
        return body

    def new_user(self, **more):
        name = "u" + secrets.token_hex(6)
        first = "pw-" + secrets.token_urlsafe(12)
        remember(first)
        answer = self.api("POST", "/users", body={"username": name, "password": first, **more})
        self.assertEqual(answer.status_code, 201, answer.text)
        return answer.json(), first

    # ---- who am I
    def test_me_as_a_person(self):
        w = self.w
        tokens = w.password_tokens(scope="read")
        me = self.api("GET", "/users/me", tokens["access_token"]).json()
        self.assertEqual(set(me), {"id", "scopes", "expires_at", "client"})  # what its scopes tell, and whose it is
        self.assertEqual((me["id"], me["scopes"], me["client"]["id"]), (w.alice.id, ["read"], w.trusted.id))
        me = self.api("GET", "/users/me", w.whole(w.alice)).json()
        self.assertEqual((me["id"], me["username"], me["email"]), (w.alice.id, "alice", "alice@example.org"))
        self.assertNotIn("password", {k for k in me if me[k]})

    def test_me_as_a_client(self):
        token = self.s.token(self.w.service, "client_credentials").json()["access_token"]
        answer = self.api("GET", "/users/me", token)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(self.w.service.id, answer.text)

    def test_bearer_in_any_letter_case(self):
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = self.s.get("/api/1.0/users/me", headers={"Authorization": scheme + " " + self.mine})
            self.assertEqual(answer.status_code, 200)

    # ---- errors
    def test_401_says_why(self):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer " + self.mine + "x"}, {"Authorization": basic("a", "b")},
                        {"Authorization": "Bearer"}, {"Authorization": "Bearer jtn_at_" + "A" * 60}):
            with self.subTest(headers=headers):
                answer = self.s.get("/api/1.0/users/me", headers=headers)
                self.refused(answer, 401)
                if headers.get("Authorization", "").startswith("Bearer x"):
                    self.assertIn('error="invalid_token"', answer.headers["WWW-Authenticate"])

    def test_PT_05_token_in_the_query_does_not_count(self):
        self.refused(self.s.get("/api/1.0/users/me?access_token=" + self.mine), 401)

    def test_everything_under_api_is_json(self):
        for path in ("/api/", "/api/x", "/api/1.0", "/api/1.0/nosuch", "/api/2.0/users", "/api/users", "/api/1.0/users/me/x"):
            with self.subTest(path=path):
                answer = self.s.get(path, headers={"Accept": "text/html"})
                self.assertIn(answer.status_code, (401, 404))
                self.assertTrue(answer.headers["Content-Type"].startswith("application/json"))
                answer.json()
        self.assertEqual(self.refused(self.api("GET", "/nosuch"), 404)["error"], "Not Found")

    def test_method_not_allowed_is_json(self):
        answer = self.api("PATCH", "/users")
        self.assertEqual(answer.status_code, 405)
        self.assertIn("GET", answer.headers["Allow"])
        answer.json()

    def test_unknown_ids_are_404(self):
        for path in ("/users/00000000-0000-4000-8000-000000000000", "/users/nosuch", "/clients/nosuch",
                     "/users/" + self.w.alice.id + "/tokens/00000000-0000-4000-8000-000000000000"):
            with self.subTest(path=path):
                self.refused(self.api("GET", path), 404)
        for path in ("/users/nosuch", "/clients/nosuch", "/users/" + self.w.alice.id + "/tokens/nosuch", "/grants/nosuch", "/sessions/nosuch"):
            with self.subTest(delete=path):
                self.refused(self.api("DELETE", path), 404)

    def test_bad_json_is_4xx_json(self):
        for body, kind in (("{", "application/json"), ("[]", "application/json"), ('{"name":1,"name":2}', "application/json"),
                           ("a=b", "text/plain"), ("null", "application/json"), ('{"a":' * 30 + "1" + "}" * 30, "application/json")):
            with self.subTest(body=body):
                answer = self.s.api("POST", "/users", self.root)
                with self.s.http() as http:
                    answer = http.post(self.s.url + "/api/1.0/users", data=body, headers={"Authorization": "Bearer " + self.root, "Content-Type": kind})
                self.assertIn(answer.status_code, (400, 415, 422))
                answer.json()

    # ---- lists
    def test_list_shape_and_paging(self):
        for i in range(12):
            self.new_user(full_name="Paging %02d" % i)
        answer = self.api("GET", "/users?filter=Paging&order_by=full_name").json()
        meta = answer["meta"]
        self.assertLessEqual({"count", "total", "per_page", "current_page", "total_pages", "from", "to", "last_page"}, set(meta))
        self.assertEqual([meta[k] for k in ("count", "total", "per_page", "current_page", "total_pages", "from", "to", "last_page")],
                         [10, 12, 10, 1, 2, 1, 10, 2])
        second = self.api("GET", "/users?filter=Paging&order_by=full_name&page=2").json()
        self.assertEqual((len(second["data"]), second["meta"]["from"], second["meta"]["to"]), (2, 11, 12))
        down = self.api("GET", "/users?filter=paging&order_by=full_name&order_direction=desc&per_page=1").json()
        self.assertEqual(down["data"][0]["full_name"], "Paging 11")
        self.assertFalse({u["id"] for u in answer["data"]} & {u["id"] for u in second["data"]})

    def test_AD_09_list_inputs(self):
        for query in ("per_page=0", "per_page=-1", "per_page=1e9", "per_page=abc", "page=0", "page=-1", "page=99999999999999999999", "per_page=0x10",
                      "per_page=%2B5", "order_by=password", "order_by=1;drop", "order_direction=sideways", "order_by=name'--", "per_page=5&per_page=5"):
            with self.subTest(query=query):
                answer = self.api("GET", "/users?" + query)
                self.assertIn(answer.status_code, (400, 422), answer.text)
                answer.json()
        for query in ("filter=%25", "filter=_", "filter='%20or%201=1--", "filter=%22", "page=1000000"):
            with self.subTest(query=query):
                answer = self.api("GET", "/users?" + query)
                self.assertEqual((answer.status_code, answer.json()["data"]), (200, []))
        many = self.api("GET", "/users?per_page=1000")
        if many.status_code == 200:
            self.assertEqual(many.json()["meta"]["per_page"], 100)
        else:
            self.refused(many, 422)

    def test_every_list_answers(self):
        for path in ("/users", "/clients", "/scopes", "/events", "/sessions", "/grants", "/users/%s/tokens" % self.w.alice.id):
            with self.subTest(path=path):
                body = self.api("GET", path).json()
                self.assertIsInstance(body["data"], list)
                self.assertIn("total", body["meta"])

    # ---- people
    def test_user_life(self):
        made, _ = self.new_user(full_name="Before", email="before@example.org")
        self.assertEqual(made["full_name"], "Before")
        at = "/users/" + made["id"]
        self.assertEqual(self.api("PUT", at, body={"full_name": "After"}).status_code, 204)
        now = self.api("GET", at).json()
        self.assertEqual((now["full_name"], now["email"]), ("After", "before@example.org"))
        self.assertEqual(self.api("DELETE", at).status_code, 204)
        self.refused(self.api("GET", at), 404)
        again, _ = self.new_user()
        self.assertNotEqual(again["id"], made["id"])  # AT-14

    def test_an_own_address_asks_for_a_fresh_login(self):
        """LS-13; RFC 9470 3: what is missing is told, and what to ask for."""
        person, at = self.w.bob, "/users/" + self.w.bob.id
        stale, token = person.pat("--scope", "edit-own-profile", "--scope", "view-own-profile"), self.w.whole(person)
        before = self.api("GET", at, token=stale).json()["email"]
        refused = self.api("PUT", at, token=stale, body={"email": "fresh@example.org"})
        self.assertEqual((refused.status_code, refused.json()["message"]), (401, "Please enter your password again first."))
        first = refused.headers["WWW-Authenticate"]
        self.assertTrue(first.startswith("Bearer "), first)
        self.assertIn('error="insufficient_user_authentication"', first)
        self.assertIn('max_age="600"', first)
        self.assertEqual(self.api("GET", at, token=stale).json()["email"], before)
        self.assertEqual(self.api("PUT", at, token=stale, body={"full_name": "Bob"}).status_code, 204)
        self.assertEqual(self.api("PUT", at, token=token, body={"email": "fresh@example.org"}).status_code, 204)

    def test_user_errors_name_the_field(self):
        for body, field in (({}, "username"), ({"username": "x"}, "username"), ({"username": "a/b", "password": "long enough 123"}, "username"),
                            ({"username": "alice", "password": "long enough 123"}, "username"), ({"username": "shorty" + secrets.token_hex(3), "password": "short"}, "password"),
                            ({"username": "common" + secrets.token_hex(3), "password": "password"}, "password")):
            with self.subTest(body=body):
                self.assertIn(field, self.refused(self.api("POST", "/users", body=body), 422)["errors"])

    def test_AD_04_unknown_and_readonly_fields_are_refused(self):
        at = "/users/" + self.new_user()[0]["id"]
        for body in ({"id": "x"}, {"number": 1}, {"password_hash": "x"}, {"nosuch": 1}, {"created_at": "2020-01-01"}):
            with self.subTest(body=body):
                self.refused(self.api("PUT", at, body=body), 422)

    def test_person_may_not_raise_themself(self):
        for body in ({"admin": True}, {"permissions": ["view-users"]}, {"is_administrator": True}):
            with self.subTest(body=body):
                answer = self.api("PUT", "/users/" + self.w.alice.id, self.mine, body)
                self.assertIn(answer.status_code, (403, 422))
        self.refused(self.api("GET", "/users", self.mine), 403)

    def test_AD_02_other_people_are_closed(self):
        for method, path in (("GET", "/users/" + self.w.bob.id), ("PUT", "/users/" + self.w.bob.id), ("DELETE", "/users/" + self.w.bob.id),
                             ("GET", "/users/%s/tokens" % self.w.bob.id), ("POST", "/users/%s/tokens" % self.w.bob.id)):
            with self.subTest(path=method + path):
                answer = self.api(method, path, self.mine, {"name": "x"} if method in ("POST", "PUT") else None)
                self.assertIn(answer.status_code, (403, 404))

    def test_AD_01_every_address_as_nobody_special(self):
        read = self.w.alice.pat("--scope", "read")
        client = self.s.token(self.w.service, "client_credentials").json()["access_token"]
        for token in (self.mine, read, client):
            for method, path, body in (("GET", "/users", None), ("POST", "/users", {"username": "zz9", "password": "long enough 123"}), ("GET", "/clients", None),
                                       ("POST", "/clients", {"name": "x"}), ("GET", "/clients/" + self.w.web.id, None), ("PUT", "/clients/" + self.w.web.id, {"name": "x"}),
                                       ("DELETE", "/clients/" + self.w.web.id, None), ("POST", "/clients/%s/secret" % self.w.web.id, {}),
                                       ("POST", "/scopes", {"name": "zz", "description": "z"}), ("DELETE", "/scopes/read", None)):
                with self.subTest(path=method + path):
                    self.assertIn(self.api(method, path, token, body).status_code, (403, 404, 405))

    def test_permission_opens_exactly_its_door(self):
        made, _ = self.new_user(permissions=["view-users"])
        pat = self.s.cli("pat", "add", made["username"], "--name", "p")["token"]
        self.assertEqual(self.api("GET", "/users", pat).status_code, 200)
        self.refused(self.api("DELETE", "/users/" + self.w.bob.id, pat), 403)
        self.refused(self.api("GET", "/clients", pat), 403)

    def test_PT_02_scoped_token_of_an_administrator(self):
        narrow = self.w.admin.pat("--scope", "view-users")
        self.assertEqual(self.api("GET", "/users", narrow).status_code, 200)
        self.refused(self.api("GET", "/clients", narrow), 403)
        self.refused(self.api("DELETE", "/users/" + self.w.bob.id, narrow), 403)

    def test_client_with_a_permission_scope(self):
        client = self.s.client("Reader", "client_credentials", scope="view-users")
        token = self.s.token(client, "client_credentials").json()["access_token"]
        self.assertEqual(self.api("GET", "/users", token).status_code, 200)
        self.refused(self.api("GET", "/clients", token), 403)

    def test_LS_13_password_is_not_an_ordinary_field(self):
        at = "/users/" + self.w.bob.id
        answer = self.api("PUT", at, body={"password": "something long 77"})
        self.assertNotEqual(answer.status_code, 204)  # AD-06

    # ---- personal access tokens
    def test_token_life(self):
        made, _ = self.new_user()
        base = "/users/%s/tokens" % made["id"]
        answer = self.api("POST", base, body={"name": "CI", "scopes": ["read"], "expires_in": 3600})
        self.assertEqual(answer.status_code, 201, answer.text)
        body = answer.json()
        self.assertEqual(set(body), {"accessToken", "token"})
        self.assertRegex(body["accessToken"], r"^jtn_pat_[A-Za-z0-9_-]{40,}$")
        token = body["token"]
        self.assertEqual((token["name"], token["scopes"]), ("CI", ["read"]))
        me = self.api("GET", "/users/me", body["accessToken"])
        self.assertEqual((me.status_code, me.json()["id"]), (200, made["id"]))
        listed = self.api("GET", base).json()["data"]
        self.assertEqual([t["id"] for t in listed], [token["id"]])
        self.assertNotIn(body["accessToken"], json.dumps(listed))  # AD-03
        self.assertIn(token["id"], [t["id"] for t in self.s.cli("pat", "list", made["username"])])  # contract 7
        self.assertEqual(self.api("GET", base + "/" + token["id"]).json()["id"], token["id"])
        self.assertEqual(self.api("DELETE", base + "/" + token["id"]).status_code, 204)
        self.refused(self.api("GET", "/users/me", body["accessToken"]), 401)
        self.assertEqual(self.api("GET", base).json()["data"], [])

    def test_token_errors(self):
        base = "/users/%s/tokens" % self.w.admin.id
        for body, field in (({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 256}, "name"), ({"name": "x", "scopes": ["nosuch"]}, "scopes"),
                            ({"name": "x", "expires_in": -1}, "expires_in"), ({"name": "x", "expires_in": 10 ** 12}, "expires_in"),
                            ({"name": "x", "scopes": 7}, "scopes"), ({"name": 1}, "name")):
            with self.subTest(body=body):
                self.assertIn(field, self.refused(self.api("POST", base, body=body), 422)["errors"])

    def test_PT_03_a_token_makes_no_tokens_for_others(self):
        answer = self.api("POST", "/users/%s/tokens" % self.w.alice.id, self.w.alice.pat("--scope", "read"), {"name": "x"})
        self.assertEqual(answer.status_code, 403)

    # ---- clients
    def test_client_life(self):
        answer = self.api("POST", "/clients", body={"name": "By API", "grants": ["authorization_code", "client_credentials"],
                                                    "redirect_uris": [CALLBACK], "scopes": ["read"]})
        self.assertEqual(answer.status_code, 201, answer.text)
        made = answer.json()
        id, secret = made.get("client_id") or made["id"], made.get("client_secret") or made.get("secret")
        remember(secret)
        self.assertRegex(secret, r"^jtn_cs_")
        token = self.s.post("/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": basic(id, secret)})
        self.assertEqual(token.status_code, 200)
        shown = self.api("GET", "/clients/" + id)
        self.assertNotIn(secret, shown.text)
        self.assertEqual(shown.json()["redirect_uris"], [CALLBACK])
        self.assertEqual(self.api("PUT", "/clients/" + id, body={"name": "Renamed"}).status_code, 204)
        after = self.api("GET", "/clients/" + id).json()
        self.assertEqual((after["name"], after["redirect_uris"], sorted(after["scopes"])), ("Renamed", [CALLBACK], ["read"]))  # MD-04
        again = self.api("POST", "/clients/%s/secret" % id, body={})
        self.assertIn(again.status_code, (200, 201), again.text)
        fresh = again.json().get("client_secret") or again.json().get("secret")
        remember(fresh)
        for one in (secret, fresh):  # CA-05: overlap
            answer = self.s.post("/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": basic(id, one)})
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(self.api("DELETE", "/clients/" + id).status_code, 204)
        self.refused(self.api("GET", "/clients/" + id), 404)
        answer = self.s.post("/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": basic(id, fresh)})
        self.assertEqual(answer.json()["error"], "invalid_client")
        self.refused(self.api("GET", "/users/me", token.json()["access_token"]), 401)

    def test_client_errors(self):
        for body, field in (({}, "name"), ({"name": "x", "grants": ["nosuch"]}, "grants"), ({"name": "x", "grants": ["authorization_code"], "redirect_uris": ["/x"]}, "redirect_uris"),
                            ({"name": "x", "scopes": ["nosuch"]}, "scopes"), ({"name": "Web", "grants": ["client_credentials"]}, "name"), ({"name": "y", "nosuch": 1}, "body")):
            with self.subTest(body=body):
                self.assertIn(field, self.refused(self.api("POST", "/clients", body=body), 422)["errors"])

    def test_AD_03_no_secret_in_any_answer(self):
        seen = "".join(self.api("GET", p).text for p in ("/clients?per_page=100", "/users?per_page=100", "/events?per_page=100", "/sessions", "/grants",
                                                         "/clients/" + self.w.web.id, "/users/" + self.w.alice.id))
        for secret in (self.w.web.secret, self.w.service.secret, self.w.alice.password, "$argon2", "BEGIN"):
            self.assertNotIn(secret, seen)

    # ---- the others
    def test_events_tell_what_happened(self):
        """LG-01: each of these leaves a line with its actor, client and address."""
        w = self.w
        client = self.s.client("Seen in events", "authorization_code", redirect=CALLBACK, scope="read")
        tokens = self.s.tokens(client, w.bob)
        self.s.revoke(client, tokens["refresh_token"])
        w.password_tokens(w.bob)
        self.s.token(w.trusted, "password", username="bob", password="wrong")
        expected, names, tries = {"client.added", "login.ok", "consent.given", "grant.revoked", "password_grant.ok", "password_grant.failed"}, set(), 50
        while not expected <= names and tries:  # events never keep a request waiting, so the last may come a moment later
            rows = self.api("GET", "/events?per_page=100").json()["data"]
            names, tries = {e["name"] for e in rows}, tries - 1
        self.assertLessEqual(expected, names)
        self.assertTrue([e for e in rows if e["name"] == "login.ok" and e["actor"] == w.bob.id and e["address"] in ("127.0.0.1", "::1")])
        self.assertTrue([e for e in rows if e["name"].startswith("token.issued") and e["client_id"] == client.id], names)

    def test_LS_17_person_sees_and_ends_sessions(self):
        from harness import Browser
        browser = Browser(self.s)
        browser.login(self.w.bob)
        pat = self.w.bob.pat()
        rows = self.api("GET", "/sessions?per_page=100", pat).json()["data"]
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(self.api("DELETE", "/sessions/" + row["id"], self.w.whole(self.w.bob)).status_code, 204)
        self.assertFalse(browser.logged_in())

    def test_AD_02_sessions_are_for_the_person_and_administrators(self):
        seer, first = self.new_user(permissions=["view-users"])
        answer = self.s.token(self.w.house, "password", username=seer["username"], password=first)
        token = answer.json()["access_token"]
        self.assertEqual(self.api("GET", "/users/" + self.w.bob.id, token).status_code, 200)
        self.refused(self.api("GET", "/sessions?user=" + self.w.bob.id, token), 403)
        self.assertEqual(self.api("GET", "/sessions?user=" + seer["id"], token).status_code, 200)
        self.assertEqual(self.api("GET", "/sessions?user=" + self.w.bob.id).status_code, 200)

    def test_openapi_describes_it(self):
        answer = self.s.get("/api/1.0/openapi.json")
        self.assertEqual(answer.status_code, 200)
        document = answer.json()
        self.assertTrue(document["openapi"].startswith("3."))
        base = document["servers"][0]["url"] if document.get("servers") else ""
        for path in document["paths"]:
            full = path if path.startswith("/api") else "/api/1.0" + path
            status = self.s.get(full.replace("{", "").replace("}", "")).status_code
            self.assertIn(status, (200, 401, 405), full)


if __name__ == "__main__":
    unittest.main()
