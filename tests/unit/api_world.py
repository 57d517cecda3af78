"""The API in memory: two small systems of no vendor, one flow, and calls that go through the door."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine import ledger
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import LockedOut
from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.hints import Hooks, Told
from chalicelib.engine.ledger import Head
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Source, Target
from chalicelib.engine.records import (
    BookedPage,
    Company,
    Current,
    Done,
    Draft,
    Intent,
    Json,
    Money,
    Page,
    RecordKey,
    Reference,
    Row,
    Sighting,
    SourceDocument,
    Summary,
)
from chalicelib.engine.rules import Ruled
from chalicelib.engine.system import System
from chalicelib.entry import api, dead, keys, notice_test, ping, reconcile, resolve, routes
from chalicelib.entry.routes import PREFIX
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.mail import MemoryMail
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.notices import MemoryNotices
from simulator.memory.queue import MemoryQueue
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

FLOW = "paper_to_ledger"
MOST_MESSAGES = 1000


class PaperSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=63)]


class LedgerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    realm: Annotated[str, Field(pattern=r"^[0-9]+$")]


@dataclass(slots=True)
class Outside:
    """What stands behind the connections: companies by domain or realm, and records of the target by id."""

    companies: dict[str, Company] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)

    def door(self, line: Line) -> Door:
        return Door(self, line)


@dataclass(frozen=True, slots=True)
class Door:
    outside: Outside
    line: Line

    def company(self) -> Company:
        if self.line.credentials()["client_secret"] == "wrong":
            raise LockedOut("The client secret is not accepted.", fix="Enter the right one.")
        return self.outside.companies[self.line.identity]


@dataclass(slots=True)
class Ledger:
    """Implements `Target`, as far as the API needs one."""

    outside: Outside
    most_per_call: int = 10
    room = None

    def references(self, kind: str) -> Sequence[Reference]:
        return []

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        return [Sighting() for _ in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        label = self.outside.records.get(target_id)
        return Current(id=target_id, version="1", body={}, raw={}, label=label) if label else None

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        return BookedPage(rows=[])

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done]:
        return []


@dataclass(frozen=True, slots=True)
class Paper:
    """Implements `Source`: nothing ever changes there; it has one bill."""

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        return Page(rows=[], watermark="1")

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        return None

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        said = Summary(title="=Bill 1", day=date(2026, 10, 5), money=Money(Decimal("60.00"), "USD"))
        document = SourceDocument(id="1", body={}, fingerprint="f", summary=said)
        return Page(rows=[Row("1", "s", document=document)] if kind == "bill" else [])

    def parse(self, kind: str, body: Json) -> object:
        return body


def _draft(document: object, link: object) -> Draft:
    return Draft(kind="bill", body={}, summary=Summary(title="a bill"))


COST_CODES = Ruled(
    "cost_code",
    facts=("account", "item", "customer", "vendor", "description"),
    answer=("cost_code", "cost_type"),
    optional=("sub_job",),
    scope="project",
)
THE_FLOW = Flow(
    Move("paper.vendor", "ledger.vendor", make=_draft, many_to_one=True, dated=False),
    Move("paper.bill", "ledger.bill", make=_draft, references=["account"], rules=[COST_CODES]),
    title="Paper to ledger",
    policies=[
        Policy("unmatched_vendor", "hold", ("hold", "create"), "A vendor that the ledger does not have."),
        Policy("ap_account", "", (), "The account of bills."),
    ],
)


def _systems(outside: Outside) -> dict[str, System]:
    def source(line: Line) -> Source:
        return Paper()

    def target(line: Line) -> Target:
        return Ledger(outside)

    budget = Budget(per_second=100)
    both = {"client_id": "Where the id is.", "client_secret": "Where the secret is."}
    paper = System(
        name="paper",
        title="Paper",
        settings=PaperSettings,
        credentials=both,
        identity=lambda settings: settings["domain"],
        budget=budget,
        door=outside.door,
        source=source,
    )
    books = System(
        name="ledger",
        title="Ledger",
        settings=LedgerSettings,
        credentials={**both, "refresh_token": "Where the token is."},
        identity=lambda settings: settings["realm"],
        budget=budget,
        door=outside.door,
        target=target,
        hooks=Hooks(is_theirs=lambda headers, body, verifier: False, read=lambda body: Told()),
    )
    return {"paper": paper, "ledger": books}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]


class ApiWorld:
    """Two tenants, acme and rival, each with an admin key in `keys`."""

    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.store = MemoryStore()
        self.queue = MemoryQueue(clock=self.clock)
        self.vault = MemoryVault(clock=self.clock)
        self.outside = Outside(
            companies={
                "acme": Company("p-1", "Acme Inc"),
                "9130": Company("9130", "Acme Books"),
                "rival": Company("p-2", "Rival Ltd"),
                "77": Company("77", "Rival Books"),
            }
        )
        systems = _systems(self.outside)
        self.engine = Engine(
            store=self.store,
            queue=self.queue,
            vault=self.vault,
            http=MemoryHttp({}),
            clock=self.clock,
            notices=MemoryNotices(),
            mail=MemoryMail(),
            metrics=MemoryMetrics(),
            load_system=systems.__getitem__,
            load_flow={FLOW: THE_FLOW}.__getitem__,
            systems=tuple(systems),
            flows=(FLOW,),
        )
        self.platform = keys.make_key(self.store, self.clock, keys.PLATFORM, "platform", "us")
        self.keys = {
            tenant: self.call("POST", "/tenants", {"name": tenant}, key=self.platform).body["admin_key"]
            for tenant in ("acme", "rival")
        }

    # ------------------------------------------------------------------ calling

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        template, params = routed(PREFIX + path)
        authorization = {"Authorization": f"Bearer {key if key is not None else self.keys['acme']}"}
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        status, answered, text = api.dispatch(
            self.engine, method, template, params, headers=headers or authorization, query=query or {}, body=sent
        )
        return Answer(status, answered, json.loads(text))

    def key(self, role: keys.Role, tenant: str = "acme") -> str:
        return keys.make_key(self.store, self.clock, tenant, role, f"a {role}")

    # ------------------------------------------------------------------ setting up

    def set_up(self, tenant: str = "acme", **changes: object) -> Answer:
        """Both connections and the flow; jobs done, so that the companies are pinned."""
        answer = self.call("POST", "/apply", {"config": config(tenant, **changes)}, key=self.keys[tenant])
        assert answer.status == 200, answer.body
        self.work()
        return answer

    def record(self, source_id: str, *, tenant: str = "acme", move: str = "bill", **fields: Any) -> Head:
        """A record as the engine would have left it."""
        day, amount, title = (fields.pop(name, None) for name in ("day", "amount", "title"))
        summary = Summary(
            title=title or f"{move} {source_id}",
            number=source_id,
            day=date.fromisoformat(day) if day else None,
            money=Money(Decimal(amount), "USD") if amount else None,
        )
        key = RecordKey(tenant, FLOW, move, source_id)
        now = self.clock.now().isoformat()
        head = Head(key=key, connection="books", summary=ledger.summary_json(summary), noticed_at=now, updated_at=now)
        head = replace(head, **fields)
        self.store.write([ledger.put(head), ledger.list_op(key, head.summary)])
        return ledger.after(head)

    def held(self, source_id: str, reason: str = "mapping_missing", cause: str = "account 7010", **fields: Any) -> Head:
        hold: Json = {
            "reason": reason,
            "cause": cause,
            "message": f"There is no {cause}.",
            "fix": "Map it.",
            "owner": "bookkeeper",
            "waits_for": fields.pop("waits_for", ["mapping:account:7010"]),
            "since": self.clock.now().isoformat(),
            "setup": 1,
        }
        return self.record(source_id, state="held", hold=hold, **fields)

    def head(self, source_id: str, move: str = "bill", tenant: str = "acme") -> Head:
        key = RecordKey(tenant, FLOW, move, source_id)
        return ledger.heads(self.store, [key])[key]

    def flow(self, tenant: str = "acme") -> setups.FlowSetup:
        return setups.flows(self.store, tenant)[FLOW]

    # ------------------------------------------------------------------ the queue's side

    def messages(self, queue: str = "jobs") -> Iterator[dict[str, Any]]:
        for _ in range(MOST_MESSAGES):
            received = self.queue.receive(queue, 1)
            if not received:
                return
            self.queue.acknowledge(queue, [received[0].receipt])
            yield json.loads(received[0].body)

    def work(self) -> list[dict[str, Any]]:
        """Do the jobs that are the API's own; returns the others."""
        rest = []
        for job in self.messages():
            if job["job"] == "ping":
                ping.run(self.engine, job)
            elif job["job"] == "resolve":
                resolve.run(self.engine, job)
            elif job["job"] == "notice_test":
                notice_test.run(self.engine, job)
            elif job["job"] == "dead":
                dead.run(self.engine, job)
            elif job["job"] == "reconcile":
                reconcile.run(self.engine, job)
            else:
                rest.append(job)
        return rest


