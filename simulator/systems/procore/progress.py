"""The rows of a requisition: each follows a line of the schedule of values from one requisition to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from simulator.systems.procore import codes
from simulator.systems.procore.answers import wrong
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.money import ZERO, cents, exact, padded
from simulator.systems.procore.writer import Writer

CONTRACT, DETAIL = "contract_item", "contract_detail_item"
NUMBERS = {
    "materials_stored_retainage_currently_retained": "materials_retained",
    "work_completed_retainage_released_this_period": "released",
    "subcontractor_claimed_amount": "claimed",
}
STORED = ("materials_presently_stored", "stored_materials", "new_materials")
RETAINED = "work_completed_retainage_retained_this_period"
PERCENT = "work_completed_retainage_percent_this_period"


@dataclass(frozen=True, slots=True)
class Figures:
    """One row as it stands on its requisition."""

    scheduled: Decimal
    previous: Decimal
    work: Decimal
    stored: Decimal
    retained_before: Decimal
    retained: Decimal
    released: Decimal

    @property
    def to_date(self) -> Decimal:
        return self.previous + self.work + self.stored

    @property
    def retainage(self) -> Decimal:
        return self.retained_before + self.retained - self.released


def blank_rows(company: Company, commitment: Json) -> list[Json]:
    """A new requisition's rows, all zero: one for each line of whichever schedule is billed against."""
    percent = commitment["retainage_percent"] or "0"
    detailed = commitment["ssov_enabled"]
    lines = company.of("ssov_lines" if detailed else "sov_lines", commitment["id"])
    zero = dict.fromkeys(("work", "quantity", "stored", "retained", *NUMBERS.values()), "0")
    return [
        {
            "item_type": DETAIL if detailed else CONTRACT,
            "line_id": line["id"],
            "wbs_code_id": line["wbs_code_id"],
            "description": line["description"],
            "position": line["position"],
            "retained_percent": percent,
            "comment": None,
            "status": None,
            **zero,
        }
        for line in lines
    ]


def fill(writer: Writer, commitment: Json, row: Json, given: Json) -> None:
    """Put what was sent into a row that is not stored yet, or a copy of one that is."""
    if commitment["accounting_method"] == "unit":
        if given.get("work_completed_this_period") is not None:
            writer.mistake("an amount for a row that is billed by units is ignored")
        if given.get("work_completed_this_period_quantity") is not None:
            line = line_of(writer.company, row)
            row["quantity"] = str(given["work_completed_this_period_quantity"])
            row["work"] = str(cents(exact(row["quantity"]) * exact(line["unit_cost"])))
    elif given.get("work_completed_this_period") is not None:
        row["work"] = str(cents(given["work_completed_this_period"]))
    for name in STORED:
        if given.get(name) is not None:
            row["stored"] = str(cents(given[name]))
    for name, own in NUMBERS.items():
        if given.get(name) is not None:
            row[own] = str(cents(given[name]))
    for name in ("comment", "status"):
        if name in given:
            row[name] = given[name]
    _retain(row, given)
    if not writer.options.negative_requisitions and exact(row["work"]) < 0:
        raise wrong("work_completed_this_period", "must be greater than or equal to 0")


def _retain(row: Json, given: Json) -> None:
    """A percentage counts only where no amount is named; a row of which nothing is said follows the contract's."""
    amount, percent = given.get(RETAINED), given.get(PERCENT)
    if amount:
        row["retained_percent"], row["retained"] = "0", str(cents(amount))
        return
    if amount is not None or percent is not None:
        row["retained_percent"] = str(percent or ZERO)
    row["retained"] = str(cents(exact(row["work"]) * exact(row["retained_percent"]) / 100))


def check_overbilling(company: Company, commitment: Json, rows: Iterable[Json], requisition_id: int | None) -> None:
    if not company.prevent_overbilling:
        return
    billed = {
        (other["item_type"], other["line_id"], other["id"]): exact(other["work"])
        for requisition in company.of("requisitions", commitment["id"])
        for other in company.of("requisition_items", requisition["id"])
        if requisition["id"] != requisition_id
    }
    for row in rows:
        before = sum((v for (t, line, _), v in billed.items() if (t, line) == (row["item_type"], row["line_id"])), ZERO)
        if before + exact(row["work"]) + exact(row["stored"]) > exact(line_of(company, row)["amount"]):
            raise wrong("work_completed_this_period", "exceeds the scheduled value")


