"""Creates or updates a stage's stack, waits, and tells what stands there. Safe to run any number of times."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.aws.clients import client
from infra.functions import checked_stage
from infra.template import stack

WAIT = {"Delay": 5, "MaxAttempts": 240}
# Such a stack is what a failed first attempt left: CloudFormation only lets it be deleted.
NEVER_CAME_UP = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class Made:
    """`resources` are (type, name) pairs."""

    stack: str
    change: Literal["created", "updated", "unchanged"]
    resources: tuple[tuple[str, str], ...]


def bring_up(stage: str, *, region: str, endpoint_url: str | None = None) -> Made:
    """Raises ValueError for an unusable stage name, RuntimeError when a person must look at the stack first."""
    name = f"mlc-{checked_stage(stage)}"
    formation = client("cloudformation", region=region, endpoint_url=endpoint_url)
    wanted = {
        "StackName": name,
        "TemplateBody": json.dumps(stack(), separators=(",", ":")),
        "Parameters": [{"ParameterKey": "Stage", "ParameterValue": stage}],
        "Tags": [{"Key": "app", "Value": "mlc"}, {"Key": "stage", "Value": stage}],
    }
    status = _status(formation, name)
    if status in NEVER_CAME_UP:
        raise RuntimeError(f"The stack {name} never came up ({status}). Look at its events, delete it, run this again.")
    if status is None:
        formation.create_stack(**wanted)
        formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=WAIT)
        return Made(stack=name, change="created", resources=_resources(formation, name))
    changed = _update(formation, wanted)
    return Made(stack=name, change="updated" if changed else "unchanged", resources=_resources(formation, name))


def _update(formation: Any, wanted: dict[str, Any]) -> bool:
    from botocore.exceptions import ClientError

    try:
        formation.update_stack(**wanted)
    except ClientError as failure:
        if "No updates are to be performed" in str(failure):
            return False
        raise
    formation.get_waiter("stack_update_complete").wait(StackName=wanted["StackName"], WaiterConfig=WAIT)
    return True


def _status(formation: Any, name: str) -> str | None:
    from botocore.exceptions import ClientError

    try:
        stacks = formation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as failure:
        if "does not exist" in str(failure):
            return None
        raise
    status = str(stacks[0]["StackStatus"]) if stacks else None
    return None if status == "DELETE_COMPLETE" else status


def _resources(formation: Any, name: str) -> tuple[tuple[str, str], ...]:
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
    return tuple(
        (str(resource["ResourceType"]), str(resource["PhysicalResourceId"]))
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource.get("PhysicalResourceId")
    )
