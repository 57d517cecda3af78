"""What the flows hand over: vendor and bill drafts in the normal form that is compared with what stands there."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Draft, Json, Money, Summary
from chalicelib.systems.quickbooks_online import names

CENT = Decimal("0.01")


def vendor_draft(
    *,
    name: str,
    company: str = "",
    email: str = "",
    phone: str = "",
    line1: str = "",
    line2: str = "",
    city: str = "",
    state: str = "",
    postal_code: str = "",
    country: str = "",
    currency: str = "",
    outside_id: str = "",
) -> Draft:
    """A vendor. The country is written once: it comes back in another spelling (sheet section 8.8).

    The phone is compared without its ornaments and sent as it is spelled. `currency` only where it is not the home
    currency: a vendor keeps it for life. What had to be changed to fit is told in the trail.
    """
    body: Json = {
        "name": names.name(name),
        "company": names.name(company, names.COMPANY),
        "email": names.email(email),
        "phone": names.dialled(names.phone(phone)),
        "line1": names.text(line1, 500),
        "line2": names.text(line2, 500),
        "city": names.text(city, 255),
        "state": names.text(state, 255),
        "postal_code": names.text(postal_code, 30),
    }
    if not body["name"]:
        raise Held(
            "no_name",
            f"A vendor has no name that QuickBooks Online can take{f' ({company})' if company else ''}.",
            cause=f"vendor {name or company or outside_id}",
            fix="Give it a name at the source.",
        )
    if currency:
        body["currency"] = currency
    notes = _changed({"name": (name, body["name"]), "company": (company, body["company"])})
    if email.strip() and not body["email"]:
        notes.append(f"The e-mail address {email.strip()[:200]} is no usable one and was left out.")
    once: Json = {"country": names.text(country, 255), "outside_id": outside_id}
    once |= {"phone": names.phone(phone)} if body["phone"] else {}
    return Draft(kind="vendor", body=body, once=_with(once, notes), summary=Summary(title=str(body["name"]) or name))


def bill_line(
    *,
    amount: Decimal,
    description: str,
    account: str = "",
    item: str = "",
    klass: str | None = None,
    tax_code: str | None = None,
) -> Json:
    """One line on an account, or on an item. What is None is not ours: whatever a person puts there stays.

    Raises Held for an amount finer than a cent: it is never rounded in passing.
    """
    if amount != amount.quantize(CENT):
        raise Held(
            "not_accepted",
            f"A line of {amount} ({description[:60]}) has fractions of a cent; QuickBooks Online keeps whole cents.",
            cause=f"amount {amount}",
            fix="Round the amount at the source, then replay.",
        )
    made: Json = {"item": item} if item else {"account": account}
    made |= {"amount": f"{amount + Decimal(0):.2f}", "description": names.text(description)}
    optional = {"class": klass, "tax_code": tax_code}
    return made | {name: value for name, value in optional.items() if value is not None}


def bill_draft(
    *,
    vendor: str,
    vendor_name: str,
    ap_account: str,
    date: datetime.date,
    due_date: datetime.date | None,
    number: str,
    currency: str,
    send_currency: bool,
    lines: Sequence[Json],
    memo: str,
    location: str = "",
    term: str = "",
    tax_calculation: str = "",
    total: Decimal | None = None,
) -> Draft:
    """A bill. `send_currency` only where multicurrency is on; `total` only where taxes are added to the lines there.

    What has no value is not sent and never compared: it is theirs. A number that had to be cut is whole in the memo.
    """
    title = f"Bill {number or '(no number)'} of {vendor_name}"
    total = _sum(lines) if total is None else total
    _some_lines(title, lines, total)
    doc_number = names.doc_number(number)
    body: Json = {"vendor": vendor, "date": date.isoformat(), "number": doc_number, "lines": list(lines)}
    body |= _given(
        ap_account=ap_account,
        due_date=due_date.isoformat() if due_date else "",
        currency=currency if send_currency else "",
        location=location,
        term=term,
    )
    whole, notes = _cut(number, doc_number)
    once = _with(_given(memo=_joined(whole, memo), tax_calculation=tax_calculation), notes)
    money = Money(total, currency)
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="bill", body=body, once=once, summary=summary, money=money)


def purchase_order_draft(
    *,
    vendor: str,
    vendor_name: str,
    ap_account: str,
    date: datetime.date,
    number: str,
    send_number: bool,
    is_open: bool,
    currency: str,
    send_currency: bool,
    lines: Sequence[Json],
    memo: str,
) -> Draft:
    """A purchase order: it posts nothing. `send_number` only where the company lets us number its orders."""
    title = f"Purchase order {number or '(no number)'} of {vendor_name}"
    total = _sum(lines)
    _some_lines(title, lines, total)
    doc_number = names.doc_number(number) if send_number else ""
    body: Json = {"vendor": vendor, "date": date.isoformat(), "status": "Open" if is_open else "Closed"}
    body |= {"lines": list(lines)}
    body |= _given(ap_account=ap_account, number=doc_number, currency=currency if send_currency else "")
    whole, notes = _cut(number, doc_number)
    once = _with(_given(memo=_joined(whole, memo)), notes)
    money = Money(total, currency)
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="purchase_order", body=body, once=once, summary=summary, money=money)


def _some_lines(title: str, lines: Sequence[Json], total: Decimal) -> None:
    if not lines:
        raise Held("no_lines", f"{title} has no lines.", cause=title, fix="Add a line at the source.")
    if total < 0:
        raise Held(
            "negative_amount",
            f"{title} comes to {total}, which QuickBooks Online takes as a vendor credit only.",
            cause=title,
            fix="Enter a vendor credit in QuickBooks Online by hand and dismiss the record.",
        )


def _sum(lines: Sequence[Json]) -> Decimal:
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00"))


def _cut(number: str, doc_number: str) -> tuple[str, list[str]]:
    """Where the number does not stand whole: its place in the memo (first, so that a long memo never cuts it off)."""
    if doc_number == " ".join(number.split()):
        return "", []
    if not doc_number:
        return f"No. {number}", []
    return f"No. {number}", [f"The number {number} was shortened to {doc_number}; the memo holds it whole."]


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _given(**values: str) -> Json:
    return {name: value for name, value in values.items() if value}


def _changed(texts: Mapping[str, tuple[str, object]]) -> list[str]:
    """What the source calls it stays in the trail where QuickBooks Online cannot take it (sheet section 15)."""
    return [
        f"The {part} “{given}” is written as “{taken}”."
        for part, (given, taken) in texts.items()
        if " ".join(given.split()) != taken
    ]


def _with(once: Json, notes: list[str]) -> Json:
    return {**once, "notes": notes} if notes else once
