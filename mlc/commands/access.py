"""Tenants (with the platform's key) and the API keys of a tenant."""

from __future__ import annotations

from typing import Annotated

import typer

from mlc import show
from mlc.client import part
from mlc.session import AsJson, print_json, told

tenants = typer.Typer(help="Make and list tenants, with the platform's key.", no_args_is_help=True)
keys = typer.Typer(help="List, make and delete API keys.", no_args_is_help=True)


@tenants.command("create")
@told
def create_tenant(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="The tenant's name.")], as_json: AsJson = False
) -> None:
    """Make a tenant and its first admin key."""
    answer = ctx.obj.client.post("/tenants", {"name": name})
    if as_json:
        print_json(answer)
        return
    show.say(f"{answer['tenant']} is there. Its admin key, shown this once:")
    typer.echo(answer["admin_key"])


@tenants.command("list")
@told
def list_tenants(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every tenant."""
    found = list(ctx.obj.client.pages("/tenants", limit=200))
    if as_json:
        print_json({"items": found})
    else:
        show.table(("name", "since"), [(one["name"], one["created_at"]) for one in found])


@keys.command("list")
@told
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The keys, by name and role."""
    found = list(ctx.obj.client.pages("/keys", limit=200))
    if as_json:
        print_json({"items": found})
        return
    rows = [(one["id"][:12], one["role"], one["name"], one["created_at"], one["expires"]) for one in found]
    show.table(("id", "role", "name", "since", "expires"), rows)


@keys.command("create")
@told
def create_key(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Who or what uses it.")],
    role: Annotated[str, typer.Option("--role", help="viewer, operator or admin.")] = "viewer",
    expires: Annotated[str, typer.Option("--expires", help="A moment with its zone: 2027-01-31T00:00:00Z.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an API key."""
    answer = ctx.obj.client.post("/keys", {"name": name, "role": role, **({"expires": expires} if expires else {})})
    if as_json:
        print_json(answer)
        return
    show.say(f"A key for {name} ({role}), shown this once:")
    typer.echo(answer["key"])


@keys.command("delete")
@told
def delete_key(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first 8 characters or more.")],
    as_json: AsJson = False,
) -> None:
    """Delete a key: it stops working at once."""
    answer = ctx.obj.client.delete(f"/keys/{part(key)}")
    if as_json:
        print_json(answer)
    else:
        show.say(f"Deleted {answer['deleted'][:12]}.")
