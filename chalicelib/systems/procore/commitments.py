"""Commitments with their schedules of values, as the bill router reads them (sheet section 11). Never written.

They travel through the target's kept lists as plain entries: one for each project that could be read, one for each
commitment, one for each line of its schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.records import Json, Reference
from chalicelib.systems.procore import models, names
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.models import Contract, Switches, fit
from chalicelib.systems.procore.parts import Commitment, Known, Value

VALUE, READ = "schedule_line", "project"


@dataclass(frozen=True, slots=True)
class Type:
    """`open_in` are the states in which Procore takes invoices."""

    path: str
    open_in: frozenset[str]


TYPES = {
    "subcontract": Type("/rest/v1.0/work_order_contracts", frozenset({"Approved", "Complete"})),
    "purchase_order": Type("/rest/v1.0/purchase_order_contracts", frozenset({"Approved"})),
}
VOID = "Void"


def references(client: Client, project: str) -> list[Reference]:
    switches = _switches(client, project)
    found = [Reference(id=project, name=f"Project {project}", kind=READ)]
    for kind, type_ in TYPES.items():
        for row in client.rows(type_.path, {"project_id": project}):
            contract = fit(Contract, row)
            if contract.status == VOID or contract.deleted_at:
                continue
            if contract.status in type_.open_in:
                contract = _shown(client, type_, project, row)
            found += _entries(project, kind, contract, switches.get(contract.id))
    return found


def of(entries: Iterable[Reference]) -> Known:
    """What a kept list knows."""
    listed = list(entries)
    values: dict[str, list[Value]] = {}
    for entry in listed:
        if entry.kind == VALUE:
            told = entry.contact
            value = Value(entry.id.rpartition("/")[2], told["wbs"], told["code"], entry.name)
            values.setdefault(told["commitment"], []).append(value)
    found = [
        Commitment(
            id=entry.id,
            project=entry.contact["project"],
            number=entry.code,
            vendor=entry.contact["vendor"],
            title=entry.name,
            blocked=entry.contact["blocked"],
            values=values.get(entry.id, []),
            currency=entry.currency,
            retainage=Decimal(entry.contact["retainage"]),
        )
        for entry in listed
        if entry.kind in TYPES
    ]
    return Known(frozenset(entry.id for entry in listed if entry.kind == READ), found)


def _shown(client: Client, type_: Type, project: str, row: Json) -> Contract:
    """Its schedule, wherever it is shown; one that vanished meanwhile is as the list has it."""
    path, params = f"{type_.path}/{row.get('id')}", {"project_id": project}
    raw = client.one(path, params) or row
    if not isinstance(raw.get("line_items"), list):
        raw = {**raw, "line_items": client.rows(f"{path}/line_items", params)}
    return fit(Contract, {**row, **raw})


def _switches(client: Client, project: str) -> dict[str, Switches]:
    """What only the newer list says; where it is not open to the app, a write tells instead."""
    path = f"/rest/v2.0/companies/{client.company}/projects/{project}/commitment_contracts"
    try:
        rows = client.rows(path, {"view": "extended"})
    except Faulty:
        return {}
    return {found.id: found for found in (fit(Switches, row) for row in rows)}


def _entries(project: str, kind: str, contract: Contract, switches: Switches | None) -> list[Reference]:
    id_, blocked = names.joined(project, contract.id), _blocked(contract, TYPES[kind], switches)
    payments = "" if switches is None or switches.allow_payments is None else str(switches.allow_payments).lower()
    told = {"project": project, "vendor": contract.vendor.id, "blocked": blocked, "payments": payments}
    told["retainage"] = str(contract.retainage_percent or 0)
    head = Reference(
        id=id_,
        name=contract.title,
        full_name=f"{contract.number} {contract.title}".strip(),
        code=contract.number,
        active=not blocked,
        kind=kind,
        currency=contract.currency_configuration.currency_iso_code,
        contact=told,
    )
    return [head, *(_value(id_, line) for line in contract.line_items)]


def _value(commitment: str, line: models.ContractLine) -> Reference:
    told: Mapping[str, str] = {
        "commitment": commitment,
        "wbs": line.wbs_code.id,
        "code": line.wbs_code.flat_code or f"{line.cost_code.full_code}.{line.line_item_type.code}".strip("."),
    }
    return Reference(id=f"{commitment}/{line.id}", name=line.description, kind=VALUE, contact=told)


def _blocked(contract: Contract, type_: Type, switches: Switches | None) -> str:
    """Why no invoice can go on it; what is not said is left to Procore's own answer."""
    if contract.status not in type_.open_in:
        return f"its status is {contract.status or 'not known'}"
    if not contract.vendor.id:
        return "it has no vendor"
    off = switches is not None and switches.allow_payment_applications is False
    if off or contract.requisitions_are_enabled is False:
        return "invoices are switched off on it"
    if switches is not None and switches.enable_ssov:
        return "the subcontractor keeps a schedule of its own, to whose lines a bill cannot be assigned for sure"
    if contract.accounting_method == "unit":
        return "it is kept by quantities, which a bill does not tell"
    return ""
