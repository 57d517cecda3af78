"""What comes of a webhook: each event goes, by the company that it names, to the flows that read from that company.

Events are hints. Nothing of them is believed but where to look, so that a forged, repeated, late or lost one costs a
read at most, and the poll alone finds everything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.engine import hold, ledger, notices, outbox
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.hints import Hint
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json, RecordKey
from chalicelib.entry import verifiers
from chalicelib.entry.keys import PLATFORM

SEEN_FOR = timedelta(days=3)  # an event older than this is no news: many polls have passed since
SET_ASIDE_FOR = timedelta(days=30)
LONGEST_KEPT = 4000  # characters of a delivery that could not be read
TOGETHER = 200  # hints in one message
WRITES = 50


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "hook", "system", "environment", "client", "body"}: split by company, so that none hides another.

    What could not be read is set aside, and the rest goes on. With "company", events of any other are nobody's.
    """
    system = engine.load_system(str(job["system"]))
    hooks = system.hooks or system.own_hooks
    assert hooks is not None, "only what a system with webhooks signed is queued"
    body = base64.b64decode(str(job["body"]))
    told = hooks.read(body)
    if told.odd:
        set_aside(engine, job, body, told.odd)
    companies: dict[str, list[Hint]] = defaultdict(list)
    for hint in told.hints:
        if hint.company == job.get("company", hint.company):
            companies[hint.company].append(hint)
        else:
            engine.metrics.count("HooksOfNobody", system=system.name)
    of: Json = {name: job[name] for name in ("system", "environment", "client", "correlation") if name in job}
    for company, hints in companies.items():
        for begin in range(0, len(hints), TOGETHER):
            sent = [_told(hint) for hint in hints[begin : begin + TOGETHER]]
            message: Json = {"job": "hints", **of, "company": company, "hints": sent}
            engine.queue.send("jobs", [json.dumps(message)], group=f"hooks {company}")


def of_company(engine: Engine, job: Json) -> None:
    """The job {"job": "hints", "system", "environment", "client", "company", "hints"}: ask for what they point to."""
    listed = job["hints"]
    assert isinstance(listed, list)
    hints = _news(engine, str(job["system"]), [_hint(str(job["company"]), one) for one in listed])
    connection = _connection(engine, job) if hints else None
    if connection is None:
        if hints:
            engine.metrics.count("HooksOfNobody", system=str(job["system"]))
        return
    for setup in setups.flows(engine.store, connection.tenant).values():
        for side in engine.load_flow(setup.flow).sides if connection.name in (setup.source, setup.target) else ():
            flow = engine.open(connection.tenant, setup.name, move=side.moves[0].name)
            if flow is not None and flow.source.name == connection.name:
                flow.correlation = str(job.get("correlation") or "")
                hold.notice_jobs(flow, set(_wanted(flow, hints)), hint=True)
    _note_seen(engine, str(job["system"]), hints)


def set_aside(engine: Engine, of: Json, body: bytes, odd: Sequence[str]) -> None:
    """Keep a delivery that could not be read, once however often it comes; each kind of oddness is told once."""
    now, system = engine.clock.now(), str(of["system"])
    kept: Json = {
        "at": now.isoformat(),
        "why": list(odd),
        "environment": of["environment"],
        "client": of["client"],
        "text": body[: LONGEST_KEPT * 4].decode("utf-8", "replace")[:LONGEST_KEPT],
    }
    sk = f"ODD#{hashlib.sha256(body).hexdigest()}"
    until = int((now + SET_ASIDE_FOR).timestamp())
    with suppress(Conflict):  # it came before; whether that was told is seen below
        engine.store.write([Put(Item(pk=verifiers.pk(system), sk=sk, body=kept, expires_at=until))])
        engine.metrics.count("OddHooks", system=system)
    for why in odd:
        _tell_once(engine, system, why, until)


# ---------------------------------------------------------------------------------------------- inside


