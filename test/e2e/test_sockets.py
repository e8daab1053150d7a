# SPDX-License-Identifier: MIT
"""What is listened on without a port, as administrators set it up: a Unix socket behind a proxy (RL-04), sockets that a service manager passes,
and what that manager is told. The parent here does by hand what systemd does."""
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

import requests

from harness import BIN, Server, clean_environment
from stores import store_words

# The descriptors in argv[1] become 3 and on, and are meant for the process that this one becomes.
PARENT = """import fcntl, os, sys
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split()]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)))
os.execv(sys.argv[2], sys.argv[2:])"""


def curl(path, url, *options):
    """(status, body) of a request over the Unix socket."""
    done = subprocess.run(["curl", "-s", "-m", "20", "-w", "\n%{http_code}", "--unix-socket", path, *options, url], capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body


class Sockets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-sockets-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.path = os.path.join(self.folder, "s")

    def behind(self, *more):
        server = Server(listen="unix:" + self.path, args=["--tls", "off", "--issuer", "http://localhost", "--socket-mode", "0600", "--metrics", "local", *more])
        self.addCleanup(server.stop_for_good)
        return server.start()

    def manager(self):
        """The socket on which the service manager is told."""
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.bind(os.path.join(self.folder, "notify"))
        told.settimeout(60)
        return told

    def passed(self, server, told, sockets, *more):
        """`server` as the service manager starts it; returns when it says that it is ready."""
        fds = [s.fileno() for s in sockets]
        env = clean_environment(NOTIFY_SOCKET=told.getsockname(), LISTEN_FDNAMES=":".join(["web"] * len(fds)))
        with open(server.log, "ab") as log:
            server.process = subprocess.Popen([sys.executable, "-c", PARENT, " ".join(map(str, fds)), BIN, "serve", *store_words(server.data), *more],
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=env, pass_fds=fds)
        self.assertEqual(told.recv(200), b"READY=1")

    def test_RL_04_a_proxy_that_comes_by_a_unix_socket_is_believed_when_it_is_named_and_only_then(self):
        far = ("-H", "X-Forwarded-For: 192.0.2.7")
        server = self.behind("--trusted-proxies", "unix")
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(curl(self.path, "http://localhost/health/ready")[0], 200)
        self.assertEqual(curl(self.path, "http://localhost/metrics")[0], 200)  # who comes by the socket itself is near
        self.assertEqual(curl(self.path, "http://localhost/metrics", *far)[0], 404)
        self.assertEqual(curl(self.path, "http://localhost/metrics", "-H", "X-Forwarded-For: unix")[0], 200)  # which is no address: nothing said
        self.assertEqual(curl(self.path, "http://elsewhere.example/metrics")[0], 421)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(self.path))
        self.behind()
        self.assertEqual(curl(self.path, "http://localhost/metrics", *far)[0], 200)

    def test_a_killed_servers_socket_is_taken_over_and_a_living_ones_is_not(self):
        server = self.behind()
        second = Server(listen="unix:" + self.path, args=server.args)
        with self.assertRaisesRegex(RuntimeError, r"unix:.*setting listen\).*already in use"):
            second.start()
        self.assertEqual(curl(self.path, "http://localhost/health/ready")[0], 200)
        server.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.path))
        self.behind()
        self.assertEqual(curl(self.path, "http://localhost/health/ready")[0], 200)

    def test_passed_sockets_are_answered_and_outlive_the_server(self):
        told, server = self.manager(), Server()
        self.addCleanup(server.stop_for_good)
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as by_path:
            by_path.bind(self.path)
            by_path.listen()
            url = "https://localhost:%d" % tcp.getsockname()[1]
            words = ("--listen", "systemd:web", "--issuer", url)
            self.passed(server, told, [tcp, by_path], *words)
            self.assertEqual(requests.get(url + "/health/ready", verify=server.ca, timeout=20).status_code, 200)
            self.assertEqual(curl(self.path, url + "/health/ready", "--cacert", server.ca)[0], 200)
            server.process.send_signal(signal.SIGHUP)
            self.assertRegex(told.recv(200), rb"^RELOADING=1\nMONOTONIC_USEC=[0-9]+$")
            self.assertEqual(told.recv(200), b"READY=1")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(told.recv(200), b"STOPPING=1")
            self.assertTrue(os.path.exists(self.path))  # the manager's, not ours
            seen = []
            waiting = threading.Thread(target=lambda: seen.append(requests.get(url + "/health/ready", verify=server.ca, timeout=60).status_code))
            waiting.start()  # between two servers nobody is turned away
            self.passed(server, told, [tcp, by_path], *words)
            waiting.join()
            self.assertEqual(seen, [200])

    def test_what_was_not_passed_is_said_at_start(self):
        server = Server(listen="systemd:web", args=["--issuer", "https://id.example"])
        with self.assertRaisesRegex(RuntimeError, r"systemd:web.*setting listen\).*FileDescriptorName="):
            server.start()


if __name__ == "__main__":
    unittest.main()
