"""After a deploy that died half-way, or what was changed by hand: doubles are taken away, what the template says of
queues and alarms is put back, and Chalice's note is written from what stands.

CloudFormation itself changes only what the template changes, so `up` would not put back what somebody took away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.check import as_committed, queues_amiss, silent_alarms
from infra.cloud import Cloud, Standing, look, write_note
from infra.functions import APP
from infra.render import ROOT
from infra.up import find_stack


def repair(cloud: Cloud, root: Path = ROOT) -> list[str]:
    """What was done, one line each, and last what to run. Safe to run any number of times."""
    standing = look(cloud)
    done = [*_undoubled(cloud, standing)]
    stands = find_stack(cloud.client("cloudformation"), f"{APP}-{cloud.stage}") is not None
    if stands and as_committed(cloud):
        done += _put_back(cloud)
    file = write_note(cloud, standing, root)
    done.append(f"wrote {file.relative_to(root)}: {len(standing.functions)} functions stand")
    if not stands:
        done.append(f"The stack {APP}-{cloud.stage} is not there, so first {cloud.up}")
    return [*done, f"Now {cloud.deploy}"]


def _undoubled(cloud: Cloud, standing: Standing) -> Iterator[str]:
    for name, (kept, *doubles) in standing.mappings.items():
        for double in doubles:
            cloud.client("lambda").delete_event_source_mapping(UUID=double["UUID"])
            yield f"{name}: took a second event source mapping away ({double['UUID']}, beside {kept['UUID']})"
    for double in standing.apis[1:]:
        cloud.client("apigateway").delete_rest_api(restApiId=double["id"])
        yield f"took a younger API away ({double['id']}, beside {standing.apis[0]['id']})"


def _put_back(cloud: Cloud) -> Iterator[str]:
    sqs = cloud.client("sqs")
    for queue, wanted, hides in queues_amiss(cloud):
        if hides is None:
            continue
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(wanted)})
        yield f"a message of {queue} hides for {wanted} s again"
    for alarm in silent_alarms(cloud):
        cloud.client("cloudwatch").put_metric_alarm(**alarm)
        yield f"put the alarm {alarm['AlarmName']} back"
