"""Direct costs: bills without a commitment (sheet section 12). One writer at a time each, totals read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Done, Intent, Json, Money, Sighting
from chalicelib.systems.procore import cost_lines, faults, models, names, writing
from chalicelib.systems.procore.answers import Fault, messages
from chalicelib.systems.procore.client import Answer, Client, Faulty
from chalicelib.systems.procore.models import Unfit, fit
from chalicelib.systems.procore.writing import title_of

MOST_LINES = 100  # in one call
SYNC_ROWS = 200
VENDOR_TROUBLE = frozenset({"vendor_not_on_project", "vendor_missing"})


def at(project: str, id_: str = "", *, old: bool = False) -> str:
    return f"/rest/v1.{0 if old else 1}/projects/{project}/direct_costs" + (f"/{id_}" if id_ else "")


# ---------------------------------------------------------------------------------------------- reading


def current(project: str, raw: Json, intent: Intent | None = None) -> Current:
    found = fit(models.DirectCost, raw)
    body: Json = {
        "project": project,
        "vendor": names.project_vendor(found.vendor_id or found.vendor.id, found.origin_data),
        "date": found.direct_cost_date,
        "number": found.invoice_number,
        "lines": cost_lines.form(found.line_items),
        "paid": found.payment_date,
    }
    total = next((amount for amount in (found.grand_total, found.amount) if amount is not None), None)
    total = total if total is not None else sum((line.amount for line in found.line_items), Decimal("0.00"))
    money = Money(total, found.currency_configuration.currency_iso_code)
    return Current(
        id=names.joined(project, found.id),
        version=writing.version(found, body),
        body=body,
        raw=raw,
        ours=writing.is_ours(found, intent),
        label=f"Direct cost {found.invoice_number or found.id} of {found.vendor_name}, {money}".strip(),
        day=writing.day(found.direct_cost_date),
        money=money,
        void=not body["lines"],
    )


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the origin id, or by the number and the mark in the data; twins by vendor and number."""
    project, number = str(intent.body["project"]), str(intent.body["number"])
    rows: dict[str, Json] = {}
    asked = [("invoice_number", number)]
    asked += [("origin_id", names.origin(intent.mark))] if intent.once.get("lock") else []
    for filter_, value in asked:
        rows |= {str(row.get("id")): row for row in client.rows(at(project), {f"filters[{filter_}]": value})}
    near = [row for row in rows.values() if _is_near(row, intent, number)]
    whole = [raw for row in near if (raw := one(client, project, str(row["id"]))) is not None]
    found = [current(project, raw, intent) for raw in whole]
    ours = [cost for cost in found if cost.ours and not _is_begun(cost, intent)]
    vendors = {str(intent.body["vendor"]), str(intent.once.get("company_vendor") or "")}
    return Sighting(ours=ours, twins=[cost for cost in found if not cost.ours and cost.body["vendor"] in vendors])


def read(client: Client, target_id: str) -> Current | None:
    project, id_ = names.parts("direct_cost", target_id)
    raw = one(client, project, id_)
    if raw is None:
        writing.still_visible(client, project, f"The direct cost {id_}")
        return None
    return current(project, raw)


def one(client: Client, project: str, id_: str) -> Json | None:
    """With all its lines, wherever they are shown."""
    raw = client.one(at(project, id_))
    if raw is None:
        return None
    shown, count = raw.get("line_items"), raw.get("line_items_count")
    if isinstance(shown, list) and (not isinstance(count, int) or len(shown) >= count):
        return raw
    return {**raw, "line_items": client.rows(f"{at(project, id_, old=True)}/line_items")}


def _is_near(row: Json, intent: Intent, number: str) -> bool:
    """A filter that is not understood there lists everything."""
    found = fit(models.DirectCost, row)
    return writing.is_ours(found, intent) or plain_name(found.invoice_number) == plain_name(number)


def _is_begun(cost: Current, intent: Intent) -> bool:
    """Made by us, and of more lines than fit into one call only the first ones came."""
    ours, theirs = writing.lines_of(intent.body), writing.lines_of(cost.body)
    return len(ours) > MOST_LINES and len(theirs) < len(ours)


# ---------------------------------------------------------------------------------------------- writing


