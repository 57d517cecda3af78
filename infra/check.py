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


def check(cloud: Cloud, root: Path = ROOT) -> list[str]:
    """Empty when all is well."""
    standing = look(cloud)
    found = [*_stack(cloud)]
    for function in functions():
        found += _function(function, standing, cloud)
    found += [*_tick(standing, cloud), *_api(standing, cloud), *_note(standing, cloud, root)]
    return found


def _stack(cloud: Cloud) -> Iterator[str]:
    name = f"{APP}-{cloud.stage}"
    formation = cloud.client("cloudformation")
    found = find_stack(formation, name)
    if found is None:
        yield f"The stack {name} is not there: {cloud.up}."
        return
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        yield f"The stack {name} is {found['StackStatus']}: {cloud.up}, which tells what to do."
    same = as_committed(cloud)
    if not same:
        yield f"The stack {name} is not what infra/stack.json says: {cloud.up}."
    if not _table_stands(cloud):
        yield f"The table {name} is not there: restore its backup under that name."
    mend = cloud.repair if same else cloud.up  # CloudFormation only changes what the template changes
    yield from _hearing(cloud)
    for alarm in silent_alarms(cloud):
        yield f"The alarm {alarm['AlarmName']} is not there, or tells nobody: {mend}."
    for queue, wanted, hides in queues_amiss(cloud):
        if hides is None:
            yield f"The queue {queue} is not there: {cloud.up}."
        else:
            yield (
                f"A message of {queue} hides for {hides} s, not for the {wanted} s that are {VISIBILITY_FACTOR} times "
                f"what its function may take: {mend}."
            )


def as_committed(cloud: Cloud) -> bool:
    """Whether the standing stack was made of the present template."""
    text = cloud.client("cloudformation").get_template(StackName=f"{APP}-{cloud.stage}")["TemplateBody"]
    return bool((json.loads(text) if isinstance(text, str) else text) == json.loads(json.dumps(stack())))


def _table_stands(cloud: Cloud) -> bool:
    dynamodb = cloud.client("dynamodb")
    try:
        dynamodb.describe_table(TableName=f"{APP}-{cloud.stage}")
    except dynamodb.exceptions.ResourceNotFoundException:
        return False
    return True


def subscribe(cloud: Cloud, address: str) -> None:
    """Raises ValueError where no topic stands."""
    topic = _topic(cloud)
    if not topic:
        raise ValueError(f"The topic {APP}-{cloud.stage} is not there: {cloud.up}.")
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=address)


def _topic(cloud: Cloud) -> str:
    pages = cloud.client("sns").get_paginator("list_topics").paginate()
    arns = (topic["TopicArn"] for page in pages for topic in page["Topics"])
    return next((arn for arn in arns if arn.endswith(f":{APP}-{cloud.stage}")), "")


def _hearing(cloud: Cloud) -> Iterator[str]:
    topic = _topic(cloud)
    if not topic:
        yield f"The topic {APP}-{cloud.stage} is not there: {cloud.up}."
        return
    subscribed = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if not any(one["SubscriptionArn"].startswith("arn:") for one in subscribed):
        yield (
            "Nobody hears the alarms: confirm the mail that AWS sent, or "
            f"run python -m infra subscribe --stage {cloud.stage} --address YOURS."
        )


