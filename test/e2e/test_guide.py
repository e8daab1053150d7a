# SPDX-License-Identifier: MIT
"""The published guide's calls, each by the library that it names, over HTTPS with jeton's own authority trusted; and foreign OAuth clients."""
import json
import os
import re
import select
import subprocess
import time
import unittest
import urllib.parse

from harness import CALLBACK, E2E, ROOT, Browser, clean_environment, query_of, remember, world

PYTHON = "/usr/bin/python3"


class Guide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def environment(self, client=None, person=None, **more):
        env = clean_environment(INSTANCE=self.s.url, REQUESTS_CA_BUNDLE=self.s.ca, CURL_CA_BUNDLE=self.s.ca, NODE_EXTRA_CA_CERTS=self.s.ca, **more)
        if client:
            env.update(CLIENT_ID=client.id, CLIENT_SECRET=client.secret or "", REDIRECT_URI=client.redirect or "")
        if person:
            env.update(USERNAME=person.name, PASSWORD=person.password)
        return env

    def sample(self, name, answer_with=None, **environment):
        """Runs a sample; when it says `open URL`, a person does, and what `answer_with` makes of the redirect is typed in."""
        file = os.path.join(E2E, "samples", name)
        program = subprocess.Popen([PYTHON if name.endswith(".py") else "node", file], env=self.environment(**environment), text=True, cwd=E2E,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, end = "", time.monotonic() + 60
        try:
            while answer_with and time.monotonic() < end:
                if select.select([program.stdout], [], [], 0.5)[0]:
                    line = program.stdout.readline()
                    out += line
                    if line.startswith("open "):
                        browser = Browser(self.s)
                        browser.get(line.split()[1])
                        browser.go_on(self.w.alice)
                        self.assertIsNotNone(browser.outside, browser.response.text[:600])
                        program.stdin.write(answer_with(browser.outside) + "\n")
                        program.stdin.flush()
                        break
                    if not line:
                        break
            rest, err = program.communicate(timeout=60)
        finally:
            program.kill()
        self.assertEqual(program.returncode, 0, out + rest + err)
        told = dict(line.split(" ", 1) for line in (out + rest).splitlines() if " " in line)
        remember(told.get("token"), told.get("refresh"))
        return told

    def works(self, token, person=None):
        me = self.s.api("GET", "/users/me", token)
        self.assertEqual(me.status_code, 200, me.text)
        if person:
            self.assertEqual(me.json()["id"], person.id)

    # ---- Python
    def test_python_authorization_code(self):
        told = self.sample("python_code.py", lambda url: query_of(url)["code"], client=self.w.web, SCOPE="read")
        self.works(told["token"], self.w.alice)

    def test_python_authorization_code_without_a_scope(self):
        self.works(self.sample("python_code.py", lambda url: query_of(url)["code"], client=self.w.web)["token"], self.w.alice)

    def test_the_unmended_sample_fails_in_the_library(self):
        done = subprocess.run([PYTHON, "-c", "from oauthlib.oauth2 import WebApplicationClient\n"
                               "a, _ = WebApplicationClient('x').prepare_request_uri('https://x.example/oauth/authorize')"], capture_output=True, text=True)
        self.assertIn("ValueError: too many values to unpack", done.stderr)

    def test_python_password_as_it_stands(self):
        self.works(self.sample("python_password.py", client=self.w.compat, person=self.w.alice)["token"], self.w.alice)

    def test_python_personal_access_token_and_api(self):
        self.assertEqual(self.sample("python_api.py", TOKEN=self.w.alice.pat())["me"], "alice")
        self.assertEqual(self.sample("python_api.py", TOKEN=self.w.whole(self.w.alice))["me"], "alice")

    def test_python_refresh(self):
        self.works(self.sample("python_refresh.py", client=self.w.trusted, REFRESH_TOKEN=self.w.password_tokens()["refresh_token"])["token"], self.w.alice)

    # ---- Node.js
    def test_node_request_client_credentials(self):
        self.works(self.sample("node_request.cjs", client=self.w.service)["token"])

    def test_node_request_gets_json_when_refused(self):
        from harness import Client
        told = self.sample("node_request.cjs", client=Client(self.w.service.id, "wrong"))
        self.assertEqual(told["token"], "undefined")

    def test_axios_json_refresh(self):
        told = self.sample("axios_refresh.cjs", client=self.w.trusted, REFRESH_TOKEN=self.w.password_tokens()["refresh_token"])
        self.works(told["token"], self.w.alice)
        self.works(self.sample("axios_refresh.cjs", client=self.w.trusted, REFRESH_TOKEN=told["refresh"])["token"], self.w.alice)

    def test_openid_client_trusts_the_metadata(self):
        self.sample("openid_client.cjs", lambda url: url, client=self.w.web, SCOPE="read")

    # ---- cURL
    def curl(self, script, **environment):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, env=self.environment(**environment))
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        remember(answer.get("access_token"), answer.get("refresh_token"))
        return answer

    def test_curl_authorization_code(self):
        """With response_type for any client, without it for one with --compat; raw values in the address."""
        for client, kind in ((self.w.web, "response_type=code&"), (self.w.compat, "")):
            with self.subTest(kind=kind):
                browser = Browser(self.s)
                browser.get("%s/oauth/authorize?%sclient_id=%s&redirect_uri=%s&scope=read" % (self.s.url, kind, client.id, client.redirect))
                code = browser.go_on(self.w.alice)["code"]
                answer = self.curl('curl -sS -X POST "$INSTANCE/oauth/token" -d "grant_type=authorization_code&code=$CODE&client_id=$CLIENT_ID'
                                   '&client_secret=$CLIENT_SECRET&redirect_uri=$REDIRECT_URI"', client=client, CODE=code)
                self.works(answer["access_token"], self.w.alice)

    def test_curl_without_response_type_needs_compat(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get("%s/oauth/authorize?client_id=%s&redirect_uri=%s" % (self.s.url, self.w.web.id, CALLBACK))
        self.assertNotIn("code", browser.go_on(self.w.alice))

    def test_curl_password(self):
        answer = self.curl('curl -sS -X POST "$INSTANCE/oauth/token" -d "grant_type=password&username=$USERNAME&password=$PASSWORD&client_id=$CLIENT_ID'
                           '&client_secret=$CLIENT_SECRET"', client=self.w.trusted, person=self.w.alice)
        self.works(answer["access_token"], self.w.alice)

    def test_curl_api(self):
        for token in (self.w.alice.pat(), self.w.whole(self.w.alice)):
            answer = self.curl('curl -sS -X GET "$INSTANCE/api/1.0/users/me" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
            self.assertEqual(answer["username"], "alice")

    def test_curl_refresh(self):
        answer = self.curl('curl -sS -X POST "$INSTANCE/oauth/token" -d "grant_type=refresh_token&refresh_token=$REFRESH_TOKEN&client_id=$CLIENT_ID'
                           '&client_secret=$CLIENT_SECRET"', client=self.w.trusted, REFRESH_TOKEN=self.w.password_tokens()["refresh_token"])
        self.works(answer["access_token"], self.w.alice)

    # ---- Postman
    def test_postman_collection_runs_in_newman(self):
        w = self.w
        report = os.path.join(self.s.scratch, "newman.json")
        variables = {"base_url": self.s.url, "client_id": w.every.id, "client_secret": w.every.secret, "username": "alice", "password": w.alice.password, "scope": "read",
                     "redirect_uri": CALLBACK, "code": self.s.code(w.every, w.alice, scope="read"), "code_2": self.s.code(w.every, w.alice, scope="read"),
                     "personal_access_token": w.alice.pat()}
        file = os.path.join(self.s.scratch, "environment.json")
        with open(file, "w", encoding="utf-8") as f:
            json.dump({"name": "test", "values": [{"key": k, "value": v, "enabled": True} for k, v in variables.items()]}, f)
        done = subprocess.run([os.path.join(E2E, "node_modules", ".bin", "newman"), "run", os.path.join(ROOT, "docs", "jeton.postman_collection.json"), "-e", file,
                               "--ssl-extra-ca-certs", self.s.ca, "--reporters", "cli,json", "--reporter-json-export", report, "--color", "off"],
                              capture_output=True, text=True, timeout=120, env=self.environment(), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-1000:])
        with open(report, encoding="utf-8") as f:
            run = json.load(f)["run"]
        self.assertGreaterEqual(run["stats"]["requests"]["total"], 12)
        self.assertEqual((run["stats"]["assertions"]["failed"], run["failures"]), (0, []))
        sent = [e["request"] for e in run["executions"]]
        tokens = [r for r in sent if r["url"]["path"][-1] == "token"]
        headers = [{h["key"].lower(): h["value"] for h in r["header"]} for r in tokens]
        self.assertTrue(all(h.get("authorization", "").startswith("Basic ") for h in headers))
        bodies = [{p["key"] for p in r["body"].get("urlencoded", [])} for r in tokens]
        self.assertTrue([b for b in bodies if "client_id" in b] and [b for b in bodies if "client_id" not in b])
        for execution in run["executions"]:
            text = bytes(execution["response"]["stream"]["data"]).decode("utf-8", "replace")
            remember(*re.findall(r"jtn_[A-Za-z0-9_-]{20,}", text))

    def test_postman_callback_is_registrable(self):
        client = self.s.client("Postman", "authorization_code", redirect="https://oauth.pstmn.io/v1/callback")
        code = self.s.code(client, self.w.alice, state="pm")
        answer = self.s.token(client, "authorization_code", code=code, redirect_uri=client.redirect, client_id=client.id)
        self.assertEqual(answer.status_code, 200, answer.text)


if __name__ == "__main__":
    unittest.main()
