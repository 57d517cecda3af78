"""A small service for the Web Connector to call, and a PC whose Web Connector calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.conversation import Run
from simulator.systems.quickbooks_desktop.transport import to_wsgi
from simulator.systems.serving import Simulator
from tests.contract.quickbooks_desktop_desk import Clock

HEAD = '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
NAMESPACE = "http://developer.intuit.com/"
QWC = """<?xml version="1.0" encoding="utf-8"?>
<QBWCXML><AppName>ML Connector</AppName><AppID></AppID><AppURL>{url}/qbwc</AppURL>
<AppDescription>Keeps vendors and bills in step</AppDescription><AppSupport>{url}/support</AppSupport>
<UserName>{user}</UserName><OwnerID>{{2D1B7C54-93AA-4E0B-8F1C-6E2A70C9B815}}</OwnerID>
<FileID>{file_id}</FileID><QBType>QBFS</QBType><Style>{style}</Style>
<Scheduler><RunEveryNMinutes>15</RunEveryNMinutes></Scheduler></QBWCXML>"""
FILE_ID = "{C81E5D0A-4B7F-4F36-9D52-1A0B6E3F7724}"


def qwc(
    url: str = "https://mlc.example", *, user: str = "conn-1", file_id: str = FILE_ID, style: str = "Document"
) -> str:
    return QWC.format(url=url, user=user, file_id=file_id, style=style)


class Service(Simulator):
    """`work` is handed out one by one; `says` puts another result in the place of a method's own."""

    def __init__(self) -> None:
        super().__init__()
        self.work: list[str] = []
        self.says: dict[str, Any] = {}
        self.raw: dict[str, Response] = {}  # a whole reply in the place of a method's own
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.on: Callable[[str], None] = lambda method: None

    def methods(self) -> list[str]:
        return [method for method, _ in self.heard]

    def received(self) -> list[dict[str, str]]:
        return [values for method, values in self.heard if method == "receiveResponseXML"]

    def serve(self, request: Request) -> Response:
        if request.method == "GET":
            return self.raw.get("GET", Response("OK"))
        call = etree.fromstring(request.get_data())[0][0]
        method = etree.QName(call).localname
        self.heard.append((method, {etree.QName(each).localname: each.text or "" for each in call}))
        self.on(method)
        if method in self.raw:
            return self.raw[method]
        said = self.says[method] if method in self.says else self._own(method)
        return Response(self.envelope(method, said), content_type="text/xml; charset=utf-8")

    def handle(self, body: bytes) -> bytes:
        """The same as a plain function."""
        return self.serve(Request.from_values(method="POST", data=body)).get_data()

    def _own(self, method: str) -> Any:
        if method == "authenticate":
            known = self.heard[-1][1]["strPassword"] == "secret"
            return ["{ticket}", ("" if self.work else "none") if known else "nvu"]
        if method == "sendRequestXML":
            return self.work.pop(0) if self.work else ""
        if method == "receiveResponseXML":
            return 50 if self.work else 100
        return {"serverVersion": "1.0", "getLastError": "No more work", "closeConnection": "OK"}.get(method, "")

    def envelope(self, method: str, said: Any) -> str:
        if isinstance(said, list):
            inside = "".join(f"<string>{escape(each)}</string>" for each in said)
        else:
            inside = escape(str(said))
        result = "" if said is None else f"<{method}Result>{inside}</{method}Result>"
        answer = f'<{method}Response xmlns="{NAMESPACE}">{result}</{method}Response>'
        return f"{HEAD}<soap:Body>{answer}</soap:Body></soap:Envelope>"

    def throttled(self) -> Response:
        return Response(status=429)

    def server_fault(self) -> Response:
        return Response(status=500)

    def expire_tokens(self) -> None:
        return

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        return


class Office:
    """A PC whose Web Connector has the service."""

    def __init__(self, style: str = "Document") -> None:
        self.clock = Clock()
        self.pauses: list[float] = []
        self.service = Service()
        self.pc = QuickBooksDesktopSimulator(
            clock=self.clock, transport=to_wsgi(self.service), pause=self.pauses.append
        )
        self.user = self.pc.backstage_add_application(qwc(style=style), "secret")

    def run(self, *work: str) -> Run:
        self.service.work += work
        self.service.heard.clear()
        return self.pc.cycle(self.user)

    def vendors(self) -> list[str]:
        return [vendor["Name"] for vendor in self.pc.backstage_ledger()["Vendor"]]

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.pc.our_mistakes]
