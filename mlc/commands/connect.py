"""Connect a company through the browser: the link, what came of it, and the confirmation."""

from __future__ import annotations

from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, Trouble, part
from mlc.session import AsJson, Found, Session, print_json

WAIT_SECONDS = 600.0  # as long as a link lives


def connect(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The connection.")],
    *,
    open_: Annotated[bool, typer.Option("--open", help="Open the link in this machine's browser.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the sign-in and show what came of it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm the company that was found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Connect or reconnect a company: make a link for the person who may consent."""
    session: Session = ctx.obj
    known = _known(session, name)
    if known.get("found"):
        _confirm(session, name, known["found"], yes=yes, as_json=as_json)
        return
    link = session.client.post(f"/connections/{part(name)}/connect")
    if not as_json:
        show.say(f"Open this link as an administrator of the company, before {link['expires_at']}:", "bold")
        typer.echo(link["url"])
    if open_:
        typer.launch(link["url"])
    if not wait:
        if as_json:
            print_json(link)
        return
    came = _waited(session, name, link)
    if came["state"] == "found":
        _confirm(session, name, came["company"], yes=yes, as_json=as_json)
        return
    if as_json:
        print_json(came)
    elif came["state"] == "connected":
        show.say(f"{name} is connected to {_called(came['company'])}.", "bold green")
    else:
        show.say(str(came["message"]), "red")
        show.say(f"  {came['fix']}")
    if came["state"] != "connected":
        raise typer.Exit(1)


# ---------------------------------------------------------------------------------------------- inside


def _known(session: Session, name: str) -> Json:
    found: Json = next((one for one in session.client.get("/connections")["items"] if one["name"] == name), {})
    if not found:
        raise Trouble(f"There is no connection {name}.", "`mlc connections` lists them.")
    return found


def _waited(session: Session, name: str, link: Json) -> Json:
    def look() -> Found:
        found = session.client.get(f"/connections/{part(name)}/connect/{part(link['id'])}")
        return (None if found["state"] in ("offered", "waiting") else found), ""

    late: Json = {
        "state": "refused",
        "message": "Nobody has used the link.",
        "fix": f"Run `mlc connect {name}` again.",
    }
    return session.wait(look, seconds=WAIT_SECONDS, says=f"Waiting for the sign-in of {name}...") or late


def _confirm(session: Session, name: str, company: Json, *, yes: bool, as_json: bool) -> None:
    """Nothing runs on the connection before somebody has looked at the company's name."""
    if not yes:
        if as_json:
            print_json({"state": "found", "connection": name, "company": company})
            return
        typer.confirm(f"{name} leads to {_called(company)}. Is this the right company?", abort=True)
    done = session.client.post(f"/connections/{part(name)}/confirm", {"company": company["id"]})
    if as_json:
        print_json({"state": "connected", "connection": name, "company": done["company"]})
        return
    show.say(f"{name} is connected to {_called(done['company'])}.", "bold green")


def _called(company: Json) -> str:
    return f"{company['name']} ({company['id']})"
