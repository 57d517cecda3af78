"""Who is behind the credentials: the company's own name, asked there."""

from __future__ import annotations

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company
from chalicelib.systems.quickbooks_online.client import Client
from chalicelib.systems.quickbooks_online.models import CompanyInfo, Unfit, fit


class QuickBooksOnlineDoor:
    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def company(self) -> Company:
        found = self.client.get("CompanyInfo", self.client.realm)
        try:
            info = fit(CompanyInfo, found)
        except Unfit as unfit:
            raise TryAgain("QuickBooks Online did not say whose company this is.") from unfit
        return Company(id=self.client.realm, name=info.CompanyName or info.LegalName)
