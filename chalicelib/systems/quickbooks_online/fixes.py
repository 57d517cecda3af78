"""What a fault of Intuit's means, and what a customer does about it: where in QuickBooks Online, and what then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Class = Literal["RETRY", "SLOW", "REFRESH", "REREAD", "ADOPT", "HOLD", "TENANT", "BUG", "LATER", "SPLIT", "DROP"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """`waits_for` are the target's lists whose change lets a held record go by itself."""

    kind: Class
    reason: str
    says: str
    fix: str
    owner: str = "bookkeeper"
    waits_for: tuple[str, ...] = ()


def hold(reason: str, says: str, fix: str, *waits_for: str) -> Meaning:
    return Meaning("HOLD", reason, says, fix, waits_for=tuple(f"reference:{kind}" for kind in waits_for))


def bug(says: str) -> Meaning:
    fix = (
        "Tell the operator: the mistake is in our request, which the trail holds, not in the document. Replay the "
        "record once it is mended."
    )
    return Meaning(
        "BUG", "request_not_accepted", f"QuickBooks Online did not accept {{title}}: {says}", fix, "operator"
    )


def tenant(says: str, fix: str) -> Meaning:
    return Meaning("TENANT", "connection", says, fix, "admin")


def away(says: str) -> Meaning:
    """The company is closed to everybody for some hours: its connection waits, and somebody is told."""
    fix = (
        "Nothing, if Intuit is at work on it: it is tried again every 15 minutes and what waits goes on by itself. If "
        "it lasts longer than a day, a QuickBooks administrator asks Intuit's support."
    )
    return Meaning("SLOW", "connection", says, fix, "admin")


SETTINGS = "in QuickBooks Online under the gear icon > Account and settings"
CHART = "in QuickBooks Online under the gear icon > Chart of accounts"
VENDORS = "in QuickBooks Online under Expenses > Vendors"
BILLS = "in QuickBooks Online under Expenses > Bills"

RECONNECT = (
    "An admin runs `mlc connect {company}`, and a QuickBooks administrator of the company opens the link; what waits "
    "goes on by itself then."
)
ENVIRONMENT = (
    "An admin compares the environment (production or sandbox) and the realm of {company} with the Company ID that "
    "stands "
    + SETTINGS
    + " > Billing & subscription, corrects them with `mlc apply`, and runs `mlc connect {company}`."
)
RENEW = (
    "The company's owner renews it " + SETTINGS + " > Billing & subscription; what waits goes on by itself then."
)  # fmt: skip
TAX = "Correct the tax settings in QuickBooks Online under Taxes, or the tax of the bill at the source, then replay."
DATA = "Correct the value at the source, or in the mapping of this flow; then it goes by itself or is replayed."
OPEN = (
    "Change the date at the source, open the period " + SETTINGS + " > Advanced > Accounting > Close the books, or set "
    "the policy closed_period; it goes by itself then."
)
SWITCH_ON = (
    "Switch it on " + SETTINGS + ", or change the plan there under Billing & subscription; it goes by itself or is "
    "replayed then. Only records of this kind wait, the others go on."
)
ONE_OR_OTHER = (
    "If it is the same document, link the record to it; if not, correct the number at one end (bills are found "
    + BILLS
    + "), then replay."
)
ACTIVE_AGAIN = (
    "Make it active again (accounts "
    + CHART
    + ", vendors under Expenses > Vendors, each with “Include inactive” ticked), or map or link the record to another "
    "one; it goes by itself then."
)
BY_HAND = (
    "Nothing is known to be wrong with it: replay it. If that does not help, enter it in QuickBooks Online by hand and "
    "dismiss the record."
)
NOTHING = "Nothing: it goes on by itself."

CLOSED = Meaning(
    "HOLD", "closed_period", "The books are closed for the date of {title}: {detail}", OPEN,
    waits_for=("reference:preference", "setting:closed_period"),
)  # fmt: skip
BILLED = hold(
    "settled",
    "A line of {title} was billed on to a customer in QuickBooks Online, so it cannot be changed: {detail}",
    "Take the line off the customer's invoice in QuickBooks Online under Sales > Invoices, then replay; or change the "
    "bill there by hand and dismiss the record.",
)