def write(client: Client, intent: Intent) -> Done:
    match intent.op:
        case "create":
            return _create(client, intent)
        case "update":
            return _update(client, intent)
        case "void":
            writing.may_withdraw(intent)
            return _update(client, writing.emptied(intent))
    return _delete(client, intent)


def _create(client: Client, intent: Intent) -> Done:
    project, lines = str(intent.body["project"]), writing.lines_of(intent.body)
    if not lines:
        title = title_of(intent)
        raise Held("no_lines", f"{title} comes to nothing.", cause=title, fix="Add a line at the source.")
    if len(lines) > MOST_LINES and not intent.once.get("lock"):
        raise Held(
            "too_many_lines",
            f"{title_of(intent)} has {len(lines)} lines; Procore takes {MOST_LINES} of a record without an origin id.",
            cause=title_of(intent),
            fix="Sum up or split the bill at the source; or let this flow lock its direct costs.",
        )
    begun = _begun(client, intent, project) if len(lines) > MOST_LINES else None
    trace, notes = "", writing.notes_of(intent)
    if begun is None:
        answer, notes = _post(client, intent, project, notes)
        begun, trace = writing.id_of(answer.body, intent), answer.trace
    _add_rest(client, intent, project, begun)
    return _settled(client, intent, project=project, id_=begun, trace=trace, notes=notes)


def _post(client: Client, intent: Intent, project: str, notes: list[str]) -> tuple[Answer, list[str]]:
    """The vendor by its id in the project, else once by that in the company (sheet section 7, unconfirmed)."""
    lines = [cost_lines.sent(intent, line) for line in writing.lines_of(intent.body)[:MOST_LINES]]
    made: Json = {"direct_cost_type": "invoice", "invoice_number": intent.body["number"], "line_items": lines}
    given = {part: value for part, value in _header(intent.body).items() if value is not None}
    made |= {**given, **_once(intent.once), **writing.marks(intent)}
    try:
        return client.write("POST", at(project), {"direct_cost": made}), notes
    except Faulty as faulty:
        other, vendor = str(intent.once.get("company_vendor") or ""), str(intent.body["vendor"])
        if faulty.meaning.reason not in VENDOR_TROUBLE or other in ("", vendor):
            raise
        first = faulty
    try:
        noted = names.standing_for(intent.mark, company_vendor=other, project_vendor=vendor)
        again: Json = {**made, "vendor_id": int(other), "origin_data": noted}
        answer = client.write("POST", at(project), {"direct_cost": again})
    except Faulty as faulty:
        raise (first if faulty.meaning.reason in VENDOR_TROUBLE else faulty) from None
    return answer, [*notes, "The vendor was taken by its id in the company."]


def _begun(client: Client, intent: Intent, project: str) -> str | None:
    rows = client.rows(at(project), {"filters[origin_id]": names.origin(intent.mark)})
    ours = [row for row in rows if writing.is_ours(fit(models.DirectCost, row), intent)]
    return str(ours[0]["id"]) if ours else None


def _add_rest(client: Client, intent: Intent, project: str, id_: str) -> None:
    """What did not fit into the first call, by the sync endpoint: a repeat updates by the line's own id."""
    rest = writing.lines_of(intent.body)[MOST_LINES:]
    for begin in range(0, len(rest), SYNC_ROWS):
        rows = [cost_lines.synced(intent, line, id_) for line in rest[begin : begin + SYNC_ROWS]]
        answer = client.write("PATCH", f"{at(project, old=True)}/line_items/sync", {"updates": rows})
        failed = answer.body.get("errors") if isinstance(answer.body, dict) else None
        if failed:
            raise Unknown(f"Procore took {title_of(intent)} without some of its lines.").seen(str(failed))


def _update(client: Client, intent: Intent) -> Done:
    assert intent.current is not None
    writing.check_place(intent, "project")
    project, trace = str(intent.body["project"]), ""
    path = at(project, names.parts("direct_cost", intent.current.id)[1])
    for call in _changes(client, intent, project):
        trace = writing.past_the_lock(intent, lambda fields: _patch(client, path, fields), call).trace
    notes = [*writing.notes_of(intent), *_tidied(client, intent, project)]
    return _settled(client, intent, project=project, id_=path.rpartition("/")[2], trace=trace, notes=notes)


