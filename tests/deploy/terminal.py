"""An operator at a terminal: a copy of the project, and an account that a moto server plays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.deploy.packing import pack

ROOT = Path(__file__).parent.parent.parent
REGION = "eu-west-1"
STAGE = "rehearsal"


@contextmanager
def account() -> Iterator[str]:
    """The address of an empty account."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from tests.deploy.emulator import main; main()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdin and server.stdout
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait(30)


class Operator:
    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(ROOT / ".chalice", folder / ".chalice", ignore=ignored)
        for name in ("chalicelib", "infra"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("app.py", "requirements.txt"):
            shutil.copyfile(ROOT / name, folder / name)
        self.package = pack(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",  # a package is known by the files beside it
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "operator",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put_aside_package(self) -> Path:
        """What a deploy uploads for each function; the next ones upload an empty one. The file that it is now."""
        aside = self.package.with_suffix(".first")
        self.package.rename(aside)
        with zipfile.ZipFile(self.package, "w"):
            pass
        return aside

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def do(self, command: str, **environment: str) -> str:
        """What it said; it must have succeeded."""
        done = self.run(command, **environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id="operator",
            aws_secret_access_key="operator",
        )
