"""The platform's key: whoever holds it makes customers."""

from __future__ import annotations

from chalicelib.aws.clock import SystemClock
from chalicelib.aws.dynamo import DynamoStore
from chalicelib.entry import keys
from infra.cloud import Cloud


def platform_key(cloud: Cloud) -> str:
    """A new one; it is kept hashed, so nobody can show it again."""
    store = DynamoStore(f"mlc-{cloud.stage}", region=cloud.region, endpoint_url=cloud.endpoint_url)
    return keys.make_key(store, SystemClock(), keys.PLATFORM, "platform", "operator")
