"""A company is connected over real sockets: by a client that follows redirects, and in a real browser."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
import typer
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, create_local_server
from typer.testing import CliRunner

from chalicelib import settings as environment
from chalicelib import wiring
from chalicelib.aws.http import RequestsHttp
from mlc.cli import app as cli
from mlc.session import Session
from simulator.company import APP
from simulator.systems.serving import listen
from tests import browser
from tests.flows.consenting import Consenting, token, waiting

ROOT = Path(__file__).resolve().parent.parent.parent
LOOKS = 60


@dataclass
class Online:
    """`url` is the service's."""

    customer: Consenting
    url: str

    def link(self) -> str:
        asked = requests.post(
            f"{self.url}/api/v1/connections/books/connect",
            headers={"Authorization": f"Bearer {self.customer.key}"},
            json={},
            timeout=10,
        )
        assert asked.status_code == 200, asked.text
        return str(asked.json()["url"])


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[Online]:
    """The service's own app and the simulated vendor, each behind a socket."""
    customer = Consenting()
    customer.company.books.backstage_switch("consent_realm", customer.company.realm)
    engine = customer.world.engine
    vendor, vendor_url = listen(customer.company.books)
    monkeypatch.setenv("STAGE", "local")
    for name in ("MLC_ENDPOINTS", "MLC_SIMULATED", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wiring, "engine", lambda: engine)
    monkeypatch.setattr(ChaliceRequestHandler, "log_message", lambda *_: None)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app = importlib.import_module("app").app
    config = Config.create(chalice_stage="local", project_dir=str(ROOT), chalice_app=app)
    server: Any = create_local_server(app, config, "127.0.0.1", 0)
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    engine.http = RequestsHttp()
    engine.endpoints = {"quickbooks_online": {"api": vendor_url, "oauth": vendor_url}}
    engine.local_url = f"http://127.0.0.1:{server.server.server_port}"
    yield Online(customer, engine.local_url)
    server.server.shutdown()
    server.server.server_close()
    thread.join()
    vendor.shutdown()
    vendor.server_close()
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


def test_a_client_that_follows_redirects_connects_the_company(online: Online) -> None:
    person = requests.Session()
    back = person.get(online.link(), timeout=10)
    assert back.status_code == 200
    assert back.url.startswith(f"{online.url}/oauth/quickbooks_online/callback?")
    assert back.headers["Referrer-Policy"] == "no-referrer"
    assert back.headers["X-Frame-Options"] == "DENY"
    assert person.get(back.url, timeout=10).status_code == 400, "the same address again"
    page = urljoin(back.url, f"done/{waiting(back.text)}")
    assert "One moment" in person.get(page, timeout=10).text
    online.customer.work()
    found = person.get(page, timeout=10)
    assert "acme books (9130001)" in found.text
    done = person.post(page, data={"token": token(found.text)}, timeout=10)
    assert (done.status_code, done.url, "Connected" in done.text) == (200, page, True)
    assert online.customer.health() == "ok"
    assert online.customer.company.books.our_mistakes == []


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_other_methods_change_nothing(online: Online, method: str) -> None:
    back = requests.get(online.link(), allow_redirects=False, timeout=10).headers["Location"]
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    assert requests.request(method, back, headers=sent, data="a=b", timeout=10).status_code in (403, 405)
    assert requests.get(back, timeout=10).status_code == 200


def test_a_parameter_that_stands_twice_is_refused(online: Online) -> None:
    back = requests.get(online.link(), allow_redirects=False, timeout=10).headers["Location"]
    for more in ("&code=other", "&state=other", "&realmId=9130001"):
        assert requests.get(back + more, timeout=10).status_code == 400
    assert requests.get(f"{online.url}/oauth/quickbooks_online/callback", timeout=10).status_code == 400
    assert requests.get(f"{online.url}/oauth/quickbooks_online/done/nothing", timeout=10).status_code == 404
    assert requests.get(f"{online.url}/oauth/procurify/callback?state=x&code=y", timeout=10).status_code == 400


def test_mlc_opens_the_link_waits_and_confirms(online: Online, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)

    def meanwhile(_: float) -> None:
        if len(opened) == 1:
            opened.append(requests.get(opened[0], timeout=10).url)
        online.customer.work()

    def mlc(*args: str, says: str = "") -> Any:
        session = Session(sleep=meanwhile, now=lambda: 0.0)
        given = {"MLC_URL": online.url, "MLC_KEY": online.customer.key, "COLUMNS": "250"}
        return CliRunner().invoke(cli, list(args), obj=session, env=given, input=says)

    asked = mlc("connect", "books", "--open", "--wait", says="n\n")
    assert (opened[0] in asked.output, asked.exit_code) == (True, 1)
    assert "books leads to acme books (9130001). Is this the right company?" in asked.output
    assert online.customer.books()["company"] is None
    assert "unconfirmed" in mlc("connections").output
    done = mlc("connect", "books", "--yes")
    assert (done.exit_code, "books is connected to acme books (9130001)" in done.output) == (0, True)
    assert online.customer.health() == "ok"
    assert mlc("connect", "nothing").exit_code == 1
    ends = mlc("connections", "--json")
    assert json.loads(ends.stdout)["items"][0]["expires_at"] > "2026"


def test_a_person_connects_the_company_in_a_browser(online: Online, tmp_path: Path) -> None:
    browser.need()
    online.customer.company.books.options.auto_consent = False
    chromium = browser.Browser(tmp_path)
    try:
        chromium.go(online.link())
        _until(chromium, online, "Connect which company?")
        chromium.script("[...document.querySelectorAll('a')].find(a => a.innerText == 'acme books').click()")
        page = _until(chromium, online, "Is this the right company?")
        assert "acme books (9130001)" in page
        address = str(chromium.script("location.href"))
        assert "code=" not in address
        assert "state=" not in address
        assert chromium.script("getComputedStyle(document.querySelector('main')).maxWidth") != "none", "no style"
        assert online.customer.books()["company"] is None
        chromium.script("document.querySelector('button').click()")
        _until(chromium, online, "You can close this page.")
    finally:
        chromium.close()
    assert online.customer.books()["company"]["name"] == "acme books"
    assert online.customer.health() == "ok"
    assert APP["client_secret"] not in page


def _until(chromium: browser.Browser, online: Online, words: str) -> str:
    """Looks on until the page says it; the queues are worked off meanwhile."""
    text = ""
    for _ in range(LOOKS):
        online.customer.work()
        text = chromium.text()
        if words in text:
            return text
        threading.Event().wait(0.2)  # the page asks again every two real seconds
    raise AssertionError(text)
