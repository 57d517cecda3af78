"""Procurify's door: who is calling, which path, what is answered. Strict where the vendor is, silent where it is."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.procurify.backstage import Backstage
from simulator.systems.procurify.company import ME, Company, spelled
from simulator.systems.serving import Simulator, json_response, wall_clock

AUDIENCE = "https://api.procurify.com/"
PAGING = {"page", "page_size", "order_by", "search", "format"}
VENDOR_FILTERS = {"name", "external_id", "type", "type__in", "exclude_other"}
BILL_FILTERS = {
    "last_modified_datetime_0", "last_modified_datetime_1", "invoice_date_0", "invoice_date_1", "vendor", "vendor[]",
    "type", "currency", "expense", "exclude_expense_bills", "is_exported", "has_payment", "is_invoice_created",
}  # fmt: skip
ORDER_FILTERS = {"modified_date_0", "modified_date_1", "date_0", "date_1", "pref_vendor"}
LIST_FILTERS = {"active", "code", "is_parent", "branch", "locations", "requestable", "headquarter", "base", "name"}
NOT_SHOWN = {"all": (), "default": (), "other": (2, 3, 4, 5, 6, 7)}
MOST_TOKENS_A_MINUTE = 20


class ProcurifySimulator(Backstage, Simulator):
    """One customer's Procurify. `requests_per_second` None: no limit is published, so none is kept."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        domain: str = "acme",
        client_id: str = "procurify-app",
        client_secret: str = "procurify-app-secret",
        token_seconds: int = 86400,
        time_zone: str = "America/Los_Angeles",
        requests_per_second: float | None = None,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        self.company = Company(domain=domain, time_zone=time_zone)
        self.client_id, self.client_secret = client_id, client_secret
        self.token_seconds = token_seconds
        self.requests_per_second = requests_per_second
        self.tokens: dict[str, datetime] = {}
        self.raw_fields: dict[str, dict[str, Any]] = {}
        self._asked: deque[datetime] = deque()
        self._calls: deque[datetime] = deque()

    # ------------------------------------------------------------------ what the base class asks for

    def throttled(self) -> Response:
        return json_response({"detail": "Request was throttled."}, status=429, headers={"Retry-After": "3"})

    def server_fault(self) -> Response:
        return Response("<html>Server Error</html>", status=500, mimetype="text/html")

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def dump(self) -> dict[str, Any]:
        kept = {token: until.isoformat() for token, until in self.tokens.items()}
        return {"company": self.company.dump(), "tokens": kept, "raw_fields": self.raw_fields}

    def load(self, state: dict[str, Any]) -> None:
        self.company = Company.load(state["company"])
        self.tokens = {token: datetime.fromisoformat(until) for token, until in state["tokens"].items()}
        self.raw_fields = state["raw_fields"]

    # ------------------------------------------------------------------ the door

    def serve(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            return self._token(request)
        if self._too_many():
            return self.throttled()
        refused = self._refused(request)
        if refused is not None:
            return refused
        if not request.path.endswith("/"):
            self.mistake(request, "the path has no trailing slash")
            return _not_found()
        return self._route(request)

    def _token(self, request: Request) -> Response:
        now = self.clock()
        self._asked.append(now)
        while self._asked[0] < now - timedelta(minutes=1):
            self._asked.popleft()
        if len(self._asked) > MOST_TOKENS_A_MINUTE:
            self.mistake(request, "asks for tokens instead of keeping the one it has")
        if request.method != "POST" or request.mimetype != "application/json":
            self.mistake(request, "the token request is not a JSON POST")
            return json_response({"error": "invalid_request"}, status=400)
        body = request.get_json(silent=True) or {}
        if body.get("audience") != AUDIENCE or body.get("grant_type") != "client_credentials":
            self.mistake(request, "wrong audience or grant type")
            return json_response({"error": "invalid_request"}, status=400)
        if (body.get("client_id"), body.get("client_secret")) != (self.client_id, self.client_secret):
            return json_response({"error": "invalid_client"}, status=401)
        token = secrets.token_urlsafe(32)
        self.tokens[token] = now + timedelta(seconds=self.token_seconds)
        scope = f"urn:procurify-api:domain:{self.company.domain} urn:procurify-api:email:{ME['email']}"
        return json_response(
            {"access_token": token, "scope": scope, "expires_in": self.token_seconds, "token_type": "Bearer"}
        )

    def _too_many(self) -> bool:
        if self.requests_per_second is None:
            return False
        now = self.clock()
        while self._calls and self._calls[0] <= now - timedelta(seconds=1):
            self._calls.popleft()
        if len(self._calls) >= self.requests_per_second:
            return True
        self._calls.append(now)
        return False

    def _refused(self, request: Request) -> Response | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            self.mistake(request, "no bearer token")
            return json_response({"detail": "Authentication credentials were not provided."}, status=401)
        if self.tokens.get(token, datetime.min.replace(tzinfo=self.clock().tzinfo)) <= self.clock():
            return json_response({"detail": "Invalid token."}, status=401)
        if request.headers.get("X-Procurify-Client") != "api":
            self.mistake(request, "the header X-Procurify-Client is missing")
            return json_response({"detail": "You do not have permission to perform this action."}, status=403)
        if request.method in {"POST", "PUT", "PATCH"} and request.data and request.mimetype != "application/json":
            self.mistake(request, "the body is not JSON")
            return json_response({"detail": "Unsupported media type."}, status=415)
        return None

    def _route(self, request: Request) -> Response:
        routes: tuple[tuple[str, Callable[..., Response]], ...] = (
            (r"/api/v3/users/me/", self._me),
            (r"/api/v3/vendors/", self._vendors),
            (r"/api/v3/vendors/(\d+)/", self._vendor),
            (r"/api/v3/vendors/([a-z_]+)/", self._vendor_group),
            (r"/api/v3/ap/bills/", self._bills),
            (r"/api/v3/ap/bills/mark-as-paid/", self._mark_as_paid),
            (r"/api/v3/ap/bills/([^/]+)/", self._edit_bill),
            (r"/api/v2/ap/bills/([^/]+)/", self._bill),
            (
                r"/api/v2/purchase_orders/(?:purchased|receivable)/(?:all|open|partial|closed|cancelled|paid)/",
                self._orders,
            ),
            (r"/api/v3/account-codes/", self._codes),
            (r"/api/v3/departments/", self._departments),
            (r"/api/v2/locations/", self._locations),
            (r"/api/v2/currencies/", self._currencies),
        )
        for pattern, act in routes:
            found = re.fullmatch(pattern, request.path)
            if found:
                return act(request, *found.groups())
        self.mistake(request, "no such path")
        return _not_found()

    # ------------------------------------------------------------------ lists

    def _page(self, request: Request, rows: Iterable[dict[str, Any]], filters: set[str], **metadata: Any) -> Response:
        for name in request.args:
            if name not in filters | PAGING:
                self.mistake(request, f"the parameter {name} does not exist")  # the vendor ignores it silently
        found = list(rows)
        page, size = _number(request, "page", 1), _number(request, "page_size", 10)
        if size > 100:
            self.mistake(request, "a page size over 100")
        size = max(1, min(size, 100))
        pages = max(1, -(-len(found) // size))
        if page < 1 or page > pages:
            return json_response({"detail": "Invalid page."}, status=404)

        def link(n: int) -> str | None:
            args: dict[str, Any] = {**request.args, "page": n}
            query = "&".join(f"{name}={_quoted(str(value))}" for name, value in args.items())
            return f"{request.base_url}?{query}" if 1 <= n <= pages else None

        pagination: dict[str, Any] = {
            "count": len(found),
            "next": link(page + 1),
            "previous": link(page - 1) if page > 1 else None,
            "page_size": size,
            "num_pages": pages,
            "current_page": page,
        }
        rows_shown = found[(page - 1) * size : page * size]
        metadata["pagination"] = pagination
        return json_response({"metadata": metadata, "data": rows_shown})

    def _me(self, request: Request) -> Response:
        return _one({**ME, "role": 7, "is_active": True, "domains": [self.company.domain]})

    def _vendors(self, request: Request) -> Response:
        if request.method == "POST":
            return self._create_vendor(request)
        active = [v for v in self.company.vendors.values() if v["active"]]
        return self._vendor_list(request, active)

    def _vendor_group(self, request: Request, group: str) -> Response:
        hidden = NOT_SHOWN.get(group, (2, 5, 6, 7))
        return self._vendor_list(request, [v for v in self.company.vendors.values() if v["type"] not in hidden])

    def _vendor_list(self, request: Request, vendors: list[dict[str, Any]]) -> Response:
        for name in ("name", "external_id"):
            if name in request.args:
                vendors = [v for v in vendors if v[name] == request.args[name]]
        return self._page(request, vendors, VENDOR_FILTERS)

    def _vendor(self, request: Request, number: str) -> Response:
        vendor = self.company.vendors.get(number)
        if vendor is None:
            return _not_found()
        if request.method in {"PATCH", "PUT"}:
            fields = request.get_json(silent=True) or {}
            vendor = self.backstage_edit_vendor(int(number), **fields)
        return _one(vendor)

    def _create_vendor(self, request: Request) -> Response:
        body = request.get_json(silent=True) or {}
        for required in ("name", "email", "type", "overall_score"):
            if required not in body:
                self.mistake(request, f"{required} is missing")
                problem = {"message": "This field is required.", "code": "required"}
                return json_response({"errors": {required: problem}}, status=400)
        return _one(self.backstage_add_vendor(**body), status=201)

    def _bills(self, request: Request) -> Response:
        if request.method != "GET":
            self.mistake(request, "bills cannot be created")
            return _not_allowed(request)
        bills = list(self.company.bills.values())
        for name, field in (("last_modified_datetime", "last_modified_datetime"), ("invoice_date", "invoice_date")):
            begin, end = request.args.get(f"{name}_0"), request.args.get(f"{name}_1")
            if begin:
                bills = [b for b in bills if _when(b[field]) >= _when(begin)]
            if end:
                bills = [b for b in bills if _when(b[field]) <= _when(end)]
        if "vendor" in request.args:
            bills = [b for b in bills if str(b["vendor_id"]) == request.args["vendor"]]
        order = request.args.get("order_by", "")
        if order.lstrip("-") in {"last_modified_datetime", "invoice_date", "id"}:
            bills.sort(key=lambda b: b[order.lstrip("-")], reverse=order.startswith("-"))
        permissions = {"can_edit": False, "can_delete": False, "can_approve": False}
        summary = {"has_multiple_currency": False, "total_cost": 0.0}
        rows = [self.company.bill_row(bill) for bill in bills]
        return self._page(request, rows, BILL_FILTERS, permissions=permissions, summary=summary)

    def _bill(self, request: Request, uuid: str) -> Response:
        bill = self._known(request, uuid)
        if bill is None:
            return _not_found()
        if request.method != "GET":
            self.mistake(request, "bills cannot be written here")
            return _not_allowed(request)
        detail = self.company.bill_detail(bill)
        for path, value in self.raw_fields.get(bill["uuid"], {}).items():
            _put(detail, path.split("."), value)
        permissions = {"can_edit": False, "can_delete": False, "can_approve": False}
        return json_response({"metadata": {"permissions": permissions, "summary": {}}, "data": detail})

    def _edit_bill(self, request: Request, uuid: str) -> Response:
        bill = self._known(request, uuid)
        if bill is None:
            return _not_found()
        if request.method != "PATCH":
            self.mistake(request, "bills cannot be deleted or replaced")
            return _not_allowed(request)
        allowed = {"invoice_number", "invoice_date", "due_date", "payment_terms", "note"}
        fields = request.get_json(silent=True) or {}
        bill.update({name: value for name, value in fields.items() if name in allowed})
        bill["last_modified_datetime"] = self.company.changed(self.clock)  # even for an empty body
        return json_response({"metadata": {"permissions": {"can_edit": False}}, "data": self.company.bill_detail(bill)})

    def _mark_as_paid(self, request: Request) -> Response:
        body = request.get_json(silent=True) or {}
        bills = [self._known(request, str(uuid)) for uuid in body.get("bill_uuids") or []]
        if not bills or not all(bill is not None and bill["status"] == 2 for bill in bills):
            problem = {"message": "Only approved bills without a payment.", "code": "invalid"}
            return json_response({"errors": {"bill_uuids": problem}}, status=400)
        for bill in bills:
            if bill is not None:
                self.backstage_set_bill_status(bill["uuid"], 4)
        return json_response(body)

    def _orders(self, request: Request) -> Response:
        return self._page(request, self.company.orders.values(), ORDER_FILTERS)

    def _codes(self, request: Request) -> Response:
        return self._page(request, self.company.codes.values(), LIST_FILTERS)

    def _departments(self, request: Request) -> Response:
        return self._page(request, self.company.departments.values(), LIST_FILTERS)

    def _locations(self, request: Request) -> Response:
        office: dict[str, Any] = {
            "id": 1,
            "name": "Head Office",
            "external_id": None,
            "currency": 3,
            "locationTimezone": self.company.time_zone,
            "headquarter": True,
            "active": True,
        }
        return self._page(request, [office], LIST_FILTERS)

    def _currencies(self, request: Request) -> Response:
        return self._page(request, [self.company.currency(name) for name in ("USD", "CAD", "EUR")], LIST_FILTERS)

    def _known(self, request: Request, uuid: str) -> dict[str, Any] | None:
        if re.fullmatch(r"\d{1,12}", uuid):
            self.mistake(request, "a bill is asked for by its number instead of its uuid")
        try:
            return self.company.bills.get(spelled(uuid))
        except ValueError:
            return None


def _one(found: dict[str, Any], *, status: int = 200) -> Response:
    return json_response({"metadata": {}, "data": found}, status=status)


def _not_found() -> Response:
    return json_response({"detail": "Not found."}, status=404)


def _not_allowed(request: Request) -> Response:
    return json_response({"detail": f'Method "{request.method}" not allowed.'}, status=405)


def _number(request: Request, name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else default


def _when(text: str) -> str:
    """Comparable text of a moment or a day: both are ISO, a moment is brought to UTC."""
    if "T" not in text:
        return text
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - (at.utcoffset() or timedelta())).replace(tzinfo=None).isoformat(timespec="microseconds")


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _put(found: Any, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        found = found[int(step)] if step.isdigit() else found[step]
    last: Any = int(path[-1]) if path[-1].isdigit() else path[-1]
    if value == "__delete__":
        del found[last]
    else:
        found[last] = value
