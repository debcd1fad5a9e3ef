"""Uploads files in one request the way atlassian/bitbucket-upload-file does: requests with `files=`."""

import os
import sys

import requests
import yaml  # noqa: F401, loaded by every pipe of that toolkit

url, *paths = sys.argv[1:]
response = requests.post(
    url,
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},
    files=[("files", open(path, "rb")) for path in paths],
)
response.raise_for_status()
