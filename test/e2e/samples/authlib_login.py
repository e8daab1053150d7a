# SPDX-License-Identifier: MIT
"""A foreign client in Python (Authlib): discovery, code flow with PKCE, ID token checked by Authlib's own JOSE, user info, refresh,
introspection, revocation, as its users write it."""
import os
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

issuer, callback = os.environ["INSTANCE"], os.environ["REDIRECT_URI"]
server = requests.get(issuer + "/.well-known/openid-configuration", timeout=20).json()
assert server["issuer"] == issuer
session = OAuth2Session(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope="openid email profile", redirect_uri=callback,
                        code_challenge_method="S256")
verifier, nonce = "v" * 64, "n-0S6_WzA2Mj"
url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
print("open", url, flush=True)
landed = sys.stdin.readline().strip()
tokens = session.fetch_token(server["token_endpoint"], authorization_response=landed, code_verifier=verifier)
keys = JsonWebKey.import_key_set(requests.get(server["jwks_uri"], timeout=20).json())
claims = jwt.decode(tokens["id_token"], keys, claims_cls=CodeIDToken,
                    claims_options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": os.environ["CLIENT_ID"]}},
                    claims_params={"nonce": nonce, "client_id": os.environ["CLIENT_ID"], "access_token": tokens["access_token"]})
claims.validate()
person = session.get(server["userinfo_endpoint"], timeout=20).json()
assert person["sub"] == claims["sub"] and person["email"] == os.environ["EMAIL"], person
again = session.refresh_token(server["token_endpoint"], tokens["refresh_token"])
told = session.introspect_token(server["introspection_endpoint"], token=again["access_token"]).json()
assert told["active"] and told["sub"] == claims["sub"], told
assert session.revoke_token(server["revocation_endpoint"], token=again["refresh_token"]).status_code == 200
assert session.introspect_token(server["introspection_endpoint"], token=again["access_token"]).json() == {"active": False}
print("done", claims["sub"], flush=True)
