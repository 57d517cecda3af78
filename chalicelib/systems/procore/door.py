"""Who is behind the credentials: the company's own name, asked there."""

from __future__ import annotations

from chalicelib.engine.errors import Held, LockedOut, TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.fixes import CONNECT
from chalicelib.systems.procore.models import Named, Unfit, fit


class ProcoreDoor:
    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def company(self) -> Company:
        """Among the companies in which the app is installed, the one of this connection."""
        name = self.client.line.connection.name
        try:
            found = [fit(Named, row) for row in self.client.rows("/rest/v1.0/companies")]
        except Faulty as faulty:
            said = self.client.trouble(faulty, title=f"The connection {name}")
            if not isinstance(said, Held):
                raise said from faulty
            raise LockedOut(said.message, fix=CONNECT.format(company=name)) from faulty
        except Unfit as unfit:
            raise TryAgain("Procore did not say whose company this is.") from unfit
        for company in found:
            if company.id == self.client.company:
                return Company(id=company.id, name=company.name)
        raise LockedOut(
            f"Procore does not let the app of the connection {name} into the company {self.client.company}.",
            fix=CONNECT.format(company=name),
        )
