# SPDX-License-Identifier: MIT
"""Backchannel authentication (CIBA Core 1.0): asked by an application, decided in the account pages, polled or pinged."""
import http.server
import json
import os
import queue
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import Browser, World, basic, remember

GRANT = "urn:openid:params:grant-type:ciba"


class Listener:
    """A client's notification endpoint."""

    def __init__(self):
        seen = self.seen = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.put((self.path, self.headers.get("Authorization"), self.headers.get("Content-Type"), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.folder = tempfile.mkdtemp(prefix="jeton-ciba-")
        self.certificate, key = os.path.join(self.folder, "cert.pem"), os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=client", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate], check=True,
                       capture_output=True)
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Ciba(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.listener = Listener()
        cls.w = World(env={"JETON_ADDRESS_TRIES": "1000", "JETON_ACCOUNT_TRIES": "1000", "JETON_POLL_INTERVAL": "2",
                           "JETON_FETCH_INTERNAL": "127.0.0.1:%d" % cls.listener.port,
                           "JETON_FETCH_AUTHORITY": cls.listener.certificate})
        cls.s = cls.w.server
        cls.bank = cls.s.client("Bank", "ciba", scope="openid read")
        cls.bell = cls.s.client("Bell", "ciba", scope="openid read",
                                options=["--backchannel-token-delivery-mode", "ping", "--backchannel-client-notification-endpoint",
                                         "https://127.0.0.1:%d/ping" % cls.listener.port])

    @classmethod
    def tearDownClass(cls):
        cls.listener.close()

    def send(self, client=None, **fields):
        client = client or self.bank
        return self.s.post("/oauth/ciba", fields, headers={"Authorization": basic(client.id, client.secret)})

    def ask(self, person, client=None, **fields):
        answer = self.send(client, scope="openid read", login_hint=person.name, **fields)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(set(answer.json()), {"auth_req_id", "expires_in", "interval"})
        remember(answer.json()["auth_req_id"])
        return answer.json()["auth_req_id"]

    def poll(self, code, client=None):
        return self.s.token(client or self.bank, GRANT, auth="basic", auth_req_id=code)

    def refused(self, answer, error, status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)

    def decide(self, person, decision):
        browser = Browser(self.s)
        browser.login(person)
        browser.get("/account")
        self.assertIn("requests-waiting", browser.page.ids)
        browser.get("/account/requests")
        text = "".join(browser.page.text)
        browser.submit(browser.form("decision"), button=("decision", decision))
        self.assertEqual(browser.response.status_code, 200, browser.response.text)
        return text

    def test_a_yes_in_the_account_pages(self):
        person = self.s.user("payer")
        code = self.ask(person, binding_message="Pay 17 EUR to K-4")
        self.refused(self.poll(code), "authorization_pending")
        self.refused(self.poll(code), "slow_down")
        text = self.decide(person, "allow")
        for shown in ("Bank", "Pay 17 EUR to K-4", "Read your documents"):
            self.assertIn(shown, text)
        answer = self.poll(code)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["scope"], "openid read")
        self.assertIn("id_token", answer.json())
        self.assertTrue(self.s.active(self.bank, answer.json()["access_token"]))
        self.refused(self.poll(code), "invalid_grant")

    def test_a_no(self):
        person = self.s.user("refuser")
        code = self.ask(person)
        self.decide(person, "deny")
        self.refused(self.poll(code), "access_denied")

    def test_a_ping_brings_the_code_and_the_clients_token(self):
        person = self.s.user("pinged")
        code = self.ask(person, self.bell, client_notification_token="8d67dc78-7faa-4d41-aabd")
        self.decide(person, "allow")
        path, bearer, kind, body = self.listener.seen.get(timeout=20)
        self.assertEqual((path, bearer, kind.split(";")[0]), ("/ping", "Bearer 8d67dc78-7faa-4d41-aabd", "application/json"))
        self.assertEqual(json.loads(body), {"auth_req_id": code})
        self.assertEqual(self.poll(code, self.bell).status_code, 200)

    def test_refusals(self):
        alice = self.w.alice.name
        self.refused(self.send(scope="openid"), "invalid_request")
        self.refused(self.send(scope="openid", login_hint=alice, id_token_hint="x"), "invalid_request")
        self.refused(self.send(scope="openid", login_hint_token="x"), "invalid_request")
        self.refused(self.send(scope="read", login_hint=alice), "invalid_scope")
        self.refused(self.send(scope="openid", login_hint="nobody"), "unknown_user_id")
        self.refused(self.send(scope="openid", login_hint=alice, binding_message="x" * 65), "invalid_binding_message")
        self.refused(self.send(scope="openid", login_hint=alice, requested_expiry="-1"), "invalid_request")
        self.refused(self.send(self.bell, scope="openid", login_hint=alice), "invalid_request")
        self.refused(self.send(self.w.service, scope="openid", login_hint=alice), "unauthorized_client")
        self.assertEqual(self.s.post("/oauth/ciba", {"client_id": self.bank.id, "scope": "openid", "login_hint": alice}).status_code, 401)  # CA-01
        self.refused(self.s.token(self.bank, GRANT), "invalid_request")

    def test_another_person_cannot_answer(self):
        person, eve = self.s.user("owner"), self.s.user("eve")
        code = self.ask(person)
        browser = Browser(self.s)
        browser.login(person)
        browser.get("/account/requests")
        fields = dict(browser.form("decision").fields)
        other = Browser(self.s)
        other.login(eve)
        other.get("/account/requests")
        self.assertFalse(any(f.has("decision") for f in other.page.forms))
        other.get("/account/password")
        csrf = dict(other.form("current").fields)["csrf"]
        other.request("POST", self.s.url + "/account/requests", data={**fields, "csrf": csrf, "decision": "allow"}, headers={"Origin": self.s.url})
        self.assertTrue(other.response.url.endswith("/account/requests?done=expired"), other.response.url)  # nothing of it was hers
        self.assertFalse(any(f.has("decision") for f in other.page.forms))
        self.refused(self.poll(code), "authorization_pending")
        browser.submit(browser.form("decision"), button=("decision", "allow"))
        self.assertEqual(self.poll(code).status_code, 200)

    def test_the_metadata_tells(self):
        body = self.s.get("/.well-known/openid-configuration").json()
        self.assertEqual(body["backchannel_authentication_endpoint"], self.s.url + "/oauth/ciba")
        self.assertEqual(body["backchannel_token_delivery_modes_supported"], ["poll", "ping"])
        self.assertIs(body["backchannel_user_code_parameter_supported"], False)
        self.assertIn("ES256", body["backchannel_authentication_request_signing_alg_values_supported"])
        self.assertIn(GRANT, body["grant_types_supported"])


if __name__ == "__main__":
    unittest.main()
