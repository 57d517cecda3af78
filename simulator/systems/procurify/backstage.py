"""What people do in Procurify: the actions tests and the seed take behind the API's back."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator.systems.procurify.company import Company, account_code, new_vendor, spelled

NAMESPACE = uuids.UUID("6f1d2c4e-4d5a-4f0e-9d5b-0d9f3a1c7e11")


class Backstage:
    """Mixed into the simulator; every method is reachable as POST /_backstage/{name}."""

    company: Company
    clock: Callable[[], datetime]
    client_id: str
    client_secret: str
    raw_fields: dict[str, dict[str, Any]]

    def backstage_add_vendor(self, name: str, **fields: Any) -> dict[str, Any]:
        number = self.company.number("vendor", 42)
        vendor = new_vendor(number, name, self.company.changed(self.clock), fields)
        self.company.vendors[str(number)] = vendor
        return dict(vendor)

    def backstage_edit_vendor(self, id: int, **fields: Any) -> dict[str, Any]:
        vendor = self.company.vendors[str(id)]
        vendor.update(fields, dateModified=self.company.changed(self.clock))
        return dict(vendor)

    def backstage_deactivate_vendor(self, id: int) -> dict[str, Any]:
        return self.backstage_edit_vendor(id, active=False)

    def backstage_add_account_code(
        self, code: str, description: str, account_type: int = 2, active: bool = True
    ) -> dict[str, Any]:
        number = self.company.number("code", 11)
        self.company.codes[code] = account_code(number, code, description, account_type, active)
        return self.company.codes[code]

    def backstage_add_department(
        self, name: str, branch: str = "Head Office", external_id: str | None = None
    ) -> dict[str, Any]:
        department = self.company.department(name)
        department["branch"] = {"id": 1, "name": branch, "headquarter": True}
        department["external_id"] = external_id
        return department

    def backstage_add_bill(
        self,
        vendor_id: int,
        lines: list[dict[str, Any]],
        invoice_number: str = "",
        invoice_date: str = "2026-11-01",
        due_date: str | None = None,
        status: int = 2,
        type: int = 0,
        currency: str = "USD",
        costs: list[dict[str, Any]] | None = None,
        note: str = "",
        payment_terms: str = "Net 30",
        total: str | None = None,
        tax_is_inclusive: bool = False,
        shipping_amount: str | int = 0,
        vendor_name: str = "",
    ) -> dict[str, Any]:
        """A bill as people enter it; `total` overrides what its lines add up to."""
        number = self.company.number("bill", 613)
        uuid = str(uuids.uuid5(NAMESPACE, f"{self.company.domain}/{number}"))
        changed = self.company.changed(self.clock)
        self.company.bills[uuid] = {
            "id": number,
            "uuid": uuid,
            "vendor_id": vendor_id,
            "vendor_name": vendor_name,
            "lines": self._numbered(lines),
            "costs": costs or [],
            "invoice_number": invoice_number,
            "invoice_date": invoice_date,
            "due_date": due_date,
            "status": status,
            "type": type,
            "currency": currency,
            "note": note,
            "payment_terms": payment_terms,
            "total": total,
            "tax_is_inclusive": tax_is_inclusive,
            "shipping_amount": str(shipping_amount),
            "version": 1,
            "history": [[n, changed] for n in range(status + 1)] if status < 3 else [[status, changed]],
            "submitted_date": changed,
            "last_modified_datetime": changed,
        }
        return {"id": number, "uuid": uuid}

    def backstage_edit_bill(self, uuid: str, **changes: Any) -> dict[str, Any]:
        bill = self.company.bills[spelled(uuid)]
        if "lines" in changes:
            changes["lines"] = self._numbered(changes["lines"])
        bill.update(changes, version=bill["version"] + 1, last_modified_datetime=self.company.changed(self.clock))
        return {"id": bill["id"], "uuid": bill["uuid"]}

    def backstage_set_bill_status(self, uuid: str, status: int) -> None:
        bill = self.company.bills[spelled(uuid)]
        changed = self.company.changed(self.clock)
        bill.update(status=status, last_modified_datetime=changed)
        bill["history"].append([status, changed])

    def backstage_delete_bill(self, uuid: str) -> None:
        del self.company.bills[spelled(uuid)]

    def backstage_touch_bill(self, uuid: str) -> None:
        self.company.bills[spelled(uuid)]["last_modified_datetime"] = self.company.changed(self.clock)

    def backstage_put_raw_bill_field(self, uuid: str, path: str, value: Any) -> None:
        """Corrupt a field of the detail answer; "__delete__" takes it out. The bill counts as changed."""
        self.raw_fields.setdefault(spelled(uuid), {})[path] = value
        self.backstage_touch_bill(uuid)

    def backstage_set_credentials(self, client_id: str, client_secret: str) -> None:
        self.client_id, self.client_secret = client_id, client_secret

    def backstage_counts(self) -> dict[str, int]:
        return {"vendors": len(self.company.vendors), "bills": len(self.company.bills)}

    def backstage_snapshot(self, kind: str) -> list[dict[str, Any]]:
        if kind == "vendors":
            return [dict(vendor) for vendor in self.company.vendors.values()]
        return [self.company.bill_detail(bill) for bill in self.company.bills.values()]

    def _numbered(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for part in (part for line in lines for part in line.get("allocations") or [line]):
            self.company.code(part["account_code"])
            self.company.department(part.get("department") or "Operations")
        return [{**line, "id": self.company.number("line", 701)} for line in lines]
