"""What the flows hand over: drafts in the normal form that is compared with what stands in Procurify.

A bill is a bill in its three ways (`bill_match_draft`, `inbox_draft`, `requisition_draft`): vendor, number, total and
currency say which one it is; everything else is told once. Numbers are compared in any case.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Sequence
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Attachment
from chalicelib.engine.records import Draft, Json, Money, Summary

CENT = Decimal("0.01")
LONGEST_NAME = 150
MOST = {"phone": 20, "line1": 300, "line2": 300, "city": 50, "state": 40, "postal_code": 20, "country": 80}
READABLE = {"application/pdf": ("pdf",), "image/jpeg": ("jpg", "jpeg"), "image/png": ("png",)}
LARGEST_FILE = 2_000_000  # bytes; Procurify reads up to 25 MB, but a record keeps what it sends


def vendor_draft(
    *,
    name: str,
    outside_id: str = "",
    email: str = "",
    phone: str = "",
    line1: str = "",
    line2: str = "",
    city: str = "",
    state: str = "",
    postal_code: str = "",
    country: str = "",
    currency: str = "",
    synced: bool = False,
) -> Draft:
    """`outside_id` becomes the external id ("" for the record mark), `currency` is Procurify's id of it.

    `synced`: the customer uses Procurify's native Master Data Sync, so that none is ever made. What the source does not
    have is not sent and never compared: nothing is blanked out there.
    """
    spoken = _line(name)
    if not spoken or len(spoken) > LONGEST_NAME:
        raise Held(
            "bad_value" if spoken else "no_name",
            f"The vendor {spoken[:80] or outside_id} has "
            + (f"a name of more than {LONGEST_NAME} characters." if spoken else "no name that Procurify can take."),
            cause=f"vendor {spoken[:80] or outside_id}",
            fix="Give it a shorter name at the source." if spoken else "Give it a name at the source.",
        )
    given = {"phone": phone, "line1": line1, "line2": line2, "city": city, "state": state}
    given |= {"postal_code": postal_code, "country": country}
    told, notes = {name: _line(value) for name, value in given.items() if _line(value)}, list[str]()
    for field, value in list(told.items()):
        if len(value) > MOST[field]:
            del told[field]
            notes.append(f"{field} is left out: Procurify takes {MOST[field]} characters, not {len(value)}.")
    body: Json = {"name": spoken, **told}
    if "@" in email:
        body["email"] = email.strip()
    elif email.strip():
        notes.append("email is left out: it is no address.")
    once: Json = {"outside_id": outside_id, "currency": currency, "synced": synced, "notes": notes}
    return Draft(kind="vendor", body=body, once={k: v for k, v in once.items() if v}, summary=Summary(title=spoken))


def bill_line(*, description: str, amount: Decimal, account_code: str = "") -> Json:
    """`account_code` is needed in a requisition alone."""
    return {"description": _line(description), "amount": _cents(amount), "account_code": account_code}


def bill_match_draft(
    *,
    vendor: str,
    vendor_name: str,
    number: str,
    date: datetime.date,
    currency: str,
    lines: Sequence[Json],
    due_date: datetime.date | None = None,
) -> Draft:
    """The bill as it has to stand in Procurify; nothing is written. The lines are for the person who enters it."""
    money = Money(_sum(lines), currency)
    title = " ".join(f"Bill {_line(number) or 'without a number'} of {vendor_name}".split())
    body: Json = {"vendor": vendor, "number": plain_name(number), "total": f"{money.amount:.2f}", "currency": currency}
    once: Json = {"vendor_name": vendor_name, "label": _line(number), "date": date.isoformat(), "lines": list(lines)}
    if due_date:
        once["due_date"] = due_date.isoformat()
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="bill_match", body=body, once=once, summary=summary, money=money)


def inbox_draft(
    *,
    vendor: str,
    vendor_name: str,
    number: str,
    date: datetime.date,
    currency: str,
    lines: Sequence[Json],
    due_date: datetime.date | None = None,
    po_number: str = "",
    file: Attachment | None = None,
    left_out: str = "",
) -> Draft:
    """The same, mailed to the AP inbox where it is not there. `file` is the bill's own; without one that the inbox
    reads, one is made. `left_out` says why one that the bill has is not given."""
    made = bill_match_draft(
        vendor=vendor, vendor_name=vendor_name, number=number, date=date, currency=currency, lines=lines,
        due_date=due_date,
    )  # fmt: skip
    once = {**made.once, **({"po_number": _line(po_number)} if _line(po_number) else {})}
    unfit = _unfit(file) if file else left_out
    if file and not unfit:
        content = base64.b64encode(file.content).decode()
        once["file"] = {"name": file.name, "type": file.type, "content": content}
    elif unfit:
        once["notes"] = [f"Its own file is left out: {unfit}. A file was made of what the bill says."]
    return Draft(kind="inbox_mail", body=made.body, once=once, summary=made.summary, money=made.money)


def requisition_draft(
    *,
    vendor: str,
    vendor_name: str,
    number: str,
    date: datetime.date,
    currency: str,
    lines: Sequence[Json],
    required: datetime.date,
    location: str,
    department: str,
) -> Draft:
    """A request over the bill's lines. Procurify takes names and codes, exactly as it has them; lines of nothing are
    none."""
    some = [line for line in lines if Decimal(str(line["amount"]))]
    made = bill_match_draft(
        vendor=vendor, vendor_name=vendor_name, number=number, date=date, currency=currency, lines=some
    )
    if not some or any(Decimal(str(line["amount"])) < 0 for line in some):
        raise Held(
            "negative_amount" if some else "no_lines",
            f"{made.summary.title} "
            + ("takes money back on a line, and Procurify has no request for that." if some else "has no lines."),
            cause=made.summary.title,
            fix="Enter it in Procurify by hand, and dismiss the record.",
        )
    body = {name: value for name, value in made.body.items() if name != "number"}
    once: Json = {**made.once, "number": made.body["number"], "required": required.isoformat()}
    once |= {"location": location, "department": department}
    return Draft(kind="requisition", body=body, once=once, summary=made.summary, money=made.money)


def paid_draft(
    *,
    bill: str,
    vendor_name: str,
    number: str,
    total: Decimal,
    paid: Decimal,
    date: datetime.date,
    currency: str,
    vendor: str = "",
) -> Draft:
    """A bill marked as paid on the day of its last payment. `bill` is its id in the target, `paid` all that was paid.

    `vendor` is the vendor's id there: a bill that was mailed will be among that one's. Raises Held for anything but the
    whole: Procurify knows no part of a payment.
    """
    money = Money(Decimal(_cents(total)), currency)
    title = " ".join(f"Payment of bill {_line(number) or 'without a number'} of {vendor_name}".split())
    if paid != money.amount:
        part = Money(paid, currency)
        over = paid > money.amount
        raise Held(
            "overpaid" if over else "partially_paid",
            f"{title}: {part} of {money} are paid, and Procurify marks whole bills as paid only.",
            cause=title,
            fix="Correct the payment or the bill at the source."
            if over
            else "Nothing to do here: the bill is marked as paid once all of it is.",
            owner="bookkeeper" if over else "nobody",
        )
    body: Json = {"total": f"{money.amount:.2f}", "currency": currency, "paid": "yes"}
    once: Json = {"bill": bill, "date": date.isoformat(), "vendor_name": vendor_name, "label": _line(number)}
    once |= {"number": plain_name(number), "vendor": vendor}
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="payment", body=body, once=once, summary=summary, money=money)


def _unfit(file: Attachment) -> str:
    """Why the inbox, or we, do not take the file; "" for one that is fine."""
    ending = file.name.rpartition(".")[2].lower()
    if ending not in READABLE.get(file.type, ()):
        return f"{_line(file.name)[:60]} is no PDF, JPG or PNG file"
    if file.type == "application/pdf" and not file.content.startswith(b"%PDF-"):
        return f"{_line(file.name)[:60]} is no PDF inside"
    if len(file.content) > LARGEST_FILE:
        size, most = len(file.content) / 1e6, LARGEST_FILE / 1e6
        return f"{_line(file.name)[:60]} has {size:.1f} MB, and at most {most:.0f} MB go along"
    return ""


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cents(amount: Decimal) -> str:
    """Raises Held for an amount finer than a cent: it is never rounded in passing."""
    if amount != amount.quantize(CENT):
        raise Held(
            "not_accepted",
            f"An amount of {amount} has fractions of a cent; bills are kept in whole cents.",
            cause=f"amount {amount}",
            fix="Round the amount at the source, then replay.",
        )
    return f"{amount + Decimal(0):.2f}"


def _sum(lines: Sequence[Json]) -> Decimal:
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00"))