def _changes(client: Client, intent: Intent, project: str) -> Iterator[Callable[[], Answer]]:
    """The calls that bring about what differs: the number by itself, and the header with the lines."""
    assert intent.current is not None
    before, raw = intent.current.body, fit(models.DirectCost, intent.current.raw)
    id_ = raw.id
    if before["number"] != intent.body["number"]:
        yield lambda: _numbered(client, intent, project, id_)
    header = {part: value for part, value in _header(intent.body).items() if _header(before).get(part) != value}
    header |= writing.lost_marks(intent, raw)
    changed, _ = cost_lines.differing(intent)
    some = [changed[begin : begin + MOST_LINES] for begin in range(0, len(changed), MOST_LINES)]
    for first, lines in enumerate(some or [[]]):
        fields = (header if not first else {}) | ({"line_items": lines} if lines else {})
        if fields:
            yield partial(_patch, client, at(project, id_), fields)


def _tidied(client: Client, intent: Intent, project: str) -> list[str]:
    """Lines that are gone at the source, and nothing by now, are taken off; of a voided bill they stay as they are."""
    assert intent.current is not None
    if not intent.body["lines"]:
        return []
    _, id_ = names.parts("direct_cost", intent.current.id)
    try:
        for line in cost_lines.differing(intent)[1]:
            client.write("DELETE", f"{at(project, id_, old=True)}/line_items/{line}")
    except (Faulty, ConnectorError):
        return ["A line that is gone at the source stays there with an amount of nothing."]
    return []


def _numbered(client: Client, intent: Intent, project: str, id_: str) -> Answer:
    """The number, which only the sync endpoint takes; it is taken even where its row is not (section 18, trap 12)."""
    row = {"id": int(id_), "invoice_number": intent.body["number"]}
    answer = client.write("PATCH", f"{at(project, old=True)}/sync", {"updates": [row]})
    failed = answer.body.get("errors") if isinstance(answer.body, dict) else None
    for one_ in failed if isinstance(failed, list) else []:
        said = tuple(messages({"errors": one_.get("errors")})) if isinstance(one_, dict) else ()
        complaint = Fault(422, said, at(project, old=True), answer.trace)
        raise Faulty(complaint, faults.meaning(complaint), project)
    return answer


def _patch(client: Client, path: str, fields: Json) -> Answer:
    return client.write("PATCH", path, {"direct_cost": fields})


def _delete(client: Client, intent: Intent) -> Done:
    current_ = writing.may_withdraw(intent)
    project, id_ = names.parts("direct_cost", current_.id)
    path = at(project, id_)
    try:
        answer = writing.past_the_lock(
            intent,
            lambda fields: _patch(client, path, fields),
            lambda: client.write("DELETE", path),
            stays=False,
        )
    except Faulty as faulty:
        if not faulty.is_gone:
            raise
        return writing.done(current_, current_.raw, trace=faulty.fault.trace, notes=["It was gone already."])
    return writing.done(current_, current_.raw, trace=answer.trace)


def _settled(client: Client, intent: Intent, *, project: str, id_: str, trace: str, notes: list[str]) -> Done:
    """Read it back: its total counts, and whether a payment date that was taken off is really gone."""
    try:
        raw = one(client, project, id_)
        found = current(project, raw, intent) if raw is not None else None
    except (ConnectorError, Faulty, Unfit) as trouble:
        raise writing.open_outcome(intent, trouble) from trouble
    if found is None or raw is None:
        raise Unknown(f"Procore took {title_of(intent)} and does not show it yet.")
    if intent.body.get("paid") == "" and found.body["paid"]:
        raise Held(
            "payment_date_stays",
            f"{found.label} is unpaid again, and Procore kept its payment date {found.body['paid']}.",
            cause=found.label,
            fix="Take the paid date off the direct cost in Procore under the project's Direct Costs, then replay.",
        )
    total = writing.total(found, intent)
    return writing.done(found, raw, trace=trace, money=total, notes=notes)


# ---------------------------------------------------------------------------------------------- bodies


def _header(body: Json) -> Json:
    """What PATCH takes too; the number has a call of its own there."""
    made: Json = {"vendor_id": int(str(body["vendor"] or 0)), "direct_cost_date": body["date"]}
    made["received_date"] = body["date"]
    return made | ({"payment_date": body["paid"] or None} if "paid" in body else {})


def _once(once: Json) -> Json:
    given = {"description": once.get("memo"), "terms": once.get("terms"), "status": once["status"]}
    return {name: value for name, value in given.items() if value}
