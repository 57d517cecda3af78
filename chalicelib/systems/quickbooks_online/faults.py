"""Every code of Intuit's tables (sheet section 14), what it means for a record, and the words a customer reads.

One table: code -> class, reason and words. `{title}` is the record, `{detail}` Intuit's own sentence, `{company}` the
connection's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Class = Literal["RETRY", "SLOW", "REFRESH", "REREAD", "ADOPT", "HOLD", "TENANT", "BUG", "LATER", "SPLIT", "DROP"]
# The most serious class of a fault with several entries counts.
ORDER: tuple[Class, ...] = (
    "TENANT", "REFRESH", "SLOW", "RETRY", "LATER", "REREAD", "ADOPT", "HOLD", "BUG", "DROP", "SPLIT"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """`waits_for` are the target's lists whose change lets a held record go by itself."""

    kind: Class
    reason: str
    says: str
    fix: str
    owner: str = "bookkeeper"
    waits_for: tuple[str, ...] = ()


def _hold(reason: str, says: str, fix: str, *waits_for: str) -> Meaning:
    return Meaning("HOLD", reason, says, fix, waits_for=tuple(f"reference:{kind}" for kind in waits_for))


def _bug(says: str) -> Meaning:
    fix = "Tell the operator; the trail holds the request. Replay the record once it is mended."
    return Meaning(
        "BUG", "request_not_accepted", f"QuickBooks Online did not accept {{title}}: {says}", fix, "operator"
    )


def _tenant(says: str, fix: str) -> Meaning:
    return Meaning("TENANT", "connection", says, fix, "admin")


RECONNECT = "A QuickBooks administrator reconnects the company to {company}; what waits goes on by itself then."
ENVIRONMENT = "Check the environment and the realm of {company}, then reconnect it."
TAX = "Correct the tax settings in QuickBooks Online or the tax of the bill, then replay."
DATA = "Correct the value at the source, or in the mapping of this flow; then it goes by itself or is replayed."
OPEN = "Change the date at the source, or open the period in QuickBooks Online, then replay."

