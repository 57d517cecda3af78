"""Takes a stage away: what runs at once, what holds data only when told so by the stage's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.cloud import Cloud, look, note_file
from infra.functions import APP, deployed_name, functions, queues
from infra.render import ROOT
from infra.up import WAIT, find_stack

KEY_DAYS = 30  # how long a deleted key, and so whatever was sealed with it, can be had back


def down(cloud: Cloud, root: Path = ROOT) -> Iterator[str]:
    """Take away what `chalice deploy` made. Table, queues, key and secrets stay, and a new deploy goes on with them."""
    standing = look(cloud)
    for name, rule in standing.rules.items():
        events = cloud.client("events")
        if rule["Targets"]:
            events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in rule["Targets"]])
        events.delete_rule(Name=rule["Name"])
        yield f"rule of {name}"
    for name, mappings in standing.mappings.items():
        for mapping in mappings:
            cloud.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
            yield f"mapping of {name}"
    for api in standing.apis:
        cloud.client("apigateway").delete_rest_api(restApiId=api["id"])
        yield f"API {api['id']}"
    for name in standing.functions:
        cloud.client("lambda").delete_function(FunctionName=deployed_name(name, cloud.stage))
        yield f"function {deployed_name(name, cloud.stage)}"
    for role in standing.roles.values():
        iam = cloud.client("iam")
        for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=policy)
        iam.delete_role(RoleName=role["RoleName"])
        yield f"role {role['RoleName']}"
    note_file(cloud.stage, root).unlink(missing_ok=True)


def delete_data(cloud: Cloud) -> Iterator[str]:
    """Delete the stack, and then what it left because it holds data."""
    name = f"{APP}-{cloud.stage}"
    formation, kms = cloud.client("cloudformation"), cloud.client("kms")
    key = _key(kms, f"alias/{name}")  # the alias goes with the stack
    if key:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_DAYS)
        yield f"key {key}, for good in {KEY_DAYS} days"
    if find_stack(formation, name):
        formation.delete_stack(StackName=name)
        formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=WAIT)
        yield f"stack {name}"
    yield from _table(cloud.client("dynamodb"), name)
    yield from _queues(cloud.client("sqs"), name)
    yield from _secrets(cloud.client("secretsmanager"), f"{APP}/{cloud.stage}/")
    yield from _logs(cloud.client("logs"), cloud.stage)


def _table(dynamodb: Any, name: str) -> Iterator[str]:
    try:
        dynamodb.delete_table(TableName=name)
    except dynamodb.exceptions.ResourceNotFoundException:
        return
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    yield f"table {name}"


def _queues(sqs: Any, name: str) -> Iterator[str]:
    for queue in queues():
        for full in (f"{name}-{queue}", f"{name}-{queue}-dead"):
            try:
                sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=full)["QueueUrl"])
            except sqs.exceptions.QueueDoesNotExist:
                continue
            yield f"queue {full}"


def _secrets(manager: Any, prefix: str) -> Iterator[str]:
    pages = manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [prefix]}])
    names = [secret["Name"] for page in pages for secret in page["SecretList"]]
    for name in names:
        if name.startswith(prefix):
            manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
            yield f"secret {name}"


def _logs(logs: Any, stage: str) -> Iterator[str]:
    for function in functions():
        group = f"/aws/lambda/{deployed_name(function.name, stage)}"
        try:
            logs.delete_log_group(logGroupName=group)
        except logs.exceptions.ResourceNotFoundException:
            continue
        yield f"log {group}"


def _key(kms: Any, alias: str) -> str:
    """The key's id, "" when the alias names none."""
    pages = kms.get_paginator("list_aliases").paginate()
    return next((a["TargetKeyId"] for page in pages for a in page["Aliases"] if a["AliasName"] == alias), "")
