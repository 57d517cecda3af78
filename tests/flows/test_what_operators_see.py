"""An operator sees what moves, what waits and what fails, and asks the log what happened to a record."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chalicelib.aws import telemetry
from chalicelib.engine import ledger
from chalicelib.engine.records import RecordKey
from chalicelib.entry import hooks, jobs
from infra.watch import QUERIES
from simulator.company import FLOW, Company
from tests.building import CLINIC, COPPERLINE, DECK, TENANT, Builder
from tests.building import FLOW as BOOKS_TO_PROCORE

POST_BILL = "POST /v3/company/9130001/bill"
SYSTEM = "quickbooks_online"
CONDITION = re.compile(r'(\w+) = "([^"]*)"')
OF_THE_LOG = {"@timestamp", "message", "level", "location", "exception_name"}  # CloudWatch's own, and our logger's


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = telemetry.logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    telemetry.logger().setLevel(logging.INFO)  # as it is where nobody sets another
    before = handler.setStream(stream)
    yield stream
    if before is not None:
        handler.setStream(before)


def small_life() -> tuple[Company, list[str]]:
    """Two customers' bills, a vendor that asks to wait, a forged webhook, and a message that nobody can read."""
    company = Company()
    other = Company(world=company.world, tenant="beta", realm="9130002")
    other.bill(other.vendor("Southwind Paper Co"))
    uuids = [
        company.bill(company.vendor("Northwind Paper Co")),
        company.bill(company.vendor("Stranger", in_books=False)),
    ]
    company.books.faults.plan("throttle", POST_BILL)
    company.cycle()
    other.cycle()
    assert hooks.dispatch(company.world.engine, SYSTEM, {"intuit-signature": "forged"}, b"[]") == 401
    with pytest.raises(jobs.OurFault):
        jobs.jobs(company.world.engine, "jobs", [jobs.Message(body='{"job": "of nobody"}', receipt="r")])
    return company, uuids


def answered(query: str, log: io.StringIO, **given: str) -> list[dict[str, Any]]:
    """The lines that the query's filter lets through; every field it names must be in them."""
    for placeholder, value in given.items():
        query = query.replace(f'"{placeholder}"', f'"{value}"')
    commands = dict(part.strip().split(" ", 1) for part in query.split("|"))
    wanted = CONDITION.findall(commands["filter"])
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    found = [line for line in lines if all(line.get(name) == value for name, value in wanted)]
    aggregated = re.findall(r"\w+\(([@\w]+)\)", commands.get("stats", ""))
    by = commands.get("stats", " by ").split(" by ")[1].split(",")
    named = {name.strip() for name in [*commands.get("fields", "").split(","), *by, *aggregated]} - {""}
    known = {name for line in found for name in line} | OF_THE_LOG
    assert named <= known, named - known
    return found


def test_what_happened_to_this_record_is_told_from_its_own_customers_lines(log: io.StringIO) -> None:
    company, uuids = small_life()
    key = company.head(uuids[0]).key
    found = answered(QUERIES["record"], log, TENANT=company.tenant, **{"FLOW:MOVE:ID": key.id})
    assert {line["tenant"] for line in found} == {company.tenant}
    assert found[-1]["state"] == "done"
    assert RecordKey(company.tenant, FLOW, "bill", key.source_id).id == key.id
    *_, last = answered(
        QUERIES["record"], log, TENANT=company.tenant, **{"FLOW:MOVE:ID": company.head(uuids[1]).key.id}
    )
    assert last["state"] == "held"


def test_what_a_customers_last_run_did_is_told_with_its_records(log: io.StringIO) -> None:
    company, uuids = small_life()
    found = answered(QUERIES["last-run"], log, TENANT=company.tenant, FLOW=FLOW)
    (end,) = [line for line in found if line["message"] == "a run ended"]
    assert (end["state"], end["trouble"]) == ("finished", "")
    assert end["calls"] > 0
    assert {company.head(uuid).key.id for uuid in uuids} <= {line.get("record") for line in found}


