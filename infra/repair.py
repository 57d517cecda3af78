"""After a deploy that died half-way: doubles are taken away, and Chalice's note is written from what stands."""

from __future__ import annotations

from pathlib import Path

from infra.cloud import Cloud, look, write_note
from infra.render import ROOT


def repair(cloud: Cloud, root: Path = ROOT) -> list[str]:
    """What was done, one line each. Safe to run any number of times."""
    done = []
    standing = look(cloud)
    for name, (kept, *doubles) in standing.mappings.items():
        for double in doubles:
            cloud.client("lambda").delete_event_source_mapping(UUID=double["UUID"])
            done.append(f"{name}: took a second event source mapping away ({double['UUID']}, beside {kept['UUID']})")
    for double in standing.apis[1:]:
        cloud.client("apigateway").delete_rest_api(restApiId=double["id"])
        done.append(f"took a younger API away ({double['id']}, beside {standing.apis[0]['id']})")
    file = write_note(cloud, standing, root)
    count = len(standing.functions)
    return [*done, f"wrote {file.relative_to(root)}: {count} functions stand"]
