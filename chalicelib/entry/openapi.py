"""The OpenAPI 3.0 document of /api/v1, made from the routes and the shapes that they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from chalicelib.engine.ledger import State
from chalicelib.engine.records import Json
from chalicelib.entry.exchange import FORMATS
from chalicelib.entry.matches import WHATS
from chalicelib.entry.problem import MEDIA_TYPE
from chalicelib.entry.routes import PREFIX, Endpoint

VERSION = "1"
_QUERY = {
    "limit": ("integer", "How many at most in this answer."),
    "cursor": ("string", "The `cursor` of the page before."),
    "flow": ("string", "Only this flow."),
    "move": ("string", "Only this move."),
    "state": ("string", "Only records in this state; split: one that came to parts, which are records of their own."),
    "what": ("string", "Only records of which this became."),
    "format": ("string", "As JSON, or as CSV; without it, as the header Accept says."),
    "against": ("integer", "The version to compare with; without it, the one before."),
    "q": ("string", "Only records whose title, number, party or id contains this."),
}
_CHOICES: dict[str, Json] = {
    "state": {"enum": list(get_args(State))},
    "what": {"enum": list(WHATS)},
    "format": {"enum": list(FORMATS)},
}
_REFUSALS = (400, 401, 403, 404, 409, 413, 500, 503)


def document(endpoints: Sequence[Endpoint]) -> Json:
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.0.3",
        "info": {"title": "ml-connector", "version": VERSION},
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: mlc_..."}},
            "schemas": {**_schemas(endpoints), "Problem": _PROBLEM},
        },
    }


def _operation(endpoint: Endpoint) -> Json:
    asks = f"Asks for the role {endpoint.role}." if endpoint.role else "Asks for no key."
    operation: Json = {
        "operationId": endpoint.view.__name__,
        "summary": endpoint.says,
        "description": asks,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {
            str(endpoint.status): {
                "description": HTTPStatus(endpoint.status).phrase,
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    **({"text/csv": {"schema": {"type": "string"}}} if endpoint.csv else {}),
                },
            },
            **{str(status): _refusal(status) for status in _REFUSALS},
        },
    }
    if endpoint.role is None:
        operation["security"] = []
    if endpoint.body is not None:
        schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        required = any(field.is_required() for field in endpoint.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    return [
        {
            "name": name,
            "in": "query",
            "schema": {"type": _QUERY[name][0], **_CHOICES.get(name, {})},
            "description": _QUERY[name][1],
        }
        for name in endpoint.query
    ]


def _refusal(status: int) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def _schemas(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    bodies = list(dict.fromkeys(endpoint.body for endpoint in endpoints if endpoint.body is not None))
    _, together = models_json_schema(
        [(body, "validation") for body in bodies], ref_template="#/components/schemas/{model}"
    )
    found = _as_openapi_3_0(together["$defs"])
    assert isinstance(found, dict)
    return found


def _as_openapi_3_0(schema: Any) -> Any:
    """JSON Schema 2020-12 says null as a type, OpenAPI 3.0 as `nullable`; and it does not know `propertyNames`."""
    if isinstance(schema, list):
        return [_as_openapi_3_0(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _as_openapi_3_0(member) for name, member in schema.items() if name != "propertyNames"}
    options = plain.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del plain["anyOf"]
        plain = {
            **plain,
            **(rest[0] if len(rest) == 1 and "$ref" not in rest[0] else {"anyOf": rest}),
            "nullable": True,
        }
    return plain


_PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "A JSON pointer into the body."},
                    "expected": {"type": "string"},
                    "got": {"type": "string"},
                    "line": {"type": "integer"},
                },
            },
        },
    },
}
