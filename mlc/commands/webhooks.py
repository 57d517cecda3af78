"""Webhooks of vendors' apps, with the platform's key."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from mlc import show
from mlc.document import ENV
from mlc.session import AsJson, print_json, told

webhooks = typer.Typer(help="Take vendors' webhooks, with the platform's key.", no_args_is_help=True)


@webhooks.command("enter")
@told
def enter(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(help="The system that sends them.")],
    *,
    client_id: Annotated[str, typer.Option("--client-id", help="The app's client id there.")],
    environment: Annotated[str, typer.Option("--environment", help="The app's environment.")] = "production",
    verifier: Annotated[
        str, typer.Option("--verifier", metavar="env:NAME", help="Where the verifier token stands; else it is asked.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Enter an app's verifier token; the one before is taken for another day."""
    wish = {"system": system, "client_id": client_id, "environment": environment, "verifier": _secret(verifier)}
    answer = ctx.obj.client.post("/webhooks", wish)
    if as_json:
        print_json(answer)
        return
    show.say("Taken. The address to register in the vendor's portal:")
    typer.echo(answer["address"])


@webhooks.command("list")
@told
def list_webhooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The apps whose webhooks are taken, and deliveries that could not be read."""
    answer = ctx.obj.client.get("/webhooks")
    if as_json:
        print_json(answer)
        return
    rows = [
        (one["system"], app["environment"], app["client_id"], app["entered_at"], one["address"])
        for one in answer["items"]
        for app in one["apps"]
    ]
    show.table(("system", "environment", "client id", "since", "address"), rows)
    for one in answer["items"]:
        for odd in one["unread"]:
            show.say(f"{odd['at']} {one['system']}: {', '.join(odd['why'])}")
            show.say(odd["text"][:400])


def _secret(given: str) -> str:
    """Never typed on the command line, where the shell's history would keep it."""
    if not given:
        return str(typer.prompt("Verifier token", hide_input=True)).strip()
    name = given.removeprefix(ENV)
    if name == given:
        raise typer.BadParameter("name an environment variable, as in env:NAME, or leave it out to be asked")
    if not os.environ.get(name, "").strip():
        raise typer.BadParameter(f"the environment variable {name} is not set on this machine")
    return os.environ[name].strip()
