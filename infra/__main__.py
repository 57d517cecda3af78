"""python -m infra up | check | subscribe | repair | restored | key | down --stage NAME, and render.

Every command may be run again at any time; one that cannot go on says why and what to run next, and exits with 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from chalicelib.aws.clients import error_code
from chalicelib.engine.errors import ConnectorError
from chalicelib.settings import read
from infra.check import check, subscribe
from infra.cloud import Cloud, look, write_note
from infra.down import delete_data, down
from infra.functions import checked_deployed
from infra.key import platform_key
from infra.render import write
from infra.repair import repair
from infra.restored import mark_restored
from infra.up import bring_up

COMMANDS = {
    "up": "create or update what lasts; run it before `chalice deploy`",
    "check": "compare what stands on AWS with what is committed",
    "repair": "after a deploy that died half-way; run `chalice deploy` after it",
    "subscribe": "have an address told of every alarm",
    "key": "make a platform key, with which `mlc` makes customers; it is shown once",
    "restored": "after the table was restored to an earlier moment, before the functions run again: pause every flow",
    "down": "take the functions and the API away; what holds data stays unless told",
}

NOT_SIGNED_IN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.command == "render":
        for path in write():
            print(f"wrote {path}")
        return 0
    try:
        return _run(chosen, _cloud(chosen))
    except (ValueError, RuntimeError) as unfit:
        print(unfit, file=sys.stderr)
    except Exception as failure:
        told = _told(failure)
        if told is None:
            raise
        again = " ".join(arguments if arguments is not None else sys.argv[1:])
        print(f"{told} Then run this again: python -m infra {again}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra", description="The infrastructure of ml-connector.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("render", help="write infra/stack.json and .chalice/*.json from the registry")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about)
        command.add_argument("--stage", required=True)
        command.add_argument("--region", default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
        command.add_argument("--endpoint-url", default=os.environ.get("AWS_ENDPOINT_URL"), help="instead of AWS")
        if name == "up":
            command.add_argument("--mail", help="domain or address that mail is sent from")
            command.add_argument("--domain", help="the API's own name; needs --certificate")
            command.add_argument("--certificate", help="ARN of the domain's certificate, in this region")
        if name == "subscribe":
            command.add_argument("--address", required=True, help="AWS sends it a mail to confirm")
        if name == "key":
            command.add_argument("--only", action="store_true", help="every other platform key stops working")
        if name == "restored":
            command.add_argument("--at", required=True, help="the moment it was restored to, with its time zone")
        if name == "down":
            command.add_argument("--delete-data", metavar="STAGE", help="delete all data too; repeat the stage's name")
    return parser


def _cloud(chosen: argparse.Namespace) -> Cloud:
    """Raises ValueError for what `chalice deploy` would refuse too, in the same words."""
    checked_deployed(chosen.stage)
    try:
        here = read({**os.environ, "STAGE": chosen.stage, "AWS_REGION": chosen.region or ""})
    except SystemExit as refused:
        raise ValueError(str(refused)) from None
    return Cloud(here.stage, here.region, chosen.endpoint_url)


def _run(chosen: argparse.Namespace, cloud: Cloud) -> int:
    if chosen.command == "up":
        return _up(chosen, cloud)
    if chosen.command == "check":
        found = check(cloud)
        print("\n".join(found) or f"mlc-{cloud.stage}: all is as committed")
        return 1 if found else 0
    if chosen.command == "repair":
        print("\n".join(repair(cloud)))
        return 0
    if chosen.command == "subscribe":
        subscribe(cloud, chosen.address)
        print(f"{chosen.address} hears the alarms of mlc-{cloud.stage} once the mail that comes is confirmed")
        return 0
    if chosen.command in ("key", "restored"):
        print(platform_key(cloud, only=chosen.only) if chosen.command == "key" else _restored(chosen, cloud))
        return 0
    return _down(chosen, cloud)


def _restored(chosen: argparse.Namespace, cloud: Cloud) -> str:
    done = "\n".join(mark_restored(cloud, chosen.at)) or "There is no flow."
    return f"{done}\nBefore one is resumed: docs/how-to/back-up-and-restore.md"


def _down(chosen: argparse.Namespace, cloud: Cloud) -> int:
    if chosen.delete_data not in (None, cloud.stage):
        raise ValueError(f"--delete-data {chosen.delete_data} is not the stage {cloud.stage}: nothing was deleted.")
    _print(down(cloud))
    if chosen.delete_data:
        _print(delete_data(cloud))
    else:
        print(f"Data stays. To delete it too: python -m infra down --stage {cloud.stage} --delete-data {cloud.stage}")
    return 0


def _up(chosen: argparse.Namespace, cloud: Cloud) -> int:
    if bool(chosen.domain) != bool(chosen.certificate):
        raise ValueError("--domain and --certificate go together: API Gateway needs the certificate of the name.")
    standing = look(cloud)
    given = {"Mail": chosen.mail, "Domain": chosen.domain, "Certificate": chosen.certificate}
    if standing.apis:
        given["Api"] = standing.apis[0]["id"]
    made = bring_up(
        cloud.stage,
        region=cloud.region,
        endpoint_url=cloud.endpoint_url,
        parameters={name: value for name, value in given.items() if value},
        show=print,
    )
    print(f"{made.stack}: {made.change}")
    for kind, name in made.resources:
        print(f"  {kind:<28} {name}")
    write_note(cloud, standing)  # so that a deploy from any machine goes on from what stands
    print("Left to do:")
    print(f"  chalice deploy --stage {cloud.stage}")
    if chosen.domain and not standing.apis:
        print(f"  python -m infra up --stage {cloud.stage}   (once more: only then the API behind the domain is known)")
    print(f"  python -m infra subscribe --stage {cloud.stage} --address YOURS   (once)")
    print(f"  python -m infra check --stage {cloud.stage}")
    print(f"  python -m infra key --stage {cloud.stage}   (once, for the first customers)")
    return 0


def _print(done: Iterator[str]) -> None:
    for line in done:
        print(f"deleted {line}")


def _told(failure: Exception) -> str | None:
    """What AWS's refusal means to an operator; None for a fault of ours."""
    from botocore import exceptions

    failure = getattr(failure, "cause", None) or failure  # PynamoDB wraps botocore's
    match failure:
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return "No AWS credentials: set AWS_PROFILE, or run aws configure."
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError() | ConnectorError():
            return f"AWS cannot be reached: {failure}"
        case exceptions.ClientError() if error_code(failure) in NOT_SIGNED_IN:
            return "AWS does not accept your credentials (any more): sign in again, or look at AWS_PROFILE."
        case exceptions.ClientError() if "AccessDenied" in error_code(failure) or "authorized" in str(failure):
            return f"Your AWS user lacks a permission: {failure}. Nothing has to be cleaned up: get it."
        case exceptions.ClientError() | exceptions.WaiterError():
            return f"AWS refuses: {str(failure).rstrip('.')}."
    return None


if __name__ == "__main__":
    sys.exit(main())
