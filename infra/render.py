"""What is rendered from the registry and committed: the template, Chalice's configuration, and the policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib.settings import STAGES
from infra.functions import API_STAGE, APP, NEVER_DEPLOYED, Function, functions
from infra.policies import policy
from infra.template import stack

ROOT = Path(__file__).resolve().parent.parent


def rendered() -> dict[str, str]:
    """Every rendered file: its path below the project, and its text."""
    files: dict[str, Any] = {"infra/stack.json": stack(), ".chalice/config.json": config()}
    for stage in STAGES:
        if stage != NEVER_DEPLOYED:
            for function in functions():
                files[f".chalice/{policy_file(function, stage)}"] = policy(function, stage)
    return {path: json.dumps(content, indent=2) + "\n" for path, content in files.items()}


def write(root: Path = ROOT) -> list[str]:
    """Write what differs and remove policies of functions that are gone; returns the paths touched."""
    files = rendered()
    touched = []
    for path, text in files.items():
        file = root / path
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            touched.append(path)
    for file in sorted((root / ".chalice").glob("policy-*.json")):
        path = file.relative_to(root).as_posix()
        if path not in files:
            file.unlink()
            touched.append(path)
    return touched


def config() -> dict[str, Any]:
    return {
        "version": "2.0",
        "app_name": APP,
        # Without it `chalice deploy --stage TYPO` would take the stage from the caller's shell; "" is refused.
        "environment_variables": {"STAGE": ""},
        "stages": {stage: _stage(stage) for stage in STAGES},
    }


def _stage(stage: str) -> dict[str, Any]:
    return {
        "api_gateway_stage": API_STAGE,
        "api_gateway_endpoint_type": "REGIONAL",
        "autogen_policy": False,
        "environment_variables": {"STAGE": stage},
        "lambda_functions": {function.name: _function(function, stage) for function in functions()},
    }


def _function(function: Function, stage: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"lambda_timeout": function.timeout, "lambda_memory_size": function.memory}
    if stage != NEVER_DEPLOYED:
        settings["iam_policy_file"] = policy_file(function, stage)
    return settings


def policy_file(function: Function, stage: str) -> str:
    return f"policy-{stage}-{function.name}.json"