def line_of(company: Company, row: Json) -> Json:
    return company.tables["ssov_lines" if row["item_type"] == DETAIL else "sov_lines"][row["line_id"]]


def figures(company: Company, requisition: Json, row: Json) -> Figures:
    earlier = [
        other
        for each in company.of("requisitions", requisition["commitment_id"])
        if each["number"] < requisition["number"]
        for other in company.of("requisition_items", each["id"])
        if (other["item_type"], other["line_id"]) == (row["item_type"], row["line_id"])
    ]
    return Figures(
        scheduled=exact(line_of(company, row)["amount"]),
        previous=sum((exact(other["work"]) for other in earlier), ZERO),
        work=exact(row["work"]),
        stored=exact(row["stored"]),
        retained_before=sum((exact(other["retained"]) - exact(other["released"]) for other in earlier), ZERO),
        retained=exact(row["retained"]),
        released=exact(row["released"]),
    )


def show(company: Company, requisition: Json, commitment: Json, row: Json) -> Json:
    at = figures(company, requisition, row)
    wbs = company.tables["wbs_codes"][row["wbs_code_id"]]
    percent = at.to_date / at.scheduled * 100 if at.scheduled else ZERO
    line = line_of(company, row)
    named = "detail_line_item_id" if row["item_type"] == DETAIL else "line_item_id"
    return {
        "id": row["id"],
        "item_type": row["item_type"],
        "accounting_method": commitment["accounting_method"],
        "cost_code_id": wbs["cost_code_id"],
        named: row["line_id"],
        "description_of_work": row["description"],
        "wbs_code": codes.brief_wbs(company, wbs["id"]),
        "scheduled_value": padded(at.scheduled),
        "scheduled_quantity": line["quantity"],
        "scheduled_unit_price": line["unit_cost"],
        "work_completed_from_previous_application": padded(at.previous),
        "work_completed_this_period": padded(at.work),
        "work_completed_this_period_quantity": row["quantity"],
        "materials_presently_stored": padded(at.stored),
        "total_completed_and_stored_to_date": padded(at.to_date),
        "total_completed_and_stored_to_date_percent": padded(percent),
        "work_completed_retainage_from_previous_application": padded(at.retained_before),
        "work_completed_retainage_retained_this_period": padded(at.retained),
        "work_completed_retainage_percent_this_period": padded(exact(row["retained_percent"])),
        "work_completed_retainage_released_this_period": padded(at.released),
        "materials_stored_retainage_currently_retained": padded(exact(row["materials_retained"])),
        "subcontractor_claimed_amount": padded(exact(row["claimed"])),
        "comment": row["comment"],
        "status": row["status"],
        "position": row["position"],
        "gross_amount": padded(at.work + at.stored),
        "net_amount": padded(at.work + at.stored - at.retained + at.released),
    }


def summary(company: Company, requisition: Json, commitment: Json) -> Json:
    """The totals of the printed form; each earlier requisition counts as certified."""
    rows = company.of("requisition_items", requisition["id"])
    all_figures = [figures(company, requisition, row) for row in rows]
    contract = sum((exact(line["amount"]) for line in company.of("sov_lines", commitment["id"])), ZERO)
    done = sum((at.to_date for at in all_figures), ZERO)
    retained = sum((at.retainage for at in all_figures), ZERO)
    before = sum((at.previous - at.retained_before for at in all_figures), ZERO)
    return {
        "original_contract_sum": padded(contract),
        "contract_sum_to_date": padded(contract),
        "total_completed_and_stored_to_date": padded(done),
        "total_retainage": padded(retained),
        "total_earned_less_retainage": padded(done - retained),
        "less_previous_certificates_for_payment": padded(before),
        "current_payment_due": padded(done - retained - before),
        "balance_to_finish_including_retainage": padded(contract - done + retained),
    }
