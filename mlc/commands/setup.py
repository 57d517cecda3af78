"""The set-up: apply a file, export it, connections and whose company each leads to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
import yaml

from mlc import document, show
from mlc.client import Json, Refusal, Trouble, part
from mlc.commands.pinging import pinged
from mlc.session import AsJson, Session, errors, print_json


def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The YAML file.", exists=True, dir_okay=False)],
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply a configuration file: all of it or nothing."""
    session: Session = ctx.obj
    read = _read(file, as_json=as_json)
    try:
        answer = session.client.post("/apply", {"config": read.values, "plan": plan})
    except Refusal as refusal:
        if not refusal.faults:
            raise
        raise _unfit(file, [read.place(fault) for fault in refusal.faults], as_json=as_json) from None
    answer["companies"] = {name: pinged(session, name, errand) for name, errand in answer.get("pings", {}).items()}
    if as_json:
        print_json(answer)
        return
    show.changes(answer)
    if plan:
        show.say("Only planned: nothing was changed.", "bold")
    elif not answer["applied"]:
        show.say("Nothing to change.", "bold")
    else:
        for flow, count in answer.get("released", {}).items():
            show.say(f"{count} held records of {flow} go on.")
        for name, company in answer["companies"].items():
            show.ping(name, company)
        show.say("Applied.", "bold green")


def export(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """The configuration as a YAML file, without secrets."""
    answer = ctx.obj.client.get("/export")
    if as_json:
        print_json(answer)
        return
    text = yaml.safe_dump(answer["config"], sort_keys=False, allow_unicode=True)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as gone:
        raise Trouble(f"{out} cannot be written ({gone.strerror}).", "Name another file.") from None
    show.say(f"Written to {out}.")


def connections(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The connections, their companies and their health."""
    answer = ctx.obj.client.get("/connections")
    if as_json:
        print_json(answer)
        return
    show.table(
        ("name", "system", "environment", "company", "access ends", "calls this month", "metered reads", "health", ""),
        [
            (
                one["name"],
                one["title"],
                one["environment"],
                (one["company"] or {}).get("name") or "not known yet",
                str(one["expires_at"] or "")[:10],
                one["usage"]["calls"],
                one["usage"]["metered_reads"],
                one["health"]["state"],
                " ".join(filter(None, [one["health"]["message"], one["health"]["fix"]])) or _last_here(one),
            )
            for one in answer["items"]
        ],
    )


def ping(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The connection; without it, every one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask whose company is behind a connection's credentials."""
    session: Session = ctx.obj
    client = session.client
    names = [name] if name else [str(one["name"]) for one in client.get("/connections")["items"]]
    answers: dict[str, Json] = {}
    for one in names:
        errand = str(client.post(f"/connections/{part(one)}/ping")["id"])
        answers[one] = pinged(session, one, errand)
        if not as_json:
            show.ping(one, answers[one])
    if as_json:
        print_json({"pings": answers})
    if not all(answer.get("ok") for answer in answers.values()):
        raise typer.Exit(1)


# ---------------------------------------------------------------------------------------------- inside


def _last_here(connection: Json) -> str:
    return f"last here {str(connection['last_seen'])[:16]}" if connection["last_seen"] else ""


def _read(file: Path, *, as_json: bool) -> document.Document:
    try:
        return document.load(file, os.environ)
    except document.Unfit as unfit:
        raise _unfit(file, unfit.places, as_json=as_json) from None


def _unfit(file: Path, places: list[document.Place], *, as_json: bool) -> typer.Exit:
    """Say every place that does not fit; nothing was changed."""
    if as_json:
        found = [
            {"file": str(file), "line": place.line, "key": place.key, "expected": place.expected, "got": place.got}
            for place in places
        ]
        print_json({"detail": "Nothing was changed.", "errors": found})
        return typer.Exit(1)
    out = errors()
    for place in sorted(places, key=lambda place: place.line):
        out.print(place.said(str(file)), markup=False)
    out.print("Nothing was changed.", style="bold")
    return typer.Exit(1)
