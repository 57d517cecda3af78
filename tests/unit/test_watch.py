"""What an operator watches: every alarm has its page, and every figure on the wall is one that the code counts."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib import registry
from infra.functions import queues
from infra.render import ROOT
from infra.up import bring_up
from infra.watch import DOORS, NAMESPACE, RUNBOOKS, alarms, watching

PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / RUNBOOKS).glob("*.md"))}
SECTIONS = ("What the customer notices", "How to look", "What to do", "When to wait")
SEARCH = re.compile(r"SEARCH\('\{\"([^\"]+)\",([\w,]+)\} MetricName=\"(\w+)\"(?: (NOT )?(\w+)=\"(\w+)\")?")
OURS = [alarm for alarm in alarms() if alarm.namespace == NAMESPACE]


@cache
def counted() -> dict[str, set[str]]:
    """Each metric that the code counts, and its dimensions."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="count", value=owner), args=[ast.Constant(value=str(name)), *_]):
                    if ast.unparse(owner).endswith("metrics"):
                        found.setdefault(name, set()).update({str(word.arg) for word in node.keywords} | {"service"})
    return found


def searches() -> Iterator[tuple[str, set[str], str, str, str]]:
    """Namespace, dimensions, metric, and the dimension and value that are asked for."""
    text = watching()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].replace("${!", "${")
    for widget in json.loads(text)["widgets"]:
        for line in widget["properties"]["metrics"]:
            if isinstance(line[0], dict):
                for namespace, dimensions, metric, _, name, value in SEARCH.findall(line[0]["expression"]):
                    yield namespace, set(dimensions.split(",")), metric, name, value


def test_every_alarm_has_its_page_and_every_page_its_alarm() -> None:
    assert {alarm.page for alarm in alarms()} == set(PAGES)
    for alarm in alarms():
        description = alarm.resource()["Properties"]["AlarmDescription"]
        assert description.endswith(f"What to do: {RUNBOOKS}/{alarm.page}.md")
        assert "\n" not in description
        assert len(description) <= 1024


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_is_noticed_how_to_look_what_to_do_and_when_to_wait(name: str) -> None:
    assert re.findall(r"^## (.+)$", PAGES[name], re.MULTILINE) == list(SECTIONS)
    names = {alarm.name for alarm in alarms() if alarm.page == name}
    shown = name if names == {name} else f"…-{name}"
    assert all(alarm.endswith(name) for alarm in names)
    assert f"Alarm `mlc-STAGE-{shown}`" in PAGES[name]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_saved_queries_and_metrics_that_exist(name: str) -> None:
    saved = {query["Properties"]["Name"]["Fn::Sub"] for query in watching().values() if "QueryString" in str(query)}
    for named in re.findall(r"`mlc-STAGE/([\w-]+)`", PAGES[name]):
        assert f"mlc-${{Stage}}/{named}" in saved
    titles = re.findall(r'"title":"([^"]+)"', watching()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert set(re.findall(r"graph \*([^*]+)\*", PAGES[name])) <= set(titles)


@pytest.mark.parametrize("alarm", OURS, ids=lambda alarm: alarm.name)
def test_an_alarm_listens_to_a_metric_that_the_code_counts(alarm: Any) -> None:
    assert set(alarm.dimensions) == counted()[alarm.metric]
    assert alarm.dimensions["service"] == "mlc"


def test_every_flow_target_system_and_door_is_listened_to() -> None:
    heard = {alarm.name for alarm in alarms()}
    assert {f"{flow}-gave-up" for flow in registry.FLOWS} <= heard
    assert {f"{system}-waiting" for system in registry.TARGETS} <= heard
    assert {f"{system}-locked-out" for system in registry.SYSTEMS} <= heard
    assert {f"{queue}-{what}" for queue in queues() for what in ("dead", "late")} <= heard
    assert len(heard) == len(alarms())


def test_the_doors_are_those_that_count_their_faults() -> None:
    told = re.compile(r'count\("Faults", door="(\w+)"\)')
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "chalicelib").rglob("*.py")]
    assert {door for text in texts for door in told.findall(text)} == set(DOORS)


def test_the_dashboard_shows_only_what_the_code_counts() -> None:
    found = list(searches())
    for namespace, dimensions, metric, name, value in found:
        assert namespace == NAMESPACE
        assert dimensions == counted()[metric], metric
        assert not name or name in dimensions
        assert name != "flow" or value in registry.FLOWS
    assert {metric for _, _, metric, _, _ in found} >= {
        *("Records", "Held", "GaveUp", "OldestWaiting", "Throttled", "FailedCalls"),
        *("LateCallers", "DaysOfAccessLeft"),
    }


def test_the_dashboard_stands_with_the_name_of_its_stage() -> None:
    with mock_aws():
        bring_up("dev", region="eu-west-1")
        body = boto3.client("cloudwatch", region_name="eu-west-1").get_dashboard(DashboardName="mlc-dev")
    text = body["DashboardBody"]
    assert "mlc/dev" in text
    assert "${Stage}" not in text
    assert "eu-west-1" in text
    assert len(json.loads(text)["widgets"]) == len(re.findall('"title"', text))
