"""A simulated PC with QuickBooks Desktop, and an application there; the vendor's schema holds every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.answers import Hresult
from simulator.systems.quickbooks_desktop.processor import Processor

SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "qbd"
APP = "ML Connector"
OWNER = "{2D1B7C54-93AA-4E0B-8F1C-6E2A70C9B815}"
GUID = "{6BA7B811-9DAD-51D1-80B4-00C04FD430C8}"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@cache
def schema() -> Any:
    """`None` where the reference is not beside this repository."""
    path = SHARED / "xsd" / "qbxmlops130.xsd"
    return etree.XMLSchema(etree.parse(str(path))) if path.exists() else None


def samples(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (SHARED / "samples" / folder).glob("*") if path.is_file())


def need_reference() -> None:
    if not SHARED.is_dir():
        pytest.skip("the vendor's schema and samples are not beside this repository")


def document(requests: str, *, on_error: str = "stopOnError", version: str = "13.0", **ids: str) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in ids.items())
    head = f'<?xml version="1.0" encoding="utf-8"?><?qbxml version="{version}"?>'
    return f'{head}<QBXML><QBXMLMsgsRq onError="{on_error}"{attributes}>{requests}</QBXMLMsgsRq></QBXML>'


class Desk:
    """An application let into the open file, with a vendor and accounts there."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.sim = QuickBooksDesktopSimulator(clock=self.clock, **options)
        self.company = self.sim.company()
        self.company.allowed.append(APP)
        self.session = self.begin()
        self.vendor = self.sim.backstage_add_vendor("Dockside Concrete")["id"]

    def begin(self) -> Processor:
        self.session = self.sim.desk.begin("", APP)
        return self.session

    def id(self, name: str, *kinds: str) -> str:
        found = self.company.named(name, *(kinds or ("Account", "StandardTerms", "Class", "Customer")))
        assert found is not None
        return found.id

    def send(self, text: str) -> Any:
        """The QBXMLMsgsRs of an answer that the schema agrees with."""
        root = etree.fromstring(self.session.process(text).encode())
        if schema() is not None:
            assert schema().validate(root), (schema().error_log, etree.tostring(root))
        return root[0]

    def ask(self, requests: str, **set_: str) -> Any:
        """The answer of the one request."""
        answers = self.send(document(requests, **set_))
        assert len(answers) == 1, etree.tostring(answers)
        return answers[0]

    def code(self, requests: str, **set_: str) -> str:
        return str(self.ask(requests, **set_).get("statusCode"))

    def hresult(self, text: str) -> str:
        with pytest.raises(Hresult) as refused:
            self.session.process(text)
        return refused.value.code

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.sim.our_mistakes]

    def bills(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sim.backstage_ledger()["Bill"]
        return found

    # ------------------------------------------------------------------ requests

    def line(self, amount: str = "75.50", account: str = "Freight", more: str = "") -> str:
        return (
            f"<ExpenseLineAdd><AccountRef><FullName>{account}</FullName></AccountRef>"
            f"<Amount>{amount}</Amount>{more}</ExpenseLineAdd>"
        )

    def bill(self, number: str = "PO-1", *lines: str, head: str = "", vendor: str = "", **parts: str) -> str:
        """A BillAddRq; `parts` are date, memo and guid."""
        inside = f"<VendorRef><ListID>{vendor or self.vendor}</ListID></VendorRef>{head}"
        inside += f"<TxnDate>{parts.get('date', '2026-11-20')}</TxnDate><RefNumber>{number}</RefNumber>"
        inside += f"<Memo>{parts['memo']}</Memo>" if "memo" in parts else ""
        inside += f"<ExternalGUID>{parts['guid']}</ExternalGUID>" if "guid" in parts else ""
        inside += "".join(lines or [self.line()])
        return f'<BillAddRq requestID="b"><BillAdd>{inside}</BillAdd></BillAddRq>'

    def bill_mod(self, ret: Any, inside: str, sequence: str = "") -> str:
        return (
            f'<BillModRq requestID="m"><BillMod><TxnID>{ret.findtext("TxnID")}</TxnID>'
            f"<EditSequence>{sequence or ret.findtext('EditSequence')}</EditSequence>{inside}</BillMod></BillModRq>"
        )

    def vendor_add(self, inside: str) -> str:
        return f'<VendorAddRq requestID="v"><VendorAdd>{inside}</VendorAdd></VendorAddRq>'

    def query(self, kind: str, inside: str = "", attributes: str = "") -> str:
        return f'<{kind}QueryRq requestID="q" {attributes}>{inside}</{kind}QueryRq>'

    def by_person(
        self, amount: str = "100.00", number: str = "INV-1", vendor: str = "", **fields: str
    ) -> dict[str, Any]:
        row = {"AccountRef": self.id("Freight"), "Amount": amount}
        return self.sim.backstage_add_bill(vendor or self.vendor, [row], RefNumber=number, **fields)
