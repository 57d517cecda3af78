"""The addresses of what is owed and paid: commitments, requisitions, contract payments and direct costs."""

from __future__ import annotations

from functools import partial

from simulator.systems.procore import bodies, commitments, direct_costs, payments, periods, requisitions
from simulator.systems.procore.calling import Route, route
from simulator.systems.procore.commitments import PURCHASE_ORDER, WORK_ORDER
from simulator.systems.procore.paths import (
    DATES,
    HERE,
    HERE_11,
    OF_LINES,
    PAGE,
    PROJECT,
    REQUISITION_VIEW,
    V1,
    V2,
    V11,
    filters,
)

OF_CONTRACTS = (
    f"{PROJECT} view:=compact|extended {PAGE} filters[id]:s filters[status]:s {DATES} "
    "filters[include_deleted]:=only|with filters[origin_id]:s"
)
OF_UNION = f"{PAGE} view:=default|extended filters[include_deleted]:=only|with " + filters(
    "accounting_method type created_at deleted_at id signature_required status updated_at vendor_id executed"
)
OF_REQUISITIONS = f"{PROJECT} {PAGE} {REQUISITION_VIEW} " + filters(
    "id commitment_id period_id status created_at updated_at origin_id is_last"
)
OF_COSTS = f"{PAGE} " + filters("id origin_id invoice_number created_at updated_at payment_date received_date")
SOURCE = "view:=default|ssov_source_lines"
CONTRACT = f"{PROJECT} contract_id!:i"

UNION = f"{V2}/commitment_contracts"
ONE_OF_UNION = f"{UNION}/{{commitment_contract_id}}"
PERIOD, PAID = f"{HERE}/billing_periods", f"{V1}/contract_payments"
CLAIM, ROWS = f"{V11}/requisitions", f"{V1}/requisitions/{{requisition_id}}"
COST, OLD_COST = f"{HERE_11}/direct_costs", f"{HERE}/direct_costs"
COST_LINE = f"{OLD_COST}/{{direct_cost_id}}/line_items"
contract, cost = partial(route, tool="commitments"), partial(route, tool="direct_costs")


def _contracts(kind: str, name: str) -> tuple[Route, ...]:
    every, holder = f"{V1}/{name}s", f"{V1}/{name}s/{{{name}_id}}"
    line, approval = f"{holder}/line_items", f"{holder}/subcontractor_schedule_of_values_status"
    approve = commitments.set_ssov_status(kind)
    return (
        contract("GET", every, commitments.contracts(kind), OF_CONTRACTS),
        contract("GET", f"{every}/{{id}}", commitments.contract(kind), PROJECT),
        contract("DELETE", f"{every}/{{id}}", commitments.delete(kind), PROJECT),
        contract("GET", line, commitments.lines(kind), f"{PROJECT} {OF_LINES} {SOURCE}"),
        contract("GET", f"{line}/{{id}}", commitments.line(kind), f"{PROJECT} {SOURCE}"),
        contract("DELETE", f"{line}/{{id}}", commitments.delete_line(kind), PROJECT),
        contract("PATCH", approval, approve, sends=bodies.SSOV_STATUS),
    )


