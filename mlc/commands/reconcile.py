"""Compare both sides of a flow over a period, to the cent."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, Trouble, part
from mlc.session import AsJson, Found, Session, fail, print_json

COLUMNS = (
    "move", "line", "kind", "record", "title", "source_day", "source_amount", "source_currency",
    "target_id", "target_day", "target_amount", "target_currency", "why", "fix", "owner",
)  # fmt: skip
LINES = {
    "held": "held",
    "waiting": "waiting",
    "not_moved": "not moved",
    "refused": "refused",
    "difference": "differs",
}


def reconcile(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="flow", help="The flow.")],
    *,
    first: Annotated[str, typer.Option("--from", help="The first day, as YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="The last day, as YYYY-MM-DD.")],
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every record that is listed to this file.")] = (
        None
    ),
    timeout: Annotated[float, typer.Option("--timeout", help="How many seconds to wait at most.", min=1)] = 1800.0,
    as_json: AsJson = False,
) -> None:
    """Compare source and target over a period. Ends with 0 if they agree, 1 if not, 2 if it could not be told."""
    try:
        answer = _answer(ctx.obj, name, {"from": first, "to": last}, timeout)
        if csv_file is not None and answer["complete"]:
            _write(csv_file, answer["listed"])
    except Trouble as trouble:
        fail(trouble, as_json=as_json)
        raise typer.Exit(2) from None
    if as_json:
        print_json(answer)
    elif answer["complete"]:
        _show(answer)
    else:
        show.say(answer["message"], "red")
        show.say(answer["fix"])
    raise typer.Exit(2 if not answer["complete"] else 0 if answer["agrees"] else 1)


# ---------------------------------------------------------------------------------------------- inside


def _answer(session: Session, name: str, period: Json, timeout: float) -> Json:
    client = session.client
    errand = client.post(f"/flows/{part(name)}/reconcile", period)["id"]

    def look() -> Found:
        found = client.get(f"/flows/{part(name)}/reconcile/{part(errand)}")
        return (found if found["state"] == "done" else None), ""

    answer = session.wait(look, seconds=timeout, says=f"Reading both sides of {name}...")
    if answer is None:
        fix = "Is the service's job queue being worked off? `mlc status` shows how it fares."
        raise Trouble(f"No answer within {timeout:g} seconds.", fix)
    return answer


def _show(answer: Json) -> None:
    for move, bridge in answer["moves"].items():
        show.say(f"{move.replace('_', ' ')}, {answer['from']} to {answer['to']}", "bold")
        rows = [("source", "", bridge["source"]), ("target, of ours", "", bridge["target"])]
        rows += [(says, kind, total) for line, says in LINES.items() for kind, total in bridge[line].items()]
        rows += [("entered by others (not compared)", "", bridge["others"])]
        show.table(("", "why", "records", "amounts"), [(a, b, c["count"], show.amounts(c)) for a, b, c in rows])
    for found in answer["listed"]:
        _entry(found)
    if answer["left_out"]:
        show.say(f"{answer['left_out']} more records are counted above and not listed; reconcile a shorter period.")
    show.say(answer["verdict"], "green" if answer["agrees"] else "bold red")


def _entry(found: Json) -> None:
    loud = {"difference": "red", "held": "yellow"}.get(found["line"], "dim")
    kind = "IN THE TARGET TWICE" if found["kind"] == "duplicate" else found["kind"]
    show.say(f"{LINES[found['line']]}: {kind}: {found['title']} ({found['record']})", loud)
    theirs = "; ".join(f"{_money(one)} (id {one['id']})" for one in found["target"])
    show.say(f"  source {_money(found['source'])}, target {theirs or 'nothing'}. {found['why']}")
    if found["fix"]:
        show.say(f"  {found['owner']}: {found['fix']}")


def _money(paper: Json | None) -> str:
    if paper is None:
        return "nothing"
    amount = f"{paper['amount']} {paper['currency']}".strip() or "an unknown amount"
    return f"{amount} of {paper['day'] or 'no day'}"


def _write(file: Path, listed: list[Json]) -> None:
    """One row per record, and one per document where the target has several."""
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            rows = csv.writer(out)
            rows.writerow(COLUMNS)
            for found in listed:
                for n, there in enumerate(found["target"] or [{}]):
                    here = (found["source"] or {}) if n == 0 else {}  # so that a column adds up
                    rows.writerow(_plain(text) for text in _cells(found, here, there))
    except OSError as gone:
        raise Trouble(f"{file} cannot be written ({gone.strerror}).", "Name another file.") from gone


def _cells(found: Json, here: Json, there: Json) -> list[str]:
    names = ("day", "amount", "currency")
    begin = [str(found[name]) for name in COLUMNS[:5]]
    sides = [*(str(here.get(name, "")) for name in names), *(str(there.get(name, "")) for name in ("id", *names))]
    return [*begin, *sides, *(str(found[name]) for name in ("why", "fix", "owner"))]


def _plain(text: str) -> str:
    """A spreadsheet must not take a vendor's name for a formula; a negative amount stays a number."""
    number = text.removeprefix("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not number else text
