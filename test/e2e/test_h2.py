# SPDX-License-Identifier: MIT
"""HTTP/2 (RFC 9113) as foreign clients speak it: curl, h2load, and hyper-h2, which also sends what it should not."""
import socket
import ssl
import subprocess
import time
import unittest

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness import Server


class Peer:
    """One HTTP/2 connection by hyper-h2; `lax` lets it send what the protocol forbids."""

    def __init__(self, server, lax=False):
        host, port = server.url.split("//")[1].split(":")
        context = ssl.create_default_context(cafile=server.ca)
        context.set_alpn_protocols(["h2"])
        self.authority = "%s:%s" % (host, port)
        self.socket = context.wrap_socket(socket.create_connection((host, int(port)), timeout=15), server_hostname=host)
        self.protocol = self.socket.selected_alpn_protocol()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=not lax,
                                                                       normalize_outbound_headers=not lax))
        self.h2.initiate_connection()
        self.answers, self.resets, self.goodbye = {}, {}, None
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def headers(self, method="GET", path="/health/live", extra=(), authority=None):
        return [(":method", method), (":scheme", "https"), (":authority", authority or self.authority), (":path", path), *extra]

    def send(self, *args, body=None, end=True, **more):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, self.headers(*args, **more), end_stream=body is None and end)
        if body is not None:
            self.data(stream, body, end)
        self.flush()
        return stream

    def data(self, stream, body, end=True):
        while body:
            size = min(len(body), self.h2.max_outbound_frame_size, self.h2.local_flow_control_window(stream))
            if size == 0:
                if stream in self.answers or not self.hear():
                    return
                continue
            self.h2.send_data(stream, body[:size])
            body = body[size:]
            self.flush()
        if end:
            self.h2.end_stream(stream)

    def hear(self):
        try:
            got = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            got = b""
        for event in self.h2.receive_data(got) if got else ():
            if isinstance(event, h2.events.ResponseReceived):
                self.answers[event.stream_id] = [dict(event.headers), b"", False]
            elif isinstance(event, h2.events.DataReceived):
                self.answers[event.stream_id][1] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.answers[event.stream_id][2] = True
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goodbye = event.error_code
        try:
            self.flush()
        except (ConnectionError, ssl.SSLError):
            return False
        return bool(got)

    def answer(self, stream):
        while not (stream in self.answers and self.answers[stream][2]) and stream not in self.resets and self.goodbye is None:
            if not self.hear():
                break
        fields, body, whole = self.answers.get(stream, ({}, b"", False))
        return int(fields.get(":status", 0)), fields, body

    def close(self):
        self.socket.close()


