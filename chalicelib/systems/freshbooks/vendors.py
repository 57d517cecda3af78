"""FreshBooks' vendors of bills: what is kept of one, and its typed document.

A vendor has no code and no tax number there; `account_number` is the customer's number at that vendor.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.engine.records import Json, SourceDocument, Summary
from chalicelib.systems.freshbooks import models, papers
from chalicelib.systems.freshbooks.wording import shortened


@dataclass(frozen=True, slots=True)
class Vendor:
    """`active` False: archived there, and still in the books. `account_number` is our number at the vendor."""

    id: str
    name: str
    active: bool
    currency: str
    email: str = ""
    phone: str = ""
    website: str = ""
    contact: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    account_number: str = ""
    is_1099: bool | None = None
    note: str = ""


def document(source_id: str, raw: Json) -> SourceDocument:
    body = papers.keep(models.Vendor, raw)
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=papers.print_of(models.Vendor, body, exclude=set()),
        summary=Summary(title=label(body), party=shortened(str(body.get("vendor_name") or ""), 200)),
    )


def label(body: Json) -> str:
    name = shortened(str(body.get("vendor_name") or ""))
    return f"Vendor {name}" if name else f"Vendor {body.get('vendorid')}"[:40]


def parse(body: Json) -> Vendor:
    record = label(body)
    shape = papers.read(models.Vendor, body, record=record)
    if not shape.vendor_name.strip():
        raise papers.unreadable(record, "vendor_name")
    contact = f"{shape.primary_contact_first_name} {shape.primary_contact_last_name}"
    return Vendor(
        id=shape.vendorid,
        name=shape.vendor_name,
        active=shape.vis_state == "0",
        currency=shape.currency_code,
        email=shape.primary_contact_email.strip(),
        phone=shape.phone,
        website=shape.website,
        contact=" ".join(contact.split()),
        line1=shape.street,
        line2=shape.street2,
        city=shape.city,
        state=shape.province,
        postal_code=shape.postal_code,
        country=shape.country,
        account_number=shape.account_number,
        is_1099=shape.is_1099,
        note=shape.note,
    )
