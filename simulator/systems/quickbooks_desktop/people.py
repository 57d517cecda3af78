"""What people do in QuickBooks' own windows: the same rules as an application's, minus those they may click away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_desktop import bills, deleting, lines, names, orders
from simulator.systems.quickbooks_desktop.company import PAYMENTS, CompanyFile, Entry, Row
from simulator.systems.quickbooks_desktop.desk import Desk
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.processor import new_call
from simulator.systems.quickbooks_desktop.view import ledger_entry
from simulator.systems.quickbooks_desktop.writing import Call
from simulator.systems.serving import OurMistake, Simulator, wall_clock


class People(Simulator):
    """They work in the file that is open unless `file` names another by its path."""

    def __init__(self, *, clock: Callable[[], datetime] = wall_clock, patience: float = 0.0) -> None:
        super().__init__(clock=clock, patience=patience)
        self.options = Options()
        self.desk = Desk(clock=clock, options=self.options, mistake=self.noted)

    def noted(self, call: str, what: str) -> None:
        self.our_mistakes.append(OurMistake(call=call, what=what))

    def company(self, file: str = "") -> CompanyFile:
        return self.desk.files[file or self.desk.opened]

    def _person(self, file: str) -> Call:
        return new_call(self.company(file), self.options, self.clock(), "person")

    def _shown(self, call: Call, entry: Entry) -> Row:
        return ledger_entry(call.company, entry)

    # ------------------------------------------------------------------ lists

    def _listed(self, kind: str, name: str, parent: str, file: str, **fields: Any) -> Row:
        call = self._person(file)
        names.free_name(call, name, kind, parent=parent)
        given = {"Name": name, "IsActive": "true", **{n: v for n, v in fields.items() if v}}
        return self._shown(call, call.company.add(kind, given | ({"ParentRef": parent} if parent else {}), call.writer))

    def backstage_add_account(
        self, name: str, account_type: str, number: str = "", parent: str = "", currency: str = "", file: str = ""
    ) -> Row:
        given = {"AccountType": account_type, "AccountNumber": number, "CurrencyRef": currency}
        return self._listed("Account", name, parent, file, **given)

    def backstage_add_class(self, name: str, parent: str = "", file: str = "") -> Row:
        return self._listed("Class", name, parent, file)

    def backstage_add_terms(self, name: str, due_days: int, file: str = "") -> Row:
        return self._listed("StandardTerms", name, "", file, StdDueDays=str(due_days))

    def backstage_add_currency(self, name: str, file: str = "") -> Row:
        return self._listed("Currency", name, "", file)

    def backstage_add_customer(self, name: str, parent: str = "", file: str = "") -> Row:
        return self._listed("Customer", name, parent, file)

    def backstage_add_employee(self, name: str, file: str = "") -> Row:
        return self._listed("Employee", name, "", file)

    def backstage_add_other_name(self, name: str, file: str = "") -> Row:
        return self._listed("OtherName", name, "", file)

    def backstage_add_item(self, name: str, account: str, kind: str = "ItemService", file: str = "") -> Row:
        return self._listed(kind, name, "", file, ExpenseAccount=account)

    def backstage_add_vendor(self, name: str, file: str = "", **fields: Any) -> Row:
        """`fields` under their QuickBooks names; a reference is an id."""
        call = self._person(file)
        return self._shown(call, names.keep_vendor(call, {"Name": name, **fields}))

    def backstage_edit_vendor(self, id: str, file: str = "", **fields: Any) -> Row:
        call = self._person(file)
        return self._shown(call, names.rewrite_vendor(call, call.company.entries[id], fields))

    def backstage_rename(self, id: str, name: str, file: str = "") -> Row:
        call = self._person(file)
        entry = call.company.entries[id]
        names.free_name(call, name, entry.kind, parent=entry.fields.get("ParentRef", ""), but=id)
        entry.fields = {**entry.fields, "Name": name}
        call.company.touch(entry, call.writer, "rename")
        return self._shown(call, entry)

    def backstage_edit_listed(self, id: str, file: str = "", **fields: Any) -> Row:
        """Change an account's number, a customer's address and the like; "" clears."""
        call = self._person(file)
        entry = call.company.entries[id]
        entry.fields = {n: v for n, v in {**entry.fields, **fields}.items() if v != ""}
        call.company.touch(entry, call.writer)
        return self._shown(call, entry)

    def backstage_set_active(self, id: str, active: bool, file: str = "") -> Row:
        call = self._person(file)
        entry = call.company.entries[id]
        entry.fields = {**entry.fields, "IsActive": "true" if active else "false"}
        call.company.touch(entry, call.writer, "activate" if active else "deactivate")
        return self._shown(call, entry)

    def backstage_delete_listed(self, id: str, file: str = "") -> None:
        call = self._person(file)
        entry = call.company.entries[id]
        if deleting.used(call, entry):
            raise ValueError(f"{entry.fields['Name']} is in use")
        call.company.remove(entry, call.writer)

    def backstage_merge(self, survivor_id: str, gone_id: str, file: str = "") -> Row:
        """One list member takes over another's name and everything that named it; the other id is gone."""
        call = self._person(file)
        survivor, gone = call.company.entries[survivor_id], call.company.entries[gone_id]
        if survivor.kind != gone.kind:
            raise ValueError("only members of one list can be merged")
        for entry in list(call.company.entries.values()):
            before = (entry.fields, entry.lines)
            entry.fields = {n: survivor_id if v == gone_id else v for n, v in entry.fields.items()}
            entry.lines = [{n: survivor_id if v == gone_id else v for n, v in row.items()} for row in entry.lines]
            if (entry.fields, entry.lines) != before and self.options.merge_touches_bills:
                call.company.touch(entry, call.writer, "merge")
        call.company.remove(gone, call.writer, "merge")
        call.company.touch(survivor, call.writer, "merge")
        return self._shown(call, survivor)

    # ------------------------------------------------------------------ bills

    def backstage_add_bill(
        self, vendor_id: str, rows: Sequence[Mapping[str, Any]], file: str = "", **fields: Any
    ) -> Row:
        """`rows` under their QuickBooks names ({"AccountRef": id, "Amount": "12.50", "Memo": ...}); so are `fields`."""
        call = self._person(file)
        entry = bills.keep_bill(call, {"VendorRef": vendor_id, **fields}, self._rows(call, rows))
        return self._shown(call, entry)

    def backstage_add_vendor_credit(
        self, vendor_id: str, rows: Sequence[Mapping[str, Any]], file: str = "", **fields: Any
    ) -> Row:
        call = self._person(file)
        entry = bills.keep_bill(call, {"VendorRef": vendor_id, **fields}, self._rows(call, rows), "VendorCredit")
        return self._shown(call, entry)

    def backstage_add_purchase_order(
        self, vendor_id: str, rows: Sequence[Mapping[str, Any]], file: str = "", **fields: Any
    ) -> Row:
        call = self._person(file)
        return self._shown(call, orders.keep_order(call, {"VendorRef": vendor_id, **fields}, [dict(r) for r in rows]))

    def _rows(self, call: Call, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [lines.added(call, "Item" if "ItemRef" in row else "Expense", dict(row)) for row in rows]

    def backstage_edit_bill(
        self, id: str, rows: Sequence[Mapping[str, Any]] | None = None, file: str = "", **fields: Any
    ) -> Row:
        call = self._person(file)
        written = None if rows is None else self._rows(call, rows)
        return self._shown(call, bills.rewrite_bill(call, call.company.entries[id], dict(fields), written))

    def backstage_save_again(self, id: str, file: str = "") -> Row:
        """A person opens a record and saves it unchanged."""
        call = self._person(file)
        call.company.touch(call.company.entries[id], call.writer, "save")
        return self._shown(call, call.company.entries[id])

    def backstage_delete(self, id: str, file: str = "") -> None:
        """A bill, credit, payment or order; payments of a bill are set free."""
        call = self._person(file)
        deleting.erase(call, call.company.entries[id])

    def backstage_recreate(self, id: str, file: str = "") -> Row:
        """Some edits in QuickBooks' windows delete a transaction and enter it anew: another id, the same content."""
        call = self._person(file)
        entry = call.company.entries[id]
        rows = [{n: v for n, v in line.items() if n != "TxnLineID"} for line in entry.lines]
        deleting.erase(call, entry)
        return self._shown(call, call.company.add(entry.kind, dict(entry.fields), call.writer, lines=rows))

    def backstage_void(self, id: str, file: str = "") -> Row:
        call = self._person(file)
        deleting.void(call, call.company.entries[id])
        return self._shown(call, call.company.entries[id])

    def backstage_close_order(self, id: str, file: str = "") -> Row:
        call = self._person(file)
        order = call.company.entries[id]
        order.fields = {**order.fields, "IsManuallyClosed": "true"}
        call.company.touch(order, call.writer)
        return self._shown(call, order)

    def backstage_pay_bill(
        self,
        bill_id: str,
        amount: str = "",
        discount: str = "",
        card: bool = False,
        file: str = "",
        **fields: Any,
    ) -> Row:
        """Pay what is open on a bill, or a part of it."""
        call = self._person(file)
        company = call.company
        bill = company.entries[bill_id]
        left = company.open_amount(bill) - Decimal(discount or 0)
        paid = Decimal(amount) if amount else left
        if not 0 < paid <= left:
            raise ValueError(f"{left} is open on the bill")
        account = self._first(company, "CreditCard" if card else "Bank")
        row = {"TxnID": bill_id, "Amount": f"{paid:.2f}"}
        if discount:
            against = self._first(company, "Expense")
            row |= {"DiscountAmount": f"{Decimal(discount):.2f}", "DiscountAccountRef": against}
        given = {
            "PayeeEntityRef": bill.fields["VendorRef"],
            "APAccountRef": bill.fields["APAccountRef"],
            "TxnDate": call.today,
            "CreditCardAccountRef" if card else "BankAccountRef": account,
            "Amount": f"{paid:.2f}",
            **({} if card else {"IsToBePrinted": "false"}),
            **fields,
        }
        payment = company.add(PAYMENTS[1] if card else PAYMENTS[0], given, call.writer)
        self._apply(call, payment, bill, row)
        return self._shown(call, payment)

    def backstage_apply_credit(self, credit_id: str, bill_id: str, amount: str, file: str = "") -> Row:
        call = self._person(file)
        credit, bill = call.company.entries[credit_id], call.company.entries[bill_id]
        self._apply(call, credit, bill, {"TxnID": bill_id, "Amount": f"{Decimal(amount):.2f}"})
        call.company.touch(credit, call.writer, "apply")
        return self._shown(call, credit)

    def _first(self, company: CompanyFile, account_type: str) -> str:
        return next(e.id for e in company.every("Account") if e.fields["AccountType"] == account_type)

    def _apply(self, call: Call, paying: Entry, bill: Entry, row: Row) -> None:
        paying.applied = [*paying.applied, row]
        call.company.note(call.writer, "apply", bill)
        if self.options.payment_touches_bill:
            call.company.touch(bill, call.writer, "pay")