class Http2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.c = cls.s.client("Machine", "client_credentials")
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def peer(self, **more):
        p = Peer(self.s, **more)
        self.addCleanup(p.close)
        self.assertEqual(p.protocol, "h2")
        return p

    def form(self):
        return "grant_type=client_credentials&client_id=%s&client_secret=%s" % (self.c.id, self.c.secret)

    def test_curl(self):
        for version, told in (("--http2", "2"), ("--http1.1", "1.1")):
            done = subprocess.run(["curl", "-sS", version, "--cacert", self.s.ca, "-w", "\n%{http_version} %{http_code}", "-d", self.form(), self.s.url + "/oauth/token"], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual(done.stdout.split("\n")[-1], told + " 200", done.stderr)
            self.assertIn("access_token", done.stdout)

    def test_h2load(self):
        done = subprocess.run(["h2load", "-n", "3000", "-c", "10", "-m", "30", self.s.url + "/.well-known/openid-configuration"], capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stdout, r"3000 succeeded, 0 failed, 0 errored, 0 timeout", done.stderr)
        self.assertRegex(done.stdout, r"status codes: 3000 2xx")

    def test_sixty_requests_at_once_inline_and_from_other_threads(self):
        p = self.peer()
        form = ("content-type", "application/x-www-form-urlencoded")
        streams = [p.send("POST", "/oauth/token", extra=[form], body=self.form().encode()) if i % 2 else p.send("GET", "/login") for i in range(60)]
        for i, stream in enumerate(streams):
            status, fields, body = p.answer(stream)
            self.assertEqual(status, 200, body)
            self.assertIn(b"access_token" if i % 2 else b"<form", body)
            self.assertEqual(int(fields["content-length"]), len(body))
            self.assertNotIn("connection", fields)
            self.assertEqual(len(fields["x-request-id"]), 16)

    def test_head_has_a_length_and_no_body(self):
        p = self.peer()
        status, fields, body = p.answer(p.send("HEAD"))
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(fields["content-length"]), 0)

    def test_limits_are_those_of_http_1(self):
        p = self.peer()
        form = ("content-type", "application/x-www-form-urlencoded")
        self.assertEqual(p.answer(p.send("GET", "/" + "a" * 9000))[0], 414)
        self.assertEqual(p.answer(p.send(extra=[("x", "y" * 17000)]))[0], 431)
        self.assertEqual(p.answer(p.send(extra=[("x", "y")] * 101))[0], 431)
        self.assertEqual(p.answer(p.send(extra=[("cookie", "a=" + "b" * 3000)] * 3))[0], 431)
        stream = p.send("POST", "/oauth/token", extra=[form], body=b"a" * 200000)
        self.assertEqual(p.answer(stream)[0], 413)
        self.assertEqual(p.answer(p.send("POST", "/oauth/token", extra=[form, ("content-length", "200000")], end=False))[0], 413)
        status, _, body = p.answer(p.send("POST", "/oauth/token", extra=[form], body=self.form().encode()))
        self.assertEqual(status, 200, body)  # the connection goes on

    def test_names_of_the_server(self):
        p = self.peer()
        self.assertEqual(p.answer(p.send("GET", "/login", authority="evil.example"))[0], 421)
        self.assertEqual(p.answer(p.send("GET", "/login", extra=[("host", p.authority)]))[0], 200)
        self.assertEqual(p.answer(p.send("GET", "/a/../login"))[0], 400)
        lax = self.peer(lax=True)
        self.assertEqual(lax.answer(lax.send("GET", "/login", extra=[("host", "evil.example")]))[0], 400)

    def test_an_encoded_letter_is_the_letter_and_an_encoded_slash_is_refused(self):
        p = self.peer()
        for path, status in (("/%6cogin", 200), ("/oauth/%74oken", 405), ("/oauth%2ftoken", 400), ("/oauth%5ctoken", 400), ("/oauth/%2e%2e/login", 400), ("/oauth//token", 400)):
            self.assertEqual(p.answer(p.send("GET", path))[0], status, path)
            self.assertEqual(self.s.get(path).status_code, status, path)

    def test_two_of_what_may_come_once(self):
        p = self.peer()
        for name in ("authorization", "content-type", "dpop"):
            self.assertEqual(p.answer(p.send("GET", "/api/1.0/users/me", extra=[(name, "Bearer a"), (name, "Bearer b")]))[0], 400, name)

    def test_cookies_in_several_fields_are_one(self):
        p = self.peer()
        self.assertEqual(p.answer(p.send("GET", "/login", extra=[("cookie", "a=1"), ("cookie", "b=2")]))[0], 200)
        self.assertEqual(p.answer(p.send("GET", "/account", extra=[("cookie", "no pair"), ("cookie", "b=2")]))[0], 400)

    def test_what_is_no_message_is_reset(self):
        for extra in ([("connection", "close")], [("transfer-encoding", "chunked")], [("Upper", "x")], [("te", "gzip")], [("x", "a\nb")], [(":late", "x")]):
            with self.subTest(extra=extra):
                p = self.peer(lax=True)
                stream = p.send(extra=extra)
                self.assertEqual(p.answer(stream)[0], 0)
                self.assertTrue(p.resets.get(stream) or p.goodbye)
        p = self.peer(lax=True)
        stream = p.send("POST", "/oauth/token", extra=[("content-length", "3")], body=b"abcd")
        self.assertEqual(p.answer(stream)[0], 0)

    def test_rapid_resets_end_the_connection_and_nobody_elses(self):
        other, p = self.peer(), self.peer()
        try:
            for _ in range(2000):
                stream = p.h2.get_next_available_stream_id()
                p.h2.send_headers(stream, p.headers("GET", "/login"), end_stream=True)
                p.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
                p.flush()
        except (ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError):
            pass
        while p.goodbye is None and p.hear():
            pass
        self.assertIsNotNone(p.goodbye)
        self.assertEqual(other.answer(other.send())[0], 200)

    def test_a_client_that_leaves_while_it_is_answered(self):
        for _ in range(20):
            p = self.peer()
            for _ in range(10):
                p.send("GET", "/login")
            p.close()
        again = self.peer()
        self.assertEqual(again.answer(again.send("GET", "/login"))[0], 200)

    def test_no_other_protocol_is_spoken(self):
        host, port = self.s.url.split("//")[1].split(":")
        context = ssl.create_default_context(cafile=self.s.ca)
        context.set_alpn_protocols(["smtp"])
        with self.assertRaises(ssl.SSLError):
            context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=host)

    def test_the_access_log_tells_each_request(self):
        p = self.peer()
        _, fields, _ = p.answer(p.send("GET", "/login"))
        end, lines = time.monotonic() + 10, []
        while not lines and time.monotonic() < end:  # the log is written in its own time
            lines = [line for line in self.s.log_text().splitlines() if "id=" + fields["x-request-id"] in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("path=/login status=200", lines[0])


if __name__ == "__main__":
    unittest.main()
