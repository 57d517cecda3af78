"""The platform's key: whoever holds it makes customers."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.clients import error_code
from chalicelib.aws.clock import SystemClock
from chalicelib.aws.dynamo import DynamoStore
from chalicelib.engine.ports import Clock, Delete, Store
from chalicelib.engine.setup import pk
from chalicelib.entry import keys
from infra.cloud import Cloud


def platform_key(cloud: Cloud, *, only: bool = False) -> str:
    """A new one; it is kept hashed, so nobody can show it again. `only`: every other one stops working.

    Raises ValueError where no table stands.
    """
    from pynamodb.exceptions import PynamoDBException

    store = DynamoStore(f"mlc-{cloud.stage}", region=cloud.region, endpoint_url=cloud.endpoint_url)
    try:
        return new_key(store, SystemClock(), only=only)
    except PynamoDBException as failure:
        cause: Any = failure.cause
        if error_code(cause) == "ResourceNotFoundException":
            raise ValueError(f"The table mlc-{cloud.stage} is not there: {cloud.up}.") from None
        raise


def new_key(store: Store, clock: Clock, *, only: bool) -> str:
    text = keys.make_key(store, clock, keys.PLATFORM, "platform", "operator")
    while only:
        rows = store.query(pk(keys.PLATFORM), prefix="KEY#")
        others = [item for item in rows.items if item.body["hash"] != keys.hashed(text)]
        for item in others:
            store.write([Delete(item.pk, item.sk)])
        if not others:
            break
    return text
