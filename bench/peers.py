# SPDX-License-Identifier: MIT
"""peers: the same jobs asked of other servers, CPU of one answer beside jeton's (`bench/run --peers`). The peers are for this alone: nothing of them is in the product.

node-oidc-provider (npm, its versions locked in bench/peers, with a Node of its own) ships no durable adapter: it runs once with everything in memory, and once with a small adapter of ours
that makes each change durable in SQLite (bench/peers/provider.mjs). In the durable jobs the first is shown and not compared: it keeps nothing. Glewlwyd (Debian's package, unpacked
and not installed) stores in SQLite, as it ships; it is given what costs it least: access tokens signed by HMAC, a client secret that it compares as text, and a log of errors alone.
All run on core 0 as jeton does, in turns with it."""
import base64
import glob
import hashlib
import http.client
import json
import os
import platform
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.parse

FACTOR = 10
ROUNDS, SPAN_MS = 3, 3000
CODES, TOKENS = 1000, 200
SECRET = "bench-secret-of-a-client"
MEMORY, DURABLE = ("client credentials", "introspection", "userinfo"), ("refresh", "code exchange")
CALLBACK = "http://127.0.0.1/callback"
GLEWLWYD_PACKAGES = ("glewlwyd glewlwyd-common libconfig9 libmariadb3 liborcania2.3 libyder2.0 libhoel1.4 libulfius2.7 libiddawc1.1 liboath0 librhonabwy1.1 libcbor0.8"
                     " libmicrohttpd12 libjansson4 libldap-2.5-0").split()
GLEWLWYD_CONF = """port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="ERROR"
log_file="{out}/glewlwyd.log"
cookie_secure=0
session_expiration=2419200
session_key="S"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{lib}/user"
client_module_path="{lib}/client"
user_auth_scheme_module_path="{lib}/scheme"
plugin_module_path="{lib}/plugin"
use_secure_connection=false
secure_connection_key_file=""
secure_connection_pem_file=""
secure_connection_ca_file=""
hash_algorithm="SHA256"
database={{ type="sqlite3" path="{db}" }};
"""
GLEWLWYD_OIDC = {"jwt-type": "sha", "jwt-key-size": "256", "key": "a key of thirty-two bytes, no more", "code-duration": 36000, "refresh-token-duration": 1209600,
                 "access-token-duration": 3600, "refresh-token-rolling": True, "refresh-token-one-use": "always", "allow-non-oidc": True,
                 "auth-type-client-enabled": True, "auth-type-code-enabled": True, "auth-type-token-enabled": False, "auth-type-implicit-enabled": False,
                 "auth-type-password-enabled": True, "auth-type-refresh-enabled": True, "introspection-revocation-allowed": True,
                 "introspection-revocation-allow-target-client": True, "introspection-revocation-auth-scope": [], "pkce-allowed": True, "subject-type": "public"}


class Missing(Exception):
    """A peer cannot be had on this machine; the text says why."""


def basic(secret):
    return "Authorization: Basic " + base64.b64encode(f"bench:{secret}".encode()).decode()


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def run(what, command, **more):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, **more)
    if done.returncode != 0:
        raise Missing(f"{what} failed: {done.stderr.decode()[-200:].strip()}")


