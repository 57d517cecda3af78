"""What the flows hand over: vendor and bill drafts in the normal form that is compared with what stands there."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Draft, Json, Money, Summary
from chalicelib.systems.quickbooks_desktop import names

TITLE = "QuickBooks Desktop"
CENT = Decimal("0.01")
MOST_NAME, MOST_NUMBER = 41, 20
ADDRESS = {"line1": 41, "line2": 41, "city": 31, "state": 21, "postal_code": 13}


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
    """A vendor. The country is written once: it comes back as each PC spells it. What was changed to fit is noted."""
    address = {"line1": line1, "line2": line2, "city": city, "state": state, "postal_code": postal_code}
    body: Json = {
        "name": names.name(name, MOST_NAME),
        "company": names.cut(names.line(company), MOST_NAME),
        "email": names.line(email),
        "phone": names.phone(phone, 21),
        **{part: names.cut(names.line(value), ADDRESS[part]) for part, value in address.items()},
    }
    if not body["name"]:
        known_as = name.strip() or company or outside_id
        raise Held(
            "no_name",
            f"The vendor {known_as} has no name with a letter or digit that {TITLE} can store.",
            cause=f"vendor {known_as}",
            fix=f"Link the record to the vendor in {TITLE} (mlc resolve ID --link LISTID), or give it a name in Latin "
            "letters at the source.",
        )
    notes = _changed({"name": (name, body["name"]), "company": (company, body["company"])})
    once: Json = {"country": names.cut(names.line(country), 31), "outside_id": outside_id}
    return Draft(kind="vendor", body=body, once=_with(once, notes), summary=Summary(title=str(body["name"])))


def bill_line(
    *, amount: Decimal, account: str, memo: str, klass: str | None = None, customer: str | None = None
) -> Json:
    """One line on an account. What is None is not ours: whatever a person puts there stays.

    Raises Held for an amount finer than a cent: it is never rounded in passing.
    """
    if amount != amount.quantize(CENT):
        raise Held(
            "not_accepted",
            f"A line of {amount} ({memo[:60]}) has fractions of a cent; {TITLE} keeps whole cents.",
            cause=f"amount {amount}",
            fix="Round the amount at the source, then replay.",
        )
    made: Json = {"account": account, "amount": f"{amount + Decimal(0):.2f}", "memo": names.text(memo, 4095)}
    optional = {"class": klass, "customer": customer}
    return made | {name: value for name, value in optional.items() if value is not None}


def bill_draft(
    *,
    title: str,
    vendor: str,
    vendor_name: str,
    ap_account: str,
    date: datetime.date,
    due_date: datetime.date | None,
    number: str,
    currency: str,
    lines: Sequence[Json],
    memo: str,
    term: str = "",
    covers: Sequence[str] = (),
) -> Draft:
    """A bill; `number` is fitted into 20 characters, always alike, and then stands whole in the memo.

    What has no value is not sent and never compared: it is theirs. `covers` names what else it is the bill for.
    """
    total = sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00"))
    _check_lines(title, lines, total)
    fitted = names.number(number, MOST_NUMBER)
    body: Json = {"vendor": vendor, "date": date.isoformat(), "number": fitted, "lines": list(lines)}
    optional = {"ap_account": ap_account, "due_date": due_date.isoformat() if due_date else "", "term": term}
    body |= {name: value for name, value in optional.items() if value}
    cut = fitted != names.line(number)
    notes = [f"The number {number} is written as {fitted}; the memo holds it whole."] if cut else []
    said = " · ".join(part for part in (f"No. {number}" if cut else "", memo) if part)
    money = Money(total, currency)
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    once = _with({"memo": said}, notes)
    return Draft(kind="bill", body=body, once=once, summary=summary, money=money, covers=covers)


def _check_lines(title: str, lines: Sequence[Json], total: Decimal) -> None:
    if not lines:
        raise Held("no_lines", f"{title} has no lines.", cause=title, fix="Add a line at the source.")
    if total < 0:
        raise Held(
            "negative_amount",
            f"{title} comes to {total}, which {TITLE} takes as a vendor credit only.",
            cause=title,
            fix=f"Enter a vendor credit in {TITLE} by hand and dismiss the record.",
        )


def _changed(texts: Mapping[str, tuple[str, object]]) -> list[str]:
    """What the source calls it stays in the trail where QuickBooks cannot take it."""
    return [
        f"The {part} “{given}” is written as “{taken}”."
        for part, (given, taken) in texts.items()
        if " ".join(given.split()) != taken
    ]


def _with(once: Json, notes: list[str]) -> Json:
    return {**once, "notes": notes} if notes else once
