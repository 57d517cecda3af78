"""QuickBooks Online's JSON to typed records, beside bare json.loads and python-quickbooks."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.delivery import PEERS, ROOT
from benchmarks.measure import Line, compared, turns
from benchmarks.peers.posting import BODY
from chalicelib.engine.ports import HttpAnswer
from chalicelib.systems.quickbooks_online import answers, query, shapes

PLACE = Path(".bench-answer.json")


def answer(bills: int) -> bytes:
    """The answer to a query, as wide as a real one."""
    line = {"Id": "1", "LineNum": 1, **BODY["Line"][0]}
    meta = {"CreateTime": "2026-02-20T10:00:00-08:00", "LastUpdatedTime": "2026-02-21T10:00:00-08:00"}
    more = {"SyncToken": "3", "domain": "QBO", "sparse": False, "MetaData": meta, "Balance": 120.0, "TotalAmt": 120.0}
    rows = [{**BODY, **more, "Id": str(n), "Line": [line, {**line, "Id": "2", "LineNum": 2}]} for n in range(bills)]
    return json.dumps({"QueryResponse": {"Bill": rows, "startPosition": 1, "maxResults": bills}, "time": ""}).encode()


def _timed(act: Callable[[], int], records: int) -> Callable[[], float]:
    def side() -> float:
        begun = time.perf_counter()
        made = act()
        taken = time.perf_counter() - begun
        assert made == records
        return records / taken

    return side


def run(records: int, repeats: int) -> Iterator[Line]:
    body = answer(records)

    def ours() -> int:
        read = answers.reading(HttpAnswer(200, {}, body))
        assert read.body is not None
        response = read.body["QueryResponse"]
        assert isinstance(response, dict)
        return len([shapes.document_current("bill", row) for row in query.entries(response, "Bill")])

    def floor() -> int:
        return len(json.loads(body)["QueryResponse"]["Bill"])

    sides = {"ours": _timed(ours, records), "json.loads": _timed(floor, records)}
    if PEERS.exists():
        place = ROOT / PLACE
        place.write_bytes(body)
        sides["python-quickbooks"] = _peer(place, records)
    try:
        found = turns(sides, repeats)
    finally:
        (ROOT / PLACE).unlink(missing_ok=True)
    for other, target in (("json.loads", 0.4), ("python-quickbooks", 1.3)):
        if other in found:
            yield compared(f"{records:,} bills read from JSON", found, other, unit="records/s", target=target)


def _peer(place: Path, records: int) -> Callable[[], float]:
    def side() -> float:
        command = [str(PEERS), "-m", "benchmarks.peers.reading", str(place), str(records)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
        return float(done.stdout.split()[-1])

    return side
