# SPDX-License-Identifier: MIT
"""A service's check of a token with python-jose or PyJWT, as their documents show it: verify_jose.py LIBRARY JWKS_URI AUDIENCE ISSUER ALG < token"""
import json
import os
import ssl
import sys
import urllib.request

library, jwks_uri, audience, issuer, alg = sys.argv[1:]
token = sys.stdin.read().strip()
context = ssl.create_default_context(cafile=os.environ["CA"])
if library == "python-jose":
    from jose import jwt
    with urllib.request.urlopen(jwks_uri, context=context, timeout=20) as answer:
        keys = json.load(answer)  # the whole set: it looks for the key by itself
    claims = jwt.decode(token, keys, algorithms=[alg], audience=audience, issuer=issuer, options={"verify_at_hash": False})
else:
    import jwt
    key = jwt.PyJWKClient(jwks_uri, ssl_context=context).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=[alg], audience=audience, issuer=issuer)
print(json.dumps(claims))
