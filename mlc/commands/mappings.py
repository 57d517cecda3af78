"""Mappings and rules: as a CSV file out and in, their versions, and back to an earlier one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlc import sheet, show
from mlc.client import Json, Refusal, Trouble, part
from mlc.session import AsJson, errors, print_json, told

mappings = typer.Typer(help="Mappings and rules of a flow: CSV out and in, versions, roll back.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The flow.")]
Plan = Annotated[bool, typer.Option("--plan", help="Only show what would change.")]
Number = Annotated[int, typer.Argument(help="The number of the version.", min=1)]


@mappings.command()
@told
def export(
    ctx: typer.Context,
    name: Name,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """The present mappings and rules as CSV."""
    answer = ctx.obj.client.get(f"/flows/{part(name)}/mappings")
    if as_json:
        print_json(answer)
        return
    text = sheet.written(answer)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_bytes(text.encode("utf-8-sig"))  # with the mark by which spreadsheets know UTF-8
    except OSError as gone:
        raise Trouble(f"{out} cannot be written ({gone.strerror}).", "Name another file.") from None
    show.say(f"Version {answer['version']} written to {out}.")
    show.say(
        f"`mlc mappings import {name} {out} --based-on {answer['version']}` saves it only if nobody did meanwhile."
    )


@mappings.command("import")
@told
def import_(
    ctx: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The CSV file.", exists=True, dir_okay=False)],
    *,
    plan: Plan = False,
    based_on: Annotated[
        int | None, typer.Option("--based-on", help="The version that the file was made from.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save a CSV file: each kind in it takes the place of that kind's mappings or rules; other kinds stay."""
    path = f"/flows/{part(name)}/mappings"
    try:
        read = sheet.load(file)
    except sheet.Unfit as unfit:
        raise _unfit(file, unfit.places, as_json=as_json) from None
    present = ctx.obj.client.get(path)
    body = {
        "version": based_on or present["version"],
        "mappings": {**present["mappings"], **read.mappings},
        "rules": {**present["rules"], **read.rules},
        "plan": plan,
    }
    try:
        answer = ctx.obj.client.put(path, body)
    except Refusal as refusal:
        if refusal.faults and all(
            str(fault.get("field")).startswith(("/mappings", "/rules")) for fault in refusal.faults
        ):
            raise _unfit(file, [read.place(fault) for fault in refusal.faults], as_json=as_json) from None
        _changed_meanwhile(refusal, as_json=as_json)
        raise
    _saved(name, answer, plan=plan, as_json=as_json)


@mappings.command()
@told
def versions(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Every version, newest first: who saved it and when."""
    found = list(ctx.obj.client.pages(f"/flows/{part(name)}/mappings/versions", limit=50))
    if as_json:
        print_json({"items": found})
        return
    show.table(
        ("version", "saved at", "by", "mappings", "rules", ""),
        [
            (one["version"], one["at"], one["by"], one["mappings"], one["rules"], _restored(one["restored"]))
            for one in found
        ],
    )


@mappings.command()
@told
def diff(
    ctx: typer.Context,
    name: Name,
    version: Number,
    against: Annotated[int | None, typer.Argument(help="Another version; without it, the one before.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """How a version differs from the one before, or from another."""
    answer = ctx.obj.client.get(f"/flows/{part(name)}/mappings/versions/{version}", against=against)
    if as_json:
        print_json(answer)
        return
    before = f"version {answer['against']}" if answer["against"] else "nothing"
    show.say(f"From {before} to version {version}, saved by {answer['by']} at {answer['at']}:", "bold")
    show.details(answer["changes"])
    if not answer["changes"]:
        show.say("They are the same.")


@mappings.command()
@told
def rollback(ctx: typer.Context, name: Name, version: Number, plan: Plan = False, as_json: AsJson = False) -> None:
    """Bring back what an earlier version held, as a new version."""
    answer = ctx.obj.client.post(f"/flows/{part(name)}/mappings/rollback", {"to": version, "plan": plan})
    _saved(name, answer, plan=plan, as_json=as_json)


# ---------------------------------------------------------------------------------------------- inside


def _saved(name: str, answer: Json, *, plan: bool, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    show.details(answer["changes"])
    show.remarks(answer)
    if plan:
        show.preview(name, answer["preview"])
        show.say("Only planned: nothing was changed.", "bold")
    elif not answer["applied"]:
        show.say("Nothing to change.", "bold")
    else:
        for flow, count in answer["released"].items():
            show.say(f"{count} held records of {flow} go on.")
        show.say(f"Saved as version {answer['version']}.", "bold green")


def _changed_meanwhile(refusal: Refusal, *, as_json: bool) -> None:
    """What somebody else saved since; the refusal itself is said after it."""
    if refusal.status == 409 and not as_json:
        for detail in refusal.problem.get("changes", ()):
            errors().print(f"    {show.changed_to(detail)}", markup=False)


def _unfit(file: Path, places: list[sheet.Place], *, as_json: bool) -> typer.Exit:
    if as_json:
        found = [{"row": one.row, "column": one.column, "expected": one.expected, "got": one.got} for one in places]
        print_json({"detail": "Nothing was changed.", "errors": found})
        return typer.Exit(1)
    for place in sorted(places, key=lambda place: place.row):
        errors().print(place.said(str(file)), markup=False)
    errors().print("Nothing was changed.", style="bold")
    return typer.Exit(1)


def _restored(version: object) -> str:
    return f"brought back version {version}" if version else ""
