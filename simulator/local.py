"""What `make run` starts: the AWS emulator, the simulated outside world and the service, seeded with a company.

Ctrl-C stops them in order and keeps their state for the next start. If the emulator or the simulators died unsaved,
both begin again from the seed, never one alone. A service that dies is started again: nothing depends on it living.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from simulator.house import ROOT, House, free_port, port_is_free, shown

STATE = ROOT / ".state"
PORT = 8321
WIDE = 140  # columns when nobody says how wide the paper is
MOST_BEGINNINGS = 3  # times that both begin again from the seed within one run
# What a system's object in MLC_ENDPOINTS must name: a part left out would be the real one.
PARTS = {
    "procurify": ("api",),
    "quickbooks_online": ("api", "oauth"),
    "procore": ("api", "login"),
    "freshbooks": ("api", "auth"),
    "quickbooks_desktop": (),
}


def main() -> int:
    chosen = _arguments()
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    given = endpoints(os.environ.get("MLC_ENDPOINTS", ""), whole=not chosen.no_simulators)
    house = House(
        folder=chosen.state or _folder(chosen, given),
        port=_port(chosen.once),
        simulate=not chosen.no_simulators,
        given=given,
        bills=chosen.bills,
        with_parent="MAKELEVEL" in os.environ,
    )
    _listen_to_signals()
    kept = False
    try:
        _up(house, console, fresh=chosen.fresh or (chosen.once and house.simulate))
        if chosen.once:
            from simulator import once

            return once.run(house, console)
        _stay(house, console)
    except KeyboardInterrupt:
        _say(console, "Stopping.")
        code = 130 if chosen.once else 0
    finally:
        _ignore_signals()
        kept = house.down()
    if not chosen.once:
        _say(console, "The state is kept." if kept else "The state could not be kept; the next start is a fresh one.")
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make run", usage='make run [ARGS="..."]', description="The whole product on one machine."
    )
    parser.add_argument("--once", action="store_true", help="run every flow until quiet, show what moved, and end")
    parser.add_argument("--no-simulators", action="store_true", help="talk to the real systems")
    parser.add_argument("--fresh", action="store_true", help="forget the kept state and begin from the seed")
    parser.add_argument("--bills", type=int, help="how many the seeded company has when it begins anew")
    parser.add_argument("--state", type=Path, help="folder for state and logs (default: one below .state)")
    return parser.parse_args()


def _folder(chosen: argparse.Namespace, given: Mapping[str, Any]) -> Path:
    """Each world its own: what one system was told is nonsense to the one that stands in for it."""
    world = "once" if chosen.once and not chosen.no_simulators else "real" if chosen.no_simulators else "run"
    return STATE / "-".join([world, *(f"without-{name}" for name in sorted(given))])


def _port(once: bool) -> int:
    text = os.environ.get("MLC_PORT", "").strip()
    if text:
        if not text.isdecimal() or int(text) > 65535:
            raise SystemExit(f"MLC_PORT must be a port number from 1 to 65535 (0: any free one), not {text!r}.")
        return int(text)
    return free_port() if once and not port_is_free(PORT) else PORT


def endpoints(text: str, *, whole: bool) -> dict[str, Any]:
    """MLC_ENDPOINTS as given, checked. `whole`: an object must name every part of its system."""
    from chalicelib import registry, settings

    settings.endpoints(text)
    named: dict[str, Any] = json.loads(text) if text.strip() else {}
    for system, urls in named.items():
        if system not in registry.SYSTEMS:
            known = ", ".join(registry.SYSTEMS)
            raise SystemExit(f"MLC_ENDPOINTS names {system}, which is no system. The systems are: {known}.")
        missing = [part for part in PARTS.get(system, ()) if isinstance(urls, dict) and part not in urls]
        if whole and missing:
            raise SystemExit(
                f"MLC_ENDPOINTS: {system} needs {' and '.join(missing)} too; without it the real one would be called."
            )
    return named


def _up(house: House, console: Console, *, fresh: bool = False) -> None:
    """Come up, and tell what is going on: on a terminal as it goes, elsewhere line by line."""
    if console.is_terminal:
        with console.status("Starting") as status:
            house.tell = lambda text: status.update(f"{text} ...")
            house.up(fresh=fresh)
    else:
        house.tell = lambda text: _say(console, f"{text} ...")
        house.up(fresh=fresh)
    house.tell = lambda text: _say(console, text)
    if house.trouble:
        _say(console, house.trouble)


def _stay(house: House, console: Console) -> None:
    """Say where everything is, and keep it running."""
    _welcome(house, console)
    beginnings = 0
    while True:
        time.sleep(0.3)
        dead = house.tend()
        if not dead:
            continue
        what = {"aws": "AWS emulator", "outside": "simulated systems"}[dead]
        beginnings += 1
        if beginnings > MOST_BEGINNINGS:
            raise SystemExit(f"The process of the {what} died again; see {shown(house.folder)}/logs/{dead}.log.")
        _say(console, f"The process of the {what} died without saving. Both sides begin again from the seed.")
        house.down(save=False)
        _up(house, console)
        _welcome(house, console)


def _welcome(house: House, console: Console) -> None:
    url, folder = f"http://127.0.0.1:{house.port}", shown(house.folder)
    begun = "goes on where it was stopped" if house.resumed else "begins anew"
    _say(console, f"ml-connector runs at {url} and {begun}.")
    _say(console, f"  use it:     export MLC_URL={url} MLC_KEY=$(cat {folder}/mlc.key)")
    _say(console, "              .venv/bin/mlc status (or: holds, records, sync procurify_to_quickbooks_online --wait)")
    _say(console, f"  tenants:    made with the platform's key, in {folder}/platform.key")
    for name, where in house.urls.items():
        _say(console, f"  simulated:  {name} at {where} (be a person there: POST {where}/_backstage/...)")
    for name, where in house.given.items():
        _say(console, f"  given:      {name} at {json.dumps(where) if where else 'nowhere (left out)'}")
    _say(console, f"  called at:  http://localhost:{house.port}/qbwc by Web Connectors (`mlc qwc NAME` makes the file)")
    if not house.simulate:
        _say(console, "  simulated:  nothing; systems that MLC_ENDPOINTS does not name are the real ones")
    _say(console, f"  logs:       {folder}/logs/")
    _say(console, "  Ctrl-C stops and keeps the state; `make run ARGS=--fresh` begins anew.")


def _say(console: Console, text: str) -> None:
    """Plain text: brackets in a name are no markup. Where nobody listens any more, we still stop in order."""
    with suppress(OSError):
        console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _listen_to_signals() -> None:
    """Ctrl-C, `kill` and a closed terminal all mean: stop in order. Once."""

    def stop(*_: Any) -> None:
        _ignore_signals()
        raise KeyboardInterrupt

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)


def _ignore_signals() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
