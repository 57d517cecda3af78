"""A customer's rules decide the cost code of each bill line; what no rule fits is held and says which rule would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from chalicelib import wiring
from chalicelib.engine import ledger
from chalicelib.engine import setup as setups
from chalicelib.engine.flow import Flow
from chalicelib.engine.link import Link
from chalicelib.engine.ports import Delete
from chalicelib.engine.records import Draft
from chalicelib.engine.rules import Ruled, read
from chalicelib.flows import procurify_to_quickbooks_online as plain
from chalicelib.systems.procurify.bills import Bill
from simulator.company import FLOW
from tests.flows.customer import Customer

CODES = Ruled(
    "cost_code", facts=("account", "description", "vendor"), answer=("cost_code", "cost_type"), scope="project"
)


def coded_bill(b: Bill, link: Link) -> Draft:
    """The bill as always, each line described by its cost code."""
    draft = plain.bill(b, link)
    codes = [
        link.rule(
            "cost_code",
            {"account": x.account_code, "description": x.description, "vendor": b.vendor_name},
            scope=x.department,
        )
        for x in b.lines
    ]
    described = [f"{code['cost_code']} {code['cost_type']}" for code in codes]
    lines: Any = draft.body["lines"]
    coded = [{**line, "description": text} for line, text in zip(lines, described, strict=True)]
    return replace(draft, body={**draft.body, "lines": coded})


def _coded_flow() -> Flow:
    vendor, bill, order = plain.FLOW.moves
    moves = (vendor, replace(bill, make=coded_bill, rules=[CODES]), order)
    return Flow(*moves, title=plain.FLOW.title, policies=plain.FLOW.policies)


@pytest.fixture
def customer() -> Customer:
    customer = Customer()
    flow = _coded_flow()
    customer.world.engine.load_flow = lambda name: flow if name == FLOW else wiring.load_flow(name)
    return customer


def rule(code: str, *, scope: str = "", **when: Any) -> dict[str, Any]:
    asked = {fact: one if isinstance(one, dict) else {"equals": one} for fact, one in when.items()}
    then = {"cost_code": code, "cost_type": "M"}
    return ({"scope": scope} if scope else {}) | {"when": asked, "then": then}


def put(customer: Customer, rules: list[dict[str, Any]], **more: Any) -> Any:
    present = customer.call("GET", f"/flows/{FLOW}/mappings")
    body = {name: present[name] for name in ("version", "mappings", "rules")}
    return customer.call("PUT", f"/flows/{FLOW}/mappings", {**body, "rules": {"cost_code": rules}, **more})


def codes(customer: Customer) -> dict[str, list[str]]:
    return {bill["DocNumber"]: [line["Description"] for line in bill["Line"]] for bill in customer.company.ours()}


def test_bills_without_a_rule_are_one_cause_and_the_rule_that_it_names_releases_all_of_them(
    customer: Customer,
) -> None:
    company = customer.company
    vendor = company.vendor("Northwind")
    for n in range(40):
        line = {"description": f"Pour {n}", "account_code": "5010", "amount": f"{n + 1}.00"}
        company.bill(vendor, lines=[line])
    customer.run()
    (group,) = customer.call("GET", "/holds")["items"]
    assert (group["count"], group["reason"], group["cause"]) == (40, "mapping_missing", "cost_code account 5010")
    (suggested,) = yaml.safe_load(group["fix"].partition("cost_code: ")[2])
    suggested["then"] = {"cost_code": "03-300", "cost_type": "M"}
    answer = customer.apply_flow(rules={"cost_code": [suggested]})
    assert answer["released"] == {FLOW: 40}
    customer.world.until_quiet()
    assert list(codes(customer).values()) == [["03-300 M"]] * 40


def test_a_suggested_rule_whose_answer_nobody_filled_in_is_refused(customer: Customer) -> None:
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.run()
    (group,) = customer.call("GET", "/holds")["items"]
    pasted = yaml.safe_load(group["fix"].partition("cost_code: ")[2])
    setup = customer.call("GET", "/export")["config"]["flows"][FLOW]
    body = {"config": {"flows": {FLOW: {**setup, "rules": {"cost_code": pasted}}}}}
    status, problem = customer.ask("POST", "/apply", body)
    assert status == 400
    places = {fault["field"].rpartition("rules/")[2]: fault["expected"] for fault in problem["errors"]}
    assert places == {"cost_code/0/then/cost_code": "text", "cost_code/0/then/cost_type": "text"}


def test_a_rule_lets_go_exactly_the_bills_that_it_fits(customer: Customer) -> None:
    company = customer.company
    vendor = company.vendor("Northwind")
    for words in ("Rebar #4", "Pump hire", "rebar"):
        company.bill(vendor, lines=[{"description": words, "account_code": "5010", "amount": "10.00"}])
    company.bill(vendor, account="7010")
    customer.run()
    assert put(customer, [rule("03-200", description={"word": "rebar"})])["released"] == {FLOW: 2}
    customer.world.until_quiet()
    assert sorted(customer.states().values()) == ["done", "done", "held", "held"]
    assert customer.apply_flow(mappings={"account": {"7010": "6010"}})["released"] == {FLOW: 1}
    customer.world.until_quiet()
    held = [group["cause"] for group in customer.call("GET", "/holds")["items"]]
    assert sorted(held) == ["cost_code account 5010", "cost_code account 7010"]


def test_the_first_rule_that_fits_wins_and_a_project_s_own_comes_before_the_company_s(customer: Customer) -> None:
    company = customer.company
    put(
        customer,
        [
            rule("03-200", account="5010", description={"word": "rebar"}),
            rule("03-300", account={"begins_with": "50"}),
            rule("99-000", scope="operations", account="5010", description={"contains": "hire"}),
        ],
    )
    vendor = company.vendor("Northwind")
    lines = [
        {"description": words, "account_code": "5010", "amount": "10.00"} for words in ("Rebar", "Pump", "Rebar hire")
    ]
    company.bill(vendor, lines=lines)
    customer.run()
    assert codes(customer) == {"INV-1": ["03-200 M", "03-300 M", "99-000 M"]}


def test_saving_is_shown_first_with_what_it_would_release_and_what_it_would_have_changed(customer: Customer) -> None:
    company, world = customer.company, customer.world
    put(customer, [rule("03-300", account="5010")])
    vendor = company.vendor("Northwind")
    for words in ("Rebar", "Pump", "Rebar ties"):
        company.bill(vendor, lines=[{"description": words, "account_code": "5010", "amount": "10.00"}])
    for _ in range(2):
        company.bill(vendor, account="6010")
    customer.run()
    world.until_quiet()
    before, calls, sent = world.store.all_items(), len(world.http.log), list(world.queue.log)
    rules = [rule("03-200", description={"word": "rebar"}), rule("03-300", account="5010"), rule("01-500")]
    planned = put(customer, rules, plan=True)
    assert planned["preview"] == {
        "waiting": {"released": 2, "looked_at": 2, "cut": False},
        "past": {"changed": 2, "looked_at": 3, "cut": False},
    }
    assert planned["applied"] is False
    exported = customer.call("GET", "/export")["config"]["flows"][FLOW]
    body = {"config": {"flows": {FLOW: {**exported, "rules": {"cost_code": rules}}}}, "plan": True}
    assert customer.call("POST", "/apply", body)["preview"] == {FLOW: planned["preview"]}
    assert world.store.all_items() == before
    assert (len(world.http.log), list(world.queue.log)) == (calls, sent)
    assert put(customer, rules)["released"] == {FLOW: 2}
    world.until_quiet()
    assert codes(customer)["INV-1"] == ["03-300 M"]  # what was moved before stays as it is
    assert codes(customer)["INV-4"] == ["01-500 M"]


def test_a_preview_asks_for_nothing_that_the_table_does_not_have(customer: Customer) -> None:
    world = customer.world
    put(customer, [rule("03-300", account="5010")])
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.run()
    gone = [item for item in world.store.all_items() if item.pk.startswith("REF#") or "#vendor#" in item.pk]
    world.store.write([Delete(item.pk, item.sk) for item in gone])
    calls, sent = len(world.http.log), list(world.queue.log)
    assert put(customer, [rule("03-200", account="5010")], plan=True)["preview"]["past"]["looked_at"] == 1
    assert (len(world.http.log), list(world.queue.log)) == (calls, sent)


def test_a_plain_mapping_is_previewed_in_the_same_way(customer: Customer) -> None:
    company = customer.company
    put(customer, [rule("01-500")])
    vendor = company.vendor("Northwind")
    company.bill(vendor, account="7010")
    company.bill(vendor, account="6010")
    customer.run()
    present = customer.call("GET", f"/flows/{FLOW}/mappings")
    mapped = {"account": {"7010": "6010", "6010": "5010"}}
    body = {"version": present["version"], "rules": present["rules"], "mappings": mapped, "plan": True}
    assert customer.call("PUT", f"/flows/{FLOW}/mappings", body)["preview"] == {
        "waiting": {"released": 1, "looked_at": 1, "cut": False},
        "past": {"changed": 1, "looked_at": 1, "cut": False},
    }


def test_an_earlier_version_is_brought_back_as_a_new_one_and_its_bills_go_as_before(customer: Customer) -> None:
    company = customer.company
    assert put(customer, [rule("03-300", account="5010")])["version"] == 2
    assert put(customer, [rule("01-500", account="6010")])["version"] == 3
    company.bill(company.vendor("Northwind"))
    customer.run()
    assert list(customer.states().values()) == ["held"]
    answer = customer.call("POST", f"/flows/{FLOW}/mappings/rollback", {"to": 2})
    assert (answer["version"], answer["released"]) == (4, {FLOW: 1})
    customer.world.until_quiet()
    assert codes(customer) == {"INV-1": ["03-300 M"]}
    trail = customer.call("GET", f"{customer.record(company.heads()[0].key.source_id)}/trail")["items"]
    assert [entry["mapping_version"] for entry in trail if entry["what"] == "intent to create"] == [4]


def test_a_crash_between_saving_and_releasing_is_made_good_by_the_next_run(customer: Customer) -> None:
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.run()
    setup = customer.world.open(customer.company.tenant, FLOW).setup
    saved = replace(setup, rules={"cost_code": [read(rule("03-300", account="5010"))]})
    customer.world.store.write([setups.flow_put(saved)])
    customer.run()
    assert customer.states() == {"INV-1": "done"}


def test_a_bill_of_many_unfit_lines_is_held_within_bounds_and_goes_with_the_rule(customer: Customer) -> None:
    company = customer.company
    codes_of = [f"5{n:03d}" for n in range(60)]
    for code in codes_of:
        company.procurify.backstage_add_account_code(code, code)
    put(customer, [], mappings={"account": dict.fromkeys(codes_of, "5010")})
    lines = [{"description": "d" * 900, "account_code": code, "amount": "1.00"} for code in codes_of]
    uuid = company.bill(company.vendor("Northwind"), lines=lines)
    customer.run()
    head = company.head(uuid)
    assert head.state == "held"
    assert len(str(ledger.put(head).item.body)) < 60_000
    assert put(customer, [rule("01", account={"begins_with": "5"})])["released"] == {FLOW: 1}
    customer.world.until_quiet()
    assert customer.states() == {"INV-1": "done"}
