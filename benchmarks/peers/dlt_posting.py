"""dlt: a destination function that posts each record. Prints records a second."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import requests

from benchmarks.peers.posting import BODY, HEADERS

URL, RECORDS = sys.argv[1], int(sys.argv[2])
session = requests.Session()


@dlt.destination(
    batch_size=1, name="posting", loader_parallelism_strategy="sequential", skip_dlt_columns_and_tables=True
)
def posting(items: Any, table: Any) -> None:
    for item in items if isinstance(items, list) else [items]:
        session.post(URL, data=json.dumps(json.loads(item["body"])).encode(), headers=HEADERS, timeout=30).json()


with tempfile.TemporaryDirectory() as folder:
    pipeline = dlt.pipeline("posting", destination=posting, pipelines_dir=folder)
    rows = [{"id": n, "body": json.dumps(BODY)} for n in range(RECORDS)]
    begun = time.perf_counter()
    pipeline.run(rows, table_name="bills", loader_file_format="typed-jsonl")
    print(RECORDS / (time.perf_counter() - begun))
