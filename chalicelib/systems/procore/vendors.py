"""Company vendors (sheet section 7): many in one call, told apart by our id, never made twice."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Done, Intent, Json, RecordKey, Reference, Sighting
from chalicelib.systems.procore import answers, faults, models, names, writing
from chalicelib.systems.procore.answers import Fault
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.models import fit
from chalicelib.systems.procore.writing import title_of

PATH = "/rest/v1.0/vendors"
SYNC_PATH = "/rest/v1.0/vendors/sync"
FIELDS = {
    "name": "name",
    "email": "email_address",
    "phone": "business_phone",
    "line1": "address",
    "city": "city",
    "state": "state_code",
    "postal_code": "zip",
    "country": "country_code",
}

Outcomes = dict[RecordKey, Done | ConnectorError]


# ---------------------------------------------------------------------------------------------- reading


def current(raw: Json, intent: Intent | None = None) -> Current:
    vendor = fit(models.Vendor, raw)
    body: Json = {ours: getattr(vendor, theirs) for ours, theirs in FIELDS.items()}
    return Current(
        id=vendor.id,
        version=writing.version(vendor, body),
        body=body,
        raw=raw,
        ours=writing.is_ours(vendor, intent),
        label=f"Vendor {vendor.name or vendor.id}",
    )


def reference(raw: Json, *, active: bool = True) -> Reference:
    vendor = fit(models.Vendor, raw)
    return Reference(
        id=vendor.id,
        name=vendor.name,
        code=vendor.origin_code,
        active=active and vendor.is_active is not False,
        aliases=[vendor.trade_name] if vendor.trade_name else [],
        contact={
            "email": vendor.email_address,
            "line1": vendor.address,
            "city": vendor.city,
            "postal_code": vendor.zip,
            "phone": vendor.business_phone,
            "origin": vendor.origin_id,
        },
    )


def references(client: Client) -> list[Reference]:
    """Active and inactive ones: the latter are in a list of their own."""
    active = [reference(row) for row in client.rows(PATH, {"company_id": client.company})]
    inactive = client.rows(f"/rest/v1.0/companies/{client.company}/vendors/inactive")
    known = {one.id for one in active}
    gone = [reference(row, active=False) for row in inactive]
    return [*active, *(one for one in gone if one.id not in known)]


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the origin id; twins by the name, in any case."""
    company = {"company_id": client.company}
    rows = {}
    if intent.once.get("lock"):
        rows = _by_id(client.rows(PATH, {**company, "filters[origin_id]": names.origin(intent.mark)}))
    rows |= _by_id(client.rows(PATH, {**company, "filters[search]": str(intent.body["name"])}))
    found = [current(row, intent) for row in rows.values()]
    wanted = plain_name(str(intent.body["name"]))
    twins = [one for one in found if not one.ours and plain_name(str(one.body["name"])) == wanted]
    return Sighting(ours=[one for one in found if one.ours], twins=[_owned(one, intent) for one in twins])


def read(client: Client, target_id: str) -> Current | None:
    (vendor,) = names.parts("vendor", target_id)
    raw = client.one(f"{PATH}/{vendor}", {"company_id": client.company})
    return None if raw is None else current(raw)


def _owned(one: Current, intent: Intent) -> Current:
    """With the fields that we own only, so that a vendor of ours equals what we sent."""
    body = {name: value for name, value in one.body.items() if name in intent.body}
    return Current(id=one.id, version=one.version, body=body, raw=one.raw, label=one.label)


def _by_id(rows: Sequence[Json]) -> dict[str, Json]:
    return {str(row.get("id")): row for row in rows}


# ---------------------------------------------------------------------------------------------- writing


def write(client: Client, intents: Sequence[Intent]) -> list[Done | ConnectorError]:
    """One outcome per intent. All that have an id of one kind go in one call (sheet section 13)."""
    alone = [intent for intent in intents if _row_id(intent) is None]
    outcomes: Outcomes = {intent.key: _create(client, intent) for intent in alone}
    together = [intent for intent in intents if intent.key not in outcomes]
    outcomes |= _sync(client, together)
    return [outcomes[intent.key] for intent in intents]


