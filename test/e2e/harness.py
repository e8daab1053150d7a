# SPDX-License-Identifier: MIT
"""The real daemon for end-to-end tests: starts build/jeton on a free port with a fresh data directory, speaks its command line, and
plays a person's browser with plain requests and forms. Every secret that passes through is remembered, so that one test can say
afterwards that no log holds any of them (LG-02)."""
import atexit
import base64
import functools
import hashlib
import html.parser
import json
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import requests

from stores import BIN, ENGINE, ROOT, clean_environment, forget, store_words, stocked

E2E = os.path.join(ROOT, "test", "e2e")
CALLBACK = "https://app.example/callback"
RUN = os.environ.get("JETON_E2E_RUN", os.path.join(ROOT, "build", "test", "e2e"))  # what processes of one run leave for the last test
CANARIES = set()  # secrets that were seen
LOGS = []  # log files of all servers
SERVING = {}  # data directory → the server that was started there
READING = ("list", "show", "export", "explain")  # verbs of commands that change nothing
FOLLOWED_WITHIN = 3  # seconds; one is promised, and the machine may be busy
BEGAN = float(os.environ.get("JETON_E2E_BEGAN", time.monotonic()))


def remember(*values):
    for value in values:
        if isinstance(value, str) and len(value) >= 12:
            CANARIES.add(value)


def keep_log(log):
    if os.path.exists(log) and os.path.getsize(log):
        os.makedirs(os.path.join(RUN, "logs"), exist_ok=True)
        shutil.copy(log, os.path.join(RUN, "logs", "%s.log" % os.path.basename(os.path.dirname(log))))


@atexit.register  # the first, so it runs last
def keep_canaries():
    os.makedirs(os.path.join(RUN, "canaries"), exist_ok=True)
    with open(os.path.join(RUN, "canaries", str(os.getpid())), "w", encoding="utf-8") as f:
        json.dump(sorted(CANARIES), f)


def kernel_refusals():
    """The kernel's lines about system calls that were refused to this run's servers (type=1326); none where it may not be read."""
    lines = []
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return lines
    while True:
        try:
            head, _, text = os.read(log, 8192).decode(errors="replace").partition(";")
        except BrokenPipeError:  # overwritten meanwhile
            continue
        except OSError:
            break
        if "type=1326" in text and 'exe="%s"' % os.path.realpath(BIN) in text and int(head.split(",")[2]) / 1e6 > BEGAN - 1:
            lines.append(text.strip())
    os.close(log)
    return lines


class Failed(Exception):
    """A command that did not exit 0."""

    def __init__(self, code, out, err):
        super().__init__("exit %d: %s%s" % (code, out, err))
        self.code, self.out, self.err = code, out, err


def run_cli(data, *args, stdin=None, timeout=60):
    """(exit status, standard output, standard error) of one command. What it changed is in force on the server there when this returns."""
    done = subprocess.run([BIN, *args, *store_words(data)], input="" if stdin is None else stdin + "\n", text=True, capture_output=True,
                          timeout=timeout, env=clean_environment())
    if done.returncode == 0 and data in SERVING and not any(word in READING for word in args[:2]):
        SERVING[data].follow()
    return done.returncode, done.stdout, done.stderr


