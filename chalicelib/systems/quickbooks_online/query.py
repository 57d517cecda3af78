"""Statements of Intuit's query language (sheet section 7): escaped, paged, and never ordered by Id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online.client import Client

PAGE = 1000
MOST_PAGES = 1000


def literal(value: str) -> str:
    """A quoted literal; an apostrophe is escaped by a backslash, and so is the backslash itself."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def speakable(value: str) -> bool:
    """Curly quotes and dashes inside a literal have made the parser stumble; letters of any script have not."""
    return all(char.isalnum() or char.isascii() or char == " " for char in value)


def pattern(value: str) -> str:
    """A LIKE pattern with a wildcard for what the parser may not read; the caller compares exactly afterwards."""
    safe = "".join(char if char.isalnum() or (char.isascii() and char not in "'\\%") else "%" for char in value)
    return f"'{re.sub('%+', '%', safe)}'"


def rows(client: Client, entity: str, where: str = "") -> Iterator[Json]:
    """Every row of a list, page by page, each id once although rows may shift while paging."""
    seen: set[str] = set()
    for page in range(MOST_PAGES):
        begin = page * PAGE + 1
        clause = f" WHERE {where}" if where else ""
        statement = (
            f"SELECT * FROM {entity}{clause} ORDERBY MetaData.LastUpdatedTime STARTPOSITION {begin} MAXRESULTS {PAGE}"
        )
        found = entries(client.query(statement), entity)
        for row in found:
            if str(row.get("Id")) not in seen:
                seen.add(str(row.get("Id")))
                yield row
        if len(found) < PAGE:
            return


def entries(response: Json, entity: str) -> list[Json]:
    """The rows of one answer; the key is absent when there are none (sheet section 3)."""
    found = response.get(entity)
    return [row for row in found if isinstance(row, dict) and row.get("Id")] if isinstance(found, list) else []


def by_name(client: Client, entity: str, name: str, same: Callable[[str], bool]) -> list[Json]:
    """List objects of that name, inactive ones (whose names carry a suffix) included."""
    if speakable(name):
        where = f"DisplayName IN ({literal(name)},{literal(f'{name} (deleted)')}) AND Active IN (true,false)"
    else:
        where = f"DisplayName LIKE {pattern(name)[:-1]}%' AND Active IN (true,false)"
    found = entries(client.query(f"SELECT * FROM {entity} WHERE {where} MAXRESULTS {PAGE}"), entity)
    return [row for row in found if same(str(row.get("DisplayName", "")))]
