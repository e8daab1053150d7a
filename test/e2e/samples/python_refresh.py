# SPDX-License-Identifier: MIT
"""The refresh page's Python sample: a dict, hence a form."""
import os

import requests

answer = requests.post(os.environ["INSTANCE"] + "/oauth/token", data={
    "grant_type": "refresh_token",
    "refresh_token": os.environ["REFRESH_TOKEN"],
    "client_id": os.environ["CLIENT_ID"],
    "client_secret": os.environ["CLIENT_SECRET"],
})
print("token", answer.json()["access_token"])
