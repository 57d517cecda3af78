"""The rows of a requisition: one for each line of the commitment's schedule of values, ours filled, the others not."""

from __future__ import annotations

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Intent, Json
from chalicelib.systems.procore import models, writing
from chalicelib.systems.procore.models import fit
from chalicelib.systems.procore.writing import title_of

ROW = "contract_item"


def new(line: Json) -> Json:
    return {"item_type": ROW, "line_item_id": int(str(line["line"])), **_amounts(line)}


def _amounts(line: Json) -> Json:
    """Retainage is always said: a default of the commitment would hold money back silently (section 18, trap 9)."""
    return {
        "work_completed_this_period": line["amount"],
        "work_completed_retainage_retained_this_period": line["retainage"],
    }


def of(intent: Intent, raw: Json) -> list[Json]:
    """Ours on the rows of the invoice; rows that have money and are none of ours become nothing."""
    wanted = {str(line["line"]): line for line in writing.lines_of(intent.body)}
    found = fit(models.Requisition, raw).items
    missing = wanted.keys() - {row.line_item_id for row in found}
    if missing:
        title, listed = title_of(intent), ", ".join(sorted(missing))
        raise Held(
            "lines_unassigned",
            f"{title} has no row for lines {listed} of its commitment's schedule of values in Procore.",
            cause=f"lines {listed}",
            fix="Look at the commitment's schedule of values in Procore, then replay.",
            waits_for=["reference:commitment"],
        )
    nothing: Json = {"amount": "0.00", "retainage": "0.00"}
    return [
        {"id": int(row.id), "item_type": row.item_type or ROW, **_amounts(wanted.get(row.line_item_id, nothing))}
        for row in found
        if row.line_item_id in wanted or row.work_completed_this_period
    ]