def _create(client: Client, intent: Intent) -> Done | ConnectorError:
    """A row without any id would make a new vendor with every repeat, so it goes the plain way."""
    try:
        sent = {"company_id": int(client.company), "vendor": {**_fields(intent), **_identity(intent)}}
        answer = client.write("POST", PATH, sent)
        raw = answer.body
        if not isinstance(raw, dict):
            raise Unknown(f"Procore took {title_of(intent)} and did not show it.")
        return writing.done(current(raw, intent), raw, trace=answer.trace, notes=writing.notes_of(intent))
    except Faulty as faulty:
        return client.trouble(faulty, title=title_of(intent))
    except models.Unfit as unfit:
        return writing.open_outcome(intent, unfit)
    except ConnectorError as trouble:
        return trouble


def _sync(client: Client, intents: Sequence[Intent]) -> Outcomes:
    """Rows come back by their ids, in any order; the call is taken even where rows are not (section 18, trap 12)."""
    if not intents:
        return {}
    sent = {"company_id": int(client.company), "updates": [_row(intent) for intent in intents]}
    try:
        answer = client.write("PATCH", SYNC_PATH, sent)
    except Faulty as faulty:
        if faulty.meaning.kind == "SPLIT" and len(intents) > 1:
            half = len(intents) // 2
            return _sync(client, intents[:half]) | _sync(client, intents[half:])
        return {one.key: client.trouble(faulty, title=title_of(one)) for one in intents}
    except ConnectorError as trouble:
        return dict.fromkeys((one.key for one in intents), trouble)
    body = answer.body if isinstance(answer.body, dict) else {}
    taken, failed = (_echoed(body.get(part)) for part in ("entities", "errors"))
    return {one.key: _row_outcome(client, one, taken, failed, answer.trace) for one in intents}


def _row_outcome(
    client: Client, intent: Intent, taken: dict[str, Json], failed: dict[str, Json], trace: str
) -> Done | ConnectorError:
    echo = str(_row_id(intent))
    if echo in failed:
        complaint = Fault(422, tuple(answers.messages({"errors": failed[echo].get("errors")})), SYNC_PATH, trace)
        return client.trouble(Faulty(complaint, faults.meaning(complaint), ""), title=title_of(intent))
    raw = taken.get(echo)
    if raw is None:
        return Unknown(f"Procore took a list with {title_of(intent)} in it and did not say what became of it.")
    try:
        return writing.done(current(raw, intent), raw, trace=trace, notes=writing.notes_of(intent))
    except models.Unfit as unfit:
        return writing.open_outcome(intent, unfit)
    except Held as held:
        return held


def _echoed(rows: object) -> dict[str, Json]:
    """The rows by each of their ids."""
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row[name]): row for row in listed for name in ("origin_id", "id") if row.get(name)}


def _row_id(intent: Intent) -> str | None:
    if intent.current is not None:
        return intent.current.id
    return names.origin(intent.mark) if intent.once.get("lock") else None


def _row(intent: Intent) -> Json:
    """An update goes by the id alone: the origin id is set once, on what we made (sheet section 6)."""
    if intent.op == "delete" and intent.current is not None:
        return {"id": int(intent.current.id), "is_active": False}  # vendors cannot be deleted
    if intent.current is not None:
        changed = {part: value for part, value in intent.body.items() if intent.current.body.get(part) != value}
        return {"id": int(intent.current.id)} | {FIELDS[part]: value for part, value in changed.items()}
    return {**_fields(intent), **_identity(intent)}


def _fields(intent: Intent) -> Json:
    return {FIELDS[part]: value for part, value in intent.body.items()} | {"is_active": True}


def _identity(intent: Intent) -> Json:
    code = intent.once.get("code")
    return writing.marks(intent) | ({"origin_code": code} if code else {})
