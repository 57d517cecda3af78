"""Who consented, and the three ids of the business behind a connection (sheet section 2).

That call may be made only a few times a minute, and a worker begins anew for every few records: so its answer is kept
in the table for a day, with the consent that it was given to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from chalicelib.engine.errors import LockedOut, TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import pk
from chalicelib.systems.freshbooks.client import ME, Client, Faulty
from chalicelib.systems.freshbooks.models import Identity, Unfit, fit

KNOWN_FOR = timedelta(days=1)
# Who sees the whole of the books; an employee sees expenses of their own, a client none of it.
READS_THE_BOOKS = frozenset({"owner", "business_partner", "business_manager", "business_accountant"})


@dataclass(frozen=True, slots=True)
class Business:
    """`account` goes into most addresses, `uuid` into those of the ledger, `id` into neither."""

    account: str
    uuid: str
    id: str
    name: str
    role: str


def login(line: Line) -> str:
    """The person who consented."""
    return _known(Client(line))[0]


def business(client: Client) -> Business:
    """The one of the connection. Raises LockedOut when the person who consented has no part in it."""
    return business_now(client)[0]


def business_now(client: Client) -> tuple[Business, bool]:
    """The same, and whether it was asked for just now."""
    _, every, fresh = _known(client)
    return _chosen(client, every), fresh


# ---------------------------------------------------------------------------------------------- inside


def _known(client: Client) -> tuple[str, list[Business], bool]:
    line, now = client.line, client.line.clock.now()
    key = pk(line.connection.tenant), f"BUSINESS#{line.connection.name}" + (f"#{line.trial}" if line.trial else "")
    kept = line.store.get([key]).get(key)
    if kept is not None and kept.body["holder"] == line.connection.holder:
        every = _kept(kept.body["businesses"])
        is_young = datetime.fromisoformat(str(kept.body["at"])) + KNOWN_FOR > now
        if is_young and any(one.account == client.account for one in every):
            return str(kept.body["person"]), every, False
    person, every = _asked(client)
    body: Json = {
        "at": now.isoformat(),
        "holder": line.connection.holder,
        "person": person,
        "businesses": [asdict(one) for one in every],
    }
    until = int((now + 2 * KNOWN_FOR).timestamp())
    line.store.write([Put(Item(pk=key[0], sk=key[1], body=body, expires_at=until), guarded=False)])
    return person, every, True


def _asked(client: Client) -> tuple[str, list[Business]]:
    try:
        found = fit(Identity, client.read(ME).get("response"))
    except Faulty as faulty:
        raise client.trouble(faulty, title=f"The connection {client.line.connection.name}") from faulty
    except Unfit as unfit:
        raise TryAgain(f"FreshBooks did not say who signed in ({unfit}).") from unfit
    if not found.person:
        raise TryAgain("FreshBooks did not say who signed in.")
    owned = [(one.role, one.business) for one in found.business_memberships]
    return found.person, [
        Business(account=its.account_id, uuid=its.business_uuid, id=its.id, name=its.name, role=role)
        for role, its in owned
        if its is not None and its.account_id  # without an account it is a client's login
    ]


def _kept(stored: object) -> list[Business]:
    assert isinstance(stored, list)
    return [Business(**one) for one in stored]


def _chosen(client: Client, every: list[Business]) -> Business:
    name = client.line.connection.name
    found = next((one for one in every if one.account == client.account), None)
    if found is None:
        listed = ", ".join(f"{one.name} ({one.account})" for one in every) or "no business"
        raise LockedOut(
            f"The person who signed in for {name} has no part in the account {client.account} in FreshBooks, but in "
            f"{listed}.",
            fix=f"Run `mlc connect {name}` and sign in as the owner or an admin of that business; or set `account` of "
            f"{name} to the account meant, apply it, and connect again.",
        )
    if found.role not in READS_THE_BOOKS:
        raise LockedOut(
            f"The person who signed in for {name} is {found.role.replace('_', ' ') or 'nobody'} of {found.name} in "
            "FreshBooks, which does not show all of the books.",
            fix=f"Run `mlc connect {name}` and sign in as the owner or an admin of that business.",
        )
    return found
