"""Vendors as a target: made and changed field by field, told apart by the external id, whose names are not unique."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine.errors import Held, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Done, Intent, Json, Reference, Sighting, fingerprint
from chalicelib.systems.procurify import vendors
from chalicelib.systems.procurify.client import Client, Written
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.reading import number_at, shortened, text_at
from chalicelib.systems.procurify.vendors import LIST, NOT_SUPPLIERS, vendor_id

ALL = f"{LIST}all/"  # that inactive ones are in it is not confirmed
REGULAR = 4
LONGEST_ID = 100
LAGS = timedelta(seconds=60)  # a list may not show yet what was made so shortly before
FIELDS = {
    "name": "name",
    "phone": "phoneOne",
    "line1": "addressLineOne",
    "line2": "addressLineTwo",
    "city": "city",
    "state": "state_province",
    "postal_code": "postalCode",
    "country": "country",
}
OURS = ("[mlc:",)


# ---------------------------------------------------------------------------------------------- reading


def current(raw: Json, intent: Intent | None = None) -> Current:
    body: Json = {ours: text_at(raw, theirs).strip() for ours, theirs in FIELDS.items()}
    body["email"] = next(iter(_emails(raw)), "")
    return Current(
        id=vendor_id(raw) or "",
        version=f"{raw.get('dateModified')} {fingerprint(body)[:12]}",
        body=body,
        raw={"email": _emails(raw), "external_id": text_at(raw, "external_id"), "active": raw.get("active")},
        ours=intent is not None and text_at(raw, "external_id") == external_id(intent),
        label=f"Vendor {shortened(text_at(raw, 'name')) or vendor_id(raw)}",
    )


def read(client: Client, id_: str) -> Current | None:
    raw = client.one(f"{LIST}{id_}/") if id_.isdecimal() and id_.isascii() else None
    return None if raw is None else current(raw)


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the external id, equal to the letter; twins by the name, in any case."""
    rows = _rows(client, {"external_id": external_id(intent)})
    ours = [current(row, intent) for row in rows if text_at(row, "external_id") == external_id(intent)]
    if any(one.raw["active"] is False for one in ours):
        raise _inactive(ours[0])
    if ours:
        return Sighting(ours=ours)
    wanted = plain_name(str(intent.body["name"]))
    named = [row for row in _rows(client, {"name": str(intent.body["name"])}) if row.get("active") is not False]
    twins = [current(row) for row in named if plain_name(text_at(row, "name")) == wanted]
    now = client.line.clock.now()
    if intent.at and not twins and now - datetime.fromisoformat(intent.at) < LAGS:
        return Sighting(told=Unknown(f"{_title(intent)} is not in Procurify's list of vendors, which may lag."))
    return Sighting(twins=[replace(one, body=_owned(one.body, intent)) for one in twins])


def references(client: Client) -> list[Reference]:
    """Suppliers only; the code is the external id."""
    currencies = {str(row.get("id")): text_at(row, "name") for row in whole(client, "/api/v2/currencies/") or []}
    rows = {str(row["id"]): row for path in (LIST, ALL) for row in whole(client, path) or []}
    return [_reference(row, currencies) for row in rows.values() if number_at(row, "type") not in NOT_SUPPLIERS]


def others_ids(client: Client) -> bool:
    """Whether another connector keeps its own ids on the vendors here."""
    rows = {str(row["id"]): row for path in (LIST, ALL) for row in whole(client, path) or []}
    ids = [text_at(row, "external_id").strip() for row in rows.values()]
    return any(id_ and not id_.startswith(OURS) and not vendors.MARK.fullmatch(id_) for id_ in ids)


def _rows(client: Client, query: Mapping[str, str]) -> list[Json]:
    found = whole(client, ALL, query)
    return (whole(client, LIST, query) or []) if found is None else found


def _reference(row: Json, currencies: Mapping[str, str]) -> Reference:
    there = {name: str(value) for name, value in current(row).body.items()}
    return Reference(
        id=vendor_id(row) or "",
        name=there.pop("name"),
        code=text_at(row, "external_id"),
        active=row.get("active") is not False,
        currency=currencies.get(str(row.get("currency")), ""),
        contact=there,
    )


def _emails(raw: Json) -> list[str]:
    listed = raw.get("email")
    return [one.strip() for one in listed if isinstance(one, str) and one.strip()] if isinstance(listed, list) else []


def _owned(body: Json, intent: Intent) -> Json:
    return {name: value for name, value in body.items() if name in intent.body}


# ---------------------------------------------------------------------------------------------- writing


def external_id(intent: Intent) -> str:
    """The source's own id where the flow gives one, else the record mark."""
    return str(intent.once.get("outside_id") or intent.mark)


def write(client: Client, intent: Intent) -> Done:
    answer = _create(client, intent) if intent.current is None else _change(client, intent, intent.current)
    there = current(answer.body, intent)
    if not there.id:
        raise Unknown(f"Procurify took {_title(intent)} and did not show its id.")
    notes = intent.once.get("notes")
    return Done(
        there, answer.body, request_id=answer.trace, notes=[str(note) for note in notes] if notes else []  # type: ignore[attr-defined]  # a list of ours
    )  # fmt: skip


def _create(client: Client, intent: Intent) -> Written:
    if intent.once.get("synced"):
        raise _synced(intent)
    if len(external_id(intent)) > LONGEST_ID:
        raise Held(
            "bad_value",
            f"{_title(intent)} has an id of more than {LONGEST_ID} characters at its source.",
            cause=_title(intent),
            fix="Make the vendor in Procurify by hand and link the record to it.",
        )
    sent: Json = {FIELDS[name]: value for name, value in intent.body.items() if name in FIELDS}
    sent |= {"email": [intent.body["email"]] if intent.body.get("email") else [], "type": REGULAR}
    sent |= {"overall_score": None, "external_id": external_id(intent)}
    if intent.once.get("currency"):
        sent["currency"] = int(str(intent.once["currency"]))
    return client.write("POST", LIST, sent, title=_title(intent))


def _change(client: Client, intent: Intent, there: Current) -> Written:
    """Only what differs. Of several addresses the first is ours; a foreign external id is never touched."""
    changed = {name: value for name, value in intent.body.items() if there.body.get(name) != value}
    sent: Json = {FIELDS[name]: value for name, value in changed.items() if name in FIELDS}
    if "email" in changed:
        listed = there.raw.get("email")
        sent["email"] = [changed["email"], *(listed[1:] if isinstance(listed, list) else [])]
    return client.write("PATCH", f"{LIST}{there.id}/", sent, title=_title(intent))


def _synced(intent: Intent) -> Held:
    return Held(
        "master_data_sync",
        f"{_title(intent)} is not made: Procurify's own Master Data Sync brings vendors from accounting, and deletes "
        "those that it does not find there.",
        cause=_title(intent),
        fix="Make the vendor in the accounting system that Procurify syncs with; it is matched by itself then.",
        waits_for=["reference:vendor"],
    )


def _inactive(there: Current) -> Held:
    return Held(
        "inactive_ref",
        f"{there.label} is inactive in Procurify.",
        cause=there.label,
        fix=f"Make {there.label} active again in Procurify, then replay the record; or link it to another vendor.",
        waits_for=["reference:vendor"],
    )


def _title(intent: Intent) -> str:
    return f"The vendor {shortened(str(intent.body['name']))}"
