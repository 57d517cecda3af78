"""Logs without secrets, metrics as log lines, notices through the topic, and the machine's clock."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from chalicelib.aws import telemetry
from chalicelib.aws.clients import client
from chalicelib.aws.clock import SystemClock
from chalicelib.aws.notices import SnsNotices
from chalicelib.aws.telemetry import EmfMetrics
from tests.contract.conftest import REGION


class TestLogger:
    @pytest.fixture
    def lines(self) -> Iterator[io.StringIO]:
        stream = io.StringIO()
        handler = telemetry.logger().registered_handler
        assert isinstance(handler, logging.StreamHandler)
        before = handler.setStream(stream)
        yield stream
        if before is not None:
            handler.setStream(before)

    def test_a_line_is_json_and_holds_no_secret(self, lines: io.StringIO) -> None:
        try:
            raise ValueError("refused Bearer SECRETSECRETSECRET")
        except ValueError:
            telemetry.logger().exception(
                "calling with refresh_token=SECRET", extra={"request": {"Authorization": "SECRET", "path": "/v3"}}
            )
        line = json.loads(lines.getvalue())
        assert "SECRET" not in lines.getvalue()
        assert (line["service"], line["level"], line["request"]["path"]) == ("mlc", "ERROR", "/v3")

    def test_there_is_one_logger(self) -> None:
        assert telemetry.logger() is telemetry.logger()


class TestMetrics:
    def test_what_was_counted_is_written_once_by_flush(self, capsys: pytest.CaptureFixture[str]) -> None:
        metrics = EmfMetrics("dev")
        metrics.count("Records", flow="a", outcome="done")
        metrics.count("Records", 2, flow="a", outcome="done")
        metrics.count("Age", 7.5)
        metrics.count("Empty", system="")
        assert capsys.readouterr().out == ""
        metrics.flush()
        lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        records, others = lines
        assert records["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "mlc/dev"
        assert records["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["flow", "outcome", "service"]]
        assert (records["Records"], records["flow"], records["outcome"]) == ([1.0, 2.0], "a", "done")
        assert (others["Age"], others["Empty"]) == ([7.5], [1.0])
        metrics.flush()
        assert capsys.readouterr().out == ""

    def test_more_than_a_hundred_values_are_all_written(self, capsys: pytest.CaptureFixture[str]) -> None:
        metrics = EmfMetrics("dev")
        for _ in range(250):
            metrics.count("RemoteCalls", system="x")
        metrics.flush()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert sum(sum(line["RemoteCalls"]) for line in lines) == 250
        assert all(line["system"] == "x" and len(line["RemoteCalls"]) <= 100 for line in lines)


class TestNotices:
    @pytest.mark.parametrize(
        ("subject", "line"),
        [("Held", "Held"), ("Müller\nSöhne", "M?ller S?hne"), ("x" * 150, "x" * 100), ("", "ml-connector")],
    )
    def test_a_notice_reaches_the_topic_whatever_its_subject(self, cloud: str, subject: str, line: str) -> None:
        sqs, sns = client("sqs", region=REGION), client("sns", region=REGION)
        url = sqs.get_queue_url(QueueName=f"mlc-{cloud}-jobs")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = next(found["TopicArn"] for found in sns.list_topics()["Topics"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        SnsNotices(cloud, region=REGION).publish(subject, "12 bills wait: Müller.")
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        told = json.loads(message["Body"])
        assert (told["Subject"], told["Message"]) == (line, "12 bills wait: Müller.")


class TestClock:
    def test_it_tells_aware_utc_and_fresh_tokens(self) -> None:
        clock = SystemClock()
        assert clock.now().tzinfo is UTC
        assert 0 <= clock.chance() < 1
        clock.sleep(-1)
        tokens = {clock.token() for _ in range(50)}
        assert len(tokens) == 50
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{22,}", token) for token in tokens)
