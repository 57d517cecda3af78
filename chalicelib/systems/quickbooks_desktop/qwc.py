"""The .qwc file that a customer adds to the Web Connector (sheet 1.11). It never holds the password.

The name and the OwnerID are constant for ever: QuickBooks keeps its permission and its recovery state by them. The name
has the user name in it, because the Web Connector takes each name once (QBWC1039) and one PC may have several files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID
from xml.sax.saxutils import escape

APP_NAME = "ml-connector"
OWNER_ID = "{7C0E5A52-9B1D-4F0A-8F6E-3D2B6A51C947}"
DESCRIPTION = "Moves vendors, bills and payments between QuickBooks and your other systems"
MOST_DESCRIPTION = 80
LEAST_MINUTES, MOST_MINUTES = 1, 1440
LOCAL = ("localhost",)
MEDIA_TYPE = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Connector:
    """One connection's file. `file_id` is new for each connection, `user_name` too."""

    url: str
    support: str
    user_name: str
    file_id: UUID
    every_minutes: int = 15
    title: str = ""  # the connection's own name, for the person who has several

    def __post_init__(self) -> None:
        _check_url("The service's address", self.url)
        _check_url("The support page's address", self.support)
        if urlsplit(self.url).hostname != urlsplit(self.support).hostname:
            raise ValueError("The support page must be on the same host as the service.")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", self.user_name):
            raise ValueError("The user name must be 1 to 64 letters, digits, dots, dashes or underscores.")
        if not LEAST_MINUTES <= self.every_minutes <= MOST_MINUTES:
            raise ValueError(f"It can run every {LEAST_MINUTES} to {MOST_MINUTES} minutes.")

    @property
    def file_name(self) -> str:
        plain = re.sub(r"[^A-Za-z0-9-]+", "-", self.title).strip("-").lower()
        return f"{plain or 'quickbooks'}.qwc"

    def text(self) -> str:
        """The file. Runs unattended, asks for no personal data, and for every edition that has bills."""
        elements = {
            "AppName": f"{APP_NAME} ({self.user_name})",
            "AppID": "",
            "AppURL": self.url,
            "AppDescription": _described(self.title),
            "AppSupport": self.support,
            "UserName": self.user_name,
            "OwnerID": OWNER_ID,
            "FileID": braced(self.file_id),
            "QBType": "QBFS",
            "PersonalDataPref": "pdpNotNeeded",
            "UnattendedModePref": "umpRequired",
            "AuthFlags": "0xE",
            "Style": "Document",
        }
        inner = "".join(f"  <{name}>{_ascii(value)}</{name}>\n" for name, value in elements.items())
        return (
            f'<?xml version="1.0" encoding="utf-8"?>\n<QBWCXML>\n{inner}'
            f"  <Scheduler>\n    <RunEveryNMinutes>{self.every_minutes}</RunEveryNMinutes>\n  </Scheduler>\n"
            "  <IsReadOnly>false</IsReadOnly>\n</QBWCXML>\n"
        )


def braced(value: UUID) -> str:
    """A GUID as QuickBooks writes it."""
    return f"{{{str(value).upper()}}}"


def _described(title: str) -> str:
    plain = " ".join("".join(char if char.isprintable() else " " for char in title).split())
    whole = f"{plain}: {DESCRIPTION}" if plain else DESCRIPTION
    return whole if len(whole) <= MOST_DESCRIPTION else whole[: MOST_DESCRIPTION - 3].rstrip() + "..."


def _ascii(text: str) -> str:
    return escape(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _check_url(what: str, url: str) -> None:
    """The Web Connector's own rules (QBWC1001, 1002, 1010, 1051), told before it tells them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL):
        raise ValueError(f"{what} must begin with https://.")
    if not host or re.fullmatch(r"[\d.]+|.*:.*", host):
        raise ValueError(f"{what} must have a host name, not a number.")
