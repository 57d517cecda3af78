"""Makes what the service needs of AWS, by the template that AWS gets too, and the platform's API key.

A process of its own, because it needs the emulator's address and credentials in its environment. Safe to run again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

KEY_FILE = "platform.key"
MAIL_DOMAIN = "mail.example.test"
LOST = 3  # exit code: there is a key from before, and the emulator does not know it


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulator.prepare")
    parser.add_argument("--state", type=Path, required=True, help="folder that the key is written to")
    folder = parser.parse_args().state
    from chalicelib.aws.clock import SystemClock
    from chalicelib.aws.dynamo import DynamoStore
    from chalicelib.aws.mail import KEPT_AT
    from chalicelib.aws.secrets import SecretsVault
    from chalicelib.entry import keys
    from chalicelib.settings import settings
    from infra.up import bring_up

    here = settings()
    bring_up(here.stage, region=here.region, endpoint_url=here.aws_endpoint)
    vault = SecretsVault(here.stage, region=here.region, endpoint_url=here.aws_endpoint)
    vault.write(KEPT_AT, {"domain": MAIL_DOMAIN})
    store, clock = DynamoStore(f"mlc-{here.stage}", region=here.region, endpoint_url=here.aws_endpoint), SystemClock()
    kept = folder / KEY_FILE
    chosen = os.environ.get("MLC_PLATFORM_KEY", "")
    if kept.exists():
        try:
            known = keys.who(store, clock, f"Bearer {kept.read_text()}")
        except Exception as trouble:
            print(f"The table of before cannot be read: {trouble}", file=sys.stderr)
            known = None
        if known is None:
            return LOST
        if chosen in ("", kept.read_text()):
            return 0
    try:
        key = keys.make_key(store, clock, keys.PLATFORM, "platform", "local", text=chosen)
    except ValueError as unusable:
        print(f"MLC_PLATFORM_KEY: {unusable}", file=sys.stderr)
        return 2
    kept.write_text(key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
