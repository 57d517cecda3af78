"""The PynamoDB model of the one table; a module of its own, so that only what talks to DynamoDB pays for the import."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.aws.clients import ATTEMPTS, CONNECT_TIMEOUT, CONNECTIONS, READ_TIMEOUT


class _Due(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB's own hook has no types
    due_pk = UnicodeAttribute(hash_key=True)
    due_sk = UnicodeAttribute(range_key=True)

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()


class _Held(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # likewise
    held_pk = UnicodeAttribute(hash_key=True)
    held_sk = UnicodeAttribute(range_key=True)

    class Meta:
        index_name = "held"
        projection = KeysOnlyProjection()


class StoredItem(Model):
    """`version` is an ordinary number: the engine guards writes itself, also those of items it deletes or checks."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    body = UnicodeAttribute()
    blob = BinaryAttribute(legacy_encoding=False, null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    held_pk = UnicodeAttribute(null=True)
    held_sk = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)
    due = _Due()
    held = _Held()


def stored_item(table: str, *, region: str, endpoint_url: str | None) -> type[StoredItem]:
    """The model bound to one table: PynamoDB keeps table and connection in the class."""
    meta = type(
        "Meta",
        (),
        {
            "table_name": table,
            "region": region,
            "host": endpoint_url,
            "connect_timeout_seconds": CONNECT_TIMEOUT,
            "read_timeout_seconds": READ_TIMEOUT,
            "max_retry_attempts": ATTEMPTS - 1,
            "max_pool_connections": CONNECTIONS,
        },
    )
    return type("BoundItem", (StoredItem,), {"Meta": meta})
