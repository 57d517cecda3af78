"""One company's books: its objects with their versions, its indexes, and the audit of every effect.

A body is never changed in place: each write puts a new dict, so that answers, earlier versions and stored replies may
share it.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_online.entities import ENTITIES
from simulator.systems.quickbooks_online.times import stamp

Body = dict[str, Any]
INACTIVE_SUFFIX = " (deleted)"
FIRST_IDS = {"class": 5_000_000_000_000_007_280}
MOST_EARLIER = 20  # versions remembered for queries that lag behind


@dataclass(slots=True)
class Stored:
    body: Body
    created_at: str
    who: str
    created: int  # MetaData's two times as epoch seconds: what queries compare
    updated: int
    written_at: float
    request_ids: list[str] = field(default_factory=list)
    versions: int = 1
    last_line: int = 0  # the highest line id ever given in this document
    earlier: list[tuple[float, int, Body]] = field(default_factory=list)  # written_at, updated, body


STORED = tuple(f.name for f in dataclass_fields(Stored))


@dataclass(slots=True)
class Reply:
    """A write's stored answer, brought back when its requestid comes again."""

    digest: str
    status: int
    body: Body
    at: float


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, when, and under which requestid."""

    moment: datetime
    who: str = "api"
    request_id: str = ""


class Company:
    def __init__(self, realm_id: str, name: str, *, country: str, home_currency: str) -> None:
        self.realm_id = realm_id
        self.name = name
        self.country = country
        self.home_currency = home_currency
        self.status = "open"
        self.currencies = [home_currency]
        self.automatic_tax = "0"
        self.close_password = False
        self.tax_codes: dict[str, str] = {"NON": "0", "TAX": "0"}
        self.sequences: dict[str, int] = {}
        self.objects: dict[str, dict[str, Stored]] = {name: {} for name in ENTITIES}
        self.deleted: dict[str, dict[str, int]] = {name: {} for name in ENTITIES}
        self.reported_deleted: dict[str, list[str]] = {}
        self.merged: dict[str, str] = {}  # vendors that were swallowed, and by whom
        self.replies: dict[str, Reply] = {}
        self.audit: list[dict[str, Any]] = []
        self.by_vendor: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self.by_number: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self.by_name: defaultdict[str, dict[tuple[str, str], None]] = defaultdict(dict)

    def find(self, entity: str, id: str) -> Stored | None:
        return self.objects[entity].get(id)

    def preference(self, path: str) -> Any:
        section, _, name = path.partition(".")
        preferences = next(iter(self.objects["Preferences"].values())).body
        if section == "OtherPrefs":
            pairs = preferences["OtherPrefs"]["NameValue"]
            return next((p["Value"] == "true" for p in pairs if p["Name"] == name), False)
        return preferences.get(section, {}).get(name)

    def every(self, entity: str) -> Iterator[Stored]:
        return iter(self.objects[entity].values())

    def next_id(self, sequence: str) -> str:
        self.sequences[sequence] = self.sequences.get(sequence, FIRST_IDS.get(sequence, 1) - 1) + 1
        return str(self.sequences[sequence])

    def create(self, entity: str, fields: Body, writer: Writer, *, id: str = "", operation: str = "Create") -> Stored:
        id = id or self.next_id(ENTITIES[entity].sequence)
        now = int(writer.moment.timestamp())
        times = {"CreateTime": stamp(writer.moment), "LastUpdatedTime": stamp(writer.moment)}
        body = {**fields, "domain": "QBO", "sparse": False, "Id": id, "SyncToken": "0", "MetaData": times}
        stored = Stored(
            body=body,
            created_at=writer.moment.isoformat(),
            who=writer.who,
            created=now,
            updated=now,
            written_at=writer.moment.timestamp(),
            request_ids=[writer.request_id] if writer.request_id else [],
            last_line=_last_line(body),
        )
        self.objects[entity][id] = stored
        self._index(entity, id, body)
        self._note(writer, operation, entity, id, None, "0", sorted(fields))
        return stored

    def change(self, entity: str, stored: Stored, fields: Body, writer: Writer, *, operation: str = "Update") -> Stored:
        """Put `fields` as the object's whole new content, one SyncToken further."""
        before = stored.body
        token = str(int(before["SyncToken"]) + 1)
        times = {"CreateTime": before["MetaData"]["CreateTime"], "LastUpdatedTime": stamp(writer.moment)}
        own = {"domain": "QBO", "sparse": False, "Id": before["Id"], "SyncToken": token, "MetaData": times}
        body = {**fields, **own}
        self._index(entity, body["Id"], before, remove=True)
        self._index(entity, body["Id"], body)
        stored.earlier = [*stored.earlier[-MOST_EARLIER + 1 :], (stored.written_at, stored.updated, before)]
        stored.body = body
        stored.updated = int(writer.moment.timestamp())
        stored.written_at = writer.moment.timestamp()
        stored.versions += 1
        stored.last_line = max(stored.last_line, _last_line(body))
        if writer.request_id:
            stored.request_ids = [*stored.request_ids, writer.request_id]
        changed = sorted(k for k in {*before, *body} - {"SyncToken", "MetaData"} if before.get(k) != body.get(k))
        self._note(writer, operation, entity, body["Id"], before["SyncToken"], token, changed)
        return stored

    def remove(self, entity: str, stored: Stored, writer: Writer, *, operation: str = "Delete") -> None:
        id = stored.body["Id"]
        self._index(entity, id, stored.body, remove=True)
        del self.objects[entity][id]
        self.deleted[entity][id] = int(writer.moment.timestamp())
        self._note(writer, operation, entity, id, stored.body["SyncToken"], None, [])

    def owe(self, vendor_id: str, delta: Decimal) -> None:
        """Move a vendor's open balance; that touches neither its SyncToken nor its times."""
        stored = self.find("Vendor", vendor_id)
        if stored is not None and delta:
            balance = Decimal(str(stored.body.get("Balance", 0))) + delta
            stored.body = {**stored.body, "Balance": float(balance)}

    def _note(
        self,
        writer: Writer,
        operation: str,
        entity: str,
        id: str,
        before: str | None,
        after: str | None,
        changed: list[str],
    ) -> None:
        self.audit.append(
            {
                "time": writer.moment.isoformat(),
                "who": writer.who,
                "operation": operation,
                "entity": entity,
                "id": id,
                "sync_token_before": before,
                "sync_token_after": after,
                "request_id": writer.request_id,
                "changed": changed,
            }
        )

    def _index(self, entity: str, id: str, body: Body, *, remove: bool = False) -> None:
        family = ENTITIES[entity].family
        if family == "transaction":
            for index, key in (
                (self.by_vendor, (entity, body["VendorRef"]["value"])),
                (self.by_number, (entity, body.get("DocNumber", ""))),
            ):
                if remove:
                    index[key].pop(id, None)
                else:
                    index[key][id] = None
        elif family == "name":
            for name in taken_names(body):
                if remove:
                    self.by_name[name].pop((entity, id), None)
                else:
                    self.by_name[name][(entity, id)] = None

    def dump(self) -> dict[str, Any]:
        state = {
            name: getattr(self, name)
            for name in (
                *("realm_id", "name", "country", "home_currency", "status", "currencies", "automatic_tax"),
                *("close_password", "tax_codes", "sequences", "deleted", "reported_deleted", "audit", "merged"),
            )
        }
        state["objects"] = {
            entity: [{name: getattr(stored, name) for name in STORED} for stored in objects.values()]
            for entity, objects in self.objects.items()
        }
        state["replies"] = {id: asdict(reply) for id, reply in self.replies.items()}
        copied: dict[str, Any] = json.loads(json.dumps(state))
        return copied

    @classmethod
    def from_dump(cls, state: dict[str, Any]) -> Company:
        state = json.loads(json.dumps(state))
        company = cls(state["realm_id"], state["name"], country=state["country"], home_currency=state["home_currency"])
        for name in (
            *("status", "currencies", "automatic_tax", "close_password", "tax_codes", "sequences"),
            *("audit", "reported_deleted", "merged"),
        ):
            setattr(company, name, state[name])
        company.deleted.update(state["deleted"])
        company.replies = {id: Reply(**reply) for id, reply in state["replies"].items()}
        for entity, rows in state["objects"].items():
            for row in rows:
                row["earlier"] = [tuple(each) for each in row["earlier"]]
                stored = Stored(**row)
                company.objects[entity][stored.body["Id"]] = stored
                company._index(entity, stored.body["Id"], stored.body)
        return company


def normal_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def base_name(shown: str) -> str:
    """The name without the mark of an inactive object."""
    if shown.lower().endswith(INACTIVE_SUFFIX):
        return shown[: -len(INACTIVE_SUFFIX)]
    return shown


def taken_names(body: Body) -> set[str]:
    """An inactive object keeps both its old name and the one it is shown under."""
    shown = body["DisplayName"]
    return {normal_name(shown), normal_name(base_name(shown))} if not body["Active"] else {normal_name(shown)}


def shown(body: Body) -> Body:
    """Tax identifiers leave the house masked."""
    tax = body.get("TaxIdentifier")
    return {**body, "TaxIdentifier": "XXXXXX" + tax[-4:]} if tax else body


def _last_line(body: Body) -> int:
    return max((int(line["Id"]) for line in body.get("Line", ()) if str(line.get("Id", "")).isdigit()), default=0)
