"""python-quickbooks: the objects of a query's answer. Prints records a second."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from quickbooks.objects.bill import Bill

body, records = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])


def read() -> int:
    return len([Bill.from_json(row) for row in json.loads(body)["QueryResponse"]["Bill"]])


read()
begun = time.perf_counter()
assert read() == records
print(records / (time.perf_counter() - begun))
