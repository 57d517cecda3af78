"""From one element of a response to its row: a table per kind of row, read leniently (sheet 2.5).

Unknown elements are passed over. A field that is missing or malformed names itself and costs its own row only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from lxml import etree

from chalicelib.systems.quickbooks_desktop import rows
from chalicelib.systems.quickbooks_desktop.kinds import Ref, Unfit
from chalicelib.systems.quickbooks_desktop.rows import LocalTime

_AMOUNT = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise Unfit("", f"is no amount: {text[:40]!r}")
    return Decimal(text)


def flag(text: str) -> bool:
    if text not in _FLAGS:
        raise Unfit("", f"is neither true nor false: {text[:40]!r}")
    return _FLAGS[text]


def day(text: str) -> date:
    try:
        if len(text) == 10 and text[4] == text[7] == "-":
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unfit("", f"is no date: {text[:40]!r}")


def moment(text: str) -> LocalTime:
    try:
        if len(text) in (19, 25) and text[10] == "T" and text[19:20] in ("", "+", "-"):
            datetime.fromisoformat(text)
            return LocalTime(text[:19], text[19:])
    except ValueError:
        pass
    raise Unfit("", f"is no date with a time: {text[:40]!r}")


def whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise Unfit("", f"is no whole number: {text[:40]!r}")
    return int(text)


def ref(element: etree._Element) -> Ref | None:
    list_id = full_name = ""
    for child in element[:]:
        tag = child.tag
        if tag == "ListID":
            list_id = child.text or ""
        elif tag == "FullName":
            full_name = child.text or ""
    return Ref(list_id, full_name) if list_id or full_name else None


def address(element: etree._Element) -> rows.Address:
    found = {child.tag: child.text or "" for child in element}
    return rows.Address(
        tuple(found[name] for name in ("Addr1", "Addr2", "Addr3", "Addr4", "Addr5") if found.get(name)),
        found.get("City", ""),
        found.get("State", ""),
        found.get("PostalCode", ""),
        found.get("Country", ""),
        found.get("Note", ""),
    )


class Part(NamedTuple):
    """One element of a row: its attribute ("" for those of a group), and how its text or what is in it is read."""

    name: str
    of_text: Callable[[str], object] | None = None
    of_element: Callable[[Any], Any] | None = None
    many: bool = False


OF_TEXT: dict[str, Callable[[str], object]] = {
    "amount": amount,
    "flag": flag,
    "day": day,
    "moment": moment,
    "whole": whole,
}
OF_ELEMENT: dict[str, Callable[[Any], object]] = {"ref": ref, "address": address}


@dataclass(frozen=True, slots=True)
class Shape:
    """`parts`: by element. `needed`: attribute -> element. `kind`: an attribute that the row's own element decides."""

    row: Callable[..., Any]
    parts: dict[str, Part]
    needed: dict[str, str]
    lists: tuple[str, ...]
    kind: str = ""

    def read(self, element: etree._Element) -> Any:
        """The row. Raises Unfit naming the first field that does not fit."""
        values = self.values(element)
        for name, tag in self.needed.items():
            if values.get(name) in (None, ""):
                raise Unfit(tag, "is missing")
        for name in self.lists:
            if name in values:
                values[name] = tuple(values[name])
        return self.row(**values)

    def values(self, element: etree._Element) -> dict[str, Any]:
        """What is given, by attribute. An empty element is one that is not given."""
        values: dict[str, Any] = {"kind": self.kind} if self.kind else {}
        find = self.parts.get
        for child in element[:]:
            part = find(child.tag)
            if part is None:
                continue
            name, of_text, of_element, many = part
            try:
                if of_element is None:
                    value: Any = child.text
                    if of_text is not None and value:
                        value = of_text(value)
                else:
                    value = of_element(child)
            except Unfit as unfit:
                raise unfit.under(f"{child.tag}[{len(values.get(name, ())) + 1}]" if many else child.tag) from None
            if many:
                values.setdefault(name, []).append(value)
            elif value is None:
                continue
            elif name:
                values[name] = value
            else:
                values.update(value)
        return values


def shape(row: Callable[..., Any], needed: str = "", kind: str = "", /, **elements: str) -> Shape:
    """`elements`: attribute="Element", or "Element how" with a word of OF_TEXT or OF_ELEMENT; "Element*": several."""
    parts = {}
    for name, given in elements.items():
        tag, _, how = given.partition(" ")
        parts[tag.rstrip("*")] = Part(name, OF_TEXT.get(how), OF_ELEMENT.get(how), tag.endswith("*"))
    return _made(row, parts, needed, kind)


def including(base: Shape, **inner: tuple[str, Shape]) -> Shape:
    """`base` with lists of rows within the row: attribute=("Element", shape)."""
    parts = {tag: Part(name, None, one.read, True) for name, (tag, one) in inner.items()}
    return _made(base.row, {**base.parts, **parts}, " ".join(base.needed), base.kind)


def spread(base: Shape, **groups: Shape) -> Shape:
    """`base` with the attributes of groups within the row: Element=shape."""
    parts = {tag: Part("", None, inner.values) for tag, inner in groups.items()}
    return _made(base.row, {**base.parts, **parts}, " ".join(base.needed), base.kind)


def _made(row: Callable[..., Any], parts: dict[str, Part], needed: str, kind: str) -> Shape:
    tags = {part.name: tag for tag, part in parts.items()}
    lists = tuple(part.name for part in parts.values() if part.many)
    return Shape(row, parts, {name: tags[name] for name in needed.split()}, lists, kind)
