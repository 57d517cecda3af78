"""The lists that documents point to, and whether projects are ready: from the simulated vendor, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Reference
from chalicelib.systems.procore import commitments, lists, router
from chalicelib.systems.procore.parts import Bill, Choices, DirectCost, Line, Requisition, Waiting
from tests.contract.procore_over_sockets import COMPANY, VENDOR, Builder, Socket, a_socket
from tests.unit.systems.procore_desk import careful

OF_COMPANY, OF_PROJECT = tuple(lists.OF_COMPANY), tuple(lists.OF_PROJECT)
FILLED = tuple(kind for kind in OF_PROJECT if kind != "requisition")  # in a project where nothing was written yet


@pytest.fixture(scope="module")
def socket() -> Iterator[Socket]:
    with a_socket() as found:
        yield found


@pytest.fixture
def builder(socket: Socket) -> Iterator[Builder]:
    made = socket.builder()
    yield made
    made.check()


def readiness(builder: Builder) -> Reference:
    (found,) = builder.listed(f"readiness@{builder.project}")
    careful(Held("x", found.full_name, cause="", fix=""))
    return found


@pytest.mark.parametrize("kind", OF_COMPANY)
def test_every_list_of_the_company_is_read(builder: Builder, kind: str) -> None:
    found = {
        "vendor": {(builder.company_vendor, VENDOR)},
        "project": {(builder.project, "Mill Street Parking Deck")},
        "cost_type": {("918922", "Commitment"), ("918923", "Materials")},
        "preference": {("other_accounting", "false")},
    }
    assert {(one.id, one.name) for one in builder.listed(kind)} == found[kind]


@pytest.mark.parametrize("kind", FILLED)
def test_every_list_is_read_of_one_project_and_of_all_that_the_app_may_enter(builder: Builder, kind: str) -> None:
    other = builder.add_project("Harbor Office", "1043")
    builder.sim.backstage_put_on_project(COMPANY, int(builder.company_vendor), int(other))
    builder.sim.backstage_add_billing_period(COMPANY, int(other), "2026-03-01", "2026-03-31")
    closed = builder.add_project("Closed Project", "1044", permitted=False)
    over = builder.add_project("Finished Project", "1045", active=False)
    mine, others = builder.listed(f"{kind}@{builder.project}"), builder.listed(f"{kind}@{other}")
    assert mine and others
    assert {one.id.partition("/")[0] for one in mine} == {builder.project}
    assert {one.id.partition("/")[0] for one in others} == {other}
    every = {one.id for one in builder.listed(kind)}
    assert every == {one.id for one in (*mine, *others)}
    assert not {closed, over} & {id_.partition("/")[0] for id_ in every}
    if kind != "readiness":
        with pytest.raises(Held) as held:
            builder.listed(f"{kind}@{closed}")
        assert held.value.reason == "permission_or_tool"


def test_the_invoices_of_a_project_are_listed_with_their_status(builder: Builder) -> None:
    assert builder.listed("requisition") == []
    made = builder.made(builder.requisition())
    for status in ("under_review", "approved"):
        builder.sim.backstage_edit_requisition(COMPANY, int(made.current.id.rpartition("/")[2]), status=status)
        (found,) = builder.listed(f"requisition@{builder.project}")
        assert (found.id, found.name, found.kind) == (made.current.id, "INV-2201", status)
        assert builder.listed("requisition") == [found]


def test_a_line_finds_its_budget_code_by_cost_code_and_type(builder: Builder) -> None:
    entries = builder.listed(f"wbs_code@{builder.project}")
    wanted = {"project": builder.project, "cost_code": "26-100", "cost_type": "M"}
    assert lists.budget_code(entries, **wanted) == builder.wbs["26-100.M"]
    assert lists.budget_code(entries, **{**wanted, "cost_type": "X"}) == ""
    builder.sim.backstage_set_wbs_status(COMPANY, int(builder.wbs["26-100.M"]), "inactive")
    assert lists.budget_code(builder.listed(f"wbs_code@{builder.project}"), **wanted) == ""


def test_the_period_of_a_day_is_the_open_one_that_holds_it(builder: Builder) -> None:
    later = builder.sim.backstage_add_billing_period(COMPANY, int(builder.project), "2026-03-01", "2026-03-31")
    entries = builder.listed("billing_period")
    found = lists.billing_period(entries, project=builder.project, day=date(2026, 2, 20))
    assert found.id == f"{builder.project}/{builder.period}"
    builder.sim.backstage_set_period_status(COMPANY, int(builder.period), "closed")
    entries = builder.listed("billing_period")
    with pytest.raises(Held) as held:
        lists.billing_period(entries, project=builder.project, day=date(2026, 2, 20))
    assert held.value.reason == "no_open_billing_period"
    found = lists.billing_period(entries, project=builder.project, day=date(2026, 2, 20), late=True)
    assert found.id == f"{builder.project}/{later['id']}"


# ---------------------------------------------------------------------------------------------- is a project ready


def test_a_project_that_is_ready_says_so(builder: Builder) -> None:
    found = readiness(builder)
    assert (found.active, found.full_name) == (True, "ready for bills: yes")


@pytest.mark.parametrize(
    ("tool", "says"),
    [("directory", "Directory tool"), ("commitments", "Commitments tool"), ("direct_costs", "Direct Costs tool")],
)
def test_a_tool_that_is_switched_off_is_named_with_what_to_do(builder: Builder, tool: str, says: str) -> None:
    builder.sim.backstage_switch_tool(COMPANY, int(builder.project), tool, False)
    found = readiness(builder)
    assert not found.active and found.full_name.startswith("ready for bills: no, because")
    assert f"the {says} of the project {builder.project} is switched off" in found.full_name
    assert "Tool Settings" in found.full_name


@pytest.mark.parametrize("tool", ["directory", "commitments", "direct_costs", "admin"])
def test_a_permission_that_is_missing_is_told_apart_from_a_tool_that_is_off(builder: Builder, tool: str) -> None:
    builder.sim.backstage_set_permission(COMPANY, tool, "none")
    found = readiness(builder)
    assert not found.active and "the app may not enter" in found.full_name and "Permissions" in found.full_name
    builder.sim.backstage_set_permission(COMPANY, tool, "admin")
    assert readiness(builder).active


def test_a_project_that_is_not_permitted_is_told(builder: Builder) -> None:
    builder.sim.backstage_edit_project(COMPANY, int(builder.project), permitted=False)
    found = readiness(builder)
    assert not found.active and f"hides the project {builder.project}" in found.full_name


def test_a_project_without_an_open_period_is_told(builder: Builder) -> None:
    builder.sim.backstage_set_period_status(COMPANY, int(builder.period), "closed")
    assert "no open billing period" in readiness(builder).full_name


# ---------------------------------------------------------------------------------------------- the bill router


def routed(builder: Builder, *codes: str, vendor: str = "", numbers: tuple[str, ...] = ()) -> list[object]:
    bill = Bill(
        title="The bill INV-7",
        vendor_name=VENDOR,
        lines=[
            Line(key=str(n), project=builder.project, amount=amount_of(n), wbs=builder.wbs[code], code=code)
            for n, code in enumerate(codes)
        ],
        vendors={builder.project: frozenset({vendor or builder.vendor})},
        numbers=numbers,
        currency="USD",
    )
    return list(router.route(bill, commitments.of(builder.listed("commitment")), Choices()))


def amount_of(n: int) -> Decimal:
    return Decimal("100.10") + n


def test_a_bill_on_the_schedule_becomes_an_invoice_that_procore_takes(builder: Builder) -> None:
    (part,) = routed(builder, "26-100.C", "26-200.C", "26-100.C")
    assert isinstance(part, Requisition)
    assert part.commitment.id == builder.commitment
    assert part.shares == {builder.values[0]: Decimal("202.20"), builder.values[1]: Decimal("101.10")}
    made = builder.made(builder.requisition(*map(str, part.shares.values()), values=list(part.shares)))
    assert made.money is not None and made.money.amount == Decimal("303.30")


def test_a_bill_of_a_vendor_without_a_commitment_becomes_a_direct_cost(builder: Builder) -> None:
    _, newcomer = builder.add_vendor("Northshore Supply")
    (part,) = routed(builder, "26-100.M", vendor=newcomer)
    assert isinstance(part, DirectCost)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({}, "several_commitments"), ({"status": "Draft"}, ""), ({"status": "Void"}, "")],
)
def test_a_second_commitment_counts_only_while_it_takes_invoices(
    builder: Builder, fields: dict[str, str], reason: str
) -> None:
    builder.add_commitment(**fields)
    (part,) = routed(builder, "26-100.C")
    if reason:
        assert isinstance(part, Waiting) and part.held.reason == reason
    else:
        assert isinstance(part, Requisition) and part.commitment.id == builder.commitment


def test_a_number_on_the_bill_tells_which_commitment_is_meant(builder: Builder) -> None:
    other, _ = builder.add_commitment(type="PurchaseOrderContract", number="PO-7")
    (part,) = routed(builder, "26-100.C", numbers=("po-7",))
    assert isinstance(part, Requisition) and part.commitment.id == other


def test_a_line_off_the_schedule_is_held_and_never_a_direct_cost(builder: Builder) -> None:
    (part,) = routed(builder, "26-100.C", "26-100.M")
    assert isinstance(part, Waiting) and part.held.reason == "lines_unassigned"
