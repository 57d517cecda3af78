"""The lines of a bill: which of theirs is which of ours, and how ours is put in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online.models import BillLine, fit

ACCOUNT_LINE, ITEM_LINE = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"
REFERENCES = {
    "account": "AccountRef",
    "item": "ItemRef",
    "class": "ClassRef",
    "customer": "CustomerRef",
    "tax_code": "TaxCodeRef",
}
# A line of ours is the line of theirs that shares the most with it, tried in this order.
LIKENESS = (
    ("account", "amount", "description"),
    ("account", "description"),
    ("account", "amount"),
    ("description", "amount"),
    ("account",),
)
Wire = dict[str, object]


def form(line: BillLine) -> Json:
    """The normal form of one line, with every part that a line of ours may have."""
    detail = line.ItemBasedExpenseLineDetail if line.DetailType == ITEM_LINE else line.AccountBasedExpenseLineDetail
    parts = {ours: getattr(detail, theirs).value for ours, theirs in REFERENCES.items()}
    return {"amount": f"{line.Amount:.2f}", "description": line.Description, **parts}


def sent(line: Mapping[str, object]) -> Wire:
    """A line as it is written; a reference without a value is left out (sheet section 8.2.1)."""
    kind = ITEM_LINE if line.get("item") else ACCOUNT_LINE
    detail = {theirs: {"value": line[ours]} for ours, theirs in REFERENCES.items() if line.get(ours)}
    wire: Wire = {"Amount": Decimal(str(line["amount"])), "DetailType": kind, kind: detail}
    if line.get("description"):
        wire["Description"] = line["description"]
    return wire


def merged(ours: Sequence[Mapping[str, object]], theirs: Sequence[Wire]) -> list[Wire]:
    """Our lines, each in the place of the line that it is there: its Id, its class and what we do not send stay."""
    kinds = {sent(line)["DetailType"] for line in ours}
    partners = _partners(ours, [line for line in theirs if line.get("DetailType") in kinds])
    return [sent(line) if their is None else _over(line, their) for line, their in zip(ours, partners, strict=True)]


def _over(line: Mapping[str, object], their: Wire) -> Wire:
    wire = sent(line)
    kind = str(wire["DetailType"])
    detail = {**_detail(their, kind), **_detail(wire, kind)}
    if detail.get("BillableStatus") == "HasBeenBilled":
        del detail["BillableStatus"]  # set by the vendor only; sent back it is refused (sheet section 8.2.1)
    detail.pop("TaxInclusiveAmt", None)  # computed there
    kept = {name: value for name, value in their.items() if name not in {"LineNum", "Description"}}
    return {**kept, **wire, kind: detail}


def _partners(ours: Sequence[Mapping[str, object]], theirs: Sequence[Wire]) -> list[Wire | None]:
    """For each line of ours the line of theirs that it is; what is left over goes by its place if the counts agree."""
    free = {n: form(fit(BillLine, their)) for n, their in enumerate(theirs)}
    found: dict[int, int] = {}
    for parts in LIKENESS:
        for n, line in enumerate(ours):
            alike = [m for m, their in free.items() if all(their[part] == line.get(part, "") for part in parts)]
            if n not in found and alike:
                found[n] = n if n in alike else alike[0]
                del free[found[n]]
    left = [n for n in range(len(ours)) if n not in found]
    if len(left) == len(free):
        found |= dict(zip(left, free, strict=True))
    return [theirs[found[n]] if n in found else None for n in range(len(ours))]


def _detail(line: Wire, kind: str) -> Wire:
    found = line.get(kind)
    return dict(found) if isinstance(found, Mapping) else {}