def silent_alarms(cloud: Cloud) -> list[dict[str, Any]]:
    """The alarms that are gone or tell nobody, each as CloudWatch takes it. Without a topic none could."""
    topic, resources = _topic(cloud), stack()["Resources"]
    pages = (
        cloud.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{APP}-{cloud.stage}-")
    )
    heard = {
        alarm["AlarmName"]
        for page in pages
        for alarm in page["MetricAlarms"]
        if topic in alarm["AlarmActions"] and alarm["ActionsEnabled"]
    }

    def resolved(value: Any) -> Any:
        match value:
            case {"Fn::Sub": text}:
                return text.replace("${Stage}", cloud.stage)
            case {"Ref": "Topic"}:
                return topic
            case {"Fn::GetAtt": [resource, "QueueName"]}:
                return resolved(resources[resource]["Properties"]["QueueName"])
            case dict():
                return {name: resolved(one) for name, one in value.items()}
            case list():
                return [resolved(one) for one in value]
        return value

    alarms = [resolved(one["Properties"]) for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    return [alarm for alarm in alarms if topic and alarm["AlarmName"] not in heard]


def queues_amiss(cloud: Cloud) -> Iterator[tuple[str, int, int | None]]:
    """(queue, how long its messages are to hide, how long they do; None where it is not there)."""
    for function in functions():
        if function.listens:
            queue, wanted = f"{APP}-{cloud.stage}-{function.listens}", VISIBILITY_FACTOR * function.timeout
            hides = _visibility(cloud, queue)
            if hides is None or hides < wanted:
                yield queue, wanted, hides


def _function(function: Function, standing: Standing, cloud: Cloud) -> Iterator[str]:
    name = deployed_name(function.name, cloud.stage)
    found = standing.functions.get(function.name)
    if found is None:
        yield f"The function {name} is not there: {cloud.deploy}."
        return
    wanted: dict[str, object] = {"Timeout": function.timeout, "MemorySize": function.memory}
    if cloud.stage not in ANY_PYTHON:
        wanted["Runtime"] = "python" + ".".join(map(str, RUNTIME))
    for key, value in wanted.items():
        if found[key] != value:
            yield f"{name} has {key} {found[key]} instead of {value}: {cloud.deploy}."
    stage = found.get("Environment", {}).get("Variables", {}).get("STAGE")
    if stage != cloud.stage:
        yield f"{name} has STAGE {stage} instead of {cloud.stage}: {cloud.deploy}."
    if standing.policies.get(function.name) != policy(function, cloud.stage):
        yield f"The policy of {name} is not the committed one: {cloud.deploy}."
    if function.listens:
        yield from _mapping(function, standing, cloud)


def _mapping(function: Function, standing: Standing, cloud: Cloud) -> Iterator[str]:
    name = deployed_name(function.name, cloud.stage)
    queue = f"{APP}-{cloud.stage}-{function.listens}"
    mappings = standing.mappings.get(function.name, ())
    if len(mappings) != 1:
        yield f"{name} has {len(mappings)} event source mappings instead of one: {cloud.repair}."
    for mapping in mappings:
        if mapping["EventSourceArn"].split(":")[-1] != queue:
            yield f"{name} listens to {mapping['EventSourceArn']} instead of {queue}: {cloud.repair}."
        if mapping["State"] not in ("Enabled", "Enabling", "Creating", "Updating"):
            yield (
                f"{name} does not listen: its mapping is {mapping['State']}: "
                f"run aws lambda update-event-source-mapping --enabled --uuid {mapping['UUID']}."
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
        state = rule["State"] if rule else "not there"
        yield f"Nothing runs by the clock: the rule of the tick is {state}: {cloud.deploy}."
    elif [target["Arn"].split(":")[-1] for target in rule["Targets"]] != [deployed_name("tick", cloud.stage)]:
        yield f"The rule {rule['Name']} does not call the tick exactly once: {cloud.deploy}."


def _api(standing: Standing, cloud: Cloud) -> Iterator[str]:
    if len(standing.apis) != 1:
        yield f"There are {len(standing.apis)} APIs instead of one: {cloud.repair if standing.apis else cloud.deploy}."


def _note(standing: Standing, cloud: Cloud, root: Path) -> Iterator[str]:
    def known(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        told = ("lambda_arn", "role_arn", "event_uuid", "rule_name", "rest_api_id")
        return {f"{name} {key}": str(one[key]) for name, one in resources.items() for key in told if key in one}

    stands = {resource["name"]: resource for resource in note_of(standing, cloud)["resources"]}
    if known(read_note(cloud.stage, root)) != known(stands):
        yield f"Chalice's note of what it deployed is not what stands: {cloud.repair}."
