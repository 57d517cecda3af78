"""Contract payments: what was paid on a commitment, one for each invoice that a payment pays (sheet section 15)."""

from __future__ import annotations

from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.records import Current, Done, Intent, Json, Money, Sighting
from chalicelib.systems.procore import models, names, writing
from chalicelib.systems.procore.client import Answer, Client, Faulty
from chalicelib.systems.procore.models import fit
from chalicelib.systems.procore.writing import title_of

PATH = "/rest/v1.0/contract_payments"
APPROVED = frozenset({"approved", "approved_as_noted"})


# ---------------------------------------------------------------------------------------------- reading


def current(project: str, commitment: str, raw: Json, intent: Intent | None = None) -> Current:
    found = fit(models.ContractPayment, raw)
    amount = found.amount
    money = Money(amount, "") if amount is not None else None
    body: Json = {
        "commitment": names.joined(project, commitment),
        "date": found.date,
        "amount": f"{amount:.2f}" if amount is not None else "",
        "number": found.invoice_number,
        "check_number": found.check_number,
    }
    paid_there = "it was paid through Procore Pay" if found.external_payment_id else ""
    return Current(
        id=names.joined(project, commitment, found.id),
        version=writing.version(found, body),
        body=body,
        raw=raw,
        locks=dict.fromkeys(("amount", "date"), paid_there) if paid_there else {},
        ours=writing.is_ours(found, intent),
        label=f"Payment {found.check_number or found.id}, {body['amount']}",
        day=writing.day(found.date),
        money=money,
    )


def listed(client: Client, project: str, commitment: str) -> list[Json]:
    return client.rows(PATH, {"project_id": project, "contract_id": commitment})


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the mark; twins by the invoice, the check's number or the day, and the amount."""
    project, commitment = names.parts("commitment", str(intent.body["commitment"]))
    found = [current(project, commitment, row, intent) for row in listed(client, project, commitment)]
    twins = [one for one in found if not one.ours and _same(one, intent)]
    return Sighting(ours=[one for one in found if one.ours], twins=twins)


def read(client: Client, target_id: str) -> Current | None:
    project, commitment, id_ = names.parts("contract_payment", target_id)
    raw = client.one(f"{PATH}/{id_}", _params(project, commitment))
    if raw is None:
        writing.still_visible(client, project, f"The payment {id_}")
        return None
    return current(project, commitment, raw)


def _same(one: Current, intent: Intent) -> bool:
    if names.mark_of(*(str(one.raw.get(part) or "") for part in ("origin_data", "origin_id"))):
        return False  # another payment of ours, which happens to be alike
    _, wanted = names.parts("requisition", str(intent.once["requisition"]))
    there = fit(models.ContractPayment, one.raw).requisition_id
    check = intent.body.get("check_number")
    alike = one.body["check_number"] == check if check else one.body["date"] == intent.body["date"]
    return one.body["amount"] == intent.body["amount"] and there in ("", wanted) and alike


# ---------------------------------------------------------------------------------------------- writing


def write(client: Client, intent: Intent) -> Done:
    project, commitment = names.parts("commitment", str(intent.body["commitment"]))
    if intent.current is None:
        return _create(client, intent, project, commitment)
    if intent.op == "update":
        return _update(client, intent, project, commitment)
    return _delete(client, intent, project, commitment)  # also of a void one: there are no payments of nothing


def _create(client: Client, intent: Intent, project: str, commitment: str) -> Done:
    _, invoice = names.parts("requisition", str(intent.once["requisition"]))
    made = {**_fields(intent.body), **_once(intent.once), **writing.marks(intent), "requisition_id": int(invoice)}
    try:
        answer = client.write("POST", PATH, _sent(project, commitment, made))
    except Faulty as faulty:
        if faulty.meaning.reason == "not_accepted":
            _check_approved(client, intent, project, invoice)
        raise
    return _done(answer, intent, project, commitment)


def _check_approved(client: Client, intent: Intent, project: str, invoice: str) -> None:
    """Payment follows approval there (sheet section 15). Raises Held where that is what stands in the way."""
    try:
        found = fit(models.Requisition, client.one(f"/rest/v1.1/requisitions/{invoice}", {"project_id": project}))
    except (ConnectorError, Faulty, models.Unfit):
        return  # what Procore said of the payment stands
    if found.status in APPROVED:
        return
    status = found.status.replace("_", " ") or "not approved"
    raise Held(
        "invoice_not_approved",
        f"{title_of(intent)} pays the invoice {found.invoice_number or invoice}, which is {status} in Procore.",
        cause=f"invoice {found.invoice_number or invoice}",
        fix="Approve the invoice in Procore under the project's Commitments > Invoices; it goes by itself then.",
        waits_for=["reference:requisition"],
    )


def _update(client: Client, intent: Intent, project: str, commitment: str) -> Done:
    assert intent.current is not None
    writing.check_place(intent, "commitment")
    before, raw = _fields(intent.current.body), fit(models.ContractPayment, intent.current.raw)
    changes = {part: value for part, value in _fields(intent.body).items() if before.get(part) != value}
    changes |= writing.lost_marks(intent, raw)

    def patch(fields: Json) -> Answer:
        assert intent.current is not None
        return client.write("PATCH", _path(intent.current), _sent(project, commitment, fields))

    return _done(writing.past_the_lock(intent, patch, lambda: patch(changes)), intent, project, commitment)


def _delete(client: Client, intent: Intent, project: str, commitment: str) -> Done:
    current_ = writing.may_withdraw(intent)
    path, params = _path(current_), _params(project, commitment)
    try:
        answer = writing.past_the_lock(
            intent,
            lambda fields: client.write("PATCH", path, _sent(project, commitment, fields)),
            lambda: client.write("DELETE", path, params=params),
            stays=False,
        )
    except Faulty as faulty:
        if not faulty.is_gone:
            raise
        return writing.done(current_, current_.raw, trace=faulty.fault.trace, notes=["It was gone already."])
    return writing.done(current_, current_.raw, trace=answer.trace)


def _done(answer: Answer, intent: Intent, project: str, commitment: str) -> Done:
    raw, notes = answer.body, writing.notes_of(intent)
    if not isinstance(raw, dict):
        raise Unknown(f"Procore took {title_of(intent)} and did not show it.")
    try:
        found = current(project, commitment, raw, intent)
    except models.Unfit as unfit:
        raise writing.open_outcome(intent, unfit) from unfit
    if not fit(models.ContractPayment, raw).requisition_id:
        notes.append("Procore did not say which invoice it pays.")
    total = writing.total(found, intent)
    return writing.done(found, raw, trace=answer.trace, money=total, notes=notes)


def _path(one: Current) -> str:
    return f"{PATH}/{names.parts('contract_payment', one.id)[-1]}"


def _params(project: str, commitment: str) -> dict[str, str]:
    return {"project_id": project, "contract_id": commitment}


def _sent(project: str, commitment: str, payment: Json) -> Json:
    return {"project_id": int(project), "contract_id": int(commitment), "contract_payment": payment}


def _fields(body: Json) -> Json:
    theirs = {"date": "date", "amount": "amount", "number": "invoice_number", "check_number": "check_number"}
    return {name: body[part] for part, name in theirs.items() if body.get(part)}


def _once(once: Json) -> Json:
    theirs = {"method": "payment_method", "invoice_date": "invoice_date", "memo": "notes"}
    return {name: once[part] for part, name in theirs.items() if once.get(part)}