class Server:
    """One jeton with its own data directory, from the stock unless it is given or to be fresh. Commands may come before start."""

    def __init__(self, data=None, args=(), env=None, limits=(), listen="localhost:0", fresh=False):
        self.scratch = tempfile.mkdtemp(prefix="jeton-e2e-")
        self.data = data or os.path.join(self.scratch, "data")
        if not data and not fresh:
            stocked(self.data)
        self.log = os.path.join(self.scratch, "server.log")
        self.args, self.env, self.limits, self.listen = list(args), env or {}, list(limits), listen
        self.process = self.url = None
        LOGS.append(self.log)
        atexit.register(self.end)

    def start(self, timeout=60):  # seconds; a first start looks for prime numbers
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.limits, BIN, "serve", *store_words(self.data), "--listen", self.listen, *self.args],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=clean_environment(**self.env))
        end, text = time.monotonic() + timeout, b""
        while b"\n" not in text and time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                piece = os.read(self.process.stdout.fileno(), 4096)
                if not piece:
                    break
                text += piece
        found = re.match(rb"jeton ready on (\S+)\n", text)
        if not found:
            self.process.kill()
            self.process.wait()
            raise RuntimeError("serve did not get ready: %r\n%s" % (text, self.log_text()[-3000:]))
        self.url = found.group(1).decode()
        SERVING[self.data] = self
        if self.listen.endswith(":0"):  # a later start takes the same port, so that the issuer stays what it was
            port = urllib.parse.urlsplit(self.url).port
            if port:
                self.listen = self.listen[:-1] + str(port)
        return self

    def follow(self):
        """On PostgreSQL, what another process changed is in force within a second: waits for that. On SQLite it is at the next request, which no
        waiting may hide."""
        if ENGINE != "postgres" or self.process is None or self.process.poll() is not None:
            return
        end = time.monotonic() + FOLLOWED_WITHIN
        with self.http() as http:
            while True:
                answer = http.get(self.url + "/metrics", timeout=20)
                assert answer.status_code == 200, "what this server has followed cannot be asked: %d" % answer.status_code
                followed, newest = feeds(answer.text, "followed"), feeds(answer.text, "newest")
                if followed == newest:
                    return
                assert time.monotonic() < end, "followed %r of %r" % (followed, newest)

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    @property
    def ca(self):
        return os.path.join(self.data, "tls", "ca.pem")

    @property
    def port(self):
        return urllib.parse.urlsplit(self.url).port

    def stop(self, how=signal.SIGTERM, timeout=20):
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()

    def end(self):
        try:
            self.stop()
        finally:
            keep_log(self.log)
            if not os.environ.get("JETON_KEEP"):
                shutil.rmtree(self.scratch, ignore_errors=True)

    def stop_for_good(self):
        try:
            self.end()
        finally:
            forget(self.data)

    # ---- command line
    def cli(self, *args, stdin=None):
        """Runs a command with --json and gives what it printed, or raises Failed."""
        code, out, err = run_cli(self.data, *args, "--json", stdin=stdin)
        if code != 0:
            raise Failed(code, out, err)
        answer = json.loads(out) if out.strip() else None
        if isinstance(answer, dict):
            remember(answer.get("client_secret"), answer.get("token"))
        return answer

    def user(self, name, *options, password=None):
        password = password or "pw-" + secrets.token_urlsafe(12)
        remember(password)
        return Person(self, name, password, self.cli("user", "add", name, *options, "--password-stdin", stdin=password)["id"])

    def events(self, name, least=1):
        """The events of a name, newest first. They are written soon after the answer: asked for until there are `least` of them, or ten seconds are over."""
        end = time.monotonic() + 10
        while True:
            rows = [e for e in self.cli("event", "list", "--filter", name, "--limit", "5000") if e["name"] == name]
            if len(rows) >= least or time.monotonic() > end:
                return rows

    def client(self, name, *grants, options=(), redirect=(), scope=None):
        args = ["client", "add", "--name", name, *options]
        for grant in grants:
            args += ["--grant", grant]
        for uri in ([redirect] if isinstance(redirect, str) else redirect):
            args += ["--redirect-uri", uri]
        if scope is not None:
            args += ["--scope", scope]
        made = self.cli(*args)
        return Client(made["client_id"], made.get("client_secret"), redirect if isinstance(redirect, str) else (redirect or [None])[0])

    # ---- HTTP
    def http(self):
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca if self.url.startswith("https") else False
        session.hooks["response"].append(judge_json)
        return session

    def get(self, path, **more):
        with self.http() as http:
            return http.get(self.url + path, allow_redirects=False, timeout=20, **more)

    def post(self, path, data=None, **more):
        with self.http() as http:
            return note(http.post(self.url + path, data=data, allow_redirects=False, timeout=30, **more))

    def api(self, method, path, token, **more):
        with self.http() as http:
            return note(http.request(method, self.url + "/api/1.0" + path, headers={"Authorization": "Bearer " + token},
                                     allow_redirects=False, timeout=20, **more))

    def token(self, client, grant, auth="basic", headers=None, **fields):
        """POST /oauth/token; auth: basic, post, id (client_id alone) or none."""
        body = {"grant_type": grant, **{k: v for k, v in fields.items() if v is not None}}
        more = dict(headers or {})
        if auth == "basic":
            more["Authorization"] = basic(client.id, client.secret)
        elif auth == "post":
            body.update(client_id=client.id, client_secret=client.secret)
        elif auth == "id":
            body.update(client_id=client.id)
        return self.post("/oauth/token", body, headers=more)

    def introspect(self, caller, token, **fields):
        return self.post("/oauth/introspect", {"token": token, **fields}, headers={"Authorization": basic(caller.id, caller.secret)})

    def revoke(self, client, token, **fields):
        return self.post("/oauth/revoke", {"token": token, **fields}, headers={"Authorization": basic(client.id, client.secret)})

    def active(self, caller, token):
        return self.introspect(caller, token).json()["active"]

    def code(self, client, person, **parameters):
        """An authorization code by way of login and consent."""
        answer = Browser(self).authorize(client, person, **parameters)
        assert "code" in answer, answer
        return answer["code"]

    def tokens(self, client, person, **parameters):
        """The token answer of a whole code flow."""
        code = self.code(client, person, **parameters)
        answer = self.token(client, "authorization_code", auth="basic" if client.secret else "id", code=code,
                            redirect_uri=client.redirect)
        assert answer.status_code == 200, answer.text
        return answer.json()


