"""What an operator watches: alarms on what customers would notice, one dashboard, and a saved query per question.

Metrics of our own are in the namespace of the stage; a test compares them with what the code counts.
An alarm carries the name of its runbook page, docs/how-to/runbooks/NAME.md, in its description.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib import registry
from infra.functions import deployed_name, functions, queues

Resource = dict[str, Any]

NAMESPACE = "mlc/${Stage}"
SERVICE = {"service": "mlc"}  # a dimension of every metric of ours
RUNBOOKS = "docs/how-to/runbooks"
RECEIPTS_BEFORE_DEAD = 5
LATE_SECONDS = 900
HOUR = 3600
DAY = 24 * HOUR
STEP = 300  # seconds to a point of a graph
DOORS = ("api", "consent", "web_connector", "webhooks")
# Dollars at list prices: us-east-1, on demand, as published in 2025 (docs/why/costs.md).
GB_SECOND, INVOCATION = 0.0000166667, 0.20 / 1_000_000
READ_UNIT, WRITE_UNIT, QUEUE_REQUEST = 0.125 / 1_000_000, 0.625 / 1_000_000, 0.40 / 1_000_000
QUEUE_CALLS = ["NumberOfMessagesSent", "NumberOfMessagesDeleted", "NumberOfEmptyReceives"]
FEW = 5
MANY = 50


@dataclass(frozen=True, slots=True)
class Alarm:
    """Goes off after `periods` of so many seconds in each of which the metric was past `limit`."""

    name: str
    page: str
    about: str
    metric: str
    dimensions: dict[str, Any]
    limit: int
    period: int
    periods: int = 1
    statistic: str = "Sum"
    namespace: str = NAMESPACE
    below: bool = False  # and then silence counts as none at all

    def resource(self) -> Resource:
        return {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": _sub(f"mlc-${{Stage}}-{self.name}"),
                "AlarmDescription": f"{self.about} What to do: {RUNBOOKS}/{self.page}.md",
                "Namespace": _sub(self.namespace) if "$" in self.namespace else self.namespace,
                "MetricName": self.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
                "Statistic": self.statistic,
                "Period": self.period,
                "EvaluationPeriods": self.periods,
                "Threshold": self.limit,
                "ComparisonOperator": "LessThanThreshold" if self.below else "GreaterThanThreshold",
                "TreatMissingData": "breaching" if self.below else "notBreaching",
                "AlarmActions": [{"Ref": "Topic"}],
                "OKActions": [{"Ref": "Topic"}],
            },
        }


def watching() -> dict[str, Resource]:
    told = {f"{_word(alarm.name)}Alarm": alarm.resource() for alarm in alarms()}
    saved = {f"{_word(name)}Query": _query(name, text) for name, text in QUERIES.items()}
    return {**told, **saved, "Dashboard": _dashboard()}


def alarms() -> list[Alarm]:
    return [
        Alarm(
            "nothing-runs",
            page="nothing-runs",
            about="For 10 minutes the clock's work has not come to its end: nothing is read or tried again.",
            metric="Ticks",
            dimensions=SERVICE,
            limit=1,
            period=300,
            periods=2,
            below=True,
        ),
        *(alarm for queue in queues() for alarm in _of_queue(queue)),
        *(_of_door(door) for door in DOORS),
        *(_of_flow(flow) for flow in registry.FLOWS),
        *(_waiting(system) for system in registry.TARGETS),
        *(_locked_out(system) for system in registry.SYSTEMS),
        *(_webhooks(system) for system in registry.SYSTEMS if system not in registry.CALLERS),
    ]


# ---------------------------------------------------------------------------------------------- alarms


def _of_queue(queue: str) -> list[Alarm]:
    word = _word(queue)
    return [
        Alarm(
            f"{queue}-dead",
            page="dead",
            about=f"A message of the queue {queue} failed {RECEIPTS_BEFORE_DEAD} times: a fault of ours.",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions=_queue_named(f"{word}Dead"),
            limit=0,
            period=60,
            statistic="Maximum",
            namespace="AWS/SQS",
        ),
        Alarm(
            f"{queue}-late",
            page="late",
            about=f"The oldest message of the queue {queue} waits for more than {LATE_SECONDS // 60} minutes.",
            metric="ApproximateAgeOfOldestMessage",
            dimensions=_queue_named(f"{word}Queue"),
            limit=LATE_SECONDS,
            period=60,
            periods=5,
            statistic="Maximum",
            namespace="AWS/SQS",
        ),
    ]


def _of_door(door: str) -> Alarm:
    return Alarm(
        f"{door}-faults",
        page="faults",
        about=f"More than {FEW} calls at the door {door} within 5 minutes ended in a fault of ours.",
        metric="Faults",
        dimensions={"door": door, **SERVICE},
        limit=FEW,
        period=300,
    )


def _of_flow(flow: str) -> Alarm:
    return Alarm(
        f"{flow}-gave-up",
        page="gave-up",
        about=f"Within an hour more than {FEW} records of {flow} were given up after all their tries.",
        metric="GaveUp",
        dimensions={"flow": flow, **SERVICE},
        limit=FEW,
        period=HOUR,
    )


def _waiting(system: str) -> Alarm:
    return Alarm(
        f"{system}-waiting",
        page="waiting",
        about=f"For 15 minutes, records have been waiting for more than an hour to be written to {system}.",
        metric="OldestWaiting",
        dimensions={"system": system, **SERVICE},
        limit=HOUR,
        period=300,
        periods=3,
        statistic="Maximum",
    )


def _locked_out(system: str) -> Alarm:
    return Alarm(
        f"{system}-locked-out",
        page="locked-out",
        about=f"{system} turned our credentials down more than {FEW} times within an hour.",
        metric="LockedOut",
        dimensions={"system": system, **SERVICE},
        limit=FEW,
        period=HOUR,
    )


def _webhooks(system: str) -> Alarm:
    return Alarm(
        f"{system}-webhooks-refused",
        page="webhooks-refused",
        about=f"More than {MANY} webhooks that claimed to come from {system} were refused within an hour.",
        metric="ForgedHooks",
        dimensions={"system": system, **SERVICE},
        limit=MANY,
        period=HOUR,
    )


def _queue_named(resource: str) -> dict[str, Any]:
    return {"QueueName": {"Fn::GetAtt": [resource, "QueueName"]}}


# ---------------------------------------------------------------------------------------------- queries

# The fields are those of our own log lines; a test runs each over the lines of a small life.
QUERIES = {
    "record": """fields @timestamp, message, state
