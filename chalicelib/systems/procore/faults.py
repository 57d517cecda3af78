"""Every complaint and status of Procore's (sheet section 5), what it means for a record, and the words people read.

One table: text or status -> class, reason and words. `{title}` is the record, `{detail}` Procore's own sentence,
`{place}` the tool and project, `{company}` the connection's name.
"""

from __future__ import annotations

from chalicelib.systems.procore.answers import Fault
from chalicelib.systems.procore.fixes import (
    AGAIN_HERE,
    AS_IT_SAYS,
    BUDGET,
    COMMITMENT_VENDOR,
    CONNECT,
    LOOK_FOR_IT,
    NOTHING,
    ON_PROJECT,
    PERIODS,
    PERMISSION,
    UNLINK,
    Meaning,
    bug,
    hold,
)

LOCKED = Meaning(
    "LOCKED",
    "record_locked_by_origin_id",
    "{title} is locked in Procore, as what came from accounting is: {detail}",
    UNLINK,
)
NO_VENDOR = hold(
    "vendor_missing",
    "{title} needs a vendor that Procore knows: {detail}",
    "Link the record of its vendor to the vendor in Procore, or name the vendor at the source; it goes by itself then.",
    "vendor",
    "project_vendor",
)
NO_ACCESS = hold(
    "permission_or_tool",
    "Procore does not let the app into {place}, so {title} cannot go on: {detail}",
    PERMISSION,
    "readiness",
    owner="admin",
)
NEW_ACCESS = Meaning(
    "REFRESH",
    "connection",
    "The access of the connection {company} has run out.",
    NOTHING,
    "admin",
)
OUTAGE = Meaning("LATER", "not_done", "Procore had a problem of its own.", NOTHING)

# By what it says, in lower case; "..." stands for anything between. The first that fits counts.
MEANINGS: dict[str, Meaning] = {
    "app is not connected to this company": Meaning(
        "TENANT",
        "app_disconnected",
        "The company of the connection {company} no longer lets the app in: {detail}",
        CONNECT,
        "admin",
    ),
    "access token is invalid": NEW_ACCESS,
    "missing procore-company-id header": bug("the company was missing from the request. {detail}"),
    "must have an open billing period": hold(
        "no_open_billing_period", "{title} finds no open billing period in its project: {detail}", PERIODS,
        "billing_period",
    ),
    "has not been added to this project": hold(
        "vendor_not_on_project", "The vendor of {title} is not in the project's directory: {detail}", ON_PROJECT,
        "project_vendor",
    ),
    "must be selected when the contract's status is not draft": hold(
        "commitment_vendor_missing", "The commitment of {title} has no vendor: {detail}", COMMITMENT_VENDOR,
        "commitment",
    ),
    "vendor: can't be blank": NO_VENDOR,
    "vendor_id: can't be blank": NO_VENDOR,
    "this budget code already exists": Meaning(
        "REREAD", "exists", "The budget line of {title} is there already.", NOTHING
    ),
    "cannot be updated for a locked budget": hold(
        "budget_locked", "{title} needs a budget line, and the budget is locked: {detail}", BUDGET
    ),
    "do not have sufficient access": NO_ACCESS,
    "synced with...erp": LOCKED,
    "is locked": LOCKED,
    "locked record": LOCKED,
    "entity with this id not found": hold(
        "stale_procore_id", "Procore no longer knows what {title} was written to: {detail}", AGAIN_HERE
    ),
}  # fmt: skip

UNKNOWN_CODE = hold("not_accepted", "Procore did not accept {title}: {detail}", AS_IT_SAYS)

STATUS: dict[int, Meaning] = {
    400: UNKNOWN_CODE,  # business rules come as 400 too (sheet section 18, trap 6)
    401: NEW_ACCESS,
    403: NO_ACCESS,
    404: Meaning(
        "GONE",
        "reference_missing",
        "{title} points to something that Procore does not have, or hides from the app: {detail}",
        LOOK_FOR_IT,
    ),
    406: bug("it has fields that are not known there. {detail}"),
    408: Meaning("SPLIT", "too_much", "Procore took too long over the answer.", NOTHING),
    409: Meaning("BUSY", "busy", "Procore is just working on the same record: {detail}", NOTHING),
    410: bug("what was uploaded for it has run out. {detail}"),
    413: Meaning("SPLIT", "too_much", "It is too much for one call.", NOTHING),
    422: UNKNOWN_CODE,
    429: Meaning("RETRY", "throttled", "Procore asks us to slow down.", NOTHING),
    500: OUTAGE,
    502: OUTAGE,
    503: Meaning("RETRY", "throttled", "Procore is busy and asks us to wait.", NOTHING),
    504: OUTAGE,
}


def meaning(found: Fault) -> Meaning:
    """What it says counts before its status, but an outage and a throttle are what they are whatever they say."""
    if found.status >= 500 or found.status == 429 or 300 <= found.status < 400:
        return STATUS.get(found.status, OUTAGE)
    said = found.detail.lower()
    told = next((meant for text, meant in MEANINGS.items() if _says(said, text)), None)
    return told or STATUS.get(found.status, UNKNOWN_CODE)


def _says(said: str, text: str) -> bool:
    place = 0
    for part in text.split("..."):
        place = said.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True
