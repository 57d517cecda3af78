"""Where the browser comes back to, as the gateway tells it."""

from __future__ import annotations

import pytest

from chalicelib.entry.api import service_url
from tests.unit.api_world import ApiWorld

ROUTE = "/api/v1/connections/{name}/connect"


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (
            "ab12.execute-api.eu-west-1.amazonaws.com",
            "/api/api/v1/connections/books/connect",
            "https://ab12.execute-api.eu-west-1.amazonaws.com/api",
        ),
        ("mlc.example.com", "/api/v1/connections/books/connect", "https://mlc.example.com"),
        ("mlc.example.com", "/base/api/v1/connections/books/connect/", "https://mlc.example.com/base"),
        ("", "/api/v1/connections/books/connect", ""),
    ],
)
def test_the_way_back_is_the_gateways_own_address(host: str, path: str, expected: str) -> None:
    context = {"domainName": host, "path": path, "resourcePath": ROUTE}
    assert service_url(ApiWorld().engine, context) == expected


def test_on_one_machine_it_is_the_port_of_this_machine() -> None:
    world = ApiWorld()
    world.engine.local_url = "http://127.0.0.1:8321"
    context = {"domainName": "evil.example.com", "path": "/x", "resourcePath": "/x"}
    assert service_url(world.engine, context) == "http://127.0.0.1:8321"
