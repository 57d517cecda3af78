"""QuickBooks Online's vendors as they are read: what is kept of one, and its typed document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from chalicelib.engine.records import Json, SourceDocument, Summary
from chalicelib.systems.quickbooks_online import models, papers
from chalicelib.systems.quickbooks_online.models import OR_NONE, On, Text


class Address(models.Place):
    Country: Text = ""


class VendorShape(models.Vendor):
    BillAddr: Annotated[Address, OR_NONE] = Address()
    Vendor1099: On = False


@dataclass(frozen=True, slots=True)
class Vendor:
    """`name` is what it is called on screens, unique in its company; an inactive one keeps its name without suffix."""

    id: str
    name: str
    active: bool
    company: str = ""
    code: str = ""
    email: str = ""
    phone: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    currency: str = ""
    is_1099_eligible: bool = False


def document(source_id: str, raw: Json) -> SourceDocument:
    body = papers.keep(VendorShape, raw)
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=papers.print_of(VendorShape, body),
        summary=Summary(title=label(body), party=papers.shortened(papers.text_at(body, "DisplayName"), 200)),
    )


def label(body: Json) -> str:
    return f"Vendor {papers.shortened(papers.text_at(body, 'DisplayName')) or body.get('Id')}"


def parse(body: Json) -> Vendor:
    shape = papers.read(VendorShape, body, record=label(body))
    name = shape.bare(shape.DisplayName).strip()
    if not name:
        raise papers.unreadable(label(body), "DisplayName")
    return Vendor(
        id=shape.Id,
        name=name,
        active=shape.Active,
        company=shape.bare(shape.CompanyName),
        code=shape.AcctNum,
        email=shape.PrimaryEmailAddr.Address,
        phone=shape.PrimaryPhone.FreeFormNumber,
        line1=shape.BillAddr.Line1,
        line2=shape.BillAddr.Line2,
        city=shape.BillAddr.City,
        state=shape.BillAddr.CountrySubDivisionCode,
        postal_code=shape.BillAddr.PostalCode,
        country=shape.BillAddr.Country,
        currency=papers.currency(shape.CurrencyRef, body),
        is_1099_eligible=shape.Vendor1099,
    )
