"""What people do inside FreshBooks: the same rules as the API's, without its envelopes and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.systems.freshbooks import fields, ledger, writing
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.expenses import CATEGORY, EXPENSE
from simulator.systems.freshbooks.oauth import Identity, OAuth
from simulator.systems.freshbooks.options import Options
from simulator.systems.freshbooks.payables import BILL, PAYMENT, VENDOR, bill_shape, standing
from simulator.systems.freshbooks.times import today
from simulator.systems.freshbooks.writing import Kind
from simulator.systems.serving import Simulator, wall_clock

KINDS = {kind.plural: kind for kind in (VENDOR, BILL, PAYMENT, EXPENSE, CATEGORY)}


class People(Simulator):
    """Every method is reachable as POST /_backstage/{name}; `account_id` says in whose books."""

    def __init__(self, *, clock: Callable[[], datetime] = wall_clock, patience: float = 0.0) -> None:
        super().__init__(clock=clock, patience=patience)
        self.options = Options()
        self.oauth = OAuth(self.options)
        self.accounts: dict[str, Account] = {}
        self.identities: dict[int, Identity] = {}
        self.conflicts = 0

    def now(self) -> float:
        return self.clock().timestamp()

    def person(self, account_id: str) -> Writer:
        """The first who belongs to the account acts."""
        who = next((one.id for one in self.identities.values() if account_id in one.roles), 0)
        return Writer(self.clock(), "person", who)

    # ------------------------------------------------------------------ vendors

    def backstage_add_vendor(self, account_id: str, vendor_name: str, **fields: Any) -> Json:
        return self._add(account_id, VENDOR, {"vendor_name": vendor_name, **fields})

    def backstage_edit_vendor(self, account_id: str, id: int, **fields: Any) -> Json:
        return self._edit(account_id, VENDOR, id, fields)

    # ------------------------------------------------------------------ bills and their payments

    def backstage_add_bill(
        self, account_id: str, vendor_id: int, lines: Sequence[Mapping[str, Any]], **fields: Any
    ) -> Json:
        """`lines`: {amount, category_id, description, quantity} or the API's own form."""
        account = self.accounts[account_id]
        code = str(fields.get("currency_code", account.currency))
        given = {
            "vendorid": vendor_id,
            "issue_date": today(self.clock()),
            "due_offset_days": 30,
            "currency_code": code,
            "lines": [self._line(account, line, code) for line in lines],
            **fields,
        }
        return self.backstage_bill(account_id, self._add(account_id, BILL, given)["id"])

    def backstage_edit_bill(
        self, account_id: str, id: int, lines: Sequence[Mapping[str, Any]] | None = None, **fields: Any
    ) -> Json:
        account = self.accounts[account_id]
        code = str(fields.get("currency_code", account.tables["bills"][id]["currency_code"]))
        if lines is not None:
            fields["lines"] = [self._line(account, line, code) for line in lines]
        self._edit(account_id, BILL, id, fields)
        return self.backstage_bill(account_id, id)

    def backstage_pay_bill(
        self,
        account_id: str,
        bill_id: int,
        amount: str | None = None,
        paid_date: str = "",
        payment_type: str = "Check",
        note: str = "",
    ) -> Json:
        """Pay a bill, or what is open on it when no amount is named."""
        account = self.accounts[account_id]
        bill = account.tables["bills"][bill_id]
        paid = standing(account, bill).outstanding if amount is None else fields.decimal(amount)
        assert paid is not None
        given = {
            "billid": bill_id,
            "amount": fields.money(paid, bill["currency_code"]),
            "paid_date": paid_date or today(self.clock()),
            "payment_type": payment_type,
            "note": note,
        }
        return self._add(account_id, PAYMENT, given)

    def backstage_edit_payment(self, account_id: str, id: int, **fields: Any) -> Json:
        return self._edit(account_id, PAYMENT, id, fields)

    def backstage_bill(self, account_id: str, id: int) -> Json:
        account = self.accounts[account_id]
        return bill_shape(account, account.tables["bills"][id], today(self.clock()), self.options)

    # ------------------------------------------------------------------ expenses, categories, accounts

    def backstage_add_expense(self, account_id: str, amount: str, category_id: int, **fields_: Any) -> Json:
        """What a person books by hand; `staffid` is the owner unless named."""
        code = fields_.pop("currency_code", self.accounts[account_id].currency)
        given = {
            "amount": fields.money(fields.decimal(amount) or ledger.ZERO, code),
            "date": today(self.clock()),
            "categoryid": category_id,
            "staffid": 1,
            **fields_,
        }
        return self._add(account_id, EXPENSE, given)

    def backstage_edit_expense(self, account_id: str, id: int, **fields: Any) -> Json:
        return self._edit(account_id, EXPENSE, id, fields)

    def backstage_recategorise(self, account_id: str, id: int, category_id: int) -> Json:
        return self.backstage_edit_expense(account_id, id, categoryid=category_id)

    def backstage_add_category(self, account_id: str, name: str, parent_id: int | None = None, **fields: Any) -> Json:
        given = {"category": name, "parentid": parent_id, "is_editable": True, **fields}
        return self._add(account_id, CATEGORY, given)

    def backstage_edit_category(self, account_id: str, id: int, **fields: Any) -> Json:
        return self._edit(account_id, CATEGORY, id, fields)

    def backstage_add_ledger_account(
        self, account_id: str, name: str, sub_type: str, parent: str | None = None
    ) -> Json:
        return ledger.shown(ledger.add(self.accounts[account_id], self.person(account_id), name, sub_type, parent))

    # ------------------------------------------------------------------ deleting, archiving, bringing back

    def backstage_delete(self, account_id: str, kind: str, id: int) -> Json:
        """`kind` as in the addresses: "bills", "bill_vendors", "bill_payments", "expenses", "categories"."""
        return self._set_state(account_id, kind, id, 1)

    def backstage_archive(self, account_id: str, kind: str, id: int) -> Json:
        return self._set_state(account_id, kind, id, 2)

    def backstage_restore(self, account_id: str, kind: str, id: int) -> Json:
        return self._set_state(account_id, kind, id, 0)

    # ------------------------------------------------------------------

    def _add(self, account_id: str, kind: Kind, given: Json) -> Json:
        return dict(writing.make(self.accounts[account_id], self.options, self.person(account_id), kind, given))

    def _edit(self, account_id: str, kind: Kind, id: int, given: Json) -> Json:
        account = self.accounts[account_id]
        row = account.tables[kind.plural][id]
        return dict(writing.change(account, self.options, self.person(account_id), kind, row, given))

    def _set_state(self, account_id: str, kind: str, id: int, state: int) -> Json:
        account = self.accounts[account_id]
        row, writer = account.tables[kind][id], self.person(account_id)
        return dict(writing.set_state(account, self.options, writer, KINDS[kind], row, state))

    def _line(self, account: Account, line: Mapping[str, Any], code: str) -> Json:
        if "unit_cost" in line:
            return dict(line)
        cost = fields.decimal(line["amount"]) or ledger.ZERO
        kept = {name: value for name, value in line.items() if name.startswith("tax_")}
        return {
            **kept,
            "description": line.get("description"),
            "quantity": line.get("quantity", 1),
            "unit_cost": fields.money(cost, code),
            "categoryid": line.get("category_id") or next(account.every("categories"))["id"],
        }
