"""What does not fit is refused before anything happens, in words that name the next command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, WaiterError
from moto import mock_aws

from chalicelib.settings import RUNTIME, STAGES, read
from infra import up
from infra.__main__ import main
from infra.up import bring_up

ROOT = Path(__file__).parent.parent.parent
REGION = "eu-west-1"
GOOD = {"STAGE": "prod", "AWS_DEFAULT_REGION": REGION}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def failing(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


# ---------------------------------------------------------------------------------------------- before anything


@pytest.mark.parametrize(
    ("changed", "python", "words"),
    [
        ({}, (3, 12), r"Stage prod runs on Python 3\.13, and this is 3\.12"),
        ({"AWS_DEFAULT_REGION": ""}, RUNTIME, "No region"),
        ({"STAGE": "production"}, RUNTIME, "must be one of local, rehearsal, dev, prod"),
        ({"STAGE": ""}, RUNTIME, "The stage is not named"),
        ({"MLC_ENDPOINTS": "{}"}, RUNTIME, "MLC_ENDPOINTS is for stage local only"),
    ],
)
def test_an_environment_that_does_not_fit_is_refused(
    changed: dict[str, str], python: tuple[int, int], words: str
) -> None:
    assert read(GOOD, python=RUNTIME).stage == "prod"
    with pytest.raises(SystemExit, match=words):
        read({**GOOD, **changed}, python=python)


def test_one_machine_and_the_rehearsal_take_any_python() -> None:
    for stage in STAGES:
        if stage in ("local", "rehearsal"):
            assert read({**GOOD, "STAGE": stage}, python=(3, 12)).stage == stage


@pytest.mark.parametrize("stage", ["local", "production", "Dev"])
def test_a_stage_that_is_not_deployed_is_refused(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--stage", stage, "--region", REGION]) == 1
    assert repr(stage) in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "check", "repair", "down", "key"])
def test_every_command_refuses_a_missing_region(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert main([command, "--stage", "rehearsal"]) == 1
    assert "No region: set AWS_DEFAULT_REGION." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stage", "environment", "words"),
    [
        (
            "typo",
            {"STAGE": "rehearsal"},
            "The stage is not named, or unknown; it must be one of",
        ),  # what the shell says does not count
        ("rehearsal", {"MLC_ENDPOINTS": "{}"}, "MLC_ENDPOINTS is for stage local only"),
        ("rehearsal", {"AWS_DEFAULT_REGION": ""}, "No region"),
        *([("prod", {}, "Stage prod runs on Python 3.13")] if sys.version_info[:2] != RUNTIME else []),
    ],
)
def test_chalice_deploy_refuses_in_the_same_words(stage: str, environment: dict[str, str], words: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLC_", "STAGE"))}
    done = subprocess.run(
        [Path(sys.executable).with_name("chalice"), "deploy", "--stage", stage],
        cwd=ROOT,
        env={**plain, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert words in done.stderr


def test_a_key_is_asked_for_after_the_table_is_there(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "--stage", "rehearsal", "--region", REGION]) == 1
    told = capsys.readouterr().err
    assert told == "The table mlc-rehearsal is not there: run python -m infra up --stage rehearsal.\n"


def test_repair_of_what_never_began_tells_to_begin(
    aws: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.repair.write_note", lambda *_: ROOT / "note")
    assert main(["repair", "--stage", "rehearsal", "--region", REGION]) == 0
    told = capsys.readouterr().out
    assert "so first run python -m infra up --stage rehearsal\nNow run chalice deploy --stage rehearsal\n" in told


def test_a_domain_without_its_certificate_is_refused(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--stage", "rehearsal", "--region", REGION, "--domain", "mlc.example.com"]) == 1
    assert "--domain and --certificate go together" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- half-way


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (failing("AccessDenied", "not authorized to perform cloudformation:CreateChangeSet"), "lacks a permission"),
        (failing("ExpiredToken", "expired"), "sign in again"),
        (NoCredentialsError(), "No AWS credentials"),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
    ],
)
def test_what_aws_refuses_is_said_with_the_command_to_repeat(
    failure: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> Any:
        raise failure

    monkeypatch.setattr("infra.__main__.look", fails)
    assert main(["up", "--stage", "rehearsal", "--region", REGION]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "run this again: python -m infra up --stage rehearsal --region eu-west-1" in told


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("UPDATE_IN_PROGRESS", "Somebody else is changing the stack mlc-dev"),
        ("CREATE_IN_PROGRESS", "Wait for it, and run this again"),
        ("ROLLBACK_FAILED", "delete-stack --stack-name mlc-dev, and run this again"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name mlc-dev"),
    ],
)
def test_a_stack_that_is_not_ready_is_left_alone(
    status: str, words: str, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "find_stack", lambda *_: {"StackStatus": status})
    with pytest.raises(RuntimeError, match=words):
        bring_up("dev", region=REGION)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("mlc-dev already exists in stack other", "'A name is taken'"),
        ("User is not authorized to perform: kms:CreateKey", "lacks this permission"),
        ("Rate exceeded", "Mend that, and run this again"),
    ],
)
def test_a_stack_that_fails_says_which_part_and_why(
    reason: str, words: str, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(formation: Any, name: str, _: object) -> None:
        events = [
            {"LogicalResourceId": "Table", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": reason},
            {"LogicalResourceId": "Key", "ResourceStatus": "CREATE_COMPLETE"},
        ]
        monkeypatch.setattr(formation, "describe_stack_events", lambda **_: {"StackEvents": events})
        waiter = formation.get_waiter("stack_create_complete")
        monkeypatch.setattr(waiter, "wait", _raise_waiter)
        monkeypatch.setattr(formation, "get_waiter", lambda _: waiter)
        wait(formation, name, "CREATE")

    wait = up._wait
    monkeypatch.setattr(up, "_wait", fails)
    with pytest.raises(RuntimeError, match=f"mlc-dev did not come up: Table: {reason}") as told:
        bring_up("dev", region=REGION)
    assert words in str(told.value)


def _raise_waiter(**_: object) -> None:
    raise WaiterError("stack_create_complete", "failed", {})


def test_a_change_that_would_make_the_table_anew_is_refused() -> None:
    change = {"LogicalResourceId": "Table", "Replacement": "True", "Action": "Modify", "ResourceType": "x"}
    assert up._replaced({"Changes": [{"ResourceChange": change}]}) == ["Table"]
    assert up._replaced({"Changes": [{"ResourceChange": {**change, "LogicalResourceId": "PollQueue"}}]}) == []


def test_the_template_names_mail_and_domain_only_where_they_are_asked_for(aws: None) -> None:
    bring_up("dev", region=REGION, parameters={"Mail": "example.com"})
    bring_up("dev", region=REGION)
    import boto3

    (stack,) = boto3.client("cloudformation", region_name=REGION).describe_stacks(StackName="mlc-dev")["Stacks"]
    assert {"ParameterKey": "Mail", "ParameterValue": "example.com"} in stack["Parameters"]
    conditions = json.loads((ROOT / "infra" / "stack.json").read_text())["Resources"]
    assert [conditions[name]["Condition"] for name in ("MailIdentity", "DomainName", "DomainMapping")] == [
        "HasMail",
        "HasDomain",
        "HasMapping",
    ]
