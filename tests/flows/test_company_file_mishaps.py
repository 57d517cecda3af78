"""Another company's file, an old copy, other clocks, the wrong environment: nothing wrong comes to Procore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.engine import setup as setups
from chalicelib.engine.caller import Wish
from chalicelib.engine.setup import health_key, read_health
from chalicelib.systems.quickbooks_desktop import login
from simulator.desktop import SERVICE, SYSTEM
from simulator.memory.watch import Effect
from tests.building_desktop import FileBuilder

DECK = "Mill Street Parking Deck"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(login, "COST", 16)
    yield


def costs_of(builder: FileBuilder, amounts: dict[str, str]) -> dict[str, Decimal]:
    return {number: Decimal(amount) for number, amount in amounts.items()}


def test_another_companys_file_is_refused_and_told_once() -> None:
    builder = FileBuilder()
    volt = builder.payee("Volt Electric")
    builder.bill(volt, ("1200.00", "Electrical", DECK))
    builder.settle()
    builder.pc.backstage_add_file("C:\\Books\\Other.QBW", "Somebody Else Inc")
    builder.pc.backstage_open_file("C:\\Books\\Other.QBW")
    stranger = builder.pc.backstage_add_vendor("Their Vendor")["id"]
    account = builder.pc.backstage_add_account("Electrical", "CostOfGoodsSold", "5020")["id"]
    job = builder.pc.backstage_add_customer(DECK)["id"]
    line = {"AccountRef": account, "Amount": "5.00", "CustomerRef": job}
    builder.pc.backstage_add_bill(stranger, [line], RefNumber="THEIRS", TxnDate="2026-02-20")
    builder.run(3)
    assert builder.costs() == {"INV-001": Decimal("1200.00")}
    health = read_health(builder.world.store.get([health_key("acme", "books")])[health_key("acme", "books")])
    assert health.state == "locked_out"
    assert len(builder.told("needs you")) == 1


def test_a_file_restored_from_a_backup_is_not_read_and_people_are_told() -> None:
    builder = FileBuilder()
    volt = builder.payee("Volt Electric")
    builder.bill(volt, ("1200.00", "Electrical", DECK))
    builder.settle()
    builder.pc.backstage_back_up("friday")
    builder.world.clock.advance(3 * 3600)
    builder.bill(volt, ("10.00", "Concrete", DECK))
    builder.settle()
    builder.pc.backstage_restore("friday")
    builder.bill(volt, ("99.00", "Electrical", DECK), RefNumber="IN-THE-COPY")
    builder.run(3)
    assert builder.costs() == {"INV-001": Decimal("1200.00"), "INV-002": Decimal("10.00")}
    (told,) = builder.told("restored from a backup")
    assert "Nothing was read from it or written to it" in told
    assert builder.world.metrics.total("LockedOut", system="quickbooks_desktop") == 3, (
        "operators see each session of it"
    )
    assert "mlc qwc books --moved" in told
    caller = builder.world.engine.load_system(SYSTEM).caller
    assert caller is not None
    wish = Wish(f"{SERVICE}/qbwc", every_minutes=15, moved=True)
    caller.admit(builder.world.engine, builder.connection, wish)
    builder.settle()
    assert builder.costs()["IN-THE-COPY"] == Decimal("99.00")


def test_a_record_that_stands_as_it_was_before_shows_an_old_copy_too() -> None:
    builder = FileBuilder()
    one = builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    builder.settle()
    builder.pc.backstage_back_up("friday")
    builder.world.clock.advance(5 * 3600)
    builder.edit(one, ("900.00", "Electrical", DECK))
    builder.settle()
    builder.pc.backstage_restore("friday")
    builder.run(2)
    assert builder.costs() == {"INV-001": Decimal("900.00")}
    assert len(builder.told("restored from a backup")) == 1


def test_the_last_record_that_was_read_may_be_deleted_like_any_other() -> None:
    builder = FileBuilder()
    volt = builder.payee("Volt Electric")
    builder.bill(volt, ("1200.00", "Electrical", DECK))
    builder.settle()
    last = builder.bill(volt, ("10.00", "Concrete", DECK))
    builder.settle()
    builder.pc.backstage_delete(last)
    builder.settle()
    assert builder.costs() == {"INV-001": Decimal("1200.00")}
    assert builder.told("restored") == []


SPRING, AUTUMN = datetime(2026, 3, 8, 2, tzinfo=UTC), datetime(2026, 11, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "begin", "standard"),
    [
        ("America/New_York", SPRING, False),
        ("America/New_York", AUTUMN, False),
        ("America/New_York", AUTUMN, True),
        ("America/St_Johns", AUTUMN, True),
        ("Pacific/Auckland", datetime(2026, 4, 4, 10, tzinfo=UTC), True),
    ],
)
def test_a_change_of_the_clock_and_another_zone_lose_and_repeat_nothing(
    zone: str, begin: datetime, standard: bool
) -> None:
    builder = FileBuilder(zone=zone)
    builder.pc.backstage_switch("standard_offset_in_summer", standard)
    builder.site.backstage_add_billing_period(4288001, builder.deck, "2026-03-01", "2026-12-31")
    volt = builder.payee("Volt Electric")
    builder.settle()
    builder.world.clock.advance((begin - builder.world.clock.now()).total_seconds())
    expected = {}
    for n in range(16):
        builder.bill(volt, (f"{n + 1}.00", "Electrical", DECK), RefNumber=f"H-{n:02}", TxnDate="2026-03-05")
        expected[f"H-{n:02}"] = f"{n + 1}.00"
        builder.run()
        builder.world.clock.advance(44 * 60)
    builder.run(2)
    assert builder.costs() == costs_of(builder, expected)
    assert {head.revision for head in builder.all_heads() if head.key.move == "bill" and not head.key.part} == {1}
    assert builder.told("restored") == []


def test_a_connection_to_the_sandbox_never_reaches_the_production_host() -> None:
    builder = FileBuilder()
    reached: set[str] = set()

    def note(effect: Effect) -> None:
        if effect.operation == "http":
            reached.add(effect.keys[1].split("/")[2])

    builder.world.http.before = note
    known, version = setups.connections(builder.world.store, "acme")["site"]
    sandbox = replace(known, environment="sandbox")
    builder.world.store.write([setups.connection_put(sandbox, version)])
    builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    builder.settle()
    assert {host for host in reached if "procore" in host} == {"login-sandbox.procore.com"}
    assert builder.costs() == {}, "the credentials of production are refused there"
