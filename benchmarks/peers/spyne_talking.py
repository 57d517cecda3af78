"""A spyne service with the same four methods and nothing behind them. Prints milliseconds of processor time a
conversation."""

from __future__ import annotations

import json
import sys
import time
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

from spyne import Application, Array, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

bodies, conversations = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])
QUESTION = '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq/></QBXML>'


class Connector(ServiceBase):  # type: ignore[misc]
    @rpc(Unicode, Unicode, _returns=Array(Unicode))  # type: ignore[untyped-decorator]
    def authenticate(ctx, strUserName: str, strPassword: str) -> list[str]:
        return [str(uuid.uuid4()), ""]

    @rpc(Unicode, Unicode, Unicode, Unicode, Integer, Integer, _returns=Unicode)  # type: ignore[untyped-decorator]
    def sendRequestXML(
        ctx,
        ticket: str,
        strHCPResponse: str,
        strCompanyFileName: str,
        qbXMLCountry: str,
        qbXMLMajorVers: int,
        qbXMLMinorVers: int,
    ) -> str:
        return QUESTION

    @rpc(Unicode, Unicode, Unicode, Unicode, _returns=Integer)  # type: ignore[untyped-decorator]
    def receiveResponseXML(ctx, ticket: str, response: str, hresult: str, message: str) -> int:
        return 100

    @rpc(Unicode, _returns=Unicode)  # type: ignore[untyped-decorator]
    def closeConnection(ctx, ticket: str) -> str:
        return "OK"


service = WsgiApplication(
    Application([Connector], "http://developer.intuit.com/", in_protocol=Soap11(), out_protocol=Soap11())
)


def say(body: str) -> str:
    raw = body.encode()
    status: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/qbwc",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": BytesIO(raw),
        "wsgi.url_scheme": "http",
    }
    said = b"".join(service(environ, lambda line, headers, *rest: status.append(line))).decode()
    assert status[0].startswith("200"), said
    return said


def talk() -> None:
    say(bodies[0])
    for body in bodies[1:]:
        say(body)


talk()
begun = time.process_time()
for _ in range(conversations):
    talk()
print((time.process_time() - begun) / conversations * 1000)
