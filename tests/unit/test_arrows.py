"""Who may import whom, and where the name of a system may stand."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib import registry

ROOT = Path(__file__).parent.parent.parent
PARTS = ("entry", "engine", "systems", "flows", "aws")
ALLOWED = {
    "entry": {"engine"},
    "engine": set(),
    "systems": {"engine"},
    "flows": {"engine", "systems"},
    "aws": {"engine"},
}


def _modules() -> Iterator[tuple[str, Path]]:
    for part in PARTS:
        for path in sorted((ROOT / "chalicelib" / part).rglob("*.py")):
            yield part, path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("part", "path"), list(_modules()), ids=lambda v: v.name if isinstance(v, Path) else v)
def test_imports_follow_the_arrows(part: str, path: Path) -> None:
    for name in _imports(path):
        assert not name.startswith(("simulator", "tests", "mlc.", "infra", "app")), f"{path} imports {name}"
        if not name.startswith("chalicelib."):
            continue
        other = name.split(".")[1]
        assert other == part or other in ALLOWED[part], f"{path} imports {name}"


def test_one_system_never_imports_another() -> None:
    for part, path in _modules():
        if part == "systems" and path.parent.name in registry.SYSTEMS:
            others = {name for name in registry.SYSTEMS if name != path.parent.name}
            for name in _imports(path):
                assert not others & set(name.split(".")), f"{path} imports {name}"


def test_no_system_is_named_where_all_systems_are_alike() -> None:
    places = [path for part, path in _modules() if part in {"engine", "entry", "aws"}] + [ROOT / "app.py"]
    words = [*registry.SYSTEMS, *(name.split("_")[0] for name in registry.SYSTEMS)]
    for path in places:
        text = path.read_text().lower()
        for word in words:
            assert word not in text, f"{path} names {word}"


def test_only_the_aws_adapters_know_boto_and_only_one_http_library_is_used() -> None:
    for part, path in _modules():
        for name in _imports(path):
            top = name.split(".")[0]
            assert top not in {"boto3", "botocore", "pynamodb"} or part == "aws", f"{path} imports {name}"
            assert top != "requests" or part == "aws", f"{path} imports {name}"


def test_importing_the_app_loads_no_system_and_no_flow() -> None:
    loaded = "[m for m in sys.modules if m.startswith(('chalicelib.systems.', 'chalicelib.flows.'))]"
    script = f"import sys, app; print({loaded})"
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"STAGE": "local", "PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
