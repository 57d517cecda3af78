"""The simulated outside world as one process: each system behind a real socket, its state kept on disk.

Writes the systems' addresses into `urls.json` when it is ready. Saves on SIGTERM or SIGINT, and only then.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from wsgiref.types import WSGIApplication

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from simulator import seed, seed_desktop, seed_procore, seed_studio
from simulator.systems.ap_inbox import ApInbox
from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.soap import Reply
from simulator.systems.quickbooks_desktop.transport import over_http
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.serving import Simulator, listen

STATE = "outside.json"
PROCURIFY, PC, BOOKS, FRESHBOOKS = "procurify", "quickbooks_desktop", "quickbooks_online", "freshbooks"
LOOK = 1.0  # seconds: how often the Web Connector looks whether an update is due, and vendors whether anything changed
LAST_CALL = 10.0  # seconds for a call to the service that is on its way when we are asked to end
RATE = 40.0  # how much faster than the vendor a simulator lets itself be called: one machine, no waiting
log = logging.getLogger("simulator")


def build() -> dict[str, Simulator]:
    procurify = ProcurifySimulator(
        domain=seed.DOMAIN, client_id=seed.CLIENT["client_id"], client_secret=seed.CLIENT["client_secret"]
    )
    books = QuickBooksOnlineSimulator(
        client_id=seed.APP["client_id"], client_secret=seed.APP["client_secret"], limit_scale=RATE
    )
    pc = QuickBooksDesktopSimulator(
        path=seed_desktop.PATH, name=seed_desktop.COMPANY, zone=seed_desktop.ZONE, chart=False
    )
    procore = ProcoreSimulator(
        client_id=seed_procore.APP["client_id"],
        client_secret=seed_procore.APP["client_secret"],
        company=seed_procore.COMPANY,
        limit_scale=RATE,
    )
    freshbooks = FreshBooksSimulator(
        client_id=seed_studio.APP["client_id"], client_secret=seed_studio.APP["client_secret"], account_id=""
    )
    studio = ProcurifySimulator(
        domain=seed_studio.DOMAIN,
        client_id=seed_studio.CLIENT["client_id"],
        client_secret=seed_studio.CLIENT["client_secret"],
    )
    inbox = ApInbox(procurify=studio, address=seed_studio.INBOX)
    return {
        PROCURIFY: procurify,
        BOOKS: books,
        PC: pc,
        "procore": procore,
        FRESHBOOKS: freshbooks,
        seed_studio.BUYS_AT: studio,
        seed_studio.INBOX_AT: inbox,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulator.outside")
    parser.add_argument("--state", type=Path, required=True, help="folder to keep the state in")
    parser.add_argument("--bills", type=int, default=seed.BILLS, help="how many the seeded company has")
    parser.add_argument("--without", nargs="*", default=[], help="systems that somebody else stands in for")
    chosen = parser.parse_args()
    folder: Path = chosen.state
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    systems = build()
    kept = folder / STATE
    if kept.exists():
        for name, state in json.loads(kept.read_text()).items():
            systems[name].load(state)
        kept.unlink()  # from here on only an orderly stop makes it valid again
    else:
        seeded = planted(systems, bills=chosen.bills)
        _write(folder / "seed.json", json.dumps(seeded.config, indent=1))
    callers = {PC: call_the_service, BOOKS: send_webhooks, FRESHBOOKS: send_webhooks}
    calling = [
        threading.Thread(target=call, args=(systems[name], stop))
        for name, call in callers.items()
        if name not in chosen.without
    ]
    for thread in calling:
        thread.start()
    addresses = {name: address(name, systems) for name in seed.SYSTEMS if name not in chosen.without}
    urls = {name: listen(app)[1] for name, app in addresses.items()}
    _write(folder / "urls.json", json.dumps(urls))
    stop.wait()
    for thread in calling:
        thread.join(LAST_CALL)
    _write(kept, json.dumps({name: system.dump() for name, system in systems.items()}, default=str))
    return 0


def address(name: str, systems: Mapping[str, Simulator]) -> WSGIApplication:
    """What answers at a system's address, with those whose name begins with the system's at the paths after it.

    Procurify has an address for each of its customers; here the customer is the first part of the path.
    """
    beside = {one.removeprefix(name): systems[one] for one in systems if one.startswith(f"{name}/")}
    own = {f"/{seed.DOMAIN}": systems[name]} if name == PROCURIFY else {}
    return DispatcherMiddleware(systems[name], {**own, **beside})


def planted(systems: Mapping[str, Simulator], *, bills: int) -> seed.Seeded:
    procurify, books, pc, procore, freshbooks = (systems[name] for name in seed.SYSTEMS)
    studio = systems[seed_studio.BUYS_AT]
    assert isinstance(procurify, ProcurifySimulator)
    assert isinstance(books, QuickBooksOnlineSimulator)
    assert isinstance(pc, QuickBooksDesktopSimulator)
    assert isinstance(procore, ProcoreSimulator)
    assert isinstance(freshbooks, FreshBooksSimulator)
    assert isinstance(studio, ProcurifySimulator)
    today = datetime.now(UTC).date()
    return seed.plant(procurify, books, pc, procore, freshbooks, studio, today=today, bills=bills)


def call_the_service(pc: Simulator, stop: threading.Event) -> None:
    """The Web Connector at work, as long as the PC is on. While a call is on its way, people may use the PC."""
    assert isinstance(pc, QuickBooksDesktopSimulator)
    send = over_http()

    def lending(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        pc.lock.release()
        try:
            return send(method, url, headers, body)
        finally:
            pc.lock.acquire()

    pc.connector.transport = lending
    while not stop.wait(LOOK):
        try:
            with pc.lock:
                pc.connector.run_due()
        except Exception:
            log.exception("the Web Connector failed")


def send_webhooks(vendor: Simulator, stop: threading.Event) -> None:
    """A vendor's sender at work. The service only queues what comes, so that its books may be shut meanwhile."""
    assert isinstance(vendor, QuickBooksOnlineSimulator | FreshBooksSimulator)
    while not stop.wait(LOOK):
        try:
            vendor.run_due()
        except Exception:
            log.exception("the sender of webhooks failed")


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)


if __name__ == "__main__":
    sys.exit(main())
