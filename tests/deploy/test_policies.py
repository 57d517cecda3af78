"""Every function may do what it does, and nothing that it never does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from chalicelib.aws.dynamo import DynamoStore
from chalicelib.aws.mail import KEPT_AT, SesMail
from chalicelib.aws.notices import SnsNotices
from chalicelib.aws.secrets import SecretsVault
from chalicelib.aws.sqs import SqsQueue
from chalicelib.engine.hints import Verifier
from chalicelib.engine.ports import DEAD, Check, Delete, Item, Letter, Put
from chalicelib.entry import hooks, jobs, keys, verifiers
from infra.functions import Function, functions, queues
from infra.up import bring_up
from simulator.company import APP, FLOW
from tests.building import Builder
from tests.building_desktop import FileBuilder
from tests.deploy.recording import ACTIONS, STAGE, Use, allowed, covers, may, recording
from tests.flows.at_the_pc import Office
from tests.flows.consenting import Consenting
from tests.flows.customer import Customer
from tests.papers import PaperOffice
from tests.reading_books import BooksWorld
from tests.studio import Studio

REGION = "eu-west-1"
BY_LAMBDA = {"Log", "Listen"}  # Lambda itself uses them, or the functions in the good case: their runtime's part


def _sending(function: str, queue: str, reason: str) -> dict[tuple[str, str, str], str]:
    return {(function, f"sqs:{action}", f":mlc-{STAGE}-{queue}"): reason for action in ("GetQueueUrl", "SendMessage")}


# Rights that nothing here was seen to use, and why they are there: (function, action, end of the resource).
_DUE, _HELD, _KEY = f":table/mlc-{STAGE}/index/due", f":table/mlc-{STAGE}/index/held", ":key/*"
UNUSED: dict[tuple[str, str, str], str] = {
    ("jobs", "dynamodb:Query", _DUE): "the daily look at a system that calls us asks whether anything waits for it",
    ("jobs", "dynamodb:Query", _HELD): "a ping that finds access mended lets go what was held for it",
    ("writer_quickbooks_desktop", "dynamodb:Query", _HELD): "a settled record lets go those that waited for it",
    ("writer_quickbooks_online", "kms:Encrypt", _KEY): "access that ends between poll and write is renewed here",
    ("writer_quickbooks_online", "kms:Decrypt", _KEY): "access that ends between poll and write is renewed here",
    ("writer_procore", "kms:Decrypt", _KEY): "access that another container renewed is read here",
    ("writer_procore", "kms:Encrypt", _KEY): "access that ends between poll and write is renewed here",
    ("writer_procurify", "kms:Decrypt", _KEY): "access that another container renewed is read here",
    **_sending("writer_procurify", "poll", "a partner that was never noticed is asked for"),
    ("writer_freshbooks", "kms:Encrypt", _KEY): "access that ends between poll and write is renewed here",
    ("writer_freshbooks", "kms:Decrypt", _KEY): "access that another container renewed is read here",
    **_sending("writer_freshbooks", "poll", "a partner that was never noticed is asked for"),
    **_sending("writer_freshbooks", "jobs", "a hold is told to the customer"),
    **_sending("writer_quickbooks_desktop", "poll", "a partner that was never noticed is asked for"),
    **_sending("writer_quickbooks_desktop", "jobs", "a hold is told to the customer"),
    **_sending("writer_quickbooks_online", "poll", "a partner that was never noticed is asked for"),
    **_sending("tick", "poll", "a scheduled run begins with a poll"),
    **_sending("tick", "writer-procurify", "what is due is queued again, for every target"),
    **_sending("tick", "writer-quickbooks_desktop", "what is due is queued again, for every target"),
}


@pytest.fixture(scope="module")
def uses() -> set[Use]:
    """Small lives that come by every door and every job."""
    with recording() as seen:
        buying()
        consenting()
        at_the_pc()
        reading_books()
        reading_a_company_file()
        building()
        both_ways()
        mailing()
    return seen


def buying() -> None:
    customer = Customer()
    company = customer.company
    customer.apply_credentials("procurify", {"client_id": "procurify-app", "client_secret": "procurify-app-secret"})
    vendor = company.vendor("Northwind")
    bills = [company.bill(vendor), company.bill(company.vendor("Unknown", in_books=False))]
    company.order(vendor)
    customer.run()
    customer.call("POST", f"{customer.record(bills[0])}/replay", {})
    customer.call("POST", "/connections/books/ping")
    customer.world.until_quiet()
    customer.call("POST", f"/flows/{FLOW}/sync", {})
    customer.world.until_quiet()
    for _ in range(2):
        customer.world.clock.advance(26 * 3600)
        jobs.tick(customer.world.engine)
        customer.world.until_quiet()
    verifiers.enter(customer.world.engine, "quickbooks_online", Verifier("production", APP["client_id"], "verifier"))
    body = _hint(company.realm)
    signed = base64.b64encode(hmac.new(b"verifier", body, hashlib.sha256).digest()).decode()
    assert hooks.dispatch(customer.world.engine, "quickbooks_online", {"intuit-signature": signed}, body) == 200
    customer.world.until_quiet()
    dead_letters(customer)


def dead_letters(customer: Customer) -> None:
    world = customer.world
    customer.key = keys.make_key(world.store, world.clock, keys.PLATFORM, "platform", "us")
    for queue in queues():
        world.queue.send(queue + DEAD, ["{}", "{"], group="acme")
    for do in ("list", "redrive"):
        customer.call("POST", "/dead-letters", {"do": do})
        world.until_quiet()


def consenting() -> None:
    customer = Consenting()
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.connect()
    customer.confirm()
    customer.run()


def at_the_pc() -> None:
    office = Office()
    office.order(office.vendor("Northwind Paper Co"))
    office.order(office.vendor("Nobody knows", in_books=False))
    office.cycle()
    office.calls(2)


def reading_books() -> None:
    world = BooksWorld({"acme": "9130001"})
    world.run("acme")
    world.take_webhooks()
    world.hook(_hint("9130001"))
    world.until_quiet()


def reading_a_company_file() -> None:
    builder = FileBuilder()
    vendor = builder.payee("Volt Electric")
    builder.bill(vendor, ("100.00", "Electrical", "Mill Street Parking Deck"))
    builder.run()


def building() -> None:
    builder = Builder()
    vendor = builder.vendor("Northwind Concrete")
    builder.bill(vendor, ("100.00", "Concrete", "Harbor Clinic"))
    builder.bill(vendor, ("20.00", "Rent", "Harbor Clinic"))
    builder.run()
    builder.clock.advance(20 * 60)
    jobs.tick(builder.engine)
    builder.until_quiet()


def mailing() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.cycle()


def both_ways() -> None:
    studio = Studio(policies={"po_mode": "holding_category", "holding_category": "Studio Advertising"})
    supplier = studio.supplier()
    studio.bill(studio.vendor(), ("100.00", "Office Supplies"))
    order = studio.order(supplier, ("40.00", "6010"))
    studio.run()
    studio.replay(order)
    studio.run()


def _hint(realm: str) -> bytes:
    told = {"specversion": "1.0", "id": "1", "type": "qbo.bill.updated.v1", "intuitentityid": "1", "data": {}}
    return json.dumps([{**told, "intuitaccountid": realm}]).encode()


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.name)
def test_a_function_may_do_all_that_it_does(function: Function, uses: set[Use]) -> None:
    done = [use for use in uses if use.function == function.name]
    assert done, "nothing here runs it"
    assert sorted(use for use in done if not may(use)) == []


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.name)
def test_a_function_may_do_nothing_that_it_never_does(function: Function, uses: set[Use]) -> None:
    done = [use for use in uses if use.function == function.name]
    idle = {
        (function.name, action, resource)
        for sid, action, resource in allowed(function)
        if sid not in BY_LAMBDA and not any(use.action == action and covers(resource, use.place) for use in done)
    }
    assert sorted(idle ^ {right for right in UNUSED if right[0] == function.name}) == []


# ---------------------------------------------------------------------------------------------- the adapters

TOGETHER = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
FREE = {"sts:GetCallerIdentity"}  # AWS lets everybody ask who he is


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], set[str]]]:
    """What was asked of AWS since the last time, as IAM names it."""
    seen: set[str] = set()
    call = BaseClient._make_api_call

    def noted(self: Any, operation: str, given: Any) -> Any:
        service = self.meta.service_model.service_name
        parts = [next(iter(part)) for part in given.get("TransactItems", [])]
        names = [{"Put": "PutItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}[p] for p in parts]
        seen.update(f"{service}:{TOGETHER.get(name, name)}" for name in names or [operation])
        return call(self, operation, given)

    def taken() -> set[str]:
        now = set(seen)
        seen.clear()
        return now - FREE

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        bring_up("test", region=REGION)
        seen.clear()
        yield taken


def test_what_the_ports_ask_of_aws_is_what_is_counted(asked: Callable[[], set[str]]) -> None:
    store, queue = DynamoStore("mlc-test", region=REGION), SqsQueue("test", region=REGION)
    vault, notices = SecretsVault("test", region=REGION), SnsNotices("test", region=REGION)
    one, two = Item("P", "1", body={}, held=("H", "1"), due=("D", "1")), Item("P", "2", body={})
    store.write([Put(one), Put(two)])
    store.write([Put(Item("P", "3", body={}))])
    store.write([Check("P", "1", 1), Delete("P", "2", 1)])
    store.write([Delete("P", "3", 1)])
    assert asked() == ACTIONS["write"]
    store.get([("P", "1")])
    store.get([("P", "1"), ("P", "2")])
    assert asked() == ACTIONS["get"]
    store.query("P")
    store.query("H", index="held")
    assert asked() == ACTIONS["query"]
    queue.send("jobs", ["a", "b"], group="acme")
    assert asked() == ACTIONS["send"]
    SqsQueue("test", region=REGION).acknowledge("jobs", ["no such receipt"])
    assert asked() == ACTIONS["acknowledge"]
    (received,) = SqsQueue("test", region=REGION).receive("jobs", 1)
    assert asked() == ACTIONS["receive"]
    SqsQueue("test", region=REGION).release("jobs", [received.receipt])
    assert asked() == ACTIONS["release"]
    vault.write("connections/acme/books", {"a": "b"})
    assert asked() == ACTIONS["write_secret"]
    vault.read("connections/acme/books", fresh=True)
    assert asked() == ACTIONS["read_secret"]
    sealed = vault.seal(b"secret", context={"for": "test"})
    assert asked() == ACTIONS["seal"]
    assert vault.unseal(sealed, context={"for": "test"}) == b"secret"
    assert asked() == ACTIONS["unseal"]
    notices.publish("subject", "text")
    assert asked() == ACTIONS["publish"]
    vault.write(KEPT_AT, {"domain": "mail.example.com"})
    boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity="mlc-test@mail.example.com")
    asked()
    SesMail("test", vault, region=REGION).send(Letter("ap@inbox.example.com", "subject", "text"))
    assert asked() == {*ACTIONS["read_secret"], "sesv2:SendEmail"}  # its IAM name is ses:, and raw takes another right
