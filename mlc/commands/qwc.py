"""The file and the password for a connection that calls us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, Trouble, part
from mlc.session import AsJson, Session, print_json

STEPS = (
    "On the PC with QuickBooks, with the company file open as Admin in single-user mode: open the Web Connector, "
    "Add an Application, choose the file, allow access always; then type the password and tick Auto-Run."
)


def qwc(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The connection.")],
    *,
    new_password: Annotated[
        bool, typer.Option("--new-password", help="Make a new password; the one before stops working.")
    ] = False,
    every: Annotated[
        int, typer.Option("--every", metavar="MINUTES", min=1, max=1440, help="How often the Web Connector calls.")
    ] = 15,
    moved: Annotated[
        bool, typer.Option("--moved", help="The company file lies elsewhere now, perhaps on another PC.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", help="Write the file here, not as NAME.qwc.")] = None,
    as_json: AsJson = False,
) -> None:
    """The .qwc file for the QuickBooks Web Connector; its password is shown once."""
    session: Session = ctx.obj
    wish: Json = {"new_password": new_password, "every_minutes": every, "moved": moved}
    made = session.client.post(f"/connections/{part(name)}/qwc", wish)
    file = output or Path(str(made["file_name"]))
    if as_json:
        print_json(made)
        if output is None:
            return
    elif made["password"]:
        # First of all: nobody can show it again, whatever becomes of the file.
        show.say(f"The password of {made['user_name']}, shown this once:")
        typer.echo(made["password"])
    _write(file, str(made["file"]), name)
    if as_json:
        return
    show.say(f"Written to {file}.", "bold green")
    if made["password"]:
        show.say(STEPS)
    else:
        show.say(f"The password is the one that was shown before; `mlc qwc {name} --new-password` makes a new one.")


def _write(file: Path, text: str, name: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as gone:
        fix = f"Name another file: `mlc qwc {name} --output FILE`. It needs no new password."
        raise Trouble(f"{file} cannot be written ({gone.strerror}).", fix) from None
