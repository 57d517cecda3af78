"""A whole life in memory: engine, queues, clock and the simulated systems in one process, seconds passing as wanted.

`World` is what Lambda, SQS and the scheduler are on AWS: it hands messages to the doors of `chalicelib/entry`, fires
the tick, and starts a fresh container where one died. A test breaks it through the hooks of the memory ports.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from chalicelib import registry, wiring
from chalicelib.engine import ledger, runs
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Company, Json, RecordKey
from chalicelib.engine.setup import FlowSetup, FlowState
from chalicelib.entry import jobs
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.mail import MemoryMail
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.notices import MemoryNotices
from simulator.memory.queue import MemoryQueue
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault
from simulator.systems.serving import Simulator

MOST_STEPS = 20_000
VISIBILITY = 720.0


class Died(BaseException):
    """The process was killed here: nothing below may catch it."""


class World:
    """`systems` are the simulators by host ("https://acme.procurify.com"); all share the world's clock."""

    def __init__(self, *, clock: MemoryClock, systems: Mapping[str, Simulator], seed: int = 0) -> None:
        self.clock = clock
        self.systems = systems
        self.store = MemoryStore()
        self.queue = MemoryQueue(seed=seed, clock=clock, visibility=VISIBILITY)
        self.vault = MemoryVault(clock=clock)
        self.http = MemoryHttp(dict(systems))
        self.notices = MemoryNotices()
        self.mail = MemoryMail()
        self.metrics = MemoryMetrics()
        self.deaths = 0
        self.engine = self._container()

    def _container(self) -> Engine:
        return Engine(
            store=self.store,
            queue=self.queue,
            vault=self.vault,
            http=self.http,
            clock=self.clock,
            notices=self.notices,
            mail=self.mail,
            metrics=self.metrics,
            load_system=wiring.load_system,
            load_flow=wiring.load_flow,
            systems=tuple(registry.SYSTEMS),
            flows=tuple(registry.FLOWS),
            local_url="http://127.0.0.1:8321",
        )

    # ------------------------------------------------------------------ setting up

    def connect(
        self,
        tenant: str,
        name: str,
        system: str,
        settings: Mapping[str, str],
        credentials: Mapping[str, str],
        pinned: Company | None = None,
    ) -> None:
        connection = Connection(
            tenant=tenant, name=name, system=system, environment="production", settings=settings, pinned=pinned
        )
        self.vault.write(connection.secret_name, credentials)
        known = setups.connections(self.store, tenant).get(name)
        self.store.write([setups.connection_put(connection, known[1] if known else 0)])
        claimed = setups.identity_key(system, connection.environment, self.engine.identity(connection))
        claim: Json = {"tenant": tenant, "connection": name}
        self.store.write([Put(Item(*claimed, body=claim), guarded=False)])

    def add_flow(
        self,
        tenant: str,
        flow: str,
        *,
        source: str,
        target: str,
        cut_over: date,
        policies: Mapping[str, str] | None = None,
        mappings: Mapping[str, Mapping[str, str]] | None = None,
        state: FlowState = "live",
        every_minutes: int = 15,
    ) -> FlowSetup:
        setup = FlowSetup(
            tenant=tenant,
            name=flow,
            flow=flow,
            source=source,
            target=target,
            cut_over=cut_over,
            policies=policies or {},
            mappings=mappings or {},
            state=state,
            every_minutes=every_minutes,
        )
        self.store.write([setups.flow_put(setup)])
        return setup

    def open(self, tenant: str, flow: str) -> OpenFlow:
        opened = self.engine.open(tenant, flow)
        assert opened is not None
        return opened

    # ------------------------------------------------------------------ letting it run

    def cycle(self, tenant: str, flow: str, *, full: bool = False) -> None:
        """The next scheduled poll of the flow and everything that follows from it, deaths included."""
        self.clock.advance(15 * 60)
        while not self._survives(lambda: runs.start(self.engine, self.open(tenant, flow), full=full)):
            continue
        self.until_quiet()

    def until_quiet(self, *, patience: timedelta = timedelta(hours=6)) -> None:
        """Messages, ticks and minutes, until no record is due any more or the patience is used up.

        What lies in an outbox is not hurried: others call for it.
        """
        end = self.clock.now() + patience
        for _ in range(MOST_STEPS):
            while self._survives(self.handle_one) and self._handled:
                continue
            if self._in_hand():
                continue
            due = [head for head in self.due() if head.due is not None and head.due[0] != ledger.OUTBOX]
            if not due or self.clock.now() >= end:
                return
            self.clock.advance(60)
            self._survives(lambda: jobs.tick(self.engine))
        raise AssertionError(f"still busy after {MOST_STEPS} steps: {self.due()}")

    def handle_one(self) -> None:
        """Receive one batch from any queue and hand it to its door, as Lambda does."""
        self._handled = False
        for queue in ("poll", "jobs", *(f"writer-{system}" for system in registry.TARGETS)):
            most = 10 if queue.startswith("writer-") else 1
            received = self.queue.receive(queue, most)
            if not received:
                continue
            self._handled = True
            batch = [jobs.Message(body=message.body, receipt=message.receipt) for message in received]
            door = {"poll": jobs.poll_steps, "jobs": jobs.jobs}.get(queue, jobs.write)
            try:
                door(self.engine, queue, batch)
            except jobs.OurFault:
                logging.getLogger("mlc").info("messages of %s come back", queue)
                return
            self.queue.acknowledge(queue, [message.receipt for message in batch])
            return

    _handled = False

    def _survives(self, act: Any) -> bool:
        """Run it; where the process dies, start a fresh container and let its messages come back."""
        try:
            act()
        except Died:
            self.died()
            return False
        return True

    def died(self) -> None:
        """A fresh container, and its messages come back."""
        self.deaths += 1
        self.engine = self._container()
        self.queue.expire()

    def _in_hand(self) -> bool:
        return any(self.queue.counts(queue).waiting for queue in self.queue.queues())

    # ------------------------------------------------------------------ looking

    def heads(self, tenant: str, flow: str, move: str) -> list[Head]:
        keys = list(ledger.list_keys(self.store, tenant, flow, move))
        return list(ledger.heads(self.store, keys).values())

    def head(self, tenant: str, flow: str, move: str, source_id: str) -> Head:
        key = RecordKey(tenant, flow, move, source_id)
        return ledger.heads(self.store, [key])[key]

    def due(self) -> list[Head]:
        """Every record that has neither an outcome nor a hold, looked up without the indexes."""
        return [Head.read(item) for item in self.store.all_items(due=True) if item.sk == ledger.HEAD]

    def stored_texts(self) -> list[str]:
        """All that the table holds in the open, whether compressed or not; what is sealed stays sealed."""
        items = self.store.all_items()
        packed = [gzip.decompress(item.blob).decode() for item in items if item.blob and item.blob[:2] == b"\x1f\x8b"]
        return [*packed, *(f"{item.body} {item.sk}" for item in items)]
