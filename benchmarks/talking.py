"""A conversation of four calls with the Web Connector, in process and warm, beside qbwc-kit and a spyne service.

All are sent the same bytes, recorded from the simulated PC: authenticate, sendRequestXML with what QuickBooks says of
itself, receiveResponseXML with a list of accounts, closeConnection. Each side's own processor time counts.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lxml import etree

from benchmarks.delivery import PEERS, ROOT
from benchmarks.measure import Line, compared, turns
from chalicelib.systems.quickbooks_desktop import tickets
from simulator.desktop import DesktopCompany
from simulator.systems.quickbooks_desktop.soap import Reply

PLACE = Path(".bench-conversation.json")
METHODS = ("authenticate", "sendRequestXML", "receiveResponseXML", "closeConnection")
TICKET = "TICKET"
LIST = "account"
BILLS = 10


class Recorded(DesktopCompany):
    """`heard` are the calls of its Web Connector, each with its method and the store operations it took."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes, Counter[str]]] = []
        super().__init__()

    def transport(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        before = len(self.world.store.log)
        reply = super().transport(method, url, headers, body)
        took = Counter(effect.operation for effect in self.world.store.log[before:])
        called = headers.get("SOAPAction", "").strip('"').rpartition("/")[2]
        self.heard.append((called, body, took))
        return reply

    def want(self) -> None:
        """Somebody needs a list: the next session has one question to ask."""
        tickets.change_desk(self.world.store, self.connection, lambda desk: replace(desk, wants=(LIST,)))


def recorded() -> tuple[Recorded, list[bytes]]:
    """A customer whose first session is over, and the four calls of a later one, with a word for the ticket."""
    company = Recorded()
    company.order(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.want()
    company.heard.clear()
    company.call()
    bodies = {method: body for method, body, _ in company.heard}
    assert [method for method, _, _ in company.heard][-4:] == list(METHODS), company.heard
    ticket = etree.fromstring(bodies["closeConnection"])[0][0][0].text
    assert ticket
    return company, [bodies[method].replace(ticket.encode(), TICKET.encode()) for method in METHODS]


def ours(conversations: int) -> Callable[[], float]:
    """Milliseconds of a conversation."""
    company, bodies = recorded()
    headers = {"Content-Type": "text/xml; charset=utf-8"}

    def say(body: bytes) -> str:
        return company.transport("POST", "/qbwc", headers, body).body.decode()

    def side() -> float:
        taken = 0.0
        for _ in range(conversations):
            company.want()
            company.heard.clear()
            begun = time.process_time()
            said = say(bodies[0])
            ticket = said.partition("<string>")[2].partition("<")[0].encode()
            for body in bodies[1:]:
                said = say(body.replace(TICKET.encode(), ticket))
            taken += time.process_time() - begun
            assert "OK" in said, said
        return taken / conversations * 1000

    return side


def peer(module: str, conversations: int) -> Callable[[], float]:
    def side() -> float:
        command = [str(PEERS), "-m", f"benchmarks.peers.{module}", str(ROOT / PLACE), str(conversations)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
        return float(done.stdout.split()[-1])

    return side


def run(records: int, repeats: int) -> Iterator[Line]:
    conversations = max(2, records // 20)
    sides = {"ours": ours(conversations)}
    targets = {}
    if PEERS.exists():
        _, bodies = recorded()
        (ROOT / PLACE).write_text(json.dumps([body.decode() for body in bodies]))
        targets = {"qbwc-kit": 0.75, "spyne": 0.1}
        sides |= {"qbwc-kit": peer("qbwc_kit_talking", conversations), "spyne": peer("spyne_talking", conversations)}
    else:
        targets = {"ours": 1.0}  # nobody to compare with: the line still comes
    try:
        found = turns(sides, repeats)
    finally:
        (ROOT / PLACE).unlink(missing_ok=True)
    for other, target in targets.items():
        yield compared("four calls of a Web Connector", found, other, unit="ms", target=target, at_most=True)


# ---------------------------------------------------------------------------------------------- operations


def operations() -> dict[str, list[tuple[str, Counter[str]]]]:
    """The store operations of each call: of a session without work, the first one, and one that writes bills."""
    company = Recorded()
    vendor = company.vendor("Northwind Paper Co")
    company.order(vendor)
    found = {}
    company.poll()
    found["first session"] = _session(company)
    company.cycle()
    found["no work"] = _session(company)
    for n in range(BILLS):
        company.order(vendor, f"{n + 1}.50")
    company.poll()
    found[f"{BILLS} bills"] = _session(company)
    assert len(company.ours()) == BILLS + 1
    return found


def _session(company: Recorded) -> list[tuple[str, Counter[str]]]:
    company.world.clock.advance(60)
    company.heard.clear()
    company.call()
    return [(method, took) for method, _, took in company.heard]


def report() -> str:
    """The most operations that a call of each method took, and all of the session."""
    lines = ["store operations of a call of the Web Connector, at most (get + query + write)"]
    for name, calls in operations().items():
        lines.append(f"  {name}: {sum(took.total() for _, took in calls)} in {len(calls)} calls")
        for method in dict.fromkeys(method for method, _ in calls):
            took = max((took for called, took in calls if called == method), key=Counter.total)
            if took:
                shown = ", ".join(f"{count} {operation}" for operation, count in sorted(took.items()))
                lines.append(f"    {method:<20} {took.total():>3}  ({shown})")
    return "\n".join(lines)
