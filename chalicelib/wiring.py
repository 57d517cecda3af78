"""The composition root: settings, AWS adapters and registry become one Engine, once per container."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from chalicelib import registry
from chalicelib.engine.engine import Engine, Pace
from chalicelib.engine.flow import Flow
from chalicelib.engine.system import System
from chalicelib.settings import SIMULATED_RATE, Settings, settings

# One machine, nobody waiting behind us: a killed service is back within seconds, and so are its records.
# A lease must outlive a call, which our own simulators answer at once and real systems within a minute.
LOCAL_PACE = Pace(
    queued=timedelta(seconds=75),
    lease=timedelta(seconds=70),
    first_retry=timedelta(seconds=2),
    longest_retry=timedelta(seconds=30),
    paused=timedelta(seconds=10),
    session=timedelta(seconds=5),
    settles=timedelta(seconds=3),
)


@cache
def load_system(name: str) -> System:
    system = import_module(registry.SYSTEMS[name]).SYSTEM
    assert isinstance(system, System)
    if settings().is_local:
        return system
    real = tuple(environment for environment in system.environments if environment != "simulated")
    return replace(system, environments=real)


@cache
def load_flow(name: str) -> Flow:
    flow = import_module(registry.FLOWS[name]).FLOW
    assert isinstance(flow, Flow)
    return flow


@lru_cache(maxsize=1)
def engine() -> Engine:
    from chalicelib.aws.clock import SystemClock
    from chalicelib.aws.dynamo import DynamoStore
    from chalicelib.aws.http import RequestsHttp
    from chalicelib.aws.mail import SesMail
    from chalicelib.aws.notices import SnsNotices
    from chalicelib.aws.secrets import SecretsVault
    from chalicelib.aws.sqs import SqsQueue
    from chalicelib.aws.telemetry import EmfMetrics, logger

    here = settings()
    logger()
    region, endpoint = here.region, here.aws_endpoint
    vault = SecretsVault(here.stage, region=region, endpoint_url=endpoint)
    return Engine(
        store=DynamoStore(f"mlc-{here.stage}", region=region, endpoint_url=endpoint),
        queue=SqsQueue(here.stage, region=region, endpoint_url=endpoint),
        vault=vault,
        http=RequestsHttp(local=here.is_local),
        clock=SystemClock(),
        notices=SnsNotices(here.stage, region=region, endpoint_url=endpoint),
        mail=SesMail(here.stage, vault, region=region),
        metrics=EmfMetrics(here.stage),
        load_system=load_system,
        load_flow=load_flow,
        systems=tuple(registry.SYSTEMS),
        flows=tuple(registry.FLOWS),
        endpoints=here.endpoints,
        rate_scales=dict.fromkeys(here.simulated, SIMULATED_RATE),
        pace=_pace(here),
        local_url=f"http://127.0.0.1:{here.port}" if here.is_local else "",
        local=here.is_local,
    )


def _pace(here: Settings) -> Pace:
    if not here.is_local:
        return Pace()
    if set(here.simulated) >= set(registry.SYSTEMS) - set(registry.CALLERS):
        return replace(LOCAL_PACE, queued=timedelta(seconds=20), lease=timedelta(seconds=15))
    return LOCAL_PACE


def measured(handle: Callable[[], Any]) -> Any:
    """Let the door do its work, and hand the metrics of this invocation over whatever came of it."""
    try:
        return handle()
    finally:
        engine().metrics.flush()
