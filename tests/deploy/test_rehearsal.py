"""The how-to is followed word by word: the real `chalice deploy`, twice, and what it uploads is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.entry import calls, hooks, oauth_pages, routes
from infra.check import check
from infra.cloud import Cloud, Standing, look, note_of, read_note
from infra.functions import deployed_name, functions
from infra.policies import policy
from tests.deploy.terminal import REGION, ROOT, STAGE, Operator, account

EVENTS = Path(__file__).parent / "events"
MOST_ZIP = 40_000_000
MOST_UNPACKED = 250_000_000
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLLOWED = [
    "Two commands",
    "Hear the alarms, and look",
    "The first customer",
    "Deploy again",
    "A deploy that died half-way",
    "Take a stage away",
]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def section(title: str) -> list[str]:
    """The commands of a section of the how-to."""
    text = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    found = text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [line for block in BLOCK.findall(found) for line in block.splitlines()]


@dataclass(frozen=True, slots=True)
class Deployed:
    """What stood after the first and after the second deploy, what the first uploaded, and what was said on the way."""

    operator: Operator
    package: Path
    cloud: Cloud
    said: dict[str, str]
    first: Standing
    second: Standing
    noted: dict[str, Any]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with account() as address:
        operator = Operator(tmp_path_factory.mktemp("deploy") / "project", address)
        cloud = Cloud(STAGE, REGION, address)
        said: dict[str, str] = {}

        def follow(title: str) -> Standing:
            for command in section(title):
                said[f"{title}: {command}"] = operator.do(command)
            return look(cloud)

        first = follow("Two commands")
        follow("Hear the alarms, and look")
        follow("The first customer")
        noted = read_note(STAGE, operator.folder)
        package = operator.put_aside_package()
        second = follow("Deploy again")
        yield Deployed(operator, package, cloud, said, first, second, noted)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "operator")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "operator")


@pytest.fixture(scope="module", autouse=True)
def credentials_of_the_module() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "operator")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "operator")
        yield


def test_every_command_of_the_page_is_followed_here() -> None:
    page = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    titles = [part.split("\n", 1)[0] for part in page.split("\n## ")[1:] if BLOCK.search(part)]
    assert titles == FOLLOWED


def test_the_change_set_is_shown_and_what_is_left_to_do_is_told(deployed: Deployed) -> None:
    told = deployed.said["Two commands: python -m infra up --stage rehearsal"]
    assert "Add      AWS::DynamoDB::Table" in told
    assert "mlc-rehearsal: created\n" in told
    assert "Left to do:\n  chalice deploy --stage rehearsal\n" in told
    assert "mlc-rehearsal: unchanged\n" in deployed.said["Deploy again: python -m infra up --stage rehearsal"]


def test_every_function_stands_with_its_settings_its_policy_and_its_stage(deployed: Deployed) -> None:
    for standing in (deployed.first, deployed.second):
        assert set(standing.functions) == set(standing.roles) == {function.name for function in functions()}
        for function in functions():
            found = standing.functions[function.name]
            assert (found["Timeout"], found["MemorySize"]) == (function.timeout, function.memory)
            assert found["Environment"]["Variables"] == {"STAGE": STAGE}
            assert found["Role"] == standing.roles[function.name]["Arn"]
            assert standing.policies[function.name] == policy(function, STAGE)


def test_every_queue_is_read_by_its_function_once_and_the_tick_is_called_every_minute(deployed: Deployed) -> None:
    for standing in (deployed.first, deployed.second):
        read = {name: [m["EventSourceArn"].split(":")[-1] for m in ms] for name, ms in standing.mappings.items()}
        assert read == {f.name: [f"mlc-{STAGE}-{f.listens}"] for f in functions() if f.listens}
        rule = standing.rules["tick"]
        assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
        assert [target["Arn"].split(":")[-1] for target in rule["Targets"]] == [deployed_name("tick", STAGE)]


def test_the_second_deploy_doubles_nothing(deployed: Deployed) -> None:
    ids = [
        ({name: [m["UUID"] for m in ms] for name, ms in standing.mappings.items()}, [a["id"] for a in standing.apis])
        for standing in (deployed.first, deployed.second)
    ]
    assert ids[0] == ids[1]
    assert len(deployed.second.apis) == 1
    everything = deployed.operator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert len(everything) == len([function for function in functions() if function.listens])


def test_the_api_has_every_route(deployed: Deployed) -> None:
    pages = deployed.operator.client("apigateway").get_paginator("get_resources")
    found = pages.paginate(restApiId=deployed.second.apis[0]["id"])
    paths = {resource["path"] for page in found for resource in page["items"]}
    assert {route.path for served in (routes.ROUTES, hooks.ROUTES, oauth_pages.ROUTES) for route in served} <= paths
    assert calls.route("/qbwc").path in paths


def test_what_stands_gives_the_note_that_chalice_wrote(deployed: Deployed) -> None:
    stands = {one["name"]: one for one in note_of(deployed.first, deployed.cloud)["resources"]}
    assert stands == deployed.noted


def test_all_is_well_afterwards_and_every_fault_is_found_with_its_remedy(deployed: Deployed) -> None:
    operator, folder = deployed.operator, deployed.operator.folder
    assert check(deployed.cloud, folder) == []
    sqs, functions_ = operator.client("sqs"), operator.client("lambda")
    url = sqs.get_queue_url(QueueName="mlc-rehearsal-poll")["QueueUrl"]
    arn = deployed.second.functions["poll"]["FunctionArn"]
    functions_.update_function_configuration(
        FunctionName=arn, Timeout=300, Environment={"Variables": {"STAGE": "prod"}}
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    queue = deployed.second.mappings["poll"][0]["EventSourceArn"]
    functions_.create_event_source_mapping(EventSourceArn=queue, FunctionName=arn, BatchSize=1)
    paused = deployed.second.mappings["jobs"][0]["UUID"]
    functions_.update_event_source_mapping(UUID=paused, Enabled=False)
    operator.client("events").disable_rule(Name="mlc-rehearsal-tick-event")
    operator.client("cloudwatch").delete_alarms(AlarmNames=["mlc-rehearsal-poll-dead"])
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    operator.client("iam").put_role_policy(
        RoleName="mlc-rehearsal-tick", PolicyName="mlc-rehearsal-tick", PolicyDocument=json.dumps(everything)
    )
    found = "\n".join(check(deployed.cloud, folder))
    for words in (
        "mlc-rehearsal-poll has Timeout 300 instead of 120: run chalice deploy --stage rehearsal",
        "has STAGE prod instead of rehearsal",
        "hides for 60 s",
        "mlc-rehearsal-poll has 2 event source mappings instead of one: run python -m infra repair --stage rehearsal",
        f"its mapping is Disabled: run aws lambda update-event-source-mapping --enabled --uuid {paused}",
        "the rule of the tick is DISABLED",
        "The alarm mlc-rehearsal-poll-dead is not there, or tells nobody: run python -m infra repair",
        "The policy of mlc-rehearsal-tick is not the committed one",
    ):
        assert words in found
    functions_.update_event_source_mapping(UUID=paused, Enabled=True)
    (folder / ".chalice" / "deployed" / f"{STAGE}.json").unlink()
    for command in section("A deploy that died half-way"):
        operator.do(command)
    assert check(deployed.cloud, folder) == []
    assert look(deployed.cloud).mappings.keys() == deployed.second.mappings.keys()


# ---------------------------------------------------------------------------------------------- what was uploaded


def event(name: str, **changed: Any) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return {**recorded, **changed}


def message(body: str) -> dict[str, Any]:
    recorded = event("sqs")
    return {"Records": [{**recorded["Records"][0], "body": body}]}


def test_the_package_is_small_enough_and_its_handlers_answer_recorded_events(
    deployed: Deployed, tmp_path: Path
) -> None:
    package = deployed.package
    assert package.stat().st_size < MOST_ZIP
    with zipfile.ZipFile(package) as zipped:
        assert sum(entry.file_size for entry in zipped.infolist()) < MOST_UNPACKED
        names = set(zipped.namelist())
        zipped.extractall(tmp_path)
    assert not [name for name in names if name.startswith(("infra/", "simulator/", "tests/", "mlc/", "moto/"))]
    key = deployed.said["The first customer: python -m infra key --stage rehearsal"].strip()
    api = event("api")
    for headers, value in (("headers", f"Bearer {key}"), ("multiValueHeaders", [f"Bearer {key}"])):
        api[headers] = {**api[headers], "Authorization": value}
    writers = [function.name for function in functions() if function.name.startswith("writer_")]
    events = [
        ("api_handler", api),
        ("api_handler", event("api")),
        ("tick", event("schedule")),
        ("poll", message('{"tenant": "acme", "flow": "none", "notice": "bill", "id": "1"}')),
        ("jobs", message('{"job": "dance"}')),
        *((name, message("R#acme#none#bill#1")) for name in writers),
    ]
    handlers = {name: function["Handler"] for name, function in deployed.second.functions.items()}
    asked = [{"handler": handlers[name], "event": given} for name, given in events]
    told = container(deployed, tmp_path, asked)
    assert all(place.startswith(str(tmp_path)) for place in told["origins"].values())
    made, refused, ticked, polled, danced, *written = told["answers"]
    assert (made["answer"]["statusCode"], refused["answer"]["statusCode"]) == (201, 401)
    assert ticked == {"answer": None}
    assert polled == {"answer": None}
    assert "1 of 1 messages of jobs failed" in danced["raised"]
    assert written == [{"answer": None}] * len(writers)


def container(deployed: Deployed, folder: Path, asked: list[dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-S", str(Path(__file__).with_name("container.py"))],
        cwd=folder,
        env={**deployed.operator.environment, "STAGE": STAGE, "PYTHONPATH": str(folder)},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


# ---------------------------------------------------------------------------------------------- and away with it


def test_taking_a_stage_away_keeps_the_data_until_told_by_name(deployed: Deployed) -> None:
    operator = deployed.operator
    keeping, deleting = section("Take a stage away")
    refused = operator.run("python -m infra down --stage rehearsal --delete-data prod")
    assert (refused.returncode, look(deployed.cloud).empty) == (1, False)
    assert "nothing was deleted" in refused.stderr
    operator.do(keeping)
    assert look(deployed.cloud).empty
    assert operator.client("dynamodb").describe_table(TableName="mlc-rehearsal")["Table"]["ItemCount"] > 0
    operator.do(deleting)
    assert operator.client("dynamodb").list_tables()["TableNames"] == []
    assert operator.client("sqs").list_queues().get("QueueUrls", []) == []
    operator.do(deleting)
