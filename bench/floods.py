# SPDX-License-Identifier: MIT
"""floods: what honest requests get while one source floods the server, and what the flood leaves in memory and on disk.

Each flood comes from one address over FLOOD_CONNECTIONS keep-alive connections at a steady pace that is told in its row, beside honest
requests (introspection or client credentials, as fast as they go, 64 connections). Alone and beside it are measured in turns; the best round
of each counts, by the clock and, since neighbours on the machine disturb it less, by honest answers for each second of the server's CPU
time. Any answer to a flood is an answer: most are refusals. Growth is told twice: what the
rounds took, when tables fill and threads and libraries are first needed, and what the last half of GROWTH_MS more of the flood alone added, per hour as if it went on
like this; what ends it stands beside it. Honest requests and flood share one core, the server has the other."""
import base64
import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse

FLOOD_CONNECTIONS, HONEST, SPAN_MS, ROUNDS, GROWTH_MS, REVOKED = 8, 64, 2000, 7, 16000, 8000
SLOW_HOSTS = 12
HEADS = ("flood", "pace", "honest alone", "beside it", "ratio", "by CPU", "wanted", "", "p99 alone", "p99 beside", "CPU a request", "memory", "disk", "ends at")


class Silent:
    """Listeners that take connections and never say a word."""

    def __init__(self, count):
        self.sockets = []
        for _ in range(count):
            s = socket.socket()
            s.bind(("127.0.0.1", 0))
            s.listen(512)
            self.sockets.append(s)
        self.hosts = ["localhost:%d" % s.getsockname()[1] for s in self.sockets]

    def close(self):
        for s in self.sockets:
            s.close()


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def post(store, path, fields, headers=(), times=1):
    connection, answers = http.client.HTTPConnection("127.0.0.1", store.port), []
    for _ in range(times):
        connection.request("POST", path, urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)})
        answers.append(json.loads(connection.getresponse().read()))
    connection.close()
    return answers


def assertions(store, clients):
    """Client assertions that no key will ever prove: the keys have to be fetched to know. Each names a kid of its own."""
    now, lines = int(time.time()), []
    for i in range(2000):
        client = clients[i % len(clients)]
        claims = {"iss": client, "sub": client, "aud": f"http://127.0.0.1:{store.port}", "exp": now + 280, "iat": now, "jti": f"j{i}"}
        lines.append(part({"alg": "ES256", "kid": f"kid-{i}"}) + "." + part(claims) + "." + base64.urlsafe_b64encode(b"x" * 64).rstrip(b"=").decode())
    return lines


