# SPDX-License-Identifier: MIT
"""MCP servers and clients: docs/examples run with the official TypeScript SDK, from registration or a client ID metadata document to a tool's
answer; a resource carries its scopes (AZ-15, AZ-23, CO-01); several `resource` parameters (RFC 8707), for all or invalid_target."""
import json
import os
import selectors
import shutil
import subprocess
import tempfile
import unittest
from urllib.parse import quote

import requests

from harness import ROOT, Browser, Client, Failed, Server, clean_environment, free_port, pkce
from test_connect import register
from test_exchange import claims
from test_registration import Web

SCOPES = {"notes:read": "Read your notes", "notes:write": "Change your notes"}


class Example:
    """A program of docs/examples, with the packages that its head names."""

    def __init__(self, server, name, **env):
        self.folder = tempfile.mkdtemp(prefix="jeton-mcp-")
        shutil.copy(os.path.join(ROOT, "docs", "examples", name), self.folder)
        os.symlink(os.path.join(ROOT, "test", "e2e", "node_modules"), os.path.join(self.folder, "node_modules"))
        self.errors = open(os.path.join(self.folder, "stderr"), "w+b")
        self.program = subprocess.Popen(["node", os.path.join(self.folder, name)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=clean_environment(NODE_EXTRA_CA_CERTS=server.ca, **env))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.program.stdout, selectors.EVENT_READ)

    def line(self, seconds=30):
        """The next line; "" at the end of what it says."""
        if not self.selector.select(seconds):
            raise Failed("the program said nothing for %d s" % seconds)
        return self.program.stdout.readline().decode().rstrip("\n")

    def wait(self):
        self.program.wait(30)
        self.errors.seek(0)
        return self.program.returncode, self.errors.read().decode()

    def stop(self):
        self.program.kill()
        self.program.wait()
        self.program.stdout.close()
        self.selector.close()
        self.errors.close()
        shutil.rmtree(self.folder)


