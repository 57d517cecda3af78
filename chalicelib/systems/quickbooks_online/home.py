"""The currency that a company keeps its books in, for documents that do not name theirs.

Asking is a metered read, and a worker begins anew for every few records: so the answer is kept in the table for a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import pk
from chalicelib.systems.quickbooks_online import models
from chalicelib.systems.quickbooks_online.client import Client

KNOWN_FOR = timedelta(days=1)


def currency(client: Client) -> str:
    """Its code. Raises TryAgain when the company does not say."""
    line = client.line
    key = pk(line.connection.tenant), f"HOME#{line.connection.name}"
    kept, now = line.store.get([key]).get(key), line.clock.now()
    fresh = kept is not None and datetime.fromisoformat(str(kept.body["at"])) + KNOWN_FOR > now
    if kept is not None and fresh and kept.body["realm"] == client.realm:
        return str(kept.body["currency"])
    try:
        found = models.fit(models.Preferences, client.one("Preferences")).CurrencyPrefs.HomeCurrency.value
    except models.Unfit:
        found = ""
    if not found:
        raise TryAgain("QuickBooks Online does not say in which currency the company keeps its books.")
    body: Json = {"currency": found, "realm": client.realm, "at": now.isoformat()}
    line.store.write([Put(Item(pk=key[0], sk=key[1], body=body), guarded=False)])
    return found
