"""The configuration file: its values as they are typed, and the line on which each stands.

Every value is kept as text, so that an account number keeps its leading zero and `on` stays `on`. An empty value,
`null` or `~` is nothing. Aliases and keys that stand twice are refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mlc.client import Json

ENV = "env:"
NOTHING = {"", "~", "null", "Null", "NULL"}
LARGEST = 5_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Something that does not fit, where a person finds it."""

    line: int
    key: str
    expected: str
    got: str = ""

    def said(self, file: str) -> str:
        got = f", got {self.got}" if self.got else ""
        where = f"{self.key}: " if self.key else ""
        return f"{file}:{self.line}: {where}expected {self.expected}{got}"


class Unfit(Exception):
    """The file cannot be sent as it is."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(str(places))
        self.places = places


@dataclass(slots=True)
class Document:
    """`lines` has the line of every key, by its JSON pointer."""

    values: Json = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, fault: Mapping[str, object]) -> Place:
        """A fault that the service found, on the line where its key stands, or where it is missing."""
        pointer = str(fault.get("field") or "").removeprefix("/config")
        near = pointer
        while near and near not in self.lines:
            near = near.rpartition("/")[0]
        key = ".".join(_plain(part) for part in pointer.split("/")[1:])
        return Place(self.lines.get(near, 1), key, str(fault.get("expected") or ""), str(fault.get("got") or ""))


def load(path: Path, environ: Mapping[str, str] | None = None) -> Document:
    """Read the file and put in what `env:NAME` refers to. Raises Unfit naming line, key and what was expected."""
    document = parse(_text(path))
    missing: list[Place] = []
    filled = _filled(document, document.values, "", os.environ if environ is None else environ, missing)
    assert isinstance(filled, dict)
    document.values = filled
    if missing:
        raise Unfit(missing)
    return document


def parse(text: str) -> Document:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as unfit:
        mark = unfit.problem_mark or unfit.context_mark
        line = mark.line + 1 if mark else 1
        raise Unfit([Place(line, "", "YAML", " ".join(filter(None, [unfit.context, unfit.problem])))]) from None
    except (yaml.YAMLError, RecursionError) as unfit:
        raise Unfit([Place(1, "", "YAML", str(unfit).splitlines()[0][:120])]) from None
    document = Document()
    if not isinstance(root, yaml.MappingNode):
        line = root.start_mark.line + 1 if root else 1
        raise Unfit(
            [Place(line, "", "the keys connections and flows", "nothing" if root is None else "something else")]
        )
    reader = _Reader(document)
    document.values = reader.mapping(root, "")
    if reader.faults:
        raise Unfit(reader.faults)
    return document


# ---------------------------------------------------------------------------------------------- inside


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as gone:
        raise Unfit([Place(1, "", "a readable file", gone.strerror or "none")]) from None
    if len(raw) > LARGEST:
        raise Unfit([Place(1, "", f"at most {LARGEST} bytes", f"{len(raw)} bytes")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as unfit:
        line = raw.count(b"\n", 0, unfit.start) + 1
        raise Unfit([Place(line, "", "UTF-8 text", f"the byte {raw[unfit.start]:#04x}")]) from None


@dataclass(slots=True)
class _Reader:
    """Nodes become values. An alias is a node met twice: refused, since a few of them can stand for millions."""

    document: Document
    faults: list[Place] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, pointer: str) -> object:
        if id(node) in self.seen:
            self.faults.append(Place(node.start_mark.line + 1, _key(pointer), "it written out", "an alias (*)"))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, pointer)
        if isinstance(node, yaml.SequenceNode):
            self.document.lines |= {f"{pointer}/{n}": one.start_mark.line + 1 for n, one in enumerate(node.value)}
            return [self.value(one, f"{pointer}/{n}") for n, one in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return None if node.style is None and node.value in NOTHING else str(node.value)

    def mapping(self, node: yaml.MappingNode, pointer: str) -> Json:
        values: Json = {}
        first: dict[str, int] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode):
                self.faults.append(Place(line, _key(pointer), "a plain key", "a list or keys"))
                continue
            key = str(name.value)
            here = f"{pointer}/{_escaped(key)}"
            if key in first:
                again = f"it again (first on line {first[key]})"
                self.faults.append(Place(line, _key(here), "each key once", again))
                continue
            first[key] = self.document.lines[here] = line
            values[key] = self.value(value, here)
        return values


def _filled(
    document: Document, value: object, pointer: str, environ: Mapping[str, str], missing: list[Place]
) -> object:
    """The value with every `env:NAME` replaced; what is not set is added to `missing`."""
    if isinstance(value, dict):
        return {
            key: _filled(document, one, f"{pointer}/{_escaped(key)}", environ, missing) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_filled(document, one, f"{pointer}/{n}", environ, missing) for n, one in enumerate(value)]
    if not isinstance(value, str) or not value.startswith(ENV):
        return value
    name = value.removeprefix(ENV)
    found = environ.get(name, "").strip()
    if not found:
        place = document.place({"field": pointer})
        expected = f"the environment variable {name} to be set on this machine"
        missing.append(Place(place.line, place.key, expected, "nothing"))
    return found


def _key(pointer: str) -> str:
    return ".".join(_plain(part) for part in pointer.split("/")[1:])


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _plain(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
