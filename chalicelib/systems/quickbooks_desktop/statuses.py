"""What each statusCode of a response means for a record (sheet 6.2), and the words a bookkeeper reads.

One table: code -> class, reason, words, fix and who acts. `{title}` is the record, `{detail}` what QuickBooks said,
`{company}` the connection's name. The conversation turns a class into one of the engine's errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Class = Literal[
    "FINE",  # done, or found; what is worth a note is in the words
    "ABSENT",  # nothing found, which is an answer
    "LATER",  # TryAgain
    "REREAD",  # Stale
    "UNKNOWN",  # Unknown: it may have been done
    "ADOPT",  # look for the one that has the name, then adopt it or hold
    "HOLD",  # Held
    "BUG",  # Held, for the operator: our own request was wrong
    "AGAIN",  # the query starts over, or the request is queued again: it was never run
    "LOCKED",  # LockedOut: the Admin of the company file must let us in
    "CONNECTION",  # the state of the PC or of QuickBooks, no fault of a record
]


@dataclass(frozen=True, slots=True)
class Meaning:
    """`waits_for` are the lists there whose change lets a held record go by itself; `write`: the class for a write."""

    kind: Class
    reason: str
    says: str
    fix: str = "Nothing: it goes on by itself."
    owner: str = "nobody"
    waits_for: tuple[str, ...] = ()
    write: Class | None = None
    most: int | None = None  # of how many tries are worth it

    def of_write(self) -> Meaning:
        return replace(self, kind=self.write, write=None) if self.write else self


DATA = "Correct the value at the source, or in the mapping of this flow; then replay it."
OPEN = "Change the date at the source, or open the period in QuickBooks, then replay it."
BY_HAND = "Look at it in QuickBooks, do there by hand what is needed, then replay or dismiss it."
RIGHTS = (
    "In QuickBooks, signed in as Admin: Edit, Preferences, Integrated Applications, Company Preferences. Allow this "
    "application what it needs, then replay."
)
CLOSE_IT = "Close its window in QuickBooks, on every PC that has it open. It is tried again."


def _fine(says: str) -> Meaning:
    return Meaning("FINE", "done", says)


def _hold(reason: str, says: str, fix: str, *waits_for: str) -> Meaning:
    return Meaning("HOLD", reason, says, fix, "bookkeeper", tuple(f"reference:{kind}" for kind in waits_for))


def _admin(reason: str, says: str, fix: str) -> Meaning:
    return Meaning("HOLD", reason, says, fix, "admin")


def _bug(says: str) -> Meaning:
    fix = "Tell the operator; the trail holds the request. Replay the record once it is mended."
    return Meaning("BUG", "request_not_accepted", f"QuickBooks did not accept {{title}}: {says}", fix, "operator")


def _later(says: str, fix: str = "Nothing: it is tried again.") -> Meaning:
    return Meaning("LATER", "busy", says, fix)


_MISSING_REF = "{title} names an account, class, customer, terms or item that QuickBooks does not have: {detail}"
_WRONG_VALUE = "A value of {title} is not accepted by QuickBooks: {detail}"
_CLOSED = "The books are closed for the date of {title}: {detail}"
_RUN_AGAIN = "{title} was not looked at, because something before it was refused."
_NOT_SETTABLE = "A value of {title} cannot be set or cleared in QuickBooks: {detail}"

MEANINGS: dict[int, Meaning] = {
    0: _fine("{title} is done."),
    1: Meaning("ABSENT", "absent", "Nothing like {title} is in QuickBooks."),
    500: Meaning("ABSENT", "absent", "Part of what was asked for is not in QuickBooks: {detail}"),
    501: _fine("{title} exists, but this release cannot show it: {detail}"),
    510: Meaning("REREAD", "stale", "QuickBooks did not hand {title} out: {detail}", write="UNKNOWN"),
    530: _fine("A field of {title} is not kept by this edition of QuickBooks: {detail}"),
    531: _fine("A choice in {title} is not known to this edition of QuickBooks: {detail}"),
    550: _fine("{title} is saved; its notes are not: {detail}"),
    560: _fine("{title} is done; one of its fields is out of use: {detail}"),
    570: Meaning("REREAD", "stale", "{title} was not linked, because the other document is closed.", write="UNKNOWN"),
    600: Meaning("ABSENT", "absent", "QuickBooks keeps no outcome of this sending of {title}."),
    1000: Meaning("LATER", "busy", "QuickBooks had a problem of its own with {title}: {detail}", write="UNKNOWN"),
    1010: _later("QuickBooks was not available."),
    1030: _bug("this request is not supported. {detail}"),
    1060: _bug("the request's number is not taken. {detail}"),
    3000: _hold("reference_missing", "{title} points to an id that QuickBooks does not take: {detail}", DATA),
    3010: _bug("a yes or no was neither. {detail}"),
    3020: _hold("bad_value", "A date of {title} is not accepted: {detail}", DATA),
    3030: _bug("a range of dates ends before it begins. {detail}"),
    3031: _bug("a range of names ends before it begins. {detail}"),
    3035: _bug("a stretch of time is not one. {detail}"),
    3040: _hold("bad_value", "An amount of {title} is not accepted: {detail}", DATA),
    3045: _hold("bad_value", "A price of {title} is not accepted: {detail}", DATA),
    3050: _hold("bad_value", "A percentage of {title} is not accepted: {detail}", DATA),
    3060: _hold("bad_value", "A quantity of {title} is not accepted: {detail}", DATA),
    3070: _hold("bad_value", "A text of {title} is too long: {detail}", "Shorten it at the source, then replay it."),
    3080: _hold("bad_characters", "A text of {title} is not accepted: {detail}", DATA),
    3085: _hold("bad_value", "A number of {title} is not accepted: {detail}", DATA),
    3090: _hold("bad_characters", "The name of {title} has characters that are not accepted: {detail}", DATA),
    3100: Meaning(
        "ADOPT",
        "name_taken",
        "The name of {title} is taken by a vendor, customer, employee or other name in QuickBooks.",
        "Rename one of the two, or link the record to the existing vendor.",
        "bookkeeper",
        ("reference:vendor",),
    ),
    3110: _bug("a choice or an argument is not valid. {detail}"),
    3120: _hold(
        "reference_missing",
        "{title} points to something that is no longer in QuickBooks: {detail}",
        "Restore it there, or map to another one.",
        "vendor",
        "account",
    ),
    3130: _hold("reference_missing", "The parent that {title} names is not in QuickBooks: {detail}", DATA, "account"),
    3140: _hold(
        "reference_missing",
        _MISSING_REF,
        "Create it in QuickBooks, make it active again there, or map to another one; then replay it if it still waits.",
        "account",
        "class",
        "customer",
        "term",
        "vendor",
    ),
    3150: _bug("something that is required was left out. {detail}"),
    3151: _bug("something stands where it may not. {detail}"),
    3153: _bug("two of its fields contradict each other. {detail}"),
    3160: _hold("has_dependents", "{title} cannot be deleted in QuickBooks: {detail}", BY_HAND),
    3161: _hold("closed_period", f"{_CLOSED} It cannot be deleted.", OPEN, "preference"),
    3162: _later(
        "QuickBooks must be in the other mode (single-user or multi-user) for {title}.",
        "In QuickBooks: File, Switch to Multi-user Mode or Single-user Mode. It is tried again.",
    ),
    3170: _hold("target_locked", "{title} cannot be changed in QuickBooks: {detail}", BY_HAND),
    3171: _hold("closed_period", _CLOSED, OPEN, "preference"),
    3175: _later("{title} is open in a window of QuickBooks, or another user is at it.", CLOSE_IT),
    3176: _later("Something that belongs to {title} is open in a window of QuickBooks.", CLOSE_IT),
    3177: _hold("bad_value", _NOT_SETTABLE, DATA),
    3180: Meaning(
        "LATER",
        "not_done",
        "QuickBooks could not save {title}: {detail}",
        "It is tried twice more. If it stays: close its windows in QuickBooks, and see whether its date lies in a "
        "closed period or before the dividing date of an Accountant's Copy; then replay it.",
        "bookkeeper",
        most=3,
    ),
    3185: _hold("has_dependents", "{title} cannot be voided in QuickBooks: {detail}", BY_HAND),
    3190: _hold("bad_value", _NOT_SETTABLE, DATA),
    3200: Meaning("REREAD", "stale", "{title} was changed in QuickBooks by somebody else."),
    3205: _hold("bad_value", "An address of {title} is not accepted: {detail}", DATA),
    3210: _hold("bad_value", _WRONG_VALUE, DATA, "account"),
    3220: _admin("not_permitted", "QuickBooks does not permit {title}: {detail}", RIGHTS),
    3230: Meaning("AGAIN", "not_run", _RUN_AGAIN),
    3231: Meaning("AGAIN", "not_run", _RUN_AGAIN),
    3240: _bug("its times do not fit. {detail}"),
    3250: _admin(
        "not_available",
        "A feature that {title} needs is off, or not in this edition of QuickBooks: {detail}",
        "Turn it on in QuickBooks (Edit, Preferences), or change the mapping so that it is not needed; then replay.",
    ),
    3260: _admin(
        "not_permitted",
        "The QuickBooks user that ml-connector signs in as may not do this for {title}: {detail}",
        "In QuickBooks, signed in as Admin, give that user the rights to vendors and bills; then replay.",
    ),
    3261: _admin("not_permitted", "{title} needs personal data that this application may not see: {detail}", RIGHTS),
    3262: _bug("it needs a payroll subscription. {detail}"),
    3263: _admin("not_permitted", "This application may only read in {company}: {detail}", RIGHTS),
    3264: _bug("it needs merchant services. {detail}"),
    3270: _hold(
        "reference_missing",
        "{title} has no account to post to: {detail}",
        "Set the account in QuickBooks or in the mapping, then replay it.",
        "account",
    ),
    3280: _hold("bad_value", "An item of {title} is of a kind that does not fit: {detail}", DATA),
    3290: _bug("its lines are not in an order that is allowed. {detail}"),
    3391: Meaning("AGAIN", "not_run", "QuickBooks no longer knows the list that was being read."),
    9001: _bug("the same sending was used for something else. {detail}"),
    9002: Meaning("UNKNOWN", "outcome_unknown", "QuickBooks knows this sending of {title}, but not how it ended."),
    9003: _bug("its sending was not understood. {detail}"),
    9004: _bug("the number of its sending is not taken. {detail}"),
    9005: Meaning("UNKNOWN", "outcome_unknown", "QuickBooks could not keep how this sending of {title} ended."),
}
# Whole ranges of the sheet's table.
RANGES: dict[range, Meaning] = {
    range(3300, 3391): _hold("business_rule", "A rule of QuickBooks stands against {title}: {detail}", BY_HAND),
    range(9100, 9200): _bug("a reference within the message is wrong. {detail}"),
}
NOT_IN_TABLE = _hold("not_accepted", "QuickBooks did not accept {title}: {detail}", DATA)
WITH_A_NOTE = _fine("{title} is done. QuickBooks added: {detail}")
UNREADABLE = Meaning("LATER", "busy", "QuickBooks' answer about {title} says nothing of how it went.", write="UNKNOWN")

_IN_USE = re.compile(r"\b(in use|locked|being (used|edited|modified))\b", re.IGNORECASE)
_WORD = re.compile(r"(\ban )?(\w{0,40})error", re.IGNORECASE)


def meaning(code: int | None, severity: str, *, writes: bool, detail: str = "") -> Meaning:
    """What a status means; a code that is in no table counts by its severity. For writes, doubt is Unknown."""
    if code is None:
        found = UNREADABLE
    elif code == 3170 and _IN_USE.search(detail):
        found = MEANINGS[3175]
    else:
        ranged = next((meant for codes, meant in RANGES.items() if code in codes), None)
        fallback = NOT_IN_TABLE if severity == "Error" else WITH_A_NOTE
        found = MEANINGS.get(code) or ranged or fallback
    return found.of_write() if writes else found


def plain_words(detail: str) -> str:
    """QuickBooks' own sentence as a customer reads it: without the word that scares."""
    text = " ".join(detail.replace("QuickBooks error message:", "").split())
    return _WORD.sub(lambda found: f"{'a ' if found[1] else ''}{found[2]}problem", text).strip()
