"""Who is behind the credentials: the company's own name, asked there."""

from __future__ import annotations

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company
from chalicelib.systems.quickbooks_online.client import Client


class QuickBooksOnlineDoor:
    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def company(self) -> Company:
        found = self.client.get("CompanyInfo", self.client.realm)
        if found is None:
            raise TryAgain("QuickBooks Online did not say whose company this is.")
        return Company(id=self.client.realm, name=str(found.get("CompanyName") or found.get("LegalName") or ""))
