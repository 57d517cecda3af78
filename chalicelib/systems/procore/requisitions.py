"""Requisitions: what people in Procore call a subcontractor invoice (sheet section 14).

It is cumulative and ordered: one at a time on a commitment, and only the last one may be changed. Its rows come from
the commitment's schedule of values; what we write there is read back and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, Held, Stale, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Done, Intent, Json, Money, Sighting
from chalicelib.systems.procore import models, names, requisition_rows, wording, writing
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.models import Unfit, fit
from chalicelib.systems.procore.writing import title_of

PATH = "/rest/v1.1/requisitions"
ITEMS = {"view": "items"}
FINAL = frozenset({"approved", "approved_as_noted", "pending_owner_approval"})
NOUGHT = Decimal("0.00")


# ---------------------------------------------------------------------------------------------- reading


def current(
    project: str, raw: Json, intent: Intent | None = None, *, locks: Mapping[str, str] | None = None
) -> Current:
    """Rows of nothing are none: every invoice has one for each line of its commitment."""
    found = fit(models.Requisition, raw)
    rows = [row for row in found.items if row.work_completed_this_period]
    lines = [
        {
            "line": row.line_item_id,
            "amount": f"{row.work_completed_this_period:.2f}",
            "retainage": f"{row.work_completed_retainage_retained_this_period:.2f}",
        }
        for row in rows
    ]
    body: Json = {
        "commitment": names.joined(project, found.commitment_id),
        "date": found.billing_date,
        "number": found.invoice_number,
        "lines": sorted(lines, key=lambda line: line["line"]),
    }
    total = sum((row.work_completed_this_period for row in rows), NOUGHT)
    money = Money(total, found.currency_configuration.currency_iso_code)
    return Current(
        id=names.joined(project, found.id),
        version=writing.version(found, body),
        body=body,
        raw=raw,
        locks=locks or {},
        ours=writing.is_ours(found, intent),
        label=f"Invoice {found.invoice_number or found.number or found.id} of {found.vendor_name}, {money}".strip(),
        day=writing.day(found.billing_date),
        money=money,
        void=not lines,
    )


def on_commitment(client: Client, project: str, commitment: str) -> list[Json]:
    return client.rows(PATH, {**_of(project, commitment), **ITEMS})


def _of(project: str, commitment: str) -> dict[str, str]:
    return {"project_id": project, "filters[commitment_id]": commitment}


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the mark, unless it was only begun; twins by number, or by day and total where there is no number."""
    project, commitment = names.parts("commitment", str(intent.body["commitment"]))
    listed = [whole(client, project, row) for row in on_commitment(client, project, commitment)]
    found = [current(project, row, intent) for row in listed]
    ours = [one for one in found if one.ours and not _is_begun(one, intent)]
    return Sighting(ours=ours, twins=[one for one in found if not one.ours and _same(one, intent)])


def read(client: Client, target_id: str) -> Current | None:
    project, id_ = names.parts("requisition", target_id)
    raw = _one(client, project, id_)
    if raw is None:
        writing.still_visible(client, project, f"The invoice {id_}")
        return None
    return current(project, raw, locks=_locks(client, project, raw))


def _one(client: Client, project: str, id_: str) -> Json | None:
    raw = client.one(f"{PATH}/{id_}", {"project_id": project, **ITEMS})
    return None if raw is None else whole(client, project, raw)


def whole(client: Client, project: str, raw: Json) -> Json:
    """With its rows, wherever they are shown."""
    if isinstance(raw.get("items"), list):
        return raw
    rows = client.rows(f"/rest/v1.0/requisitions/{raw.get('id')}/contract_items", {"project_id": project})
    return {**raw, "items": rows}


def _locks(client: Client, project: str, raw: Json) -> dict[str, str]:
    """Why it may not be changed: nothing of it is then, not even deleted (sheet section 15)."""
    found = fit(models.Requisition, raw)
    why = ""
    if found.status in FINAL:
        why = f"it is {found.status.replace('_', ' ')}"
    elif any(_follows(found, row) for row in client.rows(PATH, _of(project, found.commitment_id))):
        why = "a later invoice follows it on its commitment"
    elif any(_pays(found, row) for row in _payments(client, project, found.commitment_id)):
        why = "it has payments"
    elif found.deletable is False:
        why = "Procore says that it is not the last one on its commitment, or is kept by accounting"
    return dict.fromkeys(("lines", "date", "number"), why) if why else {}


def _follows(found: models.Requisition, row: Json) -> bool:
    other = fit(models.Requisition, row)
    if other.previous_requisition_id == found.id:
        return True
    both = found.number.isdigit() and other.number.isdigit()
    return other.id != found.id and both and int(other.number) > int(found.number)


def _payments(client: Client, project: str, commitment: str) -> list[Json]:
    return client.rows("/rest/v1.0/contract_payments", {"project_id": project, "contract_id": commitment})


def _pays(found: models.Requisition, row: Json) -> bool:
    return fit(models.ContractPayment, row).requisition_id == found.id


def _is_begun(one: Current, intent: Intent) -> bool:
    """Made by us, and its rows never filled: an answer was lost in between."""
    return not one.body["lines"] and bool(intent.body["lines"])


def _same(one: Current, intent: Intent) -> bool:
    number = plain_name(str(intent.body["number"]))
    if number:
        return plain_name(str(one.body["number"])) == number
    total = one.money.amount if one.money else None
    wanted = intent.money.amount if intent.money else None
    return not one.body["number"] and one.body["date"] == intent.body["date"] and total == wanted


# ---------------------------------------------------------------------------------------------- writing


