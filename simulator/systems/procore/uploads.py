"""Uploads: only the first step, which hands out a name for the bytes to come."""

from __future__ import annotations

from uuid import UUID

from werkzeug.wrappers import Response

from simulator.systems.procore.calling import Call
from simulator.systems.serving import json_response


def create(call: Call) -> Response:
    uuid = str(UUID(int=call.company.number("uploads")))
    url = f"https://storage.procore.example.com/{uuid}"
    return json_response({"uuid": uuid, "url": url, "fields": {}, "segments": []}, status=201)
