"""Records delivered: the whole writer with memory adapters to a loopback sink, beside bare loops that post the same."""

from __future__ import annotations

import gc
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from benchmarks.measure import Line, compared, turns
from benchmarks.peers.posting import BODY, HEADERS
from chalicelib import registry, wiring
from chalicelib.aws.clock import SystemClock
from chalicelib.aws.http import RequestsHttp
from chalicelib.engine import ledger, notice
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.deliver import deliver
from chalicelib.engine.engine import Engine
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import Company, Json, RecordKey, Summary
from chalicelib.engine.setup import FlowSetup
from chalicelib.systems.procurify import bills
from simulator.memory.mail import MemoryMail
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.notices import MemoryNotices
from simulator.memory.queue import MemoryQueue
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".venv-bench" / "bin" / "python"
FLOW = "procurify_to_quickbooks_online"
VENDORS = 50
BATCH = 10  # as the queue hands them over
PATH = "/v3/company/1/bill?requestid=a&minorversion=75"


@contextmanager
def sink() -> Iterator[str]:
    """The URL of a fresh sink in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sink"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@contextmanager
def engine(url: str) -> Iterator[Engine]:
    """One customer, whose vendors are linked already; nothing waits for anybody's rate allowance."""
    http_ = RequestsHttp()
    clock = SystemClock()
    made = Engine(
        store=MemoryStore(),
        queue=MemoryQueue(clock=clock),
        vault=MemoryVault(clock=clock),
        http=http_,
        clock=clock,
        notices=MemoryNotices(),
        mail=MemoryMail(),
        metrics=MemoryMetrics(),
        load_system=wiring.load_system,
        load_flow=wiring.load_flow,
        systems=tuple(registry.SYSTEMS),
        flows=tuple(registry.FLOWS),
        endpoints={"quickbooks_online": {"api": url, "oauth": url}},
        rate_scales={"quickbooks_online": 1e9},
    )
    for name, system, settings, id_ in (
        ("buying", "procurify", {"domain": "acme"}, "acme"),
        ("books", "quickbooks_online", {"realm": "1"}, "1"),
    ):
        pinned = Company(id_, "Sink")
        connection = Connection("acme", name, system, "production", settings, pinned)
        made.vault.write(connection.secret_name, {"client_id": "a", "client_secret": "b", "refresh_token": "c"})
        made.store.write([setups.connection_put(connection, 0)])
    setup = FlowSetup("acme", FLOW, FLOW, "buying", "books", date(2026, 1, 1), state="live")
    made.store.write([setups.flow_put(setup)])
    for n in range(VENDORS):
        link: Json = {"target_id": str(100 + n), "made": "linked"}
        summary = ledger.summary_json(Summary(title=f"Vendor {n}"))
        key = RecordKey("acme", FLOW, "vendor", str(n))
        made.store.write([ledger.put(Head(key=key, state="done", connection="books", link=link, summary=summary))])
    try:
        yield made
    finally:
        http_._session.close()


def bill(n: int) -> Json:
    account = {"account_code": {"code": "5010", "description": "Concrete"}}
    place = {"department": {"name": "Operations", "branch": {"name": "Head Office"}}}
    share = {"amount": "60.00", "budget": {**account, **place}}
    return {
        "uuid": f"{n:032x}",
        "status": 2,
        "type": 0,
        "vendor": {"id": n % VENDORS, "name": f"Vendor {n % VENDORS}", "type": 3},
        "currency": {"name": "USD"},
        "invoice_number": f"N-{n}",
        "invoice_date": "2026-02-20",
        "due_date": "2026-03-20",
        "total_cost_with_tax": "60.00",
        "items": [{"description": "Rebar", "total_cost": "60.00", "cost_allocations": [share]}],
        "costs": [],
    }


def kept(made: Engine, begin: int, end: int) -> list[RecordKey]:
    """Bills as a poll would have kept and queued them."""
    flow = made.open("acme", FLOW)
    assert flow is not None
    keys = []
    for n in range(begin, end):
        key = RecordKey("acme", FLOW, "bill", f"{n:032x}")
        document = bills.document(key.source_id, bills.keep(bill(n)))
        notice.keep(flow, key, document, None, stamp="1", queue=True)
        keys.append(key)
    return keys


def ours(url: str, records: int) -> Callable[[], float]:
    """Records a second from the message to the outcome; noticing and keeping them is done before."""

    def side() -> float:
        with engine(url) as made:
            keys = kept(made, 0, records)
            begun = time.perf_counter()
            for place in range(0, records, BATCH):
                deliver(made, keys[place : place + BATCH])
            taken = time.perf_counter() - begun
            states = {head.state for head in ledger.heads(made.store, keys).values()}
        assert states == {"done"}, states
        return records / taken

    return side


def bare_requests(url: str, records: int) -> Callable[[], float]:
    def side() -> float:
        import requests

        data = json.dumps(BODY).encode()
        with requests.Session() as session:
            session.trust_env = False
            begun = time.perf_counter()
            for _ in range(records):
                session.post(url + PATH, data=data, headers=HEADERS, timeout=30).json()
            return records / (time.perf_counter() - begun)

    return side


def bare_http_client(url: str, records: int) -> Callable[[], float]:
    def side() -> float:
        data = json.dumps(BODY).encode()
        with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
            begun = time.perf_counter()
            for _ in range(records):
                connection.request("POST", PATH, body=data, headers=HEADERS)
                json.loads(connection.getresponse().read())
            return records / (time.perf_counter() - begun)

    return side


def peer(module: str, url: str, records: int) -> Callable[[], float]:
    """Another product's way of posting the same, in its own environment; it prints its records a second."""

    def side() -> float:
        done = subprocess.run(
            [str(PEERS), "-m", f"benchmarks.peers.{module}", url + PATH, str(records)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        return float(done.stdout.split()[-1])

    return side


def memory(url: str, few: int, many: int) -> tuple[float, float]:
    """MB that the process holds after so many records streamed through, and after so many more.

    The table is emptied of what was delivered, for it lies in this process only here.
    """
    held: list[float] = []
    with engine(url) as made:
        store, watched = made.store, [made.store, made.vault, made.queue, made.notices]
        assert isinstance(store, MemoryStore)
        clean = store.dump()
        for begin in range(0, many, BATCH):
            deliver(made, kept(made, begin, begin + BATCH))
            if begin % (BATCH * 20) == 0:
                store.load(clean)
                for port in watched:
                    port.log.clear()  # type: ignore[attr-defined]  # the twins keep one
                made.metrics.counted.clear()  # type: ignore[attr-defined]  # nobody takes it away here
            if begin in (few - BATCH, many - BATCH):
                held.append(_resident())
    return held[0], held[1]


def _resident() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(records: int, repeats: int) -> Iterator[Line]:
    with sink() as url:
        sides = {
            "ours": ours(url, records),
            "requests.Session loop": bare_requests(url, records),
            "http.client loop": bare_http_client(url, records),
        }
        if PEERS.exists():
            sides |= {"singer-sdk": peer("singer", url, records), "dlt": peer("dlt_posting", url, records)}
        found = turns(sides, repeats)
        for other in list(sides)[1:]:
            target = 0.6 if other == "requests.Session loop" else None
            yield compared(f"{records:,} records delivered", found, other, unit="records/s", target=target)
        few, many = memory(url, records, records * 10)
        yield Line(
            name=f"memory, {records:,} to {records * 10:,}",
            ours=many,
            other="the same after a tenth",
            others=few,
            ratio=many / few,
            low=many / few,
            high=many / few,
            unit="MB",
            target=1.05,
            at_most=True,
        )