class Floods:
    def __init__(self, store, call, pinned, cpu_seconds, binary):
        self.store, self.call, self.pinned, self.cpu, self.load = store, call, pinned, cpu_seconds, os.path.join(binary, "load")
        self.silent, self.rows = Silent(SLOW_HOSTS), []

    # ---- what the administrator set up
    def prepare(self, jeton):
        data, made = ["--data", self.store.directory, "--json"], []
        for i, host in enumerate(self.silent.hosts):
            made.append(json.loads(self.call(jeton, "client", "add", "--name", f"Slow {i}", "--id", f"slow-{i}", "--grant", "client_credentials",
                                             "--auth-method", "private_key_jwt", "--jwks-uri", f"https://{host}/keys", *data))["client_id"])
        self.call(jeton, "client", "add", "--name", "Television", "--id", "tv", "--public", "--grant", "device_code", *data)
        self.slow = made
        return ["--fetch-internal", " ".join(self.silent.hosts), "--registration", "open"]

    # ---- the floods
    def request(self, name, line, body, type="application/x-www-form-urlencoded", headers=()):
        path = os.path.join(os.path.dirname(self.store.files), "request-flood-" + name)
        with open(path, "w") as f:
            f.write("\r\n".join([line + " HTTP/1.1", f"Host: 127.0.0.1:{self.store.port}", f"Content-Type: {type}", *headers]) + "\r\n\r\n" + body)
        return path

    def lines(self, name, lines):
        path = os.path.join(self.store.files, "flood-" + name)
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        return path

    def floods(self):
        basic = self.store.basic.split(": ")[1]
        revoked = [a["access_token"] for a in post(self.store, "/oauth/token", {"grant_type": "client_credentials"}, {"Authorization": basic}.items(), REVOKED)]
        assertion = urllib.parse.quote("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", safe="")
        registration = json.dumps({"redirect_uris": ["https://app.example/cb"], "client_name": "Flood"})
        return (
            ("events: unknown client ids", 1000, self.request("events", "POST /oauth/token", "grant_type=client_credentials&client_id=no-@TOKEN@&client_secret=x"),
             self.lines("ids", [f"{i:06}" for i in range(20000)]), "classes of the trail (events_*)"),
            ("fetches: 12 hosts that hang", 200, self.request("fetches", "POST /oauth/token", f"grant_type=client_credentials&client_assertion_type={assertion}"
             "&client_assertion=@TOKEN@"), self.lines("assertions", assertions(self.store, self.slow)), "64 calls, 256 key sets, 256 benched"),
            ("device codes of one client", 1000, self.request("device", "POST /oauth/device/code", "client_id=tv&scope="), None, "2,000 rows a client, 100 an address"),
            ("registrations", 500, self.request("registrations", "POST /oauth/register", registration, "application/json"), None, "1,000 clients, 24 MiB"),
            ("revocations by one client", 1000, self.request("revocations", "POST /oauth/revoke", "token=@TOKEN@", headers=[self.store.basic]),
             self.lines("revoked", revoked), "1,200 at once, 20/s a client; 1,000,000 in all (48 MiB)"),
        )

    # ---- measuring
    def honest(self, name="client credentials"):
        path, expected, tokens = self.store.asked[name]
        before = self.cpu(self.store.process.pid)
        told = json.loads(self.call(*self.pinned(1, self.load, str(self.store.port), str(HONEST), str(SPAN_MS), "0", path, expected, *tokens)))
        return told, self.cpu(self.store.process.pid) - before

    def memory(self):
        with open(f"/proc/{self.store.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) / 1024

    def disk(self):
        return sum(os.path.getsize(os.path.join(d, name)) for d, _, names in os.walk(self.store.directory) for name in names) / 1048576

    def flood(self, flood, span):
        _, pace, request, tokens, _ = flood
        command = self.pinned(1, self.load, str(self.store.port), str(FLOOD_CONNECTIONS), str(span), str(pace), request, "*")
        return subprocess.Popen([*command, *(["cycle", tokens] if tokens else [])], stdout=subprocess.PIPE)

    def beside(self, flood):
        flooding = self.flood(flood, SPAN_MS + 1000)
        time.sleep(0.5)
        told, spent = self.honest()
        out = flooding.communicate(timeout=60)[0]
        if flooding.returncode != 0:
            raise SystemExit(f"bench: the flood of {flood[0]} failed")
        return told, spent, json.loads(out)

    def measure(self, flood):
        name, pace, *_, ends = flood
        alone, beside, sizes = [], [], [(self.memory(), self.disk())]
        for _ in range(ROUNDS):
            alone.append(self.honest())
            beside.append(self.beside(flood))
        going_on = self.flood(flood, GROWTH_MS)
        time.sleep(GROWTH_MS / 2000)
        sizes.append((self.memory(), self.disk()))
        if going_on.wait(timeout=60) != 0:
            raise SystemExit(f"bench: the flood of {name} failed")
        sizes.append((self.memory(), self.disk()))
        first, last = ([b - a for a, b in zip(*pair)] for pair in (sizes[:2], sizes[1:]))
        hours = GROWTH_MS / 2 / 3600000
        best, with_it = max(alone, key=lambda r: r[0]["rate"]), max(beside, key=lambda r: r[0]["rate"])
        ratio = with_it[0]["rate"] / best[0]["rate"]
        by_cpu = max(r[0]["answered"] / r[1] for r in beside) / max(r[0]["answered"] / r[1] for r in alone)
        honest_cpu = best[1] / best[0]["answered"]
        flood_cpu = max(0, with_it[1] - honest_cpu * with_it[0]["answered"]) / max(1, with_it[2]["answered"] * SPAN_MS / (SPAN_MS + 1000))
        self.rows.append((name, f"{with_it[2]['rate']:,.0f}/s of {pace:,}", f"{best[0]['rate']:,.0f}/s", f"{with_it[0]['rate']:,.0f}/s", f"{ratio:.2f}", f"{by_cpu:.2f}",
                          "≥ 0.8", "ok" if ratio >= 0.8 else "short", f"{best[0]['p99'] / 1000:.2f} ms", f"{with_it[0]['p99'] / 1000:.2f} ms",
                          f"{flood_cpu * 1e6:,.0f} µs ({honest_cpu * 1e6:,.0f} honest)", *(f"{a:+.1f} MiB, {b / hours:+,.0f} MiB/h" for a, b in zip(first, last)), ends))
        print("bench: " + ", ".join(f"{h} {v}" for h, v in zip(HEADS, self.rows[-1]) if h), flush=True)

    def run(self):
        try:
            for flood in self.floods():
                self.measure(flood)
        finally:
            self.silent.close()

    def markdown(self):
        lines = ["| " + " | ".join(HEADS) + " |", "|---|" + "---:|" * 12 + "---|"]
        return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in self.rows]) + "\n"
