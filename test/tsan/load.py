# SPDX-License-Identifier: MIT
"""The server under load for the thread sanitizer: load.py [SECONDS]. Several people and applications at once go through every pool and the
courier, while administrators change things by API, console and command, settings and certificates are exchanged by SIGHUP, and peers
misbehave; then it is asked to end while all of them go on. On PostgreSQL (JETON_E2E_ENGINE=postgres) connections are lost, too. It goes on for
so long at the least, and until every flow came round. It judges that each answer is one that may be given then and that the server ended well:
with exitcode in TSAN_OPTIONS its status tells of reports. How quick answers are is not judged: a machine may have other work, and threads that
hash passwords stand back. The sandbox is off (its own setting): from behind its fence no report could be written."""
import atexit
import concurrent.futures
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import requests

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from harness import CALLBACK, Browser, Failed, World, basic, free_port
from prover import Prover
from stores import ENGINE, database_of, psql
from test_logout import Listener, own_certificate

SERVICE = "https://orders.example"
DEVICE, CIBA = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
MAY_FAIL = (429, 503)  # too many at once; a store without its connection
TOO_SLOW = (requests.Timeout, requests.ConnectionError, subprocess.TimeoutExpired, socket.timeout)
PATIENCE = 8  # times the seconds, for all flows to come round
BREATH = 0.3  # seconds between rounds of what is quick, so that it does not leave the others, above all passwords, without a core


def certificate(folder, name):
    """A certificate for localhost that is its own authority."""
    key, pem = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-days", "3", "-keyout", key, "-out", pem], check=True, capture_output=True)
    return key, pem


