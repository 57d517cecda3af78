"""Webhooks over real sockets: entered by `mlc`, sent by the simulated Intuit, taken by app.py."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, create_local_server
from typer.testing import CliRunner

from chalicelib import settings as environment
from chalicelib import wiring
from chalicelib.entry import keys
from mlc.cli import app as cli
from mlc.session import Session
from simulator import outside, seed, service
from simulator.house import House
from simulator.moving_in import register_webhooks
from simulator.systems.quickbooks_online.webhooks import over_http
from simulator.systems.serving import listen
from tests.reading_books import APP, SYSTEM, VERIFIER, BooksWorld

ROOT = Path(__file__).parents[2]
REALM = "9130001"


@dataclass
class Online:
    world: BooksWorld
    url: str

    def mlc(self, *args: str) -> Any:
        key = keys.make_key(self.world.store, self.world.clock, keys.PLATFORM, "platform", "us")
        given = {"MLC_URL": self.url, "MLC_KEY": key, "COLUMNS": "250", "VERIFIER": VERIFIER}
        return CliRunner().invoke(cli, list(args), obj=Session(), env=given)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[Online]:
    world = BooksWorld({"acme": REALM})
    world.run()
    monkeypatch.setattr(world.books, "_post", over_http)
    monkeypatch.setenv("STAGE", "local")
    for name in ("MLC_ENDPOINTS", "MLC_SIMULATED", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wiring, "engine", lambda: world.engine)
    monkeypatch.setattr(ChaliceRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setattr(ChaliceRequestHandler, "_parse_payload", service.bounded)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app = importlib.import_module("app").app
    config = Config.create(chalice_stage="local", project_dir=str(ROOT), chalice_app=app)
    server: Any = create_local_server(app, config, "127.0.0.1", 0)
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    world.engine.local_url = f"http://127.0.0.1:{server.server.server_port}"
    yield Online(world, world.engine.local_url)
    server.server.shutdown()
    server.server.server_close()
    thread.join()
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


def test_an_operator_enters_the_verifier_registers_the_address_and_changes_arrive(online: Online) -> None:
    made = online.mlc("webhooks", "enter", SYSTEM, "--client-id", APP["client_id"], "--verifier", "env:VERIFIER")
    assert made.exit_code == 0, made.output
    address = made.output.split()[-1]
    assert address == f"{online.url}/hooks/{SYSTEM}"
    online.world.books.backstage_subscribe(address, VERIFIER)
    bill = online.world.bill(online.world.vendor("Ångström & Søn"), "10.00")

    assert [attempt["status"] for attempt in online.world.books.backstage_run_due()] == [200]
    online.world.until_quiet()

    assert set(online.world.sheets("bill")) == {bill}
    assert APP["client_id"] in online.mlc("webhooks", "list").output


def test_a_forged_delivery_is_answered_401_and_nothing_else(online: Online) -> None:
    answer = requests.post(
        f"{online.url}/hooks/{SYSTEM}", data=b"[]", headers={"intuit-signature": "forged"}, timeout=5
    )
    assert (answer.status_code, answer.text) == (401, "")


def test_an_intuit_that_finds_nobody_there_comes_again(online: Online) -> None:
    online.world.take_webhooks()
    online.world.books.backstage_subscribe("http://127.0.0.1:9/hooks", VERIFIER)
    online.world.vendor("Acme")
    assert [attempt["status"] for attempt in online.world.books.backstage_run_due()] == [0]
    online.world.books.webhooks.url = f"{online.url}/hooks/{SYSTEM}"
    online.world.clock.advance(10)
    assert [attempt["status"] for attempt in online.world.books.backstage_run_due()] == [200]


# ---------------------------------------------------------------------------------------------- as `make run` has it


class Once(threading.Event):
    """Ends whoever looks at it from time to time after its first turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.turns += 1
        return self.turns > 1


def test_on_one_machine_intuit_is_told_of_the_service_and_tells_it_of_changes(online: Online, tmp_path: Path) -> None:
    key = keys.make_key(online.world.store, online.world.clock, keys.PLATFORM, "platform", "local")
    (tmp_path / "platform.key").write_text(key)
    server, url = listen(online.world.books)
    house = House(folder=tmp_path, port=urlsplit(online.url).port or 0, urls={SYSTEM: url})
    try:
        register_webhooks(house)
        online.world.vendor("Acme")
        house.backstage(SYSTEM, "follow", port=9)
        outside.send_webhooks(online.world.books, Once())
        assert [attempt.status for attempt in online.world.books.webhooks.attempts] == [0], "nobody is at that port"
        house.backstage(SYSTEM, "follow", port=house.port)
        online.world.clock.advance(10)
        outside.send_webhooks(online.world.books, Once())
    finally:
        server.shutdown()
        server.server_close()
    assert [attempt.status for attempt in online.world.books.webhooks.attempts] == [0, 200]
    listed = online.mlc("webhooks", "list").output
    assert seed.APP["client_id"] in listed and "simulated" in listed