def config(tenant: str = "acme", **changes: object) -> dict[str, Any]:
    """A complete configuration; `changes` go into the flow."""
    domain, realm = {"acme": ("acme", "9130"), "rival": ("rival", "77")}[tenant]
    secret = {"client_id": f"{tenant}-id", "client_secret": f"{tenant}-secret"}
    return {
        "connections": {
            "purchasing": {
                "system": "paper",
                "environment": "production",
                "domain": domain,
                "credentials": secret,
            },
            "books": {
                "system": "ledger",
                "environment": "production",
                "realm": realm,
                "credentials": {**secret, "refresh_token": f"{tenant}-token"},
            },
        },
        "flows": {FLOW: {"from": "purchasing", "to": "books", "cut_over": "2026-01-01", **changes}},
    }


def routed(path: str) -> tuple[str, dict[str, str]]:
    """The route of a path and its parameters, still encoded, as Chalice's local server finds them."""
    parts = path.split("/")
    for route in sorted(routes.ROUTES, key=lambda route: route.path):
        names = route.path.split("/")
        if len(names) == len(parts) and all(n in (p, f"{{{n[1:-1]}}}") for n, p in zip(names, parts, strict=True)):
            return route.path, {n[1:-1]: p for n, p in zip(names, parts, strict=True) if n.startswith("{")}
    return path, {}


def restart_jobs(jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(job["flow"]) for job in jobs if job["job"] == "restart"]
