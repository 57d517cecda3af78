"""Drafts, normal forms and updates: what we write is what we read back, and what is not ours is left alone."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Current
from chalicelib.systems.quickbooks_online import lines, models, names, shapes
from chalicelib.systems.quickbooks_online.drafts import bill_line
from chalicelib.systems.quickbooks_online.models import Unfit
from tests.unit.systems.quickbooks_online_desk import a_bill, a_vendor, intent, recorded

DETAIL = lines.ACCOUNT_LINE


# ---------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Smith\r\nSons", "Smith Sons"),
        ("A" * 500, "A" * 500),
        ("１２３ Ｆｕｌｌ", "１２３ Ｆｕｌｌ"),  # compared as NFKC, never rewritten
        ("❶ First ❤️ Aid ♯", "First Aid"),
        ("Zoë’s “Café” – № 5", "Zoë’s “Café” – № 5"),
        ("⃠", ""),
        ("㈱山田", "㈱山田"),
        ("𠮷田", "𠮷田"),
        ("हिन्दी", "हिन्दी"),
        ("👩‍👩‍👧", ""),
    ],
)
def test_a_name_keeps_its_letters(given: str, taken: str) -> None:
    assert names.name(given) == taken


def test_a_cut_name_ends_in_a_hash_so_that_two_long_names_stay_apart() -> None:
    one, other = names.name("A" * 500 + " North"), names.name("A" * 500 + " South")
    assert one[:496] == other[:496] == "A" * 495 + "~" and one != other
    assert len(one) == len(other) == names.NAME
    assert names.name("A" * 500 + "\t North") == one


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (" ap@acme.example ", "ap@acme.example"),
        ("ap@acme", ""),
        ("a@b.c, d@e.f", ""),
        ("<ap@acme.example>", ""),
        ("ap@ac me.example", ""),
        ("a" * 95 + "@b.example", ""),
        ("", ""),
    ],
)
def test_an_address_is_usable_or_left_out(given: str, taken: str) -> None:
    assert names.email(given) == taken


@pytest.mark.parametrize(
    ("given", "sent", "compared"),
    [
        ("(650) 555-7745", "(650) 555-7745", "6505557745"),
        ("+1 650.555.7745", "+1 650.555.7745", "+16505557745"),
        ("(650) 555-7745 extension 12", "6505557745extension12", "6505557745extension12"),
        ("1-800-FLOWERS", "1-800-FLOWERS", "1800flowers"),
        ("", "", ""),
    ],
)
def test_a_phone_is_sent_as_spelled_and_compared_without_ornaments(given: str, sent: str, compared: str) -> None:
    assert names.phone(given) == sent
    assert names.dialled(names.phone(given)) == compared


@pytest.mark.parametrize(
    "number", ["A-1", "X" * 21, "X" * 22, "№ 12345678901234567890/7", " 2026 \t 1 ", "", "😀" * 30]
)
def test_a_number_always_fits_and_comes_out_the_same(number: str) -> None:
    taken = names.doc_number(number)
    assert len(taken) <= 21
    assert taken == names.doc_number(number) == names.doc_number(f" {number} ")


def test_a_long_number_is_sixteen_characters_a_tilde_and_a_hash() -> None:
    taken = names.doc_number("INV-2026-000000000000000001")
    assert taken[:17] == "INV-2026-0000000~"
    assert len(taken) == 21


# ---------------------------------------------------------------------------------------------- drafts


def test_a_draft_tells_what_it_had_to_change() -> None:
    draft = a_vendor("Smith: Sons", email="nobody")
    assert draft.body["email"] == ""
    assert draft.once["notes"] == [
        "The name “Smith: Sons” is written as “Smith - Sons”.",
        "The e-mail address nobody is no usable one and was left out.",
    ]
    assert "notes" not in a_vendor("Smith", email="a@b.example").once


def test_a_vendor_without_a_name_is_held() -> None:
    with pytest.raises(Held) as held:
        a_vendor("😀")
    assert held.value.reason == "no_name"


def test_a_bill_without_lines_is_held() -> None:
    with pytest.raises(Held) as held:
        a_bill(lines=[])
    assert held.value.reason == "no_lines"


def test_an_amount_is_never_rounded_in_passing() -> None:
    with pytest.raises(Held) as held:
        bill_line(account="1", amount=Decimal("1.005"), description="x")
    assert held.value.reason == "not_accepted"
    assert bill_line(account="1", amount=Decimal("1.500"), description="x")["amount"] == "1.50"
    assert bill_line(account="1", amount=Decimal("-0.00"), description="x")["amount"] == "0.00"


def test_money_is_the_sum_of_the_lines() -> None:
    three = [bill_line(account="1", amount=Decimal(amount), description="") for amount in ("0.10", "0.20", "0.00")]
    draft = a_bill(lines=three, currency="CAD")
    assert draft.money is not None
    assert (draft.money.amount, draft.money.currency) == (Decimal("0.30"), "CAD")
    assert len(shapes.lines_of(draft.body)) == 3


def test_what_is_not_sent_is_not_compared() -> None:
    bare = a_bill(due_date=None, ap_account="")
    assert set(bare.body) == {"vendor", "date", "number", "lines"}
    full = a_bill(send_currency=True, location="4")
    assert (full.body["currency"], full.body["location"]) == ("USD", "4")


def test_a_whole_number_survives_a_long_memo() -> None:
    number = "A-VERY-LONG-INVOICE-NUMBER-2026-11"
    made = intent(a_bill(number=number, memo="m" * 9000))
    note = shapes.document_body(made.body, made.once, made.mark)["PrivateNote"]
    assert len(note) <= 4000
    assert number in note and note.endswith(made.mark)


def test_nothing_empty_is_sent() -> None:
    def filled(value: Any) -> bool:
        if isinstance(value, dict):
            return bool(value) and all(filled(inner) for inner in value.values())
        if isinstance(value, list):
            return bool(value) and all(filled(inner) for inner in value)
        return value not in ("", None)

    bill = intent(a_bill(number="", due_date=None, ap_account="", memo=""))
    assert filled(shapes.document_body(bill.body, bill.once, bill.mark))
    vendor = a_vendor()
    assert shapes.vendor_body(vendor.body, vendor.once) == {"DisplayName": "Northwind Paper"}


# ---------------------------------------------------------------------------------------------- reading


def test_a_recorded_bill_has_its_normal_form() -> None:
    current = shapes.bill_current(recorded("bill.create-response.json", "Bill"))
    line = {"class": "100000000000128320", "customer": "", "description": "", "item": "", "tax_code": "NON"}
    assert current.body == {
        "vendor": "4",
        "ap_account": "38",
        "location": "",
        "term": "",
        "status": "",
        "date": "2017-12-16",
        "due_date": "2018-12-26",
        "number": "17",
        "currency": "",
        "lines": [{"account": "42", "amount": "700.00", **line}, {"account": "77", "amount": "55.12", **line}],
    }
    assert current.label == "Bill 17 of Great Statewide Bank, 755.12"
    assert current.url == "https://app.qbo.intuit.com/app/bill?txnId=814"
    assert (current.id, current.version, current.ours, dict(current.locks)) == ("814", "0", False, {})


def test_a_paid_bill_is_labelled_and_locked() -> None:
    current = shapes.bill_current(recorded("bill.paid-by-check.json", "Bill"))
    assert current.label == "Bill 3526 of Bob's Burger Joint, 500.00 USD"
    assert set(current.locks) == {"vendor", "lines", "currency", "ap_account"}


@pytest.mark.parametrize(
    ("more", "locked"),
    [
        ({"TotalAmt": 10, "Balance": 10}, False),
        ({"TotalAmt": 10, "Balance": Decimal("9.99")}, True),
        ({"TotalAmt": 0, "Balance": 0}, False),
        ({"TotalAmt": 10, "LinkedTxn": [{"TxnId": "1", "TxnType": "PurchaseOrder"}]}, False),
        ({"TotalAmt": 10, "LinkedTxn": [{"TxnId": "1", "TxnType": "BillPaymentCreditCard"}]}, True),
        ({"TotalAmt": 10}, False),
    ],
)
def test_a_payment_locks_and_nothing_else_does(more: dict[str, Any], locked: bool) -> None:
    assert bool(shapes.bill_current({"Id": "1", **more}).locks) is locked


def test_the_mark_of_another_record_is_not_ours() -> None:
    made = intent(a_bill(), source_id="1f9")
    for note, ours in (("x [mlc:procurify:bill:1f9]", True), ("[mlc:procurify:bill:1f99]", False), ("", False)):
        assert shapes.bill_current({"Id": "1", "PrivateNote": note}, made).ours is ours
    assert not shapes.bill_current({"Id": "1", "PrivateNote": made.mark}).ours


def test_a_recorded_vendor_has_its_normal_form() -> None:
    current = shapes.vendor_current(recorded("vendor.read.json", "Vendor"))
    assert current.body == {
        "name": "Books by Bessie",
        "company": "Books by Bessie",
        "email": "Books@Intuit.com",
        "phone": "6505557745",
        "line1": "15 Main St.",
        "line2": "",
        "city": "Palo Alto",
        "state": "CA",
        "postal_code": "94303",
        "currency": "USD",
    }
    assert current.url == "https://app.qbo.intuit.com/app/vendordetail?nameId=30"
    assert (current.label, current.ours) == ("Vendor Books by Bessie", False)


def test_an_inactive_vendor_loses_its_suffix_in_every_name() -> None:
    raw = recorded("vendor.inactivated.json", "Vendor")
    ref = shapes.vendor_reference(raw)
    assert (ref.name, list(ref.aliases)) == (
        "Vendor Corporation",
        ["John Vendor Company", "John Vendor on Check"],
    )
    assert shapes.vendor_reference({**raw, "Active": True}).name == "Vendor Corporation (Deleted)"
    assert ref.contact["postal_code"] == "10007"


def test_recorded_lists_are_references() -> None:
    found = shapes.reference("class", recorded("class.query.json", "QueryResponse")["Class"][0])
    assert (found.id, found.name, found.full_name) == ("5000000000000007280", "France", "France")
    account = {
        "Id": "7",
        "Name": "Rent",
        "FullyQualifiedName": "Office:Rent",
        "AcctNum": "6010",
        "AccountType": "Expense",
    }
    ref = shapes.reference("account", account)
    assert (ref.code, ref.full_name, ref.kind, ref.active) == ("6010", "Office:Rent", "Expense", True)


def test_recorded_preferences_are_facts() -> None:
    facts = {
        fact.id: fact.name for fact in shapes.preferences(recorded("preferences.accounting.json", "Preferences"), {})
    }
    assert facts["book_close_date"] == "2018-12-31"
    assert facts["classes_on_lines"] == facts["locations"] == facts["account_numbers"] == "true"
    assert facts["multi_currency"] == "false"
    assert facts["home_currency"] == ""


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"Id": ""},
        {"Id": ["1"]},
        {"Id": "1", "TotalAmt": "much"},
        {"Id": "1", "TotalAmt": Decimal("1E+400")},
        {"Id": "1", "Line": {"Amount": 1}},
        {"Id": "1", "Line": [{"Amount": "NaN"}]},
        {"Id": "1", "VendorRef": "56"},
        {"Id": "1", "LinkedTxn": 3},
        [],
    ],
)
def test_what_cannot_be_read_is_said_by_field_and_never_crashes(raw: Any) -> None:
    with pytest.raises(Unfit) as unfit:
        models.fit(models.Bill, raw)
    assert unfit.value.fields


def test_a_null_is_absent() -> None:
    raw = {"Id": 7, "SyncToken": 0, "Line": None, "VendorRef": None, "DocNumber": None, "TotalAmt": None}
    current = shapes.bill_current(raw)
    assert (current.id, current.version, current.body["vendor"], current.body["lines"]) == ("7", "0", "", [])


# ---------------------------------------------------------------------------------------------- updating


def standing(**more: Any) -> Current:
    """A bill of three lines, as a person and we left it."""

    def line(n: str, account: str, amount: str, text: str, **detail: Any) -> dict[str, Any]:
        held = {"AccountRef": {"value": account, "name": "x"}, "BillableStatus": "NotBillable", **detail}
        return {
            "Id": n,
            "LineNum": int(n),
            "Amount": Decimal(amount),
            "Description": text,
            "DetailType": DETAIL,
            DETAIL: held,
        }

    raw = {
        "Id": "145",
        "SyncToken": "3",
        "DocNumber": "INV-1",
        "VendorRef": {"value": "56", "name": "Acme"},
        "PrivateNote": "a person wrote this [mlc:procurify:bill:1f99]",
        "SalesTermRef": {"value": "3"},
        "GlobalTaxCalculation": "NotApplicable",
        "CustomField": [{"DefinitionId": "1", "StringValue": "kept"}],
        "TotalAmt": Decimal("60.00"),
        "Balance": Decimal("60.00"),
        "MetaData": {"CreateTime": "2026-01-01"},
        "Line": [
            line("1", "57", "10.00", "Rebar", ClassRef={"value": "9"}),
            line("2", "58", "20.00", "Sand", ProjectRef={"value": "P"}, TaxInclusiveAmt=0),
            line("3", "57", "30.00", "Gravel", BillableStatus="HasBeenBilled", CustomerRef={"value": "5"}),
        ],
    }
    return shapes.bill_current({**raw, **more})


def updated(current: Current, *wanted: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    made = [bill_line(account=a, amount=Decimal(b), description=c) for a, b, c in wanted]
    return shapes.document_merged(intent(a_bill(lines=made, **changes), current=current), current)


def test_an_update_keeps_every_field_that_is_not_ours() -> None:
    before = standing()
    kept = copy.deepcopy(before.raw)
    merged = updated(before, ("57", "11.00", "Rebar"), ("58", "20.00", "Sand"), ("57", "30.00", "Gravel"))
    for name in ("PrivateNote", "SalesTermRef", "GlobalTaxCalculation", "CustomField"):
        assert merged[name] == before.raw[name]
    assert (merged["Id"], merged["SyncToken"], merged["sparse"]) == ("145", "3", False)
    assert not {"TotalAmt", "Balance", "MetaData"} & set(merged)
    assert merged["Line"][0][DETAIL]["ClassRef"] == {"value": "9"}
    assert merged["Line"][1][DETAIL]["ProjectRef"] == {"value": "P"}
    assert "TaxInclusiveAmt" not in merged["Line"][1][DETAIL]
    assert "BillableStatus" not in merged["Line"][2][DETAIL]
    assert merged["Line"][0]["Amount"] == Decimal("11.00")
    assert before.raw == kept, "the merge writes into what was read"


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ([("57", "10.00", "Rebar"), ("58", "20.00", "Sand"), ("57", "30.00", "Gravel")], ["1", "2", "3"]),
        ([("57", "30.00", "Gravel"), ("57", "10.00", "Rebar"), ("58", "20.00", "Sand")], ["3", "1", "2"]),
        ([("58", "20.00", "Sand"), ("57", "30.00", "Gravel")], ["2", "3"]),  # the first one is gone
        ([("57", "10.00", "Rebar"), ("60", "5.00", "New"), ("58", "20.00", "Sand"), ("57", "30.00", "Gravel")],
         ["1", None, "2", "3"]),
        ([("57", "12.00", "Rebar"), ("58", "20.00", "Fine sand"), ("59", "30.00", "Gravel")], ["1", "2", "3"]),
        ([("61", "1.00", "a"), ("62", "2.00", "b"), ("63", "3.00", "c")], ["1", "2", "3"]),  # all new: by place
        ([("61", "1.00", "a"), ("62", "2.00", "b")], [None, None]),
    ],
)  # fmt: skip
def test_a_line_keeps_its_id_where_it_is_the_same_line(
    wanted: list[tuple[str, str, str]], ids: list[str | None]
) -> None:
    merged = updated(standing(), *wanted)
    assert [line.get("Id") for line in merged["Line"]] == ids
    assert [(line[DETAIL]["AccountRef"]["value"], line["Description"]) for line in merged["Line"]] == [
        (account, text) for account, _, text in wanted
    ]
    assert "LineNum" not in merged["Line"][0]


def test_a_description_or_number_that_we_emptied_is_emptied_there() -> None:
    merged = updated(standing(), ("57", "10.00", ""), ("58", "20.00", "Sand"), ("57", "30.00", "Gravel"), number="")
    assert "Description" not in merged["Line"][0]
    assert "DocNumber" not in merged


def test_lines_that_somebody_added_give_way_to_ours() -> None:
    """Nothing is updated over a person's lines unless a person chose that ours win: then the total must be ours."""
    current = standing()
    listed = current.raw["Line"]
    assert isinstance(listed, list)
    item = {"Id": "9", "Amount": 5, "DetailType": "ItemBasedExpenseLineDetail"}
    current = standing(Line=[*listed, item, {"Id": "10", "Amount": 65, "DetailType": "SubTotalLineDetail"}])
    assert len(shapes.lines_of(current.body)) == 4
    assert [line["Id"] for line in updated(current, ("57", "10.00", "Rebar"))["Line"]] == ["1"]


def test_a_vendor_update_says_only_what_differs_and_empties_what_is_gone() -> None:
    raw = recorded("vendor.read.json", "Vendor")
    current = shapes.vendor_current(raw)
    wanted = a_vendor(
        "Books by Bessie",
        company="Books by Bessie",
        phone="650 555 7745",
        line1="16 Main St.",
        city="Palo Alto",
        state="CA",
        postal_code="94303",
        country="United States",
    )
    assert shapes.vendor_changes(intent(wanted, current=current), current) == {
        "Id": "30",
        "SyncToken": "0",
        "sparse": True,
        "DisplayName": "Books by Bessie",
        "PrimaryEmailAddr": {"Address": ""},
        "BillAddr": {
            "Id": "31",
            "Line1": "16 Main St.",
            "Line2": "",
            "City": "Palo Alto",
            "CountrySubDivisionCode": "CA",
            "PostalCode": "94303",
        },
    }
