"""What each hresult means (sheet 6.3): a whole message was refused, or QuickBooks could not be opened.

These are states of the PC and of the connection, not faults of a record. The words say what to do on the PC.
"""

from __future__ import annotations

import re

from chalicelib.systems.quickbooks_desktop.statuses import Meaning

AGAIN = "It is tried again at the next run of the Web Connector."
APPROVE = (
    "On the PC, open the company file in QuickBooks as Admin in single-user mode. Edit, Preferences, Integrated "
    "Applications, Company Preferences: tick this application and allow it to log in by itself. Then Update Selected "
    "in the Web Connector."
)
RIGHT_FILE = (
    "On the PC, close the company file that is open in QuickBooks and open the one of this connection, then press "
    "Update Selected in the Web Connector."
)
UPDATE_IT = "On the PC, update QuickBooks (Help, Update QuickBooks Desktop) and the Web Connector, then try again."
REINSTALL = "On the PC, repair QuickBooks and the Web Connector (Windows, Apps, Modify), then restart the PC."
SAME_USER = (
    "On the PC, close QuickBooks and the Web Connector and start both as the same Windows user, neither with "
    "'Run as administrator'. Answer any window that QuickBooks shows."
)


def _state(says: str, fix: str = AGAIN, *, owner: str = "admin") -> Meaning:
    return Meaning("CONNECTION", "connection", says, fix, owner)


def _locked(says: str, fix: str = APPROVE) -> Meaning:
    return Meaning("LOCKED", "connection", says, fix, "admin")


def _crash(says: str) -> Meaning:
    return _state(says, "On the PC, start QuickBooks again. " + AGAIN)


MEANINGS: dict[int, Meaning] = {
    0x80040400: Meaning(
        "BUG",
        "request_not_accepted",
        "QuickBooks could not read the request for {title}. Nothing was done.",
        "Tell the operator; the trail holds the request. Replay the record once it is mended.",
        "operator",
    ),
    0x80040401: _state("The Web Connector could not reach QuickBooks.", SAME_USER),
    0x80040402: _state(
        "QuickBooks stopped over something it did not expect.", "On the PC, restart QuickBooks. " + AGAIN
    ),
    0x80040403: _state(
        "QuickBooks could not open the company file.",
        "On the PC, see whether the file opens in QuickBooks by hand and whether its folder can be reached.",
    ),
    0x80040404: _state("The parts of QuickBooks on the PC are of different releases.", UPDATE_IT),
    0x80040405: _state("This release or edition of QuickBooks does not fit the company file.", UPDATE_IT),
    0x80040406: _state("This release or edition of QuickBooks does not fit the company file.", UPDATE_IT),
    0x80040407: _state("This release or edition of QuickBooks does not fit the company file.", UPDATE_IT),
    0x80040408: _state("The Web Connector could not start QuickBooks.", SAME_USER),
    0x8004040A: _state("Another company file is open in QuickBooks.", RIGHT_FILE),
    0x8004040C: _state("The Web Connector had already begun with QuickBooks.", "Close and start the Web Connector."),
    0x8004040D: _state("QuickBooks ended its session with the Web Connector.", AGAIN, owner="nobody"),
    0x80040410: _state(
        "The company file is open in the other mode (single-user or multi-user).",
        "On the PC: File, Switch to Multi-user Mode; or close the file on the other PC. " + AGAIN,
    ),
    0x80040414: _state(
        "A window in QuickBooks waits for an answer.",
        "On the PC, look at QuickBooks and answer or close the window that is open. " + AGAIN,
    ),
    0x80040416: _state("QuickBooks is not running, and no company file was named.", RIGHT_FILE),
    0x80040417: _state("No company file is open in QuickBooks, and none was named.", RIGHT_FILE),
    0x80040418: _locked("This application is not yet allowed to use the company file."),
    0x8004041A: _locked("This application has no permission for the company file."),
    0x8004041B: _state("QuickBooks did not let this application in just now.", AGAIN),
    0x80040420: _locked("A user of QuickBooks refused this application access."),
    0x80040421: Meaning(
        "HOLD",
        "not_accepted",
        "QuickBooks says about {title}: {detail}",
        "Do in QuickBooks what it says, then replay.",
        "bookkeeper",
        write="UNKNOWN",
    ),
    0x80040422: _state(
        "QuickBooks needs single-user mode while others are in the company file.",
        "Ask the others to close the company file, or wait. " + AGAIN,
    ),
    0x80040423: Meaning(
        "AGAIN",
        "not_run",
        "This QuickBooks is older than the request for {title}. Nothing was done; a simpler one follows.",
    ),
    0x80040424: _state("QuickBooks has not finished starting.", AGAIN, owner="nobody"),
    0x80040427: _state("QuickBooks is not registered.", "On the PC: Help, Register QuickBooks. " + AGAIN),
    0x8004042A: _locked("QuickBooks does not allow access from another PC."),
    0x8004042C: _state(
        "QuickBooks no longer trusts this application's certificate.", "Tell the operator.", owner="operator"
    ),
    0x80040154: _state("A part of QuickBooks that the Web Connector needs is missing on the PC.", REINSTALL),
    0x80010105: _crash("QuickBooks broke down while it worked."),
    0x800706BA: _crash("QuickBooks went away while it was asked."),
    0x800706BE: _crash("QuickBooks went away while it worked."),
}
NOT_IN_TABLE = _state("QuickBooks could not be used just now: {detail}", AGAIN)


def meaning(hresult: str, *, writes: bool) -> Meaning:
    """What an hresult means. Unless it is sure that nothing was run, a write may have happened (sheet 5.3 step 4)."""
    found = MEANINGS.get(code(hresult) or 0, NOT_IN_TABLE)
    if writes and found.kind in ("CONNECTION", "LOCKED"):
        return Meaning("UNKNOWN", found.reason, found.says, found.fix, found.owner)
    return found.of_write() if writes else found


def code(hresult: str) -> int | None:
    """Its number, in whatever case and with or without 0x; None if it is none."""
    plain = hresult.strip().lower().removeprefix("0x")
    return int(plain, 16) if re.fullmatch(r"[0-9a-f]{8}", plain) else None