class Load:
    def __init__(self, seconds):
        self.folder = tempfile.mkdtemp(prefix="jeton-tsan-")
        atexit.register(shutil.rmtree, self.folder, True)
        self.pairs = [certificate(self.folder, name) for name in ("first", "second")]
        both, authority = own_certificate(self.folder)
        self.listener = Listener(both, free_port())
        self.listener.start()
        self.config = os.path.join(self.folder, "jeton.conf")
        self.configure(0)
        env = {"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_POLL_INTERVAL": "1", "JETON_FETCH_INTERNAL": "127.0.0.1:%d" % self.listener.port,
               "JETON_FETCH_AUTHORITY": authority, "JETON_COURIER_WAIT": "1", "JETON_HASH_THREADS": "8", "JETON_CONFIG": self.config}
        self.w = World(env=env, args=["--sandbox", "off", "--tls", "files"])
        self.s = self.w.server
        self.bundle(self.s.ca)
        self.root = self.w.whole(self.w.admin)
        self.s.cli("resource", "add", SERVICE, "--name", "Orders")
        ring = "https://127.0.0.1:%d" % self.listener.port
        self.bye = self.s.client("Bye", "authorization_code", redirect=CALLBACK, scope="openid profile",
                                 options=["--backchannel-logout-uri", ring + "/bye"])
        self.bell = self.s.client("Bell", "ciba", scope="openid read", options=["--backchannel-token-delivery-mode", "ping",
                                                                              "--backchannel-client-notification-endpoint", ring + "/ping"])
        self.tv = self.s.client("Television", "device_code", scope="read", options=["--public"])
        self.people = [self.s.user("person%d" % i) for i in range(6)]
        self.seconds = seconds
        self.quick = (self.machines, self.pages, self.reloads, self.hostile, self.streams)
        self.ending = threading.Event()
        self.rounds, self.wrong, self.lock = {}, [], threading.Lock()

    def bundle(self, path):
        """What clients believe: both certificates."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            for _, pem in self.pairs:
                with open(pem, encoding="ascii") as one:
                    f.write(one.read())

    def configure(self, turn):
        key, pem = self.pairs[turn % 2]
        with open(self.config + ".new", "w", encoding="ascii") as f:
            f.write("tls_cert = %s\ntls_key = %s\naccess_log = %s\nlog_level = %s\nhosts = also%d.example\ncode_lifetime = %d\n"
                    % (pem, key, ("on", "off")[turn % 3 == 2], ("info", "debug")[turn % 2], turn % 4, 50 + turn % 10))
        os.rename(self.config + ".new", self.config)

    # ---- what goes round
    def right(self, answer, *statuses):
        """Is it one of these? False: it could not be done now."""
        if answer.status_code in MAY_FAIL:
            return False
        if answer.status_code not in statuses:
            raise AssertionError("%s %s: %d, not %s: %s" % (answer.request.method, answer.url, answer.status_code, statuses, answer.text[:300]))
        return True

    def person(self):
        return secrets.choice(self.people)

    def code(self):
        w, s = self.w, self.s
        browser, person = Browser(s), self.person()
        code = browser.authorize(w.web, person).get("code")
        if not code:
            return self.right(browser.response, 200, 400)
        answer = s.token(w.web, "authorization_code", code=code, redirect_uri=CALLBACK)
        if not self.right(answer, 200):
            return
        first = tokens = answer.json()
        for _ in range(3):
            answer = s.token(w.web, "refresh_token", refresh_token=tokens["refresh_token"])
            if not self.right(answer, 200):
                return
            tokens = answer.json()
        self.right(s.api("GET", "/users/me", tokens["access_token"]), 200)
        self.right(s.introspect(w.service, tokens["access_token"]), 200)
        self.right(s.token(w.web, "refresh_token", refresh_token=first["refresh_token"]), 400)
        self.right(s.introspect(w.service, tokens["access_token"]), 200)
        self.right(s.revoke(w.web, tokens["refresh_token"]), 200)
        self.right(browser.get("/account"), 200)

    def twice(self):
        """Two use the same code, and the same refresh token, at once."""
        w, s = self.w, self.s
        browser = Browser(s)
        code = browser.authorize(w.web, self.person()).get("code")
        if not code:
            return self.right(browser.response, 200, 400)
        answers = both(lambda: s.token(w.web, "authorization_code", code=code, redirect_uri=CALLBACK))
        if all([self.right(answer, 200, 400) for answer in answers]) and [a.status_code for a in answers].count(200) > 1:
            raise AssertionError("a code was good twice")

    def logout(self):
        s, browser = self.s, Browser(self.s)
        answer = browser.authorize(self.bye, self.person(), scope="openid profile", nonce=secrets.token_urlsafe(8))
        if not answer.get("code"):
            return self.right(browser.response, 200, 400)
        answer = s.token(self.bye, "authorization_code", code=answer["code"], redirect_uri=CALLBACK)
        if not self.right(answer, 200):
            return
        self.right(s.api("GET", "/users/me", answer.json()["access_token"]), 200, 403)
        self.right(s.get("/oauth/userinfo", headers={"Authorization": "Bearer " + answer.json()["access_token"]}), 200)
        self.right(s.get("/oauth/logout?id_token_hint=" + answer.json()["id_token"]), 200, 303)
        browser.get("/account")
        if any(form.action.endswith("/logout") for form in browser.page.forms):
            browser.submit(next(form for form in browser.page.forms if form.action.endswith("/logout")))
        self.right(browser.response, 200)

    def passwords(self):
        w, s, person = self.w, self.s, self.person()
        self.right(s.token(w.trusted, "password", username=person.name, password=person.password), 200)
        self.right(s.token(w.trusted, "password", username=person.name, password="wrong"), 400)
        self.right(s.token(w.trusted, "password", username="nobody" + secrets.token_hex(3), password="wrong"), 400)

    def machines(self):
        w, s = self.w, self.s
        for _ in range(5):
            answer = s.token(w.service, "client_credentials")
            if not self.right(answer, 200):
                return
            token = answer.json()["access_token"]
            self.right(s.introspect(w.service, token), 200)
            self.right(s.api("GET", "/users/me", token), 200)
            self.right(s.revoke(w.service, token), 200)
            self.right(s.api("GET", "/users/me", token), 401)
        self.right(s.token(w.service, "client_credentials", resource=SERVICE), 200, 400)
        self.right(s.token(type("C", (), {"id": "none", "secret": "x"})(), "client_credentials"), 401)

    def proofs(self):
        prover = Prover(self.s)
        answer = prover.token(self.w.trusted, "password", username=self.people[0].name, password=self.people[0].password)
        if self.right(answer, 200, 400) and answer.status_code == 200:
            self.right(prover.call("GET", "/api/1.0/users/me", answer.json()["access_token"]), 200)

    def device(self):
        s = self.s
        answer = s.post("/oauth/device/code", {"client_id": self.tv.id, "scope": "read"})
        if not self.right(answer, 200):
            return
        asked, browser = answer.json(), Browser(s)
        browser.login(self.person())
        browser.get("/oauth/device")
        if not any(form.has("user_code") for form in browser.page.forms):
            return self.right(browser.response, 200, 400)
        browser.submit(browser.form("user_code"), user_code=asked["user_code"])
        if any(form.has("decision") for form in browser.page.forms):
            browser.submit(browser.form("decision"), button=("decision", "allow"))
        self.right(browser.response, 200, 400)
        self.right(s.token(self.tv, DEVICE, auth="id", device_code=asked["device_code"]), 200, 400)

    def ciba(self):
        s, person = self.s, self.person()
        answer = s.post("/oauth/ciba", {"scope": "openid read", "login_hint": person.name, "client_notification_token": secrets.token_hex(12)},
                        headers={"Authorization": basic(self.bell.id, self.bell.secret)})
        if not self.right(answer, 200, 400) or answer.status_code == 400:
            return
        browser = Browser(s)
        browser.login(person)
        browser.get("/account/requests")
        if any(form.has("decision") for form in browser.page.forms):
            browser.submit(browser.form("decision"), button=("decision", secrets.choice(("allow", "deny"))))
        self.right(browser.response, 200, 400)
        self.right(s.token(self.bell, CIBA, auth_req_id=answer.json()["auth_req_id"]), 200, 400)

    def pages(self):
        with self.s.http() as http:
            for path in ("/.well-known/openid-configuration", "/oauth/jwks", "/health/ready", "/health/live", "/metrics", "/login", "/nosuch", "/style.css"):
                self.right(http.get(self.s.url + path, timeout=20), 200, 404)

    def api(self):
        s, name = self.s, "made" + secrets.token_hex(4)
        answer = s.api("POST", "/users", self.root, json={"username": name, "password": "pw-" + secrets.token_urlsafe(12)})
        if not self.right(answer, 201):
            return
        at = "/users/" + answer.json()["id"]
        self.right(s.api("PUT", at, self.root, json={"full_name": "After"}), 204)
        self.right(s.api("GET", "/users?filter=made", self.root), 200)
        answer = s.api("POST", "/clients", self.root, json={"name": name, "grants": ["client_credentials"]})
        if self.right(answer, 201, 422) and answer.status_code == 201:
            self.right(s.api("DELETE", "/clients/" + answer.json()["client_id"], self.root), 204)
        self.right(s.api("DELETE", at, self.root), 204)

    def console(self):
        browser = Browser(self.s)
        browser.login(self.w.admin)
        for path in ("/admin", "/admin/users", "/admin/clients", "/admin/events", "/admin/keys", "/account"):
            self.right(browser.get(path), 200, 404)

    def command(self):
        s, name = self.s, "by-hand-" + secrets.token_hex(4)
        person = s.user(name)
        token = person.pat()
        self.right(s.api("GET", "/users/me", token), 200)
        s.cli("user", "block", name)
        self.right(s.api("GET", "/users/me", token), 401)
        s.cli("user", "unblock", name)
        client = s.client(name, "client_credentials")
        self.right(s.token(client, "client_credentials"), 200)
        s.cli("client", "remove", client.id)
        self.right(s.token(client, "client_credentials"), 401)
        s.cli("key", "rotate", "--now")
        s.cli("user", "remove", name)
        s.cli("event", "list", "--limit", "20")

    def reloads(self):
        """Sent one after the other: signals that wait together are one."""
        for turn in range(8):
            self.configure(turn)
            self.s.process.send_signal(signal.SIGHUP)
            self.right(self.s.get("/health/live"), 200)

    def hostile(self):
        """Half a request, nonsense, a request whose answer nobody reads, and many that are taken back."""
        context = ssl.create_default_context(cafile=self.s.ca)
        for bytes in (b"GET / HTTP/1.1\r\nHost: loc", b"\0\1\2\r\n\r\n", b"GET /login HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % self.s.port):
            with socket.create_connection(("localhost", self.s.port), timeout=20) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(bytes)
        with socket.create_connection(("localhost", self.s.port), timeout=20) as plain:
            plain.sendall(b"\x16\x03\x01")

    def streams(self):
        """Requests at once on connections of HTTP/2."""
        subprocess.run(["h2load", "-n", "300", "-c", "6", "-m", "20", "-t", "1", self.s.url + "/oauth/jwks"], capture_output=True, timeout=60, check=False)

    def losses(self):
        if ENGINE == "postgres":
            psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND random() < 0.4" % database_of(self.s.data))
        self.ending.wait(1)

    # ---- how
    def flows(self):
        return [self.code, self.code, self.twice, self.logout, self.passwords, self.machines, self.machines, self.proofs, self.device, self.ciba, self.pages, self.api,
                self.console, self.command, self.reloads, self.hostile, self.streams, self.losses]

    def missing(self):
        return sorted({flow.__name__ for flow in self.flows()} - set(self.rounds)) + ([] if self.listener.got.qsize() else ["notices"])

    def go(self, flow):
        while not self.ending.is_set():
            try:
                flow()
                if flow in self.quick:
                    self.ending.wait(BREATH)
                with self.lock:
                    self.rounds[flow.__name__] = self.rounds.get(flow.__name__, 0) + 1
            except Exception as e:
                if self.ending.is_set() or isinstance(e, TOO_SLOW) or (ENGINE == "postgres" and isinstance(e, Failed)):
                    continue  # once it is asked to end, what is under way may break off; a command whose connection is lost fails
                with self.lock:
                    self.wrong.append("%s: %s" % (flow.__name__, traceback.format_exc()))
                return

    def goes_on(self, began):
        spent = time.monotonic() - began
        return not self.wrong and self.s.process.poll() is None and (spent < self.seconds or (self.missing() and spent < PATIENCE * self.seconds))

    def run(self):
        began, threads = time.monotonic(), [threading.Thread(target=self.go, args=(flow,)) for flow in self.flows()]
        for thread in threads:
            thread.start()
        while self.goes_on(began):
            threads[0].join(0.2)
        early, missing = self.s.process.poll(), self.missing()
        self.ending.set()
        status = self.s.stop(timeout=120)
        for thread in threads:
            thread.join()
        self.listener.stop()
        print(ENGINE, " ".join("%s:%d" % row for row in sorted(self.rounds.items())), "notices:%d" % self.listener.got.qsize())
        for text in self.wrong:
            print(text)
        if early is None and status == 0 and not self.wrong and not missing:
            return 0
        print("the server ended with", status, "early" if early is not None else "when it was asked to;", "never came round:", missing)
        print(self.s.log_text()[-3000:])
        return 1


def both(ask):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [one.result() for one in [pool.submit(ask) for _ in range(2)]]


if __name__ == "__main__":
    sys.exit(Load(float(sys.argv[1]) if len(sys.argv) > 1 else 20).run())
