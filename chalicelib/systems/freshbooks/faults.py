"""Every number and status of FreshBooks' (sheet section 4.2), what it means for a record, and the words people read.

One table: number or status -> class, reason and words. `{title}` is the record, `{detail}` FreshBooks' own sentence,
`{company}` the connection's name.
"""

from __future__ import annotations

from chalicelib.systems.freshbooks.answers import Fault
from chalicelib.systems.freshbooks.fixes import (
    AS_IT_SAYS,
    FILL_IN,
    LOOK_FOR_IT,
    NOTHING,
    PERMISSION,
    PLAN,
    Meaning,
    bug,
    hold,
)

OUTAGE = Meaning("LATER", "not_done", "FreshBooks had a problem of its own.", NOTHING)
SLOWER = Meaning("RETRY", "throttled", "FreshBooks asks us to slow down.", NOTHING)
NEW_ACCESS = Meaning("REFRESH", "connection", "The access of the connection {company} has run out.", NOTHING, "admin")
EDITED = Meaning("REREAD", "changed", "{title} is being changed in FreshBooks by somebody else just now.", NOTHING)
GONE = Meaning(
    "GONE",
    "reference_missing",
    "{title} points to something that FreshBooks does not have any more: {detail}",
    LOOK_FOR_IT,
    waits_for=("reference:expense_category", "reference:ledger_account"),
)
NO_PLAN = hold("not_available", "The FreshBooks plan of {company} does not allow this: {detail}", PLAN, owner="admin")
NO_ACCESS = hold(
    "not_permitted",
    "The login behind {company} may not do this in FreshBooks, so {title} cannot go on: {detail}",
    PERMISSION,
    owner="admin",
)
MISSING = hold("required_missing", "{title} lacks something that FreshBooks needs: {detail}", FILL_IN)
BAD_VALUE = hold("bad_value", "A value of {title} is refused by FreshBooks: {detail}", AS_IT_SAYS)
UNKNOWN_CODE = hold("not_accepted", "FreshBooks did not accept {title}: {detail}", AS_IT_SAYS)

MEANINGS: dict[str, Meaning] = {
    "401": NEW_ACCESS,
    "404": GONE,
    "409": EDITED,
    "429": SLOWER,
    "500": OUTAGE,
    "1001": MISSING,
    "1003": NO_ACCESS,
    "1004": BAD_VALUE,
    "1005": bug("it could not be read there. {detail}"),
    "1011": GONE,
    "1012": GONE,
    **{number: bug("the size or place of a page does not fit. {detail}") for number in ("1013", "1014")},
    "1015": BAD_VALUE,
    "1016": BAD_VALUE,
    "1017": BAD_VALUE,
    "1018": BAD_VALUE,
    **{number: bug("a filter does not fit. {detail}") for number in ("1023", "1024", "1032", "1034", "1037")},
    "1025": BAD_VALUE,
    "1029": UNKNOWN_CODE,
    "1031": BAD_VALUE,
    "1033": BAD_VALUE,
    "1036": BAD_VALUE,
    "1038": bug("it writes a field that can only be read there. {detail}"),
    "1040": BAD_VALUE,
    "1042": NO_PLAN,
    "7005": NO_PLAN,
}

STATUS: dict[int, Meaning] = {
    400: UNKNOWN_CODE,
    401: NEW_ACCESS,
    402: NO_PLAN,
    403: NO_ACCESS,
    404: GONE,
    409: EDITED,
    422: BAD_VALUE,
    429: SLOWER,
}

# Of several complaints the most serious counts.
ORDER = ("REFRESH", "RETRY", "LATER", "BUG", "REREAD", "HOLD", "GONE")


def meaning(found: Fault) -> Meaning:
    """Its numbers count before its status, but an outage and a throttle are what they are whatever they say."""
    if found.status >= 500 or 300 <= found.status < 400:
        return OUTAGE
    if found.status in (401, 429):
        return STATUS[found.status]
    told = [MEANINGS[number] for number in found.errnos if number in MEANINGS]
    return min(told, key=lambda meant: ORDER.index(meant.kind)) if told else STATUS.get(found.status, UNKNOWN_CODE)
