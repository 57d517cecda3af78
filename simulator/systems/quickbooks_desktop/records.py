"""Writes a list member or transaction as the element QuickBooks answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from simulator.systems.quickbooks_desktop.company import PAYMENTS, CompanyFile, Entry, Row
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.ret_table import RETS
from simulator.systems.quickbooks_desktop.times import written

Element = Any  # lxml ships no types
LINE_RETS = {"Expense": "ExpenseLine", "Item": "ItemLine", "PurchaseOrder": "PurchaseOrderLine"}
CASH_FLOW = {"Bank": "NotApplicable", "CreditCard": "Operating", "AccountsPayable": "Operating"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query asks to see of each record."""

    lines: bool = True
    links: bool = False
    owners: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()  # none: all of them


def element(name: str, text: str = "", **attributes: str) -> Element:
    made = etree.Element(name, **attributes)
    made.text = text or None
    return made


def put(parent: Element, values: Mapping[str, Any], order: Iterable[str]) -> Element:
    """Append the values that are there, in the order QuickBooks gives them."""
    for name in order:
        value = values.get(name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                inside = RETS["Address"] if set(each) <= set(RETS["Address"]) else each
                parent.append(put(etree.Element(name), each, inside))
            elif isinstance(each, str) and each:
                parent.append(element(name, each))
            elif each is not None and not isinstance(each, str):
                parent.append(each)
    return parent


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


class Printer:
    """Prints the records of one company file."""

    def __init__(self, company: CompanyFile, options: Options) -> None:
        self.company = company
        self.options = options

    def moment(self, epoch: float) -> str:
        return written(epoch, ZoneInfo(self.company.zone), standard_offset=self.options.standard_offset_in_summer)

    def reference(self, name: str, id: str) -> Element:
        entry = self.company.find(id)
        listed = {"ListID": id, "FullName": self.company.full_name(entry) if entry else ""}
        return put(etree.Element(name), listed, ("ListID", "FullName"))

    def ret(self, entry: Entry, wanted: Wanted = Wanted()) -> Element:
        values = self._values(entry)
        if entry.lines and wanted.lines:
            for line in entry.lines:
                name = LINE_RETS[line["kind"]] + "Ret"
                values.setdefault(name, []).append(self._line(entry, line, name, wanted))
        if wanted.links:
            values["LinkedTxn"] = self.links(entry)
        if entry.kind in PAYMENTS and wanted.lines:
            values["AppliedToTxnRet"] = self._applied(entry)
        values["DataExtRet"] = self.extensions(wanted.owners, entry.id)
        if not self.options.external_guid_returned:
            values.pop("ExternalGUID", None)
        order = [n for n in RETS[entry.kind] if not wanted.elements or n in wanted.elements]
        return put(etree.Element(f"{entry.kind}Ret"), values, order)

    def _values(self, entry: Entry) -> Row:
        values: Row = {
            "ListID": entry.id,
            "TxnID": entry.id,
            "TimeCreated": self.moment(entry.created),
            "TimeModified": self.moment(entry.modified),
            "EditSequence": entry.sequence,
            "TxnNumber": str(entry.number),
        }
        values |= {n: self._field(n, v) for n, v in entry.fields.items()}
        if "Name" in entry.fields:
            values |= {"FullName": self.company.full_name(entry), "Sublevel": str(self.company.level(entry))}
            values |= self._standing(entry)
        elif entry.kind in ("Bill", "VendorCredit"):
            values |= self._owed(entry)
        elif entry.kind == "PurchaseOrder":
            values["TotalAmount"] = money(entry.total())
            values["IsFullyReceived"] = _said(all(line.get("IsBilled") == "true" for line in entry.lines))
        return values

    def _field(self, name: str, value: Any) -> Any:
        if name.endswith("Ref") and isinstance(value, str):
            return self.reference(name, value) if value else None
        if name == "PrefillAccountRef":
            return [self.reference(name, id) for id in value]
        return value

    def _standing(self, entry: Entry) -> Row:
        balance = money(self.company.sums().balance[entry.id])
        values: Row = {}
        if entry.kind in ("Vendor", "Customer", "Account"):
            values = {"Balance": balance, "TotalBalance": balance}
        if entry.kind == "Account":
            values["CashFlowClassification"] = CASH_FLOW.get(entry.fields["AccountType"], "None")
        if account := entry.fields.get("ExpenseAccount"):
            values["SalesOrPurchase"] = {"AccountRef": self.reference("AccountRef", account)}
        for name in ("VendorAddress", "BillAddress"):
            if address := entry.fields.get(name):
                values[f"{name}Block"] = block(address)
        if not self.company.preferences["IsPersonalDataAccessAllowed"]:
            values["VendorTaxIdent"] = None
        return values

    def _owed(self, entry: Entry) -> Row:
        total, left = entry.total(), self.company.open_amount(entry)
        paid = left == 0
        due = total if self.options.paid_bill_shows_total or not paid else Decimal(0)
        values: Row = {"AmountDue": money(due), "CreditAmount": money(total), "IsPaid": _said(paid)}
        values["OpenAmount"] = money(left)
        if rate := entry.fields.get("ExchangeRate"):
            home = money(due * Decimal(rate))
            values |= {"AmountDueInHomeCurrency": home, "CreditAmountInHomeCurrency": home}
        return values

    def _line(self, entry: Entry, line: Row, name: str, wanted: Wanted) -> Element:
        values = {n: self._field(n, v) for n, v in line.items()}
        values["DataExtRet"] = self.extensions(wanted.owners, entry.id, line["TxnLineID"])
        return put(etree.Element(name), values, RETS[name.removesuffix("Ret")])

    def links(self, entry: Entry) -> list[Element]:
        sums, found = self.company.sums(), []
        if entry.kind == "Bill":
            for id in dict.fromkeys(line["LinkedPO"] for line in entry.lines if line.get("LinkedPO")):
                if order := self.company.find(id):
                    found.append(_link(order, "QUANTYPE", -entry.total()))
            found += [_link(paying, "AMTTYPE", -Decimal(row["Amount"])) for paying, row in sums.applied[entry.id]]
        elif entry.kind == "VendorCredit":
            bills = [(self.company.entries[row["TxnID"]], row) for row in entry.applied]
            found = [_link(bill, "AMTTYPE", Decimal(row["Amount"])) for bill, row in bills]
        elif entry.kind == "PurchaseOrder":
            found = [_link(bill, "QUANTYPE", bill.total()) for bill in sums.billed[entry.id]]
        return found

    def _applied(self, payment: Entry) -> list[Element]:
        found = []
        for row in payment.applied:
            bill = self.company.entries[row["TxnID"]]
            values = {**row, "TxnType": "Bill", "TxnDate": bill.fields["TxnDate"]}
            values["RefNumber"] = bill.fields.get("RefNumber", "")
            values["BalanceRemaining"] = money(self.company.open_amount(bill))
            if discount := row.get("DiscountAccountRef"):
                values["DiscountAccountRef"] = self.reference("DiscountAccountRef", discount)
            found.append(put(etree.Element("AppliedToTxnRet"), values, RETS["AppliedToTxn"]))
        return found

    def extensions(self, owners: tuple[str, ...], on: str, line: str = "") -> list[Element]:
        """The custom fields of a record, for the owners that the query named."""
        order = ("OwnerID", "DataExtName", "DataExtType", "DataExtValue")
        wanted = {owner.lower() for owner in owners}
        rows = [r for r in self.company.extensions if (r["on"], r["line"]) == (on, line)]
        rows = [row for row in rows if row["OwnerID"].lower() in wanted]
        return [put(etree.Element("DataExtRet"), row, order) for row in rows]


def _link(entry: Entry, kind: str, amount: Decimal) -> Element:
    values = {
        "TxnID": entry.id,
        "TxnType": entry.kind,
        "TxnDate": entry.fields["TxnDate"],
        "RefNumber": entry.fields.get("RefNumber", ""),
        "LinkType": kind,
        "Amount": money(amount),
    }
    return put(etree.Element("LinkedTxn"), values, values)


def _said(claim: bool) -> str:
    return "true" if claim else "false"


def block(address: Row) -> Row:
    """The printed form of an address."""
    town = ", ".join(part for part in (address.get("City"), address.get("State")) if part)
    lines = [address.get(f"Addr{n}") for n in range(1, 6)]
    lines += [" ".join(part for part in (town, address.get("PostalCode")) if part), address.get("Country")]
    present = [line for line in lines if line][:5]
    return {f"Addr{n}": line[:41] for n, line in enumerate(present, start=1)}
