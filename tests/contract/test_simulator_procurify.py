"""The simulated Procurify answers as its sheet says, in the samples' shapes, and notes what nobody should send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import Client, TestResponse

from simulator.memory.clock import MemoryClock
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.serving import listen

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "procurify" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples stand beside the project")
LOGIN = {
    "client_id": "procurify-app",
    "client_secret": "procurify-app-secret",
    "audience": "https://api.procurify.com/",
    "grant_type": "client_credentials",
}


class Desk:
    def __init__(self, **options: Any) -> None:
        self.clock = MemoryClock()
        self.simulator = ProcurifySimulator(clock=self.clock.now, **options)
        self.client = Client(self.simulator)
        self.vendor = self.simulator.backstage_add_vendor("Northwind Paper Co")
        self.token = self.login().get_json()["access_token"]

    def login(self, **changes: str) -> TestResponse:
        return self.client.post("/oauth/token", json={**LOGIN, **changes})

    def ask(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", "X-Procurify-Client": "api", **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)

    def bill(self, **fields: Any) -> str:
        lines = [{"description": "work", "account_code": "6100", "amount": "80.00"}]
        made = self.simulator.backstage_add_bill(**{"vendor_id": self.vendor["id"], "lines": lines, **fields})
        return str(made["uuid"])

    @property
    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.simulator.our_mistakes]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _same_shape(ours: Any, theirs: Any, path: str = "") -> None:
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), path
        for name, value in theirs.items():
            if name not in {"payment_term_ref"}:
                assert name in ours, f"{path}.{name} is missing"
                if value is not None and ours[name] is not None and name != "po":
                    _same_shape(ours[name], value, f"{path}.{name}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), path
        for one in ours[:1]:
            for other in theirs[:1]:
                _same_shape(one, other, f"{path}[0]")
    else:
        assert type(ours) is type(theirs), f"{path}: {ours!r} instead of {theirs!r}"


@needs_samples
@pytest.mark.parametrize(
    ("sample", "path"),
    [
        ("vendors_list", "/api/v3/vendors/"),
        ("bills_list", "/api/v3/ap/bills/"),
        ("bill_detail", "/api/v2/ap/bills/{uuid}/"),
        ("account_codes_list", "/api/v3/account-codes/"),
        ("departments_list", "/api/v3/departments/"),
        ("currencies_list", "/api/v2/currencies/"),
    ],
)
def test_its_answers_have_the_shape_of_the_samples(desk: Desk, sample: str, path: str) -> None:
    uuid = desk.bill(costs=[{"name": "Freight", "amount": "24.00", "account_code": "6100"}])
    answer = desk.ask(path.format(uuid=uuid)).get_json()
    recorded = json.loads((SAMPLES / f"{sample}.json").read_text())
    data, sampled = answer["data"], recorded["data"]
    _same_shape(data[0] if isinstance(data, list) else data, sampled[0] if isinstance(sampled, list) else sampled)


def test_a_token_needs_the_right_client_and_a_json_body(desk: Desk) -> None:
    refused = desk.login(client_secret="wrong")
    assert (refused.status_code, refused.get_json()) == (401, {"error": "invalid_client"})
    assert desk.client.post("/oauth/token", data=LOGIN).status_code == 400
    assert desk.mistakes == ["the token request is not a JSON POST"]


def test_a_token_ends_when_its_day_is_over(desk: Desk) -> None:
    assert desk.ask("/api/v3/users/me/").status_code == 200
    desk.clock.advance(86_401)
    assert desk.ask("/api/v3/users/me/").get_json() == {"detail": "Invalid token."}


def test_the_client_header_and_the_slash_are_required(desk: Desk) -> None:
    assert desk.ask("/api/v3/vendors/", headers={"X-Procurify-Client": ""}).status_code == 403
    assert desk.ask("/api/v3/vendors").status_code == 404
    assert len(desk.mistakes) == 2


def test_pages_link_to_the_next_one_and_a_row_inserted_meanwhile_shifts_them(desk: Desk) -> None:
    for n in range(25):
        desk.bill(invoice_number=str(n))
    first = desk.ask("/api/v3/ap/bills/?page_size=10&order_by=-last_modified_datetime").get_json()
    assert first["metadata"]["pagination"]["count"] == 25
    assert first["metadata"]["pagination"]["next"].startswith("http://localhost/api/v3/ap/bills/?")
    desk.bill(invoice_number="new")
    second = desk.ask(first["metadata"]["pagination"]["next"].removeprefix("http://localhost")).get_json()
    assert second["data"][0]["invoice_number"] == first["data"][-1]["invoice_number"]
    assert desk.mistakes == []


def test_an_unknown_filter_is_ignored_in_silence_and_noted(desk: Desk) -> None:
    desk.bill()
    assert len(desk.ask("/api/v3/ap/bills/?status=approved").get_json()["data"]) == 1
    assert desk.mistakes == ["the parameter status does not exist"]


def test_bills_can_be_filtered_by_the_moment_of_their_last_change(desk: Desk) -> None:
    old = desk.bill()
    desk.clock.advance(3600)
    new = desk.bill()
    since = desk.clock.now().isoformat().replace("+00:00", "Z")
    rows = desk.ask("/api/v3/ap/bills/", query_string={"last_modified_datetime_0": since}).get_json()["data"]
    assert [row["uuid"] for row in rows] == [new]
    assert old != new


def test_bills_are_neither_created_nor_deleted(desk: Desk) -> None:
    uuid = desk.bill()
    assert desk.ask("/api/v3/ap/bills/", "POST", json={}).status_code == 405
    assert desk.ask(f"/api/v3/ap/bills/{uuid}/", "DELETE").status_code == 405
    assert len(desk.mistakes) == 2


def test_a_bill_is_found_by_uuid_with_or_without_dashes_and_gone_when_deleted(desk: Desk) -> None:
    uuid = desk.bill()
    assert desk.ask(f"/api/v2/ap/bills/{uuid.replace('-', '')}/").status_code == 200
    assert desk.ask("/api/v2/ap/bills/613/").status_code == 404
    desk.simulator.backstage_delete_bill(uuid)
    assert desk.ask(f"/api/v2/ap/bills/{uuid}/").status_code == 404
    assert desk.mistakes == ["a bill is asked for by its number instead of its uuid"]


def test_an_empty_edit_moves_the_moment_of_the_last_change(desk: Desk) -> None:
    uuid = desk.bill()
    before = desk.simulator.company.bills[uuid]["last_modified_datetime"]
    assert desk.ask(f"/api/v3/ap/bills/{uuid}/", "PATCH", json={}).get_json()["metadata"]["permissions"] == {
        "can_edit": False
    }
    assert desk.simulator.company.bills[uuid]["last_modified_datetime"] > before


def test_only_an_approved_bill_is_marked_as_paid(desk: Desk) -> None:
    draft, approved = desk.bill(status=0), desk.bill()
    body = {"bill_uuids": [draft], "payment_date": "2026-11-20"}
    assert desk.ask("/api/v3/ap/bills/mark-as-paid/", "POST", json=body).status_code == 400
    body["bill_uuids"] = [approved]
    assert desk.ask("/api/v3/ap/bills/mark-as-paid/", "POST", json=body).status_code == 200
    assert desk.ask(f"/api/v2/ap/bills/{approved}/").get_json()["data"]["status"] == 4


def test_too_many_calls_a_second_are_throttled() -> None:
    desk = Desk(requests_per_second=2)
    statuses = [desk.ask("/api/v3/users/me/").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    desk.clock.advance(1)
    assert desk.ask("/api/v3/users/me/").status_code == 200


def test_its_state_survives_a_stop(desk: Desk) -> None:
    uuid = desk.bill()
    kept = json.loads(json.dumps(desk.simulator.dump()))
    again = Desk()
    again.simulator.load(kept)
    again.token = desk.token
    assert again.ask(f"/api/v2/ap/bills/{uuid}/").get_json()["data"]["uuid"] == uuid


def test_people_reach_the_backstage_over_http(desk: Desk) -> None:
    server, url = listen(desk.simulator)
    try:
        made = requests.post(f"{url}/_backstage/add_vendor", json={"name": "Ridgeline HVAC LLC"}, timeout=5)
        assert made.json()["name"] == "Ridgeline HVAC LLC"
        counts = requests.post(f"{url}/_backstage/counts", json={}, timeout=5).json()
        assert counts == {"vendors": 2, "bills": 0}
    finally:
        server.shutdown()
        server.server_close()
