"""python -m infra render | up --stage NAME: writes what is generated, or brings up what lasts."""

from __future__ import annotations

import argparse
import os
import sys

from infra.render import write
from infra.up import bring_up


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra", description="The infrastructure of ml-connector.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("render", help="write infra/stack.json and .chalice/*.json from the registry")
    up = commands.add_parser("up", help="create or update the stack of a stage; run it before `chalice deploy`")
    up.add_argument("--stage", required=True)
    up.add_argument("--region", default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
    up.add_argument("--endpoint-url", default=None, help="an emulator instead of AWS")
    chosen = parser.parse_args(arguments)
    if chosen.command == "render":
        for path in write():
            print(f"wrote {path}")
        return 0
    if not chosen.region:
        parser.error("name a region: --region, or AWS_REGION in the environment")
    try:
        made = bring_up(chosen.stage, region=chosen.region, endpoint_url=chosen.endpoint_url)
    except (ValueError, RuntimeError) as unfit:
        print(unfit, file=sys.stderr)
        return 1
    print(f"{made.stack}: {made.change}")
    for kind, name in made.resources:
        print(f"  {kind:<28} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
