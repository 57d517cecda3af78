"""One Procurify customer: its documents, its numbers, its clock that never repeats a moment, and its time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from simulator.systems.procurify.documents import Account, Bill, Json, Order, Share, State

CENT = Decimal("0.01")
NAMESPACE = UUID("6f1d2c4e-4d5a-4f0e-9d5b-0d9f3a1c7e11")  # the same run gives the same uuids
HEADQUARTERS = "Head Office"
OPERATIONS = "Operations"
# Where the vendor's samples begin, so that ids of different kinds are never alike by accident.
FIRST = {
    "vendor": 42, "code": 11, "department": 4, "account": 101, "bill": 613, "item": 701, "order": 52, "line": 193,
    "requisition": 5001,
}  # fmt: skip
KNOWN_CURRENCIES = {"USD": (3, "1.000000"), "CAD": (1, "0.769231"), "EUR": (4, "1.082000"), "GBP": (5, "1.270000")}
KNOWN_TERMS = {"payment_term_ref/Net 30": 2, "shipping_term_ref/FOB": 4, "shipping_method_ref/Ground": 5}
STATE = TypeAdapter(State)


class Company:
    """Everything that people and the API do to one customer's documents goes through here."""

    def __init__(self, state: State, clock: Callable[[], datetime]) -> None:
        self.state = state
        self.clock = clock
        self.zone = ZoneInfo(state.time_zone)
        self._days: dict[str, tuple[str, str]] = {}
        self._accounts = {account.id: account for account in state.accounts.values()}
        self._order_ids = {order.id: uuid for uuid, order in state.orders.items()}

    @staticmethod
    def founded(clock: Callable[[], datetime], *, domain: str, time_zone: str) -> Company:
        company = Company(State(domain=domain, time_zone=time_zone), clock)
        for name in ("USD", "CAD", "EUR"):
            company.currency(name)
        for known in KNOWN_TERMS:
            kind, _, name = known.partition("/")
            company.term(kind, {"name": name})
        company.department(OPERATIONS)
        return company

    def dump(self) -> Json:
        dumped: Json = STATE.dump_python(self.state, mode="json")
        return dumped

    @staticmethod
    def load(state: Json, clock: Callable[[], datetime]) -> Company:
        return Company(STATE.validate_python(state), clock)

    # ------------------------------------------------------------------ numbers and moments

    def number(self, kind: str) -> int:
        self.state.numbers[kind] = self.state.numbers.get(kind, FIRST.get(kind, 1) - 1) + 1
        return self.state.numbers[kind]

    def uuid(self, kind: str, number: int) -> str:
        return uuid5(NAMESPACE, f"{self.state.domain}/{kind}/{number}").hex

    def changed(self) -> str:
        """The moment of a change: later than every change before, even when the clock stands still."""
        now = moment(self.clock())
        if now <= self.state.last_change:
            now = moment(datetime.fromisoformat(self.state.last_change) + timedelta(microseconds=1))
        self.state.last_change = now
        return now

    def today(self) -> str:
        return self.clock().astimezone(self.zone).date().isoformat()

    def day(self, text: str) -> tuple[str, str]:
        """When a day of this customer begins and when the next one does; ValueError when the text is no day."""
        if text not in self._days:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
                raise ValueError(text)
            on = date.fromisoformat(text)
            begins, ends = (datetime.combine(d, time(), self.zone) for d in (on, on + timedelta(days=1)))
            self._days[text] = (moment(begins), moment(ends))
        return self._days[text]

    def moment(self, text: str) -> str:
        """A moment somebody sent, a time without an offset read in this customer's zone; ValueError when none."""
        at = datetime.fromisoformat(text)
        return moment(at if at.tzinfo else at.replace(tzinfo=self.zone))

    def local(self, at: str | None) -> str | None:
        """A moment as purchase orders show it: local time with the zone's offset."""
        if at is None:
            return None
        here = datetime.fromisoformat(at).astimezone(self.zone)
        return here.isoformat(timespec="microseconds" if here.microsecond else "seconds")

    def clock_time(self, day: str | None, hour: int = 0) -> str | None:
        """A day as details show it: an hour of it with the zone's offset."""
        if not day or "T" in day:
            return day
        return datetime.combine(date.fromisoformat(day), time(hour), self.zone).isoformat()

    # ------------------------------------------------------------------ master data, made when first named

    def currency(self, name: str) -> Json:
        if name not in self.state.currencies:
            number, rate = KNOWN_CURRENCIES.get(name, (0, "1.000000"))
            base = name == self.state.base_currency
            self.state.currencies[name] = {
                "id": number or 20 + self.number("currency"),
                "name": name,
                "description": "",
                "rate": "1.000000" if base else rate,
                "base": base,
                "active": True,
            }
        return self.state.currencies[name]

    def branch(self, name: str = HEADQUARTERS, *, time_zone: str = "", external_id: str | None = None) -> Json:
        found = next((branch for branch in self.state.branches.values() if branch["name"] == name), None)
        if found is None:
            number = self.number("branch")
            found = {"id": number, "name": name, "headquarter": number == 1, "external_id": None, "zone": ""}
            self.state.branches[number] = found
        found["zone"] = time_zone or found["zone"]
        found["external_id"] = external_id or found["external_id"]
        return found

    def department(self, name: str, branch: str | None = None) -> Json:
        """Names repeat across locations: without a location the first of that name is meant."""
        for department in self.state.departments.values():
            if department["name"] == name and branch in (None, self.state.branches[department["branch"]]["name"]):
                return department
        number = self.number("department")
        made: Json = {
            "id": number,
            "branch": self.branch(branch or HEADQUARTERS)["id"],
            "external_id": None,
            "name": name,
            "active": True,
        }
        self.state.departments[number] = made
        for code in self.state.codes:
            self.account(code, number)
        return made

    def code(self, code: str, **fields: Any) -> Json:
        if code not in self.state.codes:
            self.state.codes[code] = {
                "id": self.number("code"),
                "applied_accounts_count": 0,
                "code": code,
                "code_length": len(code),
                "description": f"Account {code}",
                "account_type": 2,
                "active": True,
                "parent": None,
            }
            for department in self.state.departments:
                self.account(code, department)
        self.state.codes[code].update(fields)
        return self.state.codes[code]

    def account(self, code: str, department: int) -> Account:
        key = f"{department}/{code}"
        if key not in self.state.accounts:
            found = Account(id=self.number("account"), code=code, department=department)
            self.state.accounts[key] = self._accounts[found.id] = found
            self.state.codes[code]["applied_accounts_count"] += 1
        return self.state.accounts[key]

    def account_of(self, share: Share) -> Account:
        return self._accounts[share.account]

    def share(self, entry: Json, amount: Decimal) -> Share:
        code = self.code(str(entry["account_code"]))["code"]
        department = self.department(entry.get("department") or OPERATIONS, entry.get("branch"))
        account = self.account(code, department["id"])
        return Share(id=self.number("share"), account=account.id, amount=amount, created=moment(self.clock()))

    def term(self, kind: str, named: Json | int | None) -> Json | None:
        """Terms and methods of a vendor are resolved by name; the vendor's own way of doing so is not known."""
        if named is None:
            return None
        if isinstance(named, int):
            return next((term for term in self.state.terms.values() if term["id"] == named), None)
        key = f"{kind}/{named['name']}"
        if key not in self.state.terms:
            number = KNOWN_TERMS.get(key) or 20 + self.number("term")
            self.state.terms[key] = {"id": number, "name": named["name"], "description": named["name"], "active": True}
        return self.state.terms[key]

    # ------------------------------------------------------------------ finding

    def bill(self, uuid: str) -> Bill | None:
        return self.state.bills.get(plain_uuid(uuid))

    def order(self, number: str) -> Order | None:
        """By `procurify_PO` or by uuid: the path takes both."""
        uuid = self._order_ids.get(int(number), "") if re.fullmatch(r"\d{1,12}", number) else plain_uuid(number)
        return self.state.orders.get(uuid)

    def keep(self, order: Order) -> None:
        self.state.orders[order.uuid] = order
        self._order_ids[order.id] = order.uuid


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain_uuid(text: str) -> str:
    """Without its dashes, "" when it is none: the API takes and shows both forms, in lower case."""
    plain = text.replace("-", "")
    return plain if re.fullmatch(r"[0-9a-f]{32}", plain, re.ASCII) else ""


def dashed(uuid: str) -> str:
    return str(UUID(hex=uuid))


def amount(value: object) -> Decimal:
    return Decimal(str(value))


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
