"""The rendered infrastructure: what is committed is what the registry says, and what stands is guarded."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends

from chalicelib import registry
from chalicelib.settings import STAGES
from infra.__main__ import main
from infra.functions import NEVER_DEPLOYED, Function, functions, queues
from infra.policies import policy
from infra.render import ROOT, config, rendered, write
from infra.template import VISIBILITY_FACTOR, stack
from infra.up import bring_up

RESOURCES: dict[str, Any] = stack()["Resources"]
REGIONS = ["us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-central-1", "ap-southeast-2"]
MOST_TEMPLATE_BYTES = 51_200  # what CloudFormation takes as text
FUNCTIONS = {function.name: function for function in functions()}
API = FUNCTIONS["api_handler"]


def of_type(kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def queue_resources() -> dict[str, Any]:
    """By name without the stage."""
    found = of_type("AWS::SQS::Queue").values()
    return {queue["Properties"]["QueueName"]["Fn::Sub"].removeprefix("mlc-${Stage}-"): queue for queue in found}


def allowed(function: Function, stage: str = "dev") -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy(function, stage)["Statement"]}


class TestRendering:
    def test_what_is_committed_is_what_is_rendered(self) -> None:
        committed = {path: (ROOT / path).read_text() for path in rendered()}
        assert committed == rendered(), "run `python -m infra render`"
        policies = {file.relative_to(ROOT).as_posix() for file in (ROOT / ".chalice").glob("policy-*.json")}
        assert policies <= set(rendered()), "run `python -m infra render`"

    def test_rendering_writes_what_differs_and_removes_what_is_gone(self, tmp_path: Path) -> None:
        assert set(write(tmp_path)) == set(rendered())
        assert write(tmp_path) == []
        (tmp_path / ".chalice" / "policy-dev-gone.json").write_text("{}")
        (tmp_path / "infra" / "stack.json").write_text("{}")
        assert set(write(tmp_path)) == {".chalice/policy-dev-gone.json", "infra/stack.json"}


class TestTemplate:
    def test_every_queue_has_a_place_for_dead_messages_kept_for_two_weeks(self) -> None:
        found = queue_resources()
        assert set(found) == {name for queue in queues() for name in (queue, f"{queue}-dead")}
        for queue in queues():
            redrive = found[queue]["Properties"]["RedrivePolicy"]
            assert redrive["maxReceiveCount"] == 5
            assert RESOURCES[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]] is found[f"{queue}-dead"]
            for name in (queue, f"{queue}-dead"):
                assert found[name]["Properties"]["MessageRetentionPeriod"] == 14 * 86_400
                assert found[name]["Properties"]["SqsManagedSseEnabled"] is True

    def test_every_target_has_a_queue_and_a_writer(self) -> None:
        for system in registry.TARGETS:
            assert FUNCTIONS[f"writer_{system}"].listens == f"writer-{system}"
            assert f"writer-{system}" in queues()

    def test_a_message_stays_invisible_for_six_times_as_long_as_its_function_may_run(self) -> None:
        for stage in STAGES:
            settings = config()["stages"][stage]["lambda_functions"]
            for function in functions():
                if function.listens:
                    visibility = queue_resources()[function.listens]["Properties"]["VisibilityTimeout"]
                    assert visibility >= VISIBILITY_FACTOR * settings[function.name]["lambda_timeout"]

    def test_what_cannot_be_made_again_survives_the_stack(self) -> None:
        lasting = [RESOURCES["Table"], RESOURCES["Key"]]
        lasting += [queue for name, queue in queue_resources().items() if name.endswith("-dead")]
        for resource in lasting:
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")

    def test_the_table_is_backed_up_sealed_with_our_key_and_forgets_what_expires(self) -> None:
        table = RESOURCES["Table"]["Properties"]
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"due", "held"}
        assert {index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}

    def test_the_key_is_rotated_and_seals_what_the_topic_tells(self) -> None:
        assert RESOURCES["Key"]["Properties"]["EnableKeyRotation"] is True
        assert RESOURCES["KeyAlias"]["Properties"]["AliasName"] == {"Fn::Sub": "alias/mlc-${Stage}"}
        assert RESOURCES["Topic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "Key"}
        services = RESOURCES["Key"]["Properties"]["KeyPolicy"]["Statement"]
        told = [one for one in services if one["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert [one["Action"] for one in told] == [["kms:Decrypt", "kms:GenerateDataKey*"]]  # or no alarm is heard

    def test_every_queue_raises_an_alarm_for_dead_and_for_late_messages(self) -> None:
        watched = set()
        for alarm in of_type("AWS::CloudWatch::Alarm").values():
            assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Topic"}]
            if alarm["Properties"]["Namespace"] != "AWS/SQS":
                continue
            queue = RESOURCES[alarm["Properties"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0]]
            name = queue["Properties"]["QueueName"]["Fn::Sub"].removeprefix("mlc-${Stage}-")
            watched.add((name, alarm["Properties"]["MetricName"]))
        assert watched == {
            pair
            for queue in queues()
            for pair in (
                (queue, "ApproximateAgeOfOldestMessage"),
                (f"{queue}-dead", "ApproximateNumberOfMessagesVisible"),
            )
        }

    def test_the_template_can_be_sent_as_text(self) -> None:
        assert len(json.dumps(stack(), separators=(",", ":"))) < MOST_TEMPLATE_BYTES

    @pytest.mark.skipif(importlib.util.find_spec("cfnlint") is None, reason="cfn-lint is not installed")
    def test_cfn_lint_has_nothing_to_say(self) -> None:
        from cfnlint.api import ManualArgs, lint

        found = lint((ROOT / "infra" / "stack.json").read_text(), config=ManualArgs(regions=REGIONS))
        assert [match for match in found if match.rule.severity != "informational"] == []


class TestConfig:
    def test_every_stage_names_itself_and_nothing_else(self) -> None:
        assert set(config()["stages"]) == {"local", "rehearsal", "dev", "prod"}
        for name, stage in config()["stages"].items():
            assert stage["environment_variables"] == {"STAGE": name}
            assert stage["autogen_policy"] is False

    def test_every_deployed_function_has_a_policy_of_its_own(self) -> None:
        for name, stage in config()["stages"].items():
            files = [settings.get("iam_policy_file") for settings in stage["lambda_functions"].values()]
            if name == NEVER_DEPLOYED:
                assert files == [None] * len(functions())
            else:
                assert len(set(files)) == len(functions())
                assert all((ROOT / ".chalice" / str(file)).exists() for file in files)

    def test_chalice_reads_it(self) -> None:
        from chalice.config import Config

        project = Config(chalice_stage="dev", config_from_disk=config(), user_provided_params={"project_dir": "."})
        for function in functions():
            scoped = project.scope("dev", function.name)
            assert scoped.lambda_timeout == function.timeout
            assert scoped.autogen_policy is False
            assert scoped.iam_policy_file == f"policy-dev-{function.name}.json"
            assert scoped.environment_variables == {"STAGE": "dev"}


class TestPolicies:
    def test_the_api_writes_connection_secrets_and_reads_none(self) -> None:
        statements = allowed(API)
        actions = {action for statement in statements.values() for action in statement["Action"]}
        assert {action for action in actions if action.startswith("secretsmanager:")} == {
            "secretsmanager:CreateSecret",
            "secretsmanager:PutSecretValue",
        }
        (resource,) = statements["WriteConnectionSecrets"]["Resource"]
        assert resource.endswith(":secret:mlc/dev/connections/*")

    def test_the_api_unseals_nothing_but_verifiers(self) -> None:
        statements = [statement for statement in allowed(API).values() if "kms:Decrypt" in statement["Action"]]
        assert [statement["Condition"]["Null"] for statement in statements] == [
            {"kms:EncryptionContext:verifier": "false"}
        ]

    def test_only_who_calls_vendors_reads_secrets(self) -> None:
        readers = {function.name for function in functions() if "ReadSecrets" in allowed(function)}
        assert readers == {
            "poll",
            "jobs",
            *(f"writer_{name}" for name in registry.TARGETS if name not in registry.CALLERS),
        }

    def test_only_who_reaches_its_target_by_mail_sends_any_and_as_this_stage_alone(self) -> None:
        senders = {function.name: allowed(function)["Mail"] for function in functions() if "Mail" in allowed(function)}
        assert set(senders) == {f"writer_{system}" for system in registry.MAILED}
        for statement in senders.values():
            assert statement["Condition"] == {"StringLike": {"ses:FromAddress": "mlc-dev@*"}}

    def test_a_function_receives_from_its_own_queue_only(self) -> None:
        for function in functions():
            listens = allowed(function).get("Listen")
            if function.listens is None:
                assert listens is None
            else:
                assert listens
                assert listens["Resource"] == [f"arn:aws:sqs:*:*:mlc-dev-{function.listens}"]

    @pytest.mark.parametrize("function", functions(), ids=lambda function: function.name)
    def test_no_right_reaches_beyond_its_stage_or_names_every_action(self, function: Function) -> None:
        for statement in policy(function, "dev")["Statement"]:
            assert not any("*" in action for action in statement["Action"])
            assert "dynamodb:Scan" not in statement["Action"]
            for resource in statement["Resource"]:
                aliases = statement.get("Condition", {}).get("ForAnyValue:StringEquals", {})
                senders = statement.get("Condition", {}).get("StringLike", {})
                named = aliases.get("kms:ResourceAliases", senders.get("ses:FromAddress", resource))
                assert any(mark in named for mark in ("mlc-dev", "mlc/dev/")), resource


class TestUp:
    @pytest.fixture(autouse=True)
    def aws(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        with mock_aws():
            yield

    def test_it_can_be_run_again_and_again(self) -> None:
        made = bring_up("dev", region="eu-west-1")
        assert made.change == "created"
        assert ("AWS::DynamoDB::Table", "mlc-dev") in made.resources
        assert bring_up("dev", region="eu-west-1").change == "unchanged"

    def test_a_change_of_the_template_is_brought_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import boto3

        bring_up("dev", region="eu-west-1")
        changed = stack()
        changed["Resources"]["PollQueue"]["Properties"]["VisibilityTimeout"] = 900
        monkeypatch.setattr("infra.up.stack", lambda: changed)
        assert bring_up("dev", region="eu-west-1").change == "updated"
        sqs = boto3.client("sqs", region_name="eu-west-1")
        url = sqs.get_queue_url(QueueName="mlc-dev-poll")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        assert found["Attributes"] == {"VisibilityTimeout": "900"}

    @pytest.mark.parametrize("stage", ["", "Dev", "1dev", "dev_x", "a" * 17, "dev ", "dev\n", "-dev", "dév"])
    def test_a_stage_that_makes_no_names_is_refused(self, stage: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(ValueError, match="no stage name"):
            bring_up(stage, region="eu-west-1")
        assert main(["up", f"--stage={stage}", "--region=eu-west-1"]) == 1
        assert "no stage name" in capsys.readouterr().err

    def test_the_command_tells_what_it_made(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["up", "--stage", "rehearsal", "--region", "eu-west-1"]) == 0
        told = capsys.readouterr().out
        assert "mlc-rehearsal: created\n" in told
        assert "alias/mlc-rehearsal" in told

    def test_a_stack_that_never_came_up_is_left_to_a_person(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("infra.up.find_stack", lambda *_: {"StackStatus": "ROLLBACK_FAILED"})
        with pytest.raises(RuntimeError, match="never came up"):
            bring_up("dev", region="eu-west-1")

    def test_after_a_first_attempt_that_was_rolled_back_the_same_command_begins_anew(self) -> None:
        bring_up("dev", region="eu-west-1")
        (left,) = cloudformation_backends["123456789012"]["eu-west-1"].stacks.values()
        left.status = "ROLLBACK_COMPLETE"
        said: list[str] = []
        assert bring_up("dev", region="eu-west-1", show=said.append).change == "created"
        assert said[0] == "The first attempt at mlc-dev was rolled back: its empty stack is deleted."