COST_ROUTES = (
    *_contracts(WORK_ORDER, "work_order_contract"),
    *_contracts(PURCHASE_ORDER, "purchase_order_contract"),
    contract("GET", f"{V1}/commitments", commitments.both, f"{PROJECT} {PAGE}"),
    contract("GET", f"{V1}/commitments/{{id}}", commitments.either, PROJECT),
    contract("GET", f"{HERE}/contracts/{{contract_id}}/invoice_configuration", commitments.invoice_configuration),
    contract("GET", UNION, commitments.both_v2, OF_UNION, size=10, most=100),
    contract("GET", ONE_OF_UNION, commitments.either_v2, "view:=default|extended"),
    contract("GET", f"{ONE_OF_UNION}/line_items", commitments.lines_v2, PAGE, size=10, most=100),
    contract("GET", PERIOD, periods.periods, f"filters[id]:s {DATES} filters[status]:=open|closed {PAGE}"),
    contract("POST", PERIOD, periods.create, sends=bodies.PERIOD),
    contract("GET", f"{PERIOD}/{{id}}", periods.period),
    contract("PATCH", f"{PERIOD}/{{id}}", periods.edit, sends=bodies.PERIOD),
    contract("DELETE", f"{PERIOD}/{{id}}", periods.delete),
    contract("GET", CLAIM, requisitions.requisitions, OF_REQUISITIONS, size=30),
    contract(
        "POST",
        CLAIM,
        requisitions.create,
        f"{REQUISITION_VIEW} invite_id:i",
        sends=bodies.REQUISITION_CREATE,
        level="standard",
    ),
    contract("GET", f"{CLAIM}/{{id}}", requisitions.requisition, f"{PROJECT} {REQUISITION_VIEW}"),
    contract(
        "PATCH",
        f"{CLAIM}/{{id}}",
        requisitions.edit,
        REQUISITION_VIEW,
        sends=bodies.REQUISITION_CHANGE,
        level="standard",
    ),
    contract("DELETE", f"{CLAIM}/{{id}}", requisitions.delete, PROJECT, level="standard"),
    contract(
        "PATCH", f"{ROWS}/bulk_item_update", requisitions.edit_items, PROJECT, sends=bodies.BULK_ITEMS, level="standard"
    ),
    contract("GET", f"{ROWS}/contract_items", requisitions.contract_items, f"{PROJECT} {PAGE}"),
    contract("GET", f"{ROWS}/contract_detail_items", requisitions.detail_items, f"{PROJECT} {PAGE}"),
    contract("GET", f"{ROWS}/detail", requisitions.all_items, PROJECT),
    contract("GET", f"{ROWS}/change_histories", requisitions.change_histories, PROJECT),
    contract(
        "PATCH",
        f"{V2}/requisitions/{{id}}/payment_details",
        requisitions.edit_payment_details,
        sends=bodies.PAYMENT_DETAILS,
    ),
    contract("GET", PAID, payments.payments, f"{CONTRACT} {PAGE}"),
    contract("POST", PAID, payments.create, sends=bodies.PAYMENT),
    contract("GET", f"{PAID}/{{id}}", payments.payment, CONTRACT),
    contract("PATCH", f"{PAID}/{{id}}", payments.edit, sends=bodies.PAYMENT),
    contract("DELETE", f"{PAID}/{{id}}", payments.delete, CONTRACT),
    cost("GET", COST, direct_costs.costs, OF_COSTS),
    cost("POST", COST, direct_costs.create, sends=bodies.DIRECT_COST_CREATE),
    cost("GET", f"{COST}/{{id}}", direct_costs.cost),
    cost("PATCH", f"{COST}/{{id}}", direct_costs.edit, sends=bodies.DIRECT_COST_CHANGE),
    cost("DELETE", f"{COST}/{{id}}", direct_costs.delete),
    cost("PATCH", f"{OLD_COST}/sync", direct_costs.sync_headers, sends=bodies.DIRECT_COST_SYNC),
    cost("GET", f"{OLD_COST}/line_items", direct_costs.all_lines, f"{OF_LINES} filters[direct_cost_id]:s"),
    cost("PATCH", f"{OLD_COST}/line_items/sync", direct_costs.sync_lines, sends=bodies.LINE_SYNC),
    cost("GET", COST_LINE, direct_costs.lines, OF_LINES),
    cost("POST", COST_LINE, direct_costs.add_line, sends=bodies.LINE),
    cost("PATCH", f"{COST_LINE}/{{id}}", direct_costs.edit_line, sends=bodies.LINE),
    cost("DELETE", f"{COST_LINE}/{{id}}", direct_costs.delete_line),
)
