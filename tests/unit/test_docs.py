"""The docs say what the code does: links, hold reasons, policies, keys, numbers, tests and commands all exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from chalicelib import registry, wiring
from chalicelib.entry.config import Brake, Config, ConnectionIn, FlowIn, Retry
from chalicelib.systems.quickbooks_desktop import hresults, statuses
from mlc.cli import app

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHEET = ROOT.parent / "shared" / "reference" / "quickbooks-desktop.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
FIRST_CELL = re.compile(r"^\| `([\w.]+)` \|", re.MULTILINE)
SHOWN = re.compile(r"`([^`\n]+)`")
# What a vendor's fault comes to instead of a hold.
NO_HOLDS = {"RETRY", "SLOW", "REFRESH", "REREAD", "TENANT", "LATER", "SPLIT", "BUSY"}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """From the heading to the next one of its level."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    broken = [
        target
        for target in targets
        if not target.startswith(("https://", "#")) and not (path.parent / target.split("#")[0]).exists()
    ]
    assert not broken


def test_every_page_is_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        links = LINK.findall(path.read_text(encoding="utf-8")) if path.suffix == ".md" else []
        waiting += [(path.parent / target).resolve() for target in links if not target.startswith(("https://", "#"))]
    assert set(PAGES) <= seen


# ---------------------------------------------------------------------------------------------- holds


def test_every_hold_reason_of_the_code_is_explained_and_no_other() -> None:
    documented = FIRST_CELL.findall(page("reference/holds.md"))
    assert len(documented) == len(set(documented))
    assert set(documented) == set(_raised()) | set(_of_faults())


def _raised() -> Iterator[str]:
    """The first argument of every `Held(...)`; what a reason is made of at run time is filled in from the flows."""
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Held" and node.args:
                yield from _reasons(node.args[0], f"{path}:{node.lineno}")


def _reasons(argument: ast.expr, where: str) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(reason)):
            yield reason
        case ast.IfExp():
            yield from _reasons(argument.body, where)
            yield from _reasons(argument.orelse, where)
        case ast.JoinedStr():
            yield from _made_of_a_kind(ast.unparse(argument), where)
        case ast.Attribute(attr="reason"):
            return  # handed on from another hold, or from a table of faults
        case _:
            raise AssertionError(f"{where}: a reason that this test cannot read: {ast.unparse(argument)}")


def _made_of_a_kind(template: str, where: str) -> Iterator[str]:
    flows = [wiring.load_flow(name) for name in registry.FLOWS]
    match template:
        case "f'{kind}_unmatched'":
            yield from {f"{move.target_kind}_unmatched" for flow in flows for move in flow.moves if move.match}
        case "f'waits_for_{kind}'":
            yield from {f"waits_for_{move.name}" for flow in flows for move in flow.moves if flow.is_needed(move)}
        case _:
            raise AssertionError(f"{where}: a reason that this test cannot read: {template}")


def _of_faults() -> Iterator[str]:
    """The reasons in the systems' tables of faults, as far as they come to a hold."""
    for meant in (*statuses.MEANINGS.values(), *statuses.RANGES.values(), statuses.NOT_IN_TABLE):
        if meant.kind in ("HOLD", "BUG", "ADOPT"):
            yield meant.reason
    for path in sorted((ROOT / "chalicelib" / "systems").glob("*/faults.py")):
        faults = import_module(f"chalicelib.systems.{path.parent.name}.faults")
        meanings = [*faults.MEANINGS.values(), *faults.STATUS.values(), faults.UNKNOWN_CODE]
        yield from (meant.reason for meant in meanings if meant.kind not in NO_HOLDS)


# ---------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize("name", registry.FLOWS)
@pytest.mark.parametrize("where", ["reference/policies.md", "reference/configuration.md"])
def test_every_policy_is_documented_with_its_values_and_default(name: str, where: str) -> None:
    rows = {row["policy"]: row for row in _policy_rows(page(where), name)}
    flow = wiring.load_flow(name)
    assert set(rows) == {f"`{policy.name}`" for policy in flow.policies}
    for policy in flow.policies:
        row = rows[f"`{policy.name}`"]
        assert row["default"].strip("*()") == (f"`{policy.default}`" if policy.default else "none")
        assert not policy.choices or row["values"] == ", ".join(f"`{choice}`" for choice in policy.choices)


def _policy_rows(text: str, name: str) -> Iterator[dict[str, str]]:
    """A section per flow, or one table whose first column names the flow once."""
    own = f"\n## {name}\n" in text
    table = section(text, name if own else "policies")
    lines = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    header, current = cells(lines[0]), ""
    for line in lines[1:]:
        row = dict(zip(header, cells(line), strict=True))
        current = row.get("flow", "").strip("`") or current
        if own or current == name:
            yield row


