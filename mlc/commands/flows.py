"""Flows: look at them, start, pause, resume, rehearse and run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, part
from mlc.commands.pinging import pinged
from mlc.session import AsJson, Found, Session, errors, print_json, told

flows = typer.Typer(help="Look at flows, start, pause, resume and rehearse them.", no_args_is_help=False)

Name = Annotated[str, typer.Argument(help="The flow.")]
Timeout = Annotated[float, typer.Option("--timeout", help="How many seconds to wait at most.", min=1)]


@flows.callback(invoke_without_command=True)
def _listed(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        list_flows(ctx)


@flows.command("list")
@told
def list_flows(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every flow and its latest run."""
    answer = ctx.obj.client.get("/flows")
    if as_json:
        print_json(answer)
        return
    show.table(
        ("name", "state", "from", "to", "cut-over", "runs", "run"),
        [
            (f["name"], f["state"], f["from"], f["to"], f["cut_over"], show.schedule(f), show.run(f["run"]))
            for f in answer["items"]
        ],
    )


@flows.command("show")
@told
def show_flow(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """One flow: its set-up, and what its records came to."""
    answer = ctx.obj.client.get(f"/flows/{part(name)}")
    if as_json:
        print_json(answer)
    else:
        _shown(answer)


@flows.command()
@told
def start(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """End the rehearsal: from now on the flow writes."""
    session: Session = ctx.obj
    answer = session.client.post(f"/flows/{part(name)}/start")
    companies = {end: pinged(session, end, errand) for end, errand in answer.get("pings", {}).items()}
    if not as_json:
        for end, company in companies.items():
            show.ping(end, company)
    if companies:
        answer = session.client.get(f"/flows/{part(name)}")
    if as_json:
        print_json({**answer, "companies": companies})
    elif answer["state"] == "live":
        show.say(f"{name} is live.", "bold")
    else:
        show.say(f"{name} was not started: it starts when its connections have said whose company they lead to.", "red")
    if answer["state"] != "live":
        raise typer.Exit(1)


@flows.command()
@told
def pause(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Stop reading and writing; nothing is lost meanwhile."""
    _changed(ctx.obj, name, "pause", as_json=as_json)


@flows.command()
@told
def resume(
    ctx: typer.Context,
    name: Name,
    *,
    go_on: Annotated[bool, typer.Option("--go-on", help="Let it do what it paused itself for and showed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on after a pause. A flow that paused itself shows what it would do."""
    _changed(ctx.obj, name, "resume", as_json=as_json, body={"go_on": go_on})


@flows.command()
@told
def rehearse(ctx: typer.Context, name: Name, timeout: Timeout = 600.0, as_json: AsJson = False) -> None:
    """Decide everything, write nothing outside, and show what a live run would do."""
    session: Session = ctx.obj
    started = session.client.post(f"/flows/{part(name)}/rehearse")
    _run(session, name, str(started["run"]), timeout=timeout, as_json=as_json)


def sync(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[name]", help="The flow; without it, every one.")] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the run is over and everything is settled.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read everything, not only what changed.")] = False,
    timeout: Timeout = 600.0,
    as_json: AsJson = False,
) -> None:
    """Run a flow now."""
    session: Session = ctx.obj
    names = [name] if name else [str(flow["name"]) for flow in session.client.get("/flows")["items"]]
    for one in names:
        started = session.client.post(f"/flows/{part(one)}/sync", {"full": full})
        if wait:
            _run(session, one, str(started["run"]), timeout=timeout, as_json=as_json)
        elif as_json:
            print_json(started)
        else:
            show.say(f"The run {started['run']} has begun. `mlc flows show {one}` shows what comes of it.")


# ---------------------------------------------------------------------------------------------- inside


def _changed(session: Session, name: str, action: str, *, as_json: bool, body: Json | None = None) -> None:
    answer = session.client.post(f"/flows/{part(name)}/{action}", body)
    if as_json:
        print_json(answer)
    else:
        show.say(f"{name} is {answer['state']}.", "bold")


def _run(session: Session, name: str, run: str, *, timeout: float, as_json: bool) -> None:
    """Wait for the run, then show what came of it."""
    latest = session.wait(_quiet(session, name, run), seconds=timeout, says=f"{name} is running...")
    flow = session.client.get(f"/flows/{part(name)}")
    if as_json:
        print_json({**flow, "quiet": latest is not None})
    else:
        _shown(flow)
    if latest is None:
        busy = flow["latest_run"]
        errors().print(
            f"Not settled after {timeout:g} seconds: {busy['busy'] + busy['outbox']} records are still under way. They "
            f"go on by themselves; look again with `mlc flows show {name}`.",
            markup=False,
        )
        raise typer.Exit(1)
    if latest["state"] == "stopped":
        errors().print(f"The run stopped: {latest['trouble']}", markup=False, style="red")
        raise typer.Exit(1)


def _quiet(session: Session, name: str, run: str) -> Callable[[], Found]:
    client = session.client
    seen = 0

    def look() -> Found:
        nonlocal seen
        latest = client.get(f"/flows/{part(name)}/runs/latest")
        # Twice in a row: what a run queued shows up a moment after it ended.
        seen = seen + 1 if latest["quiet"] and latest["id"] >= run else 0
        progress = f"{latest['state']}, {latest['busy']} records under way"
        if latest["outbox"]:
            progress += f"; {show.outbox(latest['outbox'], latest['last_seen'], name)}"
        return (latest if seen > 1 else None), progress

    return look


def _shown(flow: Json) -> None:
    show.say(f"{flow['name']} ({flow['title']}): {flow['state']}", "bold")
    show.say(f"from {flow['from']} to {flow['to']}, {show.schedule(flow)}, cut-over {flow['cut_over']}")
    show.say(f"latest run: {show.run(flow['latest_run'])}")
    waiting = flow["latest_run"]["waiting"]
    if waiting:
        show.say(f"{waiting} records wait for their time to be tried again")
    if flow["latest_run"]["outbox"]:
        show.say(show.outbox(flow["latest_run"]["outbox"], flow["latest_run"]["last_seen"], flow["name"]))
    show.report(flow)
    held = sum(words["hold"]["count"] for words in flow["report"].values())
    if held:
        show.say(f"`mlc holds --flow {flow['name']}` shows the {held} held records and what to do.")
    if flow["state"] == "rehearsing":
        show.say(f"Nothing was written outside. `mlc flows start {flow['name']}` lets it write.")
