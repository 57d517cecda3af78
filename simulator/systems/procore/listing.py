"""Lists as this vendor filters, sorts and pages them: totals and links in headers, filters written several ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import INVALID, Refused, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Json
from simulator.systems.serving import json_response

Test = Callable[[Json], bool]
Of = Mapping[str, Callable[[Json], Any]]
RANGES = {"created_at", "updated_at", "deleted_at", "payment_date", "received_date"}
ELSEWHERE = {"by_status", "include_deleted"}  # those who list have chosen by them already
FLAGS = {"is_last", "synced", "executed", "is_active"}
IDS = {
    "id",
    "vendor_id",
    "commitment_id",
    "period_id",
    "cost_code_id",
    "line_item_type_id",
    "direct_cost_id",
    "parent_id",
}


def listing(
    call: Call, rows: Iterable[Json], show: Callable[[Json], Any], *, of: Of | None = None, default: str = ""
) -> Response:
    """Answer a list. `of` tells the value of a filter's name where it is not the row's own field of that name."""
    return page(call, ordered(call, chosen(call, rows, of or {}), default), show)


def chosen(call: Call, rows: Iterable[Json], of: Of) -> list[Json]:
    found = list(rows)
    for name in call.query:
        field = re.fullmatch(r"filters\[(\w+)\](\[\])?", name)
        if field is None:
            continue
        test = _test(call, field[1], call.request.args.getlist(name), of)
        found = [row for row in found if test(row)]
    return found


def ordered(call: Call, rows: list[Json], default: str = "") -> list[Json]:
    asked = str(call.query.get("sort", default))
    if not asked:
        return rows
    field = asked.removeprefix("-")
    return sorted(rows, key=lambda row: str(row.get(field) or "").casefold(), reverse=asked.startswith("-"))


def page(call: Call, rows: Sequence[Json], show: Callable[[Json], Any]) -> Response:
    """The page that is asked for; `next` is missing on the last one, and a page past the end is empty."""
    route = call.route
    if not route.paged:
        return json_response([show(row) for row in rows])
    number, size = call.query.get("page", 1), call.query.get("per_page", route.size)
    if call.sim.options.slow_over and size > call.sim.options.slow_over:
        raise Refused(408, "Request Timeout")
    if number < 1 or size < 1 or size > route.most:
        call.writer.mistake(f"page {number} of {size} rows: a page has from 1 to {route.most}")
        number, size = max(1, number), min(max(1, size), route.most)
    last = max(1, -(-len(rows) // size))
    headers = {"Total": str(len(rows)), "Per-Page": str(size)}
    places = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    links = [f'<{_link(call, at, size)}>; rel="{name}"' for name, at in places.items() if 1 <= at <= last]
    if len(links) > 2:  # with one page only there is nothing to link to
        headers["Link"] = ", ".join(links)
    shown = [show(row) for row in rows[(number - 1) * size : number * size]]
    body = {"data": shown} if call.request.path.startswith("/rest/v2") else shown
    return json_response(body, headers=headers)


def _link(call: Call, number: int, size: int) -> str:
    rest = [(k, v) for k, v in call.request.args.items(multi=True) if k not in ("page", "per_page")]
    return f"{call.request.base_url}?{urlencode([*rest, ('page', str(number)), ('per_page', str(size))])}"


def _test(call: Call, name: str, values: Sequence[str], of: Of) -> Test:
    if name in ELSEWHERE:
        return lambda row: True
    get = of.get(name) or (lambda row: row.get(name))
    try:
        if name == "search":
            asked = values[-1].casefold()
            return lambda row: asked in str(get(row)).casefold()
        if name in RANGES:
            return _range(call, values[-1], get)
        if name in FLAGS:
            flag = {"true": True, "false": False}[values[-1]]
            return lambda row: bool(get(row)) is flag
        if name in IDS:
            ids = {_whole(part) for value in values for part in re.sub(r"[\[\]\s]", "", value).split(",")}
            return lambda row: get(row) in ids
    except (ValueError, KeyError):
        raise wrong(f"filters[{name}]", INVALID, f"filters[{name}] cannot be read", status=400) from None
    if name not in ("status", "origin_id", "invoice_number", "name", "project_number", "type", "accounting_method"):
        call.writer.mistake(f"filters[{name}] is not simulated: it leaves everything in")
        return lambda row: True
    return lambda row: get(row) in values


def _range(call: Call, text: str, get: Callable[[Json], Any]) -> Test:
    """`<from>...<to>`, both ends there and both counted."""
    quoted = text.startswith('"') and text.endswith('"') and len(text) > 1
    if call.sim.options.ranges not in ("both", "quoted" if quoted else "bare"):
        raise ValueError(text)
    begin, dots, end = text.strip('"').partition("...")
    if not dots or not begin or not end:
        raise ValueError(text)
    low, high = _moment(begin), _moment(end)
    return lambda row: bool(get(row)) and low <= _moment(get(row)) <= high


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise ValueError(text)
    return int(text)
