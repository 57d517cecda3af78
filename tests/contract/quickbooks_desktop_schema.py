"""Writes the vendor's schema in the notation of the simulator's tables, to hold these against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

X = "{http://www.w3.org/2001/XMLSchema}"
TYPES = {
    "IDTYPE": "id",
    "STRTYPE": "s",
    "BOOLTYPE": "bool",
    "DATETYPE": "date",
    "DATETIMETYPE": "time",
    "AMTTYPE": "amt",
    "PRICETYPE": "price",
    "QUANTYPE": "qty",
    "GUIDTYPE": "guid",
    "INTTYPE": "int",
    "FLOATTYPE": "float",
}
MANY = {("1", "1"): "", ("0", "1"): "?", ("1", "unbounded"): "+", ("0", "unbounded"): "*"}


class Schema:
    def __init__(self, folder: Path) -> None:
        self.named: dict[str, dict[str, Any]] = {X + kind: {} for kind in ("group", "element", "complexType")}
        self.choices: dict[str, tuple[str, ...]] = {}
        for path in folder.glob("*.xsd"):
            for part in etree.parse(str(path)).getroot():
                if part.tag in self.named:
                    self.named[part.tag][part.get("name")] = part

    def request(self, name: str) -> str:
        return self._inside(self.named[X + "complexType"][f"{name}Type"])

    def part(self, name: str) -> str:
        return self._inside(self.named[X + "element"][name].find(X + "complexType"))

    def attributes(self, name: str) -> set[str]:
        return {part.get("name") for part in self.named[X + "complexType"][f"{name}Type"].iter(X + "attribute")}

    def _inside(self, kind: Any) -> str:
        parts = [self._model(part) for part in kind if part.tag in (X + "sequence", X + "choice", X + "group")]
        return " ".join(part for part in parts if part)

    def _model(self, part: Any) -> str:
        many = MANY.get((low := part.get("minOccurs", "1"), high := part.get("maxOccurs", "1")), f"{{{low},{high}}}")
        if part.tag == X + "element":
            return self._element(part) + many
        whole = self.named[X + "group"][part.get("ref")] if part.tag == X + "group" else part
        inside = [self._model(each) for each in whole if isinstance(each.tag, str)]
        choice = part.tag == X + "choice"
        text = (" | " if choice else " ").join(each for each in inside if each)
        return f"({text}){many}" if choice or many else text

    def _element(self, part: Any) -> str:
        name = part.get("ref") or part.get("name")
        element = self.named[X + "element"][name] if part.get("ref") else part
        if (kind := element.find(X + "complexType")) is not None:
            return f"{name}:id" if kind.find(X + "simpleContent") is not None else str(name)
        if element.get("type"):
            return f"{name}:{TYPES[element.get('type')]}"
        rule = element.find(f"{X}simpleType/{X}restriction")
        if words := tuple(each.get("value") for each in rule.findall(X + "enumeration")):
            self.choices[name] = words
            return f"{name}:="
        longest = rule.find(X + "maxLength")
        return f"{name}:{TYPES[rule.get('base')] if longest is None else 's' + longest.get('value')}"