def feeds(metrics, which):
    """{feed: number} of jeton_feed_followed or jeton_feed_newest."""
    found = {feed: int(number) for feed, number in re.findall(r'^jeton_feed_%s{feed="(\w+)"} (\d+)$' % which, metrics, re.M)}
    assert set(found) == {"changes", "revocations"}, metrics
    return found


class Client:
    def __init__(self, id, secret, redirect=None):
        self.id, self.secret, self.redirect = id, secret, redirect


class Person:
    def __init__(self, server, name, password, id):
        self.server, self.name, self.password, self.id = server, name, password, id

    def pat(self, *options, name="test"):
        return self.server.cli("pat", "add", self.name, "--name", name, *options)["token"]


def basic(user, password):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


def distinct(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), "a member twice: %r" % sorted(name for name in names if names.count(name) > 1)[0]
    return dict(pairs)


def judge_json(response, **_):
    """No answer of ours names a member twice: what writes them does not look after that."""
    if response.headers.get("Content-Type", "").split(";")[0].endswith("json") and response.content:
        json.loads(response.content, object_pairs_hook=distinct)
    return response


def note(response):
    """Remembers the secrets of an answer."""
    try:
        body = response.json()
    except ValueError:
        return response
    if isinstance(body, dict):
        remember(body.get("access_token"), body.get("refresh_token"), body.get("accessToken"), body.get("client_secret"))
    return response


