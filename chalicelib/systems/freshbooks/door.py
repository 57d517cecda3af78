"""Who is behind the credentials: the business's own name, asked there."""

from __future__ import annotations

from chalicelib.engine.errors import Held, LockedOut
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company
from chalicelib.systems.freshbooks.business import business_now
from chalicelib.systems.freshbooks.client import CATEGORIES, Client, Faulty


class FreshBooksDoor:
    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def company(self) -> Company:
        """Every other call names the account in its address, so that what is known of it is proven by any of them."""
        found, fresh = business_now(self.client)
        if not fresh and not self.client.line.trial:
            self._knock()
        return Company(id=found.account, name=found.name)

    def _knock(self) -> None:
        name = self.client.line.connection.name
        try:
            self.client.page(CATEGORIES, 1)
        except Faulty as faulty:
            said = self.client.trouble(faulty, title=f"The connection {name}")
            if isinstance(said, Held):
                raise LockedOut(said.message, fix=said.fix) from faulty
            raise said from faulty
