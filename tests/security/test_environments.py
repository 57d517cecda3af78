"""A connection reaches the hosts of its own environment, whatever was written down for it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from chalicelib import registry, wiring
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from simulator.memory.clock import MemoryClock
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

SETTINGS = {
    "procurify": {"domain": "acme"},
    "quickbooks_online": {"realm": "9130001"},
    "quickbooks_desktop": {},
    "freshbooks": {"account": "6BApk"},
    "procore": {"company_id": "4288001"},
}
SECRETS = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
BACK = "https://mlc.example/oauth/callback"
SHARED = {"oauth.platform.intuit.com", "appcenter.intuit.com", "acme.procurify.com"}  # as their sheets say
HOSTILE = ["simulated", "monthly", "Production", "production ", "prod", "", "https://api.procore.com", "{company_id}"]


@dataclass
class Everywhere:
    """Gives access to everybody, knows no record, and remembers who was asked."""

    asked: set[str] = field(default_factory=set)

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.asked.add(urlsplit(request.url).netloc)
        given = {
            "access_token": "a",
            "refresh_token": "r2",
            "expires_in": 3600,
            "x_refresh_token_expires_in": 8_000_000,
        }
        return HttpAnswer(200, {}, json.dumps(given if request.method == "POST" else {}).encode())


def reached(name: str, environment: str) -> set[str]:
    """The hosts that a connection is led to: by its sign-in, by its consent, by its first call."""
    system, http, vault = wiring.load_system(name), Everywhere(), MemoryVault()
    clock, store = MemoryClock(), MemoryStore()
    connection = Connection(tenant="acme", name="it", system=name, environment=environment, settings=SETTINGS[name])
    vault.secrets[connection.secret_name] = dict(SECRETS)
    line = Line(
        connection=connection, identity=system.identity(connection.settings) or connection.key, budget=system.budget,
        store=store, vault=vault, http=http, clock=clock, metrics=MemoryMetrics(), grants=Grants(store, vault, clock),
    )  # fmt: skip
    if system.consent is not None:
        http.asked.add(urlsplit(system.consent.link(line, "c", BACK, "state")).netloc)
        with suppress(ConnectorError):
            system.consent.exchange(line, "code", BACK, "verifier")
    with suppress(ConnectorError):
        system.door(line).company()
    return http.asked


@pytest.mark.parametrize("system", registry.SYSTEMS)
def test_a_sandbox_has_hosts_of_its_own_and_what_is_no_environment_reaches_nobody(system: str) -> None:
    production = reached(system, "production")
    assert production or system in registry.CALLERS
    assert not reached(system, "sandbox") & production - SHARED
    for environment in HOSTILE:
        asked = reached(system, environment)
        assert not asked & production, f"{environment!r} reaches {asked}"
