"""Notices to people: try whether they arrive."""

from __future__ import annotations

import typer

from mlc import show
from mlc.client import Json, part
from mlc.session import AsJson, Found, Session, print_json, told

TEST_SECONDS = 60.0

notices = typer.Typer(help="Notices to people.", no_args_is_help=True)


@notices.callback()
def _notices() -> None:
    """Keeps `test` a command of its own while it is the only one."""


@notices.command()
@told
def test(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Send a test notice, and say what came of it."""
    session: Session = ctx.obj
    client = session.client
    errand = str(client.post("/notices/test")["id"])

    def look() -> Found:
        found = client.get(f"/notices/test/{part(errand)}")
        return (found if found["state"] == "done" else None), ""

    late: Json = {
        "ok": False,
        "message": f"No answer within {TEST_SECONDS:g} seconds.",
        "fix": "Is the service's job queue being worked off? `mlc status` shows how it fares.",
    }
    answer = session.wait(look, seconds=TEST_SECONDS, says="Sending a test notice...") or late
    if as_json:
        print_json(answer)
    else:
        show.notice_test(answer)
    if not answer.get("ok"):
        raise typer.Exit(1)
