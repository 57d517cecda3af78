"""Whatever Procurify answers, what cannot be read waits in plain sight and in words, and comes when it can be read."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine.ports import HttpAnswer
from simulator.company import Company
from tests.flows.answering import Answering, data, page
from tests.flows.customer import Customer

HOST = "https://acme.procurify.com"
BILL = f"GET {HOST}/api/v2/ap/bills/"

ONE_BILL = {
    "a bad id": (data({"errors": {"null": {"message": "Bad id.", "code": "X"}}}, 400), "Bad id."),
    "not offered": (data({"detail": 'Method "GET" not allowed.'}, 405), 'Method "GET" not allowed.'),
    "a page with 500": (page(500), "A web page came instead of Procurify's data"),
    "a page with 200": (page(200), "A web page came instead of Procurify's data"),
    "a 500 with words": (data({"detail": "secret trace"}, 500), "could not answer just now"),
    "a body that is cut": (HttpAnswer(status=200, headers={}, body=b'{"data": {"uu'), "cut or garbled"),
    "another envelope": (data([]), "without its envelope"),
    "no record inside": (data({"data": None}), "without the record"),
    "moved elsewhere": (HttpAnswer(status=302, headers={"location": "/x"}, body=b""), "another address"),
    "another bill": (data({"data": {"uuid": "0" * 32}}), "another bill"),
}


class Buying:
    def __init__(self) -> None:
        self.customer = Customer()
        self.company: Company = self.customer.company
        self.vendor = self.company.vendor("Northwind Paper Co")
        self.first = self.company.bill(self.vendor, "1.00")
        self.customer.run()
        self.answers = Answering(self.company.world)
        self.odd = self.company.bill(self.vendor, "60.00")
        self.others = [self.first, self.company.bill(self.vendor, "10.00")]

    def why(self, uuid: str) -> str:
        said = str(self.customer.call("GET", f"{self.customer.record(uuid)}/why"))
        assert "error" not in said.lower() and "secret trace" not in said, said
        return said

    def told(self) -> list[str]:
        return [text for subject, text in self.company.world.notices.published if "needs you" in subject]

    def goes_now(self) -> None:
        self.answers.clear()
        self.customer.run()
        self.customer.run()
        self.company.assert_once([self.odd, *self.others])
        self.company.assert_no_mistakes()


@pytest.mark.parametrize("name", ONE_BILL)
def test_one_bill_that_is_refused_is_held_with_procurifys_words_and_comes_when_it_can_be_read(name: str) -> None:
    buying = Buying()
    answer, words = ONE_BILL[name]
    buying.answers.say(answer, f"{BILL}{buying.odd}", times=None)
    buying.customer.run()
    buying.customer.run()
    buying.company.assert_once(buying.others)
    assert (buying.company.head(buying.odd).hold or {})["reason"] == "not_readable_yet"
    assert words in str((buying.company.head(buying.odd).hold or {})["message"])
    buying.why(buying.odd)
    buying.goes_now()


def test_a_bill_that_the_user_may_not_see_yet_comes_when_he_may() -> None:
    buying = Buying()
    buying.answers.say(data({"detail": "Not found."}, 404), f"{BILL}{buying.odd}", times=None)
    buying.customer.run()
    buying.company.assert_once(buying.others)
    buying.goes_now()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (data({"detail": "You may not."}, 403), "does not let the user behind the connection procurify read"),
        (data({"detail": "Invalid token."}, 401), "no longer accepts the credentials of the connection procurify"),
    ],
    ids=["403", "401"],
)
@pytest.mark.parametrize("place", ["/api/v3/ap/bills/", "/api/v2/ap/bills/", "/api/"])
def test_a_door_that_closes_is_told_with_its_fix_and_everything_comes_when_it_opens(
    answer: HttpAnswer, words: str, place: str
) -> None:
    buying = Buying()
    buying.answers.say(answer, f"GET {HOST}{place}", times=None)
    buying.customer.run()
    assert len(set(buying.told())) == 1
    assert words in buying.told()[0] and "A Procurify administrator" in buying.told()[0]
    shown: dict[str, Any] = {one["name"]: one for one in buying.customer.call("GET", "/connections")["items"]}
    assert shown["procurify"]["health"]["state"] == "locked_out"
    assert not [head for head in buying.company.heads() if head.state == "held"]
    buying.company.world.clock.advance(15 * 60)
    buying.goes_now()


@pytest.mark.parametrize("place", ["/api/v3/ap/bills/", "/api/v2/ap/bills/", "/api/v3/vendors/", "/oauth/token"])
@pytest.mark.parametrize(
    "answer",
    [
        data({"detail": "Slow."}, 429, retry_after="90"),
        data({}, 429),
        page(500),
        page(502),
        HttpAnswer(status=503, headers={}, body=b""),
    ],
    ids=["429 with a figure", "429", "500", "502", "503"],
)
def test_what_passes_holds_nothing_for_good_and_everything_comes(answer: HttpAnswer, place: str) -> None:
    buying = Buying()
    buying.company.procurify.expire_tokens()
    buying.answers.say(answer, f"{HOST}{place}", times=3)
    for _ in range(4):
        buying.customer.run()
    assert buying.told() == []
    buying.goes_now()


def test_a_throttle_with_a_figure_is_obeyed_to_the_second() -> None:
    buying = Buying()
    buying.answers.say(data({}, 429, retry_after="90"), "GET " + HOST)
    buying.customer.run()
    buying.customer.run()
    (before, _), (after, _), *_ = buying.answers.calls("GET " + HOST)
    assert (after - before).total_seconds() >= 90
    buying.goes_now()
