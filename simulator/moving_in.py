"""The seeded company is made through the API, as a customer would; its PC and Intuit are told of the service.

The owner of the books in FreshBooks agrees in the browser.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator import seed, seed_studio

if TYPE_CHECKING:
    from simulator.house import House

PC, BOOKS = "quickbooks_desktop", "quickbooks_online"
SECONDS = 2  # between two calls of the Web Connector
PATIENCE = 60.0  # for what comes of a consent


def move_in(house: House) -> str:
    """Apply the seeded configuration and start its flows. Returns why some of them did not start, or ""."""
    key = (house.folder / "mlc.key").read_text()
    config = json.loads((house.folder / "seed.json").read_text())
    left_out = sorted(name for name in seed.SYSTEMS if name != PC and name in house.given and house.given[name] is None)
    troubles = []
    absent = [flow for flow in config["flows"] if set(left_out) & set(seed.FLOWS[flow])]
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        named = " and ".join(absent)
        troubles.append(f"MLC_ENDPOINTS leaves out {' and '.join(left_out)}: {named} {verb} not set up.")
    config = _without(config, [*absent, *elsewhere(house.given)])
    if seed.STUDIO_FLOW in config["flows"]:  # before its flow is there, whose first run would find no consent
        troubles.append(_consent(house, key, seed_studio.BOOKS, config["connections"][seed_studio.BOOKS]))
    if config["flows"]:
        house.call("POST", "/api/v1/apply", key, {"config": config})
    if PC in house.urls and seed.DESKTOP_FLOW in config["flows"]:
        _add_to_web_connector(house, key)
    if BOOKS in house.urls:
        register_webhooks(house)
    troubles += [house.start_flow(key, flow) for flow in config["flows"]]
    return " ".join(filter(None, troubles))


def elsewhere(given: Iterable[str]) -> list[str]:
    """Flows whose company is in our own simulators alone: somebody else's system does not know it."""
    return [seed.STUDIO_FLOW] if set(seed.FLOWS[seed.STUDIO_FLOW]) & set(given) else []


def _without(config: dict[str, Any], absent: list[str]) -> dict[str, Any]:
    """Without these flows, and the connections that no other one uses."""
    flows = {name: flow for name, flow in config["flows"].items() if name not in absent}
    used = {flow[end] for flow in flows.values() for end in ("from", "to")}
    connections = {name: one for name, one in config["connections"].items() if name in used}
    return {**config, "connections": connections, "flows": flows}


def _add_to_web_connector(house: House, key: str) -> None:
    """What the person at the PC does with the file and the password."""
    made = house.call("POST", f"/api/v1/connections/{seed.JOB_COSTS}/qwc", key, {})
    user = house.backstage(PC, "add_application", qwc=made["file"], password=made["password"])
    house.backstage(PC, "set_schedule", user_name=user, seconds=SECONDS)


def _consent(house: House, key: str, connection: str, settings: dict[str, Any]) -> str:
    """What the owner of the books does with the link and the page. Returns why it is not connected, or ""."""
    house.call("POST", "/api/v1/apply", key, {"config": {"connections": {connection: settings}}})
    offered = house.call("POST", f"/api/v1/connections/{connection}/connect", key, {})
    house.browse(offered["url"])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told = house.call("GET", f"/api/v1/connections/{connection}/connect/{offered['id']}", key)
        if told["state"] == "found":
            house.call("POST", f"/api/v1/connections/{connection}/confirm", key, {"company": told["company"]["id"]})
        if told["state"] in ("found", "connected"):
            return ""
        if told["state"] == "refused":
            return f"{connection} is not connected. {told['message']} {told['fix']}"
        time.sleep(0.05)
    return f"{connection} is not connected: nothing came of the consent."


def register_webhooks(house: House) -> None:
    """What the operator does with the verifier, and with the address, in Intuit's portal."""
    app = {"system": BOOKS, "environment": "simulated", "client_id": seed.APP["client_id"], "verifier": seed.VERIFIER}
    house.call("POST", "/api/v1/webhooks", (house.folder / "platform.key").read_text(), app)
    address = f"http://127.0.0.1:{house.port}/hooks/{BOOKS}"
    house.backstage(BOOKS, "subscribe", url=address, verifier=seed.VERIFIER)
