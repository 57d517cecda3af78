"""Whether what stands on AWS is what the registry says: every finding is one sentence with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.settings import ANY_PYTHON, RUNTIME
from infra.cloud import Cloud, Standing, look, note_of, read_note
from infra.functions import APP, Function, deployed_name, functions
from infra.policies import policy
from infra.render import ROOT
from infra.template import VISIBILITY_FACTOR, stack
from infra.up import find_stack

DEPLOY = "run chalice deploy"
REPAIR = "run python -m infra repair, then chalice deploy"
UP = "run python -m infra up"


def check(cloud: Cloud, root: Path = ROOT) -> list[str]:
    """Empty when all is well."""
    standing = look(cloud)
    found = [*_stack(cloud)]
    for function in functions():
        found += _function(function, standing, cloud)
    found += [*_tick(standing, cloud), *_api(standing), *_note(standing, cloud, root)]
    return found


def _stack(cloud: Cloud) -> Iterator[str]:
    name = f"{APP}-{cloud.stage}"
    formation = cloud.client("cloudformation")
    found = find_stack(formation, name)
    if found is None:
        yield f"The stack {name} is not there: {UP}."
        return
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        yield f"The stack {name} is {found['StackStatus']}: {UP}, which tells what to do."
    text = formation.get_template(StackName=name)["TemplateBody"]
    if (json.loads(text) if isinstance(text, str) else text) != json.loads(json.dumps(stack())):
        yield f"The stack {name} is not what infra/stack.json says: {UP}."
    yield from _alarms(cloud)


def subscribe(cloud: Cloud, address: str) -> None:
    """Raises ValueError where no topic stands."""
    topic = _topic(cloud)
    if not topic:
        raise ValueError(f"The topic {APP}-{cloud.stage} is not there: {UP}.")
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=address)


def _topic(cloud: Cloud) -> str:
    pages = cloud.client("sns").get_paginator("list_topics").paginate()
    arns = (topic["TopicArn"] for page in pages for topic in page["Topics"])
    return next((arn for arn in arns if arn.endswith(f":{APP}-{cloud.stage}")), "")


def _alarms(cloud: Cloud) -> Iterator[str]:
    topic = _topic(cloud)
    if not topic:
        yield f"The topic {APP}-{cloud.stage} is not there: {UP}."
        return
    subscribed = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if not any(one["SubscriptionArn"].startswith("arn:") for one in subscribed):
        yield "Nobody hears the alarms: run python -m infra subscribe, and confirm the mail that comes."
    pages = (
        cloud.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{APP}-{cloud.stage}-")
    )
    alarms = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    for resource in stack()["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            name = resource["Properties"]["AlarmName"]["Fn::Sub"].replace("${Stage}", cloud.stage)
            if name not in alarms:
                yield f"The alarm {name} is not there: {UP}."
            elif topic not in alarms[name]["AlarmActions"] or not alarms[name]["ActionsEnabled"]:
                yield f"The alarm {name} tells nobody: {UP}."


def _function(function: Function, standing: Standing, cloud: Cloud) -> Iterator[str]:
    name = deployed_name(function.name, cloud.stage)
    found = standing.functions.get(function.name)
    if found is None:
        yield f"The function {name} is not there: {DEPLOY}."
        return
    wanted: dict[str, object] = {"Timeout": function.timeout, "MemorySize": function.memory}
    if cloud.stage not in ANY_PYTHON:
        wanted["Runtime"] = "python" + ".".join(map(str, RUNTIME))
    for key, value in wanted.items():
        if found[key] != value:
            yield f"{name} has {key} {found[key]} instead of {value}: {DEPLOY}."
    stage = found.get("Environment", {}).get("Variables", {}).get("STAGE")
    if stage != cloud.stage:
        yield f"{name} has STAGE {stage} instead of {cloud.stage}: {DEPLOY}."
    if standing.policies.get(function.name) != policy(function, cloud.stage):
        yield f"The policy of {name} is not the committed one: {DEPLOY}."
    if function.listens:
        yield from _mapping(function, standing, cloud)


def _mapping(function: Function, standing: Standing, cloud: Cloud) -> Iterator[str]:
    name = deployed_name(function.name, cloud.stage)
    queue = f"{APP}-{cloud.stage}-{function.listens}"
    mappings = standing.mappings.get(function.name, ())
    if len(mappings) != 1:
        yield f"{name} has {len(mappings)} event source mappings instead of one: {REPAIR}."
    for mapping in mappings:
        if mapping["EventSourceArn"].split(":")[-1] != queue:
            yield f"{name} listens to {mapping['EventSourceArn']} instead of {queue}: {REPAIR}."
        if mapping["State"] not in ("Enabled", "Enabling", "Creating", "Updating"):
            yield f"{name} does not listen: its mapping {mapping['UUID']} is {mapping['State']}. Enable it."
    visibility = _visibility(cloud, queue)
    if visibility is None:
        yield f"The queue {queue} is not there: {UP}."
    elif visibility < VISIBILITY_FACTOR * function.timeout:
        yield (
            f"A message of {queue} hides for {visibility} s, less than {VISIBILITY_FACTOR} times the "
            f"{function.timeout} s that {name} may take: {UP}."
        )


def _visibility(cloud: Cloud, queue: str) -> int | None:
    sqs = cloud.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    return int(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"]
    )


def _tick(standing: Standing, cloud: Cloud) -> Iterator[str]:
    rule = standing.rules.get("tick")
    if rule is None or rule["State"] != "ENABLED":
        yield f"Nothing runs by the clock: the rule of the tick is {rule['State'] if rule else 'not there'}: {DEPLOY}."
    elif [target["Arn"].split(":")[-1] for target in rule["Targets"]] != [deployed_name("tick", cloud.stage)]:
        yield f"The rule {rule['Name']} does not call the tick exactly once: {DEPLOY}."


def _api(standing: Standing) -> Iterator[str]:
    if len(standing.apis) != 1:
        yield f"There are {len(standing.apis)} APIs instead of one: {REPAIR if standing.apis else DEPLOY}."


def _note(standing: Standing, cloud: Cloud, root: Path) -> Iterator[str]:
    def known(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        told = ("lambda_arn", "role_arn", "event_uuid", "rule_name", "rest_api_id")
        return {f"{name} {key}": str(one[key]) for name, one in resources.items() for key in told if key in one}

    stands = {resource["name"]: resource for resource in note_of(standing, cloud)["resources"]}
    if known(read_note(cloud.stage, root)) != known(stands):
        yield "Chalice's note of what it deployed is not what stands: run python -m infra repair."
