"""One customer's credentialed link to one company in one system in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.engine.records import Company


@dataclass(frozen=True, slots=True)
class Connection:
    """`settings` are open (domain, realm); credentials lie in the vault under `secret_name`.

    `found` is the company that a consent led to and that nobody has confirmed yet. `holder` names the app and the
    person whose consent it was, where access is a person's and not a company's.
    """

    tenant: str
    name: str
    system: str
    environment: str
    settings: Mapping[str, str] = field(default_factory=dict)
    pinned: Company | None = None
    found: Company | None = None
    holder: str = ""

    @property
    def secret_name(self) -> str:
        return f"connections/{self.tenant}/{self.name}"

    @property
    def unconfirmed(self) -> bool:
        return self.found is not None and self.pinned is None

    @property
    def key(self) -> str:
        """Unique over all tenants."""
        return f"{self.tenant}#{self.name}"
