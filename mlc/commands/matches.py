"""The match report: what the records of a flow were taken for, and why; and where the codes of its documents go."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, Trouble, part
from mlc.session import AsJson, Session, print_json


def matches(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="flow", help="The flow.")],
    *,
    move: Annotated[str, typer.Option("--move", help="Only this move.")] = "",
    what: Annotated[str, typer.Option("--what", help="Only this, such as suggested.")] = "",
    codes: Annotated[bool, typer.Option("--codes", help="Where the codes of documents go, in its place.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """What each record was matched with: matched, created, suggested, skipped, and why."""
    if codes and (move or what):
        raise Trouble("--codes goes without --move and --what.", usage=True)
    client = ctx.obj.client
    path = f"/flows/{part(name)}/{'codes' if codes else 'matches'}"
    asked: Json = {} if codes else {"move": move, "what": what}
    if csv_file is not None:
        _write(csv_file, client.sheet(path, **asked))
    if codes:
        _codes(client.get(path), as_json=as_json)
        return
    if csv_file is not None and not as_json:
        return
    _matches(ctx.obj, path, asked, as_json=as_json)


# ---------------------------------------------------------------------------------------------- inside


def _matches(session: Session, path: str, asked: Json, *, as_json: bool) -> None:
    rows = list(session.client.pages(path, **asked, limit=200))
    if as_json:
        print_json({"items": rows})
        return
    columns = ("move", "title", "what", "target", "rule", "score", "why")
    show.table(columns, [[str(row[column]).replace("_", " ") for column in columns] for row in rows])
    counts = Counter(str(row["what"]).replace("_", " ") for row in rows)
    show.say(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))


def _codes(answer: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    columns = ("kind", "code", "label", "target", "documents", "amount", "currency", "why")
    show.table(columns, [[row[column] for column in columns] for row in answer["items"]])
    for unread in answer["not_readable"]:
        show.say(f"Not counted: {unread}", "yellow")
    if answer["cut"]:
        show.say(f"Only {answer['looked_at']} documents were looked at; there are more.", "yellow")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as gone:
        raise Trouble(f"{file} cannot be written ({gone.strerror}).", "Name another file.") from gone
    show.say(f"Written to {file}.", "green")
