"""Answers of the service as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from mlc.client import Json
from mlc.session import console

WORDS = (
    "create",
    "link",
    "update",
    "delete",
    "void",
    "told",
    "unchanged",
    "hold",
    "refused",
    "not_moved",
    "forecast",
    "waiting",
)
COLOURS = {
    "late": "yellow", "held": "yellow", "hold": "yellow", "needs_consent": "yellow", "unconfirmed": "yellow",
    "refused": "red", "locked_out": "red", "stopped": "red", "done": "green",
    "ok": "green", "live": "green", "create": "green", "change": "cyan", "kept": "dim", "unchanged": "dim",
}  # fmt: skip


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    shown = Table(*columns, box=None, pad_edge=False, header_style="bold")
    count = 0
    for row in rows:
        count += 1
        shown.add_row(*(_cell(value) for value in row))
    if count:
        console().print(shown)
    else:
        console().print("Nothing.", style="dim")


def say(text: str, style: str = "") -> None:
    console().print(text, style=style or None, markup=False)


def amounts(total: Json) -> str:
    """With separators, however many decimals the currency has."""
    sums = total.get("amounts", {}).items()
    return ", ".join(f"{Decimal(amount):,} {currency}".strip() for currency, amount in sums)


def changes(answer: Json) -> None:
    for change in answer["changes"]:
        action = str(change["action"])
        what = "stays (the file does not name it)" if action == "kept" else action
        say(f"{change['kind']} {change['name']}".rstrip() + f": {what}", COLOURS.get(action, ""))
        details(change["details"])
    for name, found in answer.get("preview", {}).items():
        preview(name, found)
    remarks(answer)


def details(changed: Sequence[Json]) -> None:
    for detail in changed:
        say(f"    {changed_to(detail)}")


def changed_to(detail: Json) -> str:
    return f"{detail['key']}: {_short(detail['from'])} -> {_short(detail['to'])}"


def changed_fields(changed: Json) -> list[str]:
    """One line for each value that differs, however deep it stands: field: before -> after."""
    if "cut" in changed:
        return ["what changed is too long to be shown"]
    return [line for name, one in changed.items() if isinstance(one, dict) for line in _differing(name, one)]


def _differing(name: str, one: Json) -> list[str]:
    before, after = (_members(one.get(side)) for side in ("before", "after"))
    if not before and not after:
        return [f"{name}: {_short(one.get('before'))} -> {_short(one.get('after'))}"]
    names = dict.fromkeys([*before, *after])
    pairs = [(member, before.get(member), after.get(member)) for member in names]
    found = [(f"{name}.{member}", {"before": b, "after": a}) for member, b, a in pairs if b != a]
    return [line for path, pair in found for line in _differing(path, pair)]


def _members(value: object) -> dict[str, object]:
    """Of an object its members, of a list its entries by their place, from 1."""
    if isinstance(value, list):
        return {str(n): entry for n, entry in enumerate(value, 1)}
    return value if isinstance(value, dict) else {}


def preview(flow: str, found: Json) -> None:
    """What saving would do to the flow's records."""
    waiting, past = found["waiting"], found["past"]
    cut = " (there are more)" if waiting["cut"] else ""
    say(f"{flow}: {waiting['released']} of {waiting['looked_at']} held records{cut} would go on.")
    cut = " (the latest; there are more)" if past["cut"] else ""
    say(f"{flow}: {past['changed']} of {past['looked_at']} records moved before{cut} would have come out otherwise.")
    if past["changed"]:
        say("  They stay as they are until they change at the source or are replayed.", "dim")


def remarks(answer: Json) -> None:
    for remark in answer.get("remarks", ()):
        say(remark, "yellow")


def report(flow: Json) -> None:
    """Per move, what its records came to, or would come to."""
    rehearsing = flow["state"] == "rehearsing"
    rows = [
        (
            move,
            f"would {word}" if rehearsing and word in WORDS[:3] else word.replace("_", " "),
            words[word]["count"],
            amounts(words[word]),
        )
        for move, words in flow["report"].items()
        for word in WORDS
        if words.get(word, {}).get("count")
    ]
    table(("move", "came to", "records", "amounts"), rows)


def hold(group: Json) -> None:
    total = amounts(group)
    over = f" over {total}" if total else ""
    say(f"{group['count']} held{over}: {group['reason']} ({group['cause']}), flow {group['flow']}", "bold yellow")
    say(f"  {group['message']}")
    say(f"  {group['owner']}: {group['fix']}")
    ids = group["ids"]
    more = f" and {group['count'] - len(ids)} more" if group["count"] > len(ids) else ""
    say(f"  {', '.join(ids)}{more}", "dim")


def ping(name: str, answer: Json) -> None:
    company = answer.get("company") or {}
    if answer.get("ok") and answer.get("last_seen"):
        say(str(answer["message"]), "green")
        return
    if answer.get("ok"):
        say(f"{name}: {company.get('name')} ({company.get('id')}), {answer.get('latency_ms')} ms", "green")
        _places(answer)
        return
    say(f"{name}: {answer.get('message')}", "red")
    say(f"  {answer.get('fix')}")


def _places(answer: Json) -> None:
    """One line for each place that documents go to there."""
    for place in answer.get("places", ()):
        say(f"  {place['name']}: {place['says']}", "green" if place["ready"] else "yellow")
        for note in place["notes"]:
            say(f"    {note}", "yellow")
    if answer.get("places_trouble"):
        say(f"  {answer['places_trouble']}", "yellow")
    if answer.get("places_left"):
        say(f"  Up to {answer['places_left']} more were not looked at.", "dim")


def notice_test(answer: Json) -> None:
    for way in ("topic", "webhook"):
        came = answer.get(way) or answer
        say(f"{way}: {came.get('message')} {came.get('fix')}".strip(), "green" if came.get("ok") else "red")


def run(latest: Json) -> str:
    if not latest.get("id"):
        return "never ran"
    trouble = f": {latest['trouble']}" if latest.get("trouble") else ""
    used = f", {latest['calls']} calls" if latest.get("calls") else ""
    metered = f" ({latest['metered_reads']} of them metered)" if latest.get("metered_reads") else ""
    return f"{latest['state']} {latest.get('ended_at') or latest.get('started_at')}{used}{metered}{trouble}"


def outbox(count: int, last_seen: str | None, flow: str) -> str:
    here = f"last here at {last_seen}" if last_seen else "which has not called yet: `mlc connections` says what to do"
    return f"{count} records of {flow} wait for the Web Connector, {here}."


def schedule(flow: Json) -> str:
    return f"every {flow['every']}" if "every" in flow else f"at {flow['cron']} ({flow['zone']})"


def _cell(value: Any) -> Text:
    text = "" if value is None else str(value)
    return Text(text, style=COLOURS.get(text, ""))


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)
