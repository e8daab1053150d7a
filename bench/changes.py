# SPDX-License-Identifier: MIT
"""What one change costs with many clients: the first request after it beside the others, on a server that keeps MANY clients in memory; and
one client more beside one more where there are few. The others come after a like pause, in which something was looked at and nothing was
changed: after a pause every request takes longer. Medians of TIMES; of several rounds the best counts, as everywhere in the bench."""
import base64
import http.client
import json
import os
import sqlite3
import statistics
import time

MANY, FEW, TIMES, ROUNDS, WARM = 20000, 500, 15, 3, 100
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Changes:
    def __init__(self, store, call, jeton, clients):
        self.store, self.call, self.jeton, self.clients, self.data = store, call, jeton, clients, ["--data", store.directory]

    def prepare(self):
        """Copies of the client that is there, and an administrator's token."""
        self.call(self.jeton, "user", "add", "boss", "--admin", "--generate", "--json", *self.data)
        made = self.call(self.jeton, "pat", "add", "boss", "--name", "bench", "--scope", "view-auth_clients edit-auth_clients create-auth_clients", "--json", *self.data)
        self.token = json.loads(made)["token"]
        with sqlite3.connect(os.path.join(self.store.directory, "jeton.db")) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(clients)")]
            taken = {"number": "c.number + n.i", "id": "'copy' || n.i", "name": "'Copy ' || n.i"}
            values = ", ".join(taken.get(name, "c." + name) for name in columns)
            db.execute(f"WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < {self.clients + 99})"
                       f" INSERT INTO clients ({', '.join(columns)}) SELECT {values} FROM n, clients AS c WHERE c.id = 'bench'")
            db.execute("UPDATE counters SET next = (SELECT max(number) + 1 FROM clients) WHERE name = 'client'")
        db.close()

    def request(self):
        """Seconds that client credentials took."""
        began = time.perf_counter()
        self.connection.request("POST", "/oauth/token", "grant_type=client_credentials", self.basic)
        answer = self.connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise SystemExit(f"bench: a token was refused: {body}")
        return took

    def api(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.store.port)
        headers = {"Authorization": "Bearer " + self.token}
        connection.request(method, path, body and json.dumps(body), headers | ({"Content-Type": "application/json"} if body else {}))
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status // 100 != 2:
            raise SystemExit(f"bench: a change was refused: {told}")

    def beside(self, change, look):
        """Medians, in seconds: of the first requests after a change, and of those after a like pause in which nothing was changed."""
        firsts, others = [], []
        for i in range(TIMES):
            change(i)
            firsts.append(self.request())
            look(i)
            others.append(self.request())
        return statistics.median(firsts), statistics.median(others)

    def adding(self, n):
        """Seconds that adding one client takes."""
        took = []
        for i in range(TIMES):
            began = time.perf_counter()
            self.api("POST", "/api/1.0/clients", {"name": f"Added {n} {i}", "grants": ["client_credentials"]})
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    def connect(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.store.port)
        self.basic = dict(FORM, Authorization="Basic " + base64.b64encode(f"bench:{self.store.secret}".encode()).decode())
        for _ in range(WARM):
            self.request()

    def round(self, n):
        return (*self.beside(lambda i: self.api("PUT", f"/api/1.0/clients/copy{100 + i}", {"name": f"Changed {n} {i}"}),
                             lambda i: self.api("GET", f"/api/1.0/clients/copy{100 + i}")),
                *self.beside(lambda i: self.call(self.jeton, "client", "edit", f"copy{200 + i}", "--name", f"Edited {n} {i}", *self.data),
                             lambda i: self.call(self.jeton, "client", "show", f"copy{200 + i}", *self.data)), self.adding(n))

    def run(self):
        """Seconds: first and other after a change by the API; the same after one by a command; adding a client."""
        self.connect()
        rounds = [self.round(n) for n in range(ROUNDS)]
        self.connection.close()
        return [min(column) for column in zip(*rounds)]