class Peer:
    """A server with tokens to ask with in self.out, and where it is asked what."""

    def __init__(self, bench):
        self.bench, self.out, self.port, self.made = bench, os.path.join(bench.out, "peer-" + self.name.replace(", ", "-")), bench.free_port(), {}
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)

    def requests(self, paths, client_scope=""):
        """paths: of tokens, introspection, userinfo."""
        token, introspect, userinfo = paths
        auth, redirect = [basic(SECRET)], urllib.parse.quote(CALLBACK, safe="")
        self.ask("client credentials", "POST " + token, auth, "grant_type=client_credentials" + client_scope, '"access_token":"')
        self.ask("introspection", "POST " + introspect, auth, "token=@TOKEN@", '"active":true', "cycle", "access")
        self.ask("userinfo", "GET " + userinfo, ["Authorization: Bearer @TOKEN@"], "", '"sub":"', "cycle", "access")
        self.ask("refresh", "POST " + token, auth, "grant_type=refresh_token&refresh_token=@TOKEN@", '"refresh_token":"', "chain", "refresh")
        self.ask("code exchange", "POST " + token, auth, f"grant_type=authorization_code&code=@TOKEN@&redirect_uri={redirect}&code_verifier={self.bench.verifier}",
                 '"refresh_token":"', "once", "codes")

    def ask(self, job, line, headers, body, expected, *tokens):
        path = os.path.join(self.out, "request-" + job.replace(" ", "-"))
        head = [line + " HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers, *(["Content-Type: application/x-www-form-urlencoded"] if body else [])]
        with open(path, "w") as f:
            f.write("\r\n".join(head) + "\r\n\r\n" + body)
        self.made[job] = (path, expected, [tokens[0], os.path.join(self.out, tokens[1])] if tokens else [])

    def load(self, job):
        path, expected, tokens = self.made[job]
        return self.bench.loaded(self.process.pid, self.bench.pinned(1, self.bench.load, str(self.port), "64", str(SPAN_MS), "0", path, expected, *tokens))["speed"]

    def spawn(self, command, **more):
        self.log = open(os.path.join(self.out, "log"), "wb")
        self.process = subprocess.Popen(self.bench.pinned(0, *command), stderr=self.log, **more)
        self.bench.running.append(self.process)

    def stop(self):
        self.bench.running.remove(self.process)
        self.process.kill()
        self.process.wait(30)


class OidcProvider(Peer):
    name, how, durable, store, codes = "node-oidc-provider", "in memory", False, "memory", 40000

    def start(self):
        home, source = os.path.join(self.bench.build, "peers"), os.path.join(self.bench.root, "bench", "peers")
        os.makedirs(home, exist_ok=True)
        if shutil.which("npm") is None:
            raise Missing("npm is not installed")
        lock, done = os.path.join(source, "package-lock.json"), os.path.join(home, "done-lock")
        if not os.path.exists(done) or open(done).read() != open(lock).read():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(source, name), home)
            run("npm ci", ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=home)
            shutil.copy(lock, done)
        shutil.copy(os.path.join(source, "provider.mjs"), home)  # beside its modules
        arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "none")
        node = os.path.join(home, "node_modules", "node-linux-" + arch, "bin", "node")
        if not os.path.exists(node):
            raise Missing(f"no Node for {platform.machine()} in its lock file")
        self.spawn([node, os.path.join(home, "provider.mjs"), str(self.port), SECRET, self.bench.verifier, str(TOKENS), str(self.codes), self.out, self.store],
                   stdout=subprocess.PIPE, env={**os.environ, "NODE_ENV": "production"})
        if b"ready" not in self.process.stdout.readline():
            raise Missing(f"it did not start; see {self.log.name}")
        self.requests(("/token", "/token/introspection", "/me"))


class DurableOidcProvider(OidcProvider):
    name, how, durable, store, codes = "node-oidc-provider, durable", "an adapter of ours, SQLite", True, "sqlite", 10000


