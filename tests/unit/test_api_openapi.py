"""The OpenAPI document is a valid one and says what the door does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.entry import routes, shapes
from tests.unit.api_world import ApiWorld


@pytest.fixture
def described() -> dict[str, Any]:
    return ApiWorld().call("GET", "/openapi.json", headers={}).body


def test_the_document_is_openapi_3_0(described: dict[str, Any]) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="comes with moto's server only")
    validator.OpenAPIV30SpecValidator(described).validate()


def test_every_route_stands_there_with_its_parameters_and_body(described: dict[str, Any]) -> None:
    for endpoint in routes.ENDPOINTS:
        operation = described["paths"][endpoint.path][endpoint.method.lower()]
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", endpoint.path))
        assert ("requestBody" in operation) is (endpoint.body is not None)
    ids = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)


def test_app_py_can_register_every_route_once() -> None:
    assert len({route.name for route in routes.ROUTES}) == len(routes.ROUTES)
    assert len({route.path for route in routes.ROUTES}) == len(routes.ROUTES)
    assert not any(route.path.endswith("/") for route in routes.ROUTES)
    # API Gateway wants one name for what stands at the same place of a path.
    seen: dict[str, str] = {}
    for route in routes.ROUTES:
        for found in re.finditer(r"{(\w+)}", route.path):
            assert seen.setdefault(route.path[: found.start()], found[1]) == found[1], route.path


def test_an_empty_body_is_an_empty_wish() -> None:
    assert shapes.read(shapes.Replay, {}) == shapes.Replay(release=False, overwrite=False)
