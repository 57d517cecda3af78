"""What `make run` starts: the AWS emulator, the simulated outside world and the service, seeded with a company.

Ctrl-C stops them in order and keeps their state for the next start. If the emulator or the simulators died unsaved,
both begin again from the seed, never one alone. A service that dies is started again: nothing depends on it living.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state"
REGION = "us-east-1"
PORT = 8321
PATIENCE = 60.0
console = Console()


@dataclass(slots=True)
class House:
    """The processes and where they are."""

    folder: Path
    port: int
    simulate: bool = True
    aws: str = ""
    given: dict[str, Any] = field(default_factory=dict)  # MLC_ENDPOINTS as the caller set it
    urls: dict[str, Any] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    # ------------------------------------------------------------------ coming up

    def up(self) -> None:
        marker = self.folder / "saved"
        if not marker.exists() and self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        resumed = marker.exists()
        marker.unlink(missing_ok=True)
        if self.simulate:
            self._start_outside()
        self._start_aws()
        key = self._prepare(resumed)
        self.start_service()
        if not resumed:
            self._seed(key)

    def _start_outside(self) -> None:
        process = self._spawn("outside", [sys.executable, "-m", "simulator.outside", "--state", str(self.folder)])
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"The simulated systems did not start; see {self.folder / 'outside.log'}.")
        self.urls = json.loads(line)

    def _start_aws(self) -> None:
        port = free_port()
        self.aws = f"http://127.0.0.1:{port}"
        environment = {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "aws"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LOG_LEVEL": "WARNING",
        }
        self._spawn("aws", [sys.executable, "-m", "ministack"], **environment)
        self._wait_for(port, "aws")

    def _prepare(self, resumed: bool) -> str:
        """Table, queues, key and topic by the template that AWS gets too; and the platform key."""
        os.environ.update(self.environment())
        from chalicelib.aws.clock import SystemClock
        from chalicelib.aws.dynamo import DynamoStore
        from chalicelib.entry import keys
        from infra.up import bring_up

        kept = self.folder / "platform.key"
        if resumed:
            return kept.read_text()
        bring_up("local", region=REGION, endpoint_url=self.aws)
        store = DynamoStore("mlc-local", region=REGION, endpoint_url=self.aws)
        chosen = os.environ.get("MLC_PLATFORM_KEY", "")
        key = keys.make_key(store, SystemClock(), keys.PLATFORM, "platform", "local", text=chosen)
        kept.write_text(key)
        return key

    def start_service(self) -> None:
        self._spawn("service", [sys.executable, "-m", "simulator.service", "--port", str(self.port)])
        self._wait_for(self.port, "service")

    def _seed(self, platform_key: str) -> None:
        """Make the seeded company through the API, as a customer would be made."""
        from simulator import seed

        tenant = self.call("POST", "/api/v1/tenants", platform_key, {"name": seed.TENANT})
        (self.folder / "mlc.key").write_text(tenant["admin_key"])
        if self.simulate:
            config = json.loads((self.folder / "seed.json").read_text())
            self.call("POST", "/api/v1/apply", tenant["admin_key"], {"config": config})
            self.call("POST", f"/api/v1/flows/{seed.FLOW}/start", tenant["admin_key"], {})

    # ------------------------------------------------------------------ going down

    def down(self) -> None:
        """Stop in order; the state counts as saved only when both that keep it ended well."""
        self._stop("service")
        ended = [self._stop(name) for name in ("outside", "aws") if name in self.processes]
        if all(ended):
            (self.folder / "saved").touch()

    def _stop(self, name: str) -> bool:
        process = self.processes.pop(name, None)
        if process is None:
            return False
        if process.poll() is not None:
            return False
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            return False
        return True

    # ------------------------------------------------------------------ tools

    def environment(self) -> dict[str, str]:
        simulated = [name for name in self.urls if name not in self.given]
        return {
            "STAGE": "local",
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "MLC_ENDPOINTS": json.dumps({**self.urls, **self.given}),
            "MLC_SIMULATED": ",".join(simulated),
        }

    def _wait_for(self, port: int, name: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.processes[name].poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"The process {name} did not start; see {self.folder / name}.log.")

    def call(self, method: str, path: str, key: str, body: object = None) -> Any:
        import requests

        url = f"http://127.0.0.1:{self.port}{path}"
        answer = requests.request(method, url, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        if not answer.ok:
            raise SystemExit(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def _spawn(self, name: str, command: list[str], **environment: str) -> subprocess.Popen[str]:
        own = {} if name == "aws" else self.environment()
        with (self.folder / f"{name}.log").open("a") as errors:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **own, **environment},
                stdout=subprocess.PIPE if name == "outside" else errors,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in order
            )
        self.processes[name] = process
        return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="The whole product on one machine.")
    parser.add_argument("--once", action="store_true", help="run every flow until quiet, show what moved, and end")
    parser.add_argument("--no-simulators", action="store_true", help="talk to the real systems")
    parser.add_argument("--fresh", action="store_true", help="forget the kept state and begin from the seed")
    chosen = parser.parse_args()
    port = int(os.environ.get("MLC_PORT") or PORT)
    folder = STATE / "once" if chosen.once else STATE / "run"
    if chosen.fresh or chosen.once:
        shutil.rmtree(folder, ignore_errors=True)
    given = json.loads(os.environ.get("MLC_ENDPOINTS") or "{}")
    house = House(folder=folder, port=port, simulate=not chosen.no_simulators, given=given)
    try:
        with console.status("Starting the AWS emulator, the simulated systems and the service"):
            house.up()
        if chosen.once:
            from simulator import once

            return once.run(house, console)
        _stay(house)
    except KeyboardInterrupt:
        console.print("Stopping; the state is kept.")
    finally:
        house.down()
    return 0


def _stay(house: House) -> None:
    """Say where everything is, and start the service again whenever it dies."""
    console.print(f"[bold]ml-connector[/bold] is running at http://127.0.0.1:{house.port}")
    console.print(
        f"  use it:      export MLC_URL=http://127.0.0.1:{house.port} MLC_KEY=$(cat {_shown(house.folder)}/mlc.key)"
    )
    console.print("               .venv/bin/mlc status · holds · records · sync procurify_to_quickbooks_online --wait")
    console.print(f"  make tenants with the platform key in {_shown(house.folder)}/platform.key")
    for name, url in house.urls.items():
        console.print(f"  simulated {name}: {url}  (be a person there: POST {url}/_backstage/...)")
    console.print("  Ctrl-C stops and keeps the state; `make run ARGS=--fresh` begins anew.")
    while True:
        time.sleep(0.5)
        if house.processes["service"].poll() is not None:
            console.print("The service died; starting it again.")
            house.start_service()
        for name in ("aws", "outside"):
            if name in house.processes and house.processes[name].poll() is not None:
                raise SystemExit(
                    f"The process {name} died; see {house.folder / name}.log. Start again with `make run`."
                )


def _shown(folder: Path) -> Path:
    return folder.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
