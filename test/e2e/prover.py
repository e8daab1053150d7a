# SPDX-License-Identifier: MIT
"""A client's half of DPoP (RFC 9449 4.2) made by hand with python3-cryptography, so that each part of a proof can be made wrong."""
import base64
import hashlib
import hmac
import json
import secrets
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness import note


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size):
    return b64(value.to_bytes(size, "big"))


class Prover:
    """One key, and requests that carry its proofs; a nonce that the server asks for is used once and tried again."""

    def __init__(self, server):
        self.server = server
        self.key = ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}
        self.nonce = None

    @property
    def jkt(self):
        return b64(hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest())

    def sign(self, text):
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def proof(self, method, url, token=None, nonce="same", header=None, signature=None, sign=None, **claims):
        """A proof; header and claims replace members (None takes one away)."""
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}
        body = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            body["ath"] = b64(hashlib.sha256(token.encode()).digest())
        if (self.nonce if nonce == "same" else nonce) is not None:
            body["nonce"] = self.nonce if nonce == "same" else nonce
        head.update(header or {})
        body.update(claims)
        text = ".".join(b64(json.dumps({k: v for k, v in part.items() if v is not None}).encode()) for part in (head, body))
        return text + "." + (signature if signature is not None else (sign or self.sign)(text))

    def learn(self, answer):
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    def token(self, client, grant, auth="basic", proof=None, **fields):
        url = self.server.url + "/oauth/token"
        for _ in range(2):
            answer = self.learn(self.server.token(client, grant, auth=auth, headers={"DPoP": proof or self.proof("POST", url)}, **fields))
            if proof or answer.status_code != 400 or answer.json()["error"] != "use_dpop_nonce":
                break
        return answer

    def call(self, method, path, token, scheme="DPoP", proof=None, data=None, **more):
        url = self.server.url + path
        for _ in range(2):
            headers = {"Authorization": scheme + " " + token}
            if proof != "":
                headers["DPoP"] = proof or self.proof(method, url, token, **more)
            with self.server.http() as http:
                answer = self.learn(note(http.request(method, url, headers=headers, data=data, allow_redirects=False, timeout=20)))
            if proof is not None or answer.status_code != 401 or 'error="use_dpop_nonce"' not in answer.headers["WWW-Authenticate"]:
                break
        return answer


def rsa_prover(server):
    """The same with RS256."""
    prover = Prover(server)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_numbers()
    prover.jwk = {"kty": "RSA", "n": number(public.n, 256), "e": number(public.e, 3)}
    prover.sign = lambda text: b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
    prover.private = number(key.private_numbers().d, 256)
    return prover


def hmac_sign(secret):
    return lambda text: b64(hmac.new(secret, text.encode(), "sha256").digest())
