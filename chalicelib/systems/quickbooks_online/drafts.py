"""What the flows hand over: vendor and bill drafts in the normal form that is compared with what stands there."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from chalicelib.engine.records import Draft, Json, Money, Summary
from chalicelib.systems.quickbooks_online import names


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
    outside_id: str = "",
) -> Draft:
    """A vendor. The country is written once: it comes back in another spelling (sheet section 8.8)."""
    body: Json = {
        "name": names.name(name),
        "company": names.name(company, names.COMPANY),
        "email": names.email(email),
        "phone": names.text(phone, 21),
        "line1": names.text(line1, 500),
        "line2": names.text(line2, 500),
        "city": names.text(city, 255),
        "state": names.text(state, 255),
        "postal_code": names.text(postal_code, 30),
    }
    once: Json = {"country": names.text(country, 255), "outside_id": outside_id}
    return Draft(kind="vendor", body=body, once=once, summary=Summary(title=str(body["name"]) or name))


def bill_line(*, account: str, amount: Decimal, description: str, klass: str = "") -> Json:
    return {
        "account": account,
        "amount": f"{amount:.2f}",
        "description": names.text(description),
        "class": klass,
    }


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
) -> Draft:
    """A bill. `send_currency` only where multicurrency is on; a number that had to be cut stands whole in the memo."""
    doc_number = names.doc_number(number)
    whole = f"No. {number}" if doc_number != number else ""
    body: Json = {
        "vendor": vendor,
        "ap_account": ap_account,
        "date": date.isoformat(),
        "number": doc_number,
        "lines": list(lines),
    }
    # What we do not send is theirs: left out here, it is never compared.
    if due_date:
        body["due_date"] = due_date.isoformat()
    if send_currency:
        body["currency"] = currency
    money = Money(sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00")), currency)
    title = f"Bill {number or '(no number)'} of {vendor_name}"
    once: Json = {"memo": " · ".join(part for part in (memo, whole) if part)}
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="bill", body=body, once=once, summary=summary, money=money)
