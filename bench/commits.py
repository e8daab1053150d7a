# SPDX-License-Identifier: MIT
"""commits: how many durable commits one login needs, one after the other, from the login form to the code: jeton_store_commits_total of /metrics (test/e2e/test_commits.py and a unit
test that counts fdatasync hold it to what it says), before the form is sent and when the code is there, on a server that does nothing else."""
import base64
import hashlib
import http.client
import json
import re
import statistics
import time
import urllib.parse

MOST, TIMES, CALLBACK = 2, 9, "http://127.0.0.1/callback"
FORM = "application/x-www-form-urlencoded"


class Login:
    """One client (first party: nobody is asked for consent) and one person, each time as a browser that was never here."""

    def __init__(self, store, password, verifier):
        self.store, self.password, self.verifier = store, password, verifier
        self.client = "login-ES256"
        self.basic = {"Authorization": "Basic " + base64.b64encode(f"{self.client}:{store.logins['ES256']}".encode()).decode()}
        self.challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    def ask(self, method, path, fields=None, headers=()):
        self.connection.request(method, path, urllib.parse.urlencode(fields) if fields else None, {**({"Content-Type": FORM} if fields else {}), **dict(headers), **self.cookie()})
        answer = self.connection.getresponse()
        told = answer.read().decode()
        for given in answer.headers.get_all("Set-Cookie") or []:
            name, value = given.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer, told

    def cookie(self):
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def committed(self):
        _, told = self.ask("GET", "/metrics")
        return int(re.search(r"^jeton_store_commits_total (\d+)$", told, re.M).group(1))

    def once(self):
        """Commits between the form and the code."""
        self.connection, self.cookies = http.client.HTTPConnection("127.0.0.1", self.store.port), {}
        pushed = {"response_type": "code", "client_id": self.client, "redirect_uri": CALLBACK, "scope": "openid profile", "state": "s", "nonce": "n-0S6_WzA2Mj",
                  "code_challenge": self.challenge, "code_challenge_method": "S256"}
        _, told = self.ask("POST", "/oauth/par", pushed, self.basic)
        uri = json.loads(told)["request_uri"]
        self.cookies.clear()
        answer, told = self.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode({"client_id": self.client, "request_uri": uri}))
        if answer.status == 303:  # to the login page
            answer, told = self.ask("GET", answer.headers["Location"])
        fields = {name: value.replace("&amp;", "&") for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', told)}
        time.sleep(0.3)  # what the page and the request before it owe is written
        before = self.committed()
        answer, told = self.ask("POST", "/login", {**fields, "username": "person", "password": self.password})
        while answer.status == 303 and not answer.headers["Location"].startswith(CALLBACK):
            answer, told = self.ask("GET", answer.headers["Location"])
        after = self.committed()
        if answer.status != 303:
            raise SystemExit(f"bench: a login got no code: {answer.status} {told[:500]}")
        self.connection.close()
        return after - before

    def run(self):
        counts = [self.once() for _ in range(TIMES)]
        return statistics.median(counts)
