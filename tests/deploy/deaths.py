"""A deploy is killed after each call that changes something; repair and a second deploy end as a clean one does.

Takes minutes, so it is no part of the tests: `make deploy-deaths`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

from infra.check import check
from infra.cloud import Cloud, look
from tests.deploy.dying import DIED
from tests.deploy.terminal import REGION, ROOT, STAGE, Operator, account

MOST_CALLS = 200
NAMES = ("FunctionName", "Handler", "Timeout", "MemorySize", "Environment", "Role")


def state(cloud: Cloud) -> dict[str, Any]:
    """What stands, without the ids that every deploy draws anew."""
    standing = look(cloud)
    return {
        "functions": {name: {key: one[key] for key in NAMES} for name, one in standing.functions.items()},
        "policies": dict(standing.policies),
        "mappings": {name: [m["EventSourceArn"] for m in several] for name, several in standing.mappings.items()},
        "rules": {
            name: (rule["ScheduleExpression"], [t["Arn"] for t in rule["Targets"]])
            for name, rule in standing.rules.items()
        },
        "apis": len(standing.apis),
        "paths": sorted(
            resource["path"]
            for api in standing.apis
            for page in cloud.client("apigateway").get_paginator("get_resources").paginate(restApiId=api["id"])
            for resource in page["items"]
        ),
        "may call": {name: _callers(cloud, one["FunctionName"]) for name, one in standing.functions.items()},
    }


def _callers(cloud: Cloud, name: str) -> int:
    try:
        return str(cloud.client("lambda").get_policy(FunctionName=name)["Policy"]).count('"Sid"')
    except cloud.client("lambda").exceptions.ResourceNotFoundException:
        return 0


def clean(operator: Operator, cloud: Cloud) -> dict[str, Any]:
    operator.do(f"python -m infra up --stage {STAGE}")
    operator.do(f"chalice deploy --stage {STAGE}")
    return state(cloud)


def main() -> int:
    os.environ.update(AWS_ACCESS_KEY_ID="operator", AWS_SECRET_ACCESS_KEY="operator")
    wrong = 0
    with account() as address, tempfile.TemporaryDirectory() as folder:
        operator, cloud = Operator(Path(folder) / "project", address), Cloud(STAGE, REGION, address)
        operator.put_aside_package()
        wanted = clean(operator, cloud)
        for calls in range(1, MOST_CALLS):
            requests.post(f"{address}/moto-api/reset", timeout=30)
            (operator.folder / ".chalice" / "deployed" / f"{STAGE}.json").unlink(missing_ok=True)
            operator.do(f"python -m infra up --stage {STAGE}")
            dying = operator.run(
                f"{sys.executable} -m tests.deploy.dying {calls} deploy --stage {STAGE}", PYTHONPATH=f"{ROOT}"
            )
            if dying.returncode != DIED:
                print(f"{calls - 1} deaths, {wrong} of them ended otherwise than a clean deploy")
                return 1 if wrong or dying.returncode else 0
            operator.do(f"python -m infra repair --stage {STAGE}")
            operator.do(f"chalice deploy --stage {STAGE}")
            found = state(cloud)
            differs = [part for part in wanted if found[part] != wanted[part]] + [
                sentence for sentence in check(cloud, operator.folder) if "Nobody hears" not in sentence
            ]
            wrong += bool(differs)
            print(f"{calls}: {dying.stdout.splitlines()[-1]}: {differs or 'as a clean one'}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
