# SPDX-License-Identifier: MIT
"""Behind a load balancer that passes TCP on and says in a PROXY header whose connection it is (RL-04): Debian's haproxy writes the headers, curl asks, and
what haproxy cannot be made to write is written here."""
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest

from harness import Server, basic

CLIENT = "127.0.0.2"  # a second address of this machine, from which curl comes; the balancer is 127.0.0.1


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def has_v6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


V6 = has_v6()


def header(source, command=0x21, values=b""):
    family, form = (socket.AF_INET6, 0x21) if ":" in source else (socket.AF_INET, 0x11)
    rest = socket.inet_pton(family, source) * 2 + struct.pack(">HH", 1234, 443) + values
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, form]) + struct.pack(">H", len(rest)) + rest


class Proxied(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-proxied-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def server(self, *more, listen="127.0.0.1:0", proxies="127.0.0.1"):
        server = Server(listen=listen, args=["--proxy-protocol", "listen", "--trusted-proxies", proxies, *more])
        self.addCleanup(server.stop_for_good)
        return server

    def haproxy(self, address, options):
        """A balancer in TCP mode in front of `address`; its port."""
        port, path = free_port(), os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w") as f:
            f.write("global\n  maxconn 100\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
                    "listen front\n  bind 127.0.0.1:%d\n%s  server one %s %s\n" % (port, "  bind [::1]:%d\n" % port if V6 else "", address, options))
        with open(os.path.join(self.folder, "haproxy.log"), "ab") as log:
            process = subprocess.Popen(["haproxy", "-db", "-f", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.kill)
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return port
        with open(os.path.join(self.folder, "haproxy.log")) as log:
            self.fail("haproxy does not listen: " + log.read())

    def curl(self, server, port, *options, path="/health/live", client=CLIENT):
        """(status, version of HTTP) by way of that port."""
        host = server.url.split("//")[1] if server.url.count(":") == 2 else "localhost:80"
        near = "[::1]" if ":" in client else "127.0.0.1"
        done = subprocess.run(["curl", "-s", "-m", "20", "-o", os.path.join(self.folder, "body"), "-w", "%{http_code} %{http_version}", "--cacert", server.ca,
                               "--interface", client, "--connect-to", "%s:%s:%d" % (host, near, port), *options, server.url + path],
                              capture_output=True, text=True)
        status, version = done.stdout.split()
        return int(status), version

    def peers(self, server, path, least=1):
        """Who asked for that path, from the access log; asked for until there are `least` lines."""
        end = time.monotonic() + 10
        while True:
            seen = re.findall(r" request .*peer=(\S+) .*path=%s status=\d+" % re.escape(path), server.log_text())
            if len(seen) >= least or time.monotonic() > end:
                return seen
            time.sleep(0.02)

    def told(self, server, word):
        end = time.monotonic() + 10
        while word not in server.log_text() and time.monotonic() < end:
            time.sleep(0.02)
        return word in server.log_text()

    def test_RL_04_haproxy_says_who_calls_before_TLS_over_both_versions_of_HTTP(self):
        server = self.server().start()
        port = self.haproxy("127.0.0.1:%d" % server.port, "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority")
        self.assertEqual(self.curl(server, port, "--http1.1", path="/health/live"), (200, "1.1"))
        self.assertEqual(self.curl(server, port, "--http2", path="/health/ready"), (200, "2"))
        other = "::1" if V6 else "127.0.0.3"
        self.assertEqual(self.curl(server, port, "--http2", path="/health/ready?again", client=other)[0], 200)
        self.assertEqual(self.peers(server, "/health/live"), [CLIENT])
        self.assertEqual(self.peers(server, "/health/ready", 2), [CLIENT, other])
        # a client's own words count for nothing, for the client is no trusted proxy
        self.assertEqual(self.curl(server, port, "-H", "X-Forwarded-For: 203.0.113.1", path="/oauth/jwks")[0], 200)
        self.assertEqual(self.peers(server, "/oauth/jwks"), [CLIENT])

    def test_RL_04_without_TLS_and_by_a_unix_socket_too(self):
        path = os.path.join(self.folder, "s")
        server = self.server("--tls", "off", "--issuer", "http://localhost:80", listen="unix:" + path, proxies="unix").start()
        port = self.haproxy("unix@" + path, "send-proxy-v2")
        self.assertEqual(self.curl(server, port), (200, "1.1"))
        self.assertEqual(self.peers(server, "/health/live"), [CLIENT])

    def test_a_health_check_of_haproxy_has_its_own_address(self):
        """haproxy's `check` begins with LOCAL; it is the balancer that judges the answer."""
        server = self.server("--tls", "off").start()
        port = self.haproxy("127.0.0.1:%d" % server.port,
                            "send-proxy-v2 check check-send-proxy inter 50ms\n  option httpchk GET /health/ready HTTP/1.1\\r\\nHost:\\ localhost")
        self.assertEqual(set(self.peers(server, "/health/ready")), {"127.0.0.1"})
        self.assertEqual(self.curl(server, port)[0], 200)
        self.assertEqual(self.peers(server, "/health/live"), [CLIENT])
        self.assertNotIn("proxy.refused", server.log_text())

    def raw(self, server, first, request=b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", bind="127.0.0.1"):
        """What comes back, until the end."""
        context = ssl.create_default_context(cafile=server.ca)
        with socket.create_connection(("127.0.0.1", server.port), 20, (bind, 0)) as s:
            try:
                s.sendall(first)
                with context.wrap_socket(s, server_hostname="127.0.0.1") as t:
                    t.sendall(request)
                    text = b""
                    while piece := t.recv(65536):
                        text += piece
                    return text
            except OSError:  # reset, or an end in the middle of the handshake
                return b""

    def test_what_is_no_header_is_closed_and_named_in_the_log(self):
        server = self.server().start()
        self.assertTrue(self.raw(server, header("203.0.113.9")).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.raw(server, b""), b"")
        self.assertTrue(self.told(server, "proxy.refused peer=127.0.0.1"))
        for wrong in (header("203.0.113.9", 0x11), header("203.0.113.9", values=b"\x03\0\4abcd"), header("::"), header("203.0.113.9")[:-1]):
            self.assertEqual(self.raw(server, wrong), b"")
        self.assertEqual(self.raw(server, header("203.0.113.9"), bind=CLIENT), b"")  # from no trusted proxy
        self.assertTrue(self.raw(server, header("203.0.113.9")).startswith(b"HTTP/1.1 200"))
        self.assertEqual(len(re.findall("proxy.refused", server.log_text())), 1)  # not a line for each

    def test_the_line_of_version_1_is_refused_with_the_word_for_what_to_do(self):
        server = self.server().start()
        done = subprocess.run(["curl", "-s", "-m", "20", "--haproxy-protocol", "--cacert", server.ca, server.url + "/health/live"], capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(self.told(server, "version 2"))

    def test_RL_04_throttle_and_trail_have_the_named_address(self):
        server = self.server("--address-tries", "3", "--address-delay", "60")
        client = server.client("app", "password")
        server.user("alice", password="pw-of-alice-1")
        server.start()

        def ask(source, password):
            body = "grant_type=password&username=alice&password=" + password
            request = ("POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                       "Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (server.port, basic(client.id, client.secret), len(body), body))
            return int(self.raw(server, header(source), request.encode()).split()[1])

        self.assertEqual([ask("203.0.113.9", "wrong-%d" % i) for i in range(4)], [400, 400, 400, 429])
        self.assertEqual(ask("203.0.113.10", "pw-of-alice-1"), 200)
        server.stop()
        seen = {row["address"] for row in server.cli("event", "list", "--limit", "100") if row["address"]}
        self.assertTrue({"203.0.113.9", "203.0.113.10"} & seen, seen)
        self.assertNotIn("127.0.0.1", seen)

    def test_RL_04_the_trusted_proxies_of_the_moment_count_on_connections_that_are_open(self):
        conf = os.path.join(self.folder, "jeton.conf")

        def trust(words):
            with open(conf, "w") as f:
                f.write("trusted_proxies = %s\n" % words)

        trust("127.0.0.1")
        server = Server(listen="127.0.0.1:0", args=["--config", conf, "--tls", "off"])
        self.addCleanup(server.stop_for_good)
        server.start()
        with server.http() as http:  # one connection for all
            far = {"X-Forwarded-For": "203.0.113.9"}
            self.assertEqual(http.get(server.url + "/metrics", headers=far).status_code, 404)  # for near ones alone
            trust("192.0.2.9")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(self.told(server, "changed=trusted_proxies"))
            self.assertEqual(http.get(server.url + "/metrics", headers=far).status_code, 200)
            self.assertEqual(len(re.findall("203.0.113.9", server.log_text())), 1)

    def test_settings_that_contradict_each_other_are_said_at_start(self):
        for proxies, where, field in (("", "listen", "trusted_proxies"), ("unix", "listen", "trusted_proxies"), ("127.0.0.1", "both", "listen_mtls")):
            server = Server(listen="127.0.0.1:0", args=["--proxy-protocol", where, *(["--trusted-proxies", proxies] if proxies else [])])
            self.addCleanup(server.stop_for_good)
            with self.assertRaisesRegex(RuntimeError, field):
                server.start()


if __name__ == "__main__":
    unittest.main()
