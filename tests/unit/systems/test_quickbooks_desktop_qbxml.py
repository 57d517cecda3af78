"""Whatever we send is what QuickBooks takes: order, lengths, characters. The vendor's schema is the judge."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chalicelib.systems.quickbooks_desktop import kinds, messages, names, qbxml
from chalicelib.systems.quickbooks_desktop.kinds import Choice, Field, Group, Ref, Unfit
from chalicelib.systems.quickbooks_desktop.messages import Page
from chalicelib.systems.quickbooks_desktop.qbxml import ITERATES, REQUESTS, Request
from tests.unit.systems.quickbooks_desktop_desk import DATA, complaints, needs_data, samples

VENDOR = Ref("80000012-1772323200", "Bayside Concrete")
GUID = "{6BA7B811-9DAD-51D1-80B4-00C04FD430C8}"
SINCE = "2026-03-01T00:00:00"
LINE = {"AccountRef": Ref(full_name="Freight"), "Amount": Decimal("75.5")}
Parts = tuple[Field | Choice, ...]


def sent(*requests: Request, **how: Any) -> str:
    return qbxml.message(requests, version="13.0", **how)


def bill(**fields: object) -> str:
    return messages.bill_add("b-1", VENDOR, {"ExpenseLineAdd": [LINE], **fields}).xml


def only(xml: str, name: str) -> str:
    return etree.fromstring(xml).findtext(f".//{name}") or ""


# ---------------------------------------------------------------------------------------------- against the schema


def values(kind: kinds.Kind) -> list[object]:
    """The least, the most and the oddest that a kind takes."""
    long = 'é<&>"\n✓ x' * 700
    match kind:
        case kinds.Text() | kinds.Phone():
            return ["x", long, "x" * kind.most]
        case kinds.Name():
            return ["x", long, "a:b"]
        case kinds.Exact():
            return ["x", "é&" * (kind.most // 2) or "x"]
        case kinds.Number():
            return [Decimal(0), Decimal("-12.5"), Decimal("9" * kind.whole)]
        case kinds.Count():
            return [1, 500]
        case kinds.Day():
            return [date(2026, 3, 2)]
        case kinds.Moment():
            return [SINCE, datetime(2026, 3, 1, 9, 15, tzinfo=timezone(timedelta(hours=-5)))]
        case kinds.Flag():
            return [True, False]
        case kinds.Guid():
            return [GUID, "0"]
        case kinds.OneOf():
            return list(kind.values)
        case kinds.Reference():
            return [VENDOR, Ref(full_name="x" * kind.most)]
        case kinds.Group():
            return list(variants(kind.parts))


def variants(parts: Parts) -> Iterator[dict[str, object]]:
    """What is needed alone; that and each value of each other field; and everything together, branch by branch."""
    needed = {part.name: first(part) for part in parts if isinstance(part, Field) and part.needed}
    yield needed
    for part in fields(parts):
        for value in values(part.kind):
            yield {**needed, part.name: [value] if part.many else value}
            if part.many:
                yield {**needed, part.name: [value, value]}
    for branch in range(4):
        yield {**needed, **everything(parts, branch)}


def fields(parts: Parts) -> Iterator[Field]:
    for part in parts:
        if isinstance(part, Field):
            yield part
        else:
            for branch in part.branches:
                yield from fields(branch)


def everything(parts: Parts, branch: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in parts:
        if isinstance(part, Field):
            found[part.name] = first(part, branch)
        else:
            found |= everything(part.branches[min(branch, len(part.branches) - 1)], branch)
    return found


def first(part: Field, branch: int = 0) -> object:
    kind = part.kind
    value = everything(kind.parts, branch) if isinstance(kind, Group) else values(kind)[0]
    return [value] if part.many else value


def filled(given: Mapping[str, object]) -> bool:
    """Whether no group in it is empty: an empty group is left out or refused, which other tests see to."""
    return all(not isinstance(each, dict) or (each and filled(each)) for each in given.values()) and not any(
        isinstance(each, list) and any(isinstance(one, dict) and not (one and filled(one)) for one in each)
        for each in given.values()
    )


@needs_data
@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_that_can_be_made_is_valid(name: str) -> None:
    made = 0
    for each in variants(REQUESTS[name].parts):
        if filled(each):
            text = sent(Request(name, "r-1", each))
            assert not complaints(text), (each, text)
            made += 1
    assert made > (1 if name in ("HostQueryRq", "PreferencesQueryRq", "TxnDelRq", "TxnVoidRq") else 5)


@needs_data
@pytest.mark.parametrize(
    "name", ["VendorAddRq", "VendorModRq", "BillAddRq", "BillModRq", "BillQueryRq", "VendorQueryRq"]
)
def test_any_choice_of_fields_in_any_order_is_valid(name: str) -> None:
    for seed in range(25):
        text = sent(Request(name, "r-1", some(REQUESTS[name].parts, random.Random(seed))))
        assert not complaints(text), (seed, text)


def some(parts: Parts, chance: random.Random) -> dict[str, object]:
    chosen: list[tuple[str, object]] = []
    for part in parts:
        if isinstance(part, Choice):
            chosen += some(chance.choice(part.branches), chance).items()
        elif part.needed or chance.random() < 0.5:
            many = [one(part.kind, chance) for _ in range(chance.randint(1, 3) if part.many else 1)]
            chosen.append((part.name, many if part.many else many[0]))
    chance.shuffle(chosen)
    return dict(chosen)


def one(kind: kinds.Kind, chance: random.Random) -> object:
    if isinstance(kind, Group):
        return some(kind.parts, chance) or everything(kind.parts, 0)
    return chance.choice(values(kind))


FLOWS: dict[str, Request] = {
    "host": messages.host("r"),
    "company": messages.company("r", owner=GUID),
    "preferences": messages.preferences("r"),
    "accounts": messages.accounts("r"),
    "classes": messages.classes("r"),
    "terms": messages.terms("r"),
    "customers": messages.customers("r", Page(100)),
    "items": messages.items("r", Page(100), since=SINCE),
    "vendors": messages.vendors("r", Page(100, GUID), since=SINCE),
    "vendors by id": messages.vendors_by_id("r", ["8-1", "8-2"]),
    "vendors by name": messages.vendors_by_name("r", ["Café", "B"]),
    "vendor add": messages.vendor_add("r", {"Name": "Café", "Email": "a@b.example"}),
    "vendor mod": messages.vendor_mod("r", "8-1", "1", {"Notes": ""}),
    "bills": messages.bills("r", Page(50), since=SINCE),
    "bills dated": messages.bills_dated("r", Page(50), first=date(2026, 1, 1), last=date(2026, 1, 31)),
    "bills by id": messages.bills_by_id("r", ["1-1"]),
    "bills by number": messages.bills_by_number("r", ["PO-1", "PO-2"]),
    "bills of a vendor": messages.bills_of_vendor("r", Page(50), "8-1", since=SINCE),
    "bill ids": messages.bill_ids("r", Page(500), first=date(2026, 1, 1), last=date(2026, 1, 31)),
    "bill add": messages.bill_add("r", VENDOR, {"ExpenseLineAdd": [LINE]}),
    "bill mod": messages.bill_mod("r", "1-1", "1", {"ExpenseLineMod": [{"TxnLineID": "-1", **LINE}]}),
    "payments by check": messages.payments_by_check("r", Page(50), since=SINCE),
    "payments by card": messages.payments_by_card("r", Page(50, GUID), since=SINCE),
    "delete a bill": messages.delete_bill("r", "1-1"),
    "void a bill": messages.void_bill("r", "1-1"),
    "deleted transactions": messages.deleted_transactions("r", ["Bill", "VendorCredit"], since=SINCE),
    "deleted entries": messages.deleted_entries("r", ["Vendor"], since=SINCE, until="2026-03-02T00:00:00"),
}


@needs_data
@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize(
    "how", [{}, {"on_error": "continueOnError"}, {"new_set": "mlc-1"}, {"new_set": "b", "old_set": "a"}]
)
def test_every_request_of_the_flows_is_valid(name: str, how: dict[str, Any]) -> None:
    text = sent(FLOWS[name], **how)
    assert not complaints(text), text


@needs_data
@pytest.mark.parametrize(
    "text", [qbxml.status_check("mlc-000000000000042", version="13.0"), qbxml.forget("x", version="10.0")]
)
def test_questions_about_a_message_set_are_valid(text: str) -> None:
    assert not complaints(text), text


@needs_data
def test_the_schema_refuses_what_quickbooks_refuses() -> None:
    text = sent(FLOWS["bill add"])
    wrong = text.replace("<VendorRef><ListID>80000012-1772323200</ListID></VendorRef>", "").replace(
        "</BillAdd>", "<VendorRef><ListID>1</ListID></VendorRef></BillAdd>"
    )
    assert complaints(wrong)


@needs_data
@pytest.mark.parametrize("path", samples("constructed/requests/message-set-*.xml"), ids=lambda path: path.name)
def test_questions_about_a_message_set_are_those_of_the_samples(path: Path) -> None:
    ask = qbxml.status_check if "status" in path.name else qbxml.forget
    ours = etree.fromstring(ask("mlc-000000000000042", version="13.0").encode())
    theirs = etree.parse(DATA / path).getroot()
    assert dict(ours[0].attrib) == dict(theirs[0].attrib)
    assert not len(ours[0])


# ---------------------------------------------------------------------------------------------- the envelope


def test_a_message_begins_with_its_declaration_and_names_its_version_once() -> None:
    text = sent(FLOWS["host"])
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="13.0"?>\n<QBXML>')
    assert text.count("<?qbxml") == 1
    assert '<HostQueryRq requestID="r"/>' in text


@given(st.text(), st.text(), st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_a_message_is_ascii_and_well_formed_whatever_is_typed(memo: str, line: str, address: str) -> None:
    vendor = {"Name": "x", "Notes": memo, "CompanyName": line, "VendorAddress": {"Addr1": address}, "Phone": line}
    text = sent(messages.vendor_add("r", vendor))
    assert text.isascii()
    assert not set(text) - set(map(chr, range(32, 127))) - {"\n"}
    etree.fromstring(text.encode())


def test_an_iterator_is_asked_for_with_its_filters_again() -> None:
    first = messages.vendors("r", Page(100), since=SINCE).xml
    assert messages.vendors("r", Page(100, "{1}"), since=SINCE).xml == first.replace(
        'iterator="Start"', 'iterator="Continue" iteratorID="{1}"'
    )


@needs_data
@pytest.mark.parametrize("name", sorted(name for name in REQUESTS if name.endswith("QueryRq")))
def test_the_schema_has_pages_where_we_think(name: str) -> None:
    kind = {"TxnDelType": ["Bill"]} if name.startswith("Txn") else {"ListDelType": ["Vendor"]}
    text = sent(Request(name, "r", kind if "Deleted" in name else {}))
    assert not complaints(text)
    paged = text.replace('requestID="r"', 'requestID="r" iterator="Start"')
    assert bool(complaints(paged)) == (name not in ITERATES)


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - ITERATES))
def test_pages_are_asked_for_only_where_quickbooks_has_them(name: str) -> None:
    with pytest.raises(ValueError, match="no pages"):
        Request(name, "r", {"MaxReturned": 1}, walk="Start")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Request("VendorQueryRq", "r", {}, walk="Start"),
        lambda: Request("VendorQueryRq", "r", {"MaxReturned": 1}, walk="Continue"),
        lambda: Request("VendorQueryRq", "r", {"MaxReturned": 1}, walk="Start", iterator="{1}"),
        lambda: Request("HostQueryRq", ""),
        lambda: Request("HostQueryRq", "r" * 51),
        lambda: Request("HostQueryRq", "é"),
        sent,
        lambda: sent(FLOWS["host"], FLOWS["terms"]),
        lambda: sent(messages.bills("a", Page(1), since=SINCE), messages.vendors("b", Page(1))),
        lambda: sent(FLOWS["host"], new_set="x" * 21),
        lambda: sent(FLOWS["host"], new_set="a b"),
        lambda: qbxml.message([FLOWS["host"]], version="14.0"),
    ],
)
def test_a_message_that_quickbooks_would_refuse_whole_is_never_made(wrong: Any) -> None:
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize(
    ("supported", "version"),
    [
        (["1.0", "12.0", "13.0"], "13.0"),
        (["13.0", "14.0", "16.0"], "13.0"),
        (["2.0", "11.0"], "11.0"),
        (["10.0"], "10.0"),
        (["9.0", "CA8.0"], None),
        (["CA13.0"], "13.0"),
        (["12.1"], "12.0"),
        ([], "13.0"),
        (["", "x"], "13.0"),
    ],
)
def test_the_highest_version_that_both_speak_is_used(supported: list[str], version: str | None) -> None:
    assert qbxml.common_version(supported) == version


def test_a_version_that_is_too_high_is_lowered_step_by_step() -> None:
    steps = ["13.0"]
    while (lower := qbxml.lower_version(steps[-1])) is not None:
        steps.append(lower)
    assert steps == ["13.0", "12.0", "11.0", "10.0"]


def test_what_writes_is_known() -> None:
    assert {name for name, request in FLOWS.items() if request.writes} == {
        "vendor add", "vendor mod", "bill add", "bill mod", "delete a bill", "void a bill",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("amount", "written"),
    [("123.4", "123.40"), ("0", "0.00"), ("-0.00", "0.00"), ("-5", "-5.00"), ("1E+3", "1000.00"), ("12.5000", "12.50"),
     ("9999999999999.99", "9999999999999.99")],
)  # fmt: skip
def test_an_amount_has_two_decimals(amount: str, written: str) -> None:
    assert only(bill(ExpenseLineAdd=[{"Amount": Decimal(amount)}]), "Amount") == written


@pytest.mark.parametrize(
    "amount", [Decimal("12.345"), Decimal("1E13"), Decimal("NaN"), Decimal("Infinity"), 12.5, "12.50", 12]
)
def test_an_amount_that_is_not_exact_to_the_cent_is_never_rounded(amount: object) -> None:
    with pytest.raises(Unfit) as unfit:
        bill(ExpenseLineAdd=[{"Amount": amount}])
    assert unfit.value.field == "BillAddRq.BillAdd.ExpenseLineAdd.Amount"


@pytest.mark.parametrize(("quantity", "written"), [("4", "4"), ("2.50", "2.5"), ("0.00001", "0.00001"), ("100", "100")])
def test_a_quantity_has_the_decimals_it_needs(quantity: str, written: str) -> None:
    assert only(bill(ItemLineAdd=[{"Quantity": Decimal(quantity)}]), "Quantity") == written


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 1, 9, 15, 30, 999), "2026-03-01T09:15:30"),
        (datetime(2026, 3, 1, 9, 15, tzinfo=UTC), "2026-03-01T09:15:00+00:00"),
        ("2026-03-01T09:15:00", "2026-03-01T09:15:00"),
        ("2026-03-01T09:15:00-05:00", "2026-03-01T09:15:00-05:00"),
    ],
)
def test_a_moment_keeps_its_wall_clock(moment: Any, written: str) -> None:
    assert only(messages.bills("r", Page(1), since=moment).xml, "FromModifiedDate") == written


@pytest.mark.parametrize(
    "moment",
    ["2026-03-01", "2026-03-01T09:15:00Z", "2026-13-01T09:15:00", "2039-01-01T00:00:00", "1969-12-31T00:00:00", ""],
)
def test_a_moment_that_quickbooks_does_not_read_is_not_sent(moment: str) -> None:
    with pytest.raises(Unfit):
        messages.bills("r", Page(1), since=moment)


def test_an_entry_is_named_by_its_id_where_that_is_known() -> None:
    assert "<VendorRef><ListID>80000012-1772323200</ListID></VendorRef>" in bill()
    assert "<AccountRef><FullName>Freight</FullName></AccountRef>" in bill()


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"RefNumber": "x" * 21}, "RefNumber", "longer than 20"),
        ({"TermsRef": Ref(full_name="x" * 32)}, "TermsRef.FullName", "longer than 31"),
        ({"TermsRef": Ref(full_name="a\nb")}, "TermsRef.FullName", "cannot be sent"),
        ({"TermsRef": Ref()}, "TermsRef", "names no entry"),
        ({"TermsRef": "Net 30"}, "TermsRef", "names no entry"),
        ({"TxnDate": "2026-03-02"}, "TxnDate", "no date"),
        ({"TxnDate": datetime(2026, 3, 2)}, "TxnDate", "no date"),
        ({"TxnDate": date(2040, 1, 1)}, "TxnDate", "1970 and 2038"),
        ({"IsTaxIncluded": "yes"}, "IsTaxIncluded", "neither true nor false"),
        ({"ExternalGUID": "6BA7B811-9DAD-51D1-80B4-00C04FD430C8"}, "ExternalGUID", "GUID in braces"),
        ({"Memos": "x"}, "Memos", "does not exist"),
        ({"Memo": 5}, "Memo", "no text"),
        ({"ExpenseLineAdd": LINE}, "ExpenseLineAdd", "no list"),
        ({"ExpenseLineAdd": [{}]}, "ExpenseLineAdd", "is empty"),
        ({"ExpenseLineAdd": [{"BillableStatus": "billable"}]}, "ExpenseLineAdd.BillableStatus", "none of Billable"),
        ({"ItemLineAdd": [{"SerialNumber": "1", "LotNumber": "2"}]}, "ItemLineAdd.SerialNumber", "combined with Lot"),
        ({"ItemLineAdd": [{"LinkToTxn": {"TxnID": "1-1"}}]}, "ItemLineAdd.LinkToTxn.TxnLineID", "missing"),
    ],
)  # fmt: skip
def test_what_quickbooks_would_refuse_is_named_before_it_is_sent(
    fields: dict[str, object], field: str, why: str
) -> None:
    with pytest.raises(Unfit, match=why) as unfit:
        bill(**fields)
    assert unfit.value.field == f"BillAddRq.BillAdd.{field}"


def test_filters_that_exclude_each_other_are_never_combined() -> None:
    with pytest.raises(Unfit, match="cannot be combined"):
        Request("VendorQueryRq", "r", {"ListID": ["8-1"], "ActiveStatus": "All"})


def test_a_new_record_leaves_out_what_is_empty_and_a_change_clears_it() -> None:
    assert "<Notes" not in messages.vendor_add("r", {"Name": "x", "Notes": "", "VendorAddress": {}}).xml
    assert "<Notes/>" in messages.vendor_mod("r", "8-1", "1", {"Notes": ""}).xml
    assert "<Notes" not in messages.vendor_mod("r", "8-1", "1", {"Notes": None}).xml


@pytest.mark.parametrize("name", ["", "\u200b", "...", "山田"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(Unfit, match="Name"):
        messages.vendor_add("r", {"Name": name})
    with pytest.raises(Unfit, match="Name"):
        messages.vendor_mod("r", "8-1", "1", {"Name": name})


# ---------------------------------------------------------------------------------------------- characters


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Café “Le Pont” – № 5", "Café “Le Pont” – No 5"),
        ("Łódź Ağaç ﬁn €9", "Lódz Agaç fin €9"),
        ("a\u00a0b\u2003c\td", "a b c d"),
        ("a\x00b\x1bc\u202ed\ufeffe", "abcde"),
        ("cafe\u0301", "café"),
        ("½ ² ™ ®", "½ ² ™ ®"),
        ("山 👍", "? ?"),
        ("\ud800x", "x"),
        (" a  b ", "a b"),
    ],
)
def test_a_text_keeps_what_quickbooks_stores(given: str, taken: str) -> None:
    assert names.line(given) == taken
    taken.encode("cp1252")


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_becomes_windows_1252_and_is_written_alike_twice(typed: str) -> None:
    once = names.text(typed, 4095)
    once.encode("cp1252")
    assert names.text(once, 4095) == once
    for most in (20, 41):
        short = names.name(typed, most)
        assert len(short) <= most
        assert names.name(short, most) == short
        assert ":" not in short


def test_a_free_text_keeps_its_lines_and_a_name_does_not() -> None:
    xml = messages.vendor_add("r", {"Name": "a\r\nb", "Notes": "a \r\n b\u2028c"}).xml
    assert only(xml, "Name") == "a b"
    assert "<Notes>a&#10;b&#10;c</Notes>" in xml


def test_two_long_names_that_begin_alike_stay_apart() -> None:
    first, second = (names.name("Pacific Northwest Construction Supply Company " + end, 41) for end in ("One", "Two"))
    assert first != second
    assert first[:36] == second[:36]
    assert len(first) == 41
    assert names.name("A" * 41, 41) == "A" * 41


def test_two_names_that_lose_letters_stay_apart() -> None:
    first, second = names.name("山田 Ltd", 41), names.name("田中 Ltd", 41)
    assert first != second
    assert first.startswith("?? Ltd~")
    assert names.name("What?", 41) == "What?"


def test_a_colon_is_no_parent() -> None:
    assert names.name("Acme: Tools", 41) == "Acme- Tools"
    assert names.number("A:1", 20) == "A:1"


def test_our_mark_survives_a_long_memo() -> None:
    memo = names.marked("x" * 5000, "[mlc:po:1:r1]", 4095)
    assert len(memo) <= 4095
    assert memo.endswith("... [mlc:po:1:r1]")
    assert names.marked("", "[m]", 4095) == "[m]"


@pytest.mark.parametrize(
    ("phone", "written"),
    [("+1 (604) 555-0142", "+1 (604) 555-0142"), ("+1 (604) 555-0142 ext. 12345", "+16045550142ext12345")],
)
def test_a_phone_number_loses_its_ornaments_before_its_digits(phone: str, written: str) -> None:
    assert only(messages.vendor_add("r", {"Name": "x", "Phone": phone}).xml, "Phone") == written


def test_what_a_text_lost_can_be_told() -> None:
    assert names.lost("Café ağ 山") == "ğ山"
    assert names.lost("plain “text”\n") == ""
