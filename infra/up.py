"""Creates or updates a stage's stack by a change set that is shown first. Safe to run any number of times."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.aws.clients import client
from chalicelib.settings import LOCAL
from infra.functions import checked_stage
from infra.template import KEPT, stack

CHANGE_SET_WAIT = {"Delay": 2, "MaxAttempts": 150}
WAIT = {"Delay": 5, "MaxAttempts": 240}
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
# Such a stack is what a failed first attempt left: CloudFormation only lets it be deleted.
ROLLED_BACK = "ROLLBACK_COMPLETE"
NEVER_CAME_UP = frozenset({"ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
STUCK = "UPDATE_ROLLBACK_FAILED"
REVIEWED = "REVIEW_IN_PROGRESS"  # a first change set was made, and nothing of it applied


@dataclass(frozen=True, slots=True)
class Made:
    """`resources` are (type, name) pairs."""

    stack: str
    change: Literal["created", "updated", "unchanged"]
    resources: tuple[tuple[str, str], ...]


def _unseen(_: str) -> None:
    return None


def bring_up(
    stage: str,
    *,
    region: str,
    endpoint_url: str | None = None,
    parameters: Mapping[str, str] | None = None,
    show: Callable[[str], None] = _unseen,
) -> Made:
    """Raises ValueError for an unusable stage name, RuntimeError when a person must do something first.

    `parameters` that are not named keep the value they have.
    """
    name = f"mlc-{checked_stage(stage)}"
    formation = client("cloudformation", region=region, endpoint_url=endpoint_url)
    found = _without_first_attempt(formation, find_stack(formation, name), show)
    status = str(found["StackStatus"]) if found else REVIEWED
    _refuse_unready(name, status)
    kind: Literal["CREATE", "UPDATE"] = "CREATE" if status == REVIEWED else "UPDATE"
    given = {"Stage": stage, **_kept(found, parameters or {})}
    change_set = _change_set(formation, name, kind=kind, parameters=given)
    if change_set is None:
        return Made(stack=name, change="unchanged", resources=resources(formation, name))
    _show(change_set, show)
    formation.execute_change_set(ChangeSetName=change_set["ChangeSetId"], StackName=name)
    _wait(formation, name, kind)
    return Made(stack=name, change="created" if kind == "CREATE" else "updated", resources=resources(formation, name))


def find_stack(formation: Any, name: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        stacks = formation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as failure:
        if "does not exist" in str(failure):
            return None
        raise
    return stacks[0] if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None


def resources(formation: Any, name: str) -> tuple[tuple[str, str], ...]:
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
    return tuple(
        (str(resource["ResourceType"]), str(resource["PhysicalResourceId"]))
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource.get("PhysicalResourceId")
    )


# ---------------------------------------------------------------------------------------------- inside


def _without_first_attempt(
    formation: Any, found: dict[str, Any] | None, show: Callable[[str], None]
) -> dict[str, Any] | None:
    """The stack, unless it is the empty one of an attempt that was rolled back: that is deleted."""
    if not found or found["StackStatus"] != ROLLED_BACK:
        return found
    show(f"The first attempt at {found['StackName']} was rolled back: its empty stack is deleted.")
    formation.delete_stack(StackName=found["StackName"])
    formation.get_waiter("stack_delete_complete").wait(StackName=found["StackId"], WaiterConfig=WAIT)
    return None


def _refuse_unready(name: str, status: str) -> None:
    if status in NEVER_CAME_UP:
        raise RuntimeError(
            f"The stack {name} never came up ({status}). See why: aws cloudformation describe-stack-events "
            f"--stack-name {name}. Then: aws cloudformation delete-stack --stack-name {name}, and run this again."
        )
    if status == STUCK:
        raise RuntimeError(
            f"The stack {name} is stuck half-way back ({status}). Run aws cloudformation continue-update-rollback "
            f"--stack-name {name}, wait for it, and run this again."
        )
    if status.endswith("_IN_PROGRESS") and status != REVIEWED:
        raise RuntimeError(f"Somebody else is changing the stack {name} ({status}). Wait for it, and run this again.")


def _kept(found: Mapping[str, Any] | None, wanted: Mapping[str, str]) -> dict[str, str]:
    before = {given["ParameterKey"]: given["ParameterValue"] for given in (found or {}).get("Parameters", [])}
    return {name: value for name, value in {**before, **wanted}.items() if name in stack()["Parameters"]}


def _change_set(
    formation: Any, name: str, *, kind: Literal["CREATE", "UPDATE"], parameters: Mapping[str, str]
) -> dict[str, Any] | None:
    """The change set, ready to be applied; None when there is nothing to change."""
    made = _made(formation, name, kind=kind, parameters=parameters)
    if made is None:
        return None
    described: dict[str, Any] = formation.describe_change_set(ChangeSetName=made)
    if not described.get("Changes"):  # an emulator's way to say so
        formation.delete_change_set(ChangeSetName=made)
        return None
    replaced = _replaced(described)
    if replaced:
        formation.delete_change_set(ChangeSetName=made)
        raise RuntimeError(
            f"This change would replace {', '.join(replaced)} of {name}, which holds data: nothing was changed. "
            "Undo that part of the change, or move the data first."
        )
    return described


def _stack_of(stage: str) -> dict[str, Any]:
    """The emulator of one machine keeps no log groups that could be asked."""
    whole = stack()
    if stage != LOCAL:
        return whole
    kept = {name: one for name, one in whole["Resources"].items() if one["Type"] != "AWS::Logs::QueryDefinition"}
    return {**whole, "Resources": kept}


def _made(formation: Any, name: str, *, kind: Literal["CREATE", "UPDATE"], parameters: Mapping[str, str]) -> str | None:
    """The ARN of a new change set; None when CloudFormation finds nothing in it."""
    from botocore.exceptions import ClientError, WaiterError

    made = ""
    try:
        made = formation.create_change_set(
            StackName=name,
            ChangeSetName=f"up-{secrets.token_hex(4)}",
            ChangeSetType=kind,
            TemplateBody=json.dumps(_stack_of(parameters["Stage"]), separators=(",", ":")),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": "app", "Value": "mlc"}, {"Key": "stage", "Value": parameters["Stage"]}],
        )["Id"]
        formation.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=CHANGE_SET_WAIT)
    except ClientError as failure:
        if not any(words in str(failure) for words in NO_CHANGES):
            raise
        return None
    except WaiterError as failure:
        reason = str(formation.describe_change_set(ChangeSetName=made).get("StatusReason", failure))
        formation.delete_change_set(ChangeSetName=made)
        if any(words in reason for words in NO_CHANGES):
            return None
        raise RuntimeError(f"CloudFormation takes no such change of {name}: {reason}{_advice(reason)}") from failure
    return str(made)


def _replaced(change_set: Mapping[str, Any]) -> list[str]:
    """What keeps data, and would be made anew without it."""
    lasting = {name for name, resource in stack()["Resources"].items() if resource.get("DeletionPolicy") == KEPT}
    changes = [entry["ResourceChange"] for entry in change_set["Changes"]]
    return [
        change["LogicalResourceId"]
        for change in changes
        if change["LogicalResourceId"] in lasting and change.get("Replacement") == "True"
    ]


def _show(change_set: Mapping[str, Any], show: Callable[[str], None]) -> None:
    for entry in change_set["Changes"]:
        change = entry["ResourceChange"]
        anew = " (made anew)" if change.get("Replacement") == "True" else ""
        show(f"  {change['Action']:<8} {change['ResourceType']:<32} {change['LogicalResourceId']}{anew}")


def _wait(formation: Any, name: str, kind: Literal["CREATE", "UPDATE"]) -> None:
    from botocore.exceptions import WaiterError

    try:
        formation.get_waiter(f"stack_{kind.lower()}_complete").wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError as failure:
        reasons = _reasons(formation, name)
        raise RuntimeError(f"{name} did not come up: {reasons}{_advice(reasons)}") from failure


def _reasons(formation: Any, name: str) -> str:
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in reversed(events) if str(event["ResourceStatus"]).endswith("_FAILED")]
    told = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed]
    return " ".join(line for line in told if "cancelled" not in line) or "CloudFormation gives no reason."


def _advice(reason: str) -> str:
    lowered = reason.lower()
    if "already exists" in lowered:
        return (
            "\nIt stands already outside of this stack: left by a stack deleted by hand, or made by somebody else. "
            "docs/how-to/deploy.md, 'A name is taken', tells how to keep or remove it; then run this again."
        )
    if "not authorized" in lowered or "accessdenied" in lowered or "access denied" in lowered:
        return "\nYour AWS user lacks this permission. Get it, and run this again: nothing has to be cleaned up."
    return "\nMend that, and run this again."
