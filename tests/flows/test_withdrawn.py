"""A bill that is taken back in Procurify after it was moved: flagged, or deleted where the customer chose that."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chalicelib.engine import ledger
from simulator.company import Company

MIRROR = {"withdrawn_bill": "delete"}
LINE = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}


def reason(company: Company, uuid: str) -> str:
    return str((company.head(uuid).hold or {}).get("reason"))


def moved(**policies: str) -> tuple[Company, str]:
    company = Company(policies=policies)
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.assert_once([uuid])
    return company, uuid


def what(company: Company, uuid: str) -> list[Any]:
    return [entry["what"] for entry in ledger.trail(company.world.store, company.head(uuid).key)[0]]


def test_a_withdrawn_bill_is_deleted_and_made_anew_when_it_is_approved_again() -> None:
    company, uuid = moved(**MIRROR)
    company.procurify.backstage_set_bill_status(uuid, 5)
    company.cycle()
    assert company.ours() == []
    assert company.head(uuid).state == "done"
    assert what(company, uuid)[-2:] == ["intent to delete", "deleted"]
    company.cycle()
    company.procurify.backstage_set_bill_status(uuid, 2)
    company.cycle()
    company.assert_once([uuid])
    company.assert_no_mistakes()


def test_a_bill_that_a_person_changed_or_paid_there_is_never_deleted_by_us() -> None:
    for act in ("change", "pay"):
        company, uuid = moved(**MIRROR)
        (bill,) = company.ours()
        if act == "pay":
            company.books.backstage_pay_bill(company.realm, bill["Id"], "40.00")
        else:
            company.books.backstage_edit_bill(company.realm, bill["Id"], DocNumber="THEIRS")
        company.procurify.backstage_set_bill_status(uuid, 5)
        company.cycle()
        assert reason(company, uuid) == ("target_locked" if act == "pay" else "changed_in_target")
        assert len(company.ours()) == 1


def test_what_a_person_entered_and_we_only_linked_is_never_deleted() -> None:
    from chalicelib.engine import replay
    from simulator.company import FLOW

    company = Company(policies=MIRROR)
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_ledger(company.realm)["vendors"][0]["Id"]
    line = {"amount": "100.00", "account_id": company.accounts["5010"]["Id"]}
    typed = company.books.backstage_add_bill(company.realm, theirs, [line], DocNumber="INV-77", TxnDate="2026-02-20")
    uuid = company.bill(vendor, invoice_number="INV-77")
    company.cycle()
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.link_to(flow, move, company.head(uuid), typed["Id"], by="Ann")
    company.procurify.backstage_set_bill_status(uuid, 5)
    company.cycle()
    assert reason(company, uuid) == "withdrawn_at_source"
    assert len(company.books.backstage_ledger(company.realm)["bills"]) == 1


def test_a_bill_deleted_in_procurify_is_noticed_within_a_day_and_flagged_or_mirrored() -> None:
    for policy, left in (("hold", 1), ("delete", 0)):
        company, uuid = moved(withdrawn_bill=policy)
        company.procurify.backstage_delete_bill(uuid)
        company.world.clock.advance(24 * 3600)
        company.cycle()
        assert len(company.ours()) == left
        assert company.head(uuid).gone
        assert reason(company, uuid) == ("withdrawn_at_source" if left else "None")


def test_the_daily_look_asks_for_each_recent_bill_once_a_day_and_writes_nothing_for_those_that_are_there() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    for n in range(5):
        company.bill(vendor, f"{n + 1}.00")
    company.bill(vendor, "9.00", invoice_date="2026-01-02")  # moved long ago when the day comes
    company.cycle()
    company.world.clock.advance(24 * 3600)
    company.procurify.faults.calls.clear()
    company.cycle()
    company.cycle()
    asked = [call for call in company.procurify.faults.calls if "/api/v2/ap/bills/" in call]
    assert len(asked) == len(set(asked)) == 5
    assert company.total_ours() == Decimal("24.00")


def test_bills_that_all_seem_gone_at_once_are_believed_by_nobody() -> None:
    """A role that lost its rights answers 404 to everything: that deletes nothing, and somebody is told."""
    company = Company(policies=MIRROR)
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, f"{n + 1}.00") for n in range(8)]
    company.cycle()
    for uuid in uuids:
        company.procurify.backstage_delete_bill(uuid)
    company.world.clock.advance(24 * 3600)
    company.cycle()
    company.assert_once(uuids)
    assert not any(company.head(uuid).gone for uuid in uuids)
    assert any("gone" in text for _, text in company.world.notices.published)
