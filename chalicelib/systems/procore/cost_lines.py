"""The lines of a direct cost: which of theirs is which of ours, and how ours are written."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from chalicelib.engine.records import Intent, Json
from chalicelib.systems.procore import models, names, writing
from chalicelib.systems.procore.models import fit


def form(lines: Iterable[models.DirectCostLine]) -> list[Json]:
    """The normal form: lines of nothing are none, and the others stand in the order of their keys."""
    return sorted((_form(line) for line in lines if line.amount), key=lambda line: str(line["key"]))


def _form(line: models.DirectCostLine) -> Json:
    return {
        "key": names.line_key(line.origin_data, line.origin_id),
        "wbs": line.wbs_code.id,
        "amount": f"{line.amount:.2f}",
        "description": line.description,
    }


def sent(intent: Intent, line: Json, id_: str = "") -> Json:
    made: Json = {"wbs_code_id": int(str(line["wbs"])), "manual_amount": Decimal(str(line["amount"]))}
    made |= {"description": line["description"], **_identity(intent, line)}
    return made | ({"id": int(id_)} if id_ else {})


def synced(intent: Intent, line: Json, cost: str) -> Json:
    """The older lines have another name for the amount (sheet section 18, trap 14)."""
    made = {**sent(intent, line), "amount": Decimal(str(line["amount"])), "extended_type": "manual"}
    del made["manual_amount"]
    return {**made, "direct_cost_id": int(cost)}


def _identity(intent: Intent, line: Json) -> Json:
    key = str(line["key"])
    made: Json = {"origin_data": key}
    return made | ({"origin_id": names.line_origin(intent.mark, key)} if intent.once.get("lock") else {})


def differing(intent: Intent) -> tuple[list[Json], list[str]]:
    """The lines to write, with their ids where they are there; and the ids of those that are to go.

    What is to go is set to nothing in the same call, so that no half of a change ever stands there.
    """
    assert intent.current is not None
    there = fit(models.DirectCost, intent.current.raw).line_items
    wanted = {str(line["key"]): line for line in writing.lines_of(intent.body)}
    theirs = {str(line["key"]): line for line in writing.lines_of(intent.current.body)}
    ids: dict[str, str] = {}
    vanishing: list[models.DirectCostLine] = []
    for line in there:
        key = names.line_key(line.origin_data, line.origin_id)
        if key in wanted and key not in ids:
            ids[key] = line.id
        else:
            vanishing.append(line)
    changed = [sent(intent, line, ids.get(key, "")) for key, line in wanted.items() if theirs.get(key) != line]
    return [*changed, *(_emptied(line) for line in vanishing if line.amount)], [line.id for line in vanishing]


def _emptied(line: models.DirectCostLine) -> Json:
    code: Json = {"wbs_code_id": int(line.wbs_code.id)} if line.wbs_code.id else {}
    return {"id": int(line.id), "manual_amount": Decimal(0)} | code
