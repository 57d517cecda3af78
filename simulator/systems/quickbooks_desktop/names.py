"""The rules of names, and the vendors and accounts that an application may add or change."""

from __future__ import annotations

from typing import Any

from simulator.systems.quickbooks_desktop.answers import Refused, not_enabled
from simulator.systems.quickbooks_desktop.company import PEOPLE, Entry, Row
from simulator.systems.quickbooks_desktop.writing import Call, common_rules, may_write, read, resolve, to_change

Element = Any  # lxml ships no types
NEVER_EMPTY = ("Name", "IsActive")


def free_name(call: Call, name: str, kind: str, *, parent: str = "", but: str = "") -> None:
    """A name is usable: not empty, no colon, and not taken in its list (people's lists are one)."""
    if not name:
        raise Refused(3150, "A required element is missing: Name.", mistake="an empty name")
    if ":" in name:
        text = f'There are invalid characters in the list element name "{name}".'
        raise Refused(3090, text, mistake=f"a colon in the name {name}")
    for entry in call.company.every(*(PEOPLE if kind in PEOPLE else (kind,))):
        same_branch = entry.fields.get("ParentRef", "") == parent
        if entry.id != but and same_branch and entry.fields["Name"].casefold() == name.casefold():
            raise Refused(3100, f'The name "{name}" of the list element is already in use.')


def add_vendor(call: Call, element: Element) -> Entry:
    may_write(call)
    values = read(call, element, "Vendor")
    if "OpenBalance" in values:
        raise Refused(3210, 'The "OpenBalance" field may not be set.', mistake="OpenBalance books an unseen bill")
    values.pop("OpenBalanceDate", None)
    return keep_vendor(call, values)


def keep_vendor(call: Call, values: Row) -> Entry:
    common_rules(call, values)
    _classes(call, values)
    free_name(call, values.get("Name", ""), "Vendor")
    defaults = {
        "IsActive": "true",
        "NameOnCheck": values.get("CompanyName") or values["Name"],
        "IsVendorEligibleFor1099": "false",
    }
    if call.company.preferences["IsMultiCurrencyOn"] and not values.get("CurrencyRef"):
        home = call.company.named(call.company.preferences["home_currency"], "Currency")
        values["CurrencyRef"] = home.id if home else ""
    return call.company.add("Vendor", {**defaults, **values}, call.writer)


def change_vendor(call: Call, element: Element) -> Entry:
    may_write(call)
    vendor = to_change(call, element, element.findtext("ListID", ""), "Vendor")
    values = read(call, element, "Vendor")
    del values["ListID"], values["EditSequence"]
    return rewrite_vendor(call, vendor, values)


def rewrite_vendor(call: Call, vendor: Entry, values: Row) -> Entry:
    """What is absent stays, what is empty is cleared."""
    for name in NEVER_EMPTY:
        if values.get(name) == "":
            raise Refused(3190, f'The element "{name}" cannot be cleared.', mistake=f"an empty {name}")
    common_rules(call, values)
    _classes(call, values)
    if "Name" in values:
        free_name(call, values["Name"], "Vendor", but=vendor.id)
    if values.get("CurrencyRef", vendor.fields.get("CurrencyRef")) != vendor.fields.get("CurrencyRef"):
        raise Refused(3210, 'The "CurrencyRef" field may not be changed.')
    vendor.fields = {n: v for n, v in {**vendor.fields, **values}.items() if v != ""}
    call.company.touch(vendor, call.writer)
    return vendor


def add_account(call: Call, element: Element) -> Entry:
    may_write(call)
    parent = element.find("ParentRef")
    above = "" if parent is None else resolve(call, parent, "ParentRef", "Account", ("Account",))
    if parent is not None:
        element.remove(parent)
    values = read(call, element, "Account")
    common_rules(call, values)
    free_name(call, values.get("Name", ""), "Account", parent=above)
    fields = {"IsActive": "true", **values} | ({"ParentRef": above} if above else {})
    return call.company.add("Account", fields, call.writer)


def _classes(call: Call, values: Row) -> None:
    """A class in a file that does not use them is refused, or dropped."""
    if values.get("ClassRef") and not call.company.preferences["IsUsingClassTracking"]:
        if call.options.class_refused_when_off:
            raise not_enabled("ClassRef")
        del values["ClassRef"]
