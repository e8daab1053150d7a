# SPDX-License-Identifier: MIT
"""The guide's Python password sample as it stands: oauthlib drops the client id, requests sends no Content-Type."""
import os

import requests
from oauthlib.oauth2 import LegacyApplicationClient

client = LegacyApplicationClient(client_id=os.environ["CLIENT_ID"])
body = client.prepare_request_body(username=os.environ["USERNAME"], password=os.environ["PASSWORD"], client_id=os.environ["CLIENT_ID"],
                                   client_secret=os.environ["CLIENT_SECRET"])
assert "client_id=" not in body
answer = requests.post(os.environ["INSTANCE"] + "/oauth/token", data=body)
print("token", answer.json()["access_token"])
