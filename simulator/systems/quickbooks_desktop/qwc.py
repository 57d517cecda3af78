"""The .qwc file that tells the Web Connector of a service, and what the Web Connector refuses in one."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

NEEDED = ("AppName", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID", "QBType")
KNOWN = frozenset(
    {
        *NEEDED,
        *("AppID", "Style", "Scheduler", "IsReadOnly", "Notify", "AuthFlags", "PersonalDataPref"),
        *("UnattendedModePref", "AppDisplayName", "AppUniqueName", "CertURL"),
    }
)
GUID = re.compile(r"\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")
CHOICES = {
    "QBType": ("QBFS", "QBPOS"),
    "Style": ("", "Document", "DocWrapped", "RPC"),
    "PersonalDataPref": ("", "pdpNotNeeded", "pdpOptional", "pdpRequired"),
    "UnattendedModePref": ("", "umpRequired", "umpOptional"),
}
LONGEST_DESCRIPTION = 80


class NotAdded(Exception):
    """The Web Connector does not take the file; `code` is the number it shows."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Settings:
    app_name: str
    url: str
    support: str
    cert_url: str
    user_name: str
    owner_id: str
    file_id: str
    rpc: bool
    seconds: int  # between runs; 0: only by hand


def read_qwc(text: str) -> Settings:
    try:
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as broken:
        raise NotAdded("QBWC1039", f"the file is not well-formed: {broken}") from broken
    if root.tag != "QBWCXML":
        raise NotAdded("QBWC1039", "the root is not QBWCXML")
    given = {each.tag: (each.text or "").strip() for each in root}
    if absent := [name for name in NEEDED if not given.get(name)]:
        raise NotAdded("QBWC1039", f"{', '.join(absent)} missing")
    if unknown := [name for name in given if name not in KNOWN]:
        raise NotAdded("QBWC1039", f"{', '.join(map(str, unknown))} not known")
    for name, choices in CHOICES.items():
        if given.get(name, choices[0]) not in choices:
            raise NotAdded("QBWC1039", f"{name} is {given[name]}")
    if not (GUID.fullmatch(given["OwnerID"]) and GUID.fullmatch(given["FileID"])):
        raise NotAdded("QBWC1039", "OwnerID and FileID are GUIDs in braces")
    if len(given["AppDescription"]) > LONGEST_DESCRIPTION:
        raise NotAdded("QBWC1039", "AppDescription is too long")
    _addresses(given["AppURL"], given["AppSupport"])
    minutes = int(root.findtext("Scheduler/RunEveryNMinutes") or 0)
    return Settings(
        app_name=given["AppName"],
        url=given["AppURL"],
        support=given["AppSupport"],
        cert_url=given.get("CertURL", ""),
        user_name=given["UserName"],
        owner_id=given["OwnerID"],
        file_id=given["FileID"],
        rpc=given.get("Style") == "RPC",
        seconds=minutes * 60 or int(root.findtext("Scheduler/RunEveryNSeconds") or 0),
    )


def _addresses(url: str, support: str) -> None:
    hosts = []
    for address, ip_code in ((url, "QBWC1001"), (support, "QBWC1002")):
        parts = urlsplit(address)
        host = parts.hostname or ""
        if _is_ip(host):
            raise NotAdded(ip_code, f"{host} is an IP address")
        if parts.scheme != "https" and host != "localhost":
            raise NotAdded("QBWC1010", f"{address} is not https")
        hosts.append(host)
    if hosts[0] != hosts[1]:
        raise NotAdded("QBWC1000", "AppSupport and AppURL are not of the same domain")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
