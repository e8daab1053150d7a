# SPDX-License-Identifier: MIT
"""Starting, changing while running, and what is said when that fails (AV-01, AV-03, AV-04, TL-05, ST-03)."""
import http.client
import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest

from harness import BIN, Server, basic, clean_environment, free_port, run_cli
from stores import forget, sqlite_only, store_words


def serve(data, *more, timeout=20, env=None):
    """(exit status, standard error) of a server that is expected not to start."""
    done = subprocess.run([BIN, "serve", *store_words(data), *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          env=clean_environment(**(env or {})))
    return done.returncode, done.stderr


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificate(folder, name, subject="localhost", days="30"):
    """A certificate that stands for itself, and its key: (certificate file, key file)."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out", name + ".pem",
            "-days", days, "-subj", "/CN=" + subject, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    return os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")


class Refusals(unittest.TestCase):
    """One line: cause, the thing, the setting."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-start-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.data = os.path.join(self.folder, "data")

    def refused(self, *more, words, data=None, env=None):
        code, err = serve(data or self.data, *more, env=env)
        lines = [line for line in err.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]
        self.assertEqual((code, len(lines)), (1, 1), err)
        self.assertNotIn("The server cannot do this right now", err)
        for word in words:
            self.assertIn(word, lines[0])
        return lines[0]

    def test_an_address_that_cannot_be_had(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            there = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refused("--listen", there, words=[there, "setting listen)", "already in use"])
            self.refused("--listen", "localhost:%d" % taken.getsockname()[1], words=["setting listen)", "already in use"])
            self.refused("--listen", "127.0.0.1:0", "--listen-mtls", there, words=[there, "setting listen_mtls)", "already in use"])
        self.refused("--listen", "203.0.113.9:8443", words=["203.0.113.9:8443", "setting listen)", "does not have that address"])

    def test_a_privileged_port(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
            if os.geteuid() == 0 or int(f.read()) <= 81:
                self.skipTest("every port is this user's")
        self.refused("--listen", "127.0.0.1:81", words=["127.0.0.1:81", "setting listen)", "CAP_NET_BIND_SERVICE"])

    def test_names_are_no_addresses_to_listen_on(self):
        code, err = serve(self.data, "--listen", "example.org:8443")
        self.assertNotEqual(code, 0)
        self.assertIn("ADDRESS:PORT", err)

    def test_certificates_and_keys(self):
        one, one_key = certificate(self.folder, "one")
        two, two_key = certificate(self.folder, "two")
        bad, locked, empty = (os.path.join(self.folder, n) for n in ("bad.pem", "locked.key", "empty.pem"))
        with open(bad, "w") as f:
            f.write("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
        open(empty, "w").close()
        openssl(self.folder, "ec", "-in", one_key, "-aes256", "-passout", "pass:x", "-out", locked)
        os.chmod(locked, 0o600)
        listen = ["--listen", "127.0.0.1:0"]
        for cert, key, words in ((one, two_key, ["tls_cert, tls_key", one, two_key, "do not belong together"]),
                                 ("/nowhere.pem", one_key, ["/nowhere.pem", "setting tls_cert)", "does not exist"]),
                                 (one, "/nowhere.key", ["/nowhere.key", "setting tls_key)", "does not exist"]),
                                 (bad, one_key, [bad, "no certificate"]), (empty, one_key, [empty, "setting tls_cert)", "empty"]),
                                 (one, locked, [locked, "passphrase"])):
            with self.subTest(cert=cert, key=key):
                self.refused(*listen, "--tls-cert", cert, "--tls-key", key, words=words)
        os.chmod(two_key, 0o644)
        self.refused(*listen, "--tls-cert", two, "--tls-key", two_key, words=[two_key, "setting tls_key)", "chmod 600"])
        self.refused(*listen, "--client-ca", bad, words=[bad, "setting client_ca)", "no certificate"])
        self.refused(*listen, "--client-ca", "/nowhere", words=["/nowhere", "setting client_ca)", "does not exist"])

    @sqlite_only("files are not as they should be")
    def test_data_that_is_not_as_it_should_be(self):
        listen = ["--listen", "127.0.0.1:0"]
        self.refused(*listen, data=os.path.join(self.folder, "no", "where"), words=["no/where", "setting data)", "parent directory"])
        run_cli(self.data, "client", "list")
        self.assertEqual(run_cli(self.data, "user", "add", "xx", "--generate")[0], 0)
        key = os.path.join(self.data, "master.key")
        database = os.path.join(self.data, "jeton.db")
        with open(key, "rb") as f:
            kept = f.read()
        os.remove(key)
        self.refused(*listen, words=["master.key is missing", self.data, "setting data)"])
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(secrets.token_bytes(32))
        self.refused(*listen, words=["master.key", self.data, "setting data)"])
        with open(key, "wb") as f:
            f.write(kept)
        subprocess.run(["sqlite3", database, "INSERT INTO migrations (version, applied_at) VALUES (9999, 0)"], check=True)
        self.refused(*listen, words=["newer version of jeton", self.data, "setting data)"])
        code, _, err = run_cli(self.data, "user", "list")
        self.assertEqual(code, 1)
        self.assertIn("newer version of jeton", err)
        self.assertIn(self.data, err)
        with open(database, "wb") as f:
            f.write(b"no database at all" * 100)
        for name in ("-wal", "-shm"):
            if os.path.exists(database + name):
                os.remove(database + name)
        self.refused(*listen, words=["damaged", self.data, "setting data)"])
        code, _, err = run_cli(self.data, "user", "list")
        self.assertEqual(code, 1)
        self.assertIn("damaged", err)
        self.assertNotIn("right now", err)


class Directory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-start-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.data = os.path.join(self.folder, "data")

    def make(self, mode):
        os.mkdir(self.data)
        os.chmod(self.data, mode)

    def test_an_empty_directory_of_ours_becomes_private(self):
        for mode in (0o755, 0o777, 0o2775):
            with self.subTest(mode=oct(mode)):
                self.make(mode)
                os.mkdir(os.path.join(self.data, "lost+found"))
                self.assertEqual(run_cli(self.data, "user", "add", "xx", "--generate")[0], 0)
                self.assertEqual(stat.S_IMODE(os.stat(self.data).st_mode), 0o700)
                shutil.rmtree(self.data)
                forget(self.data)

    def test_one_that_holds_something_is_refused_and_left_alone(self):
        self.make(0o755)
        with open(os.path.join(self.data, "notes.txt"), "w") as f:
            f.write("mine")
        code, _, err = run_cli(self.data, "user", "add", "xx", "--generate")
        self.assertEqual((code, os.listdir(self.data), stat.S_IMODE(os.stat(self.data).st_mode)), (1, ["notes.txt"], 0o755))
        self.assertIn("empty directory, or a new one", err)
        os.remove(os.path.join(self.data, "notes.txt"))
        self.assertEqual(run_cli(self.data, "user", "add", "xx", "--generate")[0], 0)
        os.chmod(self.data, 0o755)
        code, _, err = run_cli(self.data, "user", "list")
        self.assertEqual(code, 1)
        self.assertIn("chmod 700", err)
        self.assertIn("below it", err)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give a directory away")
    def test_another_owners_directory_says_what_to_do(self):
        self.make(0o2770)
        os.chown(self.data, 12345, os.getegid())
        code, err = serve(self.data, "--listen", "127.0.0.1:0")
        self.assertEqual(code, 1)
        for word in (self.data, "another user", "chown", "below it", "setting data)"):
            self.assertIn(word, err)


class Signals(unittest.TestCase):
    def test_a_signal_ends_a_start_at_any_point_and_leaves_nothing_half_done(self):
        hows = (signal.SIGTERM, signal.SIGINT)  # which one is all the same to the program; a first start takes seconds
        for i, wait in enumerate((0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.8, 1.6)):
            how = hows[i % 2]
            with self.subTest(how=how, wait=wait):
                folder = tempfile.mkdtemp(prefix="jeton-start-")
                self.addCleanup(shutil.rmtree, folder, True)
                data = os.path.join(folder, "data")
                process = subprocess.Popen([BIN, "serve", *store_words(data), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, env=clean_environment())
                try:
                    process.wait(wait)
                except subprocess.TimeoutExpired:
                    pass
                began = time.monotonic()
                process.send_signal(how)
                out, err = process.communicate(timeout=10)
                self.assertIn(process.returncode, (0, -how), err)  # -how: before its first line it dies as any program does
                self.assertTrue(process.returncode == 0 or wait < 0.1, err)
                self.assertLess(time.monotonic() - began, 2)
                s = Server(data=data).start()
                self.assertEqual(s.get("/health/ready").status_code, 200)
                s.stop()

    def test_a_first_start_says_what_it_does(self):
        s = Server(fresh=True).start()
        s.stop()
        self.assertIn("first.start", s.log_text())
        self.assertEqual(s.log_text().count("first.start"), 1)
        s.start()
        s.stop()
        self.assertEqual(s.log_text().count("first.start"), 1)


class Hangup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-start-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.conf = os.path.join(self.folder, "jeton.conf")
        self.one = certificate(self.folder, "one", "one")
        self.two = certificate(self.folder, "two", "two")
        for name, source in (("tls.pem", self.one[0]), ("tls.key", self.one[1]), ("ca.pem", self.one[0])):
            shutil.copy(source, os.path.join(self.folder, name))
        self.write(access_lifetime="1000")
        self.s = Server(args=["--config", self.conf])
        self.service = self.s.client("Service", "client_credentials")
        self.s.start()
        self.addCleanup(self.s.stop_for_good)

    def write(self, **more):
        settings = {"tls_cert": os.path.join(self.folder, "tls.pem"), "tls_key": os.path.join(self.folder, "tls.key"),
                    "client_ca": os.path.join(self.folder, "ca.pem"), "metrics": "on", **more}
        with open(self.conf, "w") as f:
            f.write("".join("%s = %s\n" % pair for pair in settings.items()))

    def put(self, source, name):
        shutil.copy(source, os.path.join(self.folder, name + ".new"))
        os.replace(os.path.join(self.folder, name + ".new"), os.path.join(self.folder, name))

    def hang_up(self):
        """Sends the signal, and waits until the log says what came of it: that part of the log."""
        before = len(self.s.log_text())
        self.s.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            said = self.s.log_text()[before:]
            if re.search(r" reload(\.failed)? ", said):
                return said
            time.sleep(0.02)
        raise AssertionError("nothing came of SIGHUP: " + self.s.log_text()[before:])

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("localhost", self.s.port, context=context, timeout=10)
        connection.connect()
        return connection

    def shown(self, connection=None):
        der = (connection or self.connect()).sock.getpeercert(binary_form=True)
        return ssl.DER_cert_to_PEM_cert(der).split()

    def pem(self, pair):
        with open(pair[0]) as f:
            return f.read().split()

    def ask(self, connection):
        connection.request("POST", "/oauth/token", "grant_type=client_credentials",
                           {"Authorization": basic(self.service.id, self.service.secret), "Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(connection.getresponse().read())

    def test_settings_certificate_and_authorities_change_without_a_lost_connection(self):
        old = self.connect()
        self.assertEqual(self.ask(old)["expires_in"], 1000)
        self.assertEqual(self.shown(old), self.pem(self.one))
        self.put(self.two[0], "tls.pem")
        self.put(self.two[1], "tls.key")
        self.put(self.two[0], "ca.pem")
        self.write(access_lifetime="500", hosts="further.example", access_log="off", metrics="off")
        said = self.hang_up()
        for word in ("access_lifetime", "hosts", "certificate", "authorities", "metrics"):
            self.assertIn(word, said)
        sock = old.sock
        self.assertEqual(self.ask(old)["expires_in"], 500)  # the same connection goes on, under the new rules
        self.assertIs(old.sock, sock)
        new = self.connect()
        self.assertEqual(self.shown(new), self.pem(self.two))
        self.assertEqual(self.ask(new)["expires_in"], 500)
        new.request("GET", "/oauth/jwks", headers={"Host": "further.example"})
        answer = new.getresponse()
        answer.read()
        self.assertEqual(answer.status, 200)
        new.request("GET", "/metrics")
        answer = new.getresponse()
        answer.read()
        self.assertEqual(answer.status, 404)
        self.assertTrue(self.s.events("settings.reloaded"))

    def test_authorities_of_client_certificates_change(self):
        """RFC 8705 2.1: a client of the second authority gets in once client_ca names it, and no longer when it does not."""
        asking = free_port()
        s = Server(args=["--config", self.conf, "--listen-mtls", "localhost:%d" % asking])
        client = s.client("Certified", "client_credentials", options=["--auth-method", "tls_client_auth", "--tls-client-auth-subject-dn", "CN=leaf"])
        for name in ("one", "two"):
            openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf-%s.key" % name,
                    "-out", "leaf.csr", "-subj", "/CN=leaf")
            openssl(self.folder, "x509", "-req", "-in", "leaf.csr", "-CA", name + ".pem", "-CAkey", name + ".key", "-CAcreateserial",
                    "-days", "10", "-out", "leaf-%s.pem" % name)
        self.s.stop()
        self.s = s.start()
        self.addCleanup(s.stop_for_good)
        contexts = {}
        for name in ("one", "two"):
            contexts[name] = ssl.create_default_context()
            contexts[name].check_hostname, contexts[name].verify_mode = False, ssl.CERT_NONE
            contexts[name].load_cert_chain(os.path.join(self.folder, "leaf-%s.pem" % name), os.path.join(self.folder, "leaf-%s.key" % name))

        def status(name, connection=None):
            connection = connection or http.client.HTTPSConnection("localhost", asking, context=contexts[name], timeout=10)
            connection.request("POST", "/oauth/token", "grant_type=client_credentials&client_id=" + client.id,
                               {"Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        open_before = http.client.HTTPSConnection("localhost", asking, context=contexts["one"], timeout=10)
        self.assertEqual((status("one", open_before), status("two")), (200, 401))
        self.put(self.two[0], "ca.pem")
        self.assertIn("authorities", self.hang_up())
        self.assertEqual((status("one", open_before), status("one"), status("two")), (401, 401, 200))

    def test_what_did_not_change_is_left_alone(self):
        self.assertIn("changed=nothing", self.hang_up())
        self.assertEqual(self.shown(), self.pem(self.one))

    def test_a_bad_file_is_named_and_the_old_one_stays(self):
        self.put(self.two[0], "tls.pem")  # without its key
        said = self.hang_up()
        self.assertIn("reload.refused", said)
        for word in ("tls_cert", "tls.pem", "do not belong together"):
            self.assertIn(word, said)
        self.assertEqual(self.shown(), self.pem(self.one))
        self.assertIn("tls.pem", self.s.events("settings.unfit")[0]["detail"])
        self.put(self.two[1], "tls.key")
        with open(os.path.join(self.folder, "ca.pem"), "w") as f:
            f.write("nothing")
        self.write(access_lifetime="0", no_such_setting="1")
        said = self.hang_up()  # each by itself: the certificate is taken, the others are not
        for word in ("client_ca", "ca.pem", "no_such_setting", "access_lifetime"):
            self.assertIn(word, said)
        self.assertEqual(self.shown(), self.pem(self.two))
        self.assertEqual(self.ask(self.connect())["expires_in"], 1000)
        os.remove(os.path.join(self.folder, "tls.key"))
        self.assertIn("tls_key", self.hang_up())
        self.assertEqual(self.shown(), self.pem(self.two))

    def test_what_is_read_at_start_alone_is_said(self):
        self.write(access_lifetime="700", worker_threads="3", issuer="https://other.example")
        said = self.hang_up()
        for name in ("worker_threads", "issuer"):
            self.assertRegex(said, r"reload\.late setting=%s why=\"takes effect after a restart\"" % name)
        self.assertEqual(self.ask(self.connect())["expires_in"], 700)
        self.assertEqual(json.loads(self.get("/.well-known/openid-configuration"))["issuer"], self.s.url)

    def get(self, path):
        connection = self.connect()
        connection.request("GET", path)
        return connection.getresponse().read()

    def test_many_in_a_row_under_load(self):
        connection = self.connect()
        for count in range(12):
            pair = (self.one, self.two)[count % 2]
            self.put(pair[0], "tls.pem")
            self.put(pair[1], "tls.key")
            self.write(access_lifetime=str(1000 + count))
            self.hang_up()
            self.assertEqual(self.ask(connection)["expires_in"], 1000 + count)
            self.assertEqual(self.shown(), self.pem(pair))

    def test_explain_says_when_each_is_taken(self):
        rows = {row["name"]: row["taken"] for row in self.s.cli("config", "explain")}
        self.assertEqual((rows["listen"], rows["issuer"], rows["tls_cert"], rows["access_lifetime"], rows["hosts"]),
                         ("at start", "at start", "on SIGHUP", "on SIGHUP", "on SIGHUP"))


@sqlite_only("the disk is the server's own")
class FullDisk(unittest.TestCase):
    """AV-03. A small file system of its own where that can be had; else a limit on the size of files stands for it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="jeton-disk-")
        self.mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", self.folder],
                                                            capture_output=True).returncode == 0
        self.s = Server(data=os.path.join(self.folder, "data"))
        self.service = self.s.client("Service", "client_credentials")
        self.alice = self.s.user("alice")
        self.house = self.s.client("House", "password")
        self.s.start()
        self.token = self.s.token(self.house, "password", username="alice", password=self.alice.password).json()
        self.s.stop()
        log = os.path.join(self.s.data, "jeton.db-wal")  # what stays must not be taken for the log of a backup that is put in this place
        self.assertEqual(os.path.getsize(log) if os.path.exists(log) else 0, 0)
        if self.mounted:
            with open(os.path.join(self.folder, "fill"), "wb", buffering=0) as f:
                try:
                    while f.write(bytes(4096)):
                        pass
                except OSError:
                    pass
        else:
            self.s.limits = ["prlimit", "--fsize=32768:"]  # the soft one

    def tearDown(self):
        self.s.stop_for_good()
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)
        shutil.rmtree(self.folder, True)

    def write(self):
        return self.s.token(self.house, "refresh_token", refresh_token=self.token["refresh_token"])

    def test_it_starts_does_what_needs_no_disk_and_heals(self):
        s = self.s
        s.start()
        self.assertEqual(s.token(self.service, "client_credentials").status_code, 200)
        self.assertTrue(s.active(self.service, self.token["access_token"]))
        self.assertEqual(s.api("GET", "/users/me", self.token["access_token"]).status_code, 200)
        self.assertEqual((s.get("/health/live").status_code, s.get("/login").status_code, s.get("/oauth/jwks").status_code), (200, 200, 200))
        answers = [self.write() for _ in range(3)] if self.mounted else []
        for answer in answers:
            self.assertEqual((answer.status_code, answer.json()["error"]), (503, "temporarily_unavailable"), answer.text)
        if self.mounted:
            self.assertEqual(s.get("/health/ready").status_code, 503)
            os.remove(os.path.join(self.folder, "fill"))
        else:
            most = resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (most, most))
        end = time.monotonic() + 10
        while s.get("/health/ready").status_code != 200 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.write().status_code, 200)
        self.assertEqual(s.stop(), 0)
        self.assertEqual(run_cli(s.data, "check")[0], 0)


if __name__ == "__main__":
    unittest.main()
