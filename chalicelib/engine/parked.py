"""Steps of runs, and single records, that are to be read from a source which cannot be called: they wait until it does.

One step a flow at most: a later run takes the earlier one's place. Who has the other side on the line takes them up.
"""

from __future__ import annotations

from chalicelib.engine import runs
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Delete, Item, Op, Put
from chalicelib.engine.records import Json


def park(engine: Engine, job: Json) -> None:
    """Keep the job for when the source calls; its run goes on being under way, however long that takes."""
    flow = engine.open(str(job["tenant"]), str(job["flow"]), move=str(job.get("notice") or job.get("move") or ""))
    if flow is None:
        return
    ops: list[Op] = [Put(Item(*place(flow.source.tenant, flow.source.name, job), body=job), guarded=False)]
    if "notice" not in job:
        ops += runs.parked(engine, flow.setup, str(job["run"]))
    engine.store.write(ops)


def jobs(engine: Engine, tenant: str, connection: str, *, limit: int = 50) -> list[Json]:
    """What waits for this source, single records first: others wait for them."""
    return [item.body for item in engine.store.query(f"P#{tenant}#{connection}", limit=limit).items]


def done(engine: Engine, connection: str, job: Json, following: Json | None) -> None:
    """The job is done; the step after it takes its place."""
    pk, sk = place(str(job["tenant"]), connection, job)
    engine.store.write([Put(Item(pk, sk, body=following), guarded=False) if following else Delete(pk, sk)])


def place(tenant: str, connection: str, job: Json) -> tuple[str, str]:
    what = f"NOTICE#{job['flow']}#{job['notice']}#{job['id']}" if "notice" in job else f"STEP#{job['flow']}"
    return f"P#{tenant}#{connection}", what