MEANINGS: dict[str, Meaning] = {
    "100": Meaning("REFRESH", "connection", "Intuit did not recognise the access of {company}.", RECONNECT, "admin"),
    "110": Meaning("REFRESH", "connection", "Intuit did not recognise the access of {company}.", RECONNECT, "admin"),
    "120": _tenant("The QuickBooks user who connected {company} may no longer do this.", RECONNECT),
    "130": _tenant("{company} belongs to another environment of QuickBooks Online.", ENVIRONMENT),
    "140": Meaning("SLOW", "company_locked", "The company {company} is locked in QuickBooks Online for now.", "Wait."),
    "150": Meaning("SLOW", "company_locked", "The company {company} is under maintenance.", "Wait."),
    "500": _bug("this operation is not supported for this kind of record. {detail}"),
    "600": Meaning("ADOPT", "sent_before", "{title} was sent before.", "Nothing: it is looked up."),
    "610": _hold(
        "inactive_ref",
        "{title} points to something that is inactive or gone in QuickBooks Online: {detail}",
        "Make it active again there, or map to another one.",
        "vendor",
        "account",
    ),
    "620": _hold("cannot_link", "{title} cannot be linked as asked: {detail}", "Correct the link at the source."),
    "630": Meaning("ADOPT", "exists_in_target", "{title} exists already: {detail}", "Link the record to it."),
    "700": _bug("its parent is not valid. {detail}"),
    "900": _bug("it is its own parent. {detail}"),
    "800": _hold("has_dependents", "{title} cannot be removed: {detail}", "Remove what depends on it first."),
    "1000": _hold("not_done", "QuickBooks Online could not do it for {title}: {detail}", "Replay it once."),
    "1010": _hold("not_done", "QuickBooks Online could not create {title}: {detail}", "Replay it once."),
    "1020": _hold("not_done", "QuickBooks Online could not update {title}: {detail}", "Replay it once."),
    "1040": _bug("too many items in one call. {detail}"),
    "1050": _bug("the content type is wrong. {detail}"),
    "2000": _bug("the kind of record is unknown there. {detail}"),
    "2010": _bug("a field is unknown there. {detail}"),
    "2020": _hold("required_missing", "{title} lacks something that is required: {detail}", DATA),
    "2030": _bug("an id is no number. {detail}"),
    "2040": _hold("bad_characters", "{title} has characters that QuickBooks Online refuses: {detail}", DATA),
    "2050": _bug("a text is too long. {detail}"),
    **{
        code: _bug("a value has the wrong form. {detail}")
        for code in ("2060", "2070", "2080", "2090", "2100", "2110", "2140", "2150", "2160", "2230", "2240")
    },
    "2120": _bug("a type is wrong. {detail}"),
    "2130": _bug("the request id is malformed. {detail}"),
    "2170": _bug("a value is none of those allowed. {detail}"),
    "2200": Meaning("DROP", "bad_web_address", "The web address of {title} is not accepted: {detail}", DATA),
    "2210": Meaning("DROP", "bad_email", "The e-mail address of {title} is not accepted: {detail}", DATA),
    "2220": _hold("currency_mismatch", "The currency of {title} is not accepted: {detail}", DATA),
    "2250": _hold("no_lines", "{title} has no lines.", "Add a line at the source."),
    **{code: _bug("tax or journal details are wrong. {detail}") for code in ("2260", "2270", "2280", "2300")},
    "2290": _hold("negative_amount", "{title} has a negative amount: {detail}", "Enter a vendor credit instead."),
    "2500": _hold(
        "reference_missing",
        "{title} points to something that QuickBooks Online does not have (any more): {detail}",
        "Restore it there, or map to another one.",
        "vendor",
        "account",
    ),
    "2600": _bug("two of its fields contradict each other. {detail}"),
    "3000": _hold("custom_field", "A custom field of {title} is not accepted: {detail}", DATA),
    "3001": Meaning("RETRY", "throttled", "QuickBooks Online asks us to slow down.", "Nothing: it goes on by itself."),
    "3100": _tenant("{company} may not be used with this company or environment.", ENVIRONMENT),
    "3200": Meaning("REFRESH", "connection", "The access of {company} has run out or was revoked.", RECONNECT, "admin"),
    "3202": _bug("the access was missing from the request. {detail}"),
    "4000": _bug("a query cannot be read. {detail}"),
    "4001": _bug("a query is not valid. {detail}"),
    "4002": _bug("a query failed. {detail}"),
    "5000": _bug("a field is no longer supported. {detail}"),
    "5010": Meaning("REREAD", "stale", "{title} was changed there by somebody else.", "Nothing: it is read again."),
    "5020": _hold(
        "not_available", "The plan of {company} does not allow it: {detail}", "Change the plan.", "preference"
    ),
    "5030": _hold(
        "not_available", "QuickBooks Online does not offer it to {company}: {detail}", "Change the plan.", "preference"
    ),
    "6000": _hold("business_rule", "A rule of QuickBooks Online stands against {title}: {detail}", DATA, "account"),
    "6010": _bug("the account type is missing. {detail}"),
    **{
        code: Meaning("DROP", "attachment", "The attachment of {title} is not accepted: {detail}", DATA)
        for code in ("6030", "6040", "6041", "6050")
    },
    "6070": _bug("an amount is not quantity times price. {detail}"),
    "6080": _hold("no_name", "{title} has no name.", "Give it a name at the source."),
    **{
        code: _hold("tax", "The tax of {title} is not accepted: {detail}", TAX)
        for code in ("6100", "6150", "6160", "6170", "6230", "6470")
    },
    "6140": Meaning(
        "ADOPT",
        "exists_in_target",
        "The number of {title} is taken in QuickBooks Online: {detail}",
        "If it is the same document, link the record to it; if not, correct the number at one end, then replay.",
    ),
    "6180": _hold("too_deep", "{title} is nested deeper than five levels.", "Flatten it in QuickBooks Online."),
    "6190": _tenant("The QuickBooks subscription of {company} has ended or is unpaid.", "Renew it at Intuit."),
    "6200": _hold("closed_period", "The books are closed for the date of {title}: {detail}", OPEN, "preference"),
    "6210": _hold("closed_period", "The books are closed for the date of {title}: {detail}", OPEN, "preference"),
    "6220": _hold("open_balance", "{title} still has an open balance: {detail}", "Settle the balance first."),
    "6240": Meaning(
        "ADOPT",
        "name_taken",
        "The name of {title} is taken in QuickBooks Online: {detail}",
        "Rename one of the two, or link the record to the existing vendor.",
        waits_for=("reference:vendor",),
    ),
    **{
        code: _hold("bad_party", "The party of {title} is not accepted: {detail}", DATA, "vendor")
        for code in ("6250", "6290", "6300")
    },
    **{
        code: _hold("billable", "A billable line of {title} needs a customer: {detail}", DATA)
        for code in ("6310", "6320")
    },
    "6430": _hold(
        "account_type", "An account of {title} is of a kind that cannot be used here: {detail}", DATA, "account"
    ),
    "6440": _bug("a line has an amount and no account. {detail}"),
    **{
        code: _hold("settled", "{title} is settled or matched there: {detail}", "Undo that in QuickBooks Online first.")
        for code in ("6450", "6480", "6540")
    },
    "7001": _tenant("The subscription of {company} has lapsed, or the address is wrong.", ENVIRONMENT),
    "10000": Meaning("LATER", "not_done", "QuickBooks Online had a problem of its own.", "Nothing: it goes on."),
    "10100": Meaning("SPLIT", "too_much", "The answer would be too large.", "Nothing: a smaller window is asked for."),
    "10200": _tenant("The company {company} was reset in QuickBooks Online.", "Ask the operator for a full re-sync."),
}

