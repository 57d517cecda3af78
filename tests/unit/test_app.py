"""app.py: every route, queue and schedule leads to its door, over an engine in memory; importing it calls nobody."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chalice.test import Client

from chalicelib import registry, wiring
from chalicelib import settings as environment
from chalicelib.engine import runs
from chalicelib.entry import calls, hooks, keys, oauth_pages, routes
from simulator.company import FLOW, Company
from simulator.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
FUNCTIONS = {"poll": "poll", "jobs": "jobs"} | {f"writer-{name}": f"writer_{name}" for name in registry.TARGETS}
MOST_MESSAGES = 200


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def app(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Imported anew, its engine the company's."""
    monkeypatch.setenv("STAGE", "local")
    for name in ("MLC_ENDPOINTS", "MLC_SIMULATED", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wiring, "engine", lambda: company.world.engine)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    yield importlib.import_module("app")
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


@pytest.fixture
def client(app: ModuleType) -> Client:
    return Client(app.app, stage_name="local", project_dir=str(ROOT))


def hand_over(client: Client, world: World, queue: str) -> int:
    """What SQS does: messages to the function of that queue, deleted when it returns."""
    received = world.queue.receive(queue, 10 if queue.startswith("writer-") else 1)
    if received:
        event = client.events.generate_sqs_event([message.body for message in received], f"mlc-local-{queue}")
        for record, message in zip(event["Records"], received, strict=True):
            record["receiptHandle"] = message.receipt
        client.lambda_.invoke(FUNCTIONS[queue], event)
        world.queue.acknowledge(queue, [message.receipt for message in received])
    return len(received)


def hand_over_all(client: Client, world: World) -> None:
    for _ in range(MOST_MESSAGES):
        if not sum(hand_over(client, world, queue) for queue in FUNCTIONS):
            return
    raise AssertionError("the queues never ran empty")


def tick(client: Client) -> None:
    rule = "arn:aws:events:us-east-1:000000000000:rule/tick"
    event = client.events.generate_cw_event("aws.events", "Scheduled Event", detail={}, resources=[rule])
    client.lambda_.invoke("tick", event)


# ---------------------------------------------------------------------------------------------- HTTP


def test_the_api_describes_itself_to_anybody(client: Client) -> None:
    answer = client.http.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "/flows/{name}/sync" in answer.json_body["paths"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer mlc_acme_" + "x" * 43}, {"Authorization": "Basic eA=="}]
)
def test_nothing_else_is_answered_without_a_key(client: Client, headers: dict[str, str]) -> None:
    answer = client.http.get("/api/v1/flows", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert (problem["status"], bool(problem["title"])) == (401, True)


def test_a_key_opens_the_flows_of_its_tenant(client: Client, company: Company) -> None:
    world = company.world
    key = keys.make_key(world.store, world.clock, company.tenant, "viewer", "test")
    answer = client.http.get("/api/v1/flows", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert [flow["name"] for flow in answer.json_body["items"]] == [FLOW]


def test_every_route_of_the_api_is_served(app: ModuleType) -> None:
    served = {(path, method) for path, methods in app.app.routes.items() for method in methods}
    doors = (*routes.ROUTES, *oauth_pages.ROUTES, *hooks.ROUTES, *map(calls.route, registry.CALLERS.values()))
    assert served == {(route.path, method) for route in doors for method in route.methods}


# ---------------------------------------------------------------------------------------------- queues and the clock


def test_each_queue_has_its_function_and_each_target_its_writer(app: ModuleType) -> None:
    found = {source.queue: source.name for source in app.app.event_sources if hasattr(source, "queue")}
    assert found == {f"mlc-local-{queue}": function for queue, function in FUNCTIONS.items()}
    assert [source.name for source in app.app.event_sources if hasattr(source, "schedule_expression")] == ["tick"]
    for source in app.app.event_sources:
        module, _, attribute = source.handler_string.partition(".")  # where Lambda looks for it
        assert module == "app"
        assert callable(getattr(app, attribute))


def test_every_function_is_configured_in_every_stage(app: ModuleType) -> None:
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    functions = {*FUNCTIONS.values(), "tick", "api_handler"}
    assert {stage: set(told["lambda_functions"]) for stage, told in stages.items()} == dict.fromkeys(stages, functions)


def test_a_bill_goes_from_the_poll_queue_through_the_writers_into_the_books(client: Client, company: Company) -> None:
    bill = company.bill(company.vendor("Northwind"), "125.50")
    runs.start(company.world.engine, company.world.open(company.tenant, FLOW))
    hand_over_all(client, company.world)
    assert company.head(bill).state == "done"
    company.assert_once([bill])
    company.assert_no_mistakes()


def test_the_tick_starts_a_run_that_is_due_and_queues_a_record_whose_message_was_lost(
    client: Client, company: Company
) -> None:
    world = company.world
    bill = company.bill(company.vendor("Northwind"), "80.00")
    runs.start(world.engine, world.open(company.tenant, FLOW))
    while hand_over(client, world, "poll"):
        continue
    lost = world.queue.receive("writer-quickbooks_online", 10)
    world.queue.acknowledge("writer-quickbooks_online", [message.receipt for message in lost])
    assert lost
    hand_over_all(client, world)
    assert company.head(bill).state == "waiting"
    for _ in range(3):  # the vendor first, then the bill that waits for it
        world.clock.advance(16 * 60)
        tick(client)
        hand_over_all(client, world)
    assert company.head(bill).state == "done"
    company.assert_once([bill])


def test_a_job_that_is_none_comes_back(client: Client) -> None:
    event: dict[str, Any] = client.events.generate_sqs_event(['{"job": "dance"}'], "mlc-local-jobs")
    with pytest.raises(Exception, match="1 of 1 messages of jobs failed"):
        client.lambda_.invoke("jobs", event)


def test_one_machine_waits_for_no_system_that_calls_us() -> None:
    simulated = ",".join(set(registry.SYSTEMS) - set(registry.CALLERS))
    given = {"STAGE": "local", "MLC_SIMULATED": simulated}
    assert wiring._pace(environment.read(given)).lease < wiring.LOCAL_PACE.lease
    assert wiring._pace(environment.read({**given, "MLC_SIMULATED": "procurify"})) == wiring.LOCAL_PACE


# ---------------------------------------------------------------------------------------------- importing

IMPORT = """
import socket, sys
def nobody(*_): raise SystemExit("a connection was opened")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = nobody
import app
assert app.here.stage == "rehearsal"
assert "boto3" not in sys.modules, "boto3 was loaded"
"""


def test_importing_it_calls_nobody() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLC_", "STAGE"))}
    for region in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT],
            cwd=ROOT,
            env={**plain, "STAGE": "rehearsal", region: "eu-west-1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
