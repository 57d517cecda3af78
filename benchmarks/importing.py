"""`import app` in a fresh interpreter, beside importing boto3 and chalice: what a cold start costs at least."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.delivery import ROOT
from benchmarks.measure import Line, compared, turns

CLOCKED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def _import(statement: str) -> Callable[[], float]:
    environ = {**os.environ, "STAGE": "local", "AWS_DEFAULT_REGION": "us-east-1"}

    def side() -> float:
        command = [sys.executable, "-c", CLOCKED.format(statement)]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
        return float(done.stdout)

    return side


def run(records: int, repeats: int) -> Iterator[Line]:
    floor = "boto3 + chalice"
    found = turns({"ours": _import("import app"), floor: _import("import boto3, chalice")}, repeats * 3)
    yield compared("import app", found, floor, unit="s", target=1.1, at_most=True)
