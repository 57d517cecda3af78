"""qbwc-kit: one task with one question, its answer read. Prints milliseconds of processor time a conversation."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from qbwc_kit import QBWCService, StaticAuthenticator, qbxml
from qbwc_kit.qbxml import QBXMLRequest

bodies, conversations = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])


class Accounts:
    name = "accounts"

    def run(self, ctx: Any) -> Any:
        answer = yield QBXMLRequest([qbxml.query("Account")])
        assert answer.first().raise_for_status().records


class Anybody(StaticAuthenticator):  # type: ignore[misc]  # it comes untyped here
    """The password is ours: it is compared all the same."""

    def authenticate(self, username: str, password: str) -> bool:
        super().authenticate(username, password)
        return True


service = QBWCService(authenticator=Anybody("qbwc", "s3cret", [Accounts()]))


def talk() -> None:
    said = service.dispatch(bodies[0].encode())
    ticket = said.partition("string>")[2].partition("<")[0]
    for body in bodies[1:]:
        said = service.dispatch(body.replace("TICKET", ticket).encode())
        assert "Fault" not in said, said


talk()
begun = time.process_time()
for _ in range(conversations):
    talk()
print((time.process_time() - begun) / conversations * 1000)
