# SPDX-License-Identifier: MIT
"""What the serving process has given up (AV-09), seen from outside; test/unit/server/sandbox*_test.c try each thing from inside."""
import ctypes
import os
import re
import shutil
import signal
import tempfile
import time
import unittest

from harness import Browser, CALLBACK, Server, kernel_refusals
from test_connect import register
from test_registration import Web
from test_start import certificate

CREATE_RULESET, VERSION, KNOWS_PORTS = 444, 1, 4


def landlock():
    return ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, VERSION)


def threads(process):
    for thread in os.listdir("/proc/%d/task" % process.pid):
        with open("/proc/%d/task/%s/status" % (process.pid, thread), encoding="ascii") as f:
            yield dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)


class Sandbox(unittest.TestCase):
    def server(self, **more):
        s = Server(**more)
        self.addCleanup(s.stop_for_good)
        return s

    def test_AV_09_every_thread_is_inside_and_the_log_says_so(self):
        s = self.server().start()
        rights = [(t["NoNewPrivs"], t["Seccomp"]) for t in threads(s.process)]
        self.assertGreater(len(rights), 4)
        self.assertEqual(set(rights), {("1", "2")})
        self.assertIn(" sandbox calls=listed files=%s" % ("fenced" if landlock() > 0 else '"open: this kernel'), s.log_text())
        self.assertIn(" ports=%s" % ("fenced" if landlock() >= KNOWS_PORTS else '"open: this kernel'), s.log_text())

    def test_AV_09_a_healthy_server_is_refused_nothing(self):
        """ICU is loaded late, by a login beyond ASCII; hashing, signing, pages, the writer, a reload and the end go on inside."""
        s = self.server()
        person = s.user("\u00e4rger", "--full-name", "Anna \u00c4rger", password="p\u00e4ssw\u00f6rter sind lang")
        client = s.client("App", "authorization_code", redirect=CALLBACK, scope="openid profile")
        s.start()
        pid = s.process.pid
        self.assertIn("id_token", s.tokens(client, person, scope="openid profile"))
        s.process.send_signal(signal.SIGHUP)
        self.assertIn("code", Browser(s).authorize(client, person, scope="openid"))
        self.assertEqual(s.stop(), 0)
        self.assertEqual([r for r in kernel_refusals() if "pid=%d " % pid in r], [])

    def test_the_setting_switches_it_off(self):
        s = self.server(args=["--sandbox", "off"]).start()
        self.assertEqual({t["Seccomp"] for t in threads(s.process)}, {"0"})
        self.assertNotIn(" sandbox calls=", s.log_text())


class Files(unittest.TestCase):
    def setUp(self):
        if landlock() <= 0:
            self.skipTest("this kernel has no Landlock")
        self.folder = tempfile.mkdtemp(prefix="jeton-sandbox-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        for name in ("known", "foreign"):
            os.mkdir(os.path.join(self.folder, name))
        self.known, self.foreign = [certificate(os.path.join(self.folder, name), "one", "one") for name in ("known", "foreign")]
        self.conf = os.path.join(self.folder, "known", "jeton.conf")
        self.name(self.known)
        self.s = Server(args=["--config", self.conf])
        self.addCleanup(self.s.stop_for_good)
        self.s.start()

    def name(self, pair):
        with open(self.conf, "w") as f:
            f.write("tls_cert = %s\ntls_key = %s\n" % pair)

    def hang_up(self):
        before = len(self.s.log_text())
        self.s.process.send_signal(signal.SIGHUP)
        for _ in range(500):
            said = self.s.log_text()[before:]
            if re.search(r" reload(\.failed)? ", said):
                return said
            time.sleep(0.02)
        raise AssertionError("nothing came of SIGHUP: " + said)

    def test_AV_09_the_serving_process_reads_certificates_only_where_they_were_named_at_its_start(self):
        self.name(self.foreign)
        said = self.hang_up()
        for word in ("reload.refused", "tls_cert", "reload.fenced", "restart"):
            self.assertIn(word, said)
        self.assertEqual(self.s.get("/health/live", verify=False).status_code, 200)
        self.name(certificate(os.path.join(self.folder, "known"), "two", "two"))
        self.assertRegex(self.hang_up(), " reload changed=.*certificate")


class Ports(unittest.TestCase):
    """A list of redirect URIs is fetched when a client registers: fetch judges the port, and the kernel would."""

    @classmethod
    def setUpClass(cls):
        cls.due, cls.undue = Web(), Web()
        for web in (cls.due, cls.undue):
            cls.addClassCleanup(web.stop)
            web.sector = web.put("/sector.json", [CALLBACK])
        both = os.path.join(cls.due.folder, "both.pem")
        with open(both, "w", encoding="ascii") as out:
            for web in (cls.due, cls.undue):
                with open(web.authority, encoding="ascii") as f:
                    out.write(f.read())
        cls.authority, cls.port = both, cls.due.host.rsplit(":", 1)[1]

    def server(self, *args):
        s = Server(args=["--registration", "open", "--fetch-authority", self.authority, *args])
        self.addCleanup(s.stop_for_good)
        return s.start()

    def register(self, s, **members):
        return register(s, redirect_uris=[CALLBACK], **members).json()

    def test_AV_09_the_server_calls_ports_that_are_due_and_no_others(self):
        s = self.server("--fetch-internal", "127.0.0.1", "--outgoing-ports", "443 " + self.port)
        self.assertIn(" ports=%s" % ("fenced" if landlock() >= KNOWS_PORTS else '"open: this kernel'), s.log_text())
        self.assertIn("client_id", self.register(s, sector_identifier_uri=self.due.sector))
        self.assertEqual(self.due.asked, ["/sector.json"])
        self.assertEqual(self.register(s, sector_identifier_uri=self.undue.sector)["error"], "invalid_client_metadata")
        self.assertEqual(self.undue.asked, [])
        self.assertEqual(s.stop(), 0)  # the log is whole then
        self.assertRegex(s.log_text(), " fetch.refused host=127.0.0.1 port=%s why=.*outgoing_ports" % self.undue.host.rsplit(":", 1)[1])

    def test_where_hosts_inside_are_named_any_port_is_due(self):
        s = self.server("--fetch-internal", self.undue.host)
        self.assertIn(' ports="open: outgoing_ports is any"', s.log_text())
        self.assertIn("client_id", self.register(s, sector_identifier_uri=self.undue.sector))
        self.undue.asked.clear()

    def test_an_address_at_another_port_is_refused_when_it_registers(self):
        s = self.server()
        logout = "https://app.example:8443/logout"
        refused = self.register(s, backchannel_logout_uri=logout)
        self.assertEqual(refused["error"], "invalid_client_metadata")
        self.assertIn("outgoing_ports", refused["error_description"])
        self.assertIn("client_id", self.register(s, backchannel_logout_uri="https://app.example/logout"))
        s = self.server("--outgoing-ports", "443 8443")
        self.assertEqual(self.register(s, backchannel_logout_uri=logout)["backchannel_logout_uri"], logout)


if __name__ == "__main__":
    unittest.main()
