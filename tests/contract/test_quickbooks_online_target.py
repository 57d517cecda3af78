"""The QuickBooks Online target keeps the promises of the port `Target` against the simulated vendor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.merge import stands
from chalicelib.engine.records import Current, Done, Draft, Intent
from chalicelib.systems.quickbooks_online import SYSTEM
from chalicelib.systems.quickbooks_online.drafts import bill_line
from chalicelib.systems.quickbooks_online.target import QuickBooksOnlineTarget
from simulator.faults import Kind
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from tests.unit.systems.quickbooks_online_desk import REALM, SECRETS, a_bill, a_vendor, careful, desk, intent

# What one fault on a create amounts to, and whether the bill stands there afterwards.
OUTCOMES: dict[str, tuple[type[object], bool]] = {
    "drop_before": (Unknown, False),
    "drop_after": (Unknown, True),
    "delay": (Unknown, False),
    "delay_after": (Unknown, True),
    "malformed": (Unknown, True),
    "html": (Unknown, False),
    "html_after": (Unknown, True),
    "throttle": (TryAgain, False),
    "server_fault": (Unknown, False),
    "expire_token": (Done, True),
}


class Books:
    """A company in the simulator, a worker's line to it, and one vendor with the accounts of its bills."""

    def __init__(self, **options: Any) -> None:
        self.desk = desk(None)
        self.peer = QuickBooksOnlineSimulator(
            clock=self.desk.clock.now,
            client_id=SECRETS["client_id"],
            client_secret=SECRETS["client_secret"],
            realms=(),
            **options,
        )
        self.desk.serve(self.peer)
        self.peer.backstage_add_company(REALM, "Acme books")
        grant = self.peer.backstage_grant(REALM)
        secret = self.desk.vault.secrets[self.desk.line.connection.secret_name]
        self.desk.vault.secrets[self.desk.line.connection.secret_name] = {
            **secret,
            "refresh_token": grant["refresh_token"],
        }
        self.payable = self.peer.backstage_add_account(REALM, "Payables", "Accounts Payable")["Id"]
        self.expense = self.peer.backstage_add_account(REALM, "Concrete", "Expense", "5010")["Id"]
        self.other = self.peer.backstage_add_account(REALM, "Freight", "Expense", "6100")["Id"]
        self.vendor = self.peer.backstage_add_vendor(REALM, "Acme Concrete")["Id"]

    @property
    def target(self) -> QuickBooksOnlineTarget:
        return self.desk.target

    def bill(self, amount: str = "60.00", *, account: str = "", **changes: Any) -> Draft:
        line = bill_line(account=account or self.expense, amount=Decimal(amount), description="Rebar")
        values = {"vendor": self.vendor, "ap_account": self.payable, "lines": [line], **changes}
        return a_bill(**values)

    def one(self, wanted: Intent) -> Done | ConnectorError:
        (outcome,) = self.target.perform([wanted])
        if isinstance(outcome, ConnectorError):
            careful(outcome)
        return outcome

    def held(self, wanted: Intent) -> Held:
        outcome = self.one(wanted)
        assert isinstance(outcome, Held), outcome
        assert outcome.cause and outcome.fix
        return outcome

    def written(self, wanted: Intent) -> Done:
        outcome = self.one(wanted)
        assert isinstance(outcome, Done), outcome
        return outcome

    def standing(self, kind: str, id_: str) -> Current:
        current = self.target.read(kind, id_)
        assert current is not None
        return current

    def ledger(self, name: str = "bills") -> list[dict[str, Any]]:
        found = self.peer.backstage_ledger(REALM)[name]
        assert isinstance(found, list)
        return found

    def careful(self) -> None:
        assert self.peer.our_mistakes == []


# ---------------------------------------------------------------------------------------------- every failure


def test_every_kind_of_fault_is_here() -> None:
    assert set(OUTCOMES) == set(get_args(Kind))


