# SPDX-License-Identifier: MIT
"""Runs a command beside one server: python3 with_server.py COMMAND…; the command finds JETON_WORLD, a JSON file with address and secrets."""
import json
import os
import subprocess
import sys

from harness import CALLBACK, ROOT, World, clean_environment


def main():
    w = World()
    s = w.server
    for i in range(12):
        s.user("person%02d" % i, "--full-name", "Person %d" % i)
    factors = {name: {"name": name, "password": s.user(name).password} for name in ("app-desk", "app-desk-dark", "app-phone", "app-phone-dark", "app-script", "app-noscript")}
    s.cli("resource", "add", "https://orders.example", "--name", "Orders")
    s.cli("details", "add", "payment", "--description", "Pay from your account", "--fields", "amount:Amount;creditor:To whom")
    fresh = s.client("A <b>bold</b> & \"quoted\" application with a rather long name", "authorization_code", redirect=CALLBACK, scope="read write",
                     options=["--authorization-details-types", "payment", "--policy-uri", "https://app.example/policy"])
    tv = s.client("Television", "device_code", scope="read", options=["--public"])
    bank = s.client("Bank", "ciba", scope="openid read")
    leaving = s.client("Leaving", "authorization_code", redirect="https://leaving.example/cb", scope="openid", options=["--post-logout-redirect-uri", CALLBACK])
    file = os.path.join(s.scratch, "world.json")
    with open(file, "w", encoding="utf-8") as f:
        json.dump({"url": s.url, "cert": os.path.join(s.data, "tls", "server.pem"), "key": os.path.join(s.data, "tls", "server.key"), "callback": CALLBACK, "screenshots": os.path.join(ROOT, "build", "screenshots"),
                   "alice": {"name": "alice", "password": w.alice.password, "id": w.alice.id}, "bob": {"name": "bob", "password": w.bob.password},
                   "admin": {"name": w.admin.name, "password": w.admin.password}, "web": {"id": w.web.id, "secret": w.web.secret}, "fresh": {"id": fresh.id},
                   "factors": factors, "tv": {"id": tv.id}, "bank": {"id": bank.id, "secret": bank.secret}, "leaving": {"id": leaving.id}}, f)
    done = subprocess.run(sys.argv[1:], env=clean_environment(JETON_WORLD=file), check=False)
    status = s.stop()
    if status != 0:
        print("the server ended with", status, s.log_text()[-2000:])
    sys.exit(done.returncode or status)


if __name__ == "__main__":
    main()