def test_every_documented_key_exists_and_every_key_is_documented() -> None:
    text = page("reference/configuration.md")
    assert set(Config.model_fields) <= set(re.findall(r"^## (\w+)$", text, re.MULTILINE))
    connections = section(text, "connections")
    keys = set(FIRST_CELL.findall(connections))
    assert keys - set(registry.SYSTEMS) == set(ConnectionIn.model_fields)
    inner = {f"{key}.{name}" for key, shape in (("retry", Retry), ("brake", Brake)) for name in shape.model_fields}
    assert set(FIRST_CELL.findall(section(text, "flows"))) == _names(FlowIn) - {"retry", "brake"} | inner
    for name in registry.SYSTEMS:
        row = next(cells(line) for line in connections.splitlines() if line.startswith(f"| `{name}` |"))
        system = wiring.load_system(name)
        assert SHOWN.findall(row[1])[0] in _names(system.settings)
        assert set(SHOWN.findall(row[2])) == set(system.credentials)


def _names(shape: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in shape.model_fields.items()}


# ---------------------------------------------------------------------------------------------- code and tests


def test_every_port_is_listed() -> None:
    classes = [node for node in tree(ROOT / "chalicelib/engine/ports.py").body if isinstance(node, ast.ClassDef)]
    ports = {node.name for node in classes if any(ast.unparse(base) == "Protocol" for base in node.bases)}
    assert set(FIRST_CELL.findall(page("reference/ports.md"))) == ports


def test_every_limit_is_the_codes() -> None:
    rows = [cells(line) for line in page("reference/limits.md").splitlines() if line.count("`") == 4]
    assert len(rows) > 50
    wrong = [row[2:] for row in rows if row[3].strip("`") not in _numbers(ROOT / row[2].strip("`"))]
    assert not wrong


@cache
def _numbers(path: Path) -> frozenset[str]:
    found = set[str]()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Assign(targets=[target]):
                found.add(f"{ast.unparse(target).strip('()')} = {ast.unparse(node.value)}")
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.add(f"{name} = {ast.unparse(value)}")
            case ast.keyword(arg=str()):
                found.add(ast.unparse(node))
    return frozenset(found)


def test_every_promise_is_proven_by_tests_that_exist() -> None:
    text = page("reference/promises.md")
    promises = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [promise.split(".")[0] for promise in promises] == [str(n) for n in range(1, 13)]
    for promise in promises:
        named = TEST.findall(promise)
        assert named, promise.splitlines()[0]
        missing = [f"{file}::{test}" for file, test in named if test not in _tests(ROOT / file)]
        assert not missing


@cache
def _tests(path: Path) -> frozenset[str]:
    found = set[str]()
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return frozenset(found)


def test_every_dependency_has_its_reason() -> None:
    pinned = set[str]()
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pinned |= {re.split(r"[\[=]", line)[0] for line in lines if "==" in line}
    rows = [cells(line)[0] for line in page("why/dependencies.md").splitlines() if line.startswith("| ")]
    explained = [name.strip(" `") for row in rows for name in row.split(",")]
    assert not [name for name in pinned if not any(fnmatch(name, known) for known in explained)]


def test_every_number_that_quickbooks_shows_on_the_pc_is_explained_once() -> None:
    shown = re.findall(r"`0x([0-9A-F]{8})`", page("how-to/connect-quickbooks-desktop.md"))
    assert sorted(int(code, 16) for code in shown) == sorted(hresults.MEANINGS)


@pytest.mark.skipif(not SHEET.exists(), reason="the vendor's sheet is not beside the project")
def test_every_number_that_the_web_connector_shows_is_explained() -> None:
    sheet = SHEET.read_text(encoding="utf-8").split("### 1.10 ", 1)[1].split("\n### ", 1)[0]
    known = set[str]()
    for row in re.findall(r"^\| QBWC([\d, ]+) \|", sheet, re.MULTILINE):
        known |= {f"QBWC{number.strip()}" for number in row.split(",")}
    assert len(known) > 20
    assert known == set(re.findall(r"`(QBWC\d{4})`", page("how-to/connect-quickbooks-desktop.md")))


# ---------------------------------------------------------------------------------------------- commands


def _commands() -> Iterator[tuple[str, str]]:
    """Every `mlc ...` in a block of code or between backticks, with the page it stands on."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        lines += [
            line.strip() for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.split("\n")
        ]
        for line in [*lines, *SHOWN.findall(text)]:
            command = line.removeprefix(".venv/bin/")
            if command.startswith("mlc "):
                yield path.relative_to(ROOT).as_posix(), command


COMMANDS = sorted(set(_commands()))


@pytest.mark.parametrize(("where", "command"), COMMANDS, ids=[f"{where}: {command}" for where, command in COMMANDS])
def test_every_command_parses(where: str, command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    answer = CliRunner().invoke(app, [*words, "--help"])
    assert answer.exit_code == 0, answer.output


def test_make_and_its_arguments_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    local = (ROOT / "simulator" / "local.py").read_text(encoding="utf-8")
    for path in PAGES:
        for target, argument in re.findall(
            r"\bmake (\w+)(?: ARGS=(--[\w-]+))?`?$", path.read_text("utf-8"), re.MULTILINE
        ):
            assert target in targets, f"{path}: make {target}"
            assert not argument or f'"{argument}"' in local, f"{path}: {argument}"
