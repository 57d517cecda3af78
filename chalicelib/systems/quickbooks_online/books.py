"""What the settings of a company in QuickBooks Online mean for a document: shared by the flows that write there."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TypedDict

from chalicelib.engine.errors import Held
from chalicelib.engine.link import Link
from chalicelib.engine.records import Reference

TITLE = "QuickBooks Online"


class Owed(TypedDict):
    vendor: str
    vendor_name: str
    ap_account: str
    currency: str
    send_currency: bool


def owed(link: Link, *, title: str, vendor: str, vendor_name: str, currency: str) -> Owed:
    """To whom, on which payables, in which currency. Raises Held where the company or the vendor keep another one."""
    several = link.fact("preference", "multi_currency") == "true"
    _check_currency(link, title=title, currency=currency, several=several)
    entry = link.entry("vendor", vendor)
    if several and entry is not None and entry.currency not in ("", currency):
        raise Held(
            "currency_mismatch",
            f"{title} is in {currency}, but the vendor {vendor_name} is kept in {entry.currency} in {TITLE}, for life.",
            cause=f"currency {currency} of {vendor_name}",
            fix=f"Make a second vendor in {currency} in {TITLE} (such as “{vendor_name} {currency}”) and one in "
            "Procurify that is linked to it.",
            waits_for=["reference:vendor"],
        )

    def payable(account: Reference) -> bool:
        return account.kind == "Accounts Payable" and account.currency in ("", currency)

    account = link.only("account", "ap_account", payable, "Every bill needs an accounts-payable account.")
    return Owed(vendor=vendor, vendor_name=vendor_name, ap_account=account, currency=currency, send_currency=several)


def _check_currency(link: Link, *, title: str, currency: str, several: bool) -> None:
    home = link.fact("preference", "home_currency")
    if home and currency != home and not several:
        raise Held(
            "currency_mismatch",
            f"{title} is in {currency}; the books are kept in {home} only.",
            cause=f"currency {currency}",
            fix=f"Turn on multicurrency in {TITLE}, or bill in {home}.",
            waits_for=["reference:preference"],
        )


def posting_date(link: Link, *, title: str, date: datetime.date) -> tuple[datetime.date, str]:
    """The day to post on, and a word for the memo where it is not the document's own. Raises Held in closed books."""
    closed = link.fact("preference", "book_close_date")
    if not closed or date.isoformat() > closed:
        return date, ""
    if link.policy("closed_period") == "first_open_day":
        return datetime.date.fromisoformat(closed) + datetime.timedelta(days=1), f"dated {date}"
    raise Held(
        "closed_period",
        f"{title} is dated {date}; the books are closed up to {closed}.",
        cause=f"books closed up to {closed}",
        fix=f"Change the date in Procurify, open the period in {TITLE}, or set the policy closed_period.",
        waits_for=["reference:preference", "setting:closed_period"],
    )


def one_location(link: Link, *, title: str, names: Sequence[str]) -> str:
    """A document has one location there, its lines have none."""
    found = list(dict.fromkeys(name for name in names if name))
    if len(found) > 1:
        raise Held(
            "several_locations",
            f"{title} has lines of {len(found)} locations ({', '.join(found[:5])}); in {TITLE} it can have one.",
            cause=", ".join(found),
            fix="Split it by location in Procurify, or set the policy location_from: none.",
            waits_for=["setting:location_from"],
        )
    return link.may("location", found[0]) if found else ""


def tax_calculation(link: Link, *, title: str, inclusive: frozenset[bool] | None) -> str:
    """What is said of tax outside the United States, where it must be said (sheet section 8.2); inside, nothing is.

    `inclusive` tells whether the taxes stand inside the amounts; None: no tax codes are sent, none may be added there.
    """
    if inclusive is not None and len(inclusive) > 1:
        raise Held(
            "mixed_tax",
            f"{title} has taxes inside some amounts and on top of others; {TITLE} takes one or the other.",
            cause=title,
            fix="Enter all its taxes the same way in Procurify, or set the policy tax_mode: lines.",
            waits_for=["setting:tax_mode"],
        )
    if link.fact("preference", "abroad") != "true":
        return ""
    if inclusive is None:
        return "NotApplicable"
    return "TaxInclusive" if True in inclusive else "TaxExcluded"


def check_purchase_orders(link: Link) -> None:
    """Raises Held, with one cause for all orders, where the company has none."""
    if link.fact("preference", "purchase_orders") == "false":
        raise Held(
            "not_available",
            f"Purchase orders are not available in this company of {TITLE}; bills are not affected.",
            cause="purchase orders",
            fix=f"Turn on purchase orders in {TITLE} (Account and settings, Expenses), or choose a plan that has them.",
            owner="admin",
            waits_for=["reference:preference"],
        )
