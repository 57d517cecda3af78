"""A real Chromium without a window, driven over its own debugging pipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "chromium"
ANSWERS_WITHIN = 30.0


def need() -> None:
    """Skip where the Debian package is missing; never under CI, where scripts/check installs it."""
    if shutil.which(CHROMIUM) is None:
        reason = "the Debian package chromium is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


class Browser:
    def __init__(self, profile: Path) -> None:
        inward, self._to = os.pipe()
        self._from, outward = os.pipe()
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-extensions "
            f"--disable-background-networking --remote-debugging-pipe --user-data-dir={profile}"
        )
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {CHROMIUM} {flags} about:blank 3<&{inward} 4>&{outward}"],
            pass_fds=(inward, outward),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inward)
        os.close(outward)
        self._sent = 0
        self._read = b""
        self._session: str | None = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def go(self, url: str) -> None:
        self._ask("Page.navigate", url=url)

    def script(self, expression: str) -> Any:
        return self._ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def text(self) -> str:
        return str(self.script("document.body ? document.body.innerText : ''") or "")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._to)
        os.close(self._from)

    def _ask(self, method: str, **params: Any) -> Any:
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < end:
            while b"\0" not in self._read:
                piece = os.read(self._from, 65536)
                assert piece, "the browser is gone"
                self._read += piece
            line, self._read = self._read.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                return answer["result"]
        raise AssertionError(f"{method} was not answered")
