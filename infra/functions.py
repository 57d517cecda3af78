"""The functions of the service: how long each may run, what it listens to, and what it may touch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from chalicelib import registry
from chalicelib.settings import LOCAL, STAGES
from chalicelib.wiring import load_flow

APP = "mlc"
API = "api_handler"  # Chalice's name for the function behind every route
API_STAGE = "api"  # what stands in front of every path of the API's own address
NEVER_DEPLOYED = LOCAL  # runs on one machine against an emulator: it has no roles
STAGE_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


@dataclass(frozen=True, slots=True)
class Function:
    """`name` is Chalice's. `listens` and `sends` name queues without their prefix, `indexes` are the table's."""

    name: str
    timeout: int
    memory: int
    listens: str | None = None
    sends: tuple[str, ...] = ("poll", "jobs")
    indexes: tuple[str, ...] = ("due", "held")
    lists_items: bool = True  # beyond the indexes
    reads_secrets: bool = False
    writes_connection_secrets: bool = False
    seals: bool = False
    unseals: bool = False
    unseals_verifiers: bool = False
    publishes: bool = False
    mails: bool = False
    redrives: bool = False  # what failed too often


def writer_queue(system: str) -> str:
    return f"writer-{system}"


def writer_queues() -> tuple[str, ...]:
    return tuple(writer_queue(system) for system in registry.TARGETS)


def queues() -> tuple[str, ...]:
    return ("poll", "jobs", *writer_queues())


def _written_from_callers() -> list[str]:
    """Queues of the targets of what cannot be called: where it calls us its pages are read, and its records queued."""
    flows = [load_flow(name) for name in registry.FLOWS]
    return sorted({writer_queue(flow.target_system) for flow in flows if flow.source_system in registry.CALLERS})


@cache
def functions() -> tuple[Function, ...]:
    api = Function(
        name=API,
        timeout=30,
        memory=1024,
        sends=("poll", "jobs", *_written_from_callers()),
        writes_connection_secrets=True,
        seals=True,
        unseals_verifiers=True,
    )
    poll = Function(
        name="poll",
        timeout=120,
        memory=512,
        listens="poll",
        sends=queues(),
        reads_secrets=True,
        seals=True,
        unseals=True,
    )
    jobs = Function(
        name="jobs",
        timeout=120,
        memory=512,
        listens="jobs",
        sends=queues(),
        reads_secrets=True,
        seals=True,
        unseals=True,
        publishes=True,
        redrives=True,
    )
    writers = [
        Function(
            name=f"writer_{system}",
            timeout=120,
            memory=512,
            listens=writer_queue(system),
            indexes=("held",),
            lists_items=False,
            # What cannot be called is written to through the table.
            reads_secrets=system not in registry.CALLERS,
            seals=system not in registry.CALLERS,
            unseals=system not in registry.CALLERS,
            mails=system in registry.MAILED,
        )
        for system in registry.TARGETS
    ]
    tick = Function(name="tick", timeout=50, memory=256, sends=queues(), indexes=("due",))
    return (api, poll, jobs, *writers, tick)


def deployed_name(function: str, stage: str) -> str:
    """The function's name on AWS, as Chalice makes it."""
    return f"{APP}-{stage}" if function == API else f"{APP}-{stage}-{function}"


def checked_deployed(stage: str) -> str:
    """Raises ValueError for a stage that is not deployed to AWS."""
    deployed = [known for known in STAGES if known != NEVER_DEPLOYED]
    if checked_stage(stage) not in deployed:
        raise ValueError(
            f"{stage!r} is no stage that is deployed; these are: {', '.join(deployed)}. "
            "Another one is added to STAGES in chalicelib/settings.py, then `python -m infra render`."
        )
    return stage


def checked_stage(stage: str) -> str:
    """Raises ValueError for a name that AWS names cannot be made of."""
    if not STAGE_NAME.fullmatch(stage):
        raise ValueError(
            f"{stage!r} is no stage name: at most 16 lower-case letters, digits and hyphens, a letter first."
        )
    return stage
