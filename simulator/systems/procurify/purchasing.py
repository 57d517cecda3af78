"""What approvers, purchasers and payers do in Procurify: requests decided, orders that appear, change and end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from simulator.systems.procurify import bill_shapes, entering, order_shapes, requisitions
from simulator.systems.procurify.bills import PAID, move
from simulator.systems.procurify.company import Company, amount, dashed, moment, plain_uuid
from simulator.systems.procurify.documents import Json, Order, Payment, RequestedLine
from simulator.systems.procurify.entering import Entry
from simulator.systems.procurify.shapes import ME_ID, snapshot

Amount = str | int | float | Decimal


class Purchasing:
    """Mixed into the simulator; every method is reachable as POST /_backstage/{name}."""

    company: Company

    def backstage_add_purchase_order(
        self,
        vendor_id: int,
        lines: Sequence[Entry],
        number: str | None = None,
        PO_Num: str | None = None,  # the vendor's own spelling
        date: str | None = None,
        promise_date: str | None = "2026-11-30",
        expiry_date: str | None = None,
        state: int = 0,
        currency: str = "USD",
        rate: Amount | None = None,
        freight: Amount = 0,
        other: Amount = 0,
        tax: Entry | Amount = 0,
        discount: Entry | Amount = 0,
        total: Amount | None = None,
        payment_terms: str = "Net 30",
        comment: str = "",
        creditcard: int | None = None,
        vendor_name: str = "",
        requisition: int | None = None,
    ) -> Json:
        """`date` is a day or a moment, now if left out; `vendor_name` is the text typed for the vendor OTHER."""
        company = self.company
        changed, id = company.changed(), company.number("order")
        order = Order(
            id=id,
            uuid=company.uuid("order", id),
            number=str(990 + id) if number is None else number,
            own_number=PO_Num,
            vendor_id=vendor_id,
            vendor_snapshot=snapshot(company.state.vendors[vendor_id], vendor_name),
            lines=entering.order_lines(company, lines),
            requisition=266 + id if requisition is None else requisition,
            state=state,
            created=changed if date is None else company.moment(date),
            last_modified=changed,
            promise_date=promise_date,
            expiry_date=expiry_date,
            currency=currency,
            rate=amount(company.currency(currency)["rate"] if rate is None else rate),
            freight=amount(freight),
            other=amount(other),
            tax=entering.modifier(tax),
            discount=entering.modifier(discount),
            total=None if total is None else amount(total),
            payment_terms=payment_terms,
            comment=comment,
            creditcard=creditcard,
        )
        company.term("payment_term_ref", {"name": payment_terms})
        company.keep(order)
        return {"procurify_PO": order.id, "uuid": dashed(order.uuid), "number": order.number}

    def backstage_revise_purchase_order(self, procurify_PO: int, **changes: Any) -> Json:
        order = self._order(procurify_PO)
        entering.change_order(self.company, order, changes)
        order.version += 1
        order.last_modified = self.company.changed()
        return order_shapes.row(self.company, order)

    def backstage_set_purchase_order_state(self, procurify_PO: int, state: int) -> Json:
        """No new version: that an order is closed or cancelled is no revision of what was ordered."""
        order = self._order(procurify_PO)
        order.state, order.last_modified = state, self.company.changed()
        order.closed = order.last_modified if state == 3 else None
        return order_shapes.row(self.company, order)

    def backstage_cancel_purchase_order(self, procurify_PO: int) -> Json:
        return self.backstage_set_purchase_order_state(procurify_PO, order_shapes.CANCELLED)

    def backstage_add_payment(
        self,
        bill_uuids: Sequence[str],
        status: str = "paid",
        processing_date: str | None = None,
        amount_paid: Amount | None = None,
        payment_source_name: str = "Operating account",
        payment_source_type: str = "external",
        gl_code: str = "1000",
    ) -> Json:
        """A payment made inside Procurify for whole bills of one vendor; a paid one moves them to paid."""
        company, bills = self.company, [self.company.state.bills[plain_uuid(uuid)] for uuid in bill_uuids]
        number, now = company.number("payment"), moment(company.clock())
        due = sum((bill_shapes.totals(bill).total for bill in bills), Decimal(0))
        paid = due if amount_paid is None else amount(amount_paid)
        currency = company.currency(bills[0].currency)
        day = processing_date or company.today()
        shown: Json = {
            "id": number,
            "uuid": company.uuid("payment", number),
            "payment_source_name": payment_source_name,
            "payment_source_type": payment_source_type,
            "external_payment_source_id": 2,
            "creator": {"id": ME_ID},
            "created_at": now,
            "updated_at": now,
            "amount": f"{paid:.2f}",
            "currency": {"id": currency["id"], "name": currency["name"]},
            "status": status,
            "processing_date": day,
            "direct_debit_bank_account_mask": None,
            "vendor_name": company.state.vendors[bills[0].vendor_id]["name"],
            "posted_date": day if status == "paid" else None,
            "gl_code": gl_code,
            "vendor_payment_method_country_code": None,
            "vendor_payment_method_rail": None,
            "bill_groups": [bill.group for bill in bills],
        }
        company.state.payments[number] = Payment(
            shown=shown,
            vendor_id=bills[0].vendor_id,
            invoice_numbers=[bill.invoice_number for bill in bills],
            amount=paid,
        )
        for bill in bills:
            bill.payment, bill.payment_date = number, day
            move(company, bill, PAID if status == "paid" else bill.status)
        return dict(shown)

    # ------------------------------------------------------------------ requisitions

    def backstage_begin_requisitions_as(self, status: int) -> None:
        """What a requisition made by the API begins as: 0 pending, 1 approved."""
        self.company.state.first_requisition_status = status

    def backstage_add_requisition(self, vendor_id: int, lines: Sequence[tuple[str, str]]) -> int:
        """One that a person put in and that was approved; `lines`: (amount, account code)."""
        return requisitions.put_in(self.company, vendor_id, lines)

    def backstage_approve_requisition(self, num: int) -> Json:
        return self._decide(num, requisitions.APPROVED, requisitions.TO_BUY)

    def backstage_deny_requisition(self, num: int) -> Json:
        return self._decide(num, requisitions.DENIED, requisitions.LINE_DENIED)

    def backstage_purchase_requisition(self, num: int, **fields: Any) -> list[Json]:
        """Put its lines on purchase orders, one per vendor; they keep their ids and names. `fields` as of an order."""
        request, made = self.company.state.requisitions[num], []
        if request.status != requisitions.APPROVED:
            raise ValueError(f"requisition {num} is not approved")
        for vendor in dict.fromkeys(line.vendor_id for line in request.lines):
            lines = [line for line in request.lines if line.vendor_id == vendor]
            entries = [self._ordered(line) for line in lines]
            named = {"currency": request.currency, "requisition": num, **fields}
            order = self.backstage_add_purchase_order(vendor, entries, **named)
            for line in lines:
                line.order, line.status = order["procurify_PO"], requisitions.ON_ORDER
            made.append(order)
        request.status, request.last_modified = requisitions.PURCHASED, self.company.changed()
        return made

    def backstage_requisitions(self) -> list[Json]:
        """Each as the API lists it, and its lines' names and orders."""
        return [
            {
                **requisitions.show(self.company, request),
                "lines": [{"name": line.name, "order": line.order} for line in request.lines],
            }
            for request in self.company.state.requisitions.values()
        ]

    def _decide(self, num: int, status: int, line_status: int) -> Json:
        request = self.company.state.requisitions[num]
        request.status, request.last_modified = status, self.company.changed()
        for line in request.lines:
            line.status = line_status
        return requisitions.show(self.company, request)

    def _ordered(self, line: RequestedLine) -> Entry:
        account = self.company.account_of(line.share)
        found = self.company.state.departments[account.department]
        return {
            "id": line.id,
            "name": line.name,
            "account_code": account.code,
            "department": found["name"],
            "branch": self.company.state.branches[found["branch"]]["name"],
            "quantity": line.quantity,
            "price": line.price,
            "unit": line.unit,
        }

    def _order(self, number: int) -> Order:
        found = self.company.order(str(number))
        if found is None:
            raise KeyError(number)
        return found
