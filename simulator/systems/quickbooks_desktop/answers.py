"""How QuickBooks says no: a status inside the answer of one request, or an hresult for the whole message set."""

from __future__ import annotations

from dataclasses import dataclass

PARSE_ERROR = "0x80040400"
VERSION_ERROR = "0x80040423"
MESSAGES = {
    "0x80040400": "QuickBooks found an error when parsing the provided XML text stream.",
    "0x80040401": "Could not access QuickBooks.",
    "0x80040402": "There was an unexpected error. Check the qbsdklog.txt file for possible additional information.",
    "0x80040408": "Could not start QuickBooks.",
    "0x8004040A": "A QuickBooks company data file is already open and it is different from the one requested.",
    "0x80040410": "The QuickBooks company data file is currently open in a mode other than the one specified.",
    "0x80040414": "There is a modal dialog box showing in the QuickBooks user interface.",
    "0x80040416": "If QuickBooks is not running, a company data file must be specified.",
    "0x80040417": "If the company file is not open, a call to the BeginSession method must include its name.",
    "0x80040418": "This application has not accessed this company data file before. The administrator must allow it.",
    "0x8004041A": "This application does not have permission to access this QuickBooks company data file.",
    "0x80040420": "The QuickBooks user has denied access.",
    "0x80040422": "This application requires Single User file access mode and there is already another application.",
    "0x80040423": "The version of qbXML that was requested is not supported or is unknown.",
    "0x80040424": "QuickBooks did not finish its initialization. Please try again later.",
    "0x80010105": "The server threw an exception.",
    "0x800706BA": "The RPC server is unavailable.",
}
NOT_FOUND_IN_LIST = "QuickBooks error message: Invalid argument.  The specified record does not exist in the list."


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one answer; `mistake` says what a careful client would have done otherwise."""

    code: int = 0
    message: str = "Status OK"
    mistake: str = ""

    @property
    def severity(self) -> str:
        if self.code < 500:
            return "Info"
        return "Warn" if self.code < 1000 else "Error"


OK = Status()
NO_MATCH = Status(1, "A query request did not find a matching object in QuickBooks")


class Refused(Exception):
    """One request is answered with a status and changes nothing."""

    def __init__(self, code: int, message: str, *, mistake: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.status = Status(code, message, mistake)


class Stale(Refused):
    """A Mod with an EditSequence that is not the record's; the answer carries the record as it is now."""

    def __init__(self, sequence: str, id: str) -> None:
        super().__init__(3200, f'The provided edit sequence "{sequence}" is out-of-date. ')
        self.id = id


class Hresult(Exception):
    """The message set as a whole is refused, or QuickBooks cannot be reached."""

    def __init__(self, code: str, *, mistake: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = MESSAGES.get(code, "An unexpected condition was met.")
        self.mistake = mistake


def missing(kind: str, named: str, place: str) -> Refused:
    text = f'There is an invalid reference to QuickBooks {kind} "{named}" in the {place}.  {NOT_FOUND_IN_LIST}'
    return Refused(3140, text)


def unknown_object(id: str) -> Refused:
    return Refused(3120, f'Object "{id}" specified in the request cannot be found.  {NOT_FOUND_IN_LIST}')


def not_enabled(what: str) -> Refused:
    text = "This feature is not enabled or not available in this version of QuickBooks."
    return Refused(3250, text, mistake=f"{what} is sent to a file that does not use it")


def cannot_save(kind: str, why: str) -> Refused:
    return Refused(3180, f"There was an error when saving a {kind}.  QuickBooks error message: {why}")


def cannot_modify(kind: str, why: str, *, code: int = 3170) -> Refused:
    return Refused(code, f"There was an error when modifying a {kind}.  QuickBooks error message: {why}")
