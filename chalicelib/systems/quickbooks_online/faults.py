"""Every code of Intuit's tables (sheet section 14), what it means for a record, and the words a customer reads.

One table: code -> class, reason and words. `{title}` is the record, `{detail}` Intuit's own sentence, `{company}` the
connection's name.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.systems.quickbooks_online.fixes import (
    ACTIVE_AGAIN,
    BILLED,
    BILLS,
    BY_HAND,
    CHART,
    CLOSED,
    DATA,
    ENVIRONMENT,
    NOTHING,
    ONE_OR_OTHER,
    RECONNECT,
    RENEW,
    SWITCH_ON,
    TAX,
    VENDORS,
    Class,
    Meaning,
    away,
    bug,
    hold,
    tenant,
)  # fmt: skip

# The most serious class of a fault with several entries counts.
ORDER: tuple[Class, ...] = (
    "TENANT", "REFRESH", "SLOW", "RETRY", "LATER", "REREAD", "ADOPT", "HOLD", "BUG", "DROP", "SPLIT"
)  # fmt: skip

NO_REASON = bug("it gave no reason. {detail}")

MEANINGS: dict[str, Meaning] = {
    **{
        code: Meaning(
            "REFRESH", "connection", "Intuit did not know the access of the connection {company}.", RECONNECT, "admin"
        )
        for code in ("100", "110")
    },
    "120": tenant(
        "The QuickBooks user who made the connection {company} may no longer do this.",
        "A QuickBooks administrator gives that user access again in QuickBooks Online under the gear icon > Manage "
        "users, or an admin runs `mlc connect {company}`; what waits goes on by itself then.",
    ),
    "130": tenant("The connection {company} belongs to another environment of QuickBooks Online.", ENVIRONMENT),
    "140": away("The company of the connection {company} is locked in QuickBooks Online for now."),
    "150": away("The company of the connection {company} is being maintained by Intuit just now."),
    "500": bug("this cannot be done with this kind of record. {detail}"),
    "600": Meaning(
        "ADOPT",
        "sent_before",
        "{title} was sent before, and what came of it was not found.",
        "Look for it by its number " + BILLS + ": if it is there, link the record to it; if not, replay.",
    ),
    "610": hold(
        "inactive_ref",
        "{title} points to something that is inactive or gone in QuickBooks Online: {detail}",
        ACTIVE_AGAIN,
        "vendor",
        "account",
    ),
    "620": hold(
        "cannot_link",
        "{title} cannot be linked as asked: {detail}",
        "See that both belong to the same vendor and that it is active " + VENDORS + ", then replay.",
    ),
    "630": Meaning("ADOPT", "exists_in_target", "{title} is in QuickBooks Online already: {detail}", ONE_OR_OTHER),
    "700": bug("the parent that it names is not valid. {detail}"),
    "900": bug("it names itself as its parent. {detail}"),
    "800": hold(
        "has_dependents",
        "{title} cannot be removed, because something depends on it: {detail}",
        "Open it " + BILLS + ", remove what is linked to it, then replay.",
    ),
    "1000": hold("not_done", "QuickBooks Online could not do it for {title}, nor the second time: {detail}", BY_HAND),
    "1010": hold("not_done", "QuickBooks Online could not create {title}, nor the second time: {detail}", BY_HAND),
    "1020": hold("not_done", "QuickBooks Online could not change {title}, nor the second time: {detail}", BY_HAND),
    "1040": bug("too much was sent in one call. {detail}"),
    "1050": bug("it was sent as another kind of content than is taken. {detail}"),
    "2000": bug("this kind of record is unknown there. {detail}"),
    "2010": bug("a field is unknown there, or of another type. {detail}"),
    "2020": hold(
        "required_missing",
        "{title} lacks something that QuickBooks Online requires: {detail}",
        "Fill it in at the source, or map it; then it goes by itself or is replayed. If nothing is missing there, tell "
        "the operator: the trail holds the request.",
    ),
    "2030": bug("an id is not a number. {detail}"),
    "2040": hold(
        "bad_characters",
        "{title} has characters that QuickBooks Online does not take: {detail}",
        "Take them out of its name, number or text at the source (often a colon, a tab or an emoji); it goes by itself "
        "then.",
    ),
    "2050": bug("a text is too long, and shortening it did not help. {detail}"),
    **{
        code: bug("a value has a form that is not taken. {detail}")
        for code in ("2060", "2070", "2080", "2090", "2100", "2110", "2120", "2140", "2150", "2160", "2230", "2240")
    },
    "2130": bug("the number that we gave our request is malformed. {detail}"),
    "2170": bug("a value is none of those allowed. {detail}"),
    "2200": Meaning(
        "DROP",
        "bad_web_address",
        "The web address of {title} is not accepted, and leaving it out did not help: {detail}",
        "Correct or empty the web address of the vendor at the source; it goes by itself then.",
    ),
    "2210": Meaning(
        "DROP",
        "bad_email",
        "The e-mail address of {title} is not accepted, and leaving it out did not help: {detail}",
        "Correct or empty the e-mail address of the vendor at the source; it goes by itself then.",
    ),
    "2220": hold(
        "currency_mismatch",
        "The currency of {title} is not accepted: {detail}",
        "Add the currency in QuickBooks Online under the gear icon > Currencies, or correct it at the source, then "
        "replay.",
    ),
    "2250": hold("no_lines", "{title} has no lines: {detail}", "Add a line at the source; it goes by itself then."),
    **{code: bug("details of its tax or journal are wrong. {detail}") for code in ("2260", "2270", "2280", "2300")},
    "2290": hold(
        "negative_amount",
        "{title} has a negative amount, which is not taken there: {detail}",
        "Enter it in QuickBooks Online as a vendor credit (+ New > Vendor credit) and dismiss the record.",
    ),
    "2500": hold(
        "reference_missing",
        "{title} points to something that QuickBooks Online does not have (any more): {detail}",
        ACTIVE_AGAIN,
        "vendor",
        "account",
    ),
    "2600": bug("two of its fields contradict each other. {detail}"),
    "3000": hold(
        "custom_field",
        "A custom field of {title} is not accepted: {detail}",
        "Look at it in QuickBooks Online under the gear icon > Custom fields, correct it there or at the source, then "
        "replay.",
    ),
    "3001": Meaning("RETRY", "throttled", "QuickBooks Online asks us to slow down.", NOTHING),
    "3100": tenant("QuickBooks Online does not open this company to the connection {company}.", ENVIRONMENT),
    "3200": Meaning(
        "REFRESH",
        "connection",
        "The access of the connection {company} has run out or was revoked.",
        RECONNECT,
        "admin",
    ),
    "3202": bug("the access was missing from the request. {detail}"),
    "4000": bug("a query cannot be read. {detail}"),
    "4001": bug("a query is not valid. {detail}"),
    "4002": bug("a query failed. {detail}"),
    "5000": bug("a field is no longer supported. {detail}"),
    "5010": Meaning(
        "REREAD", "stale", "{title} was changed in QuickBooks Online by somebody else at the same moment.", NOTHING
    ),
    "5020": hold(
        "not_available", "The plan of this company does not have what {title} needs: {detail}", SWITCH_ON, "preference"
    ),
    "5030": hold(
        "not_available", "QuickBooks Online does not offer what {title} needs: {detail}", SWITCH_ON, "preference"
    ),
    "6000": hold("business_rule", "A rule of QuickBooks Online stands against {title}: {detail}", DATA, "account"),
    "6010": bug("the account has no kind. {detail}"),
    **{
        code: Meaning("DROP", "attachment", "The attachment of {title} is not accepted: {detail}", DATA)
        for code in ("6030", "6040", "6041", "6050")
    },
    "6070": bug("an amount is not quantity times price. {detail}"),
    "6080": hold("no_name", "{title} has no name: {detail}", "Give it one at the source; it goes by itself then."),
    **{
        code: hold("tax", "The tax of {title} is not accepted: {detail}", TAX)
        for code in ("6100", "6150", "6160", "6170", "6230", "6470")
    },
    "6140": Meaning(
        "ADOPT", "exists_in_target", "The number of {title} is taken in QuickBooks Online: {detail}", ONE_OR_OTHER
    ),
    "6180": hold(
        "too_deep",
        "{title} belongs to an entry that is nested deeper than five levels: {detail}",
        "Move that entry further up " + CHART + " (classes and locations: gear icon > All lists), then replay.",
    ),
    "6190": tenant("The QuickBooks subscription behind the connection {company} has ended or is unpaid.", RENEW),
    **dict.fromkeys(("6200", "6210"), CLOSED),
    "6220": hold(
        "open_balance", "{title} still has an open balance: {detail}", "Settle the balance " + BILLS + ", then replay."
    ),
    "6240": Meaning(
        "ADOPT",
        "name_taken",
        "The name of {title} is taken in QuickBooks Online: {detail}",
        "Look for the name among vendors (Expenses > Vendors), customers (Sales > Customers) and employees (Payroll > "
        "Employees) there, inactive ones included. Rename it there, or link the record to the vendor that has it.",
        waits_for=("reference:vendor",),
    ),
    **{
        code: hold(
            "bad_party",
            "The vendor or customer of {title} is not accepted: {detail}",
            "Look at it " + VENDORS + " (customers: Sales > Customers); link the vendor's record to another one, or "
            "correct it at the source.",
            "vendor",
        )
        for code in ("6250", "6290", "6300")
    },
    **{
        code: hold(
            "billable",
            "A billable line of {title} needs a customer: {detail}",
            "Open it " + BILLS + ", name the customer or take the tick from Billable, then replay.",
        )
        for code in ("6310", "6320")
    },
    "6430": hold(
        "account_type",
        "An account of {title} is of a kind that cannot be used here: {detail}",
        "Map the account code to another account: payables and receivables cannot be on a line. The kinds stand "
        + CHART
        + ".",
        "account",
    ),
    "6440": bug("a line has an amount and no account. {detail}"),
    **{
        code: hold(
            "settled",
            "{title} is paid, matched to a bank line or part of a deposit in QuickBooks Online: {detail}",
            "Undo that in QuickBooks Online first (payments: Expenses > Bills > Paid; matches: Transactions > Bank "
            "transactions), then replay.",
        )
        for code in ("6450", "6480", "6540")
    },
    "7001": tenant(
        "The subscription behind the connection {company} has lapsed, or it is of another environment.", ENVIRONMENT
    ),
    "10000": Meaning("LATER", "not_done", "QuickBooks Online had a problem of its own.", NOTHING),
    "10100": Meaning("SPLIT", "too_much", "The answer would be too large.", NOTHING),
    "10200": tenant(
        "The company of the connection {company} was reset in QuickBooks Online: nothing there is what it was.",
        "See in QuickBooks Online that this was meant. An admin then sets {company} up as a new connection, with its "
        "cut-over date and mappings: links to what was there before lead nowhere.",
    ),
}

# Where a code means something else by what its detail says.
SAYS_OTHERWISE: tuple[tuple[str, str, str, Meaning], ...] = (
    ("6210", "duplicate document number", "6140", MEANINGS["6140"]),  # as older texts have it
    ("6210", "is assigned to txntype", "6140", MEANINGS["6140"]),
    ("2170", "hasbeenbilled", "2170", BILLED),
)

STATUS: dict[int, Meaning] = {
    400: NO_REASON,  # without a code; one with a code of no known meaning is held
    401: MEANINGS["3200"],
    403: MEANINGS["3100"],
    404: bug("the address that we called is wrong. {detail}"),
    408: MEANINGS["10000"],
    413: bug("it is too large for one call. {detail}"),
    429: MEANINGS["3001"],
    500: MEANINGS["10000"],
    502: MEANINGS["10000"],
    503: MEANINGS["10000"],
    504: MEANINGS["10000"],
}

# Sheet section 14.3: repeated once under the same request id, and held if that does not help.
ONCE_MORE = frozenset({"1000", "1010", "1020"})

UNKNOWN_CODE = hold(
    "not_accepted",
    "QuickBooks Online did not accept {title}, for a reason that is new to us: {detail}",
    "Correct it as it says, at the source or in QuickBooks Online, then replay.",
)


def meaning(codes: Iterable[str], status: int, detail: str = "") -> tuple[str, Meaning]:
    """The code that counts, and what it means; the status alone where no code is known."""
    codes, said = tuple(codes), detail.lower()
    known = [_read(code, said) for code in codes if code in MEANINGS]
    if known:
        return min(known, key=lambda pair: ORDER.index(pair[1].kind))
    if codes and status == 400:
        return codes[0], UNKNOWN_CODE
    elsewhere = status >= 500 or 300 <= status < 400  # an outage, or a gateway that sends us away
    by_status = STATUS.get(status) or (STATUS[500] if elsewhere else UNKNOWN_CODE)
    return next(iter(codes), ""), by_status


def _read(code: str, said: str) -> tuple[str, Meaning]:
    other = next(((as_, meant) for plain, words, as_, meant in SAYS_OTHERWISE if plain == code and words in said), None)
    return other or (code, MEANINGS[code])
