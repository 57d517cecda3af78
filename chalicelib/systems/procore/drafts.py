"""What the flows hand over: drafts in the normal form that is compared with what stands in Procore.

`lock` says whether our mark goes into the origin id, which locks the record for people there (sheet section 6); a
company whose accounting is connected to Procore already keeps that field for itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Draft, Json, Money, Summary
from chalicelib.systems.procore import names

CENT = Decimal("0.01")
METHODS = {"check": "check", "creditcard": "credit_card", "credit_card": "credit_card"}


def vendor_draft(
    *,
    name: str,
    email: str = "",
    phone: str = "",
    line1: str = "",
    city: str = "",
    state: str = "",
    postal_code: str = "",
    country: str = "",
    code: str = "",
    lock: bool = True,
) -> Draft:
    """A company vendor. What the source does not have is not sent and never compared: nothing is blanked out there."""
    spoken = names.text(name)
    if not spoken:
        raise Held(
            "no_name",
            f"A vendor has no name that Procore can take{f' ({code})' if code else ''}.",
            cause=f"vendor {code or 'without a name'}",
            fix="Give it a name at the source.",
        )
    state_code, country_code = names.region(state, country)
    body: Json = {"name": spoken} | _given(
        email=email.strip(),
        phone=names.text(phone),
        line1=names.text(line1),
        city=names.text(city),
        state=state_code,
        postal_code=names.text(postal_code),
        country=country_code,
    )
    left_out = " and ".join(filter(None, (state.strip(), country.strip()))) if not country_code else ""
    notes = [f"{left_out} is left out: Procore takes two-letter codes that belong together."] if left_out else []
    once: Json = {"lock": lock, **_given(code=names.text(code), outside_id=names.text(code))}
    return Draft(kind="vendor", body=body, once=_with(once, notes), summary=Summary(title=spoken))


def project_vendor_draft(*, project: str, vendor: str, name: str, code: str = "") -> Draft:
    """A company vendor in the directory of a project, where it has another id (sheet section 7)."""
    once: Json = {"vendor": vendor, "name": names.text(name), "code": code}
    return Draft(kind="project_vendor", body={"project": project}, once=once, summary=Summary(title=name))


def share(*, line: str, amount: Decimal, retainage: Decimal = Decimal(0)) -> Json:
    """What of a bill goes on one line of the commitment's schedule of values."""
    return {"line": line, "amount": _cents(amount), "retainage": _cents(retainage)}


def requisition_draft(
    *,
    commitment: str,
    vendor_name: str,
    period: str,
    begin: datetime.date,
    end: datetime.date,
    date: datetime.date,
    number: str,
    currency: str,
    lines: Sequence[Json],
    status: str = "under_review",
) -> Draft:
    """An invoice of a commitment; `commitment` and the lines are ids of Procore. Lines of nothing are none.

    Its period and status are given once: people move it on from there. Raises Held for one that takes money back.
    """
    title = f"Invoice {number.strip() or '(no number)'} of {vendor_name}"
    some = sorted((line for line in lines if Decimal(str(line["amount"]))), key=lambda line: str(line["line"]))
    if any(Decimal(str(line["amount"])) < 0 for line in some):
        raise Held(
            "negative_amount",
            f"{title} takes money back on a line of its commitment, which Procore does not take as an invoice.",
            cause=title,
            fix="Correct the invoice before it in Procore by hand and dismiss the record, or correct the bill.",
        )
    money = Money(_sum(some), currency)
    body: Json = {"commitment": commitment, "date": date.isoformat(), "number": names.text(number), "lines": some}
    once: Json = {"period": period, "begin": begin.isoformat(), "end": end.isoformat(), "status": status}
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    place = f"commitment:{commitment}"
    return Draft(kind="requisition", body=body, once=once, summary=summary, money=money, aggregate=place)


