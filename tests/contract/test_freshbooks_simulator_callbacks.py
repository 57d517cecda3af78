"""The simulated FreshBooks shakes hands, signs as the sheet's vectors say, and sends once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.freshbooks.webhooks import HEADER, sign
from simulator.systems.serving import json_response, listen
from tests.contract.freshbooks_site import ACCOUNT, Site, lacks, sample
from tests.contract.peer import Peer

CALLBACKS = f"/events/account/{ACCOUNT}/events/callbacks"
URI = "https://mlc.example/hooks/freshbooks/t0ken/bill"


@pytest.fixture
def site() -> Site:
    return Site()


def register(site: Site, event: str = "bill", uri: str = URI) -> int:
    return int(site.result("POST", CALLBACKS, {"callback": {"event": event, "uri": uri}})["callback"]["callbackid"])


def verify(site: Site, id: int) -> None:
    """As a careful receiver does: with the verifier that the handshake brought."""
    form = next(form for form in map(dict, forms(site)) if form["object_id"] == str(id))
    site.result("PUT", f"{CALLBACKS}/{id}", {"callback": {"verifier": form["verifier"]}})


def verified(site: Site, event: str = "bill") -> int:
    id = register(site, event)
    site.sim.run_due()
    verify(site, id)
    site.receiver.got.clear()
    return id


def forms(site: Site) -> list[list[tuple[str, str]]]:
    return [parse_qsl(body, keep_blank_values=True) for _, _, body in site.receiver.got]


def told(site: Site) -> list[tuple[str, str]]:
    site.sim.run_due()
    return [(form["name"], form["object_id"]) for form in map(dict, forms(site))]


def test_every_signature_is_the_vectors_own() -> None:
    for vector in sample("webhook_vectors.json"):
        fields = parse_qsl(vector["raw_body"], keep_blank_values=True)
        assert (sign(fields, vector["verifier"]) == vector["header"][HEADER]) is vector["valid"], vector["name"]


def test_a_handshake_comes_and_the_verifier_opens_the_callback(site: Site) -> None:
    id = register(site)
    shown = site.result("GET", f"{CALLBACKS}/{id}")
    assert lacks({"response": {"result": shown}}, sample("callback_get.json")) == []
    assert shown["callback"]["verified"] is False
    site.sim.run_due()
    ((url, headers, body),) = site.receiver.got
    form = dict(parse_qsl(body))
    assert (url, form["name"], form["object_id"]) == (URI, "callback.verify", str(id))
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers[HEADER] == sign(parse_qsl(body), form["verifier"])
    verify(site, id)
    assert site.result("GET", f"{CALLBACKS}/{id}")["callback"]["verified"] is True
    assert site.mistakes() == []


def test_the_handshake_can_come_before_the_register_call_is_answered(site: Site) -> None:
    site.sim.backstage_switch("handshake_first", True)
    seen: list[int] = []
    honest = site.receiver.__call__

    def receive(url: str, headers: Any, body: bytes) -> int:
        seen.append(len(site.sim.backstage_callbacks(ACCOUNT)))
        return honest(url, headers, body)

    site.sim._post = receive
    id = register(site)
    assert seen == [1]
    assert dict(forms(site)[0])["object_id"] == str(id)


def test_a_wrong_verifier_changes_nothing(site: Site) -> None:
    id = register(site)
    answer = site.call("PUT", f"{CALLBACKS}/{id}", {"callback": {"verifier": "guessed"}})
    assert (answer.status_code, answer.json["errno"]) == (422, 422)
    assert site.result("GET", f"{CALLBACKS}/{id}")["callback"]["verified"] is False


def test_a_lost_handshake_is_sent_again(site: Site) -> None:
    site.receiver.status = None
    id = register(site)
    site.sim.run_due()
    site.receiver.status, site.receiver.got = 200, []
    assert told(site) == []
    site.result("PUT", f"{CALLBACKS}/{id}", {"callback": {"resend": True}})
    assert told(site) == [("callback.verify", str(id))]
    verify(site, id)


def test_asking_for_the_verifier_again_and_again_is_noted(site: Site) -> None:
    id = register(site)
    for _ in range(4):
        site.result("PUT", f"{CALLBACKS}/{id}", {"callback": {"resend": True}})
    assert len(site.mistakes()) == 1


def test_an_unverified_callback_hears_nothing(site: Site) -> None:
    register(site)
    site.bill()
    assert told(site) == [("callback.verify", "2001")]


def test_what_happens_to_a_bill_is_told_with_ids_alone(site: Site) -> None:
    verified(site)
    bill = site.bill()
    site.sim.backstage_edit_bill(ACCOUNT, bill, bill_number="7")
    site.sim.backstage_delete(ACCOUNT, "bills", bill)
    assert told(site) == [(f"bill.{verb}", str(bill)) for verb in ("create", "update", "delete")]
    (row,) = site.sim.backstage_callbacks(ACCOUNT)
    for _, headers, body in site.receiver.got:
        assert headers[HEADER] == sign(parse_qsl(body), row["verifier"])
        names = [name for name, _ in parse_qsl(body)]
        assert names == ["name", "object_id", "account_id", "business_id", "identity_id", "user_id"]


def test_a_payment_is_not_told(site: Site) -> None:
    verified(site)
    bill = site.bill()
    told(site)
    site.receiver.got.clear()
    site.sim.backstage_pay_bill(ACCOUNT, bill)
    assert told(site) == []
    site.sim.backstage_switch("payment_touches_bill", True)
    site.sim.backstage_pay_bill(ACCOUNT, bill, "0.01")
    assert told(site) == [("bill.update", str(bill))]


def test_what_we_write_ourselves_comes_back(site: Site) -> None:
    verified(site, "expense")
    made = site.book()
    assert told(site) == [("expense.create", str(made["id"]))]


def test_a_callback_for_one_verb_hears_no_other(site: Site) -> None:
    verified(site, "bill.delete")
    site.bill()
    assert told(site) == []


@pytest.mark.parametrize(("fault", "times"), [("drop", 0), ("twice", 2), ("", 1)])
def test_deliveries_are_lost_or_come_twice(site: Site, fault: str, times: int) -> None:
    verified(site, "bill_vendor")
    site.sim.backstage_switch("webhook_fault", fault)
    site.vendor()
    assert len(told(site)) == times


def test_a_forged_signature_fits_no_verifier(site: Site) -> None:
    verified(site, "bill_vendor")
    site.sim.backstage_switch("webhook_fault", "forge")
    site.vendor()
    told(site)
    (row,) = site.sim.backstage_callbacks(ACCOUNT)
    ((_, headers, body),) = site.receiver.got
    assert headers[HEADER] != sign(parse_qsl(body), row["verifier"])


def test_nothing_is_repeated_unless_it_is_switched_on(site: Site) -> None:
    verified(site, "bill_vendor")
    site.receiver.status = 500
    site.vendor()
    assert len(told(site)) == 1
    site.clock.advance(600)
    assert len(told(site)) == 1
    site.sim.backstage_switch("webhook_retries", 1)
    site.vendor("Second")
    told(site)
    site.clock.advance(60)
    assert len(told(site)) == 3


def test_extra_fields_are_signed_too(site: Site) -> None:
    verified(site, "bill_vendor")
    site.sim.backstage_switch("webhook_extra_fields", True)
    site.vendor()
    told(site)
    (row,) = site.sim.backstage_callbacks(ACCOUNT)
    ((_, headers, body),) = site.receiver.got
    assert headers[HEADER] == sign(parse_qsl(body), row["verifier"])
    assert "event_id" in dict(parse_qsl(body))


def test_an_unknown_event_and_an_open_address_are_refused(site: Site) -> None:
    answer = site.call("POST", CALLBACKS, {"callback": {"event": "bill_payment.create", "uri": "mlc"}})
    assert (answer.status_code, answer.json) == (422, sample("error_events_422.json"))
    for uri in (URI + "?tenant=1", "http://mlc.example/hooks"):
        assert site.call("POST", CALLBACKS, {"callback": {"event": "bill", "uri": uri}}).status_code == 422
    assert len(site.mistakes()) == 3


def test_asking_whether_payments_are_told_is_no_mistake(site: Site) -> None:
    body = {"callback": {"event": "bill_payment", "uri": URI}}
    assert site.call("POST", CALLBACKS, body).status_code == 422
    assert site.mistakes() == []
    site.sim.backstage_switch("bill_payment_events", True)
    assert site.call("POST", CALLBACKS, body).status_code == 200


def test_lost_and_deleted_callbacks_are_gone_from_the_list(site: Site) -> None:
    first, second, third = register(site), register(site, "bill.create"), register(site, "expense")
    listed = f"{CALLBACKS}?per_page=100"
    assert lacks({"response": {"result": site.result("GET", listed)}}, sample("callbacks_list.json")) == []
    assert site.call("DELETE", f"{CALLBACKS}/{second}").status_code == 200
    site.sim.backstage_lose_callback(ACCOUNT, third)
    rows = site.result("GET", f"{listed}&search[event]=bill")["callbacks"]
    assert [row["callbackid"] for row in rows] == [first]
    gone = site.call("DELETE", f"{CALLBACKS}/{second}")
    assert (gone.status_code, gone.json) == (404, sample("error_events_404.json"))


def test_what_waits_is_kept_over_a_restart(site: Site) -> None:
    verified(site)
    site.bill()
    state = site.sim.dump()
    site.sim.load(state)
    assert [name for name, _ in told(site)] == ["bill.create"]


class Service(Peer):
    """Proves each callback while its handshake still waits for the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.freshbooks, self.headers, self.names = "", {"Authorization": ""}, list[str]()

    def at_echo(self, request: Request) -> Response:
        form = request.form.to_dict()
        self.names.append(form["name"])
        if "verifier" in form:
            body = {"callback": {"verifier": form["verifier"]}}
            where = f"{self.freshbooks}{CALLBACKS}/{form['object_id']}"
            assert requests.put(where, json=body, headers=self.headers, timeout=5).status_code == 200
        return json_response({})


def test_who_is_called_may_call_back_at_once_over_real_sockets() -> None:
    sim, service = FreshBooksSimulator(), Service()
    (ours, hooks), (theirs, service.freshbooks) = listen(service), listen(sim)
    try:
        service.headers = {"Authorization": f"Bearer {sim.backstage_grant()['access_token']}"}
        body = {"callback": {"event": "bill_vendor", "uri": f"{hooks}/echo"}}
        where = service.freshbooks + CALLBACKS
        assert requests.post(where, json=body, headers=service.headers, timeout=5).status_code == 200
        assert [attempt.status for attempt in sim.run_due()] == [200]
        assert [row["verified"] for row in sim.backstage_callbacks(ACCOUNT)] == [True]
        sim.backstage_add_vendor(ACCOUNT, "Acme")
        sim.run_due()
        assert service.names == ["callback.verify", "bill_vendor.create"]
    finally:
        for server in (ours, theirs):
            server.shutdown()
            server.server_close()
