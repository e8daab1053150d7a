# SPDX-License-Identifier: MIT
"""The token endpoint: shapes, errors, client authentication, ways of sending (contract 4; TE, CA)."""
import base64
import json
import unittest
import urllib.parse

from harness import CALLBACK, Browser, Client, basic, pkce, world

FORM = "application/x-www-form-urlencoded"


class TokenEndpoint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def raw(self, body, **headers):
        """POST with exactly these headers and bytes; no Content-Type unless given."""
        return self.s.post("/oauth/token", body if isinstance(body, bytes) else body.encode(),
                           headers={k.replace("_", "-"): v for k, v in headers.items()})

    def refused(self, answer, error, status=400):
        self.assertEqual((answer.status_code, answer.json().get("error")), (status, error), answer.text)
        self.assertEqual(set(answer.json()), {"error", "error_description"})
        self.headers(answer)
        self.assertRegex(answer.json()["error_description"], r"^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,}$")  # AZ-22

    def headers(self, answer):
        self.assertEqual(answer.headers["Cache-Control"], "no-store")  # TE-03
        self.assertEqual(answer.headers["Pragma"], "no-cache")
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def granted(self, answer, refresh):
        self.assertEqual(answer.status_code, 200, answer.text)
        self.headers(answer)
        body = answer.json()
        self.assertEqual(set(body), {"token_type", "expires_in", "access_token", "scope"} | ({"refresh_token"} if refresh else set()))
        self.assertEqual((body["token_type"], body["expires_in"]), ("Bearer", 3600))
        self.assertRegex(body["access_token"], r"^jtn_at_[A-Za-z0-9_-]{40,}$")
        if refresh:
            self.assertRegex(body["refresh_token"], r"^jtn_rt_[A-Za-z0-9_-]{40,}$")
        return body

    # ---- success shapes
    def test_client_credentials_has_no_refresh_token(self):
        body = self.granted(self.s.token(self.w.service, "client_credentials"), False)
        self.assertEqual(body["scope"], "read write")

    def test_client_credentials_scope_narrowed_is_echoed(self):
        body = self.granted(self.s.token(self.w.service, "client_credentials", scope="write"), False)
        self.assertEqual(body["scope"], "write")  # TE-09

    def test_password_has_a_refresh_token(self):
        w = self.w
        self.granted(self.s.token(w.trusted, "password", username=w.alice.name, password=w.alice.password), True)

    def test_username_in_any_letter_case(self):
        w = self.w
        self.granted(self.s.token(w.trusted, "password", username="ALICE", password=w.alice.password), True)

    def test_empty_parameter_is_absent(self):
        self.granted(self.s.token(self.w.service, "client_credentials", scope=""), False)  # AZ-05

    def test_unknown_parameter_is_ignored(self):
        self.granted(self.s.token(self.w.service, "client_credentials", foo="bar"), False)  # AZ-04

    # ---- ways of sending
    def test_TE_01_json_body(self):
        c = self.w.service
        body = json.dumps({"grant_type": "client_credentials", "client_id": c.id, "client_secret": c.secret})
        for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
            with self.subTest(kind=kind):
                self.granted(self.raw(body, Content_Type=kind), False)

    def test_TE_01_no_content_type_is_a_form(self):
        c = self.w.service
        body = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": c.id, "client_secret": c.secret})
        answer = self.raw(body)
        self.assertNotIn("Content-Type", answer.request.headers)
        self.granted(answer, False)

    def test_form_with_charset(self):
        self.granted(self.raw("grant_type=client_credentials", Content_Type=FORM + "; charset=UTF-8",
                              Authorization=basic(self.w.service.id, self.w.service.secret)), False)

    def test_TE_01_other_content_types_are_refused(self):
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/xml", "application/jsonp", "form"):
            with self.subTest(kind=kind):
                answer = self.raw("grant_type=client_credentials", Content_Type=kind,
                                  Authorization=basic(self.w.service.id, self.w.service.secret))
                self.refused(answer, "invalid_request", 415)

    def test_bad_json_is_refused(self):
        for body in ("", "[]", "{", '{"grant_type":1}', '{"grant_type":"client_credentials","grant_type":"client_credentials"}',
                     '{"grant_type":["client_credentials"]}', '{"grant_type":"client_credentials"}x', "null", '"x"',
                     '{"grant_type":"\\ud800"}', '{"a":' * 40 + "1" + "}" * 40, '{"grant_type":"a\\u0000b"}'):
            with self.subTest(body=body[:60]):
                self.refused(self.raw(body, Content_Type="application/json",
                                      Authorization=basic(self.w.service.id, self.w.service.secret)), "invalid_request")

    def test_bad_forms_are_refused(self):
        for body in (b"grant_type=%zz", b"grant_type=%", b"grant_type=a%00b", b"grant_type=%ff%fe", b"grant_type=\xff",
                     b"grant_type=%c0%af", b"grant_type=%ed%a0%80", b"grant_type=%f4%90%80%80"):
            with self.subTest(body=body):  # IN-03
                self.refused(self.raw(body, Content_Type=FORM, Authorization=basic(self.w.service.id, self.w.service.secret)),
                             "invalid_request")

    def test_TE_02_duplicates_are_refused(self):
        c = self.w.service
        auth = basic(c.id, c.secret)
        for extra in ("grant_type=client_credentials", "scope=read&scope=read", "scope=read&scope=write", "x=1&x=1", "grant%5Ftype=a"):
            with self.subTest(extra=extra):
                self.refused(self.raw("grant_type=client_credentials&" + extra, Content_Type=FORM, Authorization=auth), "invalid_request")
        self.refused(self.raw("grant_type=client_credentials&client_id=%s&client_id=%s" % (c.id, c.id), Content_Type=FORM,
                              Authorization=auth), "invalid_request")

    def test_TE_01_query_parameters_do_not_count(self):
        c = self.w.service
        answer = self.s.post("/oauth/token?grant_type=client_credentials", "", headers={"Authorization": basic(c.id, c.secret)})
        self.refused(answer, "invalid_request")
        answer = self.s.post("/oauth/token?client_id=%s&client_secret=%s" % (c.id, c.secret), {"grant_type": "client_credentials"})
        self.assertIn(answer.status_code, (400, 401))

    def test_TE_01_other_methods_are_405(self):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            with self.subTest(method=method), self.s.http() as http:
                answer = http.request(method, self.s.url + "/oauth/token")
                self.assertEqual(answer.status_code, 405)
                self.assertIn("POST", answer.headers["Allow"])
                self.assertEqual(answer.json()["error"], "invalid_request")

    # ---- errors
    def test_no_grant_type(self):
        c = self.w.service
        self.refused(self.raw("scope=read", Content_Type=FORM, Authorization=basic(c.id, c.secret)), "invalid_request")

    def test_unknown_grant_type(self):
        for grant in ("implicit", "personal_access", "authorization-code", "PASSWORD", "urn:x"):
            with self.subTest(grant=grant):
                answer = self.s.token(self.w.service, grant)
                self.refused(answer, "unsupported_grant_type")
                self.assertIn("grant_types_supported", answer.json()["error_description"])

    def test_AZ_23_the_api_by_the_name_of_its_metadata_is_this_server(self):
        told = self.s.get("/.well-known/oauth-protected-resource/api/1.0").json()["resource"]
        w, challenge = self.w, pkce()
        for uri in (told, self.s.url):
            answer = self.s.token(w.trusted, "password", username="alice", password=w.alice.password, resource=uri)
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(self.s.api("GET", "/users/me", answer.json()["access_token"]).status_code, 200)
            code = Browser(self.s).authorize(w.native, w.alice, resource=uri, code_challenge=challenge[1], code_challenge_method="S256")["code"]
            answer = self.s.token(w.native, "authorization_code", auth="id", code=code, redirect_uri=w.native.redirect, resource=uri,
                                  code_verifier=challenge[0])
            self.assertEqual(answer.status_code, 200, answer.text)
            refresh = answer.json()["refresh_token"]
            self.refused(self.s.token(w.native, "refresh_token", auth="id", refresh_token=refresh, resource=self.s.url + "/x"), "invalid_target")
            self.assertEqual(self.s.token(w.native, "refresh_token", auth="id", refresh_token=refresh, resource=told).status_code, 200)
            pushed = self.s.post("/oauth/par", {"response_type": "code", "redirect_uri": CALLBACK, "resource": uri},
                                 headers={"Authorization": basic(w.web.id, w.web.secret)})
            self.assertEqual(pushed.status_code, 201, pushed.text)
        for uri in (told + "/", told + "0", self.s.url + "/", self.s.url + "/api", self.s.url + "x"):
            self.refused(self.s.token(w.service, "client_credentials", resource=uri), "invalid_target")

    def test_TE_05_grant_of_another_client(self):
        w = self.w
        for client, grant in ((w.service, "password"), (w.trusted, "client_credentials"), (w.web, "password"),
                              (w.service, "authorization_code"), (w.service, "refresh_token")):
            with self.subTest(grant=grant):
                self.refused(self.s.token(client, grant, username="alice", password="wrong", code="x", refresh_token="x"),
                             "unauthorized_client")

    def test_TE_07_public_client_has_no_client_credentials(self):
        self.assertIn(self.s.token(self.w.native, "client_credentials", auth="id").json()["error"],
                      ("unauthorized_client", "invalid_client"))

    def test_missing_fields_are_invalid_request(self):
        w = self.w
        self.refused(self.s.token(w.trusted, "password", username="alice"), "invalid_request")
        self.refused(self.s.token(w.trusted, "password", password="x"), "invalid_request")
        self.refused(self.s.token(w.web, "authorization_code"), "invalid_request")
        self.refused(self.s.token(w.web, "refresh_token"), "invalid_request")

    def test_TE_12_wrong_password_and_unknown_user_answer_alike(self):
        one = self.s.token(self.w.trusted, "password", username="alice", password="not it")
        two = self.s.token(self.w.trusted, "password", username="nobody-here", password="not it")
        self.refused(one, "invalid_grant")
        self.assertEqual((one.status_code, one.json()), (two.status_code, two.json()))

    def test_bad_scope(self):
        for scope in ("nosuch", "read nosuch", 'a"b', "view-users", "\u00e9"):
            with self.subTest(scope=scope):
                self.refused(self.s.token(self.w.service, "client_credentials", scope=scope), "invalid_scope")

    def test_foreign_handles_are_invalid_grant(self):
        """AC-11: one kind of credential is never taken for another."""
        w = self.w
        pat = w.alice.pat()
        tokens = w.password_tokens()
        kinds = {"pat": pat, "at": tokens["access_token"], "rt": tokens["refresh_token"], "secret": w.service.secret,
                 "ac-like": "jtn_ac_" + "A" * 60, "empty-ish": "x", "long": "jtn_rt_" + "A" * 4000}
        for name, value in kinds.items():
            with self.subTest(as_code=name):
                self.refused(self.s.token(w.web, "authorization_code", code=value, redirect_uri=w.web.redirect), "invalid_grant")
            if name != "rt":
                with self.subTest(as_refresh=name):
                    self.refused(self.s.token(w.trusted, "refresh_token", refresh_token=value), "invalid_grant")

    # ---- client authentication
    def test_CA_wrong_secret_is_401_with_a_challenge(self):
        bad = Client(self.w.service.id, "wrong")
        answer = self.s.token(bad, "client_credentials")
        self.refused(answer, "invalid_client", 401)
        self.assertRegex(answer.headers["WWW-Authenticate"], r'^Basic realm="')  # TE-04
        self.refused(self.s.token(bad, "client_credentials", auth="post"), "invalid_client", 401)

    def test_TE_12_unknown_client_and_wrong_secret_answer_alike(self):
        one = self.s.token(Client(self.w.service.id, "wrong"), "client_credentials")
        two = self.s.token(Client("no-such-client", "wrong"), "client_credentials")
        self.assertEqual((one.status_code, one.json(), one.headers.get("WWW-Authenticate")),
                         (two.status_code, two.json(), two.headers.get("WWW-Authenticate")))

    def test_CA_no_authentication_at_all(self):
        self.refused(self.s.token(self.w.service, "client_credentials", auth="none"), "invalid_client", 401)
        self.refused(self.s.token(self.w.service, "client_credentials", auth="id"), "invalid_client", 401)

    def test_CA_basic_scheme_in_any_letter_case(self):
        value = basic(self.w.service.id, self.w.service.secret)[6:]
        for scheme in ("Basic ", "basic ", "BASIC ", "bAsIc "):
            with self.subTest(scheme=scheme):
                self.granted(self.s.token(self.w.service, "client_credentials", auth="none", headers={"Authorization": scheme + value}), False)

    def test_CA_02_equal_client_id_beside_basic(self):
        self.granted(self.s.token(self.w.service, "client_credentials", client_id=self.w.service.id), False)

    def test_CA_02_other_client_id_beside_basic(self):
        answer = self.s.token(self.w.service, "client_credentials", client_id=self.w.trusted.id)
        self.assertIn((answer.status_code, answer.json()["error"]), ((400, "invalid_request"), (401, "invalid_client")))

    def test_CA_02_secret_in_both_places(self):
        c = self.w.service
        self.refused(self.s.token(c, "client_credentials", client_secret=c.secret, client_id=c.id), "invalid_request")

    def test_CA_04_basic_raw_and_form_decoded(self):
        secret = "needs:coding%2B+&= /and more than 32 bytes~".replace(" ", "!")
        self.s.cli("client", "add", "--name", "Odd Secret", "--id", "odd/id+1%", "--grant", "client_credentials", "--secret-stdin",
                   stdin=secret)
        for id, given in (("odd/id+1%", secret), (urllib.parse.quote_plus("odd/id+1%"), urllib.parse.quote_plus(secret))):
            with self.subTest(id=id):
                self.granted(self.s.token(Client(id, given), "client_credentials"), False)
        self.granted(self.s.token(Client("odd/id+1%", secret), "client_credentials", auth="post"), False)

    def test_integer_client_id(self):
        made = self.s.cli("client", "add", "--name", "Seven", "--id", "7", "--grant", "client_credentials")
        self.granted(self.s.token(Client("7", made["client_secret"]), "client_credentials"), False)

    def test_bad_basic_headers(self):
        for value in ("Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer x", "Digest x",
                      "Basic " + base64.b64encode(b"a\0b:c").decode(), "Basic " + base64.b64encode(b"\xff:\xff").decode(), "x"):
            with self.subTest(value=value):
                answer = self.s.token(self.w.service, "client_credentials", auth="none", headers={"Authorization": value})
                self.assertIn(answer.status_code, (400, 401))
                self.assertIn(answer.json()["error"], ("invalid_client", "invalid_request"))

    def test_CA_06_long_secret_is_refused(self):
        self.assertIn(self.s.token(Client(self.w.service.id, "x" * 9000), "client_credentials", auth="post").status_code, (400, 401))

    def test_auth_method_is_enforced(self):
        """CA-03: only the method registered for the client."""
        for method, right, wrong in (("client_secret_basic", "basic", "post"), ("client_secret_post", "post", "basic")):
            client = self.s.client("Only " + method, "client_credentials", options=["--auth-method", method])
            with self.subTest(method=method):
                self.granted(self.s.token(client, "client_credentials", auth=right), False)
                self.refused(self.s.token(client, "client_credentials", auth=wrong), "invalid_client", 401)

    # ---- compat processmaker
    def test_compat_password_by_secret_alone(self):
        w = self.w
        answer = self.s.token(w.compat, "password", auth="none", client_secret=w.compat.secret, username="alice", password=w.alice.password)
        self.granted(answer, True)
        pat, rows, tries = w.admin.pat(), [], 500
        while not rows and tries:  # events never keep a request waiting
            rows, tries = self.s.api("GET", "/events?filter=client.deprecated", pat).json()["data"], tries - 1
        self.assertEqual(rows[0]["client_id"], w.compat.id)

    def test_compat_touches_no_other_client(self):
        w = self.w
        answer = self.s.token(w.trusted, "password", auth="none", client_secret=w.trusted.secret, username="alice", password=w.alice.password)
        self.refused(answer, "invalid_client", 401)

    # ---- TE-08
    def test_TE_08_client_subject_is_no_user(self):
        w = self.w
        client = self.s.cli("client", "add", "--name", "Same id", "--id", w.alice.id, "--grant", "client_credentials")
        token = self.s.token(Client(w.alice.id, client["client_secret"]), "client_credentials").json()["access_token"]
        told = self.s.introspect(w.service, token).json()
        self.assertEqual(told["sub"], "client:" + w.alice.id)
        me = self.s.api("GET", "/users/me", token)
        self.assertEqual(me.status_code, 200, me.text)
        self.assertNotIn("alice@example.org", me.text)
        self.assertEqual(self.s.api("GET", "/users/" + w.alice.id, token).status_code, 403)


if __name__ == "__main__":
    unittest.main()
