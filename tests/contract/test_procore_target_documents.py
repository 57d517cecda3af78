"""Invoices, direct costs and payments through the Procore target, against the simulated vendor over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held, TryAgain, Unknown
from chalicelib.engine.merge import stands
from chalicelib.engine.records import Booked, Done
from chalicelib.systems.procore.drafts import share
from tests.contract.procore_over_sockets import COMPANY, DAY, Builder, Socket, a_socket, intent

DOCUMENTS = ("requisition", "direct_cost", "contract_payment")
LOCKABLE = ("direct_costs", "requisitions", "payments")


@pytest.fixture(scope="module")
def socket() -> Iterator[Socket]:
    with a_socket() as found:
        yield found


@pytest.fixture
def builder(socket: Socket) -> Iterator[Builder]:
    made = socket.builder()
    yield made
    made.check()


def rows_of(builder: Builder, kind: str = "requisitions", n: int = -1) -> list[str]:
    """What an invoice has on each line of the schedule."""
    return [item["work_completed_this_period"] for item in builder.ledger(kind)[n]["items"]]


# ---------------------------------------------------------------------------------------------- invoices of commitments


@pytest.mark.parametrize("ignored", [False, True], ids=["rows taken", "rows dropped without a word"])
def test_an_invoice_is_made_changed_voided_and_deleted(builder: Builder, ignored: bool) -> None:
    builder.sim.backstage_switch("ignore_items_on_create", ignored)
    made = builder.made(builder.requisition("12500.00", "800.55"))
    assert made.money == builder.requisition("12500.00", "800.55").money
    assert rows_of(builder) == ["12500.00", "800.55"]
    assert bool(made.notes) is ignored

    later = builder.requisition("0.00", "900.10", number="INV-2201-A", date=date(2026, 2, 24))
    changed = builder.done(builder.changed(later, made))
    assert changed.money == later.money and stands(changed.current, later.body)
    assert rows_of(builder) == ["0.00", "900.10"]

    voided = builder.done(builder.changed(later, made, op="void"))
    assert voided.current.void and rows_of(builder) == ["0.00", "0.00"]
    assert builder.done(builder.changed(later, made, op="void")).current.void, "a second time is no trouble"

    builder.done(builder.changed(later, made, op="delete"))
    assert not builder.ledger("requisitions")
    assert builder.target.read("requisition", made.current.id) is None


def test_invoices_of_one_commitment_follow_each_other_by_their_day(builder: Builder) -> None:
    days = (24, 3, 17)
    drafts = [builder.requisition(f"{n}00.00", number=f"INV-{n}", date=date(2026, 2, n)) for n in days]
    outcomes = builder.perform(*[intent(draft, source_id=draft.body["date"]) for draft in drafts])  # type: ignore[arg-type]
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [row["invoice_number"] for row in builder.ledger("requisitions")] == ["INV-3", "INV-17", "INV-24"]


def test_money_that_the_commitment_would_keep_back_is_not_kept_back(builder: Builder) -> None:
    builder.commitment, builder.values = builder.add_commitment(retainage_percent="10")
    made = builder.made(builder.requisition("12500.00"))
    assert made.money is not None and made.money.amount == Decimal("12500.00")
    (row,) = builder.ledger("requisitions")
    assert row["summary"]["current_payment_due"] == "12500.00"


def test_retainage_that_is_asked_for_is_kept_back(builder: Builder) -> None:
    lines = [share(line=builder.values[0], amount=Decimal("12500.00"), retainage=Decimal("1250.00"))]
    draft = builder.requisition(lines=lines)
    made = builder.made(draft)
    assert made.money == draft.money and stands(made.current, draft.body)
    assert builder.ledger("requisitions")[0]["summary"]["total_retainage"] == "1250.00"


def test_an_invoice_is_approved_where_the_customer_wants_that(builder: Builder) -> None:
    made = builder.made(builder.requisition(status="approved"))
    assert builder.ledger("requisitions")[0]["status"] == "approved"
    standing = builder.standing("requisition", made.current.id)
    assert "it is approved" in standing.locks["lines"]


def test_an_app_that_may_not_approve_leaves_the_invoice_to_people(builder: Builder) -> None:
    builder.sim.backstage_set_permission(COMPANY, "commitments", "standard")
    made = builder.made(builder.requisition(status="approved"))
    assert "under review" in " ".join(made.notes)
    assert builder.ledger("requisitions")[0]["status"] == "under_review"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"status": "Draft"}, "Draft"),
        ({"status": "Terminated"}, "Terminated"),
        ({"invoices_enabled": False}, "invoices"),
        ({"ssov_enabled": True}, "schedule"),
        ({"type": "PurchaseOrderContract", "status": "Submitted"}, "Submitted"),
    ],
)
def test_a_commitment_that_takes_no_invoice_is_told_beforehand_and_by_procore(
    builder: Builder, fields: dict[str, Any], says: str
) -> None:
    builder.commitment, builder.values = builder.add_commitment(**fields)
    (head,) = [one for one in builder.listed("commitment") if one.id == builder.commitment]
    assert not head.active and says in head.contact["blocked"]
    held = builder.held(intent(builder.requisition()))
    assert held.reason == "not_accepted" and not builder.ledger("requisitions")


def test_an_invoice_of_a_purchase_order_is_made_like_any_other(builder: Builder) -> None:
    builder.commitment, builder.values = builder.add_commitment(type="PurchaseOrderContract", number="PO-7")
    draft = builder.requisition("12500.00", "1.00")
    assert builder.made(draft).money == draft.money


def test_more_than_the_commitment_has_is_held_where_the_company_prevents_it(builder: Builder) -> None:
    over = builder.requisition("50000.01")
    assert builder.made(over, "1").money == over.money, "by default Procore takes it"
    builder.sim.backstage_edit_company(COMPANY, prevent_overbilling=True)
    held = builder.held(intent(builder.requisition("0.01", number="INV-9"), source_id="2"))
    assert "exceeds the scheduled value" in held.message


@pytest.mark.parametrize("by_admin", [True, False])
def test_a_closed_period_is_a_persons_unless_an_admin_may_name_it(builder: Builder, by_admin: bool) -> None:
    builder.sim.backstage_switch("closed_period_by_admin", by_admin)
    builder.sim.backstage_set_period_status(COMPANY, int(builder.period), "closed")
    if by_admin:
        assert builder.made(builder.requisition()).money == builder.requisition().money
    else:
        held = builder.held(intent(builder.requisition()))
        assert held.reason == "no_open_billing_period" and held.waits_for == (
            f"reference:billing_period@{builder.project}",
        )
    held = builder.held(intent(builder.requisition(period="", number="INV-9"), source_id="9"))
    assert held.reason == "no_open_billing_period"


def test_an_invoice_that_another_one_follows_is_left_as_it_is(builder: Builder) -> None:
    first = builder.made(builder.requisition(number="INV-1"), "1")
    builder.made(builder.requisition(number="INV-2"), "2")
    standing = builder.standing("requisition", first.current.id)
    assert "a later invoice follows it" in standing.locks["lines"]
    wanted = builder.changed(builder.requisition(number="INV-1"), first, op="delete", source_id="1")
    assert builder.held(wanted).reason == "not_accepted"
    assert len(builder.ledger("requisitions")) == 2


def test_an_invoice_with_payments_is_left_as_it_is_until_they_are_gone(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1")
    payment = builder.made(builder.payment(invoice.current.id), "2")
    builder.sim.backstage_edit_requisition(COMPANY, int(invoice.current.id.rpartition("/")[2]), status="under_review")
    assert "it has payments" in builder.standing("requisition", invoice.current.id).locks["lines"]
    delete = builder.changed(builder.requisition(), invoice, op="delete", source_id="1")
    assert builder.held(delete).reason == "not_accepted"
    draft = builder.payment(invoice.current.id)
    builder.done(builder.changed(draft, payment, op="delete", source_id="2"))
    builder.done(delete)
    assert not builder.ledger("requisitions") and not builder.ledger("payments")


def test_an_invoice_that_a_person_entered_is_a_twin_and_never_ours(builder: Builder) -> None:
    commitment = int(builder.commitment.rpartition("/")[2])
    made = builder.sim.backstage_add_requisition(
        COMPANY, commitment, {builder.values[0]: "12500"}, invoice_number="inv-2201", billing_date="2026-02-19"
    )
    sighting = builder.look(builder.requisition())
    assert [one.id for one in sighting.twins] == [f"{builder.project}/{made['id']}"] and not sighting.ours
    assert builder.look(builder.requisition(number="INV-7")).twins == []


@pytest.mark.parametrize("call", ["POST /rest/v1.1/requisitions", "GET /rest/v1.1/requisitions/", "PATCH /rest/"])
@pytest.mark.parametrize("ignored", [False, True])
def test_an_invoice_is_made_once_wherever_an_answer_is_lost(builder: Builder, call: str, ignored: bool) -> None:
    builder.sim.backstage_switch("ignore_items_on_create", ignored)
    builder.sim.faults.plan("drop_after", call)
    wanted = intent(builder.requisition())
    (outcome,) = builder.perform(wanted)
    for _ in range(3):
        if isinstance(outcome, Done):
            break
        assert isinstance(outcome, Unknown | TryAgain)
        (sighting,) = builder.target.look([wanted])
        if sighting.ours:
            break
        (outcome,) = builder.perform(wanted)
    assert len(builder.ledger("requisitions")) == 1
    assert rows_of(builder) == ["12500.00", "0.00"]
    (found,) = builder.look(builder.requisition()).ours
    assert stands(found, wanted.body)


# ---------------------------------------------------------------------------------------------- direct costs


def test_a_direct_cost_is_made_changed_voided_and_deleted(builder: Builder) -> None:
    made = builder.made(builder.direct_cost("830.25", "-30.25", "0.10"))
    (row,) = builder.ledger("direct_costs")
    assert (row["grand_total"], row["status"], row["direct_cost_type"]) == ("800.10", "approved", "invoice")
    assert row["origin_id"] == "mlc:books:bill:145"

    later = builder.direct_cost("900.00", "-30.25", number="S-8842", date=date(2026, 2, 25))
    changed = builder.done(builder.changed(later, made))
    assert changed.money == later.money and stands(changed.current, later.body)
    (row,) = builder.ledger("direct_costs")
    assert (row["invoice_number"], row["direct_cost_date"]) == ("S-8842", "2026-02-25")
    assert [line["amount"] for line in row["line_items"]] == ["900.00", "-30.25"]

    voided = builder.done(builder.changed(later, made, op="void"))
    assert voided.current.void and builder.ledger("direct_costs")[0]["grand_total"] == "0.00"
    builder.done(builder.changed(later, made, op="delete"))
    assert builder.ledger("direct_costs") == []


@pytest.mark.parametrize("op", ["update", "void", "delete"])
@pytest.mark.parametrize("kind", ["direct_cost", "contract_payment"])
def test_what_our_own_id_locks_is_unlocked_changed_and_locked_again(builder: Builder, kind: str, op: str) -> None:
    builder.sim.backstage_switch("locks_bind_api", list(LOCKABLE))
    drafts = builder.drafts()
    made = builder.made(drafts[kind])
    if kind == "direct_cost":
        later = builder.direct_cost("900.00", number="S-8842")
    else:
        later = builder.payment(str(drafts[kind].once["requisition"]), "8999.00")
    done = builder.done(builder.changed(later, made, op=op))
    stored = builder.ledger("direct_costs" if kind == "direct_cost" else "payments")
    if op == "delete" or (op, kind) == ("void", "contract_payment"):
        assert stored == []
        return
    assert stored[0]["origin_id"] == "mlc:books:bill:145"
    assert done.money is not None and done.money.amount == (Decimal(0) if op == "void" else later.money.amount)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["direct_cost", "contract_payment"])
def test_a_lock_that_does_not_open_is_a_persons_and_nothing_is_changed(builder: Builder, kind: str) -> None:
    builder.sim.backstage_switch("locks_bind_api", list(LOCKABLE))
    builder.sim.backstage_switch("unlink_by_null", False)
    draft = builder.drafts()[kind]
    made = builder.made(draft)
    assert builder.held(builder.changed(draft, made, op="delete")).reason == "record_locked_by_origin_id"
    assert stands(builder.standing(kind, made.current.id), draft.body)


def test_a_mark_that_was_taken_off_before_an_answer_was_lost_is_put_on_again(builder: Builder) -> None:
    builder.sim.backstage_switch("locks_bind_api", list(LOCKABLE))
    made = builder.made(builder.direct_cost())
    later = builder.direct_cost("900.00")
    builder.sim.faults.plan("drop_after", "PATCH /rest/v1.1", skip=2)  # refused, unlocked, changed
    assert isinstance(builder.perform(builder.changed(later, made))[0], Unknown)
    assert builder.ledger("direct_costs")[0]["origin_id"] is None
    standing = builder.standing("direct_cost", made.current.id)
    assert builder.look(later).ours, "the mark in the origin data is enough to find it"
    builder.done(intent(builder.direct_cost("901.00"), op="update", current=standing))
    (row,) = builder.ledger("direct_costs")
    assert (row["origin_id"], row["grand_total"]) == ("mlc:books:bill:145", "901.00")


def test_a_bill_of_many_lines_is_made_whole_and_changed_whole(builder: Builder) -> None:
    amounts = [f"{n}.{n % 100:02}" for n in range(1, 251)]
    draft = builder.direct_cost(*amounts)
    made = builder.made(draft)
    assert made.money == draft.money and len(builder.ledger("direct_costs")[0]["line_items"]) == 250
    later = builder.direct_cost(*[str(Decimal(amount) + 1) for amount in amounts[:230]])
    changed = builder.done(builder.changed(later, made))
    assert changed.money == later.money and stands(changed.current, later.body)
    assert len(builder.ledger("direct_costs")[0]["line_items"]) == 230


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "html", "malformed"])
def test_a_bill_of_many_lines_that_was_only_begun_is_finished_and_not_made_again(builder: Builder, fault: Any) -> None:
    draft = builder.direct_cost(*["1.01"] * 310)
    builder.sim.faults.plan(fault, "line_items/sync")
    (outcome,) = builder.perform(intent(draft))
    assert isinstance(outcome, Unknown)
    assert not builder.look(draft).ours, "it is not whole yet"
    assert not builder.look(draft).twins
    assert builder.made(draft).money == draft.money
    (row,) = builder.ledger("direct_costs")
    assert len(row["line_items"]) == 310


@pytest.mark.parametrize("scope", ["project", "company", "either"])
def test_the_vendor_is_taken_by_whichever_id_procore_wants(builder: Builder, scope: str) -> None:
    builder.sim.backstage_switch("direct_cost_vendor", scope)
    draft = builder.direct_cost()
    made = builder.made(draft)
    assert stands(made.current, draft.body)
    assert stands(builder.standing("direct_cost", made.current.id), draft.body), "the next run has nothing to do"
    later = builder.direct_cost("900.00")
    assert builder.done(builder.changed(later, made)).money == later.money
    assert len(builder.ledger("direct_costs")) == 1


def test_a_vendor_of_another_project_is_held_as_not_on_this_one(builder: Builder) -> None:
    elsewhere = builder.sim.backstage_add_vendor(COMPANY, "Northshore Supply")
    held = builder.held(intent(builder.direct_cost(vendor=str(elsewhere["id"]), company_vendor=str(elsewhere["id"]))))
    assert held.reason == "vendor_not_on_project"


def test_a_bill_that_was_paid_has_its_day_of_payment_and_loses_it_again(builder: Builder) -> None:
    made = builder.made(builder.direct_cost())
    paid = builder.direct_cost(paid="2026-03-01")
    assert stands(builder.done(builder.changed(paid, made)).current, paid.body)
    assert builder.ledger("direct_costs")[0]["payment_date"] == "2026-03-01"
    builder.done(builder.changed(builder.direct_cost(), made))
    assert builder.ledger("direct_costs")[0]["payment_date"] is None


def test_a_day_of_payment_that_procore_keeps_is_told_to_a_person(builder: Builder) -> None:
    builder.sim.backstage_switch("payment_date_null_clears", False)
    made = builder.made(builder.direct_cost(paid="2026-03-01"))
    held = builder.held(builder.changed(builder.direct_cost(), made))
    assert held.reason == "payment_date_stays"


def test_money_back_is_taken_or_told_as_procore_has_it(builder: Builder) -> None:
    credit = builder.direct_cost("-100.00")
    assert builder.made(credit, "1").money == credit.money
    builder.sim.backstage_switch("negative_direct_costs", False)
    assert builder.held(intent(builder.direct_cost("-100.00", number="S-2"), source_id="2")).reason == "not_accepted"


def test_a_locked_budget_keeps_a_cost_on_an_unplanned_code_back_and_no_other(builder: Builder) -> None:
    builder.sim.backstage_add_budget_line(COMPANY, int(builder.project), "26-100.M", "1000")
    builder.sim.backstage_edit_project(COMPANY, int(builder.project), budget_locked=True)
    builder.made(builder.direct_cost())
    builder.wbs["26-100.M"] = builder.wbs["26-200.M"]
    unplanned = intent(builder.direct_cost(number="S-2"), source_id="2")
    builder.sim.backstage_switch("locked_budget_takes_new_codes", False)
    assert builder.held(unplanned).reason == "budget_locked"
    assert len(builder.ledger("direct_costs")) == 1, "nothing of it is left there"
    builder.sim.backstage_switch("locked_budget_takes_new_codes", True)
    builder.done(unplanned)


def test_a_direct_cost_that_a_person_entered_is_a_twin_and_never_deleted(builder: Builder) -> None:
    builder.sim.backstage_add_direct_cost(
        COMPANY,
        int(builder.project),
        [{"code": "26-100.M", "amount": "830.25"}],
        vendor_id=int(builder.vendor),
        invoice_number="S-8841",
        direct_cost_type="invoice",
        direct_cost_date="2026-02-20",
    )
    draft = builder.direct_cost()
    sighting = builder.look(draft)
    (twin,) = sighting.twins
    assert not sighting.ours
    other = intent(builder.direct_cost("1.00"), op="delete", current=twin)
    assert builder.held(other).reason == "changed_in_target"
    assert len(builder.ledger("direct_costs")) == 1


def test_a_customer_who_keeps_direct_costs_open_has_our_mark_in_the_data_alone(builder: Builder) -> None:
    draft = builder.direct_cost(lock=False)
    made = builder.made(draft)
    (row,) = builder.ledger("direct_costs")
    assert (row["origin_id"], row["origin_data"]) == (None, "[mlc:books:bill:145]")
    assert [one.id for one in builder.look(draft).ours] == [made.current.id]
    builder.sim.backstage_edit_direct_cost(COMPANY, row["id"], description="a person may")
    assert stands(builder.standing("direct_cost", made.current.id), draft.body)


# ---------------------------------------------------------------------------------------------- payments


def test_a_payment_is_made_changed_and_taken_back(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    draft = builder.payment(invoice, "5000.00")
    made = builder.made(draft)
    (row,) = builder.ledger("payments")
    assert (row["amount"], row["check_number"], row["payment_method"]) == ("5000.0", "10442", "check")
    assert f"{builder.project}/{row['requisition_id']}" == invoice
    assert made.money == draft.money

    later = builder.payment(invoice, "5000.01", date=date(2026, 3, 1))
    changed = builder.done(builder.changed(later, made))
    assert changed.money == later.money and builder.ledger("payments")[0]["date"] == "2026-03-01"
    builder.done(builder.changed(later, made, op="void"))
    assert builder.ledger("payments") == [], "there are no payments of nothing"


def test_a_complaint_that_came_cut_is_asked_for_again_and_not_told_to_anybody(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    draft = builder.payment(invoice)
    delete = builder.changed(draft, builder.made(draft), op="delete")
    builder.sim.faults.plan("malformed", "DELETE /rest/")  # what it says is that the payment is locked
    (outcome,) = builder.perform(delete)
    assert isinstance(outcome, TryAgain) and outcome.counts
    builder.done(delete)
    assert builder.ledger("payments") == []


def test_partial_payments_of_one_invoice_are_told_apart_by_their_marks(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    for n in ("8", "9"):
        assert not builder.look(builder.payment(invoice, "100.00"), n).twins
        builder.made(builder.payment(invoice, "100.00"), n)
    assert len(builder.ledger("payments")) == 2
    ids = [one.id for n in ("8", "9") for one in builder.look(builder.payment(invoice, "100.00"), n).ours]
    assert len(set(ids)) == 2


def test_a_payment_before_the_approval_waits_and_goes_after_it(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(), "1").current.id
    held = builder.held(intent(builder.payment(invoice)))
    assert held.reason == "invoice_not_approved" and "under review" in held.message
    builder.sim.backstage_edit_requisition(COMPANY, int(invoice.rpartition("/")[2]), status="approved")
    builder.made(builder.payment(invoice))


def test_payments_that_are_switched_off_on_a_commitment_are_told(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    builder.sim.backstage_edit_commitment(COMPANY, int(builder.commitment.rpartition("/")[2]), payments_enabled=False)
    (head,) = [one for one in builder.listed("commitment") if one.id == builder.commitment]
    assert head.contact["payments"] == "false"
    assert "payments enabled" in builder.held(intent(builder.payment(invoice))).message


def test_a_payment_whose_invoice_procore_does_not_keep_is_noted_and_found_again(builder: Builder) -> None:
    builder.sim.backstage_switch("payment_keeps_requisition", False)
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    made = builder.made(builder.payment(invoice))
    assert "did not say which invoice" in " ".join(made.notes)
    assert [one.id for one in builder.look(builder.payment(invoice)).ours] == [made.current.id]


def test_a_payment_that_a_person_entered_is_a_twin(builder: Builder) -> None:
    invoice = builder.made(builder.requisition(status="approved"), "1").current.id
    commitment = int(builder.commitment.rpartition("/")[2])
    builder.sim.backstage_add_payment(COMPANY, commitment, "12500", check_number="10442", date="2026-02-28")
    sighting = builder.look(builder.payment(invoice))
    assert len(sighting.twins) == 1 and not sighting.ours


# ---------------------------------------------------------------------------------------------- what people do


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_what_a_person_deleted_is_gone_only_while_its_project_is_seen(builder: Builder, kind: str) -> None:
    draft = builder.drafts()[kind]
    made = builder.made(draft)
    builder.done(builder.changed(draft, made, op="delete"))
    assert builder.target.read(kind, made.current.id) is None
    builder.sim.backstage_edit_project(COMPANY, int(builder.project), permitted=False)
    with pytest.raises(Held) as closed:
        builder.target.read(kind, made.current.id)
    assert closed.value.reason == "permission_or_tool"


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_project_that_the_app_may_not_enter_holds_its_own_records_alone(builder: Builder, kind: str) -> None:
    draft = builder.drafts()[kind]
    builder.sim.backstage_edit_project(COMPANY, int(builder.project), permitted=False)
    held = builder.held(intent(draft))
    assert held.reason == "permission_or_tool" and held.waits_for == (f"reference:readiness@{builder.project}",)
    (sighting,) = builder.target.look([intent(draft)])
    assert isinstance(sighting.told, Held) and sighting.told.reason == "permission_or_tool"
    tokens = len(builder.calls("POST /oauth/token"))
    builder.sim.backstage_edit_project(COMPANY, int(builder.project), permitted=True)
    builder.made(draft)
    assert len(builder.calls("POST /oauth/token")) == tokens, "a closed project never costs the access"


def test_what_stands_in_a_period_is_listed_with_our_marks_project_by_project(builder: Builder) -> None:
    builder.add_project("Closed Project", "1043", permitted=False)
    builder.add_project("Quiet Project", "1044")
    drafts = builder.drafts()
    made = {kind: builder.made(drafts[kind], kind) for kind in DOCUMENTS}
    for kind in DOCUMENTS:
        rows: list[Booked] = []
        token, pages = None, 0
        while pages == 0 or token:
            page = builder.target.dated(kind, DAY, DAY, token=token)
            rows += page.rows
            token, pages = page.next, pages + 1
        assert pages == 2, "one page of each project that can be seen"
        ours = {row.mark: row for row in rows}
        assert ours[f"[mlc:books:bill:{kind}]"].id == made[kind].current.id
        money, sent = ours[f"[mlc:books:bill:{kind}]"].money, drafts[kind].money
        assert money is not None and sent is not None and money.amount == sent.amount
        assert not builder.target.dated(kind, date(2026, 3, 9), date(2026, 3, 9), token=None).rows
