"""The company file and the QuickBooks that has it open, as far as it decides what may be written (sheet 1.7, 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.systems.quickbooks_desktop.kinds import Ref


@dataclass(frozen=True, slots=True)
class CustomValue:
    owner: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    legal_name: str = ""
    is_sample: bool = False
    has_accountants_copy: bool = False
    dividing_date: date | None = None
    custom: tuple[CustomValue, ...] = ()

    def file_id(self, owner: str) -> str:
        """The FileID that the Web Connector wrote for the application `owner`, "" if there is none (sheet 1.7)."""
        wanted = (owner.casefold(), "fileid")
        return next((each.value for each in self.custom if (each.owner.casefold(), each.name.casefold()) == wanted), "")


@dataclass(frozen=True, slots=True)
class Preferences:
    uses_account_numbers: bool = False
    requires_accounts: bool = False
    uses_classes: bool = False
    closing_date: date | None = None
    uses_currencies: bool = False
    home_currency: Ref | None = None
    uses_inventory: bool = False
    may_log_in: bool = False
    may_see_personal: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    product: str
    country: str = ""
    versions: tuple[str, ...] = ()
    file_mode: str = ""
