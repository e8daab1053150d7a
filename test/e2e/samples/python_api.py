# SPDX-License-Identifier: MIT
"""The guide's Python API call, with a personal access token or any other."""
import os

import requests

answer = requests.get(os.environ["INSTANCE"] + "/api/1.0/users/me", headers={"Authorization": "Bearer " + os.environ["TOKEN"]})
print("me", answer.json()["username"])
