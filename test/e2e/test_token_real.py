# SPDX-License-Identifier: MIT
"""`jeton token` against the real jeton: every grant and every way to authenticate, with a person's part played by plain forms."""
import json
import os
import re
import secrets
import subprocess
import threading
import unittest

import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness import BIN, Browser, Client, Server, World, clean_environment, free_port, remember
from test_client_auth import Pair, keep, key_set
from test_token_client import b64, ec_jwk, pem, unb64

FILES = "https://files.example"
IDP = "https://idp.example"
SCOPE = "openid profile email offline_access read"


def jwk_of(key):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ec_jwk(key)
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.public_key().public_numbers()
        return {"kty": "RSA", "e": "AQAB", "n": b64(n.n.to_bytes(256, "big"))}
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}


def claims_of(token):
    return json.loads(unb64(token.split(".")[1]))


class TokenReal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.twin = Pair("clients' authority", ca=True), free_port()
        cls.w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_POLL_INTERVAL": "1"},
                      args=["--listen-mtls", "localhost:%d" % cls.twin, "--client-ca", cls.authority.files[0]])
        cls.s = s = cls.w.server
        cls.alice = cls.w.alice
        cls.key = ec.generate_private_key(ec.SECP256R1())
        cls.pem = keep(secrets.token_hex(4) + ".pem", pem(cls.key))
        cls.jwks = keep(secrets.token_hex(4) + ".json", key_set({**ec_jwk(cls.key), "kid": "k1"}))
        cls.web = s.client("Web login", "authorization_code", redirect="http://127.0.0.1/callback", scope=SCOPE)
        cls.keyed = s.client("Keyed", "authorization_code", "client_credentials", "ciba", redirect="http://127.0.0.1/callback", scope=SCOPE,
                             options=["--auth-method", "private_key_jwt", "--jwks", cls.jwks])

    def start(self, client, *args, stdin=()):
        process = subprocess.Popen([BIN, "token", *args, "--issuer", self.s.url, "--ca", self.s.ca, "--client-id", client.id, "--json",
                                    *(["--client-secret-stdin"] if client.secret else [])],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(process.kill)
        guard = threading.Timer(60, process.kill)
        guard.daemon = True
        guard.start()
        self.addCleanup(guard.cancel)
        process.stdin.write("".join(line + "\n" for line in [*stdin, *([client.secret] if client.secret else [])]))
        process.stdin.close()
        process.stdin = None
        self.said = ""
        return process

    def until(self, process, pattern):
        """Reads what it says until the pattern is there."""
        for line in process.stderr:
            self.said += line
            found = re.search(pattern, line)
            if found:
                return found.group(0)
        self.fail("%s was never said: %s%s" % (pattern, process.stdout.read(), self.said))

    def end(self, process, status=0):
        out, err = process.communicate(timeout=60)
        self.said += err
        self.assertEqual(process.returncode, status, out + self.said)
        if status:
            return self.said
        answer = json.loads(out)
        remember(answer.get("access_token"), answer.get("refresh_token"))
        return answer

    def run_token(self, client, *args, stdin=(), status=0):
        return self.end(self.start(client, *args, stdin=stdin), status)

    def run_code(self, client, *args, person=None, decision="allow", status=0):
        """The person logs in and decides; the browser brings the answer to the loopback address."""
        process = self.start(client, "--grant", "authorization_code", *args)
        browser = Browser(self.s)
        self.asked = self.until(process, r"https://\S+")
        browser.get(self.asked)
        browser.go_on(person or self.alice, decision)
        if browser.outside:
            requests.get(browser.outside, timeout=20)
        else:
            form = next((f for f in browser.page.forms if f.action.startswith("http://127.0.0.1")), None)
            self.assertIsNotNone(form, browser.response.text)
            requests.post(form.action, data=form.fields, timeout=20)
        return self.end(process, status)

    def works(self, answer, person=None):
        truth = self.s.introspect(self.w.service, answer["access_token"]).json()
        self.assertEqual((truth["active"], truth["sub"]), (True, (person or self.alice).id), truth)
        return truth

    def client(self, *options):
        return self.s.client(secrets.token_hex(6), "client_credentials", options=options, scope="read")

    # ---- at a browser
    def test_login_with_openid_connect(self):
        answer = self.run_code(self.web, "--scope", SCOPE, "--userinfo", "--decode")
        self.works(answer)
        self.assertEqual(claims_of(answer["id_token"])["sub"], self.alice.id)
        self.assertEqual((answer["userinfo"]["sub"], answer["userinfo"]["email"]), (self.alice.id, "alice@example.org"))
        self.assertIn("refresh_token", answer)

    def test_decode_prints_what_was_checked(self):
        process = self.start(self.web, "--grant", "authorization_code", "--scope", "openid", "--decode")
        browser = Browser(self.s)
        browser.get(self.until(process, r"https://\S+"))
        browser.go_on(self.alice)
        requests.get(browser.outside, timeout=20)
        answer = self.end(process)
        self.assertIn(claims_of(answer["id_token"])["nonce"], json.dumps({k: v for k, v in answer.items() if k != "id_token"}))

    def test_the_person_says_no(self):
        self.assertIn("access_denied", self.run_code(self.web, "--scope", "read", "--prompt", "consent", decision="deny", status=1))

    def test_pushed_request(self):
        self.works(self.run_code(self.web, "--scope", "openid read", "--par"))
        self.assertIn("request_uri=", self.asked)

    def test_signed_request_by_value_and_pushed(self):
        for more in ((), ("--par",)):
            self.works(self.run_code(self.keyed, "--key", self.pem, "--key-id", "k1", "--request-object", "--scope", "openid read", *more))

    def test_response_modes(self):
        for mode in ("query", "form_post", "jwt", "query.jwt", "form_post.jwt"):
            with self.subTest(mode):
                self.works(self.run_code(self.web, "--scope", "openid read", "--response-mode", mode))

    def test_parameters_of_openid_connect(self):
        answer = self.run_code(self.web, "--scope", "openid", "--prompt", "login", "--max-age", "60", "--login-hint", "alice", "--acr-values",
                               "urn:x", "--claims", '{"id_token":{"email":null}}')
        said = claims_of(answer["id_token"])
        self.assertEqual(said["email"], "alice@example.org")
        self.assertIn("auth_time", said)

    def test_a_public_client(self):
        native = self.s.client("Native login", "authorization_code", redirect="http://127.0.0.1/callback", scope=SCOPE, options=["--public"])
        self.works(self.run_code(native, "--scope", "openid read"))

    def test_a_client_held_to_a_profile(self):
        client = self.s.client("FAPI", "authorization_code", redirect="http://127.0.0.1/callback", scope=SCOPE,
                               options=["--auth-method", "private_key_jwt", "--jwks", self.jwks, "--profile", "fapi2-message-signing",
                                        "--application-type", "native"])
        how = ("--key", self.pem, "--key-id", "k1", "--scope", "openid read", "--par", "--request-object", "--response-mode", "jwt", "--dpop")
        answer = self.run_code(client, *how, "--userinfo")
        self.works(answer)
        self.assertEqual(answer["token_type"], "DPoP")
        self.assertIn("DPoP", self.run_code(client, *how[:-1], status=1))

    # ---- bound to a key
    def test_dpop_with_each_way(self):
        key = os.path.join(os.path.dirname(self.pem), secrets.token_hex(4) + ".pem")
        for more in ((), ("--par",)):
            answer = self.run_code(self.web, "--scope", "openid read offline_access", "--userinfo", "--dpop-key", key, *more)
            self.assertEqual(answer["token_type"], "DPoP")
            self.assertIn("jkt", self.works(answer)["cnf"])
        again = self.run_token(self.web, "--grant", "refresh_token", "--refresh-token-stdin", "--dpop-key", key, stdin=[answer["refresh_token"]])
        self.assertEqual(again["token_type"], "DPoP")
        self.assertEqual(self.run_token(self.w.service, "--grant", "client_credentials", "--dpop")["token_type"], "DPoP")

    # ---- without a browser
    def test_client_credentials_by_every_secret(self):
        for how in ("client_secret_basic", "client_secret_post", "client_secret_jwt"):
            client = self.client("--auth-method", how)
            remember(client.secret)
            self.run_token(client, "--grant", "client_credentials", "--auth-method", how)
        self.run_token(self.w.service, "--grant", "client_credentials")

    def test_client_credentials_by_every_key(self):
        for key, algs in ((self.key, ("ES256",)), (ed25519.Ed25519PrivateKey.generate(), ("EdDSA", "Ed25519")),
                          (rsa.generate_private_key(65537, 2048), ("RS256", "PS256"))):
            file = keep(secrets.token_hex(4) + ".pem", pem(key))
            client = self.client("--auth-method", "private_key_jwt", "--jwks", keep(secrets.token_hex(4), key_set({**jwk_of(key), "kid": "k1"})))
            self.run_token(client, "--grant", "client_credentials", "--key", file, "--key-id", "k1")
            for alg in algs:
                self.run_token(client, "--grant", "client_credentials", "--key", file, "--key-id", "k1", "--alg", alg)

    def test_fapi_takes_ed25519_by_both_of_its_names(self):
        key = ed25519.Ed25519PrivateKey.generate()
        file, jwks = keep(secrets.token_hex(4) + ".pem", pem(key)), keep(secrets.token_hex(4), key_set({**jwk_of(key), "kid": "k1"}))
        for alg in ("EdDSA", "Ed25519"):
            client = self.client("--auth-method", "private_key_jwt", "--jwks", jwks, "--profile", "fapi2-security", "--token-endpoint-auth-signing-alg", alg)
            how = ("--grant", "client_credentials", "--key", file, "--key-id", "k1", "--dpop", "--alg")
            self.run_token(client, *how, alg)
            self.run_token(client, *how, {"EdDSA": "Ed25519", "Ed25519": "EdDSA"}[alg], status=1)

    def test_certificates_at_their_own_door(self):
        pair = Pair("app", self.authority)
        client = self.client("--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", "CN=app,O=Example\\, Inc.",
                             "--tls-client-certificate-bound-access-tokens")
        answer = self.run_token(client, "--grant", "client_credentials", "--cert", pair.files[0], "--key", pair.files[1])
        self.assertIn("x5t#S256", self.s.introspect(self.w.service, answer["access_token"]).json()["cnf"])
        own = Pair("self")
        client = self.client("--auth-method", "self_signed_tls_client_auth", "--jwks", keep(secrets.token_hex(4), key_set(ec_jwk(own.key))))
        self.run_token(client, "--grant", "client_credentials", "--cert", own.files[0], "--key", own.files[1],
                       "--auth-method", "self_signed_tls_client_auth")
        self.assertIn("invalid_client", self.run_token(client, "--grant", "client_credentials", "--cert", pair.files[0], "--key", pair.files[1],
                                                       "--auth-method", "self_signed_tls_client_auth", status=1))

    def test_password_and_refresh(self):
        answer = self.run_token(self.w.every, "--grant", "password", "--username", "alice", "--password-stdin", stdin=[self.alice.password])
        self.works(answer)
        self.works(self.run_token(self.w.every, "--grant", "refresh_token", "--refresh-token-stdin", stdin=[answer["refresh_token"]]))

    def test_a_refreshed_id_token_is_checked(self):
        first = self.run_code(self.web, "--scope", "openid offline_access")
        again = self.run_token(self.web, "--grant", "refresh_token", "--refresh-token-stdin", "--userinfo", stdin=[first["refresh_token"]])
        self.assertEqual(claims_of(again["id_token"])["sub"], self.alice.id)

    def test_device(self):
        for more in ((), ("--dpop",)):
            tv = self.s.client("TV" + "".join(more), "device_code", scope="openid read", options=["--public"])
            process = self.start(tv, "--grant", "device_code", "--scope", "openid read", *more)
            browser = Browser(self.s)
            browser.get(self.until(process, r"https://\S+user_code=\S+"))
            browser.go_on(self.alice)
            self.assertEqual(browser.response.status_code, 200, browser.response.text)
            answer = self.end(process)
            self.works(answer)
            self.assertIn("id_token", answer)

    def test_ciba(self):
        for more in ((), ("--request-object",)):
            person = self.s.user("teller" + secrets.token_hex(3))
            process = self.start(self.keyed, "--grant", "ciba", "--scope", "openid read", "--login-hint", person.name, "--binding-message",
                                 "Pay 5 EUR", "--key", self.pem, "--key-id", "k1", *more)
            self.until(process, "Waiting")
            browser = Browser(self.s)
            browser.login(person)
            browser.get("/account/requests")
            self.assertIn("Pay 5 EUR", browser.response.text)
            browser.submit(browser.form("decision"), button=("decision", "allow"))
            self.works(self.end(process), person)

    def exchanger(self):
        files = self.s.client("Files", "client_credentials", scope="read")
        at = FILES + "/" + secrets.token_hex(4)
        self.s.cli("resource", "add", at, "--name", "Files", "--client", files.id)
        gate = self.s.client("Gate", "token_exchange", "client_credentials", scope="read write",
                             options=["--exchange-modes", "impersonation delegation", "--exchange-subjects", self.w.trusted.id,
                                      "--exchange-audiences", at])
        return gate, files, at

    def test_token_exchange(self):
        gate, files, at = self.exchanger()
        subject = self.w.password_tokens(scope="read")["access_token"]
        answer = self.run_token(gate, "--grant", "token_exchange", "--subject-token-stdin", stdin=[subject])
        self.assertEqual(self.works(answer)["client_id"], gate.id)
        actor = self.run_token(gate, "--grant", "client_credentials")["access_token"]
        answer = self.run_token(gate, "--grant", "token_exchange", "--subject-token-stdin", "--actor-token-stdin", "--requested-token-type", "jwt",
                                "--resource", at, stdin=[subject, actor])
        said = claims_of(answer["access_token"])
        self.assertEqual((said["sub"], said["aud"], said["act"]), (self.alice.id, at, {"sub": "client:" + gate.id}))

    def test_jwt_bearer_made_here(self):
        app = self.s.client("App", "jwt_bearer", scope="read write")
        self.s.cli("issuer", "add", IDP, "--jwks", self.jwks, "--subject-is", "username", "--client", app.id, "--scope", "read", "--life-max", "300")
        answer = self.run_token(app, "--grant", "jwt_bearer", "--auth-method", "client_secret_basic", "--key", self.pem, "--key-id", "k1",
                                "--issuer-claim", IDP, "--subject", "alice")
        self.works(answer)

    # ---- a token for a service, its truth and its end
    def test_a_signed_token_is_decoded(self):
        at = FILES + "/" + secrets.token_hex(4)
        self.s.cli("resource", "add", at, "--name", "Files")
        answer = self.run_token(self.w.service, "--grant", "client_credentials", "--resource", at, "--decode")
        self.assertEqual(claims_of(answer["access_token"])["aud"], at)
        self.assertIn("at+jwt", json.dumps({k: v for k, v in answer.items() if k != "access_token"}))

    def test_introspect_and_revoke(self):
        for client, more in ((self.w.service, ()), (self.keyed, ("--key", self.pem, "--key-id", "k1"))):
            token = self.run_token(client, "--grant", "client_credentials", *more)["access_token"]
            self.assertTrue(self.run_token(client, "introspect", "--token-stdin", *more, stdin=[token])["active"])
            self.run_token(client, "revoke", "--token-stdin", *more, stdin=[token])
            self.assertFalse(self.run_token(client, "introspect", "--token-stdin", *more, stdin=[token])["active"])

    def test_a_refusal_is_told_with_its_reason(self):
        wrong = Client(self.w.service.id, "not-the-secret-of-this-client")
        self.assertIn("invalid_client", self.run_token(wrong, "--grant", "client_credentials", status=1))
        self.assertIn("invalid_scope", self.run_token(self.w.service, "--grant", "client_credentials", "--scope", "nosuch", status=1))


class TokenClientAtJeton(unittest.TestCase):
    """The same program on both sides."""
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start()
        cls.client = cls.s.client("Service", "client_credentials")
        cls.addClassCleanup(cls.s.stop_for_good)

    def run_token(self, *args, stdin=(), status=0):
        done = subprocess.run([BIN, "token", *args, "--issuer", self.s.url, "--ca", self.s.ca, "--client-id", self.client.id, "--client-secret-stdin", "--json"],
                              input="\n".join([*stdin, self.client.secret]) + "\n", text=True, capture_output=True, timeout=60, env=clean_environment())
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if status == 0 else done.stderr

    def test_a_token_is_known_and_then_ended(self):
        token = self.run_token("--grant", "client_credentials")["access_token"]
        remember(token)
        self.assertTrue(self.run_token("introspect", "--token-stdin", stdin=[token])["active"])
        self.run_token("revoke", "--token-stdin", "--token-type-hint", "access_token", stdin=[token])
        self.assertFalse(self.run_token("introspect", "--token-stdin", stdin=[token])["active"])


if __name__ == "__main__":
    unittest.main()
