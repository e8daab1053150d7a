# SPDX-License-Identifier: MIT
"""The audit trail is bounded fairly (RL-06) and tells every refusal (LG-01): a flood of one source hides nothing of another's and nothing
weightier; each answer carries the id under which its refusal is found."""
import json
import unittest
import uuid

import requests

from harness import CALLBACK, Browser, World, basic, run_cli


class Trail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = cls.w.server

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def events(self, **options):
        args = [x for k, v in options.items() for x in ("--" + k, str(v))]
        return self.s.cli("event", "list", *args)

    def found(self, request_id, tries=100):
        """The events of a request: they are written without waiting, so they are asked for until they are there."""
        for _ in range(tries):
            rows = [e for e in self.events(filter=request_id) if e["request_id"] == request_id]
            if rows:
                return rows
            self.s.get("/health/live")
        return []

    # ---- every answer carries its id
    def test_every_answer_carries_its_id(self):
        document = self.s.get("/api/1.0/openapi.json").json()
        calls = [("GET", p) for p in ("/", "/login", "/account", "/admin", "/nosuch", "/oauth/authorize", "/oauth/jwks", "/health/live", "/metrics",
                                      "/.well-known/openid-configuration", "/assets/nosuch", "/oauth/device", "/oauth/token", "/favicon.ico")]
        calls += [("POST", p) for p in ("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par", "/oauth/register", "/login", "/oauth/consent")]
        calls += [(m.upper(), "/api/1.0" + p.replace("/api/1.0", "")) for p, item in document["paths"].items() for m in item if m in ("get", "post", "put", "delete")]
        calls += [("OPTIONS", "/api/1.0/users"), ("HEAD", "/health/live"), ("PATCH", "/api/1.0/users"), ("GET", "/%00"), ("GET", "/a/../b")]
        seen = set()
        with self.s.http() as http:
            for method, path in calls:
                answer = http.request(method, self.s.url + path, allow_redirects=False, timeout=20)
                self.assertRegex(answer.headers.get("X-Request-Id", ""), r"^\S{8,}$", method + " " + path)
                seen.add(answer.headers["X-Request-Id"])
        self.assertEqual(len(seen), len(calls))

    # ---- every refusal is an event
    def test_refusals_are_found_by_their_id(self):
        service, url = self.w.service, self.s.url
        head = {"Authorization": basic(service.id, service.secret)}
        cases = {
            "a wrong redirect URI": lambda h: h.get(url + "/oauth/authorize", params={"client_id": self.w.web.id, "response_type": "code", "redirect_uri": "https://evil.example/"}),
            "an unknown client": lambda h: h.get(url + "/oauth/authorize", params={"client_id": "nosuch", "response_type": "code"}),
            "a scope that is not the client's": lambda h: h.post(url + "/oauth/token", {"grant_type": "client_credentials", "scope": "view-users"}, headers=head),
            "a forged code": lambda h: h.post(url + "/oauth/token", {"grant_type": "authorization_code", "code": "x"}, headers={"Authorization": basic(self.w.web.id, self.w.web.secret)}),
            "a wrong secret": lambda h: h.post(url + "/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": basic(service.id, "x" * 40)}),
            "no client at introspection": lambda h: h.post(url + "/oauth/introspect", {"token": "x"}),
            "a bad token at the API": lambda h: h.get(url + "/api/1.0/users/me", headers={"Authorization": "Bearer x"}),
            "a token without the scope": lambda h: h.get(url + "/api/1.0/users", headers={"Authorization": "Bearer " + self.w.password_tokens(scope="read")["access_token"]}),
            "a bad token at userinfo": lambda h: h.get(url + "/oauth/userinfo", headers={"Authorization": "Bearer x"}),
            "an unknown query parameter": lambda h: h.get(url + "/api/1.0/users?colour=red", headers={"Authorization": "Bearer " + self.w.whole(self.w.admin)}),
            "a body of the wrong kind": lambda h: h.post(url + "/oauth/introspect", data="<x/>", headers={"Content-Type": "text/xml"}),
        }
        for what, call in cases.items():
            with self.subTest(what=what), self.s.http() as http:
                answer = call(http)
                self.assertGreaterEqual(answer.status_code, 400, what)
                rows = self.found(answer.headers["X-Request-Id"])
                self.assertEqual(len(rows), 1, (what, rows))  # once
                self.assertTrue(rows[0]["name"].endswith(".refused"), rows)
                self.assertTrue(rows[0]["detail"])
                self.assertEqual(rows[0]["class"], "machines")

    def test_a_refusal_by_redirect_is_found_too(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        answer = browser.authorize(self.w.web, self.w.alice, scope="view-users")
        self.assertEqual(answer["error"], "invalid_scope")
        row = self.found(browser.response.headers["X-Request-Id"])[0]
        self.assertEqual((row["client_id"], row["subject"], row["actor"]), (self.w.web.id, "invalid_scope", self.w.alice.id))

    def test_the_page_names_the_request_and_the_console_finds_it(self):
        browser = Browser(self.s)
        browser.get("/oauth/authorize?client_id=nosuch&response_type=code")
        self.assertIn(browser.response.headers["X-Request-Id"], "".join(browser.page.text))
        asked = browser.response.headers["X-Request-Id"]
        self.assertTrue(self.found(asked))
        admin = Browser(self.s)
        admin.login(self.w.admin)
        admin.get("/admin/events?filter=" + asked)
        self.assertIn("request.refused", "".join(admin.page.text))
        rows = self.s.api("GET", "/events?filter=" + asked, self.w.whole(self.w.admin)).json()["data"]
        self.assertEqual([r["request_id"] for r in rows], [asked])

    def test_what_is_ordinary_is_no_refusal(self):
        waiting = self.s.client("TV", "device_code", options=["--public"])
        begun = self.s.post("/oauth/device/code", {"client_id": waiting.id}).json()
        answer = self.s.post("/oauth/token", {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": begun["device_code"], "client_id": waiting.id})
        self.assertEqual(answer.json()["error"], "authorization_pending")
        last = self.s.get("/api/1.0/users/me", headers={"Authorization": "Bearer x"})
        self.assertTrue(self.found(last.headers["X-Request-Id"]))
        self.assertFalse([e for e in self.events(limit=200) if e["request_id"] == answer.headers["X-Request-Id"]])

    # ---- x-fapi-interaction-id
    def test_interaction_id_comes_back(self):
        token, sent = self.w.whole(self.w.alice), str(uuid.uuid4())
        for path in ("/api/1.0/users/me", "/oauth/userinfo", "/api/1.0/nosuch-below/x"):
            answer = self.s.get(path, headers={"Authorization": "Bearer " + token, "x-fapi-interaction-id": sent})
            if "nosuch" not in path:
                self.assertEqual(answer.headers["x-fapi-interaction-id"], sent, path)
        for bad in (None, "", "x", sent + "0", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"):
            headers = {"Authorization": "Bearer " + token, **({"x-fapi-interaction-id": bad} if bad is not None else {})}
            made = self.s.get("/api/1.0/users/me", headers=headers).headers["x-fapi-interaction-id"]
            self.assertNotEqual(made, bad)
            self.assertEqual(str(uuid.UUID(made)), made)
        for _ in range(1000):  # the log is written a tenth of a second later
            if sent in self.s.log_text():
                break
            self.s.get("/health/live")
        self.assertIn("interaction=" + sent, self.s.log_text())

    # ---- floods, at a server of their own: a source that has flooded waits before more of it is recorded
    def test_a_flood_hides_neither_logins_nor_administrators(self):
        w = World()
        s = w.server
        self.addCleanup(s.stop_for_good)

        def listed(name):
            return s.cli("event", "list", "--filter", name, "--limit", "5000")

        s.cli("client", "edit", w.other.id, "--description", "before the flood")
        with s.http() as http:
            for i in range(1800):
                http.post(s.url + "/oauth/token", {"grant_type": "client_credentials", "client_id": "nosuch%d" % i, "client_secret": "x"}, timeout=20)
        for i in range(40):
            s.token(w.trusted, "password", username="victim%d" % i, password="wrong")
        for _ in range(100):  # written without waiting
            if len(listed("password_grant.failed")) >= 40:
                break
            s.get("/health/live")
        self.assertEqual(len(listed("password_grant.failed")), 40)
        self.assertTrue([e for e in listed("client.changed") if e["subject"] == w.other.id])
        self.assertLess(len(listed("client.refused")), 1500)
        metrics = s.get("/metrics").text
        self.assertRegex(metrics, r'jeton_events_suppressed_total\{class="machines"\} [1-9]')
        self.assertRegex(metrics, r'jeton_events_suppressed_total\{class="people"\} 0')
        self.assertRegex(metrics, r'jeton_events_budget\{class="administration"\} 200000')

    # ---- export
    def test_export_is_json_lines_and_goes_on(self):
        code, out, err = run_cli(self.s.data, "event", "export")
        self.assertEqual(code, 0, err)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([r["number"] for r in rows], sorted(r["number"] for r in rows))
        middle = rows[len(rows) // 2]["number"]
        code, out, err = run_cli(self.s.data, "event", "export", "--after", str(middle), "--class", "administration")
        more = [json.loads(line) for line in out.splitlines()]
        self.assertTrue(all(r["number"] > middle and r["class"] == "administration" for r in more))
        self.assertEqual(run_cli(self.s.data, "event", "export", "--class", "all")[0], 2)

    # ---- one rule for lists, one shape for errors
    def test_lists_refuse_what_they_do_not_know(self):
        admin = self.w.whole(self.w.admin)
        for path in ("/users", "/clients", "/scopes", "/events", "/sessions", "/grants", "/users/%s/tokens" % self.w.alice.id):
            self.assertEqual(self.s.api("GET", path + "?per_page=100", admin).status_code, 200, path)
            for query, field in (("per_page=5000", "per_page"), ("per_page=101", "per_page"), ("per_page=0", "per_page"), ("page=0", "page"), ("page=x", "page"), ("order_direction=up", "order_direction"),
                                 ("perpage=5", "query"), ("x=1", "query"), ("Filter=a", "query")):
                answer = self.s.api("GET", path + "?" + query, admin)
                self.assertEqual(answer.status_code, 422, path + query)
                self.assertEqual(list(answer.json()["errors"]), [field], path + query)

    def test_one_shape_for_errors_of_the_api(self):
        admin, alice = self.w.whole(self.w.admin), self.w.alice.pat("--scope", "view-own-events")
        with self.s.http() as http:
            def call(method, path, token=None, **more):
                headers = {**({"Authorization": "Bearer " + token} if token else {}), **more.pop("headers", {})}
                return http.request(method, self.s.url + path, headers=headers, timeout=20, **more)
            cases = {401: [call("GET", "/api/1.0/users/me"), call("GET", "/api/1.0/users/me", "x")], 403: [call("GET", "/api/1.0/users", alice)],
                     404: [call("GET", "/api/1.0/nosuch", admin), call("GET", "/api/"), call("GET", "/api/1.0/users/nosuch", admin)],
                     405: [call("PATCH", "/api/1.0/users", admin), call("PUT", "/api/1.0/events", admin)],
                     415: [call("POST", "/api/1.0/users", admin, data="a=b", headers={"Content-Type": "application/x-www-form-urlencoded"})],
                     422: [call("POST", "/api/1.0/users", admin, json={}), call("GET", "/api/1.0/users?per_page=x", admin)]}
        for status, answers in cases.items():
            for answer in answers:
                self.assertEqual(answer.status_code, status, answer.url + answer.text)
                body = answer.json()
                self.assertEqual(set(body), {"error", "message", "request_id"} | ({"errors"} if status == 422 else set()), answer.url)
                self.assertEqual(body["request_id"], answer.headers["X-Request-Id"])
                self.assertTrue(body["message"])
        self.assertEqual({a.json()["error"] for a in cases[401]}, {"Unauthenticated."})
        self.assertEqual({a.json()["error"] for a in cases[404]}, {"Not Found"})


if __name__ == "__main__":
    unittest.main()
