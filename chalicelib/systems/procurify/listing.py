"""Walking a list page by page without losing a row, over any number of invocations.

Pages are offsets over live data: a row that leaves a page already read moves the rows behind it up, past the reader.
So bills are asked for newest change first, where a change moves rows only towards us, and a list that has become
shorter is read again from as many pages back as it may have moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.records import Json, fingerprint
from chalicelib.systems.procurify.client import Client, Listed
from chalicelib.systems.procurify.times import as_text, moment

PAGE_SIZE = 50  # neither default nor maximum is published
MOST_STEPS_BACK = 20
MOST_PAGES = 400  # of a list that is read whole


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: the page to ask for, and what is known of those before it. As JSON it is the token."""

    path: str
    page: int
    begun: str
    count: int | None = None  # rows in the whole list, as the page before told
    before: str = ""  # fingerprint of the page before
    newest: str = ""  # newest moment of change seen
    since: str = ""  # what was asked for: changes from here on
    steps_back: int = 0

    def token(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Onward:
    """`place` is where to go on. Without one the walk is over, and `whole` tells whether the list was read to its end
    (it is not when Procurify goes round in circles)."""

    place: Place | None
    whole: bool = True


def begin(path: str, *, now: datetime, query: Mapping[str, str], since: str = "") -> Place:
    asked = {"page": "1", "page_size": str(PAGE_SIZE), **query}
    return Place(path=f"{path}?{urlencode(asked)}", page=1, begun=as_text(now), since=since)


def resume(token: str) -> Place:
    return Place(**json.loads(token))


def saw(place: Place, *moments: object) -> Place:
    """The place, knowing the newest of these moments too."""
    known = [at for at in map(moment, (place.newest, *moments)) if at]
    return replace(place, newest=as_text(max(known))) if known else place


def is_older(place: Place, moments: Sequence[object]) -> bool:
    """Whether any of these moments lies before what was asked for."""
    since = moment(place.since)
    return since is not None and any(at < since for at in map(moment, moments) if at)


def onward(place: Place, listed: Listed | None) -> Onward:
    if listed is None:  # there is no such page any more: the list has become shorter
        return _back(place, pages=1, count=None)
    shorter = (place.count or 0) - listed.count if listed.count is not None else 0
    if shorter > 0 and place.page > 1:
        size = listed.size if listed.size and listed.size > 0 else PAGE_SIZE
        return _back(place, pages=-(-shorter // size), count=listed.count)
    if listed.next is None:
        return Onward(None)
    here = fingerprint(list(listed.rows))
    page = _page_of(listed.next) or place.page + 1
    if not listed.rows or here == place.before or page <= place.page:
        return Onward(None, whole=False)
    return Onward(replace(place, path=listed.next, page=page, count=listed.count, before=here))


def _back(place: Place, *, pages: int, count: int | None) -> Onward:
    if place.page == 1 or place.steps_back >= MOST_STEPS_BACK or _page_of(place.path) is None:
        return Onward(None, whole=False)
    page = max(1, place.page - pages)
    parts = urlsplit(place.path)
    query = urlencode([(key, str(page) if key == "page" else value) for key, value in parse_qsl(parts.query)])
    path = f"{parts.path}?{query}"
    return Onward(replace(place, path=path, page=page, count=count, before="", steps_back=place.steps_back + 1))


def _page_of(path: str) -> int | None:
    page = dict(parse_qsl(urlsplit(path).query)).get("page", "")
    return int(page) if page.isdecimal() and len(page) < 10 else None


def whole(client: Client, path: str, query: Mapping[str, str] | None = None) -> list[Json] | None:
    """Every row, each once; None where there is no such list. Raises TryAgain for a list that is not read to its end.

    Filters that Procurify does not know are ignored (sheet fact 8): whoever asks judges each row again.
    """
    place, rows = begin(path, now=client.line.clock.now(), query=query or {}), dict[str, Json]()
    for _ in range(MOST_PAGES):
        listed = client.page(place.path)
        if listed is None and place.page == 1:
            return None
        for row in listed.rows if listed else []:
            key = (row.get("uuid") or row.get("id")) if isinstance(row, dict) else None
            if not isinstance(row, dict) or not key:
                raise TryAgain(f"A row of Procurify's list {path} has no id.")
            rows[str(key)] = row
        further = onward(place, listed)
        if further.place is None:
            if further.whole:
                return list(rows.values())
            break
        place = further.place
    raise TryAgain(f"Procurify's list {path} could not be read to its end.")
