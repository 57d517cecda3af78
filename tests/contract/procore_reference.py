"""Procore's published reference, as far as it lies beside this repository: what a request and an answer may hold."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from openapi_schema_validator import OAS30Validator

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "reference" / "procore"
Json = dict[str, Any]


@cache
def document() -> Json:
    """The OpenAPI subset, empty where it is not there."""
    path = FOLDER / "openapi-subset.json"
    found: Json = json.loads(path.read_text()) if path.is_file() else {}
    return found


def needed() -> Json:
    if not document():
        pytest.skip("Procore's published reference is not beside this repository")
    return document()


def sample(name: str) -> Any:
    needed()
    return json.loads((FOLDER / "samples" / name).read_text())


def resolved(schema: Json) -> Json:
    while "$ref" in schema:
        found: Any = document()
        for part in schema["$ref"].split("/")[1:]:
            found = found[part]
        schema = found
    return schema


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    """A path's plain words come before its variables, so that /vendors/sync is no vendor."""
    paths = sorted(document().get("paths", ()), key=lambda path: [part.startswith("{") for part in path.split("/")])
    return [(re.compile(re.sub(r"\{\w+\}", r"[^/]+", re.sub(r"([.\[\]])", r"\\\1", path))), path) for path in paths]


def operation(method: str, path: str) -> Json | None:
    for pattern, template in patterns():
        if pattern.fullmatch(path) and method.lower() in document()["paths"][template]:
            found: Json = document()["paths"][template][method.lower()]
            return found
    return None


def schema_faults(schema: Json, value: Any, *, nulls: bool = False) -> list[str]:
    """What is wrong with a value. `nulls` lets any field be null, which is how one is cleared."""
    whole = {**resolved(schema), "components": document()["components"]}
    faults = OAS30Validator(whole).iter_errors(_without_nulls(value) if nulls else value)
    return [f"{fault.json_path}: {fault.message[:200]}" for fault in faults]


def request_faults(method: str, path: str, query: list[tuple[str, str]], body: Any) -> list[str]:
    known = operation(method, path)
    if known is None:
        return [f"{method} {path} is not in the reference"]
    named = {p["name"]: p for p in map(resolved, known.get("parameters", ())) if p["in"] == "query"}
    faults = [f"the parameter {name} is not in the reference" for name, _ in query if unquote(name) not in named]
    sent = {name for name, _ in query}
    faults += [f"the parameter {n} is missing" for n, p in named.items() if p.get("required") and n not in sent]
    content = known.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return faults + (["a body is not in the reference"] if body is not None else [])
    return faults + schema_faults(content["schema"], body, nulls=True)


def answer_faults(method: str, path: str, status: int, headers: Any, text: str) -> list[str]:
    known = operation(method, path)
    if known is None or "json" not in headers.get("Content-Type", ""):
        return []
    answer = known["responses"].get(str(status), known["responses"].get("default"))
    if answer is None:
        return [f"{method} {path} answers no {status}"]
    content = resolved(answer).get("content", {}).get("application/json")
    return schema_faults(content["schema"], json.loads(text)) if content else []


def missing(wanted: Any, ours: Any, path: str = "") -> set[str]:
    """The properties of a recorded sample which our answer lacks, or gives as another JSON type."""
    if isinstance(wanted, dict) and isinstance(ours, dict):
        gaps = {f"{path}.{k}".strip(".") for k in wanted if k not in ours}
        return gaps.union(*(missing(v, ours[k], f"{path}.{k}") for k, v in wanted.items() if k in ours))
    if isinstance(wanted, list) and isinstance(ours, list):
        return missing(wanted[0], ours[0], path) if wanted and ours else set()
    return set() if type(wanted) is type(ours) or wanted is None or ours is None else {f"{path.strip('.')}: type"}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