def write(client: Client, intent: Intent) -> Done:
    project, commitment = names.parts("commitment", str(intent.body["commitment"]))
    match intent.op:
        case "create":
            return _create(client, intent, project, commitment)
        case "update":
            return _update(client, intent, project, commitment)
        case "void":
            writing.may_withdraw(intent)
            return _update(client, writing.emptied(intent), project, commitment)
    return _delete(client, intent, project)


def _create(client: Client, intent: Intent, project: str, commitment: str) -> Done:
    if not intent.body["lines"]:
        title = title_of(intent)
        raise Held("no_lines", f"{title} comes to nothing.", cause=title, fix="Add a line at the source.")
    begun = _begun(client, intent, project, commitment)
    trace, status = "", str(intent.once["status"])
    if begun is None:
        # It is approved only once what stands there was compared.
        first = "under_review" if status in FINAL else status
        header = {**_header(intent.body), **_once(intent.once), **writing.marks(intent), "status": first}
        sent = _sent(
            project,
            commitment,
            {**header, "items": [requisition_rows.new(line) for line in writing.lines_of(intent.body)]},
        )
        answer = client.write("POST", PATH, sent, params=ITEMS)
        begun, trace = writing.id_of(answer.body, intent), answer.trace
    done = _settled(client, intent, project, begun, trace)
    if status in FINAL and done.money == intent.money:
        return _approved(client, done, _sent(project, commitment, {"status": status}), begun)
    return done


def _approved(client: Client, done: Done, sent: Json, id_: str) -> Done:
    """A status that is not taken leaves a good invoice for people to approve."""
    try:
        client.write("PATCH", f"{PATH}/{id_}", sent)
    except (Faulty, ConnectorError) as trouble:
        why = trouble.message if isinstance(trouble, ConnectorError) else wording.plain_words(trouble.fault.detail)
        return replace(done, notes=[*done.notes, f"It is under review there: Procore did not take its status ({why})."])
    return done


def _update(client: Client, intent: Intent, project: str, commitment: str) -> Done:
    assert intent.current is not None
    writing.check_place(intent, "commitment")
    before = intent.current.body
    _, id_ = names.parts("requisition", intent.current.id)
    header = {part: value for part, value in _header(intent.body).items() if _header(before).get(part) != value}
    changes: Json = dict(header)
    if before["lines"] != intent.body["lines"]:
        changes["items"] = requisition_rows.of(intent, intent.current.raw)
    answer = client.write("PATCH", f"{PATH}/{id_}", _sent(project, commitment, changes), params=ITEMS)
    return _settled(client, intent, project, id_, answer.trace)


def _delete(client: Client, intent: Intent, project: str) -> Done:
    current_ = writing.may_withdraw(intent)
    _, id_ = names.parts("requisition", current_.id)
    try:
        answer = client.write("DELETE", f"{PATH}/{id_}", params={"project_id": project})
    except Faulty as faulty:
        if not faulty.is_gone:
            raise
        return writing.done(current_, current_.raw, trace=faulty.fault.trace, notes=["It was gone already."])
    return writing.done(current_, current_.raw, trace=answer.trace)


def _begun(client: Client, intent: Intent, project: str, commitment: str) -> str | None:
    """The id of one that an earlier try made and did not fill. Raises Stale for one that came late, and is whole."""
    listed = [whole(client, project, row) for row in on_commitment(client, project, commitment)]
    ours = [one for one in (current(project, row, intent) for row in listed) if one.ours]
    if any(not _is_begun(one, intent) for one in ours):
        raise Stale(f"{title_of(intent)} stands on its commitment already, with our mark.")
    return str(ours[0].raw["id"]) if ours else None


def _settled(client: Client, intent: Intent, project: str, id_: str, trace: str) -> Done:
    """Read it back; rows that were not taken with it are written by themselves (sheet section 14, step 5)."""
    found = _read_back(client, intent, project, id_)
    notes = writing.notes_of(intent)
    if found.body["lines"] != intent.body["lines"]:
        rows = {"requisition_items": requisition_rows.of(intent, found.raw)}
        path = f"/rest/v1.0/requisitions/{id_}/bulk_item_update"
        client.write("PATCH", path, rows, params={"project_id": project})
        found = _read_back(client, intent, project, id_)
        notes.append("Its rows were filled in a second call.")
    total = writing.total(found, intent)
    due = Money(_due(found, intent), total.currency) if total else None
    return writing.done(found, found.raw, trace=trace, money=due, notes=notes)


def _read_back(client: Client, intent: Intent, project: str, id_: str) -> Current:
    try:
        raw = _one(client, project, id_)
        found = current(project, raw, intent) if raw is not None else None
    except (ConnectorError, Faulty, Unfit) as trouble:
        raise writing.open_outcome(intent, trouble) from trouble
    if found is None:
        raise Unknown(f"Procore took {title_of(intent)} and does not show it yet.")
    return found


def _due(found: Current, intent: Intent) -> Decimal:
    """What it comes to there; retainage that we did not ask for makes it less (sheet section 18, trap 9)."""
    total = sum((Decimal(str(line["amount"])) for line in writing.lines_of(found.body)), NOUGHT)
    return total - (_retained(found.body) - _retained(intent.body))


def _retained(body: Json) -> Decimal:
    return sum((Decimal(str(line["retainage"])) for line in writing.lines_of(body)), NOUGHT)


# ---------------------------------------------------------------------------------------------- bodies


def _sent(project: str, commitment: str, requisition: Json) -> Json:
    return {"project_id": int(project), "commitment_id": int(commitment), "requisition": requisition}


def _header(body: Json) -> Json:
    header: Json = {"billing_date": body["date"]}
    return header | ({"invoice_number": body["number"]} if body["number"] else {})


def _once(once: Json) -> Json:
    made: Json = {"requisition_start": once["begin"], "requisition_end": once["end"]}
    return made | ({"period_id": int(str(once["period"]))} if once["period"] else {})
