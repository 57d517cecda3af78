"""What of a stage stands on AWS: the functions, roles, mappings, rules and APIs that `chalice deploy` made.

All names derive from the stage, so that everything is found without Chalice's own note of what it deployed. That note
(.chalice/deployed/STAGE.json) can therefore always be written again: the cloud itself is where it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chalicelib.aws.clients import client, error_code
from infra.functions import API, API_STAGE, APP, deployed_name, functions
from infra.render import ROOT

SCHEMA = "2.0"  # of Chalice's note
GONE = frozenset({"NoSuchEntity", "ResourceNotFoundException", "NotFoundException"})
Described = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The clients of one region, and what is told to run for its stage."""

    stage: str
    region: str
    endpoint_url: str | None = None

    def client(self, service: str) -> Any:
        return client(service, region=self.region, endpoint_url=self.endpoint_url)

    @property
    def up(self) -> str:
        return f"run python -m infra up --stage {self.stage}"

    @property
    def deploy(self) -> str:
        return f"run chalice deploy --stage {self.stage}"

    @property
    def repair(self) -> str:
        return f"run python -m infra repair --stage {self.stage}, then chalice deploy --stage {self.stage}"


@dataclass(frozen=True, slots=True)
class Standing:
    """By Chalice's name of the function. APIs are listed the oldest first: that is the one people were told of."""

    functions: Mapping[str, Described]
    roles: Mapping[str, Described]
    policies: Mapping[str, Described]
    mappings: Mapping[str, tuple[Described, ...]]
    rules: Mapping[str, Described]
    apis: tuple[Described, ...]

    @property
    def empty(self) -> bool:
        return not (self.functions or self.roles or self.rules or self.apis)


def look(cloud: Cloud) -> Standing:
    known = functions()
    found = {f.name: _function(cloud, f.name) for f in known}
    roles = {f.name: _role(cloud, f.name) for f in known}
    mappings = {f.name: _mappings(cloud, found[f.name]) for f in known if f.listens}
    rules = {f.name: _rule(cloud, f.name) for f in known if f.name != API and not f.listens}
    return Standing(
        functions={name: one for name, one in found.items() if one},
        roles={name: role for name, (role, _) in roles.items() if role},
        policies={name: policy for name, (role, policy) in roles.items() if role},
        mappings={name: several for name, several in mappings.items() if several},
        rules={name: rule for name, rule in rules.items() if rule},
        apis=_apis(cloud),
    )


def note_of(standing: Standing, cloud: Cloud) -> Described:
    """What Chalice notes after a deploy, made of what stands."""
    noted: list[Described] = []
    for name, function in standing.functions.items():
        noted.append({"name": name, "resource_type": "lambda_function", "lambda_arn": function["FunctionArn"]})
    for name, role in standing.roles.items():
        arn = {"role_arn": role["Arn"], "role_name": role["RoleName"]}
        noted.append({"name": f"{name}_role", "resource_type": "iam_role", **arn})
    for name, (mapping, *_) in standing.mappings.items():
        noted.append(
            {
                "name": f"{name}-sqs-event-source",
                "resource_type": "sqs_event",
                "queue_arn": mapping["EventSourceArn"],
                "event_uuid": mapping["UUID"],
                "queue": mapping["EventSourceArn"].split(":")[-1],
                "lambda_arn": mapping["FunctionArn"],
            }
        )
    for name, rule in standing.rules.items():
        noted.append({"name": f"{name}-event", "resource_type": "cloudwatch_event", "rule_name": rule["Name"]})
    for api in standing.apis[:1]:
        noted.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api["id"]})
        noted[-1]["rest_api_url"] = f"https://{api['id']}.execute-api.{cloud.region}.amazonaws.com/{API_STAGE}/"
    return {"resources": noted, "schema_version": SCHEMA, "backend": "api"}


def note_file(stage: str, root: Path = ROOT) -> Path:
    return root / ".chalice" / "deployed" / f"{stage}.json"


def read_note(stage: str, root: Path = ROOT) -> dict[str, Described]:
    """By name; empty where there is none, or one that cannot be read."""
    file = note_file(stage, root)
    try:
        return {resource["name"]: resource for resource in json.loads(file.read_text())["resources"]}
    except (FileNotFoundError, ValueError, KeyError):
        return {}


def write_note(cloud: Cloud, standing: Standing, root: Path = ROOT) -> Path:
    file = note_file(cloud.stage, root)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(note_of(standing, cloud), indent=2) + "\n")
    return file


# ---------------------------------------------------------------------------------------------- looking


def _none_if_gone(ask: Any, **named: str) -> Described | None:
    from botocore.exceptions import ClientError

    try:
        answer: Described = ask(**named)
    except ClientError as failure:
        if error_code(failure) in GONE:
            return None
        raise
    return answer


def _function(cloud: Cloud, name: str) -> Described | None:
    ask = cloud.client("lambda").get_function_configuration
    return _none_if_gone(ask, FunctionName=deployed_name(name, cloud.stage))


def _role(cloud: Cloud, name: str) -> tuple[Described | None, Described]:
    """The role, and the policy in it; a role may have been left without one."""
    iam = cloud.client("iam")
    role_name = role_of(name, cloud.stage)
    role = _none_if_gone(iam.get_role, RoleName=role_name)
    if role is None:
        return None, {}
    policy = _none_if_gone(iam.get_role_policy, RoleName=role_name, PolicyName=role_name) or {}
    document = policy.get("PolicyDocument", {})
    return role["Role"], json.loads(unquote(document)) if isinstance(document, str) else document


def role_of(function: str, stage: str) -> str:
    return f"{APP}-{stage}-{function}"


def _mappings(cloud: Cloud, function: Described | None) -> tuple[Described, ...]:
    if function is None:
        return ()
    pages = (
        cloud.client("lambda")
        .get_paginator("list_event_source_mappings")
        .paginate(FunctionName=function["FunctionArn"])
    )
    return tuple(mapping for page in pages for mapping in page["EventSourceMappings"])


def _rule(cloud: Cloud, name: str) -> Described | None:
    events = cloud.client("events")
    rule = _none_if_gone(events.describe_rule, Name=f"{APP}-{cloud.stage}-{name}-event")
    if rule is None:
        return None
    return {**rule, "Targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"]}


def _apis(cloud: Cloud) -> tuple[Described, ...]:
    """Chalice names the API of every stage alike, so the stage is told by the function that the API calls."""
    gateway = cloud.client("apigateway")
    called = f":function:{deployed_name(API, cloud.stage)}/invocations"
    pages = gateway.get_paginator("get_rest_apis").paginate()
    named = [api for page in pages for api in page["items"] if api["name"] == APP]
    ours = [api for api in named if _calls(gateway, api["id"], called)]
    return tuple(sorted(ours, key=lambda api: (api["createdDate"], api["id"])))


def _calls(gateway: Any, api: str, called: str) -> bool:
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    for page in pages:
        for resource in page["items"]:
            for method in resource.get("resourceMethods", {}).values():
                if called in str(method.get("methodIntegration", {}).get("uri", "")):
                    return True
    return False