@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_create_has_the_right_outcome_and_the_repeat_makes_no_second_bill(kind: Kind) -> None:
    books = Books()
    wanted = intent(books.bill())
    books.target.look([wanted])
    books.peer.faults.plan(kind, "POST /v3/company")

    outcome = books.one(wanted)

    expected, stands = OUTCOMES[kind]
    assert type(outcome) is expected
    assert len(books.ledger()) == stands
    (sighting,) = books.target.look([wanted]) if kind != "throttle" else [None]
    assert sighting is None or len(sighting.ours) == stands
    books.desk.clock.advance(120)
    repeated = books.written(wanted)
    (bill,) = books.ledger()
    assert repeated.current.id == bill["Id"]
    calls = [call for call in books.peer.backstage_calls() if call.startswith("POST /v3/")]
    assert len(set(calls)) == 1
    assert f"requestid={wanted.attempt_key}&" in f"{calls[0]}&"
    books.careful()


@pytest.mark.parametrize("kind", OUTCOMES)
def test_an_update_is_never_applied_twice(kind: Kind) -> None:
    books = Books()
    made = books.written(intent(books.bill()))
    wanted = intent(books.bill("75.10"), current=books.standing("bill", made.current.id), attempt="u" * 32)
    books.peer.faults.plan(kind, "POST /v3/company")
    outcome = books.one(wanted)
    assert type(outcome) is OUTCOMES[kind][0]
    books.desk.clock.advance(120)
    assert books.written(wanted).current.version == "1"
    assert [(bill["TotalAmt"], bill["versions"]) for bill in books.ledger()] == [(75.1, 2)]
    books.careful()


@pytest.mark.parametrize("call", ["look", "read", "references", "company"])
@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_read_that_fails_says_try_again_and_then_works(kind: Kind, call: str) -> None:
    books = Books()
    made = books.written(intent(books.bill()))
    calls: dict[str, Any] = {
        "look": lambda: books.target.look([intent(books.bill())]),
        "read": lambda: books.target.read("bill", made.current.id),
        "references": lambda: books.target.references("account"),
        "company": lambda: SYSTEM.door(books.desk.line).company(),
    }
    books.peer.faults.plan(kind, "GET /v3/")
    if kind != "expire_token":
        with pytest.raises(TryAgain) as again:
            calls[call]()
        assert not again.value.counts
        careful(again.value)
        books.desk.clock.advance(120)
    assert calls[call]()
    books.careful()


@pytest.mark.parametrize("kind", [kind for kind in OUTCOMES if kind != "expire_token"])
def test_a_sign_in_that_fails_never_costs_the_connection(kind: Kind) -> None:
    """With tokens that rotate only after a day, as in life: a lost answer can be asked for again."""
    books = Books(rotate_every_refresh=False)
    books.peer.faults.plan(kind, "/tokens/bearer")
    for _ in range(3):
        outcome = books.one(intent(books.bill()))
        books.desk.clock.advance(60)
        if isinstance(outcome, Done):
            break
        assert isinstance(outcome, TryAgain)
    assert len(books.ledger()) == 1
    books.careful()


# ---------------------------------------------------------------------------------------------- writing and reading


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"number": ""},
        {"number": "INV " + "9" * 30},
        {"due_date": None},
        {"memo": "m" * 5000},
        {"memo": "Zoë’s “order” – 100 %\nline two"},
    ],
)
def test_a_bill_reads_back_as_it_was_written(changes: dict[str, Any]) -> None:
    books = Books()
    wanted = intent(books.bill(**changes))
    done = books.written(wanted)
    current = books.standing("bill", done.current.id)
    for shown in (done.current, current):
        assert stands(shown, wanted.body)
    assert done.current.ours
    assert done.current.body == current.body
    assert done.money is not None and done.money.amount == Decimal("60.00")
    assert done.request_id
    (bill,) = books.ledger()
    assert bill["PrivateNote"].endswith(wanted.mark)
    books.careful()


