"""Who does what: every operation of the ports, with the function that Lambda would run it in, as IAM names it.

All tests run under it (tests/conftest.py): whatever a test has a function do, that function's policy must allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

import pytest

from chalicelib import registry, wiring
from chalicelib.entry import api, hooks, jobs, oauth_pages
from infra.functions import API, Function, functions, writer_queue
from infra.policies import policy
from simulator.memory.watch import Effect, Watched

STAGE = "prod"
# Queues that only flows made up by tests write to: no registered flow reads there and writes that.
MADE_UP = {
    ("api_handler", f":mlc-{STAGE}-writer-quickbooks_online"),
    ("poll", f":mlc-{STAGE}-writer-paper"),
    ("tick", f":mlc-{STAGE}-writer-paper"),
}

# What each operation of a port asks of AWS; test_policies.py holds it against the adapters.
ACTIONS = {
    "get": {"dynamodb:BatchGetItem", "dynamodb:GetItem"},
    "query": {"dynamodb:Query"},
    "write": {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem"},
    "send": {"sqs:GetQueueUrl", "sqs:SendMessage"},
    "acknowledge": {"sqs:DeleteMessage", "sqs:GetQueueUrl"},
    "receive": {"sqs:GetQueueUrl", "sqs:ReceiveMessage"},
    "release": {"sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"},
    "read_secret": {"secretsmanager:GetSecretValue"},
    "write_secret": {"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"},
    "seal": {"kms:Encrypt"},
    "unseal": {"kms:Decrypt"},
    "publish": {"sns:Publish"},
    "mail": {"ses:SendEmail", "ses:SendRawEmail"},
}


class Use(NamedTuple):
    """`place` is what a policy's resource ends in."""

    function: str
    action: str
    place: str


_running: ContextVar[str] = ContextVar("_running", default="")


def _place(effect: Effect) -> Iterator[str]:
    match effect.operation:
        case "query":
            _, index = effect.keys[0]
            yield f":table/mlc-{STAGE}/index/{index}" if index else f":table/mlc-{STAGE}"
        case "get" | "write":
            yield f":table/mlc-{STAGE}"
        case "send" | "acknowledge" | "receive" | "release":
            yield f":mlc-{STAGE}-{effect.keys[0]}"
        case "read_secret" | "write_secret":
            yield f":secret:mlc/{STAGE}/{effect.keys[0]}"
        case "seal" | "unseal":
            yield ":key/"
        case "mail":
            yield ":identity/"
        case "publish":
            yield f":mlc-{STAGE}"


@contextmanager
def recording() -> Iterator[set[Use]]:
    """What is done meanwhile; people at work and the test itself are nobody's function and are left out."""
    uses: set[Use] = set()
    known: set[tuple[str, str, str]] = set()
    watched = Watched._watched

    def noted(self: Any, effect: Effect, act: Callable[[], Any]) -> Any:
        function = _running.get()
        if function and effect.operation in ACTIONS:
            for place in _place(effect):
                if (function, effect.operation, place) not in known:
                    known.add((function, effect.operation, place))
                    uses.update(Use(function, action, place) for action in ACTIONS[effect.operation])
        before = _running.set("")  # what a test does at this moment is done by nobody
        try:
            return watched(self, effect, act)
        finally:
            _running.reset(before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Watched, "_watched", noted)
        for module, name, function in _doors():
            patch.setattr(module, name, _within(getattr(module, name), function))
        patch.setattr(jobs, "write", _writing(jobs.write))
        callers = [wiring.load_system(system).caller for system in registry.CALLERS]
        answers = [caller.answer for caller in callers if caller]
        for caller, answer in zip(callers, answers, strict=True):
            object.__setattr__(caller, "answer", _within(answer, API))
        yield uses
        for caller, answer in zip(callers, answers, strict=True):
            object.__setattr__(caller, "answer", answer)


@cache
def allowed(function: Function) -> tuple[tuple[str, str, str], ...]:
    """(statement, action, resource) without the account."""
    return tuple(
        (statement["Sid"], action, resource.split(":*:*", 1)[1])
        for statement in policy(function, STAGE)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    )


def covers(resource: str, place: str) -> bool:
    return place == resource or (resource.endswith("*") and place.startswith(resource[:-1]))


@cache
def may(use: Use) -> bool:
    (function,) = (one for one in functions() if one.name == use.function)
    return any(use.action == action and covers(resource, use.place) for _, action, resource in allowed(function))


def _doors() -> Iterator[tuple[Any, str, str]]:
    yield from ((door, "dispatch", API) for door in (api, hooks, oauth_pages))
    yield from (
        (jobs, door, function) for door, function in (("poll_steps", "poll"), ("jobs", "jobs"), ("tick", "tick"))
    )


def _within(act: Callable[..., Any], function: str) -> Callable[..., Any]:
    def acting(*given: Any, **named: Any) -> Any:
        before = _running.set(function)
        try:
            return act(*given, **named)
        finally:
            _running.reset(before)

    return acting


def _writing(act: Callable[..., Any]) -> Callable[..., Any]:
    functions = {writer_queue(system): f"writer_{system}" for system in registry.TARGETS}

    def writing(engine: Any, queue: str, batch: Any) -> None:
        _within(act, functions.get(queue, ""))(engine, queue, batch)

    return writing
