"""What people do in Procurify: the actions that tests and the seed take behind the API's back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as fields_of
from decimal import Decimal
from typing import Any

from simulator.systems.procurify import bill_shapes, entering, order_shapes, vendors
from simulator.systems.procurify.bills import move
from simulator.systems.procurify.company import amount, dashed, plain_uuid
from simulator.systems.procurify.documents import Bill, Json, Step
from simulator.systems.procurify.entering import Entry
from simulator.systems.procurify.purchasing import Amount, Purchasing
from simulator.systems.procurify.shapes import snapshot

UNTOUCHABLE = {"id", "uuid", "history", "vendor_snapshot", "last_modified", "version", "items"}


class People(Purchasing):
    """Mixed into the simulator; every method is reachable as POST /_backstage/{name}."""

    client_id: str
    client_secret: str

    # ------------------------------------------------------------------ master data

    def backstage_add_vendor(self, name: str, **fields: Any) -> Json:
        """A field that the API would refuse may be set here, such as an `email` of [""]."""
        return dict(vendors.make(self.company, name, **fields))

    def backstage_edit_vendor(self, id: int, **fields: Any) -> Json:
        return dict(vendors.change(self.company, self.company.state.vendors[id], **fields))

    def backstage_deactivate_vendor(self, id: int) -> Json:
        return self.backstage_edit_vendor(id, active=False)

    def backstage_add_account_code(
        self, code: str, description: str, account_type: int = 2, active: bool = True
    ) -> Json:
        return dict(self.company.code(code, description=description, account_type=account_type, active=active))

    def backstage_add_location(self, name: str, time_zone: str = "", external_id: str | None = None) -> Json:
        """The first location is the headquarters; one without a zone of its own has the customer's."""
        return dict(self.company.branch(name, time_zone=time_zone, external_id=external_id))

    def backstage_add_department(self, name: str, branch: str = "Head Office", external_id: str | None = None) -> Json:
        department = self.company.department(name, branch)
        department["external_id"] = external_id
        return dict(department)

    def backstage_add_currency(self, name: str, rate: Amount = "1.000000") -> Json:
        currency = self.company.currency(name)
        currency["rate"] = f"{amount(rate):.6f}"
        return dict(currency)

    # ------------------------------------------------------------------ bills

    def backstage_add_bill(
        self,
        vendor_id: int,
        lines: Sequence[Entry],
        invoice_number: str = "",
        invoice_date: str | None = "2026-11-01",
        due_date: str | None = None,
        status: int = 2,
        type: int = 0,
        currency: str = "USD",
        costs: Sequence[Entry] | None = None,
        note: str = "",
        payment_terms: str = "Net 30",
        total: Amount | None = None,
        tax_is_inclusive: bool = False,
        shipping_amount: Amount | None = None,
        shipping_is_in_total: bool = False,
        vendor_name: str = "",
        gl_post_date: str | None = None,
        group: int | None = None,
        active: bool = True,
        locked: bool = False,
        invoice_created: bool = False,
        last_export_date: str | None = None,
    ) -> Json:
        """A bill as people enter it; `total` and `shipping_amount` override what its lines add up to."""
        company = self.company
        number, changed = company.number("bill"), company.changed()
        steps = entering.FIRST_STEPS.get(status, [0, 1, 2, status])
        company.currency(currency)
        bill = Bill(
            id=number,
            uuid=company.uuid("bill", number),
            group=number if group is None else group,
            vendor_id=vendor_id,
            vendor_snapshot=snapshot(company.state.vendors[vendor_id], vendor_name),
            items=entering.items(company, lines, tax_is_inclusive=tax_is_inclusive),
            costs=entering.costs(company, costs or []),
            history=[Step(id=company.number("step"), status=step, at=changed) for step in steps],
            last_modified=changed,
            submitted=changed if status else None,
            status=status,
            type=type,
            currency=currency,
            invoice_number=invoice_number,
            invoice_date=invoice_date,
            due_date=due_date,
            gl_post_date=gl_post_date or invoice_date,
            payment_terms=payment_terms,
            note=note,
            tax_is_inclusive=tax_is_inclusive,
            total=None if total is None else amount(total),
            shipping_amount=None if shipping_amount is None else amount(shipping_amount),
            shipping_is_in_total=shipping_is_in_total,
            active=active,
            locked=locked,
            invoice_created=invoice_created,
            last_export_date=last_export_date,
        )
        company.state.bills[bill.uuid] = bill
        return _named(bill)

    def backstage_edit_bill(self, uuid: str, **changes: Any) -> Json:
        """The fields of `add_bill`. `lines` and `costs` replace what was there; a `total` of None adds up again."""
        company, bill = self.company, self._bill(uuid)
        strange = set(changes) - ({field.name for field in fields_of(Bill)} - UNTOUCHABLE) - {"lines", "vendor_name"}
        if strange:
            raise TypeError(f"a bill has no {', '.join(sorted(strange))}")
        if "invoice_date" in changes and bill.gl_post_date == bill.invoice_date:
            changes.setdefault("gl_post_date", changes["invoice_date"])
        status = changes.pop("status", bill.status)
        bill.tax_is_inclusive = changes.pop("tax_is_inclusive", bill.tax_is_inclusive)
        if "vendor_id" in changes or "vendor_name" in changes:
            bill.vendor_id = changes.pop("vendor_id", bill.vendor_id)
            vendor = company.state.vendors[bill.vendor_id]
            bill.vendor_snapshot = snapshot(vendor, changes.pop("vendor_name", ""))
        if "lines" in changes:
            bill.items = entering.items(company, changes.pop("lines"), tax_is_inclusive=bill.tax_is_inclusive)
        if "costs" in changes:
            bill.costs = entering.costs(company, changes.pop("costs") or [])
        for name in {"total", "shipping_amount"} & set(changes):
            value = changes.pop(name)
            setattr(bill, name, None if value is None else amount(value))
        for name, value in changes.items():
            setattr(bill, name, value)
        bill.version += 1
        if status != bill.status:
            move(company, bill, status)
        else:
            bill.last_modified = company.changed()
        return _named(bill)

    def backstage_set_bill_status(self, uuid: str, status: int) -> None:
        move(self.company, self._bill(uuid), status)

    def backstage_delete_bill(self, uuid: str) -> None:
        del self.company.state.bills[self._bill(uuid).uuid]

    def backstage_touch_bill(self, uuid: str) -> None:
        self._bill(uuid).last_modified = self.company.changed()

    def backstage_put_raw_bill_field(self, uuid: str, path: str, value: Any) -> None:
        """Corrupt a field of the detail answer; "__delete__" takes it out. The bill counts as changed."""
        bill = self._bill(uuid)
        kept = float(value) if isinstance(value, Decimal) else value
        self.company.state.raw_fields.setdefault(bill.uuid, {})[path] = kept
        self.backstage_touch_bill(uuid)

    # ------------------------------------------------------------------ access, and looking at it all

    def backstage_set_credentials(self, client_id: str, client_secret: str) -> None:
        """Tokens handed out before keep working for their life."""
        self.client_id, self.client_secret = client_id, client_secret

    def backstage_counts(self) -> dict[str, int]:
        state = self.company.state
        return {
            "vendors": len(state.vendors),
            "bills": len(state.bills),
            "purchase_orders": len(state.orders),
            "payments": len(state.payments),
            "account_codes": len(state.codes),
            "departments": len(state.departments),
        }

    def backstage_snapshot(self, kind: str) -> list[Json]:
        """Full documents of one kind, oldest first: "vendors", "bills", "purchase_orders" or "payments"."""
        state = self.company.state
        if kind == "vendors":
            return [dict(vendor) for vendor in state.vendors.values()]
        if kind == "bills":
            return [bill_shapes.detail(self.company, bill) for bill in state.bills.values()]
        if kind == "purchase_orders":
            return [order_shapes.detail(self.company, order) for order in state.orders.values()]
        if kind == "payments":
            return [dict(payment.shown) for payment in state.payments.values()]
        raise ValueError(f"there are no {kind!r} to look at")

    def _bill(self, uuid: str) -> Bill:
        return self.company.state.bills[plain_uuid(uuid)]


def _named(bill: Bill) -> Json:
    return {"id": bill.id, "uuid": dashed(bill.uuid)}