def test_a_vendor_reads_back_as_it_was_written() -> None:
    books = Books()
    wanted = a_vendor(
        "Müller: Söhne & Co",
        company="Müller & Söhne",
        email="ap@mueller.example",
        phone="+49 (30) 901820",
        line1="1 Main St",
        line2="Floor 2",
        city="Bend",
        state="OR",
        postal_code="97701",
        country="United States",
    )
    done = books.written(intent(wanted))
    current = books.standing("vendor", done.current.id)
    assert {name: current.body[name] for name in wanted.body} == wanted.body
    assert done.notes == ["The name “Müller: Söhne & Co” is written as “Müller - Söhne & Co”."]
    stored = books.peer.backstage_find(REALM, "Vendor", "Müller - Söhne & Co")
    assert stored is not None
    assert stored["PrimaryPhone"] == {"FreeFormNumber": "+49 (30) 901820"}
    (sighting,) = books.target.look([intent(wanted)])
    assert [twin.body for twin in sighting.twins] == [wanted.body]
    books.careful()


def test_a_vendor_is_updated_sparsely_and_can_be_emptied() -> None:
    books = Books()
    first = a_vendor(
        "Northwind", company="NW", email="a@b.example", phone="1", line1="1 Main", line2="b", country="USA"
    )
    done = books.written(intent(first))
    books.peer.backstage_edit_vendor(REALM, done.current.id, AcctNum="V-7", Notes="by a person")
    wanted = a_vendor("Northwind Paper", phone="2", line1="2 Main")
    books.written(intent(wanted, current=books.standing("vendor", done.current.id), attempt="u" * 32))
    current = books.standing("vendor", done.current.id)
    assert {name: current.body[name] for name in wanted.body} == wanted.body
    assert current.raw["AcctNum"] == "V-7" and current.raw["Notes"] == "by a person"
    books.careful()


def test_an_update_keeps_what_people_added() -> None:
    books = Books()
    books.peer.backstage_set_preference(REALM, "AccountingInfoPrefs.ClassTrackingPerTxnLine", True)
    klass = books.peer.backstage_add_class(REALM, "North")["Id"]
    made = books.written(intent(books.bill()))
    lines = [{"id": "1", "amount": "60.00", "account_id": books.expense, "description": "Rebar", "class_id": klass}]
    books.peer.backstage_edit_bill(REALM, made.current.id, lines=lines, SalesTermRef=None)
    current = books.standing("bill", made.current.id)
    done = books.written(intent(books.bill("75.00"), current=current, attempt="u" * 32))
    (bill,) = books.ledger()
    (line,) = bill["Line"]
    assert line["Id"] == "1"
    assert line["AccountBasedExpenseLineDetail"]["ClassRef"]["value"] == klass
    assert bill["PrivateNote"].endswith("[mlc:procurify:bill:1f99]")
    assert done.money is not None and done.money.amount == Decimal("75.00")
    books.careful()


def test_an_update_of_what_changed_meanwhile_is_stale_and_writes_nothing() -> None:
    books = Books()
    made = books.written(intent(books.bill()))
    current = books.standing("bill", made.current.id)
    books.peer.backstage_edit_bill(REALM, made.current.id, PrivateNote="by a person")
    assert isinstance(books.one(intent(books.bill("75.00"), current=current, attempt="u" * 32)), Stale)
    assert books.ledger()[0]["TotalAmt"] == 60
    books.careful()


def test_what_was_deleted_is_none_and_an_update_of_it_is_held() -> None:
    books = Books()
    made = books.written(intent(books.bill()))
    current = books.standing("bill", made.current.id)
    books.peer.backstage_delete_bill(REALM, made.current.id)
    assert books.target.read("bill", made.current.id) is None
    assert books.held(intent(books.bill("75.00"), current=current, attempt="u" * 32)).reason == "missing_in_target"
    books.careful()


def test_a_paid_bill_tells_that_it_is_locked() -> None:
    books = Books()
    made = books.written(intent(books.bill()))
    books.peer.backstage_pay_bill(REALM, made.current.id, "10.00")
    assert {"vendor", "lines", "currency"} <= set(books.standing("bill", made.current.id).locks)


