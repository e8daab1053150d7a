# SPDX-License-Identifier: MIT
"""door: what connections cost: new TLS connections beside Debian's nginx with the same certificate, idle ones by the thousand, and what a healthy client gets while others
are slow, silent, or take their requests back."""
import glob
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

IDLE, VISITORS, SPAN_MS, ROUNDS, SLOW = 10000, 8, 3000, 3, 2000
NGINX = """daemon off; master_process off; worker_processes 1; pid {out}/nginx.pid; error_log {out}/nginx.err;
events {{ worker_connections 1024; }}
http {{ access_log {out}/nginx.log; client_body_temp_path {out}/nginx-body; proxy_temp_path {out}/nginx-proxy; fastcgi_temp_path {out}/nginx-f; uwsgi_temp_path {out}/nginx-u; scgi_temp_path {out}/nginx-s;
  server {{ listen 127.0.0.1:{port} ssl; server_name localhost; ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    location / {{ default_type text/plain; return 200 "live\\n"; }} }} }}
"""


def nginx_binary(out):
    """Debian's package, unpacked and not installed: no service is started."""
    found = shutil.which("nginx") or os.path.join(out, "nginx", "usr", "sbin", "nginx")
    if not os.path.exists(found):
        subprocess.run(["apt-get", "download", "nginx"], cwd=out, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["dpkg", "-x", glob.glob(os.path.join(out, "nginx_*.deb"))[0], os.path.join(out, "nginx")], check=True)
    return found


class Door:
    def __init__(self, out, binary, call, pinned, cpu_seconds, running, jeton, free_port):
        self.out, self.binary, self.call, self.pinned, self.cpu, self.running, self.jeton, self.free_port = out, binary, call, pinned, cpu_seconds, running, jeton, free_port
        self.data = os.path.join(out, "door")

    def serve(self, *more):
        """A server of its own, one event thread; returns its process and port."""
        port = self.free_port()
        process = subprocess.Popen(self.pinned(0, self.jeton, "serve", "--data", self.data, "--listen", f"localhost:{port}", "--event-threads", "1", *more),
                                   stdout=subprocess.PIPE, stderr=open(os.path.join(self.out, "door.log"), "ab"))
        self.running.append(process)
        if b"ready" not in process.stdout.readline():
            raise SystemExit("bench: the server for the door did not start")
        return process, port

    def stop(self, process):
        self.running.remove(process)
        process.terminate()
        process.wait(30)

    def nginx(self):
        port = self.free_port()
        pair = {name: os.path.join(self.data, "tls", file) for name, file in (("cert", "server.pem"), ("key", "server.key"))}
        path = os.path.join(self.out, "nginx.conf")
        with open(path, "w") as f:
            f.write(NGINX.format(out=self.out, port=port, **pair))
        process = subprocess.Popen(self.pinned(0, nginx_binary(self.out), "-p", self.out, "-c", path))
        self.running.append(process)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return process, port
            time.sleep(0.05)
        raise SystemExit("bench: nginx did not start")

    def visit(self, process, port):
        """CPU seconds of the server for one connection, and what the load told."""
        before = self.cpu(process.pid)
        told = json.loads(self.call(*self.pinned(1, os.path.join(self.binary, "load_tls"), str(port), str(VISITORS), str(SPAN_MS), "/health/live")))
        return (self.cpu(process.pid) - before) / told["answered"], told

    def handshakes(self, table):
        ours, port = self.serve()
        theirs, their_port = self.nginx()
        costs = [(self.visit(ours, port)[0], self.visit(theirs, their_port)[0]) for _ in range(ROUNDS)]
        self.stop(theirs)
        self.stop(ours)
        table.most("TLS 1.3 connection, CPU (nginx: limit)", min(c[0] for c in costs) * 1e6, min(c[1] for c in costs) * 1e6, "µs", 1.15)

    def memory(self, process):
        with open(f"/proc/{process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1))

    def crowd(self, port, count, secure):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        held = []
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", port), timeout=30)
            held.append(context.wrap_socket(s) if secure else s)
        return held

    def ask(self, held, port):
        for s in held:
            s.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port)
        for s in held:
            while b"live" not in s.recv(4096):
                pass

    def idle(self, table):
        for secure, most in ((False, 4), (True, 40)):
            process, port = self.serve(*([] if secure else ["--tls", "off"]))
            warm = self.crowd(port, 200, secure)
            self.ask(warm, port)
            for s in warm:
                s.close()
            before = self.memory(process)
            held = self.crowd(port, IDLE, secure)
            table.most(f"idle {'TLS' if secure else 'plain'} connection, resident, {len(held):,} held", (self.memory(process) - before) / IDLE, most, "KiB")
            if secure:
                self.beside("10,000 idle ones", table, process, port, lambda: None)
            for s in held:
                s.close()
            self.stop(process)

    def beside(self, what, table, process, port, act):
        """p99 of a healthy client's requests on new connections while others do `act`."""
        act()
        told = self.visit(process, port)[1]
        table.most(f"healthy TLS client's p99 beside {what}", told["p99"] / 1000, 50, "ms")

    def slow(self, table):
        process, port = self.serve()
        held = self.crowd(port, SLOW, True)

        def drip():
            for s in held:
                s.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nX: ")
        self.beside(f"{SLOW:,} that do not end their heads", table, process, port, drip)
        for s in held:
            s.close()
        self.stop(process)

    def resets(self, table):
        """HTTP/2 streams taken back as fast as they are asked, on connection after connection."""
        process, port = self.serve()
        attack = subprocess.Popen(self.pinned(1, "/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "resets.py"), str(port), str(SPAN_MS + 1000)))
        time.sleep(0.5)
        self.beside("rapid resets", table, process, port, lambda: None)
        attack.wait(60)
        self.stop(process)

    def run(self, table):
        shutil.rmtree(self.data, ignore_errors=True)
        self.call(self.jeton, "client", "add", "--name", "Anybody", "--grant", "client_credentials", "--data", self.data)
        process, _ = self.serve()
        self.stop(process)  # the first makes the certificates
        self.handshakes(table)
        self.idle(table)
        self.slow(table)
        self.resets(table)
