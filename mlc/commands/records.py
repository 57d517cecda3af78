"""Records: find them, ask what happened to them, replay and resolve them; holds and status."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from mlc import show
from mlc.client import Json, Trouble, part
from mlc.session import AsJson, Found, Session, print_json

RESOLVE_SECONDS = 60.0
TOO_MANY = 100_000

Id = Annotated[str, typer.Argument(metavar="ID", help="The record's id, as lists show it.")]
Flow = Annotated[str, typer.Option("--flow", help="Only this flow.")]


def records(
    ctx: typer.Context,
    *,
    flow: Flow = "",
    move: Annotated[str, typer.Option("--move", help="Only this move.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only records in this state.")] = "",
    query: Annotated[str, typer.Option("--q", help="Only those whose title, number, party or id contains this.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=TOO_MANY)] = 50,
    as_json: AsJson = False,
) -> None:
    """List records, newest document first."""
    page = min(limit, 200)
    entries = ctx.obj.client.pages("/records", flow=flow, move=move, state=state, q=query, limit=page)
    found = list(islice(entries, limit))
    if as_json:
        print_json({"items": found})
        return
    show.table(
        ("id", "state", "day", "title", "amount", "reason"),
        [
            (
                r["id"],
                r["state"],
                r["day"],
                r["title"],
                f"{r['amount']} {r['currency']}".strip(),
                (r["hold"] or {}).get("reason"),
            )
            for r in found
        ],
    )


def holds(ctx: typer.Context, flow: Flow = "", as_json: AsJson = False) -> None:
    """What waits for people: grouped by cause, with what to do."""
    answer = ctx.obj.client.get("/holds", flow=flow)
    if as_json:
        print_json(answer)
        return
    for group in answer["items"]:
        show.hold(group)
    if not answer["items"]:
        show.say("Nothing is held.", "green")
    if answer["more"]:
        show.say("There are more than can be shown at once.")


def why(ctx: typer.Context, record: Id, as_json: AsJson = False) -> None:
    """What happened to a record, why, and who has to do what now."""
    answer = ctx.obj.client.get(f"/records/{part(record)}/why")
    if as_json:
        print_json(answer)
        return
    for sentence in answer["sentences"]:
        show.say(str(sentence))


def trail(ctx: typer.Context, record: Id, as_json: AsJson = False) -> None:
    """Everything that happened to a record, oldest first."""
    entries = list(ctx.obj.client.pages(f"/records/{part(record)}/trail", limit=200))
    if as_json:
        print_json({"items": entries})
        return
    show.table(("at", "what", ""), [row for entry in entries for row in _moment(entry)])


def replay(
    ctx: typer.Context,
    record: Id,
    release: Annotated[
        bool, typer.Option("--release", help="Move it although it is older than the cut-over, or awaits approval.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over what somebody else changed in the target.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Decide a record again. Safe at any time."""
    answer = ctx.obj.client.post(f"/records/{part(record)}/replay", {"release": release, "overwrite": overwrite})
    if as_json:
        print_json(answer)
    else:
        show.say(f"{answer['title']} is decided again within a minute. `mlc why {record}` tells what comes of it.")


def resolve(
    ctx: typer.Context,
    record: Id,
    *,
    link: Annotated[str, typer.Option("--link", metavar="TARGET_ID", help="It is this record of the target.")] = "",
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Send nothing for its present state.")] = False,
    unlink: Annotated[bool, typer.Option("--unlink", help="Forget which record of the target it is.")] = False,
    reason: Annotated[str, typer.Option("--why", help="Why; kept in the trail.")] = "",
    as_json: AsJson = False,
) -> None:
    """Decide what holds a record: link it, dismiss it, or unlink it."""
    if (bool(link), dismiss, unlink).count(True) != 1:
        raise Trouble("Say one of --link TARGET_ID, --dismiss and --unlink.", usage=True)
    session: Session = ctx.obj
    action = "link" if link else "dismiss" if dismiss else "unlink"
    body: Json = {"action": action, "why": reason, **({"target_id": link} if link else {})}
    answer = session.client.post(f"/records/{part(record)}/resolve", body)
    if link:
        answer = _linked(session, record, str(answer["id"]))
    if as_json:
        print_json(answer)
    elif answer.get("ok"):
        show.say(f"Done: {record} is {str(answer['state']).replace('_', ' ')}.", "green")
    else:
        show.say(f"{answer.get('message')} {answer.get('fix')}".strip(), "red")
    if not answer.get("ok"):
        raise typer.Exit(1)


def status(ctx: typer.Context, as_json: AsJson = False) -> None:
    """How everything fares: connections, flows, holds, and what waits longest."""
    answer = ctx.obj.client.get("/status")
    if as_json:
        print_json(answer)
        return
    show.table(
        ("connection", "company", "access ends", "health", ""),
        [
            (
                one["name"],
                (one["company"] or {}).get("name") or "not known yet",
                str(one["expires_at"] or "")[:10],
                one["health"]["state"],
                " ".join(filter(None, [one["health"]["message"], one["health"]["fix"]])),
            )
            for one in answer["connections"]
        ],
    )
    show.table(
        ("flow", "state", "held", "run"),
        [(f["name"], f["state"], f["counts"]["held"], show.run(f["run"])) for f in answer["flows"]],
    )
    seen = {one["name"]: one["last_seen"] for one in answer["connections"]}
    for flow in answer["flows"]:
        if flow["counts"]["outbox"]:
            show.say(show.outbox(flow["counts"]["outbox"], seen[flow["to"]], flow["name"]))
    webhook = answer["notices"]["webhook"]
    if webhook["state"] == "failing":
        say = f"The webhook for notices fails since {webhook['since']}: {webhook['message']} {webhook['fix']}"
        show.say(say, "red")
    oldest = answer["oldest_waiting"]
    if oldest:
        show.say(
            f"Waiting longest: {oldest['title']} ({oldest['record']}) since {oldest['since']}. {oldest['why']}".strip()
        )


def _moment(entry: Json) -> list[tuple[object, object, object]]:
    """What happened, and below it each field that it was to change, before and after."""
    said = entry.get("why") or entry.get("message") or entry.get("label")
    changed = entry.get("changes")
    lines = show.changed_fields(changed) if isinstance(changed, dict) else []
    return [(entry["at"], entry["what"], said), *(("", "", line) for line in lines)]


def _linked(session: Session, record: str, errand: str) -> Json:
    client = session.client

    def look() -> Found:
        found = client.get(f"/records/{part(record)}/resolve/{part(errand)}")
        return (found if found["state"] != "queued" else None), ""

    late: Json = {
        "ok": False,
        "message": f"No answer within {RESOLVE_SECONDS:g} seconds.",
        "fix": f"Look again with `mlc trail {record}`.",
    }
    return session.wait(look, seconds=RESOLVE_SECONDS, says="Looking it up in the target...") or late