def pkce():
    verifier = secrets.token_urlsafe(32)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def free_port():
    """For servers whose issuer must name the port before they start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


# ------------------------------------------------------------------------------------------------------------- a person's browser
class Form:
    def __init__(self, attributes):
        self.action = attributes.get("action") or ""
        self.method = (attributes.get("method") or "get").lower()
        self.fields, self.buttons, self.types = [], [], {}

    def has(self, name):
        return any(n == name for n, _ in self.fields + self.buttons)


class FormReader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.form, self.select, self.area, self.text, self.ids, self.tags = [], None, None, None, [], {}, []

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.tags.append((tag, a))
        if "id" in a:
            self.ids[a["id"]] = tag
        if tag == "form":
            self.form = Form(a)
            self.forms.append(self.form)
        if self.form is None:
            return
        name, value = a.get("name"), a.get("value") or ""
        if tag == "input" and name:
            kind = (a.get("type") or "text").lower()
            self.form.types[name] = kind
            if kind == "submit":
                self.form.buttons.append((name, value))
            elif kind not in ("checkbox", "radio") or "checked" in a:
                self.form.fields.append((name, value if kind not in ("checkbox", "radio") else a.get("value", "on")))
        elif tag == "button" and name:
            self.form.buttons.append((name, value))
        elif tag == "select" and name:
            self.select = [name, None]
        elif tag == "option" and self.select and ("selected" in a or self.select[1] is None):
            self.select[1] = value
        elif tag == "textarea" and name:
            self.area = [name, ""]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if tag == "select" and self.select and self.form:
            self.form.fields.append((self.select[0], self.select[1] or ""))
            self.select = None
        elif tag == "textarea" and self.area and self.form:
            self.form.fields.append(tuple(self.area))
            self.area = None
        elif tag == "form":
            self.form = None

    def handle_data(self, data):
        if self.area:
            self.area[1] += data
        else:
            self.text.append(data)


def read_page(text):
    reader = FormReader()
    reader.feed(text)
    return reader


class Browser:
    """Follows redirects inside jeton alone; a redirect to elsewhere is an answer."""

    def __init__(self, server):
        self.server, self.http = server, server.http()
        self.http.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        self.page = self.at = None
        self.outside = None  # the address outside jeton that we were sent to

    def request(self, method, url, **more):
        url = urllib.parse.urljoin(self.at or self.server.url, url)
        self.outside = None
        for _ in range(12):
            response = self.http.request(method, url, allow_redirects=False, timeout=20, **more)
            self.at, self.response = url, response
            for cookie in self.http.cookies:
                remember(cookie.value)
            if response.status_code not in (301, 302, 303, 307, 308):
                self.page = read_page(response.text)
                return response
            to = urllib.parse.urljoin(url, response.headers["Location"])
            if not to.startswith(self.server.url + "/"):
                self.outside = to
                remember(query_of(to).get("code"))
                return response
            method, url, more = "GET", to, {}
        raise AssertionError("redirects without end: " + url)

    def get(self, url, **more):
        return self.request("GET", url, **more)

    def form(self, field):
        for form in self.page.forms:
            if form.has(field):
                return form
        raise AssertionError("no form with %s at %s:\n%s" % (field, self.at, "".join(self.page.text)[:2000]))

    def submit(self, form, button=None, headers=None, **values):
        fields = [(n, v) for n, v in form.fields if n not in values] + [(n, v) for n, v in values.items() if v is not None]
        if button:
            fields.append(button)
        at = urllib.parse.urljoin(self.at, form.action or self.at)
        if form.method == "get":
            return self.get(at.split("?")[0] + "?" + urllib.parse.urlencode(fields))
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(self.server.url))
        return self.request("POST", at, data=fields, headers={"Origin": origin, **(headers or {})})

    def login(self, person, password=None):
        if self.page is None or not any(f.has("password") and f.has("username") for f in self.page.forms):
            self.get("/login")
        form = next(f for f in self.page.forms if f.has("password") and f.has("username"))
        return self.submit(form, username=person.name, password=password or person.password)

    def logged_in(self):
        self.get("/account")
        return not any(f.has("username") and f.has("password") for f in self.page.forms) and self.response.status_code == 200

    def authorize_url(self, client, **parameters):
        p = {"response_type": "code", "client_id": client.id, "redirect_uri": client.redirect}
        p.update(parameters)
        return "/oauth/authorize?" + urllib.parse.urlencode({k: v for k, v in p.items() if v is not None})

    def authorize(self, client, person, decision="allow", **parameters):
        """The parameters of the redirect back; {} with self.response when jeton kept the person on a page of its own."""
        self.get(self.authorize_url(client, **parameters))
        return self.go_on(person, decision)

    def go_on(self, person, decision="allow"):
        for _ in range(4):
            if self.outside:
                return query_of(self.outside)
            if any(f.has("username") and f.has("password") for f in self.page.forms):
                self.login(person)
            elif any(f.has("decision") for f in self.page.forms):
                self.submit(self.form("decision"), button=("decision", decision))
            else:
                return {}
        return query_of(self.outside) if self.outside else {}


# ---------------------------------------------------------------------------------------------------------- one world for most tests
class World:
    def __init__(self, **options):
        # Many tests enter wrong passwords from this one address; the throttle has tests of its own.
        options.setdefault("env", {"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000"})
        self.server = s = Server(**options)
        s.cli("user", "add", "root", "--admin", "--full-name", "The Administrator", "--password-stdin", stdin=password())
        s.cli("scope", "add", "read", "--description", "Read your documents")
        s.cli("scope", "add", "write", "--description", "Change your documents")
        self.alice, self.bob = s.user("alice", "--full-name", "Alice Example", "--email", "alice@example.org"), s.user("bob")
        self.admin = s.user("boss", "--admin")
        self.web = s.client("Web", "authorization_code", redirect=CALLBACK, scope="read write")
        self.other = s.client("Other", "authorization_code", redirect="https://other.example/cb", scope="read")
        self.native = s.client("Native", "authorization_code", redirect="http://127.0.0.1/callback", scope="read",
                               options=["--public"])
        self.house = s.client("House", "password")  # without scopes: its tokens have all that the person has
        self.trusted = s.client("Trusted", "password", scope="read write")
        self.service = s.client("Service", "client_credentials", scope="read write")
        self.every = s.client("Every", "authorization_code", "password", "client_credentials", redirect=CALLBACK, scope="read write")
        self.compat = s.client("Compat", "authorization_code", "password", redirect=CALLBACK, scope="read",
                               options=["--compat", "processmaker"])
        s.start()

    def password_tokens(self, person=None, client=None, **fields):
        person, client = person or self.alice, client or self.trusted
        answer = self.server.token(client, "password", username=person.name, password=person.password, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def whole(self, person):
        """An access token with all of a person's permissions."""
        return self.password_tokens(person, self.house)["access_token"]


def password():
    made = "pw-" + secrets.token_urlsafe(12)
    remember(made)
    return made


@functools.lru_cache(maxsize=None)
def world():
    return World()
