"""What people do inside QuickBooks Online: the same rules as the API's, minus the ones a person may click away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_online import writing
from simulator.systems.quickbooks_online.company import Body, Company, Writer
from simulator.systems.quickbooks_online.entities import ENTITIES
from simulator.systems.quickbooks_online.oauth import OAuth
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.references import Call, exact
from simulator.systems.serving import Simulator, wall_clock


class People(Simulator):
    def __init__(self, *, options: Options, clock: Callable[[], datetime] = wall_clock, patience: float = 0.0) -> None:
        super().__init__(clock=clock, patience=patience)
        self.options = options
        self.oauth = OAuth(options)
        self.companies: dict[str, Company] = {}

    def now(self) -> float:
        return self.clock().timestamp()

    def _person(self, realm_id: str) -> Call:
        return Call(self.companies[realm_id], self.options, Writer(moment=self.clock(), who="person"))

    def _add(self, realm_id: str, entity: str, given: Mapping[str, Any]) -> Body:
        call = self._person(realm_id)
        kind = ENTITIES[entity]
        return dict(writing.create(call, kind, writing.clean(call, kind, given)))

    def _edit(self, realm_id: str, entity: str, id: str, given: Mapping[str, Any]) -> Body:
        call = self._person(realm_id)
        kind = ENTITIES[entity]
        stored = call.company.objects[entity][id]
        changes = writing.merged(stored, writing.clean(call, kind, given))
        return dict(writing.update(call, kind, stored, changes))

    def _erase(self, realm_id: str, entity: str, id: str) -> None:
        call = self._person(realm_id)
        writing.erase(call, ENTITIES[entity], call.company.objects[entity][id])

    def backstage_add_account(
        self,
        realm_id: str,
        name: str,
        account_type: str,
        acct_num: str | None = None,
        parent: str | None = None,
        active: bool = True,
        currency: str | None = None,
    ) -> Body:
        given: Body = {"Name": name, "AccountType": account_type, "AcctNum": acct_num, "Active": active}
        given |= {"CurrencyRef": {"value": currency}} if currency else {}
        return self._add(realm_id, "Account", given | _parent(parent))

    def backstage_add_vendor(self, realm_id: str, display_name: str, **fields: Any) -> Body:
        return self._add(realm_id, "Vendor", {"DisplayName": display_name, **fields})

    def backstage_edit_vendor(self, realm_id: str, id: str, **fields: Any) -> Body:
        return self._edit(realm_id, "Vendor", id, fields)

    def backstage_add_customer(self, realm_id: str, display_name: str, **fields: Any) -> Body:
        return self._add(realm_id, "Customer", {"DisplayName": display_name, **fields})

    def backstage_add_employee(self, realm_id: str, display_name: str, **fields: Any) -> Body:
        return self._add(realm_id, "Employee", {"DisplayName": display_name, **fields})

    def backstage_add_class(self, realm_id: str, name: str, parent: str | None = None) -> Body:
        return self._add(realm_id, "Class", {"Name": name} | _parent(parent))

    def backstage_add_department(self, realm_id: str, name: str, parent: str | None = None) -> Body:
        return self._add(realm_id, "Department", {"Name": name} | _parent(parent))

    def backstage_add_term(self, realm_id: str, name: str, due_days: int) -> Body:
        return self._add(realm_id, "Term", {"Name": name, "DueDays": due_days})

    def backstage_add_item(self, realm_id: str, name: str, **fields: Any) -> Body:
        return self._add(realm_id, "Item", {"Name": name, **fields})

    def backstage_inactivate(self, realm_id: str, entity: str, id: str) -> Body:
        return self._edit(realm_id, entity, id, {"Active": False})

    def backstage_reactivate(self, realm_id: str, entity: str, id: str) -> Body:
        return self._edit(realm_id, entity, id, {"Active": True})

    def backstage_rename(self, realm_id: str, entity: str, id: str, display_name: str) -> Body:
        return self._edit(realm_id, entity, id, {"DisplayName": display_name})

    def backstage_merge_vendors(self, realm_id: str, survivor_id: str, gone_id: str) -> Body:
        """One vendor swallows another: its documents move over, and its id is gone."""
        call = self._person(realm_id)
        company = call.company
        survivor, gone = company.objects["Vendor"][survivor_id], company.objects["Vendor"][gone_id]
        reference = {"value": survivor_id, "name": survivor.body["DisplayName"]}
        for entity in ("Bill", "BillPayment", "VendorCredit", "PurchaseOrder"):
            for id in list(company.by_vendor[(entity, gone_id)]):
                stored = company.objects[entity][id]
                company.change(entity, stored, {**stored.body, "VendorRef": reference}, call.writer, operation="Merge")
        company.owe(survivor_id, exact(gone.body["Balance"]))
        company.merged[gone_id] = survivor_id
        company.remove("Vendor", gone, call.writer, operation="Merge")
        return dict(survivor.body)

    def backstage_add_bill(
        self, realm_id: str, vendor_id: str, lines: Sequence[Mapping[str, Any]], **fields: Any
    ) -> Body:
        """`lines`: {amount, account_id, description, class_id, customer_id, item_id, quantity, unit_price, id} or the
        vendor's own form; `fields` under their QuickBooks names."""
        return self._add(realm_id, "Bill", self._document(realm_id, vendor_id, lines, fields))

    def backstage_add_vendor_credit(
        self, realm_id: str, vendor_id: str, lines: Sequence[Mapping[str, Any]], **fields: Any
    ) -> Body:
        return self._add(realm_id, "VendorCredit", self._document(realm_id, vendor_id, lines, fields))

    def backstage_add_purchase_order(
        self, realm_id: str, vendor_id: str, lines: Sequence[Mapping[str, Any]], **fields: Any
    ) -> Body:
        return self._add(realm_id, "PurchaseOrder", self._document(realm_id, vendor_id, lines, fields))

    def backstage_edit_bill(
        self, realm_id: str, id: str, lines: Sequence[Mapping[str, Any]] | None = None, **fields: Any
    ) -> Body:
        if lines is not None:
            fields["Line"] = [self._line(realm_id, line) for line in lines]
        return self._edit(realm_id, "Bill", id, fields)

    def backstage_delete_bill(self, realm_id: str, id: str) -> None:
        self._erase(realm_id, "Bill", id)

    def backstage_pay_bill(
        self, realm_id: str, bill_id: str, amount: str | float | None = None, pay_type: str = "Check", **fields: Any
    ) -> Body:
        """Pay a bill, or what is open on it when no amount is named; returns the payment."""
        company = self.companies[realm_id]
        bill = company.objects["Bill"][bill_id].body
        paid = bill["Balance"] if amount is None else amount
        group, prop, kind = {
            "Check": ("CheckPayment", "BankAccountRef", "Bank"),
            "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
        }[pay_type]
        given = {
            "VendorRef": {"value": bill["VendorRef"]["value"]},
            "PayType": pay_type,
            group: {prop: {"value": _first_account(company, kind)}},
            "TotalAmt": paid,
            "Line": [{"Amount": paid, "LinkedTxn": [{"TxnId": bill_id, "TxnType": "Bill"}]}],
        }
        return self._add(realm_id, "BillPayment", given | fields)

    def backstage_pay_bills(self, realm_id: str, amounts: Mapping[str, Any], **fields: Any) -> Body:
        """One check over several bills of a vendor: how much of which."""
        first = self.backstage_bill(realm_id, next(iter(amounts)))
        lines = [{"Amount": paid, "LinkedTxn": [{"TxnId": id, "TxnType": "Bill"}]} for id, paid in amounts.items()]
        total = sum((exact(paid) for paid in amounts.values()), Decimal(0))
        given = {
            "VendorRef": {"value": first["VendorRef"]["value"]},
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": {"value": _first_account(self.companies[realm_id], "Bank")}},
            "TotalAmt": total,
            "Line": lines,
        }
        return self._add(realm_id, "BillPayment", given | fields)

    def backstage_bill(self, realm_id: str, id: str) -> Body:
        return dict(self.companies[realm_id].objects["Bill"][id].body)

    def backstage_edit_payment(self, realm_id: str, id: str, **fields: Any) -> Body:
        return self._edit(realm_id, "BillPayment", id, fields)

    def backstage_void_payment(self, realm_id: str, id: str) -> Body:
        call = self._person(realm_id)
        body = call.company.objects["BillPayment"][id].body
        sent = {"Id": id, "SyncToken": body["SyncToken"], "sparse": True}
        return dict(writing.void(call, ENTITIES["BillPayment"], sent))

    def backstage_delete_payment(self, realm_id: str, id: str) -> None:
        self._erase(realm_id, "BillPayment", id)

    def _document(
        self, realm_id: str, vendor_id: str, lines: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]
    ) -> Body:
        written = [self._line(realm_id, line) for line in lines]
        return {"VendorRef": {"value": vendor_id}, "Line": written, **fields}

    def _line(self, realm_id: str, line: Mapping[str, Any]) -> Body:
        if "DetailType" in line:
            return dict(line)
        detail: Body = {}
        for key, prop in (("class_id", "ClassRef"), ("customer_id", "CustomerRef"), ("item_id", "ItemRef")):
            if line.get(key):
                detail[prop] = {"value": line[key]}
        if "ItemRef" in detail:
            kind = "ItemBasedExpenseLineDetail"
            detail |= {"Qty": line.get("quantity"), "UnitPrice": line.get("unit_price")}
        else:
            kind = "AccountBasedExpenseLineDetail"
            account = line.get("account_id") or _first_account(self.companies[realm_id], "Expense")
            detail["AccountRef"] = {"value": account}
        return {
            "Id": line.get("id"),
            "Amount": line["amount"],
            "Description": line.get("description"),
            "DetailType": kind,
            kind: detail,
        }


def _parent(parent: str | None) -> Body:
    return {"ParentRef": {"value": parent}} if parent else {}


def _first_account(company: Company, kind: str) -> str:
    return str(next(s.body["Id"] for s in company.every("Account") if s.body["AccountType"] == kind))
