"""The lists that documents point to: expense categories, the chart of accounts, vendors (sheet section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.records import Json, Reference
from chalicelib.systems.freshbooks import models
from chalicelib.systems.freshbooks.business import business
from chalicelib.systems.freshbooks.client import BILLS, CATEGORIES, VENDORS, Client, Faulty, Resource
from chalicelib.systems.freshbooks.listing import WITH_VENDOR
from chalicelib.systems.freshbooks.models import DELETED, fit

OLD_ACCOUNTS = Resource(
    "journal_entry_accounts/journal_entry_accounts", "journal_entry_account", "journal_entry_accounts", key="accountid"
)
PATH = " > "
MOST_SAID = 4000  # characters of what a bill says


def references(client: Client, kind: str) -> Sequence[Reference]:
    """Raises Faulty and Unfit. Archived entries are inactive ones; "bill@1563" are the bills of that vendor."""
    name, _, vendor = kind.partition("@")
    if name == "bill":
        return _bills(client, vendor)
    return {"expense_category": _categories, "ledger_account": _accounts, "vendor": _vendors}[kind](client)


def _categories(client: Client) -> list[Reference]:
    """A category has no code, and its name may stand under several parents: the whole path tells them apart."""
    found = {one.categoryid or one.id: one for one in (fit(models.Category, row) for row in client.rows(CATEGORIES))}
    return [
        Reference(id=id_, name=one.category, full_name=_path(found, id_), active=one.vis_state == "0")
        for id_, one in found.items()
        if id_
    ]


def _path(found: dict[str, models.Category], id_: str) -> str:
    names: list[str] = []
    walked: set[str] = set()
    while id_ in found and id_ not in walked:
        walked.add(id_)
        names.append(found[id_].category)
        id_ = found[id_].parentid
    return PATH.join(reversed(names))


def _accounts(client: Client) -> list[Reference]:
    """Of the newer ledger; where the plan or the consent does not show that, of the older one."""
    try:
        told = client.read(f"/accounting/businesses/{business(client).uuid}/ledger_accounts/accounts")
    except Faulty as faulty:
        if not (faulty.is_gone or faulty.meaning.reason in ("not_permitted", "not_available")):
            raise
        return list(_old_accounts(client))
    rows = told.get("data")
    if not isinstance(rows, list):
        raise TryAgain("FreshBooks answered without the chart of accounts.")
    return [_account(row) for row in rows]


def _account(row: Json) -> Reference:
    one = fit(models.LedgerAccount, row)
    return Reference(
        id=one.uuid, name=one.name, code=one.number, active=one.state in ("", "active"), kind=one.type or one.sub_type
    )


def _old_accounts(client: Client) -> Iterator[Reference]:
    """Entries are made on the accounts below; those above only sum them up."""
    for row in client.rows(OLD_ACCOUNTS):
        above = fit(models.OldAccount, row)
        for one in above.sub_accounts:
            code = "-".join(filter(None, (above.account_number, one.account_sub_number)))
            name = one.account_sub_name
            yield Reference(
                id=one.sub_accountid,
                name=name,
                full_name=f"{above.account_name}{PATH}{name}",
                code=code,
                kind=above.account_type,
            )


def _bills(client: Client, vendor: str) -> list[Reference]:
    """`contact` has all that a bill says, in which another document may be named."""
    found = (fit(models.Bill, row) for row in client.rows(BILLS, (*WITH_VENDOR, ("search[vendorid]", vendor))))
    return [_bill(one) for one in found if one.vendor_id == vendor and one.vis_state != DELETED]


def _bill(one: models.Bill) -> Reference:
    said = " \n".join(filter(None, (line.description for line in one.lines)))
    return Reference(
        id=one.id, name=one.bill_number, code=one.bill_number, currency=one.code, contact={"said": said[:MOST_SAID]}
    )


def _vendors(client: Client) -> list[Reference]:
    return [_vendor(fit(models.Vendor, row)) for row in client.rows(VENDORS)]


def _vendor(one: models.Vendor) -> Reference:
    contact = {
        "email": one.primary_contact_email,
        "phone": one.phone,
        "line1": one.street,
        "city": one.city,
        "postal_code": one.postal_code,
    }
    return Reference(
        id=one.vendorid,
        name=one.vendor_name,
        active=one.vis_state == "0",
        currency=one.currency_code,
        contact={name: value for name, value in contact.items() if value},
    )
