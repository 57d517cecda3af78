"""From a bill's items and costs to lines that add up to its total, to the cent (sheet section 7).

What an order has in common with a bill is here too; the rest of it is in `order_lines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from chalicelib.engine.errors import Held
from chalicelib.systems.procurify.reading import shortened, unreadable
from chalicelib.systems.procurify.shapes import BillShape, BudgetRow, Item

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
Role = Literal["item", "tax", "freight", "cost", "discount", "other"]


@dataclass(frozen=True, slots=True)
class BillLine:
    """`account_code` is "" for what Procurify keeps on no account (tax, freight, discount): the customer names one.

    `location` is the branch of the department, `tax_name` the tax that this amount bears, "" for none.
    """

    account_code: str
    account_label: str
    department: str
    location: str
    description: str
    amount: Decimal
    role: Role
    tax_name: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """`rounding` is what was added to the largest line so that the lines make the total."""

    lines: tuple[BillLine, ...]
    total: Decimal
    rounding: Decimal


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP) + NOTHING  # the sum turns -0.00 into 0.00


def settle(bill: BillShape, record: str) -> Settled:
    """The lines and the total they make. Raises Held when they do not."""
    lines = [*_item_lines(bill, record), *_cost_lines(bill, record)]
    header = cents(bill.total_cost_with_tax)
    freight = sum((line.amount for line in lines if line.role == "freight"), NOTHING)
    # Whether the header includes shipping is described, but not confirmed (section 7): the sum itself decides.
    totals = [header, header + freight] if freight else [header]
    settled = evened(lines, totals)
    if settled is None:
        made, money = total_of(lines), bill.currency.name
        raise _differ(
            f"The lines of {record} add up to {made} {money}, but its total is {header} {money}"
            + (f" (or {header + freight} {money} with shipping)." if freight else "."),
            cause=f"{record}: lines {made}, total {header}",
        )
    return settled


def evened(lines: Sequence[BillLine], totals: Sequence[Decimal]) -> Settled | None:
    """The lines with the total that they make, cents of rounding put on the largest; None: they make none of them."""
    made = total_of(lines)
    if made in totals:
        return Settled(tuple(lines), made, NOTHING)
    near = [total for total in totals if abs(total - made) <= CENT * len(lines)]
    if len(near) != 1:
        return None
    rest, even = near[0] - made, list(lines)
    largest = max(range(len(even)), key=lambda n: abs(even[n].amount))
    even[largest] = replace(even[largest], amount=even[largest].amount + rest)
    return Settled(tuple(even), near[0], rest)


def total_of(lines: Sequence[BillLine]) -> Decimal:
    return sum((line.amount for line in lines), NOTHING)


def _item_lines(bill: BillShape, record: str) -> Iterator[BillLine]:
    for number, item in enumerate(bill.items):
        if item.currency and item.currency.name != bill.currency.name:
            raise Held(
                "mixed_currencies",
                f"Item {number + 1} of {record} is in {item.currency.name}, but the bill is in {bill.currency.name}.",
                cause=f"{record}: {item.currency.name} in {bill.currency.name}",
                fix="Split the bill in Procurify so that each bill has one currency, or enter it in the books by hand.",
            )
        tax = cents(item.tax_amount)
        borne = (item.tax_name.strip() or "Tax") if tax else ""
        for line in _split(item, number, record=record, money=bill.currency.name):
            yield replace(line, tax_name=borne)
        if tax and item.tax_is_inclusive is None:
            raise unreadable(record, [(f"items.{number}.tax_is_inclusive", "should be true or false beside a tax")])
        if tax and not item.tax_is_inclusive:  # an inclusive tax is inside total_cost already
            yield apart("tax", borne, item.description, amount=tax)
    yield from _freight_lines(bill, record)


def _split(item: Item, number: int, *, record: str, money: str) -> Iterator[BillLine]:
    split = sum((each.amount for each in item.cost_allocations), Decimal(0))
    if abs(split - item.total_cost) > CENT * len(item.cost_allocations):
        name = shortened(item.description)
        raise _differ(
            f"Item {number + 1}{f' ({name})' if name else ''} of {record} costs {cents(item.total_cost)} {money}, "
            f"but {cents(split)} {money} of it is assigned to accounts.",
            cause=f"{record}: item {number + 1} costs {cents(item.total_cost)}, accounts {cents(split)}",
        )
    for each in item.cost_allocations:
        yield on_account(each.budget, "item", item.description, amount=each.amount)


def _freight_lines(bill: BillShape, record: str) -> Iterator[BillLine]:
    shipped = [(item, cents(item.shipping_amount)) for item in bill.items]
    shipped = [(item, amount) for item, amount in shipped if amount]
    of_items = sum((amount for _, amount in shipped), NOTHING)
    # The header's figure is taken for the sum of the items' (both are read-only there), never for something on top.
    of_header = cents(bill.shipping_amount) if bill.shipping_amount is not None else of_items
    if shipped and abs(of_header - of_items) > CENT * len(shipped):
        money = bill.currency.name
        raise _differ(
            f"The shipping of the items of {record} adds up to {of_items} {money}, but its own is {of_header} {money}.",
            cause=f"{record}: shipping of items {of_items}, of the bill {of_header}",
        )
    for item, amount in shipped:
        yield apart("freight", "Shipping", item.description, amount=amount)
    if not shipped and of_header:
        yield apart("freight", "Shipping", "", amount=of_header)


def _cost_lines(bill: BillShape, record: str) -> Iterator[BillLine]:
    for number, cost in enumerate(bill.costs):
        if abs(cost.amount - cost.cost_allocation.amount) > CENT:
            money, name = bill.currency.name, shortened(cost.name)
            raise _differ(
                f"Cost {number + 1}{f' ({name})' if name else ''} of {record} is {cents(cost.amount)} {money}, but "
                f"{cents(cost.cost_allocation.amount)} {money} of it is assigned to its account.",
                cause=f"{record}: cost {number + 1} {cents(cost.amount)}, account {cents(cost.cost_allocation.amount)}",
            )
        yield on_account(cost.cost_allocation.budget, "cost", cost.name, amount=cost.amount)


def on_account(budget: BudgetRow, role: Role, description: str, *, amount: Decimal) -> BillLine:
    account, department = budget.account_code, budget.department
    return BillLine(
        account_code=account.code,
        account_label=account.description,
        department=department.name,
        location=department.branch.name,
        description=description,
        amount=cents(amount),
        role=role,
    )


def apart(role: Role, what: str, of: str = "", *, amount: Decimal) -> BillLine:
    return BillLine(
        account_code="",
        account_label="",
        department="",
        location="",
        description=f"{what}: {of}" if of.strip() else what,
        amount=amount,
        role=role,
    )


def _differ(message: str, *, cause: str) -> Held:
    fix = (
        "Open the bill in Procurify and compare it with the vendor's invoice. Correct it there (Fix Bill) and approve "
        "it again; if it is right as it stands, enter it in the books by hand."
    )
    return Held("totals_differ", message, cause=cause, fix=fix)
