"""What stands in Procore in a period, whoever entered it: a project at a time, so that memory stays bounded.

No list there can be asked for by the document's own day, so each project's is read whole and cut here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from chalicelib.engine.records import Booked, BookedPage, Current
from chalicelib.systems.procore import direct_costs, lists, names, payments, requisitions
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.models import Marked, fit


def dated(client: Client, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
    """The token is the project that comes next. Raises Faulty, Unfit and TryAgain."""
    ids = sorted(one.id for one in lists.projects(client) if one.active)
    rest = [id_ for id_ in ids if token is None or id_ >= token]
    if not rest:
        return BookedPage(rows=[])
    found = [_booked(current) for current in _inside(client, kind, rest[0])]
    rows = [row for row in found if row is not None and first <= row.day <= last]
    return BookedPage(rows=rows, next=rest[1] if len(rest) > 1 else None)


def _inside(client: Client, kind: str, project: str) -> Iterator[Current]:
    """A project that the app may not enter holds nothing of ours that could be read; what is linked is read by id."""
    try:
        if kind == "requisition":
            rows = client.rows(requisitions.PATH, {"project_id": project, **requisitions.ITEMS})
            whole = (requisitions.whole(client, project, row) for row in rows)
            yield from (requisitions.current(project, row) for row in whole)
        elif kind == "direct_cost":
            yield from (direct_costs.current(project, row) for row in client.rows(direct_costs.at(project)))
        elif kind == "contract_payment":
            for one in client.rows("/rest/v1.0/commitments", {"project_id": project}):
                rows = payments.listed(client, project, str(one.get("id")))
                yield from (payments.current(project, str(one.get("id")), row) for row in rows)
    except Faulty as faulty:
        if not faulty.is_gone and faulty.meaning.reason != "permission_or_tool":
            raise


def _booked(current: Current) -> Booked | None:
    """Without a day it is in no period."""
    if current.day is None:
        return None
    shape = fit(Marked, current.raw)
    mark = names.mark_of(shape.origin_data, shape.origin_id)
    return Booked(id=current.id, day=current.day, money=current.money, label=current.label, mark=mark)
