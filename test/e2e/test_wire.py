# SPDX-License-Identifier: MIT
"""Framing that two parsers could read differently, limits, odd addresses, TLS: raw bytes over TLS (IN, TL)."""
import json
import re
import socket
import ssl
import time
import unittest

from harness import basic, world


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.host = "localhost:%d" % cls.s.port

    def tearDown(self):
        self.assertEqual(self.s.get("/health/live").status_code, 200)  # IN-09: still there

    def connect(self, **options):
        context = ssl.create_default_context(cafile=self.s.ca)
        for name, value in options.items():
            setattr(context, name, value)
        raw = socket.create_connection(("127.0.0.1", self.s.port), timeout=10)
        return context.wrap_socket(raw, server_hostname="localhost")

    def send(self, data, wait=5, halves=False):
        """All bytes that come back until the server closes or is silent."""
        got = b""
        with self.connect() as tls:
            tls.settimeout(wait)
            try:
                if halves:
                    for i in range(0, len(data), max(1, len(data) // 7)):
                        tls.sendall(data[i:i + max(1, len(data) // 7)])
                else:
                    tls.sendall(data)
                while True:
                    piece = tls.recv(65536)
                    if not piece:
                        return got, True
                    got += piece
            except (socket.timeout, TimeoutError):
                return got, False
            except OSError:
                return got, True

    def statuses(self, got):
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)]

    def request(self, *headers, line="POST /oauth/token HTTP/1.1", body=b"grant_type=client_credentials", host=True):
        lines = [line] + (["Host: " + self.host] if host else []) + list(headers)
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def test_a_good_request_passes(self):
        c = self.w.service
        for halves in (False, True):
            got, _ = self.send(self.request("Content-Length: 29", "Authorization: " + basic(c.id, c.secret), "Connection: close"), halves=halves)
            self.assertEqual(self.statuses(got), [200])
        chunked = b"1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n"
        got, _ = self.send(self.request("Transfer-Encoding: chunked", "Authorization: " + basic(c.id, c.secret), "Connection: close", body=chunked))
        self.assertEqual(self.statuses(got), [200])

    def test_IN_02_smuggling_is_refused_and_closed(self):
        smuggled = b"GET /health/live HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\n\r\n"
        c = basic(self.w.service.id, self.w.service.secret)
        cases = {
            "length and chunked": self.request("Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + smuggled),
            "chunked and length": self.request("Transfer-Encoding: chunked", "Content-Length: 4", body=b"0\r\n\r\n" + smuggled),
            "two lengths": self.request("Content-Length: 29", "Content-Length: 30"),
            "two equal lengths": self.request("Content-Length: 29", "Content-Length: 29"),
            "length list": self.request("Content-Length: 29, 29"),
            "length sign": self.request("Content-Length: +29"),
            "length hex": self.request("Content-Length: 0x1d"),
            "length negative": self.request("Content-Length: -1"),
            "length text": self.request("Content-Length: 29a"),
            "length huge": self.request("Content-Length: 99999999999999999999999"),
            "length empty": self.request("Content-Length: "),
            "encoding other": self.request("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
            "encoding identity": self.request("Transfer-Encoding: identity"),
            "encoding xchunked": self.request("Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
            "encoding twice": self.request("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
            "encoding tab": self.request("Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n"),
            "space before colon": self.request("Content-Length : 29"),
            "space before colon chunked": self.request("Transfer-Encoding : chunked", body=b"0\r\n\r\n" + smuggled),
            "folded": self.request("X-A: b\r\n c", "Content-Length: 29"),
            "folded encoding": self.request("Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n" + smuggled),
            "no host": self.request("Content-Length: 29", host=False),
            "two hosts": self.request("Host: " + self.host, "Content-Length: 29"),
            "foreign host": self.request("Host: evil.example", "Content-Length: 29", host=False),
            "empty host": self.request("Host:", "Content-Length: 29", host=False),
            "host with userinfo": self.request("Host: a@" + self.host, "Content-Length: 29", host=False),
            "two authorizations": self.request("Authorization: " + c, "Authorization: " + c, "Content-Length: 29"),
            "two content types": self.request("Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 29"),
            "nul in header": self.request("X-A: a\x00b", "Content-Length: 29"),
            "control in header": self.request("X-A: a\x01b", "Content-Length: 29"),
            "nul in name": self.request("X\x00A: b", "Content-Length: 29"),
            "name with space": self.request("X A: b", "Content-Length: 29"),
            "name empty": self.request(": b", "Content-Length: 29"),
            "name not a token": self.request("X(A): b", "Content-Length: 29"),
            "no colon": self.request("JustText", "Content-Length: 29"),
            "bare cr": self.request("X-A: a\rContent-Length: 0", "Content-Length: 29"),
            "bad chunk size": self.request("Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n"),
            "negative chunk": self.request("Transfer-Encoding: chunked", body=b"-1\r\nabc\r\n0\r\n\r\n"),
            "huge chunk": self.request("Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nabc"),
            "chunk without end": self.request("Transfer-Encoding: chunked", body=b"3\r\nabcd\r\n0\r\n\r\n"),
            "version 3": self.request("Content-Length: 29", line="POST /oauth/token HTTP/3.0"),
            "version text": self.request("Content-Length: 29", line="POST /oauth/token HTTZ/1.1"),
            "absolute form": self.request(line="GET http://evil.example/health/live HTTP/1.1", body=b""),
            "method not a token": self.request("Content-Length: 29", line="PO(ST /oauth/token HTTP/1.1"),
            "method nul": self.request("Content-Length: 29", line="PO\x00ST /oauth/token HTTP/1.1"),
            "target space": self.request(line="GET /health/live x HTTP/1.1", body=b""),
            "target nul": self.request(line="GET /health/live\x00 HTTP/1.1", body=b""),
            "target high byte": self.request(line="GET /health/\xff HTTP/1.1", body=b""),
            "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        }
        for name, data in cases.items():
            with self.subTest(case=name):
                began = time.monotonic()
                got, closed = self.send(data + (b"" if name in ("huge chunk",) else smuggled), wait=4)
                statuses = self.statuses(got)
                self.assertTrue(statuses or closed, "no answer and no close in %.1f s" % (time.monotonic() - began))
                self.assertTrue(all(400 <= s < 600 for s in statuses), got[:300])  # never a 200 for anything that follows either
                self.assertTrue(closed, "left open: %r" % got[:200])

    def test_IN_05_addresses(self):
        for target, allowed in (("/health/../health/live", (400, 404)), ("/./health/live", (400, 404)), ("//health/live", (400, 404)), ("/health//live", (400, 404)),
                                ("/health/%2e%2e/health/live", (400, 404)), ("/health/live/..;/", (400, 404)), ("/%68ealth/live", (200, 400, 404)), ("/health%2flive", (400, 404)),
                                ("/health/live%00", (400, 404)), ("/health/live%", (400, 404)), ("/health/live%zz", (400, 404)), ("/health\\live", (400, 404)), ("*", (400, 404, 405)),
                                ("/static/../../etc/passwd", (400, 404)), ("/static/%2e%2e/%2e%2e/etc/passwd", (400, 404)), ("/health/live/", (404,)), ("/HEALTH/live", (404,)),
                                ("/health/live%ff", (400, 404)), ("/health/live?%00", (200, 400)), ("/health/live#x", (400, 404)), ("/health/%c0%ae%c0%ae/live", (400, 404))):
            with self.subTest(target=target):
                got, _ = self.send(self.request("Connection: close", line="GET %s HTTP/1.1" % target, body=b""))
                self.assertTrue(self.statuses(got), got)
                self.assertIn(self.statuses(got)[0], allowed)
                self.assertNotIn(b"root:", got)

    def test_IN_08_methods(self):
        for method, expected in (("TRACE", 405), ("CONNECT", None), ("FOO", 405), ("OPTIONS", None), ("HEAD", 200)):
            with self.subTest(method=method):
                got, _ = self.send(self.request("Connection: close", line=method + " /health/live HTTP/1.1", body=b""))
                status = self.statuses(got)[0]
                if expected:
                    self.assertEqual(status, expected)
                self.assertNotIn(status, (500, 501) if method != "FOO" else (500,))
        got, _ = self.send(self.request("Connection: close", line="HEAD /login HTTP/1.1", body=b""))
        self.assertEqual(got.split(b"\r\n\r\n", 1)[1], b"")

    def test_IN_01_body_413(self):
        c = basic(self.w.service.id, self.w.service.secret)
        for size, expected in ((65536 - 30, 200), (65537, 413), (700000, 413)):
            body = b"grant_type=client_credentials&x=" + b"a" * (size - 32)
            with self.subTest(size=size):
                got, _ = self.send(self.request("Content-Length: %d" % len(body), "Authorization: " + c, "Content-Type: application/x-www-form-urlencoded",
                                                "Connection: close", body=body))
                self.assertEqual(self.statuses(got), [expected], got[:200])
                if expected == 413:
                    self.assertEqual(json.loads(got.split(b"\r\n\r\n", 1)[1])["error"], "invalid_request")
        got, _ = self.send(self.request("Content-Length: 99999999", "Connection: close", body=b""))
        self.assertEqual(self.statuses(got), [413])

    def test_IN_01_address_414(self):
        got, _ = self.send(self.request("Connection: close", line="GET /login?x=" + "a" * 9000 + " HTTP/1.1", body=b""))
        self.assertEqual(self.statuses(got), [414])
        got, _ = self.send(self.request("Connection: close", line="GET /login?x=" + "a" * 8000 + " HTTP/1.1", body=b""))
        self.assertEqual(self.statuses(got), [200])

    def test_IN_01_headers_431(self):
        for headers in (["X-A: " + "a" * 17000], ["X-%d: b" % i for i in range(101)], ["X-A: " + "a" * 200000]):
            with self.subTest(n=len(headers)):
                got, _ = self.send(self.request("Connection: close", *headers, line="GET /health/live HTTP/1.1", body=b""))
                self.assertEqual(self.statuses(got), [431], got[:200])
        got, _ = self.send(self.request("Connection: close", *["X-%d: b" % i for i in range(90)], line="GET /health/live HTTP/1.1", body=b""))
        self.assertEqual(self.statuses(got), [200])

    def test_IN_01_parameters(self):
        c = self.w.service
        many = {"p%d" % i: "x" for i in range(200)}
        answer = self.s.token(c, "client_credentials", **many)
        self.assertIn((answer.status_code, answer.json()["error"]), ((400, "invalid_request"), (413, "invalid_request")))
        answer = self.s.token(c, "client_credentials", scope=" ".join("s%d" % i for i in range(3000)))
        self.assertEqual(answer.status_code, 400)

    def test_keep_alive_and_pipelining(self):
        one = self.request(line="GET /health/live HTTP/1.1", body=b"")
        last = self.request("Connection: close", line="GET /health/live HTTP/1.1", body=b"")
        got, closed = self.send(one * 5 + last)
        self.assertEqual(self.statuses(got), [200] * 6)
        self.assertTrue(closed)

    def test_expect_100_continue(self):
        c = basic(self.w.service.id, self.w.service.secret)
        got, _ = self.send(self.request("Content-Length: 29", "Expect: 100-continue", "Authorization: " + c, "Connection: close"))
        self.assertEqual(self.statuses(got)[-1], 200)

    def test_half_open_and_slow_connections_do_not_hinder(self):
        idle = [self.connect() for _ in range(40)]
        try:
            for tls in idle[:20]:
                tls.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\nContent-Length: 100\r\n\r\ng")
            began = time.monotonic()
            for _ in range(10):
                self.assertEqual(self.s.get("/health/live").status_code, 200)
            self.assertLess(time.monotonic() - began, 5)
        finally:
            for tls in idle:
                tls.close()

    def test_TL_01_old_versions_are_refused(self):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            with self.subTest(version=version), self.assertRaises((ssl.SSLError, OSError)):
                with socket.create_connection(("127.0.0.1", self.s.port), timeout=5) as raw, context.wrap_socket(raw):
                    pass
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.connect(minimum_version=version, maximum_version=version) as tls:
                self.assertTrue(tls.version())

    def test_TL_02_plain_http_gets_nothing(self):
        with socket.create_connection(("127.0.0.1", self.s.port), timeout=5) as raw:
            raw.sendall(self.request("Connection: close", line="GET /health/live HTTP/1.1", body=b""))
            raw.settimeout(5)
            try:
                got = raw.recv(4096)
            except OSError:
                got = b""
        self.assertNotIn(b"200", got[:20])


if __name__ == "__main__":
    unittest.main()