| filter tenant = "TENANT" and record = "FLOW:MOVE:ID"
| sort @timestamp asc""",
    "correlation": """fields @timestamp, message, tenant, record, state, request_id
| filter correlation = "ID"
| sort @timestamp asc""",
    "last-run": """fields @timestamp, message, run, state, trouble, calls, record
| filter tenant = "TENANT" and flow = "FLOW"
| sort @timestamp desc
| limit 200""",
    "vendor-asked-to-wait": """filter message = "a vendor asked us to wait"
| stats count(*) as times, max(seconds) as longest by system, tenant, connection, why""",
    "webhook-refused": """filter message = "a webhook was refused"
| stats count(*) as times, min(@timestamp) as first, max(@timestamp) as last by system""",
    "our-faults": """fields @timestamp, message, exception_name, queue, location
| filter level = "ERROR"
| sort @timestamp desc
| limit 100""",
}


def _query(name: str, text: str) -> Resource:
    groups = [f"/aws/lambda/{deployed_name(function.name, '${Stage}')}" for function in functions()]
    return {
        "Type": "AWS::Logs::QueryDefinition",
        "Properties": {
            "Name": _sub(f"mlc-${{Stage}}/{name}"),
            "LogGroupNames": {"Fn::Split": [",", _sub(",".join(groups))]},  # the template's length is limited
            "QueryString": text,
        },
    }


# ---------------------------------------------------------------------------------------------- dashboard


def _dashboard() -> Resource:
    graphs = [
        _graph("Moved", [_of(flow, "Records", "move,outcome", 'NOT outcome="refused"') for flow in registry.FLOWS]),
        _graph("Newly held", [_of(flow, "Held", "reason") for flow in registry.FLOWS]),
        _graph(
            "Failing: refused or given up",
            [
                *(_of(flow, "Records", "move,outcome", 'outcome="refused"') for flow in registry.FLOWS),
                *(_of(flow, "GaveUp") for flow in registry.FLOWS),
            ],
        ),
        _graph("Held, by reason", [_each("Held", "flow,reason", label="${PROP('Dim.reason')}")]),
        _graph("Oldest waiting record, seconds", [_each("OldestWaiting", "system", statistic="Maximum")]),
        _graph("Oldest message, seconds", [_queue_age(queue) for queue in queues()], period=60),
        _graph("The vendor asked us to wait", [_each("Throttled", "system")]),
        _graph("Calls that failed at the vendor", [_each("FailedCalls", "system")]),
        _graph("Calls", [_each("RemoteCalls", "system")]),
        _graph("Web Connectors that are late", [_each("LateCallers", "system")]),
        _graph("Days of access left, least", [_each("DaysOfAccessLeft", "system", "Minimum", period=DAY)], period=DAY),
        _graph("Credentials turned down", [_each("LockedOut", "system")]),
        _graph("Webhooks taken", [_each("Hooks", "system")]),
        _graph("Webhooks refused", [_each("ForgedHooks", "system")]),
        _graph("Faults of ours, by door", [_each("Faults", "door")]),
        _graph("Dollars per thousand records, at list prices", _cost(), period=DAY),
    ]
    widgets = [
        {**graph, "x": 8 * (place % 3), "y": 6 * (place // 3), "width": 8, "height": 6}
        for place, graph in enumerate(graphs)
    ]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    # ${PROP(...)} is CloudWatch's own; what is left for CloudFormation are the stage and the region.
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": _sub("mlc-${Stage}"),
            "DashboardBody": _sub(body.replace("${PROP", "${!PROP")),
        },
    }


def _graph(title: str, metrics: list[list[Any]], *, period: int = STEP) -> dict[str, Any]:
    shown = {"title": title, "region": "${AWS::Region}", "period": period, "stat": "Sum"}
    return {"type": "metric", "properties": {**shown, "metrics": metrics}}


def _of(flow: str, metric: str, by: str = "", which: str = "") -> list[Any]:
    """One line for the flow, whatever the other dimensions are."""
    found = _search(metric, f"flow,{by}" if by else "flow", f'flow="{flow}" {which}'.strip())
    return [{"expression": f"SUM({found})", "label": f"{flow} given up" if metric == "GaveUp" else flow}]


def _cost() -> list[list[Any]]:
    """What functions, table and queues cost in a day by what they did, over the records that came to an end in it."""
    named: dict[int, list[str]] = {}
    for function in functions():
        named.setdefault(function.memory, []).append(deployed_name(function.name, "${Stage}"))
    every = [name for names in named.values() for name in names]
    waiting = [f"mlc-${{Stage}}-{queue}" for queue in queues()]
    tables = ["mlc-${Stage}"]
    asked = [
        *(
            (GB_SECOND * memory / 1024 / 1000, "AWS/Lambda,FunctionName", ["Duration"], names)
            for memory, names in named.items()
        ),
        (INVOCATION, "AWS/Lambda,FunctionName", ["Invocations"], every),
        *(
            (dollars, f"AWS/DynamoDB,TableName{index}", [f"Consumed{what}CapacityUnits"], tables)
            for what, dollars in (("Read", READ_UNIT), ("Write", WRITE_UNIT))
            for index in ("", ",GlobalSecondaryIndexName")
        ),
        (QUEUE_REQUEST, "AWS/SQS,QueueName", QUEUE_CALLS, waiting),
    ]
    lines: list[list[Any]] = []
    terms: list[str] = []
    for dollars, by, metrics, names in asked:
        which = f"MetricName=({_any(metrics)}) {by.split(',')[1]}=({_any(names)})"
        found = f"SUM(SEARCH('{{{by}}} {which}', 'Sum', {DAY}))"
        terms.append(f"FILL(c{len(lines)},0)*{dollars:.12f}")
        lines.append([{"expression": found, "id": f"c{len(lines)}", "period": DAY, "visible": False}])
    ended = f"SUM({_search('Records', 'flow,move,outcome', '', period=DAY)})"
    whole = f"1000*({'+'.join(terms)})/{ended}"
    return [*lines, [{"expression": whole, "label": "dollars per thousand", "period": DAY}]]


def _any(names: Sequence[str]) -> str:
    return " OR ".join(f'"{name}"' for name in names)


def _each(metric: str, by: str, statistic: str = "Sum", *, label: str = "", period: int = STEP) -> list[Any]:
    """One line for each value of the dimension."""
    shown = label or f"${{PROP('Dim.{by}')}}"
    return [{"expression": _search(metric, by, "", statistic=statistic, period=period), "label": shown}]


def _search(metric: str, by: str, which: str, *, statistic: str = "Sum", period: int = STEP) -> str:
    asked = f'MetricName="{metric}" {which}'.strip()
    return f"SEARCH('{{\"{NAMESPACE}\",{by},service}} {asked}', '{statistic}', {period})"


def _queue_age(queue: str) -> list[Any]:
    name = f"mlc-${{Stage}}-{queue}"
    return ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name, {"stat": "Maximum", "label": queue}]


def _word(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}