class Mcp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web()
        cls.s = Server(args=("--registration", "open", "--client-documents", "on", "--fetch-internal", cls.web.host, "--fetch-authority", cls.web.authority))
        cls.resource = "http://127.0.0.1:%d/mcp" % free_port()
        for name, text in SCOPES.items():
            cls.s.cli("scope", "add", name, "--description", text)
        cls.s.cli("resource", "add", cls.resource, "--name", "Notes", *[w for name in SCOPES for w in ("--scope", name)])
        cls.s.start()
        cls.notes = Example(cls.s, "mcp_server.mjs", ISSUER=cls.s.url, RESOURCE=cls.resource)
        said = cls.notes.line()
        if said != "ready on " + cls.resource:
            raise Failed(said + cls.notes.wait()[1])

    @classmethod
    def tearDownClass(cls):
        cls.notes.stop()
        cls.s.stop()
        cls.web.stop()

    def walk(self, person, **env):
        """Runs the client; the person logs in and allows. What it said, and the consent page."""
        client = Example(self.s, "mcp_client.mjs", SERVER=self.resource, **env)
        try:
            said = client.line()
            self.assertTrue(said.startswith("open "), said)
            browser = Browser(self.s)
            browser.get(said[5:])
            browser.login(person)
            page = browser.response.text
            browser.submit(browser.form("decision"), button=("decision", "allow"))
            self.assertTrue(browser.outside.startswith("http://127.0.0.1:"), browser.outside)
            requests.get(browser.outside, timeout=10)
            rest = [client.line() for _ in range(3)]
            status, errors = client.wait()
            self.assertEqual(status, 0, errors)
            return rest, page
        finally:
            client.stop()

    def test_the_documents_client_registers_itself_and_reaches_the_tools(self):
        person = self.s.user("noter")
        (wrote, read, last), page = self.walk(person)
        self.assertEqual((wrote, read), ("write_note: written", "read_note: Buy bread."))
        told = json.loads(last)
        self.assertEqual((set(told["scope"].split()), told["refresh"]), (set(SCOPES), True))
        for text in (*SCOPES.values(), "Notes on the command line", self.resource):
            self.assertIn(text, page)
        self.assertEqual(self.s.cli("client", "show", told["client_id"])["scopes"].count("notes:read"), 0)  # it is the service's, not the client's

    def test_a_document_over_https_instead_of_a_registration(self):
        url = self.web.url + "/notes/client.json"
        self.web.put("/notes/client.json", {"client_id": url, "client_name": "Notes by document", "redirect_uris": ["http://127.0.0.1/callback"],
                                            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"})
        (wrote, read, last), page = self.walk(self.s.user("documented"), CLIENT_ID_DOCUMENT=url)
        self.assertEqual((wrote, read), ("write_note: written", "read_note: Buy bread."))
        self.assertEqual(json.loads(last)["client_id"], url)
        self.assertIn("Notes by document", page)
        self.assertIn(self.web.host.split(":")[0], page)
        self.assertIn("/notes/client.json", self.web.asked)

    def test_tokens_for_others_are_refused_there(self):
        """The server of the documents, asked with what it should not take."""
        other = "http://127.0.0.1:9/mcp"
        try:
            self.s.cli("resource", "add", other, "--name", "Other")
        except Failed as there:
            self.assertIn("already", str(there))
        service = self.s.client("Machine", "client_credentials", options=["--scope", "notes:read"])
        good = self.s.token(service, "client_credentials", resource=self.resource, scope="notes:read").json()["access_token"]
        ask = lambda token: requests.post(self.resource, timeout=10, headers={"Authorization": "Bearer " + token, "Accept": "application/json, text/event-stream"},
                                          json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        self.assertEqual(ask(good).status_code, 200)
        for wrong in (self.s.token(service, "client_credentials", resource=other).json()["access_token"],
                      self.s.token(service, "client_credentials").json()["access_token"], good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBB"), "x"):
            answer = ask(wrong)
            self.assertEqual(answer.status_code, 401, wrong)
            self.assertIn("resource_metadata", answer.headers["WWW-Authenticate"])


class Carried(unittest.TestCase):
    """What a resource carries, and for whom."""

    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(args=("--registration", "open"))
        for name, text in {**SCOPES, "other": "Something else"}.items():
            s.cli("scope", "add", name, "--description", text)
        cls.notes, cls.mail = "https://notes.example/mcp", "https://mail.example"
        s.cli("resource", "add", cls.notes, "--name", "Notes", "--scope", "notes:read notes:write")
        s.cli("resource", "add", cls.mail, "--name", "Mail", "--token-format", "sealed")
        cls.alice, cls.admin = s.user("alice"), s.user("root", "--admin")
        s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def registered(self):
        answer = register(self.s, redirect_uris=["http://127.0.0.1/cb"], token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"])
        self.assertEqual(answer.status_code, 201, answer.text)
        return Client(answer.json()["client_id"], None, "http://127.0.0.1/cb")

    def asked(self, client, resources, person=None, decision="allow", **parameters):
        verifier, challenge = pkce()
        browser = Browser(self.s)
        url = browser.authorize_url(client, code_challenge=challenge, code_challenge_method="S256", **parameters)
        browser.get(url + "".join("&resource=" + quote(r, safe="") for r in resources))
        if not browser.outside and any(f.has("username") for f in browser.page.forms):
            browser.login(person or self.alice)
        page = "" if browser.outside else browser.response.text
        return browser.go_on(person or self.alice, decision), page, verifier

    def code(self, client, resources, **parameters):
        answer, page, verifier = self.asked(client, resources, **parameters)
        self.assertIn("code", answer)
        return answer["code"], verifier, page

    def redeem(self, client, code, verifier, resources=()):
        fields = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier), ("redirect_uri", client.redirect), ("client_id", client.id)]
        with self.s.http() as http:
            return http.post(self.s.url + "/oauth/token", data=fields + [("resource", r) for r in resources], timeout=20)

    def refreshed(self, client, token, resources=()):
        with self.s.http() as http:
            return http.post(self.s.url + "/oauth/token", timeout=20, data=[("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client.id)] +
                             [("resource", r) for r in resources])

    def test_AZ_15_for_software_that_registered_itself_and_for_its_own_tokens_alone(self):
        client = self.registered()
        code, verifier, page = self.code(client, [self.notes], scope="notes:read")
        self.assertIn("Read your notes", page)
        self.assertIn("Notes", page)
        got = self.redeem(client, code, verifier).json()
        self.assertEqual((got["scope"], claims(got["access_token"])["aud"]), ("notes:read", self.notes))
        for resources, scope in (([], "notes:read"), ([self.mail], "notes:read"), ([self.s.url], "notes:read"), ([self.notes], "other"),
                                 ([self.notes], "notes:read other"), ([self.notes], "view-users"), ([self.notes], "view-own-profile")):
            with self.subTest(resources=resources, scope=scope):
                self.assertEqual(self.asked(client, resources, scope=scope)[0].get("error"), "invalid_scope")

    def test_an_administrators_list_is_not_widened(self):
        client = self.s.client("Only", "authorization_code", redirect="http://127.0.0.1/cb", options=["--public", "--scope", "other"])
        self.assertEqual(self.asked(client, [self.notes], scope="notes:read")[0].get("error"), "invalid_scope")

    def test_taken_from_the_resource_it_is_taken_from_the_next_token(self):
        uri = "https://fading.example"
        self.s.cli("resource", "add", uri, "--name", "Fading", "--scope", "notes:read notes:write")
        client = self.registered()
        code, verifier, _ = self.code(client, [uri], scope="notes:read notes:write")
        got = self.redeem(client, code, verifier).json()
        shown = self.s.cli("resource", "edit", uri, "--scope", "notes:write", "--name", "Faded")
        self.assertEqual((shown["name"], shown["scope"]), ("Faded", "notes:write"))
        self.assertEqual(self.refreshed(client, got["refresh_token"]).json()["scope"], "notes:write")
        self.s.cli("resource", "edit", uri, "--scope", "")
        self.assertEqual(self.asked(client, [uri], scope="notes:write")[0].get("error"), "invalid_scope")

    def test_what_a_resource_cannot_carry(self):
        for scope, word in (("openid", "own scopes"), ("view-users", "own scopes"), ("view-own-profile", "own scopes"), ("nosuch", "unknown")):
            with self.subTest(scope=scope):
                with self.assertRaises(Failed) as refused:
                    self.s.cli("resource", "add", "https://bad.example", "--name", "Bad", "--scope", scope)
                self.assertIn(word, str(refused.exception))
        with self.assertRaises(Failed) as refused:
            self.s.cli("resource", "edit", "https://nobody.example", "--scope", "other")
        self.assertIn("no resource", str(refused.exception))

    def test_in_the_console(self):
        browser = Browser(self.s)
        browser.login(self.admin)
        browser.get("/admin/resources")
        form = next(f for f in browser.page.forms if f.has("uri"))
        browser.submit(form, uri="https://console.example", name="By hand", **{"scopes[]": "other"})
        self.assertEqual(browser.response.status_code, 200)
        self.assertIn("<code>other</code>", browser.response.text)
        browser.get("/admin/resources/edit?uri=" + quote("https://console.example", safe=""))
        form = next(f for f in browser.page.forms if f.has("name"))
        self.assertEqual([v for k, v in form.fields if k == "scopes[]"], ["other"])
        browser.submit(form, name="")
        self.assertEqual(browser.response.status_code, 422)
        browser.submit(next(f for f in browser.page.forms if f.has("name")), name="Renamed", **{"scopes[]": "notes:read"})
        shown = next(r for r in self.s.cli("resource", "list") if r["uri"] == "https://console.example")
        self.assertEqual((shown["name"], shown["scope"]), ("Renamed", "notes:read"))

    # ---- several
    def test_several_are_granted_and_each_has_a_token_of_its_own(self):
        client = self.registered()
        code, verifier, page = self.code(client, [self.notes, self.mail, self.notes], scope="notes:read")
        for name in ("Notes", "Mail", self.notes, self.mail):
            self.assertIn(name, page)
        got = self.redeem(client, code, verifier, [self.notes]).json()
        self.assertEqual((claims(got["access_token"])["aud"], got["scope"]), (self.notes, "notes:read"))
        answer = self.refreshed(client, got["refresh_token"], [self.mail])
        self.assertEqual(answer.json()["error"], "invalid_scope")  # what one service carries is not for another, nor a token without scope instead
        mail = self.refreshed(client, got["refresh_token"], [self.notes]).json()
        for wrong in ([], [self.notes, self.mail], ["https://console.example/x"], [self.s.url]):
            with self.subTest(wrong=wrong):
                answer = self.refreshed(client, mail["refresh_token"], wrong)
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_target"))
        again = self.refreshed(client, mail["refresh_token"], [self.notes, self.notes])  # and nothing was lost by that
        self.assertEqual(claims(again.json()["access_token"])["aud"], self.notes)

    def test_a_code_for_several_wants_a_name(self):
        client = self.registered()
        code, verifier, _ = self.code(client, [self.notes, self.mail])
        answer = self.redeem(client, code, verifier)
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_target"))
        self.assertIn("name the one", answer.json()["error_description"])

    def test_all_or_invalid_target(self):
        client = self.registered()
        for resources in ([self.notes, "https://nobody.example"], ["https://nobody.example"] * 2, [self.notes + "/"], [self.notes.upper()]):
            with self.subTest(resources=resources):
                self.assertEqual(self.asked(client, resources)[0].get("error"), "invalid_target")
        answer, _, _ = self.asked(client, ["https://r%d.example" % i for i in range(40)])
        self.assertEqual(answer.get("error"), "invalid_target")

    def test_one_token_at_once_is_for_one(self):
        machine = self.s.client("Machine", "client_credentials password", options=["--scope", "other"])
        with self.s.http() as http:
            ask = lambda *resources, **more: http.post(self.s.url + "/oauth/token", timeout=20, auth=(machine.id, machine.secret), data=[
                *{"grant_type": "client_credentials", **more}.items(), *[("resource", r) for r in resources]])
            self.assertEqual(ask(self.notes, self.notes).status_code, 200)
            self.assertEqual(claims(ask(self.mail + "/", self.notes, self.mail)
                                         .json().get("access_token", "a.e30.c")), {})
            for more in ({}, {"grant_type": "password", "username": self.alice.name, "password": self.alice.password}):
                answer = ask(self.notes, self.mail, **more)
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_target"))
            twice = http.post(self.s.url + "/oauth/token", timeout=20, auth=(machine.id, machine.secret), data=[("grant_type", "client_credentials"), ("scope", "other"), ("scope", "other")])
            self.assertEqual(twice.json()["error"], "invalid_request")  # TE-02: only what may come several times may

    def test_an_empty_path_and_a_slash_are_the_same(self):
        """Libraries that parse the URI and write it again add it."""
        client = self.registered()
        code, verifier, _ = self.code(client, [self.mail + "/"])
        got = self.redeem(client, code, verifier, [self.mail])
        self.assertEqual(got.status_code, 200, got.text)

    def test_CO_01_a_yes_is_for_the_service_that_was_shown(self):
        confidential = self.s.client("Sure", "authorization_code", redirect="https://sure.example/cb", options=["--scope", "other"])
        person = self.s.user("agreeing")
        self.assertIn("Something else", self.asked(confidential, [self.notes], person, scope="other")[1])
        self.assertEqual(self.asked(confidential, [self.notes], person, scope="other")[1], "")  # not asked again
        for resources in ([self.mail], [], [self.notes, self.mail]):
            with self.subTest(resources=resources):
                self.assertIn("Something else", self.asked(confidential, resources, person, scope="other", decision="deny")[1])

    def test_devices_and_pushed_requests(self):
        tv = self.s.client("Television", "device_code", options=["--public", "--scope", "other"])
        with self.s.http() as http:
            begun = http.post(self.s.url + "/oauth/device/code", timeout=20, data=[("client_id", tv.id), ("scope", "other"), ("resource", self.notes), ("resource", self.mail)]).json()
            browser = Browser(self.s)
            browser.login(self.alice)
            browser.get(begun["verification_uri_complete"])
            form = next((f for f in browser.page.forms if f.has("user_code") and not f.has("decision")), None)
            if form:
                browser.submit(form)
            for name in ("Notes", self.mail):
                self.assertIn(name, browser.response.text)
            browser.submit(browser.form("decision"), button=("decision", "allow"))
            answer = http.post(self.s.url + "/oauth/token", timeout=20, data={"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": tv.id,
                                                                              "device_code": begun["device_code"], "resource": self.notes})
            self.assertEqual(claims(answer.json()["access_token"])["aud"], self.notes)
            web = self.s.client("Pusher", "authorization_code", redirect="https://push.example/cb", options=["--scope", "other"])
            pushed = lambda *resources: http.post(self.s.url + "/oauth/par", timeout=20, auth=(web.id, web.secret), data=[
                ("response_type", "code"), ("redirect_uri", web.redirect), ("scope", "other"), *[("resource", r) for r in resources]])
            self.assertEqual(pushed(self.notes, "https://nobody.example").json()["error"], "invalid_target")
            handle = pushed(self.notes, self.mail).json()["request_uri"]
            browser = Browser(self.s)
            browser.get("/oauth/authorize?client_id=%s&request_uri=%s" % (web.id, quote(handle, safe="")))
            answer = browser.go_on(self.alice)
            self.assertIn("code", answer)
            got = http.post(self.s.url + "/oauth/token", timeout=20, auth=(web.id, web.secret), data={"grant_type": "authorization_code", "code": answer["code"],
                                                                                                    "redirect_uri": web.redirect, "resource": self.notes})
            self.assertEqual(claims(got.json()["access_token"])["aud"], self.notes)


if __name__ == "__main__":
    unittest.main()
