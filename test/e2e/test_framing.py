# SPDX-License-Identifier: MIT
"""One reading or none: what jeton takes for requests, h11 and Node.js take for the same requests (IN-02, RFC 9112). Each message of a corpus and of its mutations
is sent to jeton's listener (test/e2e/echo.c) and to Node's, and read by h11. Wherever two take a request at the same place, it must be the same request; who refuses there
is no matter: nothing is smuggled past a reader that takes nothing."""
import json
import os
import random
import re
import socket
import subprocess
import unittest

import h11

from harness import ROOT

HOST = b"Host: localhost\r\n"
GET, POST = b"GET /a HTTP/1.1\r\n" + HOST, b"POST /a HTTP/1.1\r\n" + HOST
CODED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
AGAIN = b"GET /again HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
SEEDS = [
    GET + b"\r\n", POST + b"Content-Length: 3\r\n\r\na=b", CODED + b"3\r\na=b\r\n0\r\n\r\n", CODED + b"1\r\na\r\n2\r\n=b\r\n0\r\n\r\n", CODED + b"3;x=y\r\na=b\r\n0\r\n\r\n",
    CODED + b"3\r\na=b\r\n0\r\nX: y\r\n\r\n", CODED + b"3\na=b\n0\n\n", CODED + b"3;x\ry\r\na=b\r\n0\r\n\r\n", CODED + b"0003;" + b"x" * 300 + b"\r\na=b\r\n0\r\n\r\n",
    POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", POST + b"Content-Length: +2\r\n\r\nab",
    POST + b"Content-Length: 2, 2\r\n\r\nab", POST + b"Content-Length: 0x2\r\n\r\nab", POST + b"Content-Length: 2.0\r\n\r\nab", POST + b"Content-Length:\r\n\r\nab",
    POST + b"Content-Length: 99999999999999999999999\r\n\r\nab", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", GET + b"X: y\r\n z\r\n\r\n", GET + b"X: y\rZ: z\r\n\r\n", GET + b"X: y\0z\r\n\r\n", b"GET /a HTTP/1.1\nHost: localhost\n\n",
    b"GET /a HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n", b"\r\n" + GET + b"\r\n", GET + b"X: \xc3\xa9\r\n\r\n",
    b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", b"BREW /a?x=%41+1&y HTTP/1.1\r\n" + HOST + b"\r\n",
]
PIECES = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"1", b"-", b"+", b"a", b"\x0b", b"\xff", b"\r\n\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Content-Length", b"chunked", b"0\r\n\r\n", b"HTTP/1.1", b" HTTP/1.0"]
NODE = """
const http = require('node:http');
const server = http.createServer({ keepAliveTimeout: 1000, requestTimeout: 2000, headersTimeout: 2000, connectionsCheckingInterval: 200, requireHostHeader: true }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => response.end(JSON.stringify([request.method, request.url, Buffer.concat(parts)].map((v) => Buffer.from(v, typeof v === 'string' ? 'latin1' : undefined).toString('hex'))) + '\\n'));
});
server.on('clientError', (error, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => console.log('ready ' + server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit());
"""


def started(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process, int(process.stdout.readline().split()[1])


def stopped(process):
    process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()


def ask(port, message):
    """What a server understood: its requests in order. The end of our bytes is told, so that it need not wait for more."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        out = b""
        try:
            s.sendall(message)
            s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                out += part
        except (ConnectionError, BrokenPipeError):
            pass
    return [tuple(bytes.fromhex(v) for v in json.loads(line)) for line in re.findall(rb"^\[.*\]$", out, re.M)]


def read_by_h11(message):
    connection, requests, body = h11.Connection(h11.SERVER, max_incomplete_event_size=40000), [], b""
    connection.receive_data(message)
    request = None
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                requests.append((request.method, request.target, body))
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
            elif event is h11.PAUSED:
                connection.start_next_cycle()
            else:
                return requests
    except h11.RemoteProtocolError:
        return requests
    except h11.LocalProtocolError:  # it will not go on after `close`
        return requests


def mutations(count):
    chance = random.Random(9112)
    for _ in range(count):
        message = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            at, what = chance.randrange(len(message) + 1), chance.randrange(4)
            if what == 0:
                message[at:at] = chance.choice(PIECES)
            elif what == 1:
                del message[at:at + chance.randint(1, 4)]
            elif what == 2:
                message[at:at + 1] = chance.choice(PIECES)
            else:
                lines = bytes(message).split(b"\r\n")
                lines.insert(chance.randrange(len(lines)), chance.choice(lines))
                message = bytearray(b"\r\n".join(lines))
        yield bytes(message)


class Framing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "BUILD=release", "build/release/echo"], cwd=ROOT, check=True, capture_output=True, timeout=600)
        cls.ours, cls.port = started([os.path.join(ROOT, "build", "release", "echo")])
        cls.node, cls.node_port = started(["node", "-e", NODE])

    @classmethod
    def tearDownClass(cls):
        stopped(cls.ours)
        stopped(cls.node)

    def compare(self, message):
        ours = ask(self.port, message + AGAIN)
        for name, theirs in (("h11", read_by_h11(message + AGAIN)), ("Node", ask(self.node_port, message + AGAIN))):
            for i, (one, other) in enumerate(zip(ours, theirs)):
                self.assertEqual(one, other, f"{name} reads request {i} of {message!r} otherwise")
        return len(ours)

    def test_the_corpus(self):
        taken = sum(self.compare(seed) for seed in SEEDS)
        self.assertGreater(taken, 20)

    def test_mutations(self):
        taken = sum(self.compare(message) for message in mutations(4000))
        self.assertGreater(taken, 400)

    def test_it_can_tell_readings_apart(self):
        """A test of the test: what a lenient reader would take is seen as another reading."""
        self.assertEqual(read_by_h11(POST + b"Content-Length: 3\r\n\r\na=b"), [(b"POST", b"/a", b"a=b")])
        self.assertEqual(ask(self.port, POST + b"Content-Length: 2\r\n\r\na=" + AGAIN), [(b"POST", b"/a", b"a="), (b"GET", b"/again", b"")])
        self.assertEqual(ask(self.node_port, CODED + b"3\r\na=b\r\n0\r\n\r\n" + AGAIN), [(b"POST", b"/a", b"a=b"), (b"GET", b"/again", b"")])


if __name__ == "__main__":
    unittest.main()
