"""Whatever QuickBooks Online answers, the record ends as the vendor's sheet says, in words, and the others go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.engine import runs
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from simulator.company import APP, FLOW, Company
from tests.flows.answering import Answering, data, fault, gateway, page, xml
from tests.flows.customer import Customer

POST = "/bill"
LINE: dict[str, Any] = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}


class Books:
    """A customer with one bill that meets the answers of a test, and others that do not."""

    def __init__(self) -> None:
        self.customer = Customer()
        self.company: Company = self.customer.company
        self.world = self.customer.world
        self.vendor = self.company.vendor("Northwind Paper Co")
        self.first = self.company.bill(self.vendor, "1.00", invoice_number="FIRST")
        self.customer.run()
        self.answers = Answering(self.world)

    def run(self, *, hours: float = 0.5, tenant: str = "acme") -> None:
        """The next poll and what follows from it, without waiting for the end of an outage."""
        self.world.clock.advance(15 * 60)
        runs.start(self.world.engine, self.world.open(tenant, FLOW))
        self.world.until_quiet(patience=timedelta(hours=hours))

    def bills(self) -> tuple[str, list[str]]:
        """The one that is told apart by its number, and its neighbours."""
        others = [self.company.bill(self.vendor, "10.00", invoice_number="A-1")]
        it = self.company.bill(self.vendor, "60.00", invoice_number="ODD-1")
        return it, [self.first, *others, self.company.bill(self.vendor, "20.00", invoice_number="Z-1")]

    def say(self, answer: HttpAnswer, *, times: int | None = 1) -> None:
        self.answers.say(answer, f"POST https://quickbooks.api.intuit.com/v3/company/{self.company.realm}/bill",
                         holding="ODD-1", times=times)  # fmt: skip

    def hold(self, uuid: str) -> dict[str, Any]:
        return self.company.head(uuid).hold or {}

    def why(self, uuid: str) -> str:
        """All that the customer reads of the record."""
        said = str(self.customer.call("GET", f"{self.customer.record(uuid)}/why"))
        assert "error" not in said.lower() and "SyncToken" not in said, said
        return said

    def replay(self, uuid: str) -> None:
        self.customer.call("POST", f"{self.customer.record(uuid)}/replay")
        self.world.until_quiet()

    def told(self) -> list[str]:
        return [text for subject, text in self.world.notices.published if "needs you" in subject]


# ---------------------------------------------------------------------------------------------- what passes by itself

PASSING = {
    "slow down": data({}, 429),
    "slow down, in XML": xml("3001", 429),
    "slow down, as it once was said": xml("003001", 403),
    "slow down, inside a 200": fault("3001", status=200),
    "not allowed in": gateway("3200", 401),
    "not allowed in, in XML": xml("3200", 401),
    "not allowed in, without a word": HttpAnswer(status=401, headers={}, body=b""),
    "a fault of its own": fault("10000", status=500),
    "an empty 500": HttpAnswer(status=500, headers={}, body=b""),
    "a page with 502": page(502),
    "a page with 200": page(200),
    "an empty 200": HttpAnswer(status=200, headers={}, body=b""),
    "503": page(503),
    "504": HttpAnswer(status=504, headers={}, body=b"upstream request timeout"),
    "408": HttpAnswer(status=408, headers={}, body=b""),
    "a body that is cut": HttpAnswer(status=200, headers={}, body=b'{"Bill": {"Id": "14'),
    "another object": data({"Vendor": {"Id": "7"}}),
    "could not do it": fault("1010"),
    "changed meanwhile": fault("5010"),
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("times", [1, 2])
def test_what_passes_costs_time_only(name: str, times: int) -> None:
    books = Books()
    it, others = books.bills()
    twice = times == 2 and name == "could not do it"
    books.say(PASSING[name], times=times)
    books.customer.run()
    books.company.assert_once(others if twice else [it, *others])
    if twice:
        assert books.hold(it)["reason"] == "not_done"
        assert "nor the second time" in books.why(it)
        books.replay(it)
    books.customer.run()
    books.company.assert_once([it, *others])
    assert books.company.head(it).attempts == 0
    ids = [request.params["requestid"] for _, request in books.answers.calls(POST, holding="ODD-1")]
    anew = 1 + (name == "changed meanwhile") * times + twice
    assert len(set(ids)) == anew
    books.company.assert_no_mistakes()


@pytest.mark.parametrize("asked", [None, 7, 240])
def test_a_throttle_holds_back_everything_for_as_long_as_it_asks_and_counts_against_no_record(
    asked: int | None,
) -> None:
    books = Books()
    it, others = books.bills()
    told = {"retry_after": str(asked)} if asked else {}
    books.say(data({}, 429, **told))
    books.customer.run()
    books.company.assert_once([it, *others])
    (before, _), *later = books.answers.calls("https://quickbooks", holding="ODD-1")
    after = next(at for at, _ in books.answers.asked[books.answers.asked.index((before, _)) + 1 :])
    assert (after - before).total_seconds() >= (asked or 1)
    assert later and books.company.head(it).attempts == 0


def test_two_changes_of_one_moment_are_both_kept() -> None:
    books = Books()
    ours = books.company.ours()[0]
    edits = iter(["checked by Ann "])

    def meanwhile(request: HttpRequest) -> None:
        if request.method == "POST" and request.url.endswith(POST):
            for words in edits:
                books.company.books.backstage_edit_bill(
                    books.company.realm, ours["Id"], PrivateNote=words + ours["PrivateNote"]
                )

    books.answers.meanwhile = meanwhile
    books.company.procurify.backstage_edit_bill(books.first, lines=[{**LINE, "amount": "75.50"}])
    books.customer.run()
    (bill,) = books.company.ours()
    assert bill["PrivateNote"].startswith("checked by Ann ") and float(bill["TotalAmt"]) == 75.5
    assert books.company.head(books.first).state == "done"
    books.company.assert_no_mistakes()


# ---------------------------------------------------------------------------------------------- what never passes

STUBBORN = {
    "a fault of its own": fault("10000", status=500),
    "an empty 500": HttpAnswer(status=500, headers={}, body=b""),
    "a page with 502": page(502),
    "a page with 200": page(200),
    "503": page(503),
    "504": page(504),
    "a body that is cut": HttpAnswer(status=200, headers={}, body=b'{"Bill": {"Id": "14'),
}


@pytest.mark.parametrize("name", STUBBORN)
def test_a_bill_that_is_never_answered_is_held_in_words_and_goes_by_a_replay_once_the_cause_is_gone(name: str) -> None:
    books = Books()
    it, others = books.bills()
    books.say(STUBBORN[name], times=None)
    for _ in range(3):
        books.customer.run()
    books.company.assert_once(others)
    assert books.hold(it)["reason"] == "outcome_unknown"
    assert "8 tries" in books.why(it) and "ODD-1" in books.why(it)
    ids = {request.params["requestid"] for _, request in books.answers.calls(POST, holding="ODD-1")}
    assert len(ids) == 1
    books.answers.clear()
    books.replay(it)
    books.company.assert_once([it, *others])
    books.company.assert_no_mistakes()


@pytest.mark.parametrize(
    "answer",
    [page(502), page(200), fault("10000", status=500), data({}, 429)],
    ids=["502", "a page", "a fault of its own", "slow down"],
)
def test_books_that_are_down_for_hours_hold_nothing_and_everything_goes_by_itself_afterwards(
    answer: HttpAnswer,
) -> None:
    books = Books()
    it, others = books.bills()
    books.answers.say(answer, "https://quickbooks.api.intuit.com/v3", times=None)
    books.run(hours=3)
    assert {head.state for head in books.company.heads()} <= {"done", "waiting"}
    assert "QuickBooks Online" in books.why(it)
    books.answers.clear()
    books.customer.run()
    books.customer.run()
    books.company.assert_once([it, *others])


# ---------------------------------------------------------------------------------------------- the connection

CLOSED = {
    "access refused for ever": (gateway("3200", 401), "no longer accepts the connection books"),
    "another environment": (gateway("3100", 403), "does not open this company"),
    "another environment, in XML": (xml("003100", 403), "does not open this company"),
    "a 403 without a word": (page(403), "does not open this company"),
    "the wrong cluster": (xml("130", 401), "another environment"),
    "user removed": (fault("120", status=403), "may no longer do this"),
    "subscription ended": (fault("6190"), "has ended or is unpaid"),
    "subscription lapsed": (xml("007001", 400), "has lapsed"),
    "company locked": (fault("140", status=403), "is locked"),
    "maintenance": (fault("150", status=403), "is being maintained"),
    "company reset": (fault("10200"), "was reset"),
    "the worst of several": (fault("6000", "2010", "6190"), "has ended or is unpaid"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_company_stops_its_own_connection_is_told_and_everything_goes_by_itself_when_it_opens(
    name: str,
) -> None:
    books = Books()
    other = Customer(tenant="zenith", realm="9130002", world=books.world)
    it, others = books.bills()
    theirs = other.company.vendor("Southwind")
    answer, words = CLOSED[name]
    books.answers.say(answer, f"https://quickbooks.api.intuit.com/v3/company/{books.company.realm}", times=None)
    for _ in range(3):
        fine = other.company.bill(theirs, "5.00")
        books.run()
        books.run(tenant="zenith")
        assert other.company.head(fine).state == "done"
    assert len(set(books.told())) == 1
    assert words in books.told()[0] and "What to do" in books.told()[0]
    assert "error" not in books.told()[0].lower()
    assert words in books.why(it)
    assert {head.attempts for head in books.company.heads()} == {0}
    books.answers.clear()
    if name == "access refused for ever":
        grant = books.company.books.backstage_grant(books.company.realm)
        books.customer.apply_credentials("books", {**APP, "refresh_token": grant["refresh_token"]})
    books.customer.run()
    books.customer.run()
    books.company.assert_once([it, *others])
    assert len(set(books.told())) == 1


# ---------------------------------------------------------------------------------------------- the record

HELD = {
    "a rule": (fault("6000", detail="Business Validation Error: The account is amiss"), "business_rule", "amiss"),
    "a rule inside a 200": (fault("6000", detail="The account is amiss", status=200), "business_rule", "amiss"),
    "a rule in XML": (xml("6000", 400), "business_rule", "A rule of QuickBooks Online stands against"),
    "lower-case names": (gateway("6430", 400), "account_type", "of a kind that cannot be used here"),
    "the worst of several": (fault("2210", "2010", "6000"), "business_rule", "A rule of QuickBooks Online"),
    "nobody knows it": (fault("98765", detail="The moon is full"), "not_accepted", "The moon is full"),
    "without a code": (data({"Fault": {"Error": [], "type": "ValidationFault"}}, 400), "request_not_accepted", "ODD-1"),
    "our own mistake": (fault("2010", detail="Property Foo"), "request_not_accepted", "Tell the operator"),
    "an odd list": (data({"Fault": {"Error": "x"}}, 400), "request_not_accepted", "ODD-1"),
    "a number as code": (data({"fault": {"error": [{"code": 6000}]}}, 400), "business_rule", "ODD-1"),
    "closed books": (fault("6210", detail="Account Period Closed"), "closed_period", "Close the books"),
    "no lines": (fault("2250"), "no_lines", "Add a line at the source"),
    "negative": (fault("2290"), "negative_amount", "vendor credit"),
    "not in this plan": (fault("5020"), "not_available", "plan"),
    "billed on": (fault("2170", detail="HasBeenBilled cannot be set"), "settled", "Sales > Invoices"),
    "characters": (fault("2040", detail="Property DocNumber"), "bad_characters", "at the source"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_refusal_is_held_in_words_and_goes_after_the_step_that_its_fix_names(name: str) -> None:
    books = Books()
    it, others = books.bills()
    answer, reason, words = HELD[name]
    books.say(answer, times=None)
    books.customer.run()
    books.customer.run()
    books.company.assert_once([*others] if name != "not in this plan" else [books.first, *_done(books, others)])
    assert books.hold(it)["reason"] == reason
    assert words in books.why(it), books.why(it)
    assert "ODD-1" in str(books.hold(it)["message"])
    books.answers.clear()
    books.replay(it)
    books.customer.run()
    for uuid in others:
        if books.company.head(uuid).state == "held":
            books.replay(uuid)
    books.company.assert_once([it, *others])
    books.company.assert_no_mistakes()


def _done(books: Books, uuids: list[str]) -> list[str]:
    """What the plan lacks, it lacks for the bills of one call alike."""
    return [uuid for uuid in uuids if uuid != books.first and books.company.head(uuid).state == "done"]


def test_a_number_that_a_person_takes_at_the_same_moment_is_held_naming_the_bill_and_linked_by_a_person() -> None:
    books = Books()
    company = books.company
    it, others = books.bills()
    theirs = company.books.backstage_find(company.realm, "Vendor", "Northwind Paper Co")
    assert theirs is not None
    typed: list[dict[str, Any]] = []

    def meanwhile(request: HttpRequest) -> None:
        if request.method == "POST" and b"ODD-1" in (request.body or b"") and not typed:
            line = {"amount": "60.00", "account_id": company.accounts["5010"]["Id"]}
            typed.append(company.books.backstage_add_bill(company.realm, theirs["Id"], [line], DocNumber="ODD-1"))

    books.answers.meanwhile = meanwhile
    books.customer.run()
    assert books.hold(it)["reason"] == "exists_in_target"
    assert f"(id {typed[0]['Id']})" in books.why(it)
    books.customer.call("POST", f"{books.customer.record(it)}/resolve", {"action": "link", "target_id": typed[0]["Id"]})
    books.world.until_quiet()
    assert company.head(it).state == "done"
    company.assert_once(others)
    numbers = [bill.get("DocNumber") for bill in company.books.backstage_ledger(company.realm)["bills"]]
    assert numbers.count("ODD-1") == 1


# ---------------------------------------------------------------------------------------------- names that are taken


def hold_of_vendor(books: Books, vendor: dict[str, Any]) -> dict[str, Any]:
    return books.company.head(str(vendor["id"]), "vendor").hold or {}


@pytest.mark.parametrize("holder", ["vendor", "inactive vendor", "customer", "employee"])
def test_a_name_that_is_taken_at_the_moment_of_the_write_is_held_naming_who_has_it_and_goes_when_it_is_free(
    holder: str,
) -> None:
    books = Books()
    books.customer.apply_flow(policies={"tax_account": "6110", "freight_account": "6100", "unmatched_vendor": "create"})
    company, taken = books.company, list[dict[str, Any]]()
    kind = holder.rsplit(" ", maxsplit=1)[-1]

    def meanwhile(request: HttpRequest) -> None:
        if request.method == "POST" and request.url.endswith("/vendor") and not taken:
            taken.append(getattr(company.books, f"backstage_add_{kind}")(company.realm, "Twin Name"))
            if holder.startswith("inactive"):
                company.books.backstage_inactivate(company.realm, "Vendor", taken[0]["Id"])

    books.answers.meanwhile = meanwhile
    vendor = company.vendor("Twin Name", in_books=False)
    uuid = company.bill(vendor, "60.00")
    books.customer.run()
    if holder != "vendor":  # an active vendor of the name is found in the list that is read anew, and linked
        assert hold_of_vendor(books, vendor)["reason"] in {"name_taken", "inactive_ref"}
        assert "Twin Name" in books.why(uuid)
        assert kind in str(hold_of_vendor(books, vendor)["message"])
        assert books.hold(uuid)["reason"] == "waits_for_vendor"
    if kind == "vendor" and holder != "vendor":
        company.books.backstage_reactivate(company.realm, "Vendor", taken[0]["Id"])
    elif kind != "vendor":
        assert f"Twin Name ({kind.capitalize()})" in str(hold_of_vendor(books, vendor)["fix"])
        company.books.backstage_rename(company.realm, kind.capitalize(), taken[0]["Id"], f"Twin Name ({kind})")
        books.customer.call("POST", f"{books.customer.record(str(vendor['id']), 'vendor')}/replay")
    books.customer.run()
    books.customer.run()
    company.assert_once([books.first, uuid])
    names = [row["DisplayName"] for row in company.books.backstage_ledger(company.realm)["vendors"]]
    assert names.count("Twin Name") == 1
    company.assert_no_mistakes()
