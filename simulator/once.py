"""`make run ARGS=--once`: run every flow until quiet, show what moved and what is held and why, and prove the totals.

The proof asks both sides: what the source has must equal what the target has, plus what is held, plus what is listed
as not moved, to the cent. The source's and the target's numbers come from the simulators' own books, not from ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import requests
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulator import seed

if TYPE_CHECKING:
    from simulator.local import House

PATIENCE = 600.0
COLUMNS = ("created", "linked", "updated", "unchanged", "held", "refused", "not moved", "on its way")


def run(house: House, console: Console) -> int:
    """0 only if every flow came to rest and the totals agree."""
    key = (house.folder / "mlc.key").read_text()
    flows = [flow["name"] for flow in house.call("GET", "/api/v1/flows", key)["items"]]
    agreed = True
    for flow in flows:
        _until_quiet(house, console, key, flow)
        records = list(_records(house, key, flow))
        _show(console, flow, records, house.call("GET", f"/api/v1/holds?flow={flow}", key)["items"])
        if house.simulate:
            agreed &= _totals(house, console, records)
        agreed &= not any(record["state"] in {"waiting", "sending", "unknown"} for record in records)
    return 0 if agreed else 1


def _until_quiet(house: House, console: Console, key: str, flow: str) -> None:
    house.call("POST", f"/api/v1/flows/{flow}/sync", key, {})
    end = monotonic() + PATIENCE
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(flow)
        while monotonic() < end:
            if house.processes["service"].poll() is not None:
                house.start_service()
            run_ = house.call("GET", f"/api/v1/flows/{flow}/runs/latest", key)
            if run_["quiet"]:
                return
            counts = house.call("GET", "/api/v1/status", key)
            progress.update(task, description=f"{flow}: {_line(counts, flow)}")
            sleep(1)
    console.print(f"[red]{flow} did not come to rest within {PATIENCE:.0f} seconds.[/red]")


def _line(status: dict[str, Any], flow: str) -> str:
    for entry in status.get("flows", []):
        if entry.get("name") == flow:
            return ", ".join(f"{state} {count}" for state, count in sorted(entry.get("counts", {}).items()))
    return "running"


def _records(house: House, key: str, flow: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = house.call("GET", f"/api/v1/records?flow={flow}&limit=200&cursor={cursor}", key)
        yield from page["items"]
        cursor = page.get("cursor") or ""
        if not cursor:
            return


def _column(record: dict[str, Any]) -> str:
    state = record["state"]
    if state == "done":
        return str((record.get("outcome") or {}).get("action") or "unchanged")
    return {"not_moved": "not moved", "held": "held", "refused": "refused"}.get(state, "on its way")


def _show(console: Console, flow: str, records: list[dict[str, Any]], holds: list[dict[str, Any]]) -> None:
    counted: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        counted[record["move"]][_column(record)].append(_amount(record))
    table = Table(title=flow)
    table.add_column("move")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for move, columns in sorted(counted.items(), reverse=True):
        table.add_row(move, *[_cell(columns.get(column, [])) for column in COLUMNS])
    console.print(table)
    held = Table("reason", "cause", "records", "what to do", title="held, by cause")
    for hold in holds:
        held.add_row(hold["reason"], hold["cause"], str(hold["count"]), hold["fix"])
    console.print(held)
    one = next((record for record in records if record["state"] == "held" and record["move"] == "bill"), None)
    if one is not None:
        hold = one["hold"]
        console.print(
            f"For example [bold]{one['title']}[/bold]: {hold['message']}\n  Fix: {hold['fix']}\n  mlc why {one['id']}"
        )


def _cell(amounts: list[Decimal]) -> str:
    if not amounts:
        return "·"
    total = sum(amounts)
    return f"{len(amounts)}\n{total:,.2f}" if total else str(len(amounts))


def _amount(record: dict[str, Any]) -> Decimal:
    return Decimal(record.get("amount") or "0")


def _totals(house: House, console: Console, records: list[dict[str, Any]]) -> bool:
    """Source total = target total + held + not moved, from the simulators' own books."""
    bills = backstage(house.urls["procurify"], "snapshot", kind="bills")
    ledger = backstage(house.urls["quickbooks_online"], "ledger", realm_id=seed.REALM)
    live = [bill for bill in bills if bill["status"] in {2, 4, 6, 7, 8} and bill["active"]]
    source = sum(Decimal(str(bill["total_cost_with_tax"])) for bill in live)
    ours = [bill for bill in ledger["bills"] if "[mlc:" in (bill.get("PrivateNote") or "")]
    target = sum(Decimal(str(bill["TotalAmt"])) for bill in ours)
    mine = [record for record in records if record["move"] == "bill"]
    held = sum(_amount(record) for record in mine if record["state"] == "held" and not record.get("link"))
    not_moved = sum(_amount(record) for record in mine if record["state"] == "not_moved")
    marks = [bill["PrivateNote"][bill["PrivateNote"].index("[mlc:") :] for bill in ours]
    twice = len(marks) - len(set(marks))
    agrees = source == target + held + not_moved and not twice and len(mine) == len(live)
    table = Table(title="the books of both sides", show_header=False)
    table.add_row(f"approved bills in Procurify ({len(live)})", f"{source:,.2f}")
    table.add_row(f"bills of ours in QuickBooks Online ({len(ours)})", f"{target:,.2f}")
    table.add_row("held", f"{held:,.2f}")
    table.add_row("not moved", f"{not_moved:,.2f}")
    table.add_row("entered twice", str(twice))
    table.add_row("difference", f"{source - target - held - not_moved:,.2f}")
    console.print(table)
    console.print("[green]The totals agree to the cent.[/green]" if agrees else "[red]The totals do not agree.[/red]")
    return agrees


def backstage(url: str, action: str, **arguments: Any) -> Any:
    """Be a person in a simulated system."""
    answer = requests.post(f"{url}/_backstage/{action}", json=arguments, timeout=60)
    answer.raise_for_status()
    return answer.json()
