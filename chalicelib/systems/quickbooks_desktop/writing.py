"""An intent as the one request that does it (sheet 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from chalicelib.engine.merge import owned
from chalicelib.engine.records import Intent, Json, attempt_key
from chalicelib.systems.quickbooks_desktop import marks, messages, rows
from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.messages import Fields
from chalicelib.systems.quickbooks_desktop.qbxml import MOST_SET_ID, Request
from chalicelib.systems.quickbooks_desktop.rows import Row

NEW_LINE = "-1"
ADDRESS = {"line1": "Addr1", "line2": "Addr2", "city": "City", "state": "State", "postal_code": "PostalCode"}
PLAIN = {"name": "Name", "company": "CompanyName", "phone": "Phone", "email": "Email"}
OUR_LINES = ("line1", "line2")
REFS = {"ap_account": "APAccountRef", "term": "TermsRef"}
DAYS = {"date": "TxnDate", "due_date": "DueDate"}


def request(intent: Intent, request_id: str, stands: Row | None) -> Request:
    """`stands` is the row as it was read right before, None for a create. Raises Unfit for what cannot be sent."""
    if intent.op == "create":
        return _add(intent, request_id)
    if isinstance(stands, rows.Vendor):
        changes = _vendor(_differing(intent), _theirs(stands.address))
        return messages.vendor_mod(request_id, stands.list_id, stands.edit_sequence, changes)
    assert isinstance(stands, rows.Bill)
    if intent.op == "delete":
        return messages.delete_bill(request_id, stands.txn_id)
    if intent.op == "void":
        return messages.void_bill(request_id, stands.txn_id)
    return messages.bill_mod(request_id, stands.txn_id, stands.edit_sequence, _changes(intent, stands))


def message_set(attempt: str, at: str) -> str:
    """The id of a message set: of this very sending, never used again (sheet 5.1)."""
    return attempt_key(attempt, at)[:MOST_SET_ID]


def title_of(intent: Intent) -> str:
    name = intent.body.get("name") or intent.body.get("number") or intent.key.source_id
    return f"{'Vendor' if intent.kind == 'vendor' else 'Bill'} {name}"


def _add(intent: Intent, request_id: str) -> Request:
    guid = {"ExternalGUID": marks.guid(intent.mark)}
    if intent.kind == "vendor":
        return messages.vendor_add(request_id, _vendor(intent.body, {"Country": intent.once.get("country")}) | guid)
    fields = _header(intent.body) | guid | {"Memo": marks.memo(str(intent.once.get("memo", "")), intent.mark)}
    fields |= {"ExpenseLineAdd": [_line(line) for line in _lines(intent.body)]}
    return messages.bill_add(request_id, Ref(str(intent.body["vendor"])), fields)


def _changes(intent: Intent, stands: rows.Bill) -> Fields:
    """Only what differs. Once a line is named, every expense line that is not is deleted: so all are named."""
    differing = _differing(intent)
    fields: Json = dict(_header(differing))
    if "vendor" in differing:
        fields["VendorRef"] = Ref(str(differing["vendor"]))
    if "lines" in differing:
        ids = [line.line_id for line in stands.expense_lines]
        fields["ExpenseLineMod"] = [
            {"TxnLineID": ids[n] if n < len(ids) else NEW_LINE, **_line(line)}
            for n, line in enumerate(_lines(differing))
        ]
    return fields


def _differing(intent: Intent) -> Json:
    """The fields that do not stand there as we want them; of a vendor's address all, as it is replaced in one piece."""
    assert intent.current is not None
    there = intent.current.body
    found = {name: value for name, value in intent.body.items() if owned(there.get(name), value) != value}
    if found.keys() & ADDRESS.keys():
        found |= {part: intent.body[part] for part in ADDRESS if part in intent.body}
    return found


def _vendor(body: Mapping[str, object], beyond: Mapping[str, object]) -> Json:
    """`beyond` is what of the address is not in the body: it goes with it, as the address is replaced in one piece."""
    fields: Json = {PLAIN[name]: value for name, value in body.items() if name in PLAIN}
    address = {ADDRESS[name]: value for name, value in body.items() if name in ADDRESS}
    filled = {name: value for name, value in {**address, **beyond}.items() if value}
    return fields | ({"VendorAddress": filled} if address else {})


def _theirs(address: rows.Address | None) -> Json:
    if address is None:
        return {}
    lines = {f"Addr{n}": line for n, line in enumerate(address.lines, 1) if n > len(OUR_LINES)}
    return {**lines, "Country": address.country, "Note": address.note}


def _header(body: Mapping[str, object]) -> Json:
    fields: Json = {REFS[name]: Ref(str(value)) for name, value in body.items() if name in REFS and value}
    fields |= {DAYS[name]: date.fromisoformat(str(value)) for name, value in body.items() if name in DAYS and value}
    return fields | ({"RefNumber": body["number"]} if body.get("number") else {})


def _line(line: Json) -> Json:
    fields: Json = {
        "AccountRef": Ref(str(line["account"])),
        "Amount": Decimal(str(line["amount"])),
        "Memo": line["memo"],
    }
    if line.get("class"):
        fields["ClassRef"] = Ref(str(line["class"]))
    if line.get("customer"):
        # By preference a line with a customer is billable unless it says otherwise (sheet 3.3).
        fields |= {"CustomerRef": Ref(str(line["customer"])), "BillableStatus": "NotBillable"}
    return fields


def _lines(body: Mapping[str, object]) -> list[Json]:
    lines = body["lines"]
    assert isinstance(lines, list)
    return lines
