"""What people do inside Procore: the same rules as the API's, and no way past a record that is synced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.systems.procore import (
    codes,
    commitments,
    cost_lines,
    direct_costs,
    payments,
    periods,
    progress,
    project_vendors,
    requisitions,
    vendors,
)
from simulator.systems.procore.company import TOOLS, Company, Json
from simulator.systems.procore.money import exact
from simulator.systems.procore.oauth import OAuth
from simulator.systems.procore.options import Options
from simulator.systems.procore.throttle import Throttle
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import Simulator, wall_clock


class People(Simulator):
    """Mixed into the simulator; every `backstage_` method is reachable as POST /_backstage/{name}."""

    def __init__(self, *, clock: Callable[[], datetime] = wall_clock, patience: float = 0.0) -> None:
        super().__init__(clock=clock, patience=patience)
        self.options = Options()
        self.oauth = OAuth()
        self.throttle = Throttle()
        self.companies: dict[int, Company] = {}
        self.numbers: dict[str, int] = {}
        self.conflicts = 0
        self.busy: list[int] = []

    def now(self) -> float:
        return self.clock().timestamp()

    def person(self, company_id: int) -> Writer:
        return Writer(
            company=self.companies[company_id],
            options=self.options,
            who="person",
            moment=self.clock(),
            mistake=lambda what: None,
        )

    def _row(self, company_id: int, kind: str, id: int) -> Json:
        return self.companies[company_id].tables[kind][id]

    # ------------------------------------------------------------------ projects and codes

    def backstage_add_project(self, company_id: int, name: str, number: str = "", **fields: Any) -> Json:
        """`permitted` says whether the app may see it, `tools` which are switched on: all, if nothing is said."""
        person = self.person(company_id)
        tools = {**dict.fromkeys(TOOLS, True), **fields.pop("tools", {})}
        own = {"name": name, "project_number": number, "tools": tools, "active": True, "budget_locked": False}
        own |= {"permitted": person.company.permitted, "origin_id": None, "origin_data": None}
        row = person.add("projects", **{**own, **fields})
        for position, (kind, title) in enumerate(codes.SEGMENTS.items(), start=1):
            person.add("segments", project_id=row["id"], type=kind, name=title, position=position)
        return dict(row)

    def backstage_edit_project(self, company_id: int, project_id: int, **fields: Any) -> Json:
        """Such as `permitted`, `active`, `budget_locked`, `name`, or the `origin_id` of another integration."""
        row = self._row(company_id, "projects", project_id)
        return dict(self.person(company_id).change("projects", row, **fields))

    def backstage_switch_tool(self, company_id: int, project_id: int, tool: str, on: bool) -> None:
        """Switching Direct Costs off destroys the project's direct costs."""
        person, row = self.person(company_id), self._row(company_id, "projects", project_id)
        person.change("projects", row, tools={**row["tools"], tool: on})
        if tool == "direct_costs" and not on:
            for cost in person.company.of("direct_costs", project_id):
                for line in person.company.of("direct_cost_lines", cost["id"]):
                    person.remove("direct_cost_lines", line)
                person.remove("direct_costs", cost)

    def backstage_add_cost_type(self, company_id: int, code: str, name: str, base_type: str = "other") -> Json:
        own = {"origin_id": None, "origin_data": None}
        return dict(self.person(company_id).add("line_item_types", code=code, name=name, base_type=base_type, **own))

    def backstage_add_cost_code(
        self, company_id: int, project_id: int, full_code: str, name: str, types: Sequence[str] = ()
    ) -> Json:
        """For "26-100" the division "26" is made when it is not there. `types` are the cost types to pair it with."""
        person = self.person(company_id)
        known = {row["full_code"]: row for row in person.company.of("cost_codes", project_id)}
        parent, _, code = full_code.rpartition("-")
        if parent and parent not in known:
            known[parent] = self._row(
                company_id, "cost_codes", self.backstage_add_cost_code(company_id, project_id, parent, parent)["id"]
            )
        row = person.add(
            "cost_codes",
            project_id=project_id,
            code=code,
            full_code=full_code,
            name=name,
            parent_id=known[parent]["id"] if parent else None,
            position=len(known) + 1,
            origin_id=None,
            origin_data=None,
        )
        for kind in types:
            self.backstage_add_wbs_code(company_id, project_id, full_code, kind)
        return dict(row)

    def backstage_add_wbs_code(self, company_id: int, project_id: int, full_code: str, cost_type: str) -> Json:
        person = self.person(company_id)
        code = next(row for row in person.company.of("cost_codes", project_id) if row["full_code"] == full_code)
        kind = next(row for row in person.company.every("line_item_types") if row["code"] == cost_type)
        return dict(codes.make_wbs(person, code, kind))

    def backstage_set_wbs_status(self, company_id: int, wbs_code_id: int, status: str) -> Json:
        row = self._row(company_id, "wbs_codes", wbs_code_id)
        return dict(self.person(company_id).change("wbs_codes", row, status=status))

    # ------------------------------------------------------------------ vendors

    def backstage_add_vendor(self, company_id: int, name: str, projects: Sequence[int] = (), **fields: Any) -> Json:
        """A company vendor, on these projects; returns it with `project_vendors`, its id on each."""
        row = vendors.make(self.person(company_id), {"name": name, **fields})
        on = {str(project): self.backstage_put_on_project(company_id, row["id"], project)["id"] for project in projects}
        return {**row, "project_vendors": on}

    def backstage_edit_vendor(self, company_id: int, vendor_id: int, **fields: Any) -> Json:
        return dict(vendors.change(self.person(company_id), self._row(company_id, "vendors", vendor_id), fields))

    def backstage_put_on_project(self, company_id: int, vendor_id: int, project_id: int) -> Json:
        vendor, project = self._row(company_id, "vendors", vendor_id), self._row(company_id, "projects", project_id)
        return dict(project_vendors.add(self.person(company_id), vendor, project))

    def backstage_take_off_project(self, company_id: int, project_vendor_id: int) -> None:
        project_vendors.remove(self.person(company_id), self._row(company_id, "project_vendors", project_vendor_id))

    # ------------------------------------------------------------------ commitments

    def backstage_add_commitment(
        self,
        company_id: int,
        project_id: int,
        vendor_id: int | None,
        lines: Sequence[Mapping[str, Any]],
        **fields: Any,
    ) -> Json:
        """`vendor_id` is the project's; `lines`: {code: "26-100.C", amount, description, quantity, unit_cost}."""
        person = self.person(company_id)
        count = len(person.company.of("commitments", project_id)) + 1
        own: Json = {
            "type": commitments.WORK_ORDER,
            "number": f"SC-{project_id}-{count:03}",
            "title": f"Contract {count}",
        }
        own |= {"description": None, "status": "Approved", "executed": True, "accounting_method": "amount"}
        own |= {"retainage_percent": None, "invoices_enabled": True, "payments_enabled": True, "ssov_enabled": False}
        own |= {"ssov_status": "draft", "origin_id": None, "origin_code": None, "origin_data": None, "deleted_at": None}
        values = {**own, **fields, "project_id": project_id, "vendor_id": vendor_id}
        commitments.check(person, values)
        row = person.add("commitments", **values)
        made = [self._sov_line(person, row, line) for line in lines]
        return {**row, "lines": [dict(line) for line in made]}

    def _sov_line(self, person: Writer, row: Json, given: Mapping[str, Any]) -> Json:
        every = person.company.of("wbs_codes", row["project_id"])
        wbs = next(wbs for wbs in every if wbs["flat_code"] == given["code"])
        quantity, unit_cost = exact(given.get("quantity", 0)), exact(given.get("unit_cost", 0))
        return person.add(
            "sov_lines",
            commitment_id=row["id"],
            wbs_code_id=wbs["id"],
            amount=str(exact(given.get("amount", quantity * unit_cost))),
            description=given.get("description"),
            quantity=str(quantity),
            unit_cost=str(unit_cost),
            uom=given.get("uom"),
            extended_type="manual" if "amount" in given else "calculated",
            position=len(person.company.of("sov_lines", row["id"])) + 1,
            origin_id=None,
            origin_data=None,
        )

    def backstage_add_ssov_line(
        self, company_id: int, sov_line_id: int, amount: str, description: str | None = None
    ) -> Json:
        """A line of the subcontractor's own schedule, under one of the contract's."""
        person, line = self.person(company_id), self._row(company_id, "sov_lines", sov_line_id)
        position = len(person.company.of("ssov_lines", line["commitment_id"])) + 1
        own = {"commitment_id": line["commitment_id"], "sov_line_id": line["id"], "wbs_code_id": line["wbs_code_id"]}
        own |= {"quantity": "0", "unit_cost": "0", "description": description, "position": position}
        return dict(person.add("ssov_lines", **own, amount=str(amount)))

    def backstage_edit_commitment(self, company_id: int, commitment_id: int, **fields: Any) -> Json:
        """Such as `status`, `vendor_id`, `invoices_enabled`, `payments_enabled`, `ssov_enabled`, `ssov_status`."""
        person, row = self.person(company_id), self._row(company_id, "commitments", commitment_id)
        commitments.check(person, {**row, **fields})
        return dict(person.change("commitments", row, **fields))

    def backstage_delete_commitment(self, company_id: int, commitment_id: int) -> None:
        commitments.erase(self.person(company_id), self._row(company_id, "commitments", commitment_id))

    # ------------------------------------------------------------------ invoices, costs and payments

    def backstage_add_billing_period(
        self, company_id: int, project_id: int, start: str, end: str, due: str = "", status: str = "open"
    ) -> Json:
        given = {"start_date": start, "end_date": end, "due_date": due or end, "status": status}
        project = self._row(company_id, "projects", project_id)
        return dict(periods.make(self.person(company_id), project, given))

    def backstage_set_period_status(self, company_id: int, period_id: int, status: str) -> Json:
        row = self._row(company_id, "billing_periods", period_id)
        return dict(self.person(company_id).change("billing_periods", row, status=status))

    def backstage_add_requisition(
        self, company_id: int, commitment_id: int, work: Mapping[str, str], **fields: Any
    ) -> Json:
        """`work`: the id of a line of the schedule -> what was completed in this period."""
        row = self._row(company_id, "commitments", commitment_id)
        kind, name = (
            (progress.DETAIL, "detail_line_item_id") if row["ssov_enabled"] else (progress.CONTRACT, "line_item_id")
        )
        items = [
            {"item_type": kind, name: int(id), "work_completed_this_period": exact(amount)}
            for id, amount in work.items()
        ]
        return dict(requisitions.make(self.person(company_id), row, {"items": items, **fields}))

    def backstage_edit_requisition(self, company_id: int, requisition_id: int, **fields: Any) -> Json:
        """Such as `status` or `invoice_number`; `work` maps the id of a row to what was completed."""
        row = self._row(company_id, "requisitions", requisition_id)
        stored = {
            item["id"]: item["item_type"] for item in self.companies[company_id].of("requisition_items", row["id"])
        }
        work: Mapping[str, str] = fields.pop("work", {})
        items = [
            {"id": int(id), "item_type": stored[int(id)], "work_completed_this_period": exact(amount)}
            for id, amount in work.items()
        ]
        requisitions.change(self.person(company_id), row, {**fields, **({"items": items} if items else {})})
        return dict(row)

    def backstage_delete_requisition(self, company_id: int, requisition_id: int) -> None:
        requisitions.erase(self.person(company_id), self._row(company_id, "requisitions", requisition_id))

    def backstage_add_payment(self, company_id: int, commitment_id: int, amount: str, **fields: Any) -> Json:
        contract = self._row(company_id, "commitments", commitment_id)
        return dict(payments.make(self.person(company_id), contract, {"amount": exact(amount), **fields}))

    def backstage_edit_payment(self, company_id: int, payment_id: int, **fields: Any) -> Json:
        return dict(payments.change(self.person(company_id), self._row(company_id, "payments", payment_id), fields))

    def backstage_delete_payment(self, company_id: int, payment_id: int) -> None:
        payments.erase(self.person(company_id), self._row(company_id, "payments", payment_id))

    def backstage_add_direct_cost(
        self, company_id: int, project_id: int, lines: Sequence[Mapping[str, Any]], **fields: Any
    ) -> Json:
        """`lines`: {code: "26-100.M", amount, description}; `fields` under their names in the API."""
        company = self.companies[company_id]
        by_code = {wbs["flat_code"]: wbs["id"] for wbs in company.of("wbs_codes", project_id)}
        sent = [
            {
                "wbs_code_id": by_code[line["code"]],
                "amount": exact(line["amount"]),
                "description": line.get("description"),
            }
            for line in lines
        ]
        given = {"direct_cost_type": "expense", "status": "approved", **fields, "line_items": sent}
        return dict(direct_costs.make_whole(self.person(company_id), project_id, given))

    def backstage_edit_direct_cost(self, company_id: int, direct_cost_id: int, **fields: Any) -> Json:
        """`amounts` maps the id of a line to its new amount."""
        person, row = self.person(company_id), self._row(company_id, "direct_costs", direct_cost_id)
        amounts: Mapping[str, str] = fields.pop("amounts", {})
        direct_costs.change(person, row, fields or {"line_items": []})
        for id, amount in amounts.items():
            line = self._row(company_id, "direct_cost_lines", int(id))
            cost_lines.update(person, line, cost_lines.planned(person, row, {"amount": exact(amount)}, line))
        return dict(row)

    def backstage_delete_direct_cost(self, company_id: int, direct_cost_id: int) -> None:
        direct_costs.erase(self.person(company_id), self._row(company_id, "direct_costs", direct_cost_id))

    def backstage_link(self, company_id: int, kind: str, id: int, origin_id: str | None) -> Json:
        """Another integration puts its outside id on a record, or takes it off again (None)."""
        changes: Json = {"origin_id": origin_id} | ({"synced_to_erp": bool(origin_id)} if kind == "vendors" else {})
        return dict(self.person(company_id).change(kind, self._row(company_id, kind, id), **changes))
