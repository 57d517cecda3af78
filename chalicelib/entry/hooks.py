"""The door for vendors' webhooks: whose signature is it, onto the queue, and 200. Nothing is read here.

One poisoned delivery must not hold up those behind it: what bears a good signature is always taken. What does not is
answered 401 without a word, and counted.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Mapping

from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.records import Json
from chalicelib.entry import callbacks, hook_job, verifiers
from chalicelib.entry.callback_care import at
from chalicelib.entry.calls import WebRequest, body_of
from chalicelib.entry.routes import Route

ROUTES = (
    Route(path="/hooks/{system}", methods=("POST",), name="hooks", content_types=[]),
    Route(path="/hooks/{system}/{token}/{noun}", methods=("POST",), name="own_hooks", content_types=[]),
)
MOST_BYTES = 180_000  # a message holds 256 KB, and the body takes a third more in it
MOST_FORM = 4_000  # of a handshake

log = logging.getLogger("mlc")


def answer(engine: Engine, request: WebRequest, params: Mapping[str, str]) -> dict[str, object]:
    """The framework's request in, the parts of its response out."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    own = (params["token"], params["noun"]) if "token" in params else None
    status = dispatch(engine, params["system"], headers, body_of(request), own=own)
    return {"status_code": status, "headers": {"Cache-Control": "no-store"}, "body": ""}


def dispatch(
    engine: Engine, system: str, headers: Mapping[str, str], body: bytes, *, own: tuple[str, str] | None = None
) -> int:
    """The status is all that is answered. `own`: token and noun of a customer's own address. Never raises."""
    try:
        if own is not None:
            return _taken_at(engine, system, *own, headers=headers, body=body)
        return _taken(engine, system, headers, body)
    except ConnectorError as trouble:
        log.warning("a webhook could not be taken: %s", trouble.message)
        return 503  # it comes again
    except Exception as fault:
        engine.metrics.count("Faults", door="webhooks")
        # Only where it happened: the exception's own text may quote what came.
        log.error("a webhook failed: %s\n%s", type(fault).__name__, "".join(traceback.format_tb(fault.__traceback__)))
        return 500


def _taken(engine: Engine, system: str, headers: Mapping[str, str], body: bytes) -> int:
    hooks = engine.load_system(system).hooks if system in engine.systems else None
    if hooks is None:
        return 404
    verifier = verifiers.signer(engine, system, hooks, headers, body)
    if verifier is None:
        return _refused(engine, system)
    engine.metrics.count("Hooks", system=system)
    return _queued(engine, {"system": system, "environment": verifier.environment, "client": verifier.client}, body)


def _taken_at(engine: Engine, system: str, token: str, noun: str, *, headers: Mapping[str, str], body: bytes) -> int:
    hooks = engine.load_system(system).own_hooks if system in engine.systems else None
    if hooks is None or noun not in hooks.events:
        return 404
    place = at(engine, system, token)
    handshake = hooks.handshake(body) if place and len(body) <= MOST_FORM else None
    if place and handshake:
        callbacks.offered(engine, place, noun, handshake)
        return 200
    connection = callbacks.signer(engine, place, noun, hooks=hooks, headers=headers, body=body) if place else None
    if connection is None:
        return _refused(engine, system)
    engine.metrics.count("Hooks", system=system)
    about = setups.about_key(connection.tenant, connection.name)
    note = engine.store.get([about]).get(about)
    client = str(note.body.get("client") or "") if note else ""
    of: Json = {"system": system, "environment": connection.environment, "client": client}
    return _queued(engine, {**of, "company": engine.identity(connection)}, body)


def _refused(engine: Engine, system: str) -> int:
    engine.metrics.count("ForgedHooks", system=system)
    log.warning("a webhook was refused", extra={"system": system, "status": 401})
    return 401


def _queued(engine: Engine, of: Json, body: bytes) -> int:
    system = str(of["system"])
    if len(body) > MOST_BYTES:
        hook_job.set_aside(engine, of, body, [f"it has more than {MOST_BYTES:,} bytes"])
        return 200
    correlation = f"hook:{engine.clock.token()[:16]}"
    job: Json = {"job": "hook", **of, "correlation": correlation, "body": base64.b64encode(body).decode()}
    engine.queue.send("jobs", [json.dumps(job)], group=f"hooks {system}")
    log.info("a webhook was taken", extra={"system": system, "correlation": correlation})
    return 200