def cost_line(*, key: str, wbs: str, amount: Decimal, description: str = "") -> Json:
    """One line of a direct cost on one budget code; `key` is the line's own id at the source."""
    return {"key": key, "wbs": wbs, "amount": _cents(amount), "description": names.text(description)}


def direct_cost_draft(
    *,
    project: str,
    vendor: str,
    company_vendor: str,
    vendor_name: str,
    date: datetime.date,
    number: str,
    currency: str,
    lines: Sequence[Json],
    memo: str = "",
    terms: str = "",
    status: str = "approved",
    paid: str | None = None,
    lock: bool = True,
) -> Draft:
    """A cost without a commitment. `vendor` is its id in the project, `company_vendor` that in the company.

    Lines of nothing are none. `paid` is the day of the last payment, "" while it is unpaid; None: what stands there is
    theirs.
    """
    title = f"Direct cost {number.strip() or '(no number)'} of {vendor_name}"
    if not lines:
        raise Held("no_lines", f"{title} has no lines.", cause=title, fix="Add a line at the source.")
    if not number.strip():
        raise Held(
            "required_missing",
            f"{title} needs an invoice number: Procore takes none without.",
            cause=title,
            fix="Give the bill a number at the source; it goes by itself then.",
        )
    money = Money(_sum(lines), currency)
    body: Json = {"project": project, "vendor": vendor, "date": date.isoformat(), "number": names.text(number)}
    body["lines"] = sorted((line for line in lines if Decimal(str(line["amount"]))), key=lambda line: str(line["key"]))
    if paid is not None:
        body["paid"] = paid
    once: Json = {"status": status, "lock": lock, "company_vendor": company_vendor}
    once |= _given(memo=names.text(memo), terms=names.text(terms))
    summary = Summary(title=title, number=number, party=vendor_name, day=date, money=money)
    return Draft(kind="direct_cost", body=body, once=once, summary=summary, money=money)


def contract_payment_draft(
    *,
    commitment: str,
    requisition: str,
    vendor_name: str,
    date: datetime.date,
    amount: Decimal,
    currency: str,
    number: str = "",
    invoice_date: datetime.date | None = None,
    check_number: str = "",
    method: str = "",
    memo: str = "",
    lock: bool = True,
) -> Draft:
    """A payment of one invoice of a commitment: the part of the payment that was applied to that bill."""
    money = Money(Decimal(_cents(amount)), currency)
    title = f"Payment of {money} to {vendor_name}"
    if money.amount <= 0:
        raise Held(
            "negative_amount",
            f"{title}: Procore takes payments of more than nothing only.",
            cause=title,
            fix="Correct the payment at the source, or dismiss the record.",
        )
    body: Json = {"commitment": commitment, "date": date.isoformat(), "amount": _cents(amount)}
    body |= _given(number=names.text(number), check_number=names.text(check_number))
    once: Json = {"requisition": requisition, "lock": lock}
    once |= _given(
        method=METHODS.get(method.replace(" ", "").casefold(), "electronic"),
        invoice_date=invoice_date.isoformat() if invoice_date else "",
        memo=names.text(memo),
    )
    summary = Summary(title=title, number=check_number, party=vendor_name, day=date, money=money)
    place = f"commitment:{commitment}"
    return Draft(kind="contract_payment", body=body, once=once, summary=summary, money=money, aggregate=place)


def _cents(amount: Decimal) -> str:
    """Raises Held for an amount finer than a cent: it is never rounded in passing."""
    if amount != amount.quantize(CENT):
        raise Held(
            "not_accepted",
            f"An amount of {amount} has fractions of a cent; Procore keeps whole cents.",
            cause=f"amount {amount}",
            fix="Round the amount at the source, then replay.",
        )
    return f"{amount + Decimal(0):.2f}"


def _sum(lines: Sequence[Json]) -> Decimal:
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal("0.00"))


def _given(**values: str) -> Json:
    return {name: value for name, value in values.items() if value}


def _with(once: Json, notes: list[str]) -> Json:
    return {**once, "notes": notes} if notes else once
