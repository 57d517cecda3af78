"""What becomes of a write that was turned down, where another question to QuickBooks Online can settle it."""

from __future__ import annotations

import re

from chalicelib.engine.errors import ConnectorError, Held, Stale, Unknown
from chalicelib.engine.merge import owned
from chalicelib.engine.records import Current, Done, Intent, Json
from chalicelib.systems.quickbooks_online import looking, shapes
from chalicelib.systems.quickbooks_online.client import Client, Faulty
from chalicelib.systems.quickbooks_online.fixes import ONE_OR_OTHER, VENDORS
from chalicelib.systems.quickbooks_online.looking import ENTITY
from chalicelib.systems.quickbooks_online.wording import inside, spaced

SAME_NAMES = ("Vendor", "Customer", "Employee")
_TAKEN_BY = re.compile(r"is assigned to TxnType=(\w+) with TxnId=(\w+)")


def settle(client: Client, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
    detail = faulty.fault.detail.lower()
    match faulty.code:
        case "6240":
            return _name_taken(client, intent, faulty)
        case "600" | "630" if intent.op != "create" or intent.kind == "vendor":
            return Unknown(f"{title_of(intent)} was sent before; what came of it is looked up.")
        case "6140" | "600" | "630":
            return _exists(client, intent, faulty)
        case "610" if intent.current is not None and "inactive" not in detail:
            return _gone(intent, intent.current, faulty)
    return client.trouble(faulty, title=title_of(intent), cause=_cause(intent, faulty))


def _gone(intent: Intent, current: Current, faulty: Faulty) -> Done | Held:
    if intent.op == "delete":
        return Done(current=current, answer={}, request_id=faulty.fault.trace, notes=["It was gone already."])
    return Held(
        "missing_in_target",
        f"{title_of(intent)} was deleted in QuickBooks Online; it is not made again by itself.",
        cause=title_of(intent),
        fix="Unlink the record so that it is created anew, or dismiss it if it was rightly deleted.",
    )


def title_of(intent: Intent) -> str:
    if intent.kind == "vendor":
        return f"The vendor {intent.body['name']}"
    number = intent.body.get("number") or f"without a number, dated {intent.body.get('date')},"
    return f"The {intent.kind.replace('_', ' ')} {number}"


def current_of(kind: str, raw: Json, intent: Intent | None = None) -> Current:
    return shapes.vendor_current(raw) if kind == "vendor" else shapes.document_current(kind, raw, intent)


def differing(intent: Intent, current: Current) -> list[str]:
    """The fields of ours that stand there with another content."""
    return [part for part, value in intent.body.items() if owned(current.body.get(part), value) != value]


def _cause(intent: Intent, faulty: Faulty) -> str:
    """What stands in the way of more than this one document, as far as the fault tells; "" where it does not."""
    if faulty.code in ("5020", "5030"):
        return f"{intent.kind.replace('_', ' ')}s"
    if faulty.code not in ("610", "2500"):
        return ""
    pointed = {"VendorRef": "vendor", "APAccountRef": "ap_account"}.get(faulty.fault.element, "")
    return f"{pointed.removeprefix('ap_')} {intent.body.get(pointed)}" if pointed else title_of(intent)


# ---------------------------------------------------------------------------------------------- a name that is taken


def _name_taken(client: Client, intent: Intent, faulty: Faulty) -> ConnectorError:
    """The name may be a vendor's, a customer's or an employee's: all three share one list (sheet section 15)."""
    own = intent.current.id if intent.current else ""
    for entity in SAME_NAMES:
        for row in looking.named(client, entity, intent):
            if row["Id"] != own:
                return _taken_by(intent, entity, row)
    for row in looking.named_anyhow(client, intent):
        if row["Id"] != own:
            return _taken_by(intent, "Vendor", row)
    return client.trouble(faulty, title=title_of(intent), cause=f"name {intent.body['name']}")


def _taken_by(intent: Intent, entity: str, row: Json) -> Held:
    wanted, name, kind = intent.body["name"], row.get("DisplayName"), entity.lower()
    active = row.get("Active", True) is not False
    says = f"The name {wanted} is taken in QuickBooks Online by the {'' if active else 'inactive '}{kind} {name} "
    if entity != "Vendor":
        place = {"Customer": "Sales > Customers", "Employee": "Payroll > Employees"}[entity]
        fix = f"Rename the {kind} {name} there under {place}, for example to “{name} ({entity})”, then replay."
    elif not active:
        fix = f"Make the vendor {name} active again {VENDORS}, or link the record to another vendor."
    else:
        fix = f"Link the record to the vendor {name}, or rename one of the two ({VENDORS})."
    return Held(
        "name_taken",
        f"{says}(id {row.get('Id')}).",
        cause=f"{kind} {wanted}",
        fix=fix,
        waits_for=["reference:vendor"],
    )


# ---------------------------------------------------------------------------------------------- a number that is taken


def _exists(client: Client, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
    """A number that is taken, or a request seen before: ours by the mark is adopted, else a person decides."""
    taken = _TAKEN_BY.search(faulty.fault.detail)
    kind, id_ = (taken[1], taken[2]) if taken else ("", "")
    raw = client.get(kind, id_) if kind == ENTITY[intent.kind] else None
    found = [current_of(intent.kind, raw, intent)] if raw is not None else []
    if not found:
        sighting = looking.look(client, [intent])[0]
        found = [*sighting.ours, *sighting.twins]
    ours = [current for current in found if current.ours and intent.op == "create"]
    if ours:
        return _adopted(intent, ours[0], faulty)
    if found:
        return _held(intent, f"{found[0].label} (id {found[0].id})")
    if taken:
        return _held(intent, f"the {spaced(kind)} with the id {id_}")
    return client.trouble(faulty, title=title_of(intent))


def _adopted(intent: Intent, current: Current, faulty: Faulty) -> Done | ConnectorError:
    if differing(intent, current):
        # An earlier state of this record, whose answer was lost: it is found by its mark, and then updated.
        return Stale(f"{title_of(intent)} stands there already with our mark, in an earlier state.")
    told = shapes.plain(current.raw)
    assert isinstance(told, dict)
    return Done(
        current=current,
        answer=told,
        request_id=faulty.fault.trace,
        money=shapes.money(current.raw),
        notes=["It was there already, with our mark."],
    )


def _held(intent: Intent, other: str) -> Held:
    return Held(
        "exists_in_target",
        f"The number of {inside(title_of(intent))} is taken in QuickBooks Online by {other}.",
        cause=other,
        fix=ONE_OR_OTHER,
    )
