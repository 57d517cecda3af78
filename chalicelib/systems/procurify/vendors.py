"""Procurify's vendors: what a list row tells (it is the whole vendor), and the typed document of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.engine.records import Json, Row, SourceDocument, Summary, fingerprint
from chalicelib.systems.procurify.reading import number_at, read, shortened, text_at, trim, unknown_value
from chalicelib.systems.procurify.shapes import VendorShape

LIST = "/api/v3/vendors/"
TYPES = frozenset(range(1, 8))
# OTHER, punchout, employee, card provider, checkout: never suppliers in anybody's books (sheet section 5.1).
NOT_SUPPLIERS = frozenset({1, 2, 5, 6, 7})
OTHER = 1  # the type of the catch-all vendor, whose documents name the real one in their own snapshot
MARK = re.compile(r"([a-z_]+):[^:]+:(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Vendor:
    """`currency_id` is Procurify's own number of the currency, `type` 3 preferred or 4 regular.

    A deactivated vendor (`active` False) is missing from the list, but is still there by id.
    """

    id: str
    name: str
    active: bool
    type: int
    email: str = ""
    phone: str = ""
    contact: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    website: str = ""
    currency_id: int | None = None
    payment_terms: str = ""
    is_1099_eligible: bool | None = None
    external_id: str = ""


def vendor_id(raw: object) -> str | None:
    found = number_at(raw, "id")
    return str(found) if found is not None and 0 < found < 10**18 else None


def row(raw: Json) -> Row | None:
    """None when the row has no id to speak of it by."""
    known = vendor_id(raw)
    if known is None:
        return None
    found = document(known, raw)
    return Row(id=known, stamp=found.fingerprint, live=found.live, document=found)


def document(source_id: str, raw: Json) -> SourceDocument:
    body = trim(VendorShape, raw)
    mark = MARK.fullmatch(text_at(body, "external_id"))
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=fingerprint(body),
        summary=Summary(title=label(body), party=shortened(text_at(body, "name"), 200)),
        # A type of no known kind stays live, so that a person sees it held instead of nobody seeing it at all.
        live=number_at(body, "type") not in NOT_SUPPLIERS,
        came_from=(mark.group(1), mark.group(2)) if mark else None,
    )


def named(document: Json, field: str) -> str:
    """The vendor's name on a bill or order; of the catch-all vendor the name that was typed there."""
    vendor = document.get(field)
    if isinstance(vendor, dict) and vendor.get("type") == OTHER and text_at(document, "vendor_name").strip():
        return text_at(document, "vendor_name")
    return text_at(vendor, "name")


def label(body: Json) -> str:
    name = shortened(text_at(body, "name"))
    return f"Vendor {name}" if name else f"Vendor {body.get('id')}"[:40]


def parse(body: Json) -> Vendor:
    record = label(body)
    shape = read(VendorShape, body, record=record)
    if shape.type not in TYPES:
        raise unknown_value(record, "vendor", "type", shape.type)
    return Vendor(
        id=str(shape.id),
        name=shape.name,
        active=shape.active,
        type=shape.type,
        email=next((each.strip() for each in shape.email if each.strip()), ""),
        phone=shape.phoneOne,
        contact=shape.contact,
        line1=shape.addressLineOne,
        line2=shape.addressLineTwo,
        city=shape.city,
        state=shape.state_province,
        postal_code=shape.postalCode,
        country=shape.country,
        website=shape.url,
        currency_id=shape.currency,
        payment_terms=shape.payment_term_ref.name if shape.payment_term_ref else "",
        is_1099_eligible=shape.is_1099_eligible,
        external_id=shape.external_id,
    )
