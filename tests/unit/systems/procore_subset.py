"""Does a request fit the published reference of Procore? Asked of the extract that stands beside this repository."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from werkzeug.wrappers import Request

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "procore"
THERE = (REFERENCE / "openapi-subset.json").exists()


@cache
def _subset() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "openapi-subset.json").read_text())
    return found


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Those without parameters first."""
    templates = sorted(_subset()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\{\w+\\}", "[0-9]+", re.escape(path)) + "$"), path) for path in templates]


def complaints(request: Request) -> list[str]:
    """What does not fit, [] when all does."""
    template = next((path for pattern, path in _paths() if pattern.match(request.path)), "")
    operation = _subset()["paths"].get(template, {}).get(request.method.lower())
    if operation is None:
        return [f"no such call: {request.method} {request.path}"]
    found = list(_parameters(request, template, operation))
    content = _resolved(operation.get("requestBody", {})).get("content", {})
    kind = request.mimetype
    if content and kind not in content:
        return [*found, f"a body of {kind or 'no kind'}"]
    if content:
        body = request.form.to_dict() if "form" in kind else json.loads(request.get_data())
        schema = {**content[kind]["schema"], "components": _subset()["components"]}
        found += [f"{error.json_path}: {error.message}" for error in OAS30Validator(schema).iter_errors(body)]
    elif request.get_data():
        found.append("a body where none belongs")
    return found


def _parameters(request: Request, template: str, operation: dict[str, Any]) -> list[str]:
    shared = _subset()["paths"][template].get("parameters", [])
    known = {(one["in"], one["name"]): one for one in map(_resolved, [*shared, *operation.get("parameters", [])])}
    found = []
    for name, value in request.args.items():
        one = known.get(("query", name))
        if one is None:
            found.append(f"an unknown parameter {name}")
            continue
        schema = {**one.get("schema", {}), "components": _subset()["components"]}
        given = int(value) if schema.get("type") == "integer" and value.isdigit() else value
        given = value == "true" if schema.get("type") == "boolean" else given
        found += [f"{name}: {error.message}" for error in OAS30Validator(schema).iter_errors(given)]
    sent: dict[str, Any] = {"query": request.args, "header": request.headers}
    needed = [(place, name) for (place, name), one in known.items() if one.get("required") and place in sent]
    return [*found, *(f"{name} is missing" for place, name in needed if name not in sent[place])]


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = _subset()
        for step in value["$ref"][2:].split("/"):
            found = found[step]
        value = found
    return value
