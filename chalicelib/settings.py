"""The environment, read once into one frozen value. On AWS the stage is all there is to set."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

LOCAL = "local"
REHEARSAL = "rehearsal"
STAGES = (LOCAL, REHEARSAL, "dev", "prod")
RUNTIME = (3, 13)  # Lambda's; Chalice deploys on the interpreter that it runs on, and only there do the packages fit
ANY_PYTHON = (LOCAL, REHEARSAL)
ENDPOINT_NAMES = ("api", "oauth", "login", "auth")
LOCAL_PORT = "8321"
SIMULATED_RATE = 20.0  # how much faster than the vendor allows our own simulators may be called


@dataclass(frozen=True, slots=True)
class Settings:
    """`endpoints` name other hosts for a system (stage local only); `simulated` are the systems that are ours there."""

    stage: str
    region: str = "us-east-1"
    aws_endpoint: str | None = None
    endpoints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    simulated: tuple[str, ...] = ()
    port: str = LOCAL_PORT

    @property
    def is_local(self) -> bool:
        return self.stage == LOCAL

    def queue_name(self, name: str) -> str:
        return f"mlc-{self.stage}-{name}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    return read(os.environ)


def read(environ: Mapping[str, str], *, python: tuple[int, int] = sys.version_info[:2]) -> Settings:
    """Raises SystemExit with a plain sentence when the environment does not fit."""
    stage = environ.get("STAGE", "")
    if stage not in STAGES:
        raise SystemExit(f"The stage is {stage or 'not named, or unknown'}; it must be one of {', '.join(STAGES)}.")
    if stage != LOCAL and environ.get("MLC_ENDPOINTS"):
        raise SystemExit(f"MLC_ENDPOINTS is for stage local only; the stage is {stage}. Unset it.")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    if not region and stage != LOCAL:
        raise SystemExit("No region: set AWS_DEFAULT_REGION.")
    if python != RUNTIME and stage not in ANY_PYTHON:
        raise SystemExit(
            f"Stage {stage} runs on Python {_dotted(RUNTIME)}, and this is {_dotted(python)}. "
            f"Set up and deploy with it: rm -rf .venv && make setup PYTHON=python{_dotted(RUNTIME)}"
        )
    return Settings(
        stage=stage,
        region=region or "us-east-1",
        aws_endpoint=environ.get("AWS_ENDPOINT_URL") or None,
        endpoints=endpoints(environ.get("MLC_ENDPOINTS", "")) if stage == LOCAL else {},
        simulated=tuple(filter(None, environ.get("MLC_SIMULATED", "").split(","))) if stage == LOCAL else (),
        port=environ.get("MLC_PORT") or LOCAL_PORT,
    )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def endpoints(text: str) -> dict[str, dict[str, str]]:
    """MLC_ENDPOINTS: per system a URL, or an object of URLs by name; null leaves the system out."""
    if not text.strip():
        return {}
    try:
        named = json.loads(text)
    except ValueError as bad:
        raise SystemExit(f"MLC_ENDPOINTS is not JSON: {bad}.") from None
    if not isinstance(named, dict):
        raise SystemExit("MLC_ENDPOINTS must be a JSON object of system names and URLs.")
    found: dict[str, dict[str, str]] = {}
    for system, given in named.items():
        if given is None:
            continue
        urls: dict[str, str] = given if isinstance(given, dict) else dict.fromkeys(ENDPOINT_NAMES, str(given))
        if not all(isinstance(url, str) and re.match(r"^https?://", url) for url in urls.values()):
            raise SystemExit(f"MLC_ENDPOINTS: {system} must be a URL, or an object of URLs.")
        found[str(system)] = urls
    return found
