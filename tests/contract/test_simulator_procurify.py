"""The Procurify simulator against recorded public shapes, and against the behaviour it promises."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.test import Client, TestResponse

from simulator.faults import AnswerTooLate, ConnectionDropped
from simulator.systems.procurify import ProcurifySimulator, bills
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Bill
from simulator.systems.serving import listen

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "procurify"
HOST = "https://acme.procurify.com"
BILLS = "/api/v3/ap/bills/"
ORDERS = "/api/v2/purchase_orders/purchased/all/"
VENDORS = "/api/v3/vendors/"
PAID = "/api/v3/ap/bills/mark-as-paid/"
CREDENTIALS = {"client_id": "procurify-app", "client_secret": "procurify-app-secret"}
TOKEN_REQUEST = {**CREDENTIALS, "audience": "https://api.procurify.com/", "grant_type": "client_credentials"}
NORTHWIND = {
    "addressLineOne": "100 Mill Rd", "postalCode": "97201", "city": "Portland", "state_province": "OR",
    "country": "USA", "phoneOne": "503-555-0100", "email": ["ar@northwind.example.test"], "contact": "Jo Lane",
    "type": 3, "payment_term_ref": {"name": "Net 30"},
}  # fmt: skip
Json = dict[str, Any]


def said(answer: TestResponse) -> Any:
    return json.loads(answer.text)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 12, 17, 31, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class Buying:
    """A careful caller of one customer: every rule of the API kept unless a test breaks it on purpose."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.sim = ProcurifySimulator(clock=self.clock, **options)
        self.client = Client(self.sim)
        self.headers = {"Authorization": f"Bearer {self.token()}", "X-Procurify-Client": "api"}
        self.vendor: int = self.sim.backstage_add_vendor("Northwind Paper Co", **NORTHWIND)["id"]

    def token(self) -> str:
        return str(said(self.ask_token())["access_token"])

    def ask_token(self, **changes: str) -> TestResponse:
        return self.client.post("/oauth/token", json={**TOKEN_REQUEST, **changes}, base_url=HOST)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        if not options.get("query_string"):
            options.pop("query_string", None)  # werkzeug takes none beside one in the path
        options.setdefault("headers", self.headers)
        options.setdefault("base_url", HOST)
        return self.client.open(path, method=method, **options)

    def get(self, path: str, **query: Any) -> Json:
        answer = self.call("GET", path, query_string=query)
        assert answer.status_code == 200, answer.text
        found = said(answer)
        assert isinstance(found, dict)
        return found

    def ids(self, path: str = BILLS, key: str = "id", **query: Any) -> list[Any]:
        return [row[key] for row in self.get(path, **query)["data"]]

    def bill(self, amount: str = "100.00", **fields: Any) -> str:
        line = {"description": "work", "account_code": "6100", "amount": amount}
        fields.setdefault("lines", [line])
        fields.setdefault("vendor_id", self.vendor)
        return str(self.sim.backstage_add_bill(**fields)["uuid"])

    def order(self, **fields: Any) -> int:
        fields.setdefault("lines", [{"name": "paper", "account_code": "6100", "quantity": 2, "price": "8.00"}])
        return int(self.sim.backstage_add_purchase_order(self.vendor, **fields)["procurify_PO"])

    def detail(self, uuid: str) -> Json:
        found = self.get(f"/api/v2/ap/bills/{uuid}/")["data"]
        assert isinstance(found, dict)
        return found

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.sim.our_mistakes]


@pytest.fixture
def buying() -> Buying:
    return Buying()


def stocked(buying: Buying) -> tuple[str, int]:
    """The purchase order and the bill of the vendor's samples."""
    sim = buying.sim
    sim.backstage_add_account_code("6100", "Office supplies")
    sim.backstage_add_account_code("6200", "Repairs and maintenance")
    sim.backstage_add_account_code("1500", "Equipment", account_type=0)
    sim.backstage_add_department("Facilities", external_id="CC-200")
    split = [
        {"account_code": "6200", "department": "Operations", "amount": "200.00"},
        {"account_code": "6200", "department": "Facilities", "amount": "100.00"},
    ]
    order = sim.backstage_add_purchase_order(
        buying.vendor,
        [
            {"name": "Copy paper, case", "account_code": "6100", "quantity": 10, "price": "8.00"},
            {"name": "Filter replacement", "quantity": 3, "price": "100.00", "allocations": split},
        ],
        number="1042",
        freight="25",
        tax={"value": "19.00", "type": "amount"},
        discount="10.00",
        comment="Deliver to dock 2",
        promise_date="2026-05-11",
    )["procurify_PO"]
    uuid = sim.backstage_add_bill(
        buying.vendor,
        [
            {"description": "Copy paper", "account_code": "6100", "amount": "80.00", "quantity": 10,
             "purchase_order": order},
            {"description": "Filters", "amount": "300.00", "allocations": split, "purchase_order": order},
        ],
        invoice_number="NW-88121",
        invoice_date="2026-05-10",
        due_date="2026-06-09",
        costs=[{"name": "Freight", "amount": "24.00", "account_code": "6100"}],
        note="May delivery",
    )["uuid"]  # fmt: skip
    return uuid, order


# ---------------------------------------------------------------------- shapes


def sample(name: str) -> Any:
    path = REFERENCE / "samples" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the vendor's reference samples are not beside this repository: {name}.json")
    return json.loads(path.read_text())


@cache
def specification() -> Json:
    yaml = pytest.importorskip("yaml", reason="the specification is written in YAML")
    path = REFERENCE / "openapi.yaml"
    if not path.exists():
        pytest.skip("the vendor's specification is not beside this repository")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(path.read_text(), loader)  # a safe loader either way
    assert isinstance(found, dict)
    return found


def kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {str: "text", int: "number", float: "number", list: "list", dict: "object", type(None): "null"}[type(value)]


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Where ours lacks a key of theirs, has one more, or holds another kind of value. A null may stand for anything."""
    if theirs is None or ours is None:
        return
    if kind(theirs) != kind(ours):
        yield f"{path}: {kind(theirs)} there, {kind(ours)} here"
    elif isinstance(theirs, dict):
        yield from (f"{path}.{name} is missing here" for name in set(theirs) - set(ours))
        yield from (f"{path}.{name} is not there" for name in set(ours) - set(theirs))
        for name in set(theirs) & set(ours):
            yield from differences(theirs[name], ours[name], f"{path}.{name}")
    elif isinstance(theirs, list) and theirs:
        for n, entry in enumerate(ours):
            yield from differences(theirs[min(n, len(theirs) - 1)], entry, f"{path}[{n}]")


SHAPES = [
    ("bills_list", BILLS, "/api/v3/ap/bills/"),
    ("bill_detail", "/api/v2/ap/bills/{uuid}/", "/api/v2/ap/bills/{id}/"),
    ("vendors_list", VENDORS, "/api/v3/vendors/"),
    ("purchase_orders_list", ORDERS, "/api/v2/purchase_orders/{role}/{status}/"),
    ("purchase_order_detail", "/api/v2/purchase_orders/{order}/", "/api/v2/purchase_orders/{id}/"),
    ("account_codes_list", "/api/v3/account-codes/", "/api/v3/account-codes/"),
    ("departments_list", "/api/v3/departments/", "/api/v3/departments/"),
    ("currencies_list", "/api/v2/currencies/", "/api/v2/currencies/"),
    ("payments_list", "/api/public/v1/payments/", "/api/public/v1/payments/"),
    ("locations_list", "/api/v2/locations/", ""),
    ("", "/api/v3/accounts/", "/api/v3/accounts/"),
    ("", "/api/v3/users/me/", "/api/v3/users/me/"),
    ("", "/api/v3/vendors/all/", "/api/v3/vendors/"),
]


@pytest.mark.parametrize(("name", "path", "operation"), SHAPES, ids=[path for _, path, _ in SHAPES])
def test_an_answer_has_every_field_of_the_published_sample_and_fits_the_specification(
    buying: Buying, name: str, path: str, operation: str
) -> None:
    uuid, order = stocked(buying)
    if "payments" in path:
        buying.sim.backstage_add_payment([uuid])
    answer = buying.get(path.format(uuid=uuid, order=order))
    if name:
        assert sorted(differences(sample(name), answer)) == []
    if operation:
        fits(answer, operation, "get")


def fits(answer: Json, operation: str, method: str, status: str = "200") -> None:
    validators = pytest.importorskip("openapi_schema_validator", reason="no validator for the specification here")
    whole = specification()
    content = whole["paths"][operation][method]["responses"][status]["content"]
    schema = {**content["application/json"]["schema"], "components": whole["components"]}
    found = [f"{list(e.absolute_path)}: {e.message}" for e in validators.OAS30Validator(schema).iter_errors(answer)]
    assert found == []


def test_a_paid_bill_and_written_vendors_fit_the_specification_too(buying: Buying) -> None:
    uuid, _ = stocked(buying)
    buying.sim.backstage_add_payment([uuid])
    fits(buying.get(f"/api/v2/ap/bills/{uuid}/"), "/api/v2/ap/bills/{id}/", "get")
    body = {"name": "Ridgeline HVAC LLC", "email": [], "type": 4, "overall_score": None}
    made = buying.call("POST", VENDORS, json=body)
    fits(said(made), "/api/v3/vendors/", "post", "201")
    path = f"{VENDORS}{said(made)['data']['id']}/"
    fits(said(buying.call("PATCH", path, json={"city": "Bend"})), "/api/v3/vendors/{id}/", "patch")
    fits(said(buying.call("PUT", path, json=body)), "/api/v3/vendors/{id}/", "put")
    assert list(differences(sample("vendor_create_response"), said(made))) == []
    assert buying.mistakes() == []


def test_the_sample_documents_add_up_as_the_vendor_says(buying: Buying) -> None:
    uuid, order = stocked(buying)
    detail = buying.detail(uuid)
    row = buying.get(BILLS)["data"][0]
    assert (detail["subtotal_cost"], detail["total_cost"], detail["total_cost_with_tax"]) == (380.0, 404.0, 404.0)
    assert (row["total_cost_with_tax"], row["invoice_date"]) == (404.0, "2026-05-10")
    assert detail["invoice_date"] == "2026-05-10T00:00:00-07:00"
    assert [a["amount"] for a in detail["items"][1]["cost_allocations"]] == ["200.00000000", "100.00000000"]
    assert detail["items"][0]["po"]["number"] == "1042"
    assert detail["added_purchase_orders"][0]["total_amount"] == "414.00"
    found = buying.get(f"/api/v2/purchase_orders/{order}/")["data"]
    assert (found["subtotal"], found["freight"], found["total"]) == ("380.00", "25.000000", "414.00")
    assert found["cost_details"]["tax_amount"] == "19.00"
    assert found["promise_date"] == "2026-05-11T23:00:00-07:00"
    assert "order_items" not in buying.get(ORDERS)["data"][0]


def test_totals_are_numbers_and_other_amounts_are_text(buying: Buying) -> None:
    uuid = buying.bill(
        lines=[{"description": "x", "account_code": "6100", "amount": "0.10", "tax_amount": "0.20",
                "shipping_amount": "3"}]
    )  # fmt: skip
    text = buying.call("GET", f"/api/v2/ap/bills/{uuid}/").text
    assert '"total_cost_with_tax": 0.3,' in text
    detail = json.loads(text)["data"]
    assert (detail["tax_amount"], detail["exclusive_tax_amount"], detail["shipping_amount"]) == (0.2, 0.2, 3.0)
    assert (detail["items"][0]["shipping_amount"], detail["items"][0]["quantity"]) == ("3.00000000", "1.00000000")


def test_tax_that_is_inclusive_is_not_added_again(buying: Buying) -> None:
    line = {"description": "x", "account_code": "6100", "amount": "110.00", "tax_amount": "10.00"}
    detail = buying.detail(buying.bill(lines=[line], tax_is_inclusive=True))
    assert (detail["total_cost_with_tax"], detail["inclusive_tax_amount"], detail["tax_amount"]) == (110.0, 10.0, 10.0)
    assert detail["items"][0]["tax_is_inclusive"] is True


def test_a_foreign_bill_is_converted_and_the_list_says_that_currencies_are_mixed(buying: Buying) -> None:
    uuid = buying.bill("100.00", currency="CAD")
    assert buying.detail(uuid)["converted_total_cost"] == 76.92
    assert buying.detail(uuid)["currency"]["name"] == "CAD"
    assert buying.get(BILLS)["metadata"]["summary"] == {"has_multiple_currency": False, "total_cost": 100.0}
    buying.bill("50.00")
    assert buying.get(BILLS)["metadata"]["summary"] == {"has_multiple_currency": True, "total_cost": 150.0}


# ---------------------------------------------------------------------- access


def test_a_token_is_given_for_the_credentials_in_json(buying: Buying) -> None:
    answer = buying.ask_token()
    assert answer.status_code == 200
    assert set(said(answer)) == {"access_token", "scope", "expires_in", "token_type"}
    assert (said(answer)["expires_in"], said(answer)["token_type"]) == (86400, "Bearer")
    assert said(answer)["scope"].startswith("urn:procurify-api:domain:acme urn:procurify-api:email:")
    assert buying.mistakes() == []


def test_wrong_credentials_are_turned_down_without_being_our_mistake(buying: Buying) -> None:
    answer = buying.ask_token(client_secret="other")
    assert (answer.status_code, said(answer)) == (401, {"error": "invalid_client"})
    assert buying.mistakes() == []
    buying.sim.backstage_set_credentials("new", "newer")
    assert buying.ask_token().status_code == 401
    assert buying.ask_token(client_id="new", client_secret="newer").status_code == 200


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"audience": "https://api.procurify.com"}, "wrong audience"),
        ({"grant_type": "authorization_code"}, "wrong grant type"),
    ],
)
def test_a_token_request_keeps_to_the_letter(buying: Buying, changes: dict[str, str], mistake: str) -> None:
    assert buying.ask_token(**changes).status_code == 400
    assert buying.mistakes() == [mistake]


def test_a_token_request_as_a_form_or_by_get_is_turned_down(buying: Buying) -> None:
    assert buying.client.post("/oauth/token", data=TOKEN_REQUEST).status_code == 400
    assert buying.client.get("/oauth/token").status_code == 405
    assert buying.client.post("/oauth/token/", json=TOKEN_REQUEST).status_code == 404
    assert len(buying.mistakes()) == 3


def test_a_token_ends_with_its_life(buying: Buying) -> None:
    buying.clock.pass_(seconds=86399)
    assert buying.call("GET", BILLS).status_code == 200
    buying.clock.pass_(seconds=1)
    answer = buying.call("GET", BILLS)
    assert (answer.status_code, said(answer)) == (401, {"detail": "Invalid token."})
    assert buying.mistakes() == []


def test_expiring_tokens_ends_the_old_ones_and_not_the_new(buying: Buying) -> None:
    buying.sim.expire_tokens()
    assert buying.call("GET", BILLS).status_code == 401
    buying.headers["Authorization"] = f"Bearer {buying.token()}"
    assert buying.call("GET", BILLS).status_code == 200
    buying.sim.faults.plan("expire_token", "GET /api/v3/vendors/")
    assert buying.call("GET", VENDORS).status_code == 401


def test_tokens_can_be_short_lived() -> None:
    buying = Buying(token_seconds=60)
    assert said(buying.ask_token())["expires_in"] == 60
    buying.clock.pass_(seconds=60)
    assert buying.call("GET", BILLS).status_code == 401


def test_asking_for_tokens_all_the_time_is_throttled_and_noted(buying: Buying) -> None:
    for _ in range(19):  # the caller itself asked once
        assert buying.ask_token().status_code == 200
    answer = buying.ask_token()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert buying.mistakes() == ["asks for tokens instead of keeping the one it has"]
    buying.clock.pass_(seconds=60)
    assert buying.ask_token().status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Basic abc"}, 401),
        ({"X-Procurify-Client": None}, 403),
        ({"X-Procurify-Client": "API"}, 403),
    ],
)
def test_a_call_without_its_headers_is_turned_down_and_noted(
    buying: Buying, headers: dict[str, str | None], status: int
) -> None:
    sent = {name: value for name, value in {**buying.headers, **headers}.items() if value}
    answer = buying.call("GET", BILLS, headers=sent)
    assert answer.status_code == status
    assert set(said(answer)) == {"detail"}
    assert len(buying.mistakes()) == 1


def test_a_path_without_its_slash_is_not_found(buying: Buying) -> None:
    uuid = buying.bill()
    for path in (BILLS.rstrip("/"), f"/api/v2/ap/bills/{uuid}", "/api/v3/users/me"):
        answer = buying.call("GET", path)
        assert (answer.status_code, said(answer)) == (404, {"detail": "Not found."})
    assert buying.mistakes() == ["the path has no trailing slash"] * 3


def test_who_we_are_is_said(buying: Buying) -> None:
    me = buying.get("/api/v3/users/me/")["data"]
    assert me["is_active"] is True
    assert "@" in me["email"]
    assert me["domains"]["procurify_domains"][0]["subdomain"] == "acme"


# ---------------------------------------------------------------------- pages


def test_pages_are_ten_rows_long_and_lead_to_each_other_on_the_callers_host(buying: Buying) -> None:
    for n in range(25):
        buying.bill(invoice_number=f"A {n}", invoice_date="2026-05-10")
    page: Json | None = buying.get(BILLS, order_by="id", **{"vendor[]": [str(buying.vendor), "999"]})
    seen = []
    links = []
    while page:
        seen += [row["id"] for row in page["data"]]
        pagination = page["metadata"]["pagination"]
        links.append(pagination["next"])
        page = buying.get(links[-1].removeprefix(HOST)) if links[-1] else None
    assert seen == sorted(seen)
    assert len(seen) == 25
    assert pagination == {
        "count": 25, "next": None, "previous": pagination["previous"], "page_size": 10, "num_pages": 3,
        "current_page": 3,
    }  # fmt: skip
    assert links[0].startswith(f"{HOST}{BILLS}?")
    assert parse_qs(urlsplit(links[0]).query) == {
        "order_by": ["id"], "vendor[]": [str(buying.vendor), "999"], "page": ["2"],
    }  # fmt: skip
    assert parse_qs(urlsplit(pagination["previous"]).query)["page"] == ["2"]
    assert buying.mistakes() == []


def test_a_page_size_over_a_hundred_is_cut_and_noted(buying: Buying) -> None:
    for _ in range(101):
        buying.bill()
    page = buying.get(BILLS, page_size=500)
    assert (len(page["data"]), page["metadata"]["pagination"]["page_size"]) == (100, 100)
    assert buying.mistakes() == ["a page size over 100"]


def test_a_page_beyond_the_last_is_not_found_and_no_mistake(buying: Buying) -> None:
    assert buying.get(BILLS)["data"] == []
    assert said(buying.call("GET", BILLS, query_string={"page": 2})) == {"detail": "Invalid page."}
    assert buying.mistakes() == []
    assert buying.call("GET", BILLS, query_string={"page": "last"}).status_code == 404
    assert buying.mistakes() == ["the page is not a number"]


def test_a_bill_made_between_two_pages_moves_the_rows(buying: Buying) -> None:
    for _ in range(15):
        buying.bill()
    first = buying.ids()
    buying.bill()
    second = buying.ids(page=2)
    assert first[-1] == second[0]
    assert len({*first, *second}) == 15


def test_a_bill_deleted_between_two_pages_hides_a_row(buying: Buying) -> None:
    uuids = [buying.bill() for _ in range(15)]
    first = buying.ids(order_by="id")
    buying.sim.backstage_delete_bill(uuids[0])
    second = buying.ids(order_by="id", page=2)
    assert len({*first, *second}) == 14


# ---------------------------------------------------------------------- filters


def test_an_unknown_filter_is_ignored_without_a_word_and_noted(buying: Buying) -> None:
    buying.bill(status=2)
    buying.bill(status=0)
    assert len(buying.ids(status="approved", last_modified_0="2030-01-01")) == 2
    assert buying.mistakes() == [
        "the parameter status does not exist",
        "the parameter last_modified_0 does not exist",
    ]


def test_bills_are_found_by_the_moment_of_their_change_both_ends_included(buying: Buying) -> None:
    uuids = []
    for _ in range(3):
        uuids.append(buying.bill())
        buying.clock.pass_(hours=1)
    at = {uuid: buying.detail(uuid)["last_modified_datetime"] for uuid in uuids}
    assert buying.ids(key="uuid", last_modified_datetime_0=at[uuids[1]]) == uuids[:0:-1]
    assert buying.ids(key="uuid", last_modified_datetime_1=at[uuids[1]]) == uuids[1::-1]
    assert buying.ids(key="uuid", last_modified_datetime_0="2026-05-12T12:31:09-07:00") == [uuids[2]]
    assert buying.ids(key="uuid", last_modified_datetime_0="2026-05-12T12:31:09") == [uuids[2]]  # the customer's zone
    assert buying.ids(key="uuid", order_by="last_modified_datetime") == uuids
    assert buying.ids(key="uuid", order_by="-last_modified_datetime") == uuids[::-1]
    assert buying.mistakes() == []


def test_a_moment_whose_plus_was_not_escaped_is_refused_and_noted(buying: Buying) -> None:
    answer = buying.call("GET", f"{BILLS}?last_modified_datetime_0=2026-05-12T10:00:00+00:00")
    assert answer.status_code == 400
    assert set(said(answer)["errors"]) == {"last_modified_datetime_0"}
    assert len(buying.mistakes()) == 1


def test_other_filters_of_bills(buying: Buying) -> None:
    other = buying.sim.backstage_add_vendor("Ridgeline")["id"]
    code = buying.sim.backstage_add_account_code("7000", "Rent")["id"]
    plain = buying.bill(invoice_number="A-1", invoice_date="2026-05-10", due_date="2026-06-10")
    expense = buying.bill(type=1, invoice_date="2026-05-11", currency="CAD")
    strange = buying.bill(
        vendor_id=other,
        invoice_date=None,
        lines=[{"description": "x", "account_code": "7000", "department": "Yard", "branch": "Bend", "amount": 1}],
    )

    def found(**query: Any) -> set[str]:
        return set(buying.ids(key="uuid", **query))

    bend = next(row["id"] for row in buying.get("/api/v2/locations/")["data"] if row["name"] == "Bend")
    assert found(invoice_date_0="2026-05-11") == {expense}
    assert found(invoice_date_1="2026-05-10") == {plain}
    assert found(due_date_0="2026-06-10", due_date_1="2026-06-10") == {plain}
    assert found(vendor=other) == {strange}
    assert found(**{"vendor[]": [buying.vendor, other]}) == {plain, expense, strange}
    assert found(type=1) == found(expense="true") == {expense}
    assert found(exclude_expense_bills="true") == {plain, strange}
    assert found(currency=1) == {expense}
    assert found(account_code=code) == found(location=bend) == {strange}
    assert found(has_posting_date="false") == {strange}
    assert found(search="a-1") == {plain}
    assert found(include_bill_group_ids=buying.detail(plain)["group"]) == {plain}
    assert found(has_payment="true") == set()
    assert buying.mistakes() == []
    assert found(modified_date_0="2026-05-12") == {plain, expense, strange}
    assert buying.mistakes() == ["the parameter modified_date_0 is deprecated"]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (BILLS, "last_modified_datetime_0", "0001-01-01T00:00:00+14:00"),
        (BILLS, "last_modified_datetime_1", "9999-12-31T23:59:59"),
        (BILLS, "invoice_date_1", "9999-12-31"),
        (BILLS, "vendor", "1,x"),
        (ORDERS, "total_0", "NaN"),
        (ORDERS, "modified_date_1", "9999-12-31"),
        ("/api/public/v1/payments/", "payment_amount", "sNaN"),
    ],
)
def test_a_value_at_the_end_of_what_can_be_is_refused_and_noted(
    buying: Buying, path: str, name: str, value: str
) -> None:
    stocked(buying)
    answer = buying.call("GET", path, query_string={name: value})
    assert (answer.status_code, set(said(answer)["errors"])) == (400, {name})
    assert buying.mistakes() == [f"{name} holds no valid value"]


def test_purchase_orders_are_found_by_days_of_the_customers_zone(buying: Buying) -> None:
    buying.clock.now = datetime(2026, 5, 13, 6, 59, tzinfo=UTC)  # still the 12th in Los Angeles
    order = buying.order()
    assert buying.ids(ORDERS, "procurify_PO", modified_date_0="2026-05-13") == []
    assert buying.ids(ORDERS, "procurify_PO", modified_date_0="2026-05-12", modified_date_1="2026-05-12") == [order]
    assert buying.get(ORDERS)["data"][0]["last_modified"].startswith("2026-05-12T23:59:00")
    buying.clock.pass_(minutes=1)
    buying.sim.backstage_revise_purchase_order(order, comment="again")
    assert buying.ids(ORDERS, "procurify_PO", modified_date_0="2026-05-13") == [order]
    assert buying.ids(ORDERS, "procurify_PO", date_0="2026-05-13") == []
    assert buying.mistakes() == []
    answer = buying.call("GET", ORDERS, query_string={"modified_date_0": "2026-05-13T00:00:00Z"})
    assert answer.status_code == 400
    assert len(buying.mistakes()) == 1


def test_vendors_are_found_by_their_external_id_and_name(buying: Buying) -> None:
    other = buying.sim.backstage_add_vendor("Northwind Paper Co", external_id="freshbooks:a:1")["id"]
    assert buying.ids(VENDORS, external_id="freshbooks:a:1") == [other]
    assert buying.ids(VENDORS, external_id="freshbooks:a") == []
    assert buying.ids(VENDORS, name="northwind") == [buying.vendor, other]  # names are not unique
    assert buying.mistakes() == []


def test_deactivated_vendors_stay_in_the_list_of_all(buying: Buying) -> None:
    buying.sim.backstage_deactivate_vendor(buying.vendor)
    other = buying.sim.backstage_add_vendor("Other", type=1)["id"]
    assert buying.ids(VENDORS) == [other]
    assert buying.ids(VENDORS, exclude_other="true") == []
    assert buying.ids("/api/v3/vendors/all/") == [buying.vendor, other]
    assert buying.ids("/api/v3/vendors/other/") == [other]
    assert buying.ids("/api/v3/vendors/preferred/") == []
    assert buying.mistakes() == []
    assert buying.call("GET", "/api/v3/vendors/nobody/").status_code == 404
    assert len(buying.mistakes()) == 1


def test_the_lists_around_are_filtered(buying: Buying) -> None:
    stocked(buying)
    buying.sim.backstage_add_department("Operations", branch="Bend")
    assert buying.ids("/api/v3/account-codes/", "code", code="6200") == ["6200"]
    department, other = buying.ids("/api/v3/departments/", search="operations")
    assert (department, buying.ids("/api/v3/departments/", branch=2)) == (4, [other])
    code = buying.ids("/api/v3/account-codes/", code="1500")[0]
    rows = buying.get("/api/v3/accounts/", account_code=code, department=other)["data"]
    assert [(row["account_code"]["code"], row["department"]["branch"]["name"]) for row in rows] == [("1500", "Bend")]
    assert buying.ids("/api/v2/locations/", "name", headquarter="true") == ["Head Office"]
    assert buying.get("/api/v2/locations/2/")["data"]["name"] == "Bend"
    assert buying.ids("/api/v2/currencies/", "name", base="true") == ["USD"]
    assert buying.mistakes() == []


def test_payments_are_found_by_bill_and_change(buying: Buying) -> None:
    uuid = buying.bill(invoice_number="A-1")
    before = "2026-05-12T17:00:00Z"
    payment = buying.sim.backstage_add_payment([uuid])["id"]
    group = buying.detail(uuid)["group"]
    path = "/api/public/v1/payments/"
    assert buying.ids(path, bill_groups=f"1,{group}", status="paid,failed", order_by="updated_at") == [payment]
    assert buying.ids(path, invoice_number="A-1", updated_at_after=before) == [payment]
    assert buying.ids(path, invoice_number="A") == []
    assert buying.ids(path, updated_at_before=before) == []
    assert (buying.detail(uuid)["status"], buying.detail(uuid)["bill_payment"]["amount"]) == (4, "100.00000000")
    assert buying.mistakes() == []


# ---------------------------------------------------------------------- bills


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", BILLS),
        ("DELETE", BILLS),
        ("DELETE", BILLS + "{uuid}/"),
        ("PUT", BILLS + "{uuid}/"),
        ("PATCH", "/api/v2/ap/bills/{uuid}/"),
        ("DELETE", "/api/v3/vendors/{vendor}/"),
        ("GET", PAID),
    ],
)
def test_what_is_not_offered_is_answered_405_and_noted(buying: Buying, method: str, path: str) -> None:
    uuid = buying.bill()
    answer = buying.call(method, path.format(uuid=uuid, vendor=buying.vendor), json={})
    assert (answer.status_code, said(answer)) == (405, {"detail": f'Method "{method}" not allowed.'})
    assert buying.mistakes() == [f"{method} is not offered here"]
    assert buying.sim.backstage_counts()["bills"] == 1


def test_a_bill_is_found_by_its_uuid_with_and_without_dashes(buying: Buying) -> None:
    uuid = buying.bill()
    assert buying.detail(uuid) == buying.detail(uuid.replace("-", ""))
    assert buying.call("GET", f"/api/v2/ap/bills/{uuid.upper()}/").status_code == 404


def test_a_bill_is_not_found_by_its_number(buying: Buying) -> None:
    buying.bill()
    answer = buying.call("GET", f"/api/v2/ap/bills/{buying.ids()[0]}/")
    assert (answer.status_code, said(answer)) == (404, {"detail": "Not found."})
    assert buying.mistakes() == ["a bill is asked for by its number instead of its uuid"]


def test_a_bill_that_vanished_is_not_found_and_no_mistake(buying: Buying) -> None:
    uuid = buying.bill()
    buying.sim.backstage_delete_bill(uuid)
    assert buying.call("GET", f"/api/v2/ap/bills/{uuid}/").status_code == 404
    assert buying.ids() == []
    assert buying.mistakes() == []


def test_the_unpublished_patch_is_applied_though_it_says_that_it_cannot_edit(buying: Buying) -> None:
    uuid, _ = stocked(buying)
    before = buying.detail(uuid)["last_modified_datetime"]
    body = sample("bill_patch_request_undocumented")
    answer = buying.call("PATCH", f"{BILLS}{uuid}/", json=body)
    assert answer.status_code == 200
    assert said(answer)["metadata"]["permissions"]["can_edit"] is False
    detail = buying.detail(uuid)
    assert (detail["invoice_number"], detail["note"]) == (body["invoice_number"], body["note"])
    assert detail["due_date"] == "2026-06-09T00:00:00-07:00"
    assert detail["last_modified_datetime"] > before
    fits(said(answer), "/api/v3/ap/bills/{id}/", "patch")
    assert buying.mistakes() == []


def test_an_empty_patch_still_moves_the_moment_of_change(buying: Buying) -> None:
    uuid = buying.bill()
    before = buying.detail(uuid)
    assert buying.call("PATCH", f"{BILLS}{uuid}/", json={}).status_code == 200
    after = buying.detail(uuid)
    assert after.pop("last_modified_datetime") > before.pop("last_modified_datetime")
    assert after == before


def test_a_patch_that_cannot_be_kept_changes_nothing(buying: Buying) -> None:
    uuid = buying.bill(note="as it was")
    for body in (
        {"note": "x", "invoice_number": "9" * 51},
        {"note": "x", "due_date": "soon"},
        {"note": "x", "payment_terms": None},
        {"vendor": 999},
        {"vendor": [42]},
        {"note": "x", "approver": True},
    ):
        answer = buying.call("PATCH", f"{BILLS}{uuid}/", json=body)
        assert answer.status_code == 400
        assert set(said(answer)) == {"errors"}
    assert buying.detail(uuid)["note"] == "as it was"
    buying.call("PATCH", f"{BILLS}{uuid}/", json={"status": 4})
    assert buying.detail(uuid)["status"] == 2
    assert buying.mistakes()[-1] == "status of a bill cannot be written"


def test_a_body_that_is_not_json_is_turned_down_and_noted(buying: Buying) -> None:
    answer = buying.call("POST", PAID, data={"bill_uuids": "x"})
    assert answer.status_code == 415
    answer = buying.call("POST", PAID, data="{", content_type="application/json")
    assert answer.status_code == 400
    answer = buying.call("POST", PAID, json=["x"])
    assert answer.status_code == 400
    assert len(buying.mistakes()) == 3


def test_an_approved_bill_is_marked_as_paid(buying: Buying) -> None:
    uuid = buying.bill()
    body = {"bill_uuids": [uuid.replace("-", "")], "bill_group_ids": [], "payment_date": "2026-06-03"}
    answer = buying.call("POST", PAID, json=body)
    assert (answer.status_code, said(answer)) == (200, body)
    detail = buying.detail(uuid)
    assert (detail["status"], detail["bill_payment"]) == (4, None)
    assert [step["status"] for step in detail["bill_statuses"]] == [0, 1, 2, 4]
    assert buying.ids(payment_date_0="2026-06-03") == [detail["id"]]
    assert buying.mistakes() == []


@pytest.mark.parametrize("status", [0, 1, 3, 4, 5, 6, 7, 8])
def test_only_approved_bills_are_marked_as_paid_all_or_none(buying: Buying, status: int) -> None:
    good, bad = buying.bill(), buying.bill(status=status)
    answer = buying.call("POST", PAID, json={"bill_uuids": [good, bad], "payment_date": "2026-06-03"})
    assert answer.status_code == 400
    assert said(answer)["errors"]["bill_uuids"]["message"]
    assert (buying.detail(good)["status"], buying.detail(bad)["status"]) == (2, status)


def test_a_bill_with_a_payment_is_not_marked_as_paid(buying: Buying) -> None:
    uuid = buying.bill()
    buying.sim.backstage_add_payment([uuid], status="scheduled")
    assert buying.detail(uuid)["status"] == 2
    answer = buying.call("POST", PAID, json={"bill_uuids": [uuid], "payment_date": "2026-06-03"})
    assert answer.status_code == 400
    assert buying.mistakes() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"bill_uuids": []},
        {"bill_uuids": "x"},
        {"bill_uuids": ["{uuid}"], "payment_date": "06/03/2026"},
        {"bill_uuids": ["{uuid}"], "payment_date": "2026-06-03", "bill_group_ids": [[613]]},
    ],
)
def test_a_marking_that_is_not_whole_is_refused_and_noted(buying: Buying, body: Json) -> None:
    uuid = buying.bill()
    sent = json.loads(json.dumps(body).replace("{uuid}", uuid))
    assert buying.call("POST", PAID, json=sent).status_code == 400
    assert len(buying.mistakes()) == 1
    assert buying.detail(uuid)["status"] == 2


# ---------------------------------------------------------------------- vendors


def test_a_vendor_is_made_changed_and_replaced(buying: Buying) -> None:
    body = sample("vendor_create_request")
    made = buying.call("POST", VENDORS, json=body)
    assert made.status_code == 201
    vendor = said(made)["data"]
    assert {name: vendor[name] for name in body} == body
    path = f"{VENDORS}{vendor['id']}/"
    patched = said(buying.call("PATCH", path, json={"external_id": "freshbooks:x:1"}))["data"]
    assert (patched["external_id"], patched["city"]) == ("freshbooks:x:1", body["city"])
    assert patched["dateModified"] > vendor["dateModified"]
    put = said(buying.call("PUT", path, json={**body, "payment_term_ref": {"name": "Net 30"}}))["data"]
    assert put["payment_term_ref"] == 2
    assert buying.get(path)["data"]["payment_term_ref"]["name"] == "Net 30"
    assert buying.mistakes() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"email": None},
        {"email": "a@b.test"},
        {"email": [""]},
        {"name": " "},
        {"name": "x" * 151},
        {"postalCode": "9" * 21},
        {"type": "regular"},
        {"overall_score": 3},
        {"overall_score": "good"},
    ],
)
def test_a_vendor_that_cannot_be_kept_is_refused_and_noted(buying: Buying, changes: Json) -> None:
    body = {**sample("vendor_create_request"), **changes}
    answer = buying.call("POST", VENDORS, json=body)
    assert answer.status_code == 400
    assert set(said(answer)["errors"]) == set(changes)
    assert len(buying.mistakes()) == 1
    assert buying.sim.backstage_counts()["vendors"] == 1


@pytest.mark.parametrize("missing", ["name", "email", "type", "overall_score"])
def test_a_new_vendor_names_what_is_required(buying: Buying, missing: str) -> None:
    body = {name: value for name, value in sample("vendor_create_request").items() if name != missing}
    answer = buying.call("POST", VENDORS, json=body)
    assert said(answer) == {"errors": {missing: {"message": "This field is required.", "code": "required"}}}


def test_fields_a_vendor_does_not_have_are_ignored_and_noted(buying: Buying) -> None:
    answer = buying.call("PATCH", f"{VENDORS}{buying.vendor}/", json={"zip": "1", "id": 5})
    assert (answer.status_code, said(answer)["data"]["id"]) == (200, buying.vendor)
    assert sorted(buying.mistakes()) == ["id of a vendor is read-only", "zip of a vendor does not exist"]


def test_old_imports_left_empty_email_addresses(buying: Buying) -> None:
    vendor = buying.sim.backstage_add_vendor("Old Import", email=[""])["id"]
    assert buying.get(f"{VENDORS}{vendor}/")["data"]["email"] == [""]


# ---------------------------------------------------------------------- people


def test_edits_at_the_same_moment_still_have_moments_of_their_own(buying: Buying) -> None:
    uuid = buying.bill()
    seen = [buying.detail(uuid)["last_modified_datetime"]]
    for _ in range(3):
        buying.sim.backstage_touch_bill(uuid)
        seen.append(buying.detail(uuid)["last_modified_datetime"])
    assert seen == sorted(set(seen))
    assert seen[0].startswith("2026-05-12T17:31:09.")
    assert seen[0].endswith("Z")


def test_an_approved_bill_is_pulled_back_edited_and_approved_again(buying: Buying) -> None:
    uuid = buying.bill("100.00")
    buying.sim.backstage_set_bill_status(uuid, 0)
    new = {"description": "more", "account_code": "6200", "amount": "120.50"}
    buying.sim.backstage_edit_bill(uuid, lines=[new], note="fixed", invoice_date="2026-05-11")
    buying.sim.backstage_set_bill_status(uuid, 2)
    detail = buying.detail(uuid)
    assert (detail["total_cost_with_tax"], detail["note"], detail["version"]) == (120.5, "fixed", 2)
    assert detail["gl_post_date"] == detail["invoice_date"] == "2026-05-11T00:00:00-07:00"
    assert [step["status"] for step in detail["bill_statuses"]] == [0, 1, 2, 0, 2]
    with pytest.raises(TypeError, match="a bill has no vendor"):
        buying.sim.backstage_edit_bill(uuid, vendor=3)


def test_a_bill_may_contradict_itself(buying: Buying) -> None:
    uuid = buying.bill("100.00", total="99.00", status=42)
    row = buying.get(BILLS)["data"][0]
    assert (row["total_cost_with_tax"], row["status"]) == (99.0, 42)
    buying.sim.backstage_edit_bill(uuid, total=None)
    assert buying.detail(uuid)["total_cost_with_tax"] == 100.0


def test_a_field_of_the_detail_can_be_corrupted_for_one_bill_alone(buying: Buying) -> None:
    uuid, other = buying.bill(), buying.bill()
    before = buying.detail(uuid)["last_modified_datetime"]
    put = buying.sim.backstage_put_raw_bill_field
    put(uuid, "items.0.total_cost", "12.345")
    put(uuid, "items.0.cost_allocations.0.budget.account_code.code", None)
    put(uuid, "vendor.name", "__delete__")
    put(uuid, "items.9.total_cost", "nowhere")
    detail = buying.detail(uuid)
    assert detail["items"][0]["total_cost"] == "12.345"
    assert detail["items"][0]["cost_allocations"][0]["budget"]["account_code"]["code"] is None
    assert "name" not in detail["vendor"]
    assert detail["last_modified_datetime"] > before
    whole = buying.detail(other)
    assert whole["items"][0]["cost_allocations"][0]["budget"]["account_code"]["code"] == "6100"
    assert whole["vendor"]["name"] == "Northwind Paper Co"


def test_a_renamed_vendor_leaves_the_name_that_a_bill_was_entered_with(buying: Buying) -> None:
    uuid = buying.bill()
    before = buying.detail(uuid)["last_modified_datetime"]
    buying.sim.backstage_edit_vendor(buying.vendor, name="Northwind Inc")
    detail = buying.detail(uuid)
    assert (detail["vendor"]["name"], detail["vendor_name"]) == ("Northwind Inc", "Northwind Paper Co")
    assert detail["last_modified_datetime"] == before


def test_a_purchase_order_is_revised_and_cancelled(buying: Buying) -> None:
    order = buying.order()
    uuid = buying.get(f"/api/v2/purchase_orders/{order}/")["data"]["uuid"]
    new = [{"name": "paper", "account_code": "6100", "quantity": 3, "price": "8.00", "received": 1}]
    buying.sim.backstage_revise_purchase_order(order, lines=new)
    found = buying.get(f"/api/v2/purchase_orders/{uuid}/")["data"]
    assert (found["version"], found["total"], found["fulfilment_status"]) == (2, "24.00", "partial")
    assert buying.ids("/api/v2/purchase_orders/receivable/partial/", "procurify_PO") == [order]
    buying.sim.backstage_cancel_purchase_order(order)
    listed = buying.get(ORDERS)
    assert (listed["data"][0]["state"], listed["data"][0]["version"]) == (1, 2)
    assert listed["metadata"]["counts"]["purchased"]["cancelled"] == 1
    assert buying.ids("/api/v2/purchase_orders/purchased/open/", "procurify_PO") == []
    assert buying.ids("/api/v2/purchase_orders/purchased/cancelled/", "procurify_PO") == [order]
    assert buying.mistakes() == []
    assert buying.call("GET", "/api/v2/purchase_orders/purchased/approved/").status_code == 404
    assert buying.mistakes() == ["there is no list purchased/approved of purchase orders"]


def test_an_order_with_a_percentage_and_one_for_the_vendor_other(buying: Buying) -> None:
    other = buying.sim.backstage_add_vendor("OTHER", type=1)["id"]
    order = buying.sim.backstage_add_purchase_order(
        other,
        [{"name": "x", "account_code": "6100", "amount": "200.00"}],
        tax={"value": 10, "type": "percentage"},
        discount={"value": 50, "type": "percentage"},
        vendor_name="Corner Shop",
        PO_Num="ours-7",
    )["procurify_PO"]
    found = buying.get(f"/api/v2/purchase_orders/{order}/")["data"]
    assert (found["tax"], found["total"]) == ({"value": 10.0, "type": "percentage"}, "110.00")
    assert (found["pref_vendor"]["type"], found["vendor_name"], found["PO_Num"]) == (1, "Corner Shop", "ours-7")


def test_what_people_do_can_be_asked_for_over_http(buying: Buying) -> None:
    def act(action: str, **arguments: Any) -> Any:
        answer = buying.client.post(f"/_backstage/{action}", json=arguments)
        assert answer.status_code == 200
        return said(answer)

    vendor = act("add_vendor", name="Ridgeline", email=["a@b.test"])
    lines = [{"description": "x", "account_code": "6100", "amount": 10.1, "tax_amount": 0.2}]
    bill = act("add_bill", vendor_id=vendor["id"], lines=lines, invoice_number="R-1")
    assert set(bill) == {"id", "uuid"}
    assert act("snapshot", kind="bills")[0]["total_cost_with_tax"] == 10.3
    act("put_raw_bill_field", uuid=bill["uuid"], path="total_cost_with_tax", value=12.345)
    assert buying.detail(bill["uuid"])["total_cost_with_tax"] == 12.345
    act("set_bill_status", uuid=bill["uuid"], status=0)
    order = act("add_purchase_order", vendor_id=vendor["id"], lines=[{"account_code": "6100", "amount": 7}])
    assert act("cancel_purchase_order", procurify_PO=order["procurify_PO"])["state"] == 1
    act("delete_bill", uuid=bill["uuid"])
    counts = act("counts")
    assert (counts["vendors"], counts["bills"], counts["purchase_orders"]) == (2, 0, 1)
    assert act("mistakes") == []
    assert [kind for kind in ("vendors", "purchase_orders", "payments") if act("snapshot", kind=kind)] == [
        "vendors",
        "purchase_orders",
    ]


# ---------------------------------------------------------------------- limits, faults, state


def test_more_calls_than_the_limit_in_any_second_are_throttled() -> None:
    buying = Buying(requests_per_second=2)
    assert buying.call("GET", BILLS).status_code == 200
    buying.clock.pass_(milliseconds=600)
    assert buying.call("GET", BILLS).status_code == 200
    answer = buying.call("GET", BILLS)
    assert (answer.status_code, said(answer)) == (429, {"detail": "Request was throttled."})
    assert answer.headers["Retry-After"] == "1"
    buying.clock.pass_(milliseconds=400)  # the first call left the window, the second did not
    assert buying.call("GET", BILLS).status_code == 200
    assert buying.call("GET", BILLS).status_code == 429
    assert buying.mistakes() == []


def test_a_limit_below_one_call_a_second_is_kept_too() -> None:
    buying = Buying(requests_per_second=0.1)
    assert buying.call("GET", BILLS).status_code == 200
    answer = buying.call("GET", BILLS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
    buying.clock.pass_(seconds=10)
    assert buying.call("GET", BILLS).status_code == 200


def test_planned_faults_look_as_the_vendor_looks(buying: Buying) -> None:
    buying.sim.faults.plan("throttle")
    answer = buying.call("GET", BILLS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    buying.sim.faults.plan("server_fault")
    answer = buying.call("GET", BILLS)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert answer.headers["x-request-id"]
    uuid = buying.bill()
    for kind, gone in (("drop_after", ConnectionDropped), ("delay_after", AnswerTooLate)):
        buying.sim.faults.plan(kind, "PATCH")  # type: ignore[arg-type]  # a name of the list
        with pytest.raises(gone):
            buying.call("PATCH", f"{BILLS}{uuid}/", json={"note": kind})
        assert buying.detail(uuid)["note"] == kind


def test_state_survives_being_written_down(buying: Buying) -> None:
    uuid, order = stocked(buying)
    paid = buying.bill()
    buying.sim.backstage_add_payment([paid])
    buying.sim.backstage_put_raw_bill_field(uuid, "note", 1)
    buying.sim.backstage_set_credentials("new", "newer")
    written = json.dumps(buying.sim.dump())
    other = Buying()
    other.sim.load(json.loads(written))
    other.headers = buying.headers
    for path in (BILLS, f"/api/v2/ap/bills/{uuid}/", f"/api/v2/ap/bills/{paid}/", VENDORS, ORDERS,
                 f"/api/v2/purchase_orders/{order}/", "/api/v3/accounts/", "/api/public/v1/payments/"):  # fmt: skip
        assert other.get(path) == buying.get(path)
    assert json.dumps(other.sim.dump()) == written
    assert other.ask_token(client_id="new", client_secret="newer").status_code == 200
    again = other.bill()
    assert again == buying.bill()
    assert other.detail(again) == buying.detail(again)


def test_nothing_of_the_connector_is_imported() -> None:
    files = list(Path(inspect.getfile(ProcurifySimulator)).parent.glob("*.py"))
    assert files
    for path in files:
        assert "chalicelib" not in path.read_text()


def test_five_thousand_bills_are_listed_without_showing_them_all(
    buying: Buying, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5000):
        buying.bill(invoice_number=f"N-{n}")
    shown: list[int] = []
    row = bills.BILLS.show

    def counted(company: Company, bill: Bill) -> Any:
        shown.append(bill.id)
        return row(company, bill)

    monkeypatch.setattr(bills, "BILLS", replace(bills.BILLS, show=counted))
    page = buying.get(BILLS, page=50, page_size=50, order_by="-last_modified_datetime")
    assert page["metadata"]["pagination"]["num_pages"] == 100
    assert len(page["data"]) == len(shown) == 50


def test_it_serves_over_real_sockets() -> None:
    clock = Clock()
    sim = ProcurifySimulator(clock=clock)
    server, url = listen(sim)
    try:
        for n in range(12):
            requests.post(f"{url}/_backstage/add_vendor", json={"name": f"V{n}"}, timeout=5).raise_for_status()
        token = requests.post(f"{url}/oauth/token", json=TOKEN_REQUEST, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "X-Procurify-Client": "api"}
        first = requests.get(f"{url}{VENDORS}", headers=headers, timeout=5).json()
        link = first["metadata"]["pagination"]["next"]
        assert link.startswith(f"{url}{VENDORS}?")
        second = requests.get(link, headers=headers, timeout=5).json()
        assert [row["name"] for row in first["data"] + second["data"]] == [f"V{n}" for n in range(12)]
        sim.faults.plan("drop_after", "PATCH")
        with pytest.raises(requests.ConnectionError):
            requests.patch(f"{url}{VENDORS}42/", json={"city": "Bend"}, headers=headers, timeout=5)
        assert sim.backstage_snapshot("vendors")[0]["city"] == "Bend"
        assert sim.our_mistakes == []
    finally:
        server.shutdown()
        server.server_close()
