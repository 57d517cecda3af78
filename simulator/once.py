"""`make run ARGS=--once`: run every flow until quiet, show what moved and what is held and why, and prove the totals.

The proof (proof.py) asks both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from simulator import proof, seed, seed_desktop, seed_interiors, seed_studio
from simulator.house import House, shown

PATIENCE = 600.0
LINE_EVERY = 5.0  # seconds between lines of progress where there is no terminal

Records = list[dict[str, Any]]


def run(house: House, console: Console) -> int:
    """0 only if every flow came to rest, in order, and the totals agree."""
    begun = monotonic()
    key = (house.folder / "mlc.key").read_text()
    found = house.call("GET", "/api/v1/flows", key)["items"]
    if not found and not house.trouble:
        _say(console, "No flow is set up here; `mlc apply` sets one up.")
    well = not house.trouble  # it was said why
    for flow in [one["name"] for one in found if well or one["state"] == "live"]:
        well &= _until_quiet(house, console, key, flow)
        if _people_at_work(house, console, key, flow):
            well &= _until_quiet(house, console, key, flow)
            if flow == seed.STUDIO_FLOW:
                well &= _still(house, console, key, flow)
        records = list(_records(house, key, flow))
        shown_records = [record for record in records if record["state"] != WHOLE]
        _show(console, flow, shown_records)
        under_way = sum(_word(record) == "on its way" for record in shown_records)
        if under_way:
            told = f"{under_way} records of {flow} are still on their way."
            _say(console, f"{told} {_waited_for(house, key, flow)}".rstrip(), "red")
        well &= not under_way
        if house.simulate and flow in seed.FLOWS:
            well &= proof.agree(house, console, flow, records)
    _say(console, f"{monotonic() - begun:.0f} seconds. Logs: {shown(house.folder)}/logs/", "dim")
    return 0 if well else 1


# ---------------------------------------------------------------------------------------------- running


def _people_at_work(house: House, console: Console, key: str, flow: str) -> bool:
    """So that a run has something to change, to take away, to pay and to approve."""
    did = ""
    if not house.simulate or any(system not in house.urls for system in seed.FLOWS.get(flow, ())):
        return False
    if flow == seed.INTERIORS_FLOW and seed_interiors.people_at_work(house.backstage, seed_desktop.PATH):
        did = "corrected, deleted, voided and paid bills"
    if flow == seed.STUDIO_FLOW:
        seed_studio.people_at_work(
            house.backstage, lambda method, path, body: house.call(method, f"/api/v1{path}", key, body)
        )
        did = "approved and cancelled orders, paid a bill, and checked what was mailed to the AP inbox"
    if did:
        _say(console, f"{flow}: people {did}; it runs again.")
    return bool(did)


def _still(house: House, console: Console, key: str, flow: str) -> bool:
    """Run twice more, all of both systems read again. False if either, or the mail, was asked for a change."""
    before = seed_studio.writes(house.backstage)
    well = _until_quiet(house, console, key, flow, full=True) and _until_quiet(house, console, key, flow, full=True)
    after = seed_studio.writes(house.backstage)
    again = [f"{place}: {call}" for place in after for call in after[place][len(before[place]) :]]
    for call in again:
        _say(console, f"{flow}: asked for a change again: {call}", "red")
    if well and not again:
        asked = sum(len(calls) for calls in before.values())
        told = "ran twice more and read all of both systems again: nothing changed"
        _say(console, f"{flow} {told}; after {asked} calls that asked for a change there was none.")
    return well and not again


def _until_quiet(house: House, console: Console, key: str, flow: str, *, full: bool = False) -> bool:
    """Run the flow until nothing of it is under way. False, with the reason said, if it did not get there in order."""
    house.call("POST", f"/api/v1/flows/{flow}/sync", key, {"full": full}, again=True)
    end, next_line = monotonic() + PATIENCE, monotonic() + LINE_EVERY
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{flow}: running")
        while monotonic() < end:
            dead = house.tend()
            if dead:
                raise SystemExit(f"The process {dead} died; see {shown(house.folder)}/logs/{dead}.log.")
            latest = house.call("GET", f"/api/v1/flows/{flow}/runs/latest", key)
            if latest["quiet"]:
                if latest["trouble"]:
                    _say(console, f"The run of {flow} stopped: {latest['trouble']}", "red")
                return not latest["trouble"]
            line = f"{flow}: {_progress(house.call('GET', '/api/v1/status', key), flow)}"
            progress.update(task, description=line)
            if not console.is_terminal and monotonic() > next_line:
                _say(console, line)
                next_line += LINE_EVERY
            sleep(0.5)
    _say(console, f"{flow} did not come to rest within {PATIENCE:.0f} seconds.", "red")
    return False


def _waited_for(house: House, key: str, flow: str) -> str:
    """Why those that lie in the outbox are still there."""
    latest = house.call("GET", f"/api/v1/flows/{flow}/runs/latest", key)
    if not latest["outbox"]:
        return ""
    here = f"was last here at {latest['last_seen']}" if latest["last_seen"] else "has not called yet"
    return f"{latest['outbox']} of them wait for a Web Connector, which {here}."


def _progress(status: dict[str, Any], flow: str) -> str:
    for entry in status["flows"]:
        if entry["name"] == flow:
            return ", ".join(f"{count} {state}" for state, count in entry["counts"].items())
    return "running"


def _records(house: House, key: str, flow: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = house.call("GET", f"/api/v1/records?flow={flow}&limit=200&cursor={cursor}", key)
        yield from page["items"]
        cursor = page.get("cursor") or ""
        if not cursor:
            return


# ---------------------------------------------------------------------------------------------- showing

# What became of a record, in the order of the table. The last five are shown only where there are any.
WORDS = (
    "moved",
    "linked",
    "updated",
    "unchanged",
    "held",
    "not moved",
    "told",
    "deleted",
    "voided",
    "refused",
    "on its way",
)
_OUTCOMES = {
    "created": "moved", "linked": "linked", "adopted": "linked", "updated": "updated", "deleted": "deleted",
    "voided": "voided", "told": "told",
}  # fmt: skip
_STATES = {"held": "held", "not_moved": "not moved", "refused": "refused"}
WHOLE = "split"  # the state of what came to several, which are records of their own


def _word(record: dict[str, Any]) -> str:
    if record["state"] == "done":
        return _OUTCOMES.get((record.get("outcome") or {}).get("action", ""), "unchanged")
    return _STATES.get(record["state"], "on its way")


def _show(console: Console, flow: str, records: Records) -> None:
    words = [word for word in WORDS if word in WORDS[:6] or any(_word(record) == word for record in records)]
    table = Table(title=flow, title_justify="left")
    table.add_column("move")
    for word in words:
        table.add_column(word, justify="right")
    for move, mine in _grouped(records, "move"):
        table.add_row(move, *[_cell([record for record in mine if _word(record) == word]) for word in words])
    console.print(table)
    held = [record for record in records if record["state"] == "held"]
    if held:
        _say(console, "Held, by reason; each goes on by itself once its cause is gone:", "bold")
    for move, mine in _grouped(held, "move"):
        for reason, group in _grouped(mine, "hold", "reason"):
            _say(console, f"  {move} · {reason} · {_counted(group)}", "yellow")
            for cause, same in _grouped(group, "hold", "cause"):
                _say(console, f"{cause}: {_counted(same)}", indent=4)
                _say(console, f"Fix: {same[0]['hold']['fix']}", indent=6)
    bills = [record for record in held if record["hold"]["reason"] == "mapping_missing"] or held
    if bills:
        _example(console, bills[0])


def _example(console: Console, record: dict[str, Any]) -> None:
    hold = record["hold"]
    amount = f", {_sum([record]):,.2f}" if record.get("amount") else ""
    _say(console, f"For example {record['title']}{amount}:", "bold")
    _say(console, hold["message"], indent=2)
    _say(console, f"Fix: {hold['fix']}", indent=2)
    _say(console, f"More: mlc why {record['id']}", indent=2)


def _grouped(records: Iterable[dict[str, Any]], *path: str) -> list[tuple[str, Records]]:
    """The records by what stands at the path, the largest group first."""
    groups: dict[str, Records] = defaultdict(list)
    for record in records:
        value: Any = record
        for name in path:
            value = value[name]
        groups[str(value)].append(record)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _counted(records: Records) -> str:
    total = _sum(records)
    return f"{len(records)} {'record' if len(records) == 1 else 'records'}" + (f", {total:,.2f}" if total else "")


def _cell(records: Records) -> str:
    total = _sum(records)
    return f"{len(records)}\n{total:,.2f}" if total else str(len(records))


def _sum(records: Records) -> Decimal:
    return sum((Decimal(record.get("amount") or "0") for record in records), Decimal(0))


def _say(console: Console, text: str, style: str = "", *, indent: int = 0) -> None:
    """Names and amounts as they are: nothing in them is markup."""
    console.print(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False))