def test_lists_are_read_whole_with_what_is_inactive() -> None:
    books = Books()
    books.peer.backstage_inactivate(REALM, "Vendor", books.vendor)
    found = {ref.id: ref for ref in books.target.references("vendor")}
    assert (found[books.vendor].name, found[books.vendor].active) == ("Acme Concrete", False)
    accounts = {ref.id: ref for ref in books.target.references("account")}
    assert (accounts[books.expense].code, accounts[books.payable].kind) == ("5010", "Accounts Payable")
    books.peer.backstage_close_books(REALM, "2025-12-31")
    facts = {ref.id: ref.name for ref in books.target.references("preference")}
    assert (facts["book_close_date"], facts["home_currency"], facts["multi_currency"]) == ("2025-12-31", "USD", "false")
    for kind in ("class", "location", "term", "item"):
        assert list(books.target.references(kind)) is not None
    books.careful()


# ---------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("entity", ["vendor", "customer", "employee"])
@pytest.mark.parametrize("spelled", ["Northwind Paper", "NORTHWIND  paper"])
def test_a_name_that_is_taken_names_who_has_it(entity: str, spelled: str) -> None:
    books = Books()
    made = getattr(books.peer, f"backstage_add_{entity}")(REALM, "Northwind Paper")
    held = books.held(intent(a_vendor(spelled)))
    if entity == "vendor" or spelled == "Northwind Paper":
        assert f"{entity} Northwind Paper (id {made['Id']})" in held.message
    assert held.reason == "name_taken"
    assert list(held.waits_for) == ["reference:vendor"]
    books.careful()


def test_an_inactive_vendor_keeps_its_name() -> None:
    books = Books()
    books.peer.backstage_inactivate(REALM, "Vendor", books.vendor)
    (sighting,) = books.target.look([intent(a_vendor("Acme Concrete"))])
    assert [twin.id for twin in sighting.twins] == [books.vendor]
    held = books.held(intent(a_vendor("Acme Concrete")))
    assert held.reason == "name_taken"
    assert "inactive vendor" in held.message and "active again" in held.fix
    books.careful()


def test_a_number_that_is_ours_already_is_adopted_and_anothers_is_held() -> None:
    books = Books()
    books.peer.backstage_set_preference(REALM, "OtherPrefs.WarnDuplicateBillNumber", True)
    made = books.written(intent(books.bill()))
    adopted = books.written(intent(books.bill(), attempt="z" * 32))
    assert adopted.current.id == made.current.id
    assert adopted.money is not None
    assert isinstance(books.one(intent(books.bill("61.00"), attempt="y" * 32)), Stale)
    held = books.held(intent(books.bill(), source_id="other"))
    assert held.reason == "exists_in_target"
    assert f"(id {made.current.id})" in held.message
    assert len(books.ledger()) == 1
    books.careful()


@pytest.mark.parametrize(
    ("entity", "waits", "named"),
    [("Vendor", ["reference:vendor", "reference:account"], "vendor"), ("Account", None, "The bill INV-1")],
)
def test_what_became_inactive_is_named_and_waited_for(entity: str, waits: list[str] | None, named: str) -> None:
    books = Books()
    books.peer.backstage_inactivate(REALM, entity, books.vendor if entity == "Vendor" else books.expense)
    held = books.held(intent(books.bill()))
    assert held.reason == "inactive_ref"
    assert named in held.cause
    assert list(held.waits_for) == (waits or ["reference:vendor", "reference:account"])
    books.careful()


def test_what_never_existed_is_named_and_waited_for() -> None:
    books = Books()
    held = books.held(intent(books.bill(account="4711")))
    assert (held.reason, held.cause, list(held.waits_for)) == (
        "reference_missing",
        "account 4711",
        ["reference:account"],
    )
    assert books.held(intent(books.bill(vendor="4712"), attempt="v" * 32)).cause == "vendor 4712"
    books.careful()


