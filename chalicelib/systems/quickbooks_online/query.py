"""Statements of Intuit's query language (sheet section 7): escaped, paged, and never ordered by Id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online.client import Client, Faulty

PAGE = 1000
SMALLEST_PAGE = 50
MOST_PAGES = 1000
WALKS = 3
MOST_WILDCARDS = 4
TOO_MUCH = "10100"


def literal(value: str) -> str:
    """A quoted literal; an apostrophe is escaped by a backslash, and so is the backslash itself."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def speakable(value: str) -> bool:
    """Curly quotes and dashes inside a literal have made the parser stumble; letters of any script have not."""
    return all(char.isascii() or _letter(char) for char in value)


def pattern(value: str) -> str:
    """A LIKE pattern with a wildcard for what the parser may not read; the caller compares exactly afterwards.

    A few wildcards are enough to narrow down; many would make the other side search for long.
    """
    safe = "".join(char if _letter(char) or (char.isascii() and char not in "'\\%") else "%" for char in value)
    parts = re.split("%+", safe)
    if len(parts) > MOST_WILDCARDS + 1:
        parts = [*parts[:MOST_WILDCARDS], ""]
    return f"'{'%'.join(parts)}'"


def _letter(char: str) -> bool:
    """A letter with its marks, or a digit, of any script."""
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def rows(client: Client, entity: str, where: str = "") -> list[Json]:
    """Every row of a list, each id once.

    A row that changes while we page moves to the end and shifts the others up, so that one could slip through between
    two pages. Hence each page begins with the last row of the one before: if it is not there, the walk is repeated.
    """
    found: dict[str, Json] = {}
    for _ in range(WALKS):
        if _walk(client, entity, where, found):
            break
    return list(found.values())


def whole(client: Client, entity: str, where: str) -> list[Json]:
    """Like `rows`, for a caller who must know that none is missing. Raises TryAgain while rows shift."""
    found: dict[str, Json] = {}
    for _ in range(WALKS):
        if _walk(client, entity, where, found):
            return list(found.values())
    raise TryAgain(f"QuickBooks Online's list of every {entity} changes faster than it can be read.")


def _walk(client: Client, entity: str, where: str, found: dict[str, Json]) -> bool:
    """One pass over all pages into `found`; False if rows shifted meanwhile."""
    begin, size, last, steady = 1, PAGE, "", True
    clause = f" WHERE {where}" if where else ""
    for _ in range(MOST_PAGES):
        span = f"STARTPOSITION {begin} MAXRESULTS {size}"
        try:
            page = _listed(
                client.query(f"SELECT * FROM {entity}{clause} ORDERBY MetaData.LastUpdatedTime {span}"), entity
            )
        except Faulty as faulty:
            if faulty.code != TOO_MUCH or size <= SMALLEST_PAGE:
                raise
            size //= 2
            continue
        steady = steady and (not last or (bool(page) and str(page[0].get("Id")) == last))
        found.update((str(row["Id"]), row) for row in page if row.get("Id"))
        if len(page) < size:
            break
        last, begin = str(page[-1].get("Id")), begin + len(page) - 1
    return steady


def entries(response: Json, entity: str) -> list[Json]:
    """The rows of one answer; the key is absent when there are none (sheet section 3)."""
    return [row for row in _listed(response, entity) if row.get("Id")]


def _listed(response: Json, entity: str) -> list[Json]:
    found = response.get(entity)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def by_name(client: Client, entity: str, name: str, same: Callable[[str], bool]) -> list[Json]:
    """List objects of that name, inactive ones (whose names carry a suffix) included, active ones first."""
    found: list[Json] | None = None
    if speakable(name):
        where = f"DisplayName IN ({literal(name)},{literal(f'{name} (deleted)')}) AND Active IN (true,false)"
        try:
            found = entries(client.query(f"SELECT * FROM {entity} WHERE {where} MAXRESULTS {PAGE}"), entity)
        except Faulty:  # the parser stumbled over a character after all
            found = None
    if found is None:
        found = rows(client, entity, f"DisplayName LIKE {pattern(name)[:-1].rstrip('%')}%' AND Active IN (true,false)")
    fitting = [row for row in found if same(str(row.get("DisplayName", "")))]
    return sorted(fitting, key=lambda row: row.get("Active") is False)
