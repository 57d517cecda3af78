"""The simulated outside world as one process: each system behind a real socket, its state kept on disk.

Writes the systems' addresses into `urls.json` when it is ready. Saves on SIGTERM or SIGINT, and only then.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from simulator import seed
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.serving import Simulator, listen

STATE = "outside.json"
RATE = 40.0  # how much faster than the vendor a simulator lets itself be called: one machine, no waiting


def build() -> dict[str, Simulator]:
    procurify = ProcurifySimulator(
        domain=seed.DOMAIN, client_id=seed.CLIENT["client_id"], client_secret=seed.CLIENT["client_secret"]
    )
    books = QuickBooksOnlineSimulator(
        client_id=seed.APP["client_id"], client_secret=seed.APP["client_secret"], limit_scale=RATE
    )
    return {"procurify": procurify, "quickbooks_online": books}


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
        procurify, books = systems["procurify"], systems["quickbooks_online"]
        assert isinstance(procurify, ProcurifySimulator)
        assert isinstance(books, QuickBooksOnlineSimulator)
        seeded = seed.plant(procurify, books, today=datetime.now(UTC).date(), bills=chosen.bills)
        _write(folder / "seed.json", json.dumps(seeded.config, indent=1))
    urls = {name: listen(system)[1] for name, system in systems.items() if name not in chosen.without}
    _write(folder / "urls.json", json.dumps(urls))
    stop.wait()
    _write(kept, json.dumps({name: system.dump() for name, system in systems.items()}, default=str))
    return 0


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)


if __name__ == "__main__":
    sys.exit(main())
