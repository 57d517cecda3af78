"""What all commands share: the client, how to print, and how to wait."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, ParamSpec

import typer
from rich.console import Console

from mlc.client import Client, Json, Refusal, Trouble, Unreachable

AsJson = Annotated[bool, typer.Option("--json", help="Print the service's answer as JSON.")]

Wants = ParamSpec("Wants")
Found = tuple[Json | None, str]  # the answer, if there is one, and how far it is

FIRST_LOOK, SLOWEST_LOOK = 0.3, 2.0
MOST_SILENCES = 15  # looks in a row that found nobody, before a wait is given up


@dataclass(slots=True)
class Session:
    """`sleep` and `now` are the clock's, so that tests need not wait."""

    url: str = ""
    key: str = field(default="", repr=False)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    @property
    def client(self) -> Client:
        return Client(self.url, self.key)

    def wait(self, look: Callable[[], Found], *, seconds: float, says: str) -> Json | None:
        """Look until there is an answer (None: the time is over). A service that restarts meanwhile is waited out."""
        end = self.now() + seconds
        pause, silences = FIRST_LOOK, 0
        with errors().status(says) as status:
            while True:
                try:
                    answer, progress = look()
                    silences = 0
                except Unreachable:
                    silences += 1
                    if silences >= MOST_SILENCES:
                        raise
                    answer, progress = None, "the service does not answer; waiting for it"
                if answer is not None or self.now() >= end:
                    return answer
                status.update(f"{says} {progress}".strip())
                self.sleep(pause)
                pause = min(pause * 1.5, SLOWEST_LOOK)


def console() -> Console:
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def errors() -> Console:
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def print_json(answer: object) -> None:
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def fail(trouble: Trouble, *, as_json: bool = False) -> typer.Exit:
    """Say it, and end with 1 (refused or failed) or 2 (the command line does not fit)."""
    if as_json:
        told = trouble.problem if isinstance(trouble, Refusal) else {"detail": trouble.message, "fix": trouble.fix}
        print_json(told)
    else:
        out = errors()
        out.print(trouble.message, markup=False, style="bold")
        if isinstance(trouble, Refusal):
            for fault in trouble.faults:
                got = f", got {fault['got']}" if fault.get("got") else ""
                out.print(f"  {fault.get('field')}: expected {fault.get('expected')}{got}", markup=False)
        if trouble.fix:
            out.print(trouble.fix, markup=False)
    return typer.Exit(2 if trouble.usage else 1)


def told(command: Callable[Wants, None]) -> Callable[Wants, None]:
    """The command with every trouble said in a sentence, never as a traceback."""

    @wraps(command)
    def run(*args: Wants.args, **kwargs: Wants.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Trouble as trouble:
            raise fail(trouble, as_json=bool(kwargs.get("as_json"))) from None

    return run