def _tell_once(engine: Engine, system: str, why: str, until: int) -> None:
    title = engine.load_system(system).title
    text = (
        f"{title} sent a webhook that cannot be read: {why}. It is kept, and nothing is lost: the next runs read what "
        "changed.\n\nWhat to do: look at it with `mlc webhooks list`. If the vendor changed what it sends, the service "
        "has to be adapted."
    )
    told = Item(pk=verifiers.pk(system), sk=f"TOLD#{why[:200]}", expires_at=until)
    rows = notices.rows(engine, PLATFORM, f"{title} sends webhooks that cannot be read", text, webhook=False)
    with suppress(Conflict):  # told already
        engine.store.write([Put(told), *rows])
        outbox.send(engine, rows)


def _connection(engine: Engine, job: Json) -> Connection | None:
    """The one connection to that company, if it is of the app that the delivery was signed for."""
    system, company = str(job["system"]), str(job["company"])
    claimed = setups.identity_key(system, str(job["environment"]), company)
    claim = engine.store.get([claimed]).get(claimed)
    if claim is None:
        return None
    tenant, name = str(claim.body["tenant"]), str(claim.body["connection"])
    at, about = (setups.pk(tenant), f"CONNECTION#{name}"), setups.about_key(tenant, name)
    found = engine.store.get([at, about])
    if at not in found:
        return None
    client = str(found[about].body.get("client") or "") if about in found else ""
    return setups.read_connection(tenant, found[at]) if client in ("", job["client"]) else None


def _wanted(flow: OpenFlow, hints: Sequence[Hint]) -> Iterator[tuple[str, str]]:
    """(move, source id) of what this flow moves; what is gone is news only where it was known."""
    moves = {move.source: move.name for move in flow.flow.wanted(flow.policies)}
    places = [(moves.get(f"{flow.source.system}.{hint.kind}"), hint) for hint in hints]
    keys = {
        hint: RecordKey(flow.setup.tenant, flow.setup.name, move, hint.id) for move, hint in places if move is not None
    }
    known = ledger.heads(flow.engine.store, [key for hint, key in keys.items() if hint.is_gone])
    for hint, key in keys.items():
        if not hint.is_gone or key in known:
            yield key.move, key.source_id


def _news(engine: Engine, system: str, hints: Sequence[Hint]) -> list[Hint]:
    oldest = engine.clock.now() - SEEN_FOR
    young = [hint for hint in hints if hint.at is None or hint.at > oldest]
    seen = engine.store.get([_seen_key(system, hint) for hint in young if hint.event])
    return [hint for hint in young if _seen_key(system, hint) not in seen]


def _note_seen(engine: Engine, system: str, hints: Sequence[Hint]) -> None:
    """After the asking: a crash in between asks twice, and never not at all."""
    until = int((engine.clock.now() + SEEN_FOR).timestamp())
    keys = list(dict.fromkeys(_seen_key(system, hint) for hint in hints if hint.event))
    for begin in range(0, len(keys), WRITES):
        some = keys[begin : begin + WRITES]
        engine.store.write([Put(Item(pk=pk, sk=sk, expires_at=until), guarded=False) for pk, sk in some])


def _seen_key(system: str, hint: Hint) -> tuple[str, str]:
    return f"W#{system}#{hint.company}#{hint.event}", "SEEN"


def _told(hint: Hint) -> Json:
    at = hint.at.isoformat() if hint.at else ""
    return {"kind": hint.kind, "id": hint.id, "event": hint.event, "at": at, "is_gone": hint.is_gone}


def _hint(company: str, told: Json) -> Hint:
    at = str(told["at"])
    return Hint(
        company=company,
        kind=str(told["kind"]),
        id=str(told["id"]),
        event=str(told["event"]),
        at=datetime.fromisoformat(at) if at else None,
        is_gone=bool(told["is_gone"]),
    )
