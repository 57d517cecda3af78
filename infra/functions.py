"""The functions of the service: how long each may run, what it listens to, and what it may touch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib import registry

APP = "mlc"
STAGES = ("local", "rehearsal", "dev", "prod")
NEVER_DEPLOYED = "local"  # runs on one machine against an emulator: it has no roles
STAGE_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


@dataclass(frozen=True, slots=True)
class Function:
    """`name` is Chalice's. `listens` and `sends` name queues without their prefix."""

    name: str
    timeout: int
    memory: int
    listens: str | None = None
    sends: tuple[str, ...] = ()
    reads_secrets: bool = False
    writes_connection_secrets: bool = False
    seals: bool = False
    unseals: bool = False
    unseals_verifiers: bool = False
    publishes: bool = False


def writer_queue(system: str) -> str:
    return f"writer-{system}"


def writer_queues() -> tuple[str, ...]:
    return tuple(writer_queue(system) for system in registry.TARGETS)


def queues() -> tuple[str, ...]:
    return ("poll", "jobs", *writer_queues())


def functions() -> tuple[Function, ...]:
    api = Function(
        name="api_handler",
        timeout=30,
        memory=1024,
        sends=queues(),
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
    )
    writers = [
        Function(
            name=f"writer_{system}",
            timeout=120,
            memory=512,
            listens=writer_queue(system),
            sends=("poll", "jobs", writer_queue(system)),
            reads_secrets=True,
            seals=True,
            unseals=True,
        )
        for system in registry.TARGETS
    ]
    tick = Function(name="tick", timeout=50, memory=256, sends=queues())
    return (api, poll, jobs, *writers, tick)


def checked_stage(stage: str) -> str:
    """Raises ValueError for a name that AWS names cannot be made of."""
    if not STAGE_NAME.fullmatch(stage):
        raise ValueError(
            f"{stage!r} is no stage name: at most 16 lower-case letters, digits and hyphens, a letter first."
        )
    return stage
