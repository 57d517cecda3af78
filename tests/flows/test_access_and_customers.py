"""Credentials, companies and customers: one closed door stops one connection, and nobody sees another's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.engine.ports import HttpRequest, Put
from chalicelib.engine.records import Json
from simulator.company import APP, CLIENT, FLOW, Company
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.flows.customer import Customer


def told(company: Company) -> list[str]:
    return [text for subject, text in company.world.notices.published if "needs you" in subject]


def new_grant(company: Company) -> dict[str, str]:
    return {**APP, "refresh_token": company.books.backstage_grant(company.realm)["refresh_token"]}


def lock_procurify(company: Company) -> None:
    company.procurify.backstage_set_credentials("procurify-app", "another-secret")
    company.procurify.expire_tokens()


def lock_books(company: Company) -> None:
    company.books.backstage_disconnect(company.realm)
    company.books.backstage_expire_tokens()


def procurify_again(company: Company) -> dict[str, str]:
    return {**CLIENT, "client_secret": "another-secret"}


@pytest.mark.parametrize(
    ("connection", "lock", "again"),
    [("procurify", lock_procurify, procurify_again), ("books", lock_books, new_grant)],
    ids=["at Procurify", "at QuickBooks"],
)
def test_credentials_that_end_stop_one_connection_are_told_once_and_new_ones_are_enough(
    connection: str, lock: Any, again: Any
) -> None:
    customer = Customer()
    company = customer.company
    other = Customer(tenant="zenith", realm="9130002", world=customer.world)
    vendor, theirs = company.vendor("Northwind Paper Co"), other.company.vendor("Southwind")
    moved = company.bill(vendor, "1.00")
    customer.run()
    company.world.clock.advance(3600)
    lock(company)
    waiting = [company.bill(vendor, f"{n}.00") for n in range(2, 5)]
    for n in range(3):
        fine = other.company.bill(theirs, f"{n}.50")
        customer.run()
        other.run()
        assert other.company.head(fine).state == "done"
    assert len(told(company)) == 1
    assert "`mlc apply`" in told(company)[0]
    shown = {one["name"]: one for one in customer.call("GET", "/connections")["items"]}
    assert shown[connection]["health"]["state"] == "locked_out"
    assert [head.attempts for head in company.heads() if head.attempts] == []
    customer.apply_credentials(connection, again(company))
    customer.world.until_quiet()
    customer.run()
    company.assert_once([moved, *waiting])
    assert len(told(company)) == 1
    assert {one["health"]["state"] for one in customer.call("GET", "/connections")["items"]} == {"ok"}


def test_tokens_that_expire_at_every_second_call_are_renewed_one_at_a_time_and_none_is_lost() -> None:
    company = Company()
    company.books.backstage_switch("rotate_every_refresh", True)
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, f"{n}.00") for n in range(1, 25)]
    for system in (company.books, company.procurify):
        for skip in range(3, 60, 2):
            system.faults.plan("expire_token", "/v3/" if system is company.books else "/api/", skip=skip)
    for _ in range(4):
        company.cycle()
    company.assert_once(uuids)
    assert all(grant["refused_refreshes"] == 0 for grant in company.books.backstage_grants(company.realm))
    assert told(company) == []


def test_a_rotated_token_lost_before_it_was_saved_ends_in_a_plain_reconnect_and_all_bills_arrive_once() -> None:
    company = Company()
    company.books.backstage_switch("rotate_every_refresh", True)
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor, "1.00")
    company.cycle()
    company.world.clock.advance(4000)
    second = company.bill(vendor, "2.00")

    def die(effect: Effect) -> None:
        if "/oauth2/v1/tokens/bearer" in str(effect.keys):
            company.world.http.after = None
            raise Died

    company.world.http.after = die
    company.cycle()
    assert company.world.deaths == 1
    company.assert_once([first])
    assert len(told(company)) == 1
    assert "`mlc connect books`" in told(company)[0]
    company.world.connect(company.tenant, "books", "quickbooks_online", {"realm": company.realm}, new_grant(company))
    company.cycle()
    company.cycle()
    company.assert_once([first, second])
    company.assert_no_mistakes()


def test_credentials_that_lead_to_another_company_write_nothing_to_either() -> None:
    company = Company()
    other = Company(tenant="zenith", realm="9130002", world=company.world)
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor)
    company.cycle()
    grant = {**APP, "refresh_token": company.books.backstage_grant(other.realm)["refresh_token"]}
    company.world.connect(company.tenant, "books", "quickbooks_online", {"realm": company.realm}, grant)
    company.world.clock.advance(4000)
    uuid = company.bill(vendor)
    company.cycle()
    company.cycle()
    assert company.head(uuid).state in {"waiting", "held"}
    company.assert_once([first])
    assert other.books.backstage_ledger(other.realm)["bills"] == []


def test_a_company_pinned_before_is_checked_before_every_write_of_a_fresh_container() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    store = company.world.store
    item = next(item for item in store.all_items() if item.sk == "CONNECTION#books")
    pinned: Json = {**item.body, "pinned": {"id": "777", "name": "The right company"}}
    store.write([Put(type(item)(pk=item.pk, sk=item.sk, body=pinned, version=item.version))])
    company.cycle()
    hold = company.head(uuid).hold or {}
    assert hold["reason"] == "wrong_company"
    assert "The right company" in str(hold["message"]) and "acme books" in str(hold["message"])
    assert [row for row in company.books.backstage_audit(company.realm) if row["who"] == "api"] == []


def test_neither_records_nor_holds_nor_errors_of_a_customer_are_reachable_with_anothers_key() -> None:
    acme = Customer()
    zenith = Customer(tenant="zenith", realm="9130002", world=acme.world)
    uuid = acme.company.bill(acme.company.vendor("Secretive Supplies Ltd"), account="7010", note="a private note")
    acme.run()
    zenith.run()
    record = acme.record(uuid)
    assert acme.call("GET", record)["state"] == "held"
    for method, path, body in (
        ("GET", record, None),
        ("GET", f"{record}/trail", None),
        ("GET", f"{record}/why", None),
        ("POST", f"{record}/replay", {}),
        ("POST", f"{record}/resolve", {"action": "dismiss"}),
        ("POST", f"{record}/resolve", {"action": "link", "target_id": "1"}),
    ):
        status, answer = zenith.ask(method, path, body)
        assert (status, "Secretive" in str(answer)) == (404, False), (method, path)
    for path in ("/records", "/holds", "/status", "/connections", "/export", "/flows", f"/flows/{FLOW}", "/keys"):
        shown = json.dumps(zenith.call("GET", path))
        assert not [word for word in ("Secretive", "7010", "private note", "acme", "9130001") if word in shown], path
    assert acme.company.head(uuid).state == "held"


def test_no_secret_is_found_in_any_item_message_notice_metric_or_answer() -> None:
    customer = Customer(policies={"unmatched_vendor": "create"})
    company = customer.company
    company.books.backstage_switch("rotate_every_refresh", True)
    secrets = {CLIENT["client_secret"], APP["client_secret"], customer.key}
    real = company.world.http.send

    def listen(request: HttpRequest) -> Any:
        secrets.update(word for word in request.headers.get("Authorization", "").split() if len(word) > 12)
        return real(request)

    company.world.http.send = listen  # type: ignore[method-assign]
    uuid = company.bill(company.vendor("Northwind Paper Co", in_books=False))
    bad = company.bill(company.vendor("Ridgeline"), account="7010")
    company.books.faults.plan("malformed", "POST /v3/company")
    for _ in range(3):
        company.world.clock.advance(4000)
        customer.run()
    lock_books(company)
    lock_procurify(company)
    customer.run()
    secrets |= {g["refresh_token"] for g in company.books.backstage_grants(company.realm)} - {None}
    secrets |= set(company.procurify.tokens)
    assert len(secrets) > 8
    world = company.world
    said = world.stored_texts()
    said += [f"{effect.keys}" for port in (world.queue, world.http) for effect in port.log]
    said += [str(world.notices.published), str(world.metrics.counted)]
    for path in ("/export", "/connections", "/status", f"{customer.record(uuid)}", f"{customer.record(bad)}/trail"):
        said.append(json.dumps(customer.call("GET", path)))
    assert not [(secret, text[:200]) for secret in secrets for text in said if secret in text]
    story = customer.call("GET", f"{customer.record(uuid)}/trail")["items"]
    told_of = [moment["what"] for moment in story]
    assert told_of.index("intent to create") < told_of.index("created")
    intent, outcome = (next(m for m in story if m["what"] == what) for what in ("intent to create", "created"))
    assert intent["request"]["lines"] and intent["attempt_key"] and outcome["answer"]["Id"]