@pytest.mark.parametrize("password", [False, True])
def test_closed_books_are_held(password: bool) -> None:
    books = Books()
    books.peer.backstage_close_books(REALM, "2026-12-31", password)
    held = books.held(intent(books.bill()))
    assert (held.reason, list(held.waits_for)) == (
        "closed_period",
        ["reference:preference", "setting:closed_period"],
    )
    books.careful()


def test_an_account_of_the_wrong_kind_and_a_negative_bill_are_held() -> None:
    books = Books()
    assert books.held(intent(books.bill(account=books.payable))).reason == "account_type"
    with pytest.raises(Held, match="vendor credit"):
        books.bill("-1.00")


@pytest.mark.parametrize("action", ["cancel_subscription", "remove_user", "disconnect", "lock_out"])
def test_a_company_that_is_closed_to_us_concerns_the_connection(action: str) -> None:
    books = Books()
    books.target.references("account")
    getattr(books.peer, f"backstage_{action}")(REALM)
    outcomes = books.target.perform([intent(books.bill(), source_id=n) for n in "abc"])
    assert [type(outcome) for outcome in outcomes] == [LockedOut] * 3
    assert books.ledger() == []
    first = outcomes[0]
    assert isinstance(first, LockedOut) and first.fix
    careful(first)
    with pytest.raises(LockedOut):
        SYSTEM.door(books.desk.line).company()
    books.careful()


@pytest.mark.parametrize("switch", ["faults_as_200", "xml_gateway", "stale_query_sync_tokens"])
def test_the_vendors_moods_change_nothing(switch: str) -> None:
    books = Books()
    books.peer.backstage_switch(switch, True)
    made = books.written(intent(books.bill()))
    books.peer.expire_tokens()
    done = books.written(intent(books.bill("75.00"), current=books.standing("bill", made.current.id), attempt="u" * 32))
    assert done.current.version == "1"
    assert books.held(intent(books.bill(account="4711", number="INV-2"), source_id="x")).reason == "reference_missing"
    assert len(books.target.look([intent(books.bill())])[0].ours) == 1
    books.careful()


@pytest.mark.parametrize("name", ["O’Keefe – “Sons”", "O'Keefe & Sons", "100% \\ Organic", "Łódź 北京"])
def test_a_vendor_of_any_name_is_found_again(name: str) -> None:
    books = Books()
    made = books.peer.backstage_add_vendor(REALM, name)
    (sighting,) = books.target.look([intent(a_vendor(name))])
    assert [twin.id for twin in sighting.twins] == [made["Id"]]
    books.careful()


@pytest.mark.parametrize("number", ["№ 7–8", "O'N-1", "50%", "a\\b"])
def test_a_bill_of_any_number_is_found_again(number: str) -> None:
    books = Books()
    wanted = [intent(books.bill(number=each), source_id=f"n{n}") for n, each in enumerate((number, "INV-2", "INV-3"))]
    for one in wanted:
        books.written(one)
    for sighting in books.target.look(wanted):
        assert len(sighting.ours) == 1
    books.careful()


def test_a_bill_without_a_number_is_found_by_day_and_total() -> None:
    books = Books()
    made = books.peer.backstage_add_bill(
        REALM, books.vendor, [{"amount": "60.00", "account_id": books.expense}], TxnDate="2026-02-20"
    )
    (sighting,) = books.target.look([intent(books.bill(number=""))])
    assert [twin.id for twin in sighting.twins] == [made["Id"]]
    assert books.target.look([intent(books.bill("60.01", number=""))])[0].twins == []


def test_ten_bills_of_one_vendor_cost_one_look_up() -> None:
    books = Books()
    books.target.look([intent(books.bill())])
    before = books.desk.line.calls
    books.target.look([intent(books.bill(number=f"N{n}")) for n in range(10)])
    assert books.desk.line.calls == before + 1
