"""What the settings of a company file mean for a bill: shared by the flows that write there."""

from __future__ import annotations

import datetime
from typing import TypedDict

from chalicelib.engine.errors import Held
from chalicelib.engine.link import Link
from chalicelib.engine.records import Reference

TITLE = "QuickBooks Desktop"
PAYABLE = "AccountsPayable"
NO_LINES = frozenset({PAYABLE, "AccountsReceivable", "NonPosting"})  # kinds that no line of a bill takes (sheet 3.3)


class Owed(TypedDict):
    vendor: str
    vendor_name: str
    ap_account: str
    currency: str


def owed(link: Link, *, title: str, vendor: str, vendor_name: str, currency: str) -> Owed:
    """To whom, on which payables, in which currency. Raises Held where the company or the vendor keep another one."""
    home, several = link.fact("preference", "home_currency"), link.fact("preference", "multi_currency") == "true"
    known_as = {currency, link.mappings.get("currency", {}).get(currency, currency)}
    entry = link.entry("vendor", vendor)
    kept = (entry.currency if several and entry else "") or home  # a vendor that we made has the home currency
    settled = bool(vendor) or not several  # without its partner nothing is known of the vendor yet
    if settled and kept and kept not in known_as:
        raise _other_currency(title=title, vendor_name=vendor_name, currency=currency, kept=kept, several=several)

    def payable(account: Reference) -> bool:
        return account.kind == PAYABLE and (account.currency or home or currency) in known_as

    ap_account = link.only("account", "ap_account", payable, "Every bill needs an accounts-payable account.")
    account = link.entry("account", ap_account)
    if account is not None and not payable(account):
        raise Held(
            "account_type",
            f"{title} is in {currency}; the policy ap_account names {account.label}, which is no accounts-payable "
            f"account in {currency}.",
            cause=f"account {account.label} in {currency}",
            fix="Name one in that currency, or none where there is one accounts-payable account a currency.",
            waits_for=["setting:ap_account", "reference:account"],
        )
    return Owed(vendor=vendor, vendor_name=vendor_name, ap_account=ap_account, currency=currency)


def _other_currency(*, title: str, vendor_name: str, currency: str, kept: str, several: bool) -> Held:
    if not several:
        return Held(
            "currency_mismatch",
            f"{title} is in {currency}; the books are kept in {kept} only.",
            cause=f"currency {currency}",
            fix=f"Turn on multiple currencies in {TITLE} (Edit, Preferences), or have it billed in {kept}.",
            waits_for=["reference:preference"],
        )
    return Held(
        "currency_mismatch",
        f"{title} is in {currency}, but the vendor {vendor_name} is kept in {kept} in {TITLE}, for life.",
        cause=f"currency {currency} of {vendor_name}",
        fix=f"Make a second vendor in {currency} in {TITLE} (such as “{vendor_name} {currency}”) and one in Procurify "
        f"that is linked to it. If {kept} is another name of {currency}, map it: mappings: currency: "
        f'{currency}: "{kept}".',
        waits_for=["reference:vendor", f"mapping:currency:{currency}"],
    )


def posting_date(link: Link, *, title: str, date: datetime.date) -> tuple[datetime.date, str]:
    """The day to post on, and a word for the memo where it is not the document's own. Raises Held in closed books."""
    closed, divided = link.fact("preference", "closing_date"), link.fact("preference", "dividing_date")
    until = max(closed, divided)
    if date.isoformat() > until:
        return date, ""
    if link.policy("closed_period") == "first_open_day":
        return datetime.date.fromisoformat(until) + datetime.timedelta(days=1), f"dated {date}"
    what = "the books are closed" if closed == until else "the books are with the accountant (Accountant's Copy)"
    raise Held(
        "closed_period",
        f"{title} is dated {date}; {what} up to {until}.",
        cause=f"{what} up to {until}",
        fix=f"Change the date in Procurify, open the period in {TITLE}, or set the policy closed_period."
        if closed == until
        else "Wait until the accountant's changes are in, or set the policy closed_period.",
        waits_for=["reference:preference", "setting:closed_period"],
    )


def class_of(link: Link, name: str) -> str | None:
    """The class of a line; None, so that it is not ours, where the company does not track classes (sheet 3.3)."""
    return link.may("class", name) if link.fact("preference", "uses_classes") == "true" else None


def line_account(link: Link, account: str) -> str:
    """The account as it is given. Raises Held for one that no line of a bill takes."""
    entry = link.entry("account", account)
    if entry is not None and entry.kind in NO_LINES:
        raise Held(
            "account_type",
            f"The account {entry.label} is of a kind that a bill's lines cannot be on ({entry.kind}).",
            cause=f"account {entry.label}",
            fix="Map to an expense, cost or asset account.",
            waits_for=["reference:account"],
        )
    return account