STATUS: dict[int, Meaning] = {
    401: MEANINGS["3200"],
    403: MEANINGS["3100"],
    404: _bug("the address is wrong. {detail}"),
    408: MEANINGS["10000"],
    413: _bug("it is too large. {detail}"),
    429: MEANINGS["3001"],
    500: MEANINGS["10000"],
    502: MEANINGS["10000"],
    503: MEANINGS["10000"],
    504: MEANINGS["10000"],
}

# Sheet section 14.3: repeated once under the same request id, and held if that does not help.
ONCE_MORE = frozenset({"1000", "1010", "1020"})

UNKNOWN_CODE = _hold(
    "not_accepted", "QuickBooks Online did not accept {title}: {detail}", "Correct it as it says, then replay."
)


# How a detail names what is missing: "Accounts element id 7 not found" (sheet section 14.3, code 2500).
ELEMENTS = {
    "Accounts": "account",
    "Names": "vendor",
    "Klasses": "class",
    "Depts": "department",
    "Terms": "term",
}
_MISSING = re.compile(r"\b(" + "|".join(ELEMENTS) + r") element id (\w+)")
_HEADLINE = re.compile(r"^[\w ]{0,60}[Ee]rror ?: ?")
_WORD = re.compile(r"(\ban )?(\w{0,40})error", re.IGNORECASE)


def meaning(codes: Iterable[str], status: int) -> tuple[str, Meaning]:
    """The code that counts, and what it means; the status alone where no code is known."""
    codes = tuple(codes)
    known = [(code, MEANINGS[code]) for code in codes if code in MEANINGS]
    if known:
        return min(known, key=lambda pair: ORDER.index(pair[1].kind))
    elsewhere = status >= 500 or 300 <= status < 400  # an outage, or a gateway that sends us away
    by_status = STATUS.get(status) or (STATUS[500] if elsewhere else UNKNOWN_CODE)
    return next(iter(codes), ""), by_status


def missing(detail: str) -> tuple[str, str] | None:
    """Which entry of which of our lists a detail says is missing: ("account", "7")."""
    found = _MISSING.search(detail)
    return (ELEMENTS[found[1]], found[2]) if found else None


def plain_words(detail: str) -> str:
    """Intuit's own sentence as a customer reads it: without its headline, and without the word that scares."""
    text = _HEADLINE.sub("", " ".join(detail.split()))
    return _WORD.sub(lambda found: f"{'a ' if found[1] else ''}{found[2]}problem", text).strip()
