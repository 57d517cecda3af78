"""Sessions of many Web Connectors at once: each sees its own company alone, and a ticket is good for nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.engine.ports import Item
from chalicelib.systems.quickbooks_desktop import login, session, tickets
from simulator.systems.quickbooks_desktop.soap import Reply
from tests.flows.at_the_pc import Line, Office

MOST_CALLS = 1000


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "COST", 16)


def offices(*names: str) -> list[Office]:
    first = Office(tenant=names[0])
    return [first, *(Office(tenant=name, world=first.world, seed=n) for n, name in enumerate(names[1:]))]


def kept(office: Office) -> list[Item]:
    """Everything that is stored, but for the counters of the login."""
    return sorted(office.world.store.all_items(), key=lambda item: (item.pk, item.sk))


def test_two_customers_interleaved_for_a_thousand_calls_never_see_each_others_requests_tickets_or_answers() -> None:
    acme, zenith = offices("acme", "zenith")
    dice, calls, tickets_of = random.Random(7), 0, {"acme": set[str](), "zenith": set[str]()}
    words = {"acme": "Acme Supplies", "zenith": "Zenith Supplies"}
    vendors = {office.tenant: office.vendor(words[office.tenant]) for office in (acme, zenith)}
    orders: dict[str, list[int]] = {"acme": [], "zenith": []}
    while calls < MOST_CALLS:
        for office in (acme, zenith):
            new = [office.order(vendors[office.tenant], f"{n + 1}.00") for n in range(12)]
            orders[office.tenant] += new
            office.poll()
        lines = {office.tenant: Line(office) for office in (acme, zenith)}
        going = {name: line.steps() for name, line in lines.items()}
        while going:
            name = dice.choice(sorted(going))
            other = words["zenith" if name == "acme" else "acme"]
            said = next(going[name], None)
            if said is None:
                del going[name]
                continue
            calls += 1
            assert other not in said
            assert f"{'zenith' if name == 'acme' else 'acme'} books" not in said
            tickets_of[name].add(lines[name].ticket)
        acme.world.until_quiet()
    assert not tickets_of["acme"] & tickets_of["zenith"]
    for office in (acme, zenith):
        office.calls(3)
        office.assert_once(orders[office.tenant])
        names = {vendor["Name"] for vendor in office.pc.backstage_ledger()["Vendor"]}
        assert names == {words[office.tenant]}
        office.assert_no_mistakes()


def _of_another(mine: Line, other: Line) -> str:
    other.authenticate()
    return "made-up-" + other.ticket


def _closed(mine: Line, other: Line) -> str:
    mine.authenticate()
    mine.say("closeConnection", ticket=mine.ticket)
    return mine.ticket


def _expired(mine: Line, other: Line) -> str:
    mine.authenticate()
    mine.ask()
    mine.office.world.clock.advance(tickets.SILENT.total_seconds() + 1)
    return mine.ticket


def _of_no_work(mine: Line, other: Line) -> str:
    other.office.calls(3)
    assert other.authenticate() == "none"
    return other.ticket


TICKETS: dict[str, Callable[[Line, Line], str]] = {
    "made up": lambda mine, other: "{85B41BEE-5CD9-427A-A61B-83964F1EB426}",
    "empty": lambda mine, other: " ",
    "long": lambda mine, other: "x" * 5000,
    "with a key in it": lambda mine, other: "Q#acme#books",
    "the hash": lambda mine, other: mine.office.desk().session or "x",
    "like another's": _of_another,
    "closed": _closed,
    "expired": _expired,
    "of a run without work": _of_no_work,
}


@pytest.mark.parametrize("kind", TICKETS)
def test_a_ticket_that_is_none_gets_nothing_and_changes_nothing(kind: str) -> None:
    acme, zenith = offices("acme", "zenith")
    for office in (acme, zenith):
        office.order(office.vendor("Northwind Paper Co"))
        office.poll()
    mine, other = Line(acme), Line(zenith)
    ticket = TICKETS[kind](mine, other)
    before = kept(acme)
    answer = '<?xml version="1.0"?><QBXML><QBXMLMsgsRs></QBXMLMsgsRs></QBXML>'
    for _ in range(2):
        assert not mine.ask(ticket)
        assert mine.answer(answer, ticket) < 0
        assert mine.say("getLastError", ticket=ticket)
        assert mine.say("connectionError", ticket=ticket, hresult="0x80040408", message="x") == "done"
    words = mine.say("getLastError", ticket=ticket)
    assert not any(name in words for name in ("acme", "zenith", "Northwind"))
    assert kept(acme) == before
    for office in (acme, zenith):
        office.world.clock.advance(1900)
        office.calls(3)
        assert len(office.ours()) == 1
        office.assert_no_mistakes()


def test_an_answer_under_another_customers_ticket_counts_for_neither() -> None:
    acme, zenith = offices("acme", "zenith")
    for office in (acme, zenith):
        office.order(office.vendor("Northwind Paper Co"))
        office.poll()
    mine, other = Line(acme), Line(zenith)
    texts = {}
    for line in (mine, other):
        steps = line.steps()
        for said in steps:
            if "BillAddRq" in said:
                texts[line.office.tenant] = said
                break
    answered = mine.books().process(texts["acme"])
    other.answer(answered)
    other.answer(answered)
    head = zenith.heads()[0]
    assert head.link is None
    acme.world.clock.advance(300)
    for office in (acme, zenith):
        office.calls(3)
        assert len(office.ours()) == 1
        assert office.heads()[0].state == "done"
        office.assert_no_mistakes()


def test_a_second_web_connector_waits_while_a_session_lives_and_not_after_it_ended_or_fell_silent() -> None:
    (office,) = offices("acme")
    office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    first, second = Line(office), Line(office)
    steps = first.steps()
    next(steps)
    assert second.authenticate() == "busy"
    assert not second.ticket
    silent = office.world.engine.pace.session.total_seconds()
    office.world.clock.advance(silent - 10)
    assert second.authenticate() == "busy"
    next(steps)
    next(steps)  # it went on: alive again
    office.world.clock.advance(silent - 10)
    assert second.authenticate() == "busy"
    office.world.clock.advance(20)
    assert second.authenticate() not in ("busy", "nvu", "none")
    assert not first.ask()  # the first is over: nothing is handed out to it any more
    assert office.desk().session == tickets.ticket_hash(second.ticket)
    second.say("closeConnection", ticket=second.ticket)
    third = Line(office)
    list(third.steps())
    assert len(office.ours()) == 1
    office.assert_no_mistakes()


def test_a_ticket_is_random_long_and_lies_nowhere_in_the_table_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (office,) = offices("acme")
    office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    seen = set()
    for _ in range(20):
        line = Line(office)
        list(line.steps())
        seen.add(line.ticket)
        office.world.clock.advance(900)
    assert len(seen) == 20
    assert all(len(ticket) >= 22 for ticket in seen)
    stored = str(kept(office))
    told = caplog.text + str([record.__dict__ for record in caplog.records])
    password = line.password
    for secret in (*seen, password):
        assert secret not in stored
        assert secret not in told
    assert session.NO_SESSION


@pytest.mark.parametrize("times", [1, 3])
def test_every_call_repeated_changes_nothing(times: int) -> None:
    """The whole life with each call sent again and again: the same books, the same number of writes."""
    (office,) = offices("acme")
    vendor = office.vendor("Northwind Paper Co")
    orders = [office.order(vendor, f"{n + 1}.00") for n in range(6)]
    reach = office.pc.connector.transport

    def again(method: str, url: str, headers: Any, body: bytes) -> Reply:
        reply = reach(method, url, headers, body)
        if b"<authenticate" in body or b"<sendRequestXML" in body:
            return reply  # asked twice without an answer between, a session ends: see the lives of tests/faults
        for _ in range(times):
            repeated = reach(method, url, headers, body)
            if b"<receiveResponseXML" in body:
                assert repeated.body == reply.body
        return reply

    office.pc.connector.transport = again
    office.cycle(calls=3)
    office.assert_once(orders)
    assert len([text for text in office.writes() if "BillAddRq" in text]) == 6
    assert office.told(orders[0]).count("created") == 1
    office.assert_no_mistakes()
