"""The simulated outside world as one process: each system behind a real socket, its state kept on disk.

Prints one JSON line with the systems' URLs when it is ready. Saves on SIGTERM or SIGINT, and only then.
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
    folder = parser.parse_args().state
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
        seeded = seed.plant(procurify, books, today=datetime.now(UTC).date())
        (folder / "seed.json").write_text(json.dumps(seeded.config, indent=1))
    urls = {name: listen(system)[1] for name, system in systems.items()}
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    print(json.dumps(urls), flush=True)
    stop.wait()
    half = kept.with_suffix(".part")
    half.write_text(json.dumps({name: system.dump() for name, system in systems.items()}, default=str))
    half.rename(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
