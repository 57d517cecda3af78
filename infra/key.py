"""The platform's key: whoever holds it makes customers."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.clients import error_code
from chalicelib.aws.clock import SystemClock
from chalicelib.aws.dynamo import DynamoStore
from chalicelib.entry import keys
from infra.cloud import Cloud


def platform_key(cloud: Cloud) -> str:
    """A new one; it is kept hashed, so nobody can show it again. Raises ValueError where no table stands."""
    from pynamodb.exceptions import PynamoDBException

    store = DynamoStore(f"mlc-{cloud.stage}", region=cloud.region, endpoint_url=cloud.endpoint_url)
    try:
        return keys.make_key(store, SystemClock(), keys.PLATFORM, "platform", "operator")
    except PynamoDBException as failure:
        cause: Any = failure.cause
        if error_code(cause) == "ResourceNotFoundException":
            raise ValueError(f"The table mlc-{cloud.stage} is not there: {cloud.up}.") from None
        raise
