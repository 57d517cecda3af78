"""singer-sdk: a target whose sink posts each record. Prints records a second."""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

import requests
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import RecordSink

from benchmarks.peers.posting import BODY, HEADERS

URL, RECORDS = sys.argv[1], int(sys.argv[2])


class Posting(RecordSink):
    session = requests.Session()

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        self.session.post(
            URL, data=json.dumps(record["body"], default=float).encode(), headers=HEADERS, timeout=30
        ).json()


class PostingTarget(Target):
    name = "target-posting"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = Posting


def messages() -> io.StringIO:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "body": {"type": "object"}}}
    lines = [json.dumps({"type": "SCHEMA", "stream": "bills", "schema": schema, "key_properties": ["id"]})]
    lines += [
        json.dumps({"type": "RECORD", "stream": "bills", "record": {"id": n, "body": BODY}}) for n in range(RECORDS)
    ]
    return io.StringIO("\n".join(lines) + "\n")


given = messages()
target = PostingTarget(config={})
begun = time.perf_counter()
target.listen(given)
print(RECORDS / (time.perf_counter() - begun))
