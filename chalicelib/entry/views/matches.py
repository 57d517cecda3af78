"""The match report of a flow, as JSON or as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from chalicelib.engine.engine import Engine
from chalicelib.entry import listing, matches, sheets
from chalicelib.entry.exchange import ApiRequest, ApiResponse, cursor_text, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request
from chalicelib.entry.views.records import pairs, place

MOST_ROWS = 1000  # of one CSV


def show_matches(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    name, csv, query = request.name("flow"), request.wants_csv(), request.query
    move, what = query.get("move", ""), query.get("what", "")
    if what and what not in matches.WHATS:
        raise bad_request(
            "There is nothing of that kind.", Fault("/what", f"one of {', '.join(matches.WHATS)}", what[:40])
        )
    scope = f"matches:{name}:{move}:{what}"
    limit = request.limit(usual=MOST_ROWS, largest=MOST_ROWS) if csv else request.limit()
    after = place(request.cursor(scope))
    asked = pairs(engine, caller, flow=name, move=move)
    heads, at = listing.page(engine.store, caller.tenant, asked, matches.Wanted(what), limit=limit, after=after)
    following = cursor_text(scope, {"at": list(at)}) if at else None
    rows = [matches.row(head) for head in heads]
    if csv:
        return _sheet(f"{name}-matches", matches.COLUMNS, [matches.cells(row) for row in rows], following)
    return ApiResponse({"items": rows, "cursor": following})


def show_codes(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """Of all sides of the flow whose documents have codes."""
    name, csv = request.name("flow"), request.wants_csv()
    sides = [side for side in opened(engine, caller, name).whole.sides if any(move.coded for move in side.moves)]
    found = matches.codes([opened(engine, caller, name, move=side.moves[0].name) for side in sides])
    if csv:
        return _sheet(f"{name}-codes", matches.CODE_COLUMNS, found.items, None)
    return ApiResponse(asdict(found))


def _sheet(
    name: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]], following: str | None
) -> ApiResponse:
    """Where there are more rows, the header `Next-Cursor` says how to go on."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    headers |= {"Next-Cursor": following} if following else {}
    return ApiResponse(sheets.text(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)
