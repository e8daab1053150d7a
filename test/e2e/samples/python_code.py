# SPDX-License-Identifier: MIT
"""The guide's Python code sample with its one-word mend (prepare_request_uri gives one string, not two)."""
import os

import requests
from oauthlib.oauth2 import WebApplicationClient

instance, redirect_uri = os.environ["INSTANCE"], os.environ["REDIRECT_URI"]
client = WebApplicationClient(client_id=os.environ["CLIENT_ID"])
auth_url = client.prepare_request_uri(instance + "/oauth/authorize", redirect_uri=redirect_uri, scope=os.environ.get("SCOPE") or None)
print("open", auth_url, flush=True)
code = input()
body = client.prepare_request_body(code=code, client_id=os.environ["CLIENT_ID"], client_secret=os.environ["CLIENT_SECRET"],
                                   redirect_uri=redirect_uri)
answer = requests.post(instance + "/oauth/token", data=body)
assert "Content-Type" not in answer.request.headers  # what makes this sample special
print("token", answer.json()["access_token"])