def test_one_id_leads_from_a_webhook_to_the_vendors_own_id_of_the_write(log: io.StringIO) -> None:
    world = Builder()
    world.cycle(TENANT, BOOKS_TO_PROCORE)
    world.take_webhooks()
    send, sent = world.http.send, count(1)  # the vendor's gateway numbers its answers, the simulator does not

    def numbering(request: Any) -> Any:
        answer = send(request)
        return replace(answer, headers={**answer.headers, "x-request-id": f"call-{next(sent)}"})

    world.http.send = numbering  # type: ignore[method-assign]
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Concrete", CLINIC), ("20.00", "Concrete", DECK))
    world.deliver()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    taken = [line["correlation"] for line in lines if line["message"] == "a webhook was taken"]
    (one,) = set(taken) & {line["correlation"] for line in lines if f":bill:{bill}@" in line.get("record", "")}
    found = answered(QUERIES["correlation"], log, ID=one)
    assert {line.get("tenant", TENANT) for line in found} == {TENANT}
    said = [line["message"] for line in found]
    assert (said[0], said[1]) == ("a webhook was taken", "a record was noticed")
    created = [line for line in found if line["message"] == "created" and f":{bill}@" in line["record"]]
    assert len(created) == 2
    for line in created:
        key = RecordKey.from_id(TENANT, line["record"])
        assert key is not None
        entries, _ = ledger.trail(world.store, key)
        assert {entry["correlation"] for entry in entries} == {one}
        assert line["request_id"]
        assert entries[-1]["request_id"] == line["request_id"]


def test_one_id_leads_from_a_poll_to_the_vendors_own_id_of_the_write(log: io.StringIO) -> None:
    company, uuids = small_life()
    (end,) = [line for line in answered(QUERIES["last-run"], log, TENANT=company.tenant, FLOW=FLOW) if "run" in line]
    found = answered(QUERIES["correlation"], log, ID=end["correlation"])
    (created,) = [line for line in found if line["message"] == "created"]
    assert created["record"] == company.head(uuids[0]).key.id
    assert created["request_id"] == (company.head(uuids[0]).outcome or {})["request_id"]
    entries, _ = ledger.trail(company.world.store, company.head(uuids[0]).key)
    assert {entry["correlation"] for entry in entries} == {end["correlation"]}


def test_which_vendor_asked_us_to_wait_is_told_with_whose_allowance_it_was(log: io.StringIO) -> None:
    company, _ = small_life()
    (line,) = answered(QUERIES["vendor-asked-to-wait"], log)
    assert (line["system"], line["tenant"], line["connection"]) == (SYSTEM, company.tenant, "books")
    assert line["seconds"] > 0


def test_which_webhook_was_refused_is_told(log: io.StringIO) -> None:
    small_life()
    (line,) = answered(QUERIES["webhook-refused"], log)
    assert (line["system"], line["status"]) == (SYSTEM, 401)


def test_a_fault_of_ours_is_told_with_its_queue_and_its_name(log: io.StringIO) -> None:
    small_life()
    (line,) = answered(QUERIES["our-faults"], log)
    assert (line["queue"], line["exception_name"]) == ("jobs", "KeyError")


def test_the_age_of_what_waits_is_counted_while_the_vendor_is_down_and_ends_with_it() -> None:
    company = Company()
    company.bill(company.vendor("Northwind Paper Co"))
    company.books.faults.plan("server_fault", POST_BILL, times=4)
    company.cycle()
    world = company.world
    ages = [
        value for name, value, told in world.metrics.counted if (name, told) == ("OldestWaiting", {"system": SYSTEM})
    ]
    assert ages == sorted(ages)
    assert ages[-1] > ages[0] > 0
    assert world.metrics.total("FailedCalls", system=SYSTEM) == 4
    assert world.metrics.total("GaveUp") == 0
    world.metrics.counted.clear()
    company.cycle()
    assert world.metrics.total("OldestWaiting") == 0


def test_a_record_that_is_given_up_is_counted_for_its_flow() -> None:
    company = Company()
    company.bill(company.vendor("Northwind Paper Co"))
    company.books.faults.plan("drop_before", POST_BILL, times=1000)
    company.cycle()
    assert company.world.metrics.total("GaveUp", flow=FLOW) == 1


def test_each_minute_that_comes_to_its_end_is_counted_and_one_that_fails_is_not() -> None:
    company = Company()
    jobs.tick(company.world.engine)
    assert company.world.metrics.total("Ticks") == 1
    company.world.store.before = _fails
    with pytest.raises(ZeroDivisionError):
        jobs.tick(company.world.engine)
    assert company.world.metrics.total("Ticks") == 1


def _fails(effect: object) -> None:
    raise ZeroDivisionError
