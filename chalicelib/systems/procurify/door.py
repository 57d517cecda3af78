"""Whose credentials these are: an application acts as the user who created it (sheet fact 12)."""

from __future__ import annotations

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company
from chalicelib.systems.procurify.auth import locked_out
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.reading import shortened, text_at


class ProcurifyDoor:
    def __init__(self, line: Line) -> None:
        self.line = line

    def company(self) -> Company:
        me = Client(self.line).one("/api/v3/users/me/")
        if me is None:
            raise TryAgain("Procurify did not say whose credentials these are.")
        domain = self.line.connection.settings["domain"]
        email = shortened(text_at(me, "email"))
        if me.get("is_active") is False:
            raise locked_out(self.line.connection.name, f"the user behind them ({email}) is deactivated")
        return Company(id=domain, name=f"{domain} (as {email})")
