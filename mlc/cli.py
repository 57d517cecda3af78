"""`mlc`: the commands put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from mlc.commands import (
    access,
    connect,
    dlq,
    flows,
    mappings,
    matches,
    notices,
    qwc,
    reconcile,
    records,
    setup,
    webhooks,
)
from mlc.session import Session, told

DEFAULT_URL = "http://127.0.0.1:8321"


app = typer.Typer(
    name="mlc",
    help="ml-connector: what moves between your systems, what is held and why, and what to do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _session(
    ctx: typer.Context,
    url: Annotated[str, typer.Option("--url", envvar="MLC_URL", help="Where the service is.")] = DEFAULT_URL,
    key: Annotated[str, typer.Option("--key", envvar="MLC_KEY", help="Your API key.", show_default=False)] = "",
) -> None:
    ctx.obj = ctx.obj or Session()
    ctx.obj.url, ctx.obj.key = url, key.strip()


COMMANDS: Sequence[Callable[..., None]] = (
    setup.apply, setup.export, setup.connections, connect.connect, qwc.qwc, setup.ping, flows.sync,
    matches.matches,
    records.records, records.holds, records.why, records.trail, records.replay, records.resolve, records.status,
)  # fmt: skip
for command in COMMANDS:
    app.command()(told(command))
app.command()(flows.rehearse)
app.command()(reconcile.reconcile)
app.add_typer(flows.flows, name="flows")
app.add_typer(mappings.mappings, name="mappings")
app.add_typer(notices.notices, name="notices")
app.add_typer(access.tenants, name="tenants")
app.add_typer(access.keys, name="keys")
app.add_typer(webhooks.webhooks, name="webhooks")
app.add_typer(dlq.dlq, name="dlq")


def main() -> None:
    app()
