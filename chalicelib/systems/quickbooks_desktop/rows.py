"""What QuickBooks Desktop returns, row by row, as frozen values: money as exact decimals, times as they were given.

Only what the flows use is here. Tax ids, bank numbers and the like are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.systems.quickbooks_desktop.company import Company, Host, Preferences
from chalicelib.systems.quickbooks_desktop.kinds import Ref

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A wall clock of the PC, and the offset printed with it, which is an hour off in some summers (sheet 4.2)."""

    wall: str
    offset: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Vendor:
    list_id: str
    edit_sequence: str
    name: str
    is_active: bool = True
    created: LocalTime | None = None
    modified: LocalTime | None = None
    company_name: str = ""
    first_name: str = ""
    last_name: str = ""
    address: Address | None = None
    phone: str = ""
    fax: str = ""
    email: str = ""
    contact: str = ""
    name_on_check: str = ""
    account_number: str = ""
    notes: str = ""
    terms: Ref | None = None
    balance: Decimal | None = None
    currency: Ref | None = None
    external_guid: str = ""


@dataclass(frozen=True, slots=True)
class LinkedTxn:
    """What pays a bill (`link` AMTTYPE; the sign of the amount is not settled) or was received for it (QUANTYPE)."""

    txn_id: str
    txn_type: str
    txn_date: date | None = None
    ref_number: str = ""
    link: str = ""
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ExpenseLine:
    line_id: str
    account: Ref | None = None
    amount: Decimal = ZERO
    tax_amount: Decimal | None = None
    memo: str = ""
    customer: Ref | None = None
    class_: Ref | None = None
    sales_tax_code: Ref | None = None
    billable: str = ""


@dataclass(frozen=True, slots=True)
class ItemLine:
    line_id: str
    item: Ref | None = None
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    cost: Decimal | None = None
    amount: Decimal = ZERO
    tax_amount: Decimal | None = None
    customer: Ref | None = None
    class_: Ref | None = None
    sales_tax_code: Ref | None = None
    billable: str = ""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Items that are entered as one; its lines are part of `amount`."""

    line_id: str
    amount: Decimal
    item: Ref | None = None
    description: str = ""
    quantity: Decimal | None = None
    lines: tuple[ItemLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    txn_id: str
    edit_sequence: str
    vendor: Ref
    txn_date: date
    is_paid: bool = False
    created: LocalTime | None = None
    modified: LocalTime | None = None
    ap_account: Ref | None = None
    due_date: date | None = None
    amount_due: Decimal | None = None
    open_amount: Decimal | None = None
    currency: Ref | None = None
    exchange_rate: Decimal | None = None
    ref_number: str = ""
    terms: Ref | None = None
    memo: str = ""
    is_tax_included: bool | None = None
    external_guid: str = ""
    expense_lines: tuple[ExpenseLine, ...] = ()
    item_lines: tuple[ItemLine, ...] = ()
    group_lines: tuple[GroupLine, ...] = ()
    linked: tuple[LinkedTxn, ...] = ()

    @property
    def total(self) -> Decimal:
        """The sum of its lines, where they were asked for: AmountDue may fall to 0 once it is paid (sheet 3.3)."""
        return sum(self._amounts, ZERO)

    @property
    def paid_on(self) -> date | None:
        """The day on which nothing was left open: that of the last of what settled it (sheet 3.3)."""
        days = [one.txn_date for one in self.linked if one.link != "QUANTYPE" and one.txn_date]
        return max(days, default=None) if self.is_paid and self.total else None

    @property
    def is_void(self) -> bool:
        """A void bill stays, with nothing on its lines (sheet 3.4)."""
        return not any(self._amounts) and not self.amount_due

    @property
    def _amounts(self) -> list[Decimal]:
        amounts = [line.amount for line in self.expense_lines]
        amounts += [line.amount for line in self.item_lines]
        return amounts + [line.amount for line in self.group_lines]


@dataclass(frozen=True, slots=True)
class Applied:
    """The part of a payment that went to one bill."""

    txn_id: str
    txn_type: str
    txn_date: date | None = None
    ref_number: str = ""
    remaining: Decimal | None = None
    amount: Decimal = ZERO
    discount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BillPayment:
    txn_id: str
    edit_sequence: str
    payee: Ref
    txn_date: date
    amount: Decimal
    created: LocalTime | None = None
    modified: LocalTime | None = None
    ap_account: Ref | None = None
    bank_account: Ref | None = None
    card_account: Ref | None = None
    currency: Ref | None = None
    exchange_rate: Decimal | None = None
    ref_number: str = ""
    memo: str = ""
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    list_id: str
    name: str
    full_name: str
    account_type: str
    edit_sequence: str = ""
    is_active: bool = True
    modified: LocalTime | None = None
    number: str = ""
    description: str = ""
    parent: Ref | None = None
    special: str = ""
    currency: Ref | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A class, an item, an employee or another name; `kind` is its element without Ret."""

    kind: str
    list_id: str
    name: str
    full_name: str = ""
    edit_sequence: str = ""
    is_active: bool = True
    modified: LocalTime | None = None
    parent: Ref | None = None


@dataclass(frozen=True, slots=True)
class Term:
    list_id: str
    name: str
    edit_sequence: str = ""
    is_active: bool = True
    modified: LocalTime | None = None
    due_days: int | None = None
    day_of_month: int | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, or a job of one: then it has a parent."""

    list_id: str
    name: str
    full_name: str
    edit_sequence: str = ""
    is_active: bool = True
    modified: LocalTime | None = None
    parent: Ref | None = None
    level: int = 0
    job_status: str = ""
    currency: Ref | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A transaction or an entry of a list that is gone; `kind` is Bill, Vendor and so on."""

    kind: str
    id: str
    at: LocalTime | None = None
    created: LocalTime | None = None
    ref_number: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """That a transaction exists, and as which version: what a sweep asks for."""

    kind: str
    txn_id: str
    edit_sequence: str = ""
    modified: LocalTime | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a write that was asked about again had made (sheet 5.1)."""

    txn_id: str = ""
    list_id: str = ""
    edit_sequence: str = ""
    external_guid: str = ""


Row = (
    Vendor
    | Bill
    | BillPayment
    | Account
    | Entry
    | Term
    | Customer
    | Deleted
    | Seen
    | Recovered
    | Company
    | Preferences
    | Host
)