class Glewlwyd(Peer):
    name, how, durable = "glewlwyd", "Debian's package, SQLite", True

    def unpack(self):
        """Debian's packages, unpacked and not installed: no service is started."""
        home = os.path.join(self.bench.build, "glewlwyd")
        if not os.path.exists(os.path.join(home, "done")):
            if shutil.which("apt-get") is None:
                raise Missing("no Debian: apt-get is not there")
            os.makedirs(home, exist_ok=True)
            run("apt-get download", ["apt-get", "download", *GLEWLWYD_PACKAGES], cwd=home)
            for package in glob.glob(os.path.join(home, "*.deb")):
                run("dpkg -x", ["dpkg", "-x", package, home])
            open(os.path.join(home, "done"), "w").close()
        return os.path.join(home, "usr")

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json", **self.cookie})
        answer = connection.getresponse()
        told = answer.read().decode()
        connection.close()
        given = answer.headers.get_all("Set-Cookie")
        if given:
            self.cookie = {"Cookie": "; ".join(c.split(";")[0] for c in given)}
        if answer.status not in (200, 302):
            raise Missing(f"{method} {path} was refused: {answer.status} {told[:100]}")
        return answer.headers, told

    def token(self, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        name, value = basic(SECRET).split(": ")
        connection.request("POST", "/api/oidc/token", urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded", name: value})
        told = json.loads(connection.getresponse().read())
        connection.close()
        if "access_token" not in told:
            raise Missing(f"a token was refused: {told}")
        return told

    def code(self, scope):
        asked = {"response_type": "code", "g_continue": "", "client_id": "bench", "redirect_uri": CALLBACK, "scope": scope, "state": "s", "nonce": "n",
                 "code_challenge": challenge(self.bench.verifier), "code_challenge_method": "S256"}
        headers, _ = self.call("GET", "/api/oidc/auth?" + urllib.parse.urlencode(asked))
        return urllib.parse.parse_qs(urllib.parse.urlparse(headers["Location"]).query)["code"][0]

    def administer(self):
        """A scope, the plugin, a client, a person who has consented."""
        self.cookie = {}
        self.call("POST", "/api/auth/", {"username": "admin", "password": "password"})
        self.call("POST", "/api/scope/", {"name": "profile", "display_name": "profile", "description": "profile", "password_required": False})
        self.call("POST", "/api/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": True,
                                               "parameters": {"iss": f"http://127.0.0.1:{self.port}", **GLEWLWYD_OIDC}})
        self.call("POST", "/api/client/", {"client_id": "bench", "name": "Bench", "confidential": True, "enabled": True, "client_secret": SECRET,
                                           "redirect_uri": [CALLBACK], "authorization_type": ["code", "client_credentials", "refresh_token"],
                                           "scope": ["profile", "openid"], "token_endpoint_auth_method": ["client_secret_basic"]})
        self.call("POST", "/api/user/", {"username": "person", "name": "A Person", "password": "password1", "enabled": True, "scope": ["profile", "openid"]})
        self.cookie = {}
        self.call("POST", "/api/auth/", {"username": "person", "password": "password1"})
        self.call("PUT", "/api/auth/grant/bench", {"scope": "profile openid"})

    def start(self):
        usr = self.unpack()
        db, conf = os.path.join(self.out, "glewlwyd.db"), os.path.join(self.out, "glewlwyd.conf")
        with sqlite3.connect(db) as made, open(os.path.join(usr, "share/dbconfig-common/data/glewlwyd/install/sqlite3")) as f:
            made.executescript(f.read())
        made.close()
        with open(conf, "w") as f:
            f.write(GLEWLWYD_CONF.format(port=self.port, out=self.out, lib=os.path.join(usr, "lib", "glewlwyd"), db=db))
        library = glob.glob(os.path.join(usr, "lib", "*-linux-gnu"))[0]
        self.spawn([os.path.join(usr, "bin", "glewlwyd"), "--config-file=" + conf], stdout=self.log_file("out"), env={**os.environ, "LD_LIBRARY_PATH": library})
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise Missing(f"it did not start; see {self.out}")
        self.administer()
        told = [self.token(grant_type="authorization_code", code=self.code("profile openid"), redirect_uri=CALLBACK, code_verifier=self.bench.verifier) for _ in range(TOKENS)]
        for name, lines in (("access", [t["access_token"] for t in told]), ("refresh", [t["refresh_token"] for t in told]),
                            ("codes", [self.code("profile") for _ in range(CODES)])):
            with open(os.path.join(self.out, name), "w") as f:
                f.write("\n".join(lines) + "\n")
        self.requests(("/api/oidc/token", "/api/oidc/introspect", "/api/oidc/userinfo"), "&scope=profile")

    def log_file(self, name):
        return open(os.path.join(self.out, name), "wb")


KINDS = (OidcProvider, DurableOidcProvider, Glewlwyd)


class Peers:
    """bench: root, out, build (kept between calls), load, verifier, running, free_port, pinned, loaded."""

    def __init__(self, bench, store):
        self.bench, self.store, self.rows = bench, store, []

    def started(self):
        """Peers that answer, and why the others do not."""
        for kind in KINDS:
            try:
                peer = kind(self.bench)
                peer.start()
                yield kind, peer, ""
            except Missing as why:
                yield kind, None, str(why)

    def measure(self):
        started = list(self.started())
        for job in (*MEMORY, *DURABLE):
            ours, theirs = [], {kind.name: [] for kind, _, _ in started}
            why = {kind.name: reason for kind, _, reason in started if reason}
            for _ in range(ROUNDS):
                ours.append(self.store.load(job))
                for kind, peer, _ in started:
                    if kind.name in why:
                        continue
                    try:
                        theirs[kind.name].append(peer.load(job))
                    except SystemExit as refused:
                        why[kind.name] = "refused: " + str(refused).strip().split("\n")[1][:80]
            self.row(job, self.best(ours), {name: self.best(speeds) for name, speeds in theirs.items() if speeds}, why)
        for _, peer, _ in started:
            if peer is not None:
                peer.stop()

    @staticmethod
    def best(speeds):
        one = speeds[0]
        for other in speeds[1:]:
            one = one.best(other)
        return one

    def row(self, job, ours, theirs, why):
        cell = lambda speed: f"{1e6 / speed.by_cpu:,.1f} µs ({speed.rate:,.0f}/s)"
        compared = {kind.name for kind in KINDS if kind.durable or job in MEMORY}
        cells = [cell(theirs[kind.name]) + ("" if kind.name in compared else ", not durable") if kind.name in theirs else why[kind.name] for kind in KINDS]
        quickest = max((speed.by_cpu for name, speed in theirs.items() if name in compared), default=None)
        ratio = ours.by_cpu / quickest if quickest else None
        self.rows.append((job, cell(ours), *cells, f"{ratio:.1f}" if ratio else "", f"≥ {FACTOR}", "not measured" if ratio is None else "ok" if ratio >= FACTOR else "short"))
        print("bench: " + ", ".join(self.rows[-1]), flush=True)

    def markdown(self):
        heads = ("CPU of one answer (rate)", "jeton", *(f"{kind.name} ({kind.how})" for kind in KINDS), "quickest peer ÷ jeton", "wanted", "")
        lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (3 + len(KINDS)) + "---|"]
        return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in self.rows]) + "\n"
