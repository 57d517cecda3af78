"""A careful caller of the simulated FreshBooks: every rule kept unless a test breaks it on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from simulator.memory.clock import MemoryClock
from simulator.systems.freshbooks import FreshBooksSimulator

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "freshbooks"
ACCOUNT = "6BApk"
APP = {"client_id": "freshbooks-app", "client_secret": "freshbooks-app-secret"}
REDIRECT = "https://mlc.example/connect/freshbooks"
Json = dict[str, Any]


def sample(name: str) -> Any:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}")
    return json.loads(path.read_text())


def usd(amount: str) -> Json:
    return {"amount": amount, "code": "USD"}


class Receiver:
    """Stands at the callbacks' address; `status` is what it answers, None: nothing at all."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.got: list[tuple[str, Mapping[str, str], str]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.got.append((url, headers, body.decode()))
        if self.status is None:
            raise ConnectionError("nobody answers")
        return self.status


class Site:
    def __init__(self, **options: Any) -> None:
        self.clock = MemoryClock(begin=datetime(2026, 3, 2, 17, 0, tzinfo=UTC))
        self.receiver = Receiver()
        self.sim = FreshBooksSimulator(clock=self.clock.now, post=self.receiver, **options)
        self.client = Client(self.sim)
        self.tokens: Json = self.sim.backstage_grant()
        self.business = self.sim.accounts[ACCOUNT].business_uuid

    # ------------------------------------------------------------------ calling

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, headers=sent, json=body)

    def books(self, path: str) -> str:
        return f"/accounting/account/{ACCOUNT}/{path}"

    def result(self, method: str, path: str, body: Any = None) -> Json:
        answer = self.call(method, path if path.startswith("/") else self.books(path), body)
        assert answer.status_code == 200, answer.text
        found = answer.json["response"]["result"]
        assert isinstance(found, dict)
        return found

    def errors(self, method: str, path: str, body: Any = None) -> tuple[int, list[int]]:
        answer = self.call(method, path if path.startswith("/") else self.books(path), body)
        return answer.status_code, [row["errno"] for row in answer.json["response"]["errors"]]

    def ids(self, path: str, plural: str) -> list[int]:
        return [row["id"] for row in self.result("GET", path)[plural]]

    def token(self, **body: str) -> Any:
        return self.client.post("/auth/oauth/token", data={**APP, **body})

    def refresh(self, token: str) -> Any:
        return self.token(grant_type="refresh_token", refresh_token=token)

    # ------------------------------------------------------------------ people

    def vendor(self, name: str = "Acme", **fields: Any) -> int:
        return int(self.sim.backstage_add_vendor(ACCOUNT, name, **fields)["id"])

    def category(self, name: str = "Supplies") -> int:
        return int(self.sim.backstage_category(ACCOUNT, name)["id"])

    def bill(self, amount: str = "100.00", vendor: int = 0, **fields: Any) -> int:
        lines = fields.pop("lines", [{"amount": amount, "category_id": self.category()}])
        made = self.sim.backstage_add_bill(ACCOUNT, vendor or self.vendor(), lines, **fields)
        return int(made["id"])

    def expense(self, **changes: Any) -> Json:
        """The body of a careful create."""
        body = {"amount": usd("113.00"), "categoryid": self.category(), "staffid": 1, "date": "2026-03-02"}
        return {"expense": {**body, "vendor": "Acme", "notes": "PO 1234 [mlc:po/1234]", **changes}}

    def book(self, **changes: Any) -> Json:
        made = self.result("POST", "expenses/expenses", self.expense(**changes))["expense"]
        assert isinstance(made, dict)
        return made

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.sim.our_mistakes]


def keys_of(value: object) -> object:
    """The shape: names, one level of nesting at a time; what is empty says nothing."""
    if isinstance(value, dict):
        return {name: keys_of(inner) for name, inner in value.items()}
    return [keys_of(value[0])] if isinstance(value, list) and value else None


def lacks(shown: object, wanted: object, path: str = "") -> list[str]:
    """The names that the sample has and the answer has not."""
    if isinstance(wanted, dict):
        if not isinstance(shown, dict):
            return [path]
        found = [
            lacks(shown[n], inner, f"{path}.{n}") if n in shown else [f"{path}.{n}"] for n, inner in wanted.items()
        ]
        return [one for part in found for one in part]
    if isinstance(wanted, list) and wanted and isinstance(shown, list) and shown:
        return lacks(shown[0], wanted[0], path + "[]")
    return []
