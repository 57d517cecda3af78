"""The simulated Intuit sends webhooks as the sheet describes: signed, ids only, again and again until acknowledged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.memory.clock import MemoryClock
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "qbo"
URL, VERIFIER = "https://mlc.example/hooks", "verifier-of-the-app"
REALMS = ("9130001", "9130002")


class Receiver:
    """Stands at the address; `status` is what it answers, None: nothing at all."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.got: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        self.got.append((headers, body))
        if self.status is None:
            raise ConnectionError("nobody answers")
        return self.status

    def told(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


class Intuit:
    def __init__(self) -> None:
        self.clock, self.receiver = MemoryClock(), Receiver()
        self.books = QuickBooksOnlineSimulator(clock=self.clock.now, realms=REALMS, post=self.receiver)
        self.books.backstage_subscribe(URL, VERIFIER)

    def vendor(self, name: str = "Acme", realm: str = REALMS[0]) -> str:
        return str(self.books.backstage_add_vendor(realm, name)["Id"])

    def bill(self, vendor: str, realm: str = REALMS[0]) -> str:
        return str(self.books.backstage_add_bill(realm, vendor, [{"amount": "10.00"}], TxnDate="2026-02-20")["Id"])

    def events(self) -> list[tuple[str, str]]:
        """(type, entity id) of every cloud event that was sent."""
        return [(event["type"], event["intuitentityid"]) for told in self.receiver.told() for event in told]


@pytest.fixture
def intuit() -> Intuit:
    return Intuit()


def sample(name: str) -> Any:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}")
    return json.loads(path.read_text())


def keys_of(value: object) -> object:
    """The shape: names and the kinds of their values."""
    if isinstance(value, dict):
        return {name: keys_of(inner) for name, inner in value.items()}
    return [keys_of(value[0])] if isinstance(value, list) and value else type(value).__name__


def test_the_signature_is_the_vendors_own(intuit: Intuit) -> None:
    vector = sample("webhook.signature-vector.json")
    intuit.books.webhooks.verifier = vector["verifier_token"]
    assert intuit.books.webhooks.sign(vector["raw_body"].encode())[vector["header"]] == vector["expected_signature"]


