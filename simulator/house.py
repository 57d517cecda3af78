"""The processes of one local run: the AWS emulator, the simulated systems and the service.

`up` starts them, `tend` starts a dead service again, `down` stops them in order. The emulator and the simulators keep
their state in memory and save it when they end in order. Only if both did, the next `up` goes on from there; otherwise
both begin again from the seed, never one alone. The service keeps nothing: it may die at any moment.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import requests

from simulator.prepare import LOST

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
PATIENCE = 60.0  # for a process to answer
GRACE = 30.0  # for a process to end in order
FUTILE = 5  # starts of a service that ends by itself before it answers, until we give up
CALL_US = {"quickbooks_desktop", "quickbooks_online", "freshbooks"}  # simulators that know the service's port
KEEPERS = ("outside", "aws")  # the processes that keep state
MOST_LOG = 5_000_000
KEPT_BY_AWS = ("dynamodb", "sqs", "secretsmanager", "kms", "cloudformation")
LOGS, LOCK, SAVED = "logs", "lock", "saved"


@dataclass(slots=True)
class House:
    """`given` is MLC_ENDPOINTS as the caller set it: those systems are not simulated. `port` 0: any free one.

    After `up`: `urls` are the simulators' addresses, `resumed` says whether the kept state was taken up, and `trouble`
    which of the seeded flows were not started and why, if so.
    """

    folder: Path
    port: int = 0
    simulate: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda _: None
    with_parent: bool = False  # end when the process that started us is gone
    bills: int | None = None  # how many the seeded company has; None: the usual number
    service_options: Sequence[str] = ()
    aws: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    resumed: bool = False
    trouble: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _whole: bool = False
    _futile: int = 0
    _lock: IO[str] | None = None
    _parent: int = field(default_factory=os.getppid)
    _session: requests.Session | None = None

    # ------------------------------------------------------------------ coming up

    def up(self, *, fresh: bool = False) -> None:
        """Raises SystemExit with a plain sentence when something is in the way."""
        self._own()
        self.port = self.port or free_port()
        _ask_for_port(self.port)
        marker = self.folder / SAVED
        self.resumed = marker.exists() and not fresh
        if not self.resumed:
            self._wipe()
        marker.unlink(missing_ok=True)
        self.tell("Starting the AWS emulator and the simulated systems")
        if self.simulate:
            self._start_outside()
        self._start_aws()
        if self.simulate:
            self._wait("outside", (self.folder / "urls.json").exists)
            self.urls = json.loads((self.folder / "urls.json").read_text())
        self.tell("Making the table, the queues and the keys")
        if not self._prepare():
            self.tell("The kept state cannot be read; beginning from the seed")
            self.down(save=False)
            self.up(fresh=True)
            return
        self.tell("Starting the service")
        self.start_service()
        self._wait("service", lambda: listens(self.port))
        if not self.resumed:
            self.tell("Setting up the seeded company" if self.simulate else "Making a tenant")
            self._seed()
        else:
            for system in CALL_US & self.urls.keys():
                self.backstage(system, "follow", port=self.port)
        self._whole = True

    def _own(self) -> None:
        """Nobody else may use the folder while we do."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # keys lie there
        (self.folder / LOGS).mkdir(exist_ok=True)
        if self._lock is not None:
            return
        lock = (self.folder / LOCK).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise SystemExit(f"Another run is using {shown(self.folder)}. Stop that one first.") from None
        self._lock = lock

    def _wipe(self) -> None:
        """Forget the state; the logs stay, to see why it had to be."""
        for path in self.folder.iterdir():
            if path.name in (LOGS, LOCK):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _start_outside(self) -> None:
        (self.folder / "urls.json").unlink(missing_ok=True)
        size = [] if self.bills is None else ["--bills", str(self.bills)]
        without = ["--without", *sorted(self.given)]
        self._spawn("outside", "simulator.outside", "--state", str(self.folder), *size, *without)

    def _start_aws(self) -> None:
        port = free_port()
        self.aws = f"http://127.0.0.1:{port}"
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        self._spawn(
            "aws",
            "ministack",
            PERSIST_STATE="1",
            STATE_DIR=str(self.folder / "aws"),
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            LOG_LEVEL="WARNING",
            TMPDIR=str(scratch),
            # Parts we do not use, which would listen on every interface or look after other people's containers.
            IOT_MTLS_ENABLED="0",
            SFTP_ENABLED="0",
            DOCKER_HOST=f"unix://{scratch / 'no-docker'}",
        )
        self._wait("aws", lambda: listens(port))

    def _prepare(self) -> bool:
        """False if the emulator lost the state that we meant to take up."""
        command = [sys.executable, "-m", "simulator.prepare", "--state", str(self.folder)]
        with self._log("prepare") as log:
            done = subprocess.run(command, cwd=ROOT, env=self._environ(), stdout=log, stderr=log, check=False)
        if done.returncode not in (0, LOST):
            raise SystemExit(f"AWS's table and queues could not be made.\n{self._last_lines('prepare')}")
        return done.returncode == 0

    def start_service(self) -> None:
        """Without waiting until it answers."""
        self._spawn("service", "simulator.service", "--port", str(self.port), *self.service_options)

    def _seed(self) -> None:
        """Make the seeded company through the API, as a customer would be made."""
        from simulator import seed
        from simulator.moving_in import move_in

        platform_key = (self.folder / "platform.key").read_text()
        tenant = self.call("POST", "/api/v1/tenants", platform_key, {"name": seed.TENANT})
        (self.folder / "mlc.key").write_text(tenant["admin_key"])
        if self.simulate:
            self.trouble = move_in(self)

    def start_flow(self, key: str, name: str) -> str:
        """It goes live once both connections have said whose company they lead to. Returns why it did not, or ""."""
        pings = self.call("POST", f"/api/v1/flows/{name}/start", key, {})["pings"]
        end = time.monotonic() + PATIENCE
        while pings and time.monotonic() < end:
            for connection, errand in sorted(pings.items()):
                told = self.call("GET", f"/api/v1/connections/{connection}/ping/{errand}", key)
                if told["state"] != "done":
                    continue
                if not told["ok"]:
                    return f"The flow {name} is not started. {told['message']} {told['fix']}"
                del pings[connection]
            time.sleep(0.1)
        return f"The flow {name} is not started: {' and '.join(pings)} did not answer." if pings else ""

    # ------------------------------------------------------------------ while it runs

    def tend(self) -> str:
        """One look at the processes: a dead service is started again. Returns the name of a dead keeper, or ""."""
        if self.with_parent and os.getppid() != self._parent:
            raise KeyboardInterrupt  # `make` was killed: nobody is left to stop us
        for name in KEEPERS:
            if name in self.processes and self.processes[name].poll() is not None:
                return name
        ended = self.processes["service"].poll()
        if ended is None:
            if self._futile and listens(self.port):
                self._futile = 0
            return ""
        # Killed from outside is nobody's fault; ending by itself again and again is a mistake that we must not hide.
        self._futile += ended >= 0
        if self._futile >= FUTILE:
            raise SystemExit(f"The service ended {FUTILE} times before it answered.\n{self._last_lines('service')}")
        self.tell("The service died; starting it again")
        self.start_service()
        return ""

    def call(self, method: str, path: str, key: str, body: object = None, *, again: bool = False) -> Any:
        """Call the service. A GET, or what may be said `again`, waits out a service that is being started again."""
        url = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Authorization": f"Bearer {key}"}
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._web().request(method, url, json=body, headers=headers, timeout=60)
                break
            except requests.ConnectionError:
                if not (again or method == "GET") or time.monotonic() > end or self.tend():
                    raise SystemExit(f"The service does not answer.\n{self._last_lines('service')}") from None
                time.sleep(0.1)
        if not answer.ok:
            raise SystemExit(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def backstage(self, system: str, action: str, **arguments: Any) -> Any:
        """Be a person in a simulated system, named as in `seed.SYSTEMS`, or one that is beside it: `system/path`."""
        name, slash, path = system.partition("/")
        answer = self._web().post(f"{self.urls[name]}{slash}{path}/_backstage/{action}", json=arguments, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def browse(self, url: str) -> None:
        """Open a link and go wherever it leads."""
        self._web().get(url, timeout=60).raise_for_status()

    def _web(self) -> requests.Session:
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False  # no proxy stands between us and ourselves
        return self._session

    # ------------------------------------------------------------------ going down

    def down(self, *, save: bool = True) -> bool:
        """Stop in order. True if the next `up` will go on from here. Without `save`: at once, the state forgotten."""
        since = time.time()
        if not save:
            for process in self.processes.values():
                process.kill()
        stopped = {name: self._stop(name) for name in ("service", *KEEPERS) if name in self.processes}
        kept = save and self._whole and all(stopped.get(name) for name in KEEPERS if name in stopped)
        kept = kept and "aws" in stopped and self._saved(since)
        if kept:
            (self.folder / SAVED).touch()
        self._whole = False
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        return kept

    def _saved(self, since: float) -> bool:
        """Whether both really wrote down their state: the emulator ends well even if it could not."""
        files = [self.folder / "aws" / f"{name}.json" for name in KEPT_BY_AWS]
        if self.simulate:
            files.append(self.folder / "outside.json")
        return all(path.exists() and path.stat().st_mtime >= since - 1 for path in files)

    def _stop(self, name: str) -> bool:
        """True if it was alive and ended well."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()
        return process.returncode == 0

    # ------------------------------------------------------------------ tools

    def _environ(self) -> dict[str, str]:
        """Ours, without anything of the caller's that could lead to the real AWS."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLC_"))}
        if "MLC_PLATFORM_KEY" in os.environ:
            plain["MLC_PLATFORM_KEY"] = os.environ["MLC_PLATFORM_KEY"]
        ours = {
            **self.urls,
            **({"procurify": self.urls["procurify"] + "/{domain}"} if "procurify" in self.urls else {}),
        }
        inbox = f"{self.urls['procurify']}/ap-inbox" if "procurify" in self.urls else self.aws
        return {
            **plain,
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"))),
            "STAGE": "local",
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_SESV2": os.environ.get("AWS_ENDPOINT_URL_SESV2", inbox),  # mail goes nowhere else
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "MLC_ENDPOINTS": json.dumps({**ours, **self.given}),
            "MLC_SIMULATED": ",".join(self.urls),
        }

    def _spawn(self, name: str, module: str, *arguments: str, **environment: str) -> None:
        old = self.processes.pop(name, None)
        if old is not None and old.stdin is not None:
            old.stdin.close()
        with self._log(name) as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "simulator.child", module, *arguments],
                cwd=ROOT,
                env={**self._environ(), **environment},
                stdin=subprocess.PIPE,  # it ends when this end closes
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in order
            )

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.processes[name].poll() is None:
            if ready():
                return
            time.sleep(0.02)
        raise SystemExit(f"The process {name} did not start.\n{self._last_lines(name)}")

    def _log(self, name: str) -> IO[bytes]:
        path = self.folder / LOGS / f"{name}.log"
        if path.exists() and path.stat().st_size > MOST_LOG:
            path.replace(path.with_suffix(".log.old"))
        return path.open("ab")

    def _last_lines(self, name: str) -> str:
        path = self.folder / LOGS / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-8:] if path.exists() else []
        return "\n".join([f"The end of {shown(path)}:", *(f"  {line[:300]}" for line in lines)])


def free_port() -> int:
    """A port that nobody listens on, below those that outgoing connections take."""
    for port in random.sample(range(15_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("No free port was found on 127.0.0.1.")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the service does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _ask_for_port(port: int) -> None:
    end = time.monotonic() + 1  # a run that was killed a moment ago is just letting go of it
    while not port_is_free(port):
        if time.monotonic() > end:
            raise SystemExit(
                f"Port {port} on 127.0.0.1 cannot be used: something else listens there, perhaps another `make run`. "
                f"Stop that, or choose another port: MLC_PORT={port + 1} make run"
            )
        time.sleep(0.05)


def shown(path: Path) -> Path:
    """As a person in the project's folder would name it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
