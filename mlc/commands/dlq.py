"""Dead letters: messages that failed too often. For the operator, with the platform's key."""

from __future__ import annotations

from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, part
from mlc.session import AsJson, Found, Session, print_json, told

SECONDS = 180.0

dlq = typer.Typer(help="Messages that failed too often, with the platform's key.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The letters' ids, as `mlc dlq list` shows them.")]
Queue = Annotated[str, typer.Option("--queue", help="Only this queue, such as poll or jobs.")]


@dlq.command("list")
@told
def list_letters(ctx: typer.Context, queue: Queue = "", as_json: AsJson = False) -> None:
    """What lies in each dead-letter queue, since when, and what each message is about; and what is parked."""
    answer = _ask(ctx.obj, {"do": "list", "queue": queue})
    if as_json:
        print_json(answer)
        return
    rows = [(one["queue"], f"{one['messages']}{'+' if one['more'] else ''}", one["oldest"]) for one in answer["queues"]]
    show.table(("queue", "messages", "oldest sent"), rows)
    _letters(answer["letters"])


@dlq.command("redrive")
@told
def redrive(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Only these, parked ones too.")] = None,
    queue: Queue = "",
    parked: Annotated[bool, typer.Option("--parked", help="Those that are parked, after the mend.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send them back to where they came from; one that failed again since it was sent back is parked."""
    _do(ctx.obj, {"do": "redrive", "queue": queue, "ids": ids or [], "parked": parked}, as_json)


@dlq.command("park")
@told
def park(
    ctx: typer.Context,
    ids: Ids,
    why: Annotated[str, typer.Option("--why", help="For whoever looks at it next.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put letters aside and hold their records, until the service is mended."""
    _do(ctx.obj, {"do": "park", "ids": ids, "why": why}, as_json)


@dlq.command("drop")
@told
def drop(ctx: typer.Context, ids: Ids, as_json: AsJson = False) -> None:
    """Delete letters, parked or not: those that can never succeed, such as of a customer who is gone."""
    _do(ctx.obj, {"do": "drop", "ids": ids}, as_json)


def _do(session: Session, wish: Json, as_json: bool) -> None:
    answer = _ask(session, wish)
    if as_json:
        print_json(answer)
    else:
        _letters([one for one in answer["letters"] if one["came"]])
        if any(one["more"] for one in answer["queues"]):
            show.say("There are more: say it again.")
    for id_ in answer["missing"]:
        typer.echo(f"No letter {id_} is there any more.", err=True)
    if answer["missing"]:
        raise typer.Exit(1)


def _ask(session: Session, wish: Json) -> Json:
    client = session.client
    errand = str(client.post("/dead-letters", wish)["id"])

    def look() -> Found:
        found = client.get(f"/dead-letters/{part(errand)}")
        return (found if found["state"] == "done" else None), ""

    answer = session.wait(look, seconds=SECONDS, says="Going through the dead letters...")
    if answer is None:
        show.say(f"No answer within {SECONDS:g} seconds. Does the jobs function run? Saying it again does no harm.")
        raise typer.Exit(1)
    return answer


def _letters(letters: list[Json]) -> None:
    rows = [
        (one["id"], one["queue"], one["what"], _about(one["about"]), one["sent_at"], one["came"] or _stands(one))
        for one in letters
    ]
    if rows:
        show.table(("id", "queue", "what", "about", "sent", ""), rows)


def _about(about: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in about.items())


def _stands(letter: Json) -> str:
    parked = letter["parked"]
    if not parked:
        return f"{letter['copies']} copies" if letter["copies"] > 1 else ""
    state = f" Its record is {parked['state']}." if parked["state"] else ""
    return f"parked {parked['at']}: {parked['why']}{state}"