def test_a_delivery_is_signed_over_its_bytes(intuit: Intuit) -> None:
    intuit.vendor()
    intuit.books.run_due()
    ((headers, body),) = intuit.receiver.got
    made = base64.b64encode(hmac.new(VERIFIER.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["intuit-signature"] == made


def test_both_forms_have_the_recorded_shapes(intuit: Intuit) -> None:
    intuit.vendor()
    intuit.books.run_due()
    intuit.books.backstage_switch("webhook_form", "old")
    intuit.vendor("Other")
    intuit.books.run_due()
    new, old = intuit.receiver.told()
    assert keys_of(new) == keys_of(sample("webhook.cloudevents.account-created.json"))
    assert keys_of(old) == keys_of(sample("webhook.legacy.vendor-delete.json"))
    assert new[0]["type"] == "qbo.vendor.created.v1"
    assert new[0]["time"].endswith("517Z"), "nanoseconds"


def test_what_happens_is_told_by_ids_and_operations(intuit: Intuit) -> None:
    stays, goes = intuit.vendor("Acme"), intuit.vendor("Acme Inc")
    bill = intuit.bill(goes)
    payment = str(intuit.books.backstage_pay_bill(REALMS[0], bill)["Id"])
    intuit.books.backstage_void_payment(REALMS[0], payment)
    intuit.books.backstage_delete_payment(REALMS[0], payment)
    intuit.books.backstage_delete_bill(REALMS[0], bill)
    intuit.books.backstage_merge_vendors(REALMS[0], stays, goes)
    intuit.books.run_due()
    assert intuit.events() == [
        ("qbo.vendor.created.v1", stays), ("qbo.vendor.created.v1", goes), ("qbo.bill.created.v1", bill),
        ("qbo.billpayment.created.v1", payment), ("qbo.bill.updated.v1", bill), ("qbo.billpayment.void.v1", payment),
        ("qbo.bill.updated.v1", bill), ("qbo.billpayment.deleted.v1", payment), ("qbo.bill.deleted.v1", bill),
        ("qbo.vendor.merged.v1", stays),
    ]  # fmt: skip
    merged = intuit.receiver.told()[-1][-1]
    assert merged["data"] == {"deletedId": goes}
    assert "10.0" not in intuit.receiver.got[0][1].decode(), "no field values"


def test_what_happened_before_the_address_was_registered_is_not_told() -> None:
    clock, receiver = MemoryClock(), Receiver()
    books = QuickBooksOnlineSimulator(clock=clock.now, realms=REALMS, post=receiver)
    books.backstage_add_vendor(REALMS[0], "Acme")
    assert books.run_due() == []
    books.backstage_subscribe(URL, VERIFIER)
    assert books.run_due() == []
    books.backstage_add_vendor(REALMS[0], "Other")
    assert [attempt.events for attempt in books.run_due()] == [1]


def test_one_call_tells_of_several_companies_unless_switched_off(intuit: Intuit) -> None:
    for realm in REALMS:
        intuit.vendor(realm=realm)
    intuit.books.run_due()
    assert [event["intuitaccountid"] for event in intuit.receiver.told()[0]] == list(REALMS)
    intuit.books.backstage_switch("webhooks_mixed", False)
    for realm in REALMS:
        intuit.vendor("Other", realm=realm)
    intuit.books.run_due()
    assert [len(told) for told in intuit.receiver.told()] == [2, 1, 1]


@pytest.mark.parametrize("status", [500, 401, 400, 301, None])
def test_what_is_not_acknowledged_comes_again_and_holds_up_what_follows(intuit: Intuit, status: int | None) -> None:
    intuit.receiver.status = status
    first = intuit.vendor("first")
    intuit.books.run_due()
    second = intuit.vendor("second")
    intuit.books.run_due()
    assert [id for _, id in intuit.events()] == [first], "the second waits behind the first"
    times = [0.0]
    for _ in range(10):
        before = len(intuit.receiver.got)
        while len(intuit.receiver.got) == before:
            intuit.clock.advance(10)
            intuit.books.run_due()
            times[-1] += 10
        times.append(0.0)
    assert times[:10] == [10, 20, 30, 300, 1200, 7200, 14_400, 21_600, 21_600, 21_600]
    intuit.receiver.status = 200
    intuit.clock.advance(21_600)
    intuit.books.run_due()
    assert [id for _, id in intuit.events()][-2:] == [first, second]
    assert intuit.books.run_due() == []


def test_faults_drop_repeat_or_reverse(intuit: Intuit) -> None:
    intuit.books.backstage_switch("webhooks_fault", "drop")
    intuit.vendor("lost")
    assert intuit.books.run_due() == []
    intuit.books.backstage_switch("webhooks_fault", "twice")
    twice = intuit.vendor("twice")
    intuit.books.run_due()
    assert [id for _, id in intuit.events()] == [twice, twice]
    intuit.books.backstage_switch("webhooks_fault", "reverse")
    pair = [intuit.vendor("a"), intuit.vendor("b")]
    intuit.books.run_due()
    assert [id for _, id in intuit.events()][2:] == pair[::-1]


def test_what_waits_survives_a_save(intuit: Intuit) -> None:
    intuit.receiver.status = 500
    intuit.vendor()
    intuit.books.run_due()
    state = json.loads(json.dumps(intuit.books.dump()))
    again = QuickBooksOnlineSimulator(clock=intuit.clock.now, realms=(), post=intuit.receiver)
    again.load(state)
    intuit.receiver.status = 200
    intuit.clock.advance(10)
    assert [attempt["status"] for attempt in again.backstage_run_due()] == [200]
    assert intuit.receiver.got[0][1] == intuit.receiver.got[1][1]
