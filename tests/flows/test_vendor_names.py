"""Vendors by name: the same spelled otherwise is the same, a look-alike is a person's to judge, odd names arrive."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine import references
from simulator.company import FLOW, Company
from simulator.memory.watch import Effect
from simulator.world import Died

CREATE = {"unmatched_vendor": "create"}


def reason(company: Company, source_id: object, move: str = "bill") -> str:
    return str((company.head(str(source_id), move).hold or {}).get("reason"))


def in_books(company: Company) -> list[str]:
    return [vendor["DisplayName"] for vendor in company.books.backstage_ledger(company.realm)["vendors"]]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("Café de Flore", "Cafe\u0301 de Flore"),  # one letter, or letter and accent
        ("ＡＣＭＥ Ｌｔｄ", "Acme Ltd"),  # full width
        ("ﬁne ﬂour", "Fine Flour"),  # ligatures
        ("Straße & Co", "STRASSE & CO"),
        ("  Acme\u00a0 Ltd ", "acme ltd"),
        ("㈱山田", "(株)山田"),
    ],
)
def test_one_name_in_two_spellings_is_one_vendor(here: str, there: str) -> None:
    company = Company(policies=CREATE)
    company.books.backstage_add_vendor(company.realm, there)
    uuid = company.bill(company.vendor(here, in_books=False))
    company.cycle()
    company.assert_once([uuid])
    assert in_books(company) == [there]


@pytest.mark.parametrize(
    ("here", "there"), [("Müller Bau GmbH", "Muller Bau GmbH"), ("Café Noir Ltd", "Cafe Noir Ltd")]
)
def test_another_accent_is_another_name_and_a_person_is_asked(here: str, there: str) -> None:
    company = Company(policies=CREATE)
    company.books.backstage_add_vendor(company.realm, there)
    vendor = company.vendor(here, in_books=False)
    uuid = company.bill(vendor)
    company.cycle()
    assert reason(company, vendor["id"], "vendor") == "ambiguous_match"
    assert there in str((company.head(str(vendor["id"]), "vendor").hold or {})["message"])
    assert reason(company, uuid) == "waits_for_vendor"
    assert in_books(company) == [there]


@pytest.mark.parametrize(
    "name",
    [
        "O'Keefe & Sons",
        "O’Keefe “Best” \\ Sons",
        "A:B:C",
        "Lights 💡 & Co",
        "\u200fabc\u200e שלום",
        "株式会社日本橋建材",
        "x" * 600,
        "e\u0301" * 300,
        "Tab\tand\nnewline",
        '<b>Bold</b> & "Quotes"',
    ],
    ids=lambda name: ascii(name[:20]),
)
def test_a_vendor_with_an_odd_name_is_created_once_matched_ever_after_and_changed_in_place(name: str) -> None:
    company = Company(policies=CREATE)
    vendor = company.vendor(name, in_books=False)
    uuid = company.bill(vendor)
    company.cycle()
    company.procurify.backstage_edit_vendor(vendor["id"], city="Astoria")
    company.cycle()
    twin = company.vendor(name, in_books=False)  # the same name again is the same vendor
    second = company.bill(twin)
    company.cycle(full=True)
    company.assert_once([uuid, second])
    books = company.books.backstage_ledger(company.realm)["vendors"]
    assert [vendor["BillAddr"]["City"] for vendor in books] == ["Astoria"]
    company.assert_no_mistakes()


def test_a_name_of_nothing_that_can_be_written_is_held() -> None:
    company = Company(policies=CREATE)
    vendor = company.vendor("💡\u200f", in_books=False)
    uuid = company.bill(vendor)
    company.cycle()
    head = company.head(str(vendor["id"]), "vendor")
    assert (head.state, reason(company, uuid)) == ("held", "waits_for_vendor")
    assert in_books(company) == []
    company.assert_no_mistakes()


def test_the_vendor_of_a_bill_is_fetched_when_no_list_ever_showed_it() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    company.procurify.backstage_deactivate_vendor(vendor["id"])  # lists leave it out from now on
    uuid = company.bill(vendor)
    company.cycle()
    company.cycle()
    company.assert_once([uuid])


def test_setting_the_policy_creates_the_vendors_that_waited_and_moves_their_bills() -> None:
    from tests.flows.customer import Customer

    customer = Customer()
    company = customer.company
    vendors = [company.vendor(f"Unknown {name}", in_books=False) for name in ("Alpha Concrete", "Zulu Paper")]
    uuids = [company.bill(vendor) for vendor in vendors]
    customer.run()
    assert {reason(company, vendor["id"], "vendor") for vendor in vendors} == {"vendor_unmatched"}
    policies = {"tax_account": "6110", "freight_account": "6100", **CREATE}
    assert customer.apply_flow(policies=policies)["released"] == {FLOW: 2}
    customer.world.until_quiet()
    company.assert_once(uuids)


# ---------------------------------------------------------------------------------------------- releases never lost


def test_a_list_read_for_one_vendor_releases_the_others_that_waited_for_it() -> None:
    company = Company(policies=CREATE)
    held = company.vendor("Acme Fastners Inc", in_books=False)
    company.books.backstage_add_vendor(company.realm, "Acme Fasteners Inc")
    company.cycle()
    assert reason(company, held["id"], "vendor") == "ambiguous_match"
    company.books.backstage_add_vendor(company.realm, "Acme Fastners Inc")
    # Somebody read the list in between: the news is no news to the next run any more.
    company.world.clock.advance(60)
    flow = company.world.open(company.tenant, FLOW)
    assert references.refresh(flow, "vendor")
    company.cycle()
    company.cycle()
    assert company.head(str(held["id"]), "vendor").state == "done"


def test_dying_between_reading_a_list_and_releasing_what_waited_for_it_keeps_nobody_waiting() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"), account="7010")
    company.cycle()
    company.books.backstage_add_account(company.realm, "Community Garden", "Expense", "7010")

    def die(effect: Effect) -> None:
        if effect.operation == "write" and any(pk.startswith("REF#") for pk, _ in effect.keys):
            company.world.store.after = None
            raise Died

    company.world.store.after = die
    company.cycle()
    company.cycle()
    company.cycle()
    assert company.world.deaths == 1
    company.assert_once([uuid])


@pytest.mark.parametrize("fix", ["at once", "after a run"])
def test_what_the_books_refused_goes_by_itself_however_soon_a_person_mends_it(fix: str) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor)
    company.cycle()
    theirs: dict[str, Any] = company.books.backstage_ledger(company.realm)["vendors"][0]
    company.books.backstage_inactivate(company.realm, "Vendor", theirs["Id"])
    uuid = company.bill(vendor)
    company.cycle()
    assert company.head(uuid).state == "held"
    if fix == "after a run":
        company.cycle()
    company.books.backstage_reactivate(company.realm, "Vendor", theirs["Id"])
    company.cycle()
    company.cycle()
    company.assert_once([first, uuid])
