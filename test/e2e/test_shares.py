# SPDX-License-Identifier: MIT
"""RL-06 from outside: one caller's flood is not another's refusal. Silent key servers, device codes and registrations from many addresses
(a trusted proxy names them), revocations, CIBA."""
import concurrent.futures
import json
import secrets
import socket
import time
import unittest
import urllib.parse

from jwcrypto import jwk

from harness import Client, Server, remember
from test_client_auth import TYPE, Keys, Pair, Threads, key_set, public, signed
import ipaddress
import ssl
import threading

from cryptography import x509

HANGING, AT_ONCE = 6, 8


class Shares(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.silent = []
        for _ in range(HANGING):
            s = socket.socket()
            s.bind(("127.0.0.1", 0))
            s.listen(128)  # the kernel answers, nobody else does
            cls.silent.append(s)
        authority = Pair("authority", ca=True)
        server = Pair("localhost", authority, names=[x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server.files)
        cls.keys = Threads(("127.0.0.1", 0), Keys)
        cls.keys.socket = context.wrap_socket(cls.keys.socket, server_side=True, do_handshake_on_connect=False)
        cls.keys.stopped = threading.Event()
        threading.Thread(target=cls.keys.serve_forever, args=(0.05,), daemon=True).start()
        cls.good = "localhost:%d" % cls.keys.server_address[1]
        hosts = ["localhost:%d" % s.getsockname()[1] for s in cls.silent]
        cls.s = Server(args=["--fetch-internal", " ".join([cls.good, *hosts]), "--fetch-authority", authority.files[0], "--fetch-seconds", "4",
                             "--worker-threads", "2", "--trusted-proxies", "127.0.0.1 ::1", "--registration", "open", "--registration-max", "60",
                             "--registration-per-address", "30", "--device-codes-per-client", "100", "--device-codes-per-address", "60",
                             "--revocations-per-second", "1", "--ciba-per-person", "2"])
        cls.s.start()
        cls.key = jwk.JWK.generate(kty="EC", crv="P-256")
        cls.slow = [cls.keyed("https://%s/keys" % host) for host in hosts]

    @classmethod
    def tearDownClass(cls):
        cls.keys.stopped.set()
        cls.keys.shutdown()
        for s in (*cls.silent, cls.keys):
            getattr(s, "close", getattr(s, "server_close", None))()

    @classmethod
    def keyed(cls, uri):
        made = cls.s.cli("client", "add", "--name", secrets.token_hex(6), "--grant", "client_credentials", "--auth-method", "private_key_jwt",
                         "--jwks-uri", uri)
        return Client(made["client_id"], None)

    def send(self, client, kid="k1", key=None):
        now = int(time.time())
        claims = {"iss": client.id, "sub": client.id, "aud": self.s.url, "exp": now + 120, "iat": now, "jti": secrets.token_hex(12)}
        assertion = signed(key or self.key, {"alg": "ES256", "kid": kid}, claims)
        return self.s.post("/oauth/token", {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion})

    def busy(self, answer, error="temporarily_unavailable"):
        self.assertEqual(answer.status_code, 429, answer.text)
        self.assertEqual(answer.json()["error"], error)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)

    def test_RL_06_six_silent_hosts_hold_up_nobody_else(self):
        Keys.sets["/healthy"] = key_set(public(self.key, kid="k1"))
        healthy = self.keyed("https://%s/healthy" % self.good)
        with concurrent.futures.ThreadPoolExecutor(HANGING * AT_ONCE) as pool:
            flood = [pool.submit(self.send, client) for client in self.slow for _ in range(AT_ONCE)]
            end = time.monotonic() + 20
            refused = []
            while not refused and time.monotonic() < end:  # the shares are used up: somebody is told so while the others wait
                refused = [f for f in flood if f.done()]
            begun = time.monotonic()
            answer = self.send(healthy)
            self.assertEqual(answer.status_code, 200, answer.text)  # its keys were never had before
            self.assertEqual(self.s.get("/login").status_code, 200)
            self.assertLess(time.monotonic() - begun, 3)
            answers = [f.result() for f in flood]
        self.assertEqual({a.status_code for a in answers} - {401, 503}, set())
        for a in answers:
            if a.status_code == 503:
                self.assertEqual(a.json()["error"], "temporarily_unavailable")
                self.assertGreater(int(a.headers["Retry-After"]), 0)
        begun = time.monotonic()
        self.assertIn(self.send(self.slow[0]).status_code, (401, 503))  # benched: told at once
        self.assertLess(time.monotonic() - begun, 3)

    def test_CA_11_a_new_key_works_at_once_and_invented_kids_do_not_make_fetches(self):
        path = "/rotated-" + secrets.token_hex(4)
        Keys.sets[path] = key_set(public(self.key, kid="k1"))
        client = self.keyed("https://%s%s" % (self.good, path))
        self.assertEqual(self.send(client).status_code, 200)
        fresh = jwk.JWK.generate(kty="EC", crv="P-256")
        Keys.sets[path] = key_set(public(fresh, kid="k2"))
        self.assertEqual(self.send(client, "k2", fresh).status_code, 200)
        for i in range(40):
            self.assertEqual(self.send(client, "invented-%d" % i).status_code, 401)
        self.assertLessEqual(Keys.asked[path], 6)

    def device(self, client, address):
        return self.s.post("/oauth/device/code", {"client_id": client.id}, headers={"X-Forwarded-For": address})

    def test_RL_06_twenty_addresses_do_not_close_the_device_grant(self):
        tv = self.s.client("Television", "device_code", options=["--public"])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: self.device(tv, "198.51.100.%d" % (i % 20 + 1)), range(400)))
        refused = [a for a in answers if a.status_code != 200]
        self.assertGreater(len(refused), 300)
        for a in refused:
            self.busy(a)
        for address in ("203.0.113.9", "2001:db8::1"):
            self.assertEqual(self.device(tv, address).status_code, 200)

    def test_RL_06_one_network_is_one_source(self):
        tv = self.s.client("Radio", "device_code", options=["--public"])
        statuses = [self.device(tv, "2001:db8:1:2::%x" % i).status_code for i in range(1, 70)]
        self.assertIn(429, statuses)
        self.assertEqual(self.device(tv, "2001:db8:1:3::1").status_code, 200)

    def register(self, address):
        return self.s.post("/oauth/register", json={"redirect_uris": ["https://app.example/cb"], "client_name": "Registered " + secrets.token_hex(6)},
                           headers={"X-Forwarded-For": address})

    def test_RL_06_twenty_addresses_do_not_close_registration(self):
        answers = [self.register("198.51.100.%d" % (i % 20 + 1)) for i in range(100)]
        refused = [a for a in answers if a.status_code != 201]
        self.assertTrue(refused)
        for a in refused:
            self.busy(a)
        answer = self.register("203.0.113.9")
        self.assertEqual(answer.status_code, 201, answer.text)

    def test_RL_06_revocations_are_paced_per_client(self):
        one, other = self.s.client("One", "client_credentials"), self.s.client("Other", "client_credentials")
        made = [self.s.token(one, "client_credentials").json()["access_token"] for _ in range(80)]
        answers = [self.s.revoke(one, token) for token in made]
        refused = [i for i, a in enumerate(answers) if a.status_code != 200]
        self.assertTrue(refused)
        self.busy(answers[refused[0]])
        self.assertTrue(self.s.active(one, made[refused[0]]))  # what was refused was not done
        for i, a in enumerate(answers):
            if a.status_code == 200:
                self.assertFalse(self.s.active(one, made[i]))
        token = self.s.token(other, "client_credentials").json()["access_token"]
        self.assertEqual(self.s.revoke(other, token).status_code, 200)

    def test_RL_06_a_client_has_its_share_of_a_person_s_attention(self):
        self.s.user("ciba-person")
        ask = lambda client: self.s.post("/oauth/ciba", {"client_id": client.id, "client_secret": client.secret, "scope": "openid", "login_hint": "ciba-person"})
        bank, shop = self.s.client("Bank", "ciba", scope="openid"), self.s.client("Shop", "ciba", scope="openid")
        self.assertEqual([ask(bank).status_code for _ in range(2)], [200, 200])
        self.busy(ask(bank))
        self.assertEqual(ask(shop).status_code, 200)


if __name__ == "__main__":
    unittest.main()
