"""The Procurify source keeps the promises of the port `Source` through every way that a peer can fail.

The peer here is small and strict: it knows what the sheet says of access, headers, slashes and pages, and writes down
each call that a careful client never makes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import LockedOut, TryAgain
from chalicelib.engine.ports import Source
from chalicelib.engine.records import Row
from chalicelib.systems.procurify import SYSTEM
from chalicelib.systems.procurify.bills import Bill
from simulator.faults import Kind
from simulator.systems.serving import Simulator, json_response
from tests.unit.systems.procurify_desk import HOST, SECRET, Desk, desk, sample, sample_bill

BILLS = "/api/v3/ap/bills/"
ROWS = 130
FATAL_ONCE = [kind for kind in get_args(Kind) if kind != "expire_token"]


class SmallProcurify(Simulator):
    """Vendors and bills of one customer; `forbidden` names a path whose permission the user lacks."""

    def __init__(self, clock: Callable[[], Any]) -> None:
        super().__init__(clock=clock)
        self.tokens: set[str] = set()
        self.given = 0
        self.forbidden = ""
        self.rejects_all = False
        self.detail = sample_bill()
        self.bills = [{**sample("bills_list")["data"][0], "id": n, "uuid": f"{n:032x}"} for n in range(1, ROWS + 1)]
        self.vendors = sample("vendors_list")["data"]

    def serve(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            return self._token(request)
        if not request.path.endswith("/") or request.headers.get("X-Procurify-Client") != "api":
            self.mistake(request, "no trailing slash, or no client header")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or self.rejects_all:
            return json_response({"detail": "Invalid token."}, status=401)
        if self.forbidden and self.forbidden in request.path:
            return json_response({"detail": "You do not have permission to perform this action."}, status=403)
        if request.path in (BILLS, "/api/v3/vendors/"):
            return self._page(request, self.bills if request.path == BILLS else self.vendors)
        found = request.path.removeprefix("/api/v2/ap/bills/").strip("/").replace("-", "")
        if any(row["uuid"] == found for row in self.bills):
            return json_response({"metadata": {}, "data": {**self.detail, "uuid": found}})
        return json_response({"detail": "Not found."}, status=404)

    def _token(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        if set(asked) != {"client_id", "client_secret", "audience", "grant_type"} or request.method != "POST":
            self.mistake(request, "a token is asked for with four members")
        if asked["client_secret"] != SECRET:
            return json_response({"error": "invalid_client"}, status=401)
        self.given += 1
        self.tokens.add(f"token-{self.given}")
        return json_response({"access_token": f"token-{self.given}", "expires_in": 86400, "token_type": "Bearer"})

    def _page(self, request: Request, rows: list[Any]) -> Response:
        page, size = int(request.args.get("page", 1)), int(request.args.get("page_size", 10))
        if size > 50:
            self.mistake(request, "pages are small")
        rows = sorted(rows, key=lambda row: str(row.get("last_modified_datetime", "")), reverse=True)
        more = page * size < len(rows)
        link = f"https://acme.procurify.com{request.path}?page={page + 1}&page_size={size}" if more else None
        pagination = {"count": len(rows), "next": link, "page_size": size, "current_page": page}
        shown = copy.deepcopy(rows[(page - 1) * size : page * size])
        return json_response({"metadata": {"pagination": pagination}, "data": shown})

    def throttled(self) -> Response:
        return json_response({"detail": "Request was throttled."}, status=429, headers={"Retry-After": "30"})

    def server_fault(self) -> Response:
        return Response("<html>Server Error</html>", status=500, mimetype="text/html")

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        return


def open_source(*, secret: str = SECRET) -> tuple[SmallProcurify, Source, Desk]:
    around = desk(None, secret={"client_id": "acme-app", "client_secret": secret})
    peer = SmallProcurify(around.clock.now)
    around.http.routes[HOST] = peer
    assert SYSTEM.source is not None
    return peer, SYSTEM.source(around.line), around


def walk(source: Source, around: Desk, kind: str = "bill") -> tuple[list[Row], int]:
    """Every page, repeating one that fails, as the engine does; the rows and how often something failed."""
    rows: list[Row] = []
    token, failed = None, 0
    for _ in range(40):
        try:
            page = source.page(kind, watermark=None, token=token)
        except TryAgain as trouble:
            assert "error" not in trouble.message.lower()
            assert SECRET not in trouble.message
            failed += 1
            around.clock.advance(trouble.after or 1)
            continue
        rows += page.rows
        if page.next is None:
            return rows, failed
        token = page.next
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_walk_sees_every_bill_once_whatever_happens_to_a_page(kind: Kind, call: int) -> None:
    peer, source, around = open_source()
    peer.faults.plan(kind, BILLS, skip=call)

    rows, failed = walk(source, around)

    assert sorted(row.id for row in rows) == sorted(row["uuid"] for row in peer.bills)
    assert failed == (kind != "expire_token")
    assert peer.our_mistakes == []


@pytest.mark.parametrize("kind", FATAL_ONCE)
def test_a_walk_sees_every_vendor_whatever_happens_to_the_token(kind: Kind) -> None:
    peer, source, around = open_source()
    peer.faults.plan(kind, "/oauth/token")

    rows, failed = walk(source, around, "vendor")

    assert [row.id for row in rows] == ["42", "43"]
    assert failed <= 1
    assert peer.our_mistakes == []


@pytest.mark.parametrize("kind", FATAL_ONCE)
def test_a_bill_is_read_whole_after_whatever_happened(kind: Kind) -> None:
    peer, source, around = open_source()
    peer.faults.plan(kind, "/api/v2/ap/bills/")

    with pytest.raises(TryAgain) as trouble:
        source.fetch("bill", f"{7:032x}")
    around.clock.advance(trouble.value.after or 1)
    found = source.fetch("bill", f"{7:032x}")

    assert found is not None
    bill = source.parse("bill", found.body)
    assert isinstance(bill, Bill)
    assert bill.id == f"{7:032x}"
    assert peer.our_mistakes == []


def test_tokens_that_expire_mid_run_are_renewed_once() -> None:
    peer, source, around = open_source()
    walk(source, around)
    peer.expire_tokens()

    assert source.fetch("bill", f"{7:032x}") is not None
    assert source.fetch("bill", f"{8:032x}") is not None
    assert peer.given == 2


def test_tokens_that_are_never_accepted_lock_out_after_one_renewal() -> None:
    peer, source, _ = open_source()
    peer.rejects_all = True

    with pytest.raises(LockedOut):
        source.page("bill", watermark=None, token=None)
    assert peer.given == 2


def test_wrong_credentials_lock_out_and_say_how_to_mend_them() -> None:
    peer, source, _ = open_source(secret="wrong")

    with pytest.raises(LockedOut) as locked:
        source.page("vendor", watermark=None, token=None)
    assert "buying" in locked.value.message
    assert "mlc apply" in locked.value.fix
    assert peer.given == 0


@pytest.mark.parametrize(
    ("kind", "path", "named"), [("bill", "/ap/bills/", "accounts payable"), ("vendor", "/vendors/", "vendors")]
)
def test_a_missing_permission_locks_out_and_is_named(kind: str, path: str, named: str) -> None:
    peer, source, _ = open_source()
    peer.forbidden = path

    with pytest.raises(LockedOut, match=named):
        source.page(kind, watermark=None, token=None)
    assert peer.given == 1
