"""Years of bills in one first sync: page by page, in calls of a bounded size, and on from where it stopped.

`MLC_FIRST_SYNC=10000` reads as many; by default it is as many as fit into a few seconds.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.systems.quickbooks_desktop import conversation, login, taking
from simulator.systems.quickbooks_desktop.soap import Reply
from tests.building_desktop import FileBuilder

BILLS = int(os.environ.get("MLC_FIRST_SYNC", "240"))
LARGEST = 3_000_000  # bytes of one call
ALLOWED = 6_000_000  # bytes that one call may need more at its worst than the call in the middle of the sync


class Watched(FileBuilder):
    """Remembers how large each call of the Web Connector was, and how much memory the service took for it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.peaks: list[int] = []
        super().__init__()

    def transport(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        reply = super().transport(method, url, headers, body)
        self.peaks.append(tracemalloc.get_traced_memory()[1] - before)
        self.sizes += [len(body), len(reply.body)]
        return reply

    def asked(self) -> list[str]:
        """The months that QuickBooks was asked for, in order; a month goes on in as many pages as it needs."""
        texts = [text for run in self.pc.connector.runs for text in run.requests if "<FromTxnDate>" in text]
        return [text.split("<FromTxnDate>")[1][:7] for text in texts]


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bills name no job, so that they come to rest here: what is tried is how they are read."""
    monkeypatch.setattr(login, "COST", 16)
    made = Watched()
    vendor = made.payee("Volt Electric")
    for n in range(BILLS):
        day = date(2026, 1, 1) + timedelta(days=n * 59 // BILLS)
        made.bill(vendor, (f"{n % 900 + 1}.25", "Electrical", ""), RefNumber=f"L-{n:05}", TxnDate=day.isoformat())
    tracemalloc.start()
    yield made
    tracemalloc.stop()
    made.careful()


def test_a_first_sync_takes_bounded_calls_and_goes_on_where_the_web_connector_died(builder: Watched) -> None:
    pages = BILLS // 50 // 2  # of a month, as long as each is answered; of half the size after one that was not
    january = len([n for n in range(BILLS) if n * 59 // BILLS < 31])
    died = []
    for skip in (pages // 2, 2 * pages + pages // 2 + 3, pages // 2):
        builder.pc.backstage_mishap("die_before", "process BillQueryRq", skip=skip)
        builder.run()
        builder.pc.connector.mishaps.clear()
        died.append((len(builder.asked()), len(builder.states())))
    assert [0 < read < january for _, read in died] == [True, False, False], "it died in January, then in February"
    assert died[2][1] < BILLS
    for _ in range(BILLS // 3000 + 3):
        builder.run()
    assert len(builder.states()) == BILLS
    assert set(builder.states().values()) == {"held"}
    assert "2026-01" not in builder.asked()[died[1][0] :], "January was read before it died the second time"
    assert max(builder.sizes) < LARGEST
    half = len(builder.peaks) // 2
    assert max(builder.peaks) < sorted(builder.peaks)[half] + ALLOWED, "no call needs more for what was read before it"


def test_a_month_of_more_pages_than_a_session_may_have_rounds_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation, "MOST_ROUNDS", 4)
    monkeypatch.setattr(taking, "BEHIND", 2)
    builder = FileBuilder()
    vendor = builder.payee("Volt Electric")
    for n in range(40):
        builder.bill(vendor, ("1.25", "Electrical", ""), RefNumber=f"L-{n:05}", TxnDate="2026-01-15")
    for _ in range(5):  # pages that are never answered: each next one is half as large, down to 5 bills
        builder.pc.backstage_mishap("die_before", "process BillQueryRq")
        builder.run()
        builder.pc.connector.mishaps.clear()
    assert builder.states() == {}
    builder.run(2)
    assert len(builder.states()) == 40
    sizes = [
        text.split("<MaxReturned>")[1].split("<")[0]
        for text in builder.pc.connector.runs[-2].requests
        if "<FromTxn" in text
    ]
    assert sizes == ["5"] * 8, "in one session, whatever its rounds"
    builder.careful()
