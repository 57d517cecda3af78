"""The secrets by which vendors sign the webhooks of our apps: entered once by the operator, and never shown again.

They lie sealed in the table, because the function that faces the outside may unseal these and reads no other secret.
While one is changed the one before still counts, so that no delivery is turned down in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine.engine import Engine
from chalicelib.engine.hints import Hooks, Verifier
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.entry.problem import conflict

LIVES_ON = timedelta(days=1)
REMEMBERED = timedelta(minutes=1)
TRIES = 5
APP, BEFORE = "APP#", "BEFORE#"


def pk(system: str) -> str:
    return f"W#{system}"


def enter(engine: Engine, system: str, verifier: Verifier) -> None:
    """Take this one from now on; entering the same again changes nothing. Raises Problem when somebody else does."""
    name = f"{verifier.environment}#{verifier.client}"
    for _ in range(TRIES):
        now = engine.clock.now()
        keys = [(pk(system), f"{APP}{name}"), (pk(system), f"{BEFORE}{name}")]
        found = engine.store.get(keys)
        current, before = (found.get(key) or Item(*key) for key in keys)
        if current.blob is not None and _opened(engine, system, current).text == verifier.text:
            return
        body: Json = {"environment": verifier.environment, "client": verifier.client, "at": now.isoformat()}
        sealed = engine.vault.seal(verifier.text.encode(), context=_context(system, verifier.environment))
        writes = [Put(replace(current, body=body, blob=sealed))]
        if current.blob is not None:
            until = now + LIVES_ON
            old: Json = {**current.body, "until": until.isoformat()}
            writes.append(Put(replace(before, body=old, blob=current.blob, expires_at=int(until.timestamp()))))
        try:
            engine.store.write(writes)
        except Conflict:
            continue
        engine.verifiers.pop(system, None)
        return
    raise conflict("Somebody else is changing the verifier of this app right now. Try again.")


def signer(engine: Engine, system: str, hooks: Hooks, headers: Mapping[str, str], body: bytes) -> Verifier | None:
    """Whose signature it bears; None for nobody's that we know."""
    fitting = [one for one in _known(engine, system) if hooks.is_theirs(headers, body, one.text)]
    return fitting[0] if fitting else None


def listed(engine: Engine, system: str) -> list[Json]:
    return [dict(item.body) for item in _items(engine, system, APP)]


# ---------------------------------------------------------------------------------------------- inside


def _known(engine: Engine, system: str) -> Sequence[Verifier]:
    """All that count now; a container looks them up once a minute."""
    now = engine.clock.now()
    known = engine.verifiers.get(system)
    if known is None or known[0] + REMEMBERED <= now:
        old = [
            item
            for item in _items(engine, system, BEFORE)
            if datetime.fromisoformat(str(item.body["until"])) > now  # the table forgets late
        ]
        every = [*_items(engine, system, APP), *old]
        known = engine.verifiers[system] = now, [_opened(engine, system, item) for item in every]
    return known[1]


def _items(engine: Engine, system: str, prefix: str) -> Sequence[Item]:
    return engine.store.query(pk(system), prefix=prefix).items


def _opened(engine: Engine, system: str, item: Item) -> Verifier:
    assert item.blob is not None
    environment, client = str(item.body["environment"]), str(item.body["client"])
    text = engine.vault.unseal(item.blob, context=_context(system, environment)).decode()
    return Verifier(environment=environment, client=client, text=text)


def _context(system: str, environment: str) -> dict[str, str]:
    """Its name is what the function's rights go by (infra/policies.py)."""
    return {"verifier": f"{system} {environment}"}
